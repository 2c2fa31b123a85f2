"""The tables of the statement's page: the bill, the steps, the payers, what is used and left."""

from collections.abc import Sequence
from typing import Final

from switch.explain.statement import BillLine, Reason, RuledStep, Statement, Sum
from switch.explain.tell import LEFT, meaning_of, title_of
from switch.pages import style, words
from switch.pages.markup import Html, both, tag
from switch.pages.words import Words, money_text, number_text, rate_text
from switch.rules.words import PARTS

_NOTHING: Final = tag("span", "–", class_="soft")


def _head(*columns: tuple[Words, str]) -> Html:
    return tag(
        "thead",
        tag(
            "tr",
            *(
                tag("th", zh, tag("span", en, class_="en"), class_=class_ or None)
                for (zh, en), class_ in columns
            ),
        ),
    )


def bill_table(statement: Statement) -> Html:
    """Return the bill by lines: what of each counts, and why not all of it."""
    head = _head(
        (("#", ""), ""),
        (("项目", "Item"), ""),
        (("数量 × 单价", "Quantity × price"), "n"),
        (("金额", "Amount"), "n"),
        (("自费", "Own expense"), "n"),
        (("超限价", "Over limit"), "n"),
        (("先行自付", "First self-pay"), "n"),
        (("范围内", "In scope"), "n"),
    )
    split = statement.decision.split
    scopes = [line.scope for line in statement.lines if line.scope]
    first = sum(scope.first_self_pay_fen for scope in scopes)
    in_scope = sum(scope.in_scope_fen for scope in scopes)
    elsewhere = statement.decision.parts.get("cross_city_first_pay", 0)
    rows = [_line(line) for line in statement.lines]
    if elsewhere:
        named = both(PARTS["cross_city_first_pay"])
        rows.append(_sums_row(named, (None, None, None, elsewhere, -elsewhere), ""))
    amounts = (
        split.total_fen, split.own_expense_fen, split.over_limit_fen, first + elsewhere,
        in_scope - elsewhere,
    )  # fmt: skip
    rows.append(_sums_row("合计 Total", amounts, "total"))
    return tag("div", tag("table", head, tag("tbody", *rows)), class_="wide")


def _sums_row(named: str, amounts: Sequence[int | None], class_: str) -> Html:
    """Return a row of sums below the lines, under the amount and the four parts."""
    cells = [tag("td", money_text(amount), class_="n") for amount in amounts]
    return tag("tr", tag("td"), tag("td", named, colspan="2"), *cells, class_=class_ or None)


def _line(line: BillLine) -> Html:
    scope = line.scope
    cells: list[Html] = [_NOTHING] * 4
    if scope is not None:
        cells = [
            tag("span", money_text(amount)) if amount else _NOTHING
            for amount in (
                scope.own_expense_fen, scope.over_limit_fen, scope.first_self_pay_fen,
                scope.in_scope_fen,
            )
        ]  # fmt: skip
    english = None if line.item is None else tag("span", f" {line.item[1]}", class_="en")
    kind = tag("span", f"{line.item_class} 类 class", class_="tag") if line.item_class else None
    if line.withdraws:
        kind = tag("span", f"冲减第 {line.withdraws} 行 withdraws", class_="tag")
    elif line.item is None:
        kind = tag("span", "目录外 not in the catalogue", class_="tag")
    named = line.name or (line.item[0] if line.item else line.code)
    return tag(
        "tr",
        tag("td", line.number, class_="step"),
        tag(
            "td", named, english,
            tag("div", tag("span", line.code, class_="mono"), " ", kind, class_="small"),
            *(tag("div", reason_text(reason), class_="reason") for reason in line.reasons),
        ),
        tag("td", f"{number_text(line.quantity_e4)} × {number_text(line.unit_price_e4)}",
            class_="n"),
        tag("td", money_text(line.amount_fen), class_="n"),
        *(tag("td", cell, class_="n") for cell in cells),
    )  # fmt: skip


def reason_text(reason: Reason) -> str:
    """Return why a part of a line does not count, with the ratio or the limit."""
    zh, en = reason.words
    said = f"{zh} {en}".strip()
    if reason.limit_fen is not None:
        said += f"：限 limit {money_text(reason.limit_fen)}"
    elif reason.rate_bp is not None:
        said += f"：{rate_text(reason.rate_bp)}"
    return f"{said}，{money_text(reason.amount_fen)}"


def steps_table(statement: Statement) -> Html:
    """Return every step of the working, in order, with its rule and source."""
    head = _head(
        (("#", ""), ""),
        (("规则与依据", "Rule and source"), ""),
        (("基数", "Base"), "n"),
        (("比例", "Rate"), "n"),
        (("限额", "Limit"), "n"),
        (("结果", "Result"), "n"),
        (("其余", "Left"), "n"),
    )
    rows = [_step(number, one) for number, one in enumerate(statement.steps, start=1)]
    return tag("div", tag("table", head, tag("tbody", *rows)), class_="wide")


def _step(number: int, ruled: RuledStep) -> Html:
    step = ruled.step
    zh, en = title_of(ruled)
    left = None
    if step.left_fen is not None:
        left = tag("div", LEFT.get(ruled.kind_of_rule, ("", ""))[0], class_="small")
    line = tag("span", f"第 {step.line} 行 line", class_="tag") if step.line else None
    since = f"@{ruled.since}" if ruled.since else ""
    evidence = None
    if ruled.evidence:
        word = " ".join(words.named(words.EVIDENCE, ruled.evidence))
        evidence = tag("span", word, class_=f"tag {ruled.evidence}")
    said = meaning_of(ruled)
    of_item = ruled.kind_of_rule == "catalogue"
    return tag(
        "tr",
        tag("td", number, class_="step"),
        tag(
            "td", both((zh, en)), " ", line,
            tag("div", *said, class_="small") if said else None,
            tag("div", tag("span", f"{ruled.rule_id}{since}", class_="mono"), " ",
                ruled.source if of_item else evidence, class_="small"),
            tag("div", "依据 source: ", ruled.source, class_="small")
            if ruled.source and not of_item else None,
            tag("div", "说明 note: ", ruled.note, class_="small") if ruled.note else None,
        ),
        tag("td", money_text(step.base_fen), class_="n"),
        tag("td", "" if step.rate_bp is None else rate_text(step.rate_bp), class_="n"),
        tag("td", money_text(step.limit_fen), class_="n"),
        tag("td", money_text(step.result_fen), class_="n result"),
        tag("td", money_text(step.left_fen), left, class_="n"),
    )  # fmt: skip


def payers_table(statement: Statement) -> Html:
    """Return who pays how much, and what the accounts hold afterwards."""
    split, receipt = statement.decision.split, statement.receipt
    head = _head(
        (("付款方", "Payer"), ""), (("金额", "Amount"), "n"), (("占比", "Share"), "n"),
        (("结算后余额", "Balance after"), "n"),
    )  # fmt: skip
    balances = {
        "current": receipt.balance_current_fen,
        "earlier": receipt.balance_earlier_fen,
    }
    rows = [
        tag(
            "tr",
            tag("td", tag("span", class_="swatch", style=f"background:{node.colour}"),
                both(node.words)),
            tag("td", money_text(node.amount_fen), class_="n"),
            tag("td", _percent(node.amount_fen, split.total_fen), class_="n"),
            tag("td", money_text(balances.get(node.key)), class_="n"),
        )
        for node in statement.flow.columns[-1]
    ]  # fmt: skip
    total = tag(
        "tr", tag("td", "合计 Total"), tag("td", money_text(split.total_fen), class_="n"),
        tag("td", "100%" if split.total_fen else "", class_="n"), tag("td"), class_="total",
    )  # fmt: skip
    return tag("table", head, tag("tbody", *rows, total))


def _percent(part: int, whole: int) -> str:
    """Return a share in percent with one decimal, half-up; only a bill of something has payers."""
    tenths = (part * 2_000 + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}%"


def sums_table(statement: Statement) -> Html:
    """Return what was used of each sum before, is used now, and is left."""
    if not statement.sums:
        return tag("p", "本次结算不涉及累计。 No sum was read or moved.", class_="soft")
    head = _head(
        (("累计项目", "Sum"), ""), (("此前", "Before"), "n"), (("本次", "This bill"), "n"),
        (("此后", "After"), "n"), (("限额", "Limit"), "n"), (("尚余", "Left"), "n"),
    )  # fmt: skip
    rows = [_sum_row(one) for one in statement.sums]
    return tag("table", head, tag("tbody", *rows))


def _sum_row(one: Sum) -> Html:
    def shown(value: int | None) -> str:
        if value is None:
            return ""
        return f"{value} 次" if one.in_times else money_text(value)

    left = None if one.limit is None else max(0, one.limit - one.after)
    zh, en = one.words
    period_zh, period_en = one.period
    of = f" · {one.of}" if one.of else ""
    return tag(
        "tr",
        tag(
            "td", both((f"{period_zh}{zh}", f"{en}, {period_en}")), of,
            tag("div", one.name, class_="small mono"),
            None if one.limit is None else _bar(one.before, one.moved, one.limit),
        ),
        tag("td", shown(one.before), class_="n"),
        tag("td", shown(one.moved), class_="n"),
        tag("td", shown(one.after), class_="n result"),
        tag("td", shown(one.limit), class_="n"),
        tag("td", shown(left), class_="n"),
    )  # fmt: skip


def _bar(before: int, moved: int, limit: int) -> Html:
    """Return how full a sum is: what was used before, and by this settlement."""

    def share(amount: int) -> int:
        return max(0, min(100, amount * 100 // limit)) if limit else 0

    first = share(before)
    return tag(
        "div",
        tag("i", style=f"width:{first}%;background:#94a3b8"),
        tag("i", style=f"width:{min(100 - first, share(moved))}%;background:{style.FUND[0]}"),
        class_="bar",
    )
