"""`medswitch explain`: why this amount, in the terminal and as a page to hand out."""

import sys
from pathlib import Path

from rich import box
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from switch.audit.reader import Reader, open_reader
from switch.audit.settlement import Found, NotExplained, decide_settlement, find_settlement
from switch.cli.database import open_database
from switch.config import Settings
from switch.explain.build import Settled, build
from switch.explain.page import render
from switch.explain.statement import BillLine, RuledStep, Statement, Sum, Undone
from switch.explain.tables import reason_text
from switch.explain.tell import UNDONE, title_of, when
from switch.model.decision import Decision
from switch.model.ids import JournalId, settlement_id
from switch.pages import words
from switch.pages.words import Words, money_text, number_text, rate_text
from switch.store.rule_books import shipped_regions


def explain(settings: Settings, number: str, html: Path | None) -> int:
    """Print why a settlement's amounts are what they are; write the page where one is asked for.

    Return 0; 1 when computed again it is not what was stored; 2 when there is nothing to explain.
    """
    try:
        with open_database(settings) as url, open_reader(url) as connection:
            found = find_settlement(Reader(connection), number)
            again, difference = decide_settlement(connection, found)
        if not isinstance(again.decision, Decision):
            print(f"medswitch: {found.row.key} {difference}", file=sys.stderr)
            return 1
        names = {str(region): (one.zh, one.en) for region, one in shipped_regions().items()}
        statement = build(
            Settled(
                claim=found.operation.claim,
                member=again.member,
                institution=again.institution,
                rules=again.rules,
                decision=again.decision,
                difference=difference,
                settlement_id=settlement_id(found.journal.day, JournalId(found.journal.id)),
                settled_at=found.journal.posted_at,
                business_day=found.journal.day,
                balance_current_fen=found.reply.balance_current_fen,
                balance_earlier_fen=found.reply.balance_earlier_fen,
                undone=_undone(found),
                names=names,
            )
        )
        if html is not None:
            html.write_text(render(statement), encoding="utf-8")
    except (NotExplained, OSError) as error:
        print(f"medswitch: {error}", file=sys.stderr)
        return 2
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    show(statement, console)
    if html is not None:
        console.print(f"已写入 written: {html}", style="dim")
    return 1 if difference else 0


def _undone(found: Found) -> Undone | None:
    undone = found.undone
    return None if undone is None else Undone(undone.kind, undone.by_request_id)


def show(statement: Statement, console: Console) -> None:
    """Print the statement for people."""
    if statement.undone is not None:
        zh, en = UNDONE[statement.undone.kind]
        console.print(Panel(f"{zh} {en} · {statement.undone.by}", style="bold red"))
    if statement.difference:
        console.print(
            Panel(
                Text(f"重新计算与所存结果不同 computed again, it differs: {statement.difference}"),
                style="bold red",
            )
        )
    console.print(_facts(statement))
    console.print(_bill(statement))
    console.print(_steps(statement))
    console.print(_payers(statement))
    if statement.sums:
        console.print(_sums(statement))
    if not statement.difference:
        console.print(Text("✔ 重新计算一致 computed again: equal to what was settled", "green"))


def _said(both: Words) -> str:
    return " ".join(both).strip()


def _facts(statement: Statement) -> Panel:
    person, place, visit = statement.person, statement.place, statement.visit
    grid = Table.grid(padding=(0, 3))
    grid.add_column(style="dim")
    grid.add_column()
    stay = "" if visit.admitted_on is None else f"，住院自 admitted {visit.admitted_on}"
    who = (
        person.member, _said(words.named(words.SEXES, person.sex)), f"{person.age} 岁",
        _said(words.named(words.CLASSES, person.member_class)),
    )  # fmt: skip
    where = (place.name or place.code, _said(words.level(place.level)), _said(place.region))
    rows = (
        ("参保人 Person", who),
        ("参保 Insured", (_said(words.named(words.INSURANCES, person.insurance)),
                        _said(person.region))),
        ("就医 Care", (*where, "异地 elsewhere") if place.elsewhere else where),
        ("类别 Kind", (_said(words.named(words.KINDS, visit.kind)), f"{visit.service_on}{stay}")),
        ("政策 Policy", (statement.decision.region_insured, str(visit.ruled_on),
                       f"{statement.receipt.rule_book[:16]}…")),
    )  # fmt: skip
    for label, value in rows:
        grid.add_row(label, Text(" · ".join(value)))
    receipt = statement.receipt
    title = f"{receipt.settlement_id} · {when(receipt.settled_at)}"
    return Panel(
        Group(grid), title="医保结算说明 · Why this amount", subtitle=title, box=box.ROUNDED
    )


def _table(zh: str, en: str, *columns: tuple[str, bool]) -> Table:
    table = Table(
        title=f"{zh} · {en}", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for name, right in columns:
        table.add_column(name, justify="right" if right else "left")
    return table


def _bill(statement: Statement) -> Table:
    table = _table(
        "账单", "The bill", ("#", True), ("项目 Item", False), ("数量 Qty", True),
        ("单价 Price", True), ("金额 Amount", True), ("自费 Own", True), ("超限 Over", True),
        ("先付 First", True), ("范围内 In scope", True),
    )  # fmt: skip
    for line in statement.lines:
        table.add_row(*_line(line))
    split = statement.decision.split
    scopes = [line.scope for line in statement.lines if line.scope]
    table.add_section()
    table.add_row(
        "", "合计 Total", "", "", money_text(split.total_fen),
        money_text(split.own_expense_fen), money_text(split.over_limit_fen),
        money_text(sum(scope.first_self_pay_fen for scope in scopes)),
        money_text(sum(scope.in_scope_fen for scope in scopes)), style="bold",
    )  # fmt: skip
    return table


def _line(line: BillLine) -> tuple[str | Text, ...]:
    named = line.name or (line.item[0] if line.item else line.code)
    item = Text(f"{named} {line.item[1] if line.item else ''}".strip())
    if line.withdraws:
        item.append(f"\n冲减第 {line.withdraws} 行 withdraws line {line.withdraws}", "dim")
    elif line.item is None:
        item.append("\n目录外 not in the catalogue", "dim")
    for reason in line.reasons:
        item.append(f"\n{reason_text(reason)}", "yellow")
    scope = line.scope
    parts = (
        ("", "", "", "")
        if scope is None
        else tuple(
            money_text(amount) if amount else "–"
            for amount in (
                scope.own_expense_fen, scope.over_limit_fen, scope.first_self_pay_fen,
                scope.in_scope_fen,
            )
        )
    )  # fmt: skip
    return (
        str(line.number), item, number_text(line.quantity_e4), number_text(line.unit_price_e4),
        money_text(line.amount_fen), *parts,
    )  # fmt: skip


def _steps(statement: Statement) -> Table:
    table = _table(
        "逐步计算", "Step by step", ("#", True), ("规则与依据 Rule and source", False),
        ("基数 Base", True), ("比例 Rate", True), ("限额 Limit", True), ("结果 Result", True),
        ("其余 Left", True),
    )  # fmt: skip
    for number, ruled in enumerate(statement.steps, start=1):
        table.add_row(str(number), *_step(ruled))
    return table


def _step(ruled: RuledStep) -> tuple[str | Text, ...]:
    step = ruled.step
    said = Text(_said(title_of(ruled)))
    if step.line:
        said.append(f" · 第 {step.line} 行 line {step.line}")
    since = f"@{ruled.since}" if ruled.since else ""
    said.append(f"\n{ruled.rule_id}{since}", "cyan")
    if ruled.source:
        said.append(f" {ruled.source}", "dim")
    if ruled.evidence == "assumed":
        said.append(f" [{_said(words.EVIDENCE['assumed'])}: {ruled.note}]", "yellow")
    return (
        said,
        money_text(step.base_fen),
        "" if step.rate_bp is None else rate_text(step.rate_bp),
        money_text(step.limit_fen),
        Text(money_text(step.result_fen), "bold"),
        money_text(step.left_fen),
    )


def _payers(statement: Statement) -> Table:
    table = _table("由谁支付", "Who pays", ("付款方 Payer", False), ("金额 Amount", True),
                   ("余额 Balance after", True))  # fmt: skip
    receipt = statement.receipt
    balances = {"current": receipt.balance_current_fen, "earlier": receipt.balance_earlier_fen}
    for node in statement.flow.columns[-1]:
        table.add_row(
            _said(node.words), money_text(node.amount_fen), money_text(balances.get(node.key))
        )
    table.add_section()
    table.add_row("合计 Total", money_text(statement.decision.split.total_fen), "", style="bold")
    return table


def _sums(statement: Statement) -> Table:
    table = _table("本年度累计", "Used and left", ("累计 Sum", False), ("此前 Before", True),
                   ("本次 This bill", True), ("此后 After", True), ("限额 Limit", True),
                   ("尚余 Left", True))  # fmt: skip
    for one in statement.sums:
        table.add_row(*_sum(one))
    return table


def _sum(one: Sum) -> tuple[str | Text, ...]:
    def shown(value: int | None) -> str:
        if value is None:
            return ""
        return f"{value} 次" if one.in_times else money_text(value)

    (zh, en), (period_zh, period_en) = one.words, one.period
    said = Text(f"{period_zh}{zh} {en}, {period_en}{' · ' + one.of if one.of else ''}")
    said.append(f"\n{one.name}", "cyan")
    left = None if one.limit is None else max(0, one.limit - one.after)
    return (
        said,
        shown(one.before),
        shown(one.moved),
        shown(one.after),
        shown(one.limit),
        shown(left),
    )
