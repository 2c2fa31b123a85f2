"""A region's page and an institution's: totals first, then down to one settlement's working."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from switch.clearing.netting import net
from switch.clearing.statement import Line, Statement
from switch.model.ids import BEIJING
from switch.pages import style, words
from switch.pages.markup import Child, Html, document, tag
from switch.pages.words import money_text
from switch.recon.record import Leg
from switch.report.between import draw
from switch.report.view import Act, InstitutionView, Place, RegionView

_STYLE: Final = (
    style.STYLE
    + """
main { max-width: 280mm; }
details > summary { cursor: pointer; list-style: none; color: var(--account); }
details > summary::-webkit-details-marker { display: none; }
details[open] > summary { font-weight: 650; }
.share { display: block; height: 5px; background: var(--fund); border-radius: 3px; }
.matrix td { text-align: right; font-variant-numeric: tabular-nums; }
.matrix td:first-child { text-align: left; }
"""
)


def region_page(view: RegionView) -> Html:
    """Return a region's page; each institution links to its own, in the same folder."""
    funds = sum(one.statement.fund_fen for one in view.places)
    accounts = sum(one.statement.account_fen for one in view.places)
    held = sum(one.statement.withheld_fen for one in view.places)
    name = view.names.get(view.region, view.region)
    return document(
        f"{name} {view.period.name} 清算报告",
        _STYLE,
        _header(f"{name}清算报告", "Clearing report of a region", view.period.name, view.made_at,
                f"{view.region} · {view.closed}"),
        _sums(
            ("基金支付", "Funds", money_text(funds), "fund",
             f"{view.settlements:,} 笔 settlements"),
            ("个人账户", "Accounts", money_text(accounts), "",
             f"{len(view.places)} 家 institutions"),
            ("应付", "Payable", money_text(funds + accounts - held), "person",
             f"质量保证金 withheld {money_text(held)}"),
        ),
        _section("定点医药机构", "Institutions"),
        _places(view.places),
        _section("按基金", "By fund"),
        _by_fund(view),
        *_between(view),
        _footer(),
    )  # fmt: skip


def institution_page(view: InstitutionView) -> Html:
    """Return an institution's page: its statement's lines, and every act with its working."""
    place, made = view.place, view.place.statement
    told = sum(act.working is not None for act in view.acts)
    return document(
        f"{place.name} {view.period.name} 清算单",
        _STYLE,
        _header(place.name, "Statement of an institution", view.period.name, view.made_at,
                f"{place.code} · {view.names.get(view.region, view.region)} {place.state}"),
        _sums(
            ("基金支付", "Funds", money_text(made.fund_fen), "fund", f"{len(made.lines)} 行 lines"),
            ("个人账户", "Accounts", money_text(made.account_fen), "", place.paid),
            ("应付", "Payable", money_text(made.payable_fen), "person",
             f"质量保证金 withheld {money_text(made.withheld_fen)}"),
        ),
        _section("清算单", "Statement"),
        _lines(made, view),
        _section("结算明细", "Settlements"),
        tag("p", f"{len(view.acts):,} 笔 acts；其中 {told:,} 笔附计算过程，点开查看。 "
            "Open one to see why its amounts are what they are.", class_="small"),
        _acts(view.acts),
        _footer(),
    )  # fmt: skip


def file_name(code: str) -> str:
    """Return the name of an institution's page."""
    return f"{code}.html"


def _places(places: Sequence[Place]) -> Html:
    most = max((one.statement.total_fen for one in places), default=0)
    rows = []
    for one in sorted(places, key=lambda one: -one.statement.total_fen):
        made = one.statement
        width = max(0, 100 * made.total_fen // most) if most > 0 else 0
        link = tag("a", one.name, href=file_name(one.code))
        notes = [one.state, f"{one.differences} 笔差异 differences" if one.differences else ""]
        rows.append((
            tag("div", link, tag("div", one.code, class_="small mono"),
                tag("i", class_="share", style=f"width:{width}%")),
            f"{sum(line.count for line in made.lines):,}",
            money_text(made.fund_fen), money_text(made.account_fen),
            money_text(made.withheld_fen), money_text(made.payable_fen),
            " · ".join(filter(None, [*notes, one.paid])),
        ))  # fmt: skip
    head = ("机构 Institution", "笔次 Payments", "基金 Funds", "账户 Accounts", "保证金 Withheld",
            "应付 Payable", "状态 State")  # fmt: skip
    return _table(head, rows, left=(0, 6))


def _by_fund(view: RegionView) -> Html:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for flow in view.flows:
        key = (flow.payer, flow.clearing_type)
        count, fen = sums.get(key, (0, 0))
        sums[key] = (count + flow.count, fen + flow.amount_fen)
    rows = [
        (_fund(payer), clearing, f"{count:,}", money_text(fen))
        for (payer, clearing), (count, fen) in sorted(sums.items())
    ]
    return _table(
        ("付款方 Payer", "清算类别 Type", "笔次 Payments", "金额 Amount"), rows, left=(0, 1)
    )


def _between(view: RegionView) -> Iterable[Html]:
    if not view.dues:
        return
    yield _section("城市之间", "Between cities")
    told = "左：参保地；右：就医地。 Left: where patients are insured; right: where treated."
    yield tag("figure", draw(view.dues, view.names), tag("figcaption", told))
    positions = net(view.dues)
    regions = sorted(positions)
    owed = {(due.home, due.care): due.amount_fen for due in view.dues}
    rows: list[Sequence[Child]] = [
        (_name(home, view), *(money_text(owed.get((home, care))) for care in regions))
        for home in regions
    ]
    rows.append(("净额 position", *(money_text(positions[region]) for region in regions)))
    yield _table(("欠付 owes ↓", *(_name(one, view) for one in regions)), rows, left=(0,))
    paid = "；".join(
        f"{_name(one.payer, view)} → {_name(one.payee, view)} {money_text(one.amount_fen)}"
        for one in view.transfers
    )
    yield tag("p", f"{view.mode.value}: {paid}。 净额合计 positions sum to "
              f"{money_text(sum(positions.values()))}.", class_="small")  # fmt: skip


def _lines(made: Statement, view: InstitutionView) -> Html:
    def row(number: int, line: Line) -> Sequence[Child]:
        return (
            str(number), view.names.get(line.region_insured, line.region_insured),
            line.insurance, line.clearing_type, _fund(line.payer), f"{line.count:,}",
            money_text(line.amount_fen),
        )  # fmt: skip

    rows = [row(number, line) for number, line in enumerate(made.lines, start=1)]
    head = ("#", "参保地 Insured", "险种", "类别", "付款方 Payer", "笔次", "金额 Amount")
    return _table(head, rows, left=(0, 1, 2, 3, 4))


def _acts(acts: Sequence[Act]) -> Html:
    rows: list[Sequence[Child]] = []
    for act in acts:
        one = act.record
        kind = "撤销 undone" if one.leg is Leg.UNDONE else "结算 settled"
        rows.append((
            tag("span", one.settlement_id, class_="mono"), one.group.day.isoformat(), kind,
            money_text(one.parts.total_fen), money_text(one.parts.fund_fen),
            money_text(one.parts.account_fen),
        ))  # fmt: skip
        if act.working is not None:
            rows.append((tag("details", tag("summary", "计算过程 working"), act.working),))
    head = ("编号 Settlement", "业务日 Day", "", "总额 Total", "基金 Funds", "账户 Accounts")
    return _table(head, rows, left=(0, 1, 2))


def _table(head: Sequence[str], rows: Sequence[Sequence[Child]], left: Sequence[int]) -> Html:
    """Return a table; a row of one cell goes across."""

    def cell(name: str, child: Child, place: int, across: int | None = None) -> Html:
        return tag(name, child, class_=None if place in left else "n", colspan=across)

    def cells(row: Sequence[Child]) -> Iterable[Html]:
        if len(row) == 1:
            return [cell("td", row[0], 0, len(head))]
        return [cell("td", child, at) for at, child in enumerate(row)]

    return tag(
        "div",
        tag(
            "table",
            tag("thead", tag("tr", *(cell("th", text, at) for at, text in enumerate(head)))),
            tag("tbody", *(
                tag("tr", *cells(row)) for row in rows
            )),
        ),
        class_="wide",
    )  # fmt: skip


def _section(zh: str, en: str) -> Html:
    return tag("h2", zh, tag("span", en, class_="en"))


def _header(title: str, en: str, period: str, made_at: datetime, note: str) -> Html:
    at = f"{made_at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
    return tag(
        "header",
        tag("div", tag("h1", title), tag("div", f"{en} · {period}", class_="sub")),
        tag("div", tag("div", note), tag("div", f"{at} 北京时间"), class_="id"),
    )


def _sums(*parts: tuple[str, str, str, str, str]) -> Html:
    return tag(
        "div",
        *(
            tag("div", tag("div", f"{zh} {en}", class_="label"), tag("div", value, class_="value"),
                tag("div", note, class_="note"), class_=class_ or None)
            for zh, en, value, class_, note in parts
        ),
        class_="sums",
    )  # fmt: skip


def _footer() -> Html:
    return tag("footer", "金额单位：元；撤销已扣除。 Amounts in yuan, undoings deducted. "
               "清算单 = 凭证 = 账户，由 medswitch audit 核对。")  # fmt: skip


def _fund(payer: str) -> str:
    zh, en = words.named(words.FUNDS, payer)
    return f"{payer} {zh} {en}".strip()


def _name(region: str, view: RegionView) -> str:
    return view.names.get(region, region)
