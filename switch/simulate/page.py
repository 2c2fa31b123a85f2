"""The simulation as one page of HTML: for those who decide about a policy."""

from collections.abc import Iterator

from switch.pages import style
from switch.pages.markup import Html, both, document, tag
from switch.pages.words import Words, money_text
from switch.simulate.chart import payers_chart, persons_chart
from switch.simulate.outcome import (
    TITLES,
    Result,
    group_rows,
    payer_rows,
    signed,
    step_rows,
)
from switch.simulate.sums import DIMENSIONS, Cell


def render(result: Result) -> Html:
    """Return the page."""
    sums = result.sums
    fund = sums.whole.fund_after - sums.whole.fund_before
    return document(
        "政策试算 What if",
        style.STYLE,
        _header(result),
        *_notices(result),
        tag(
            "div",
            _sum("基金支付变化", "Funds pay more by", signed(fund), "fund",
                 f"{money_text(sums.whole.fund_before)} → {money_text(sums.whole.fund_after)}"),
            _sum("负担减少的人", "Persons who gain", f"{sums.whole.gainers:,}", "count fund",
                 f"共 in all {money_text(sums.whole.gained)}"),
            _sum("负担增加的人", "Persons who lose", f"{sums.whole.losers:,}", "count person",
                 f"共 in all {money_text(sums.whole.lost)}"),
            class_="sums",
        ),
        _section("谁多付、谁少付", "Who pays more, who less"),
        tag("figure", payers_chart(payer_rows(sums)),
            tag("figcaption", "灰：实际；彩：候选政策。 "
                "Grey: as settled; colour: under the candidate.")),
        _section("每人负担变化", "Change of each person's burden"),
        tag("figure", persons_chart(list(step_rows(sums)))),
        *_groups(result),
        *_declines(result),
        _footer(result),
    )  # fmt: skip


def _section(zh: str, en: str) -> Html:
    return tag("h2", zh, tag("span", en, class_="en"))


def _header(result: Result) -> Html:
    days = f"{result.since or '最早 first'} – {result.until or '最近 last'}"
    return tag(
        "header",
        tag("div", tag("h1", "政策试算"),
            tag("div", "如果当时就是这样规定 · What if this had been the policy", class_="sub")),
        tag(
            "div",
            *(
                tag("div", f"候选 candidate {region} ", tag("span", digest[:16], class_="mono"))
                for region, digest in result.candidates
            ),
            tag("div", f"业务日 business days {days}"),
            tag("div", f"{result.sums.whole.settlements:,} 笔结算 settlements · "
                f"{result.sums.whole.persons:,} 人 persons · "
                f"{result.sums.changed:,} 笔有变 changed"),
            class_="id",
        ),
    )  # fmt: skip


def _notices(result: Result) -> Iterator[Html]:
    sums = result.sums
    if not sums.changed:
        yield tag("div", "没有任何变化。 Nothing would have changed.", class_="notice good")
    if result.fresh:
        yield tag(
            "div", tag("b", "无历史的累计 Sums without history: "), ", ".join(result.fresh),
            "。从试算首日起计，此前按零。 Counted from the first day simulated; nothing before.",
            class_="notice",
        )  # fmt: skip
    if sums.unread:
        said = "; ".join(f"{why} ({count:,})" for why, count in sorted(sums.unread.items()))
        yield tag("div", tag("b", "未能重算 Not decided again: "), said, class_="notice bad")


def _sum(zh: str, en: str, value: str, class_: str, note: str) -> Html:
    return tag(
        "div",
        tag("div", f"{zh} {en}", class_="label"),
        tag("div", value, class_="value"),
        tag("div", note, class_="note"),
        class_=class_,
    )


def _groups(result: Result) -> Iterator[Html]:
    for dimension in DIMENSIONS:
        zh, en = TITLES[dimension]
        yield _section(f"按{zh}", f"By {en.lower()}")
        yield tag("div", _group_table(dimension, result), class_="wide")


def _group_table(dimension: str, result: Result) -> Html:
    columns: tuple[Words, ...] = (
        TITLES[dimension], ("结算", "Settlements"), ("基金前", "Funds before"),
        ("基金后", "Funds after"), ("变化", "Change"), ("受益人数", "Gain"),
        ("共减少", "Less, in all"), ("受损人数", "Lose"), ("共增加", "More, in all"),
    )  # fmt: skip
    head = tag(
        "thead",
        tag("tr", *(
            tag("th", zh, tag("span", en, class_="en"), class_="n" if number else None)
            for number, (zh, en) in enumerate(columns)
        )),
    )  # fmt: skip
    groups = group_rows(result.sums, dimension)
    rows = [_group_row(both(words, "stack"), cell) for words, cell in groups]
    if len(rows) > 1:
        rows.append(_group_row(Html("合计 Total"), result.sums.whole, "total"))
    return tag("table", head, tag("tbody", *rows))


def _group_row(name: Html, cell: Cell, class_: str = "") -> Html:
    change = cell.fund_after - cell.fund_before
    turn = "up" if change > 0 else "down" if change < 0 else "soft"
    return tag(
        "tr",
        tag("td", name),
        tag("td", f"{cell.settlements:,}", class_="n"),
        tag("td", money_text(cell.fund_before), class_="n"),
        tag("td", money_text(cell.fund_after), class_="n"),
        tag("td", signed(change), class_=f"n result {turn}"),
        tag("td", f"{cell.gainers:,}", class_="n"),
        tag("td", money_text(cell.gained), class_="n"),
        tag("td", f"{cell.losers:,}", class_="n"),
        tag("td", money_text(cell.lost), class_="n"),
        class_=class_ or None,
    )


def _declines(result: Result) -> Iterator[Html]:
    if not result.sums.declines:
        return
    yield _section("将被拒付的结算", "Settlements the candidate would decline")
    rows = [
        tag("tr", tag("td", code, class_="mono"), tag("td", f"{count:,}", class_="n"),
            tag("td", money_text(total), class_="n"))
        for code, (count, total) in sorted(result.sums.declines.items())
    ]  # fmt: skip
    yield tag("table", tag("tbody", *rows))


def _footer(result: Result) -> Html:
    seconds = f"{result.seconds_ms // 1000}.{result.seconds_ms % 1000 // 100}"
    return tag(
        "footer",
        tag("div", "按每人先后逐笔重算：后一笔所见的累计和余额，是候选政策下前一笔留下的。"
            " Each person's bills in order, each on what the candidate left before it."),
        tag("div", f"金额单位：元。 Amounts in yuan. 读取 read {result.journals:,} 笔 journals, "
            f"{seconds} s."),
    )  # fmt: skip
