"""The demonstration's table: who, where, total, each payer's part, cash, decision and reason."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from switch.demo.cases import Amounts, Case
from switch.model.money import yuan_text


@dataclass(frozen=True, slots=True)
class Row:
    """What one step came to. `wrong` "" when it came out as expected."""

    who: str
    where: str
    amounts: Amounts | None
    decision: str
    reason_zh: str
    reason_en: str
    wrong: str = ""


class CaseTable:
    """Prints each case as it finishes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, case: Case, rows: Iterable[Row]) -> None:
        """Print one case."""
        table = Table(
            title=f"{case.number:>2}  {case.zh}\n    {case.en}",
            title_justify="left",
            title_style="bold",
            expand=True,
            show_edge=False,
            pad_edge=False,
        )
        table.add_column("参保人 who", ratio=3, overflow="fold")
        table.add_column("就医地 where", ratio=3, overflow="fold")
        for name in ("总额 total", "基金 funds", "账户 account", "现金 cash"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("结果与理由 decision and reason", ratio=6, overflow="fold")
        table.add_column("", width=2)
        for row in rows:
            table.add_row(
                row.who, row.where, *_money(row.amounts), _reason(row), _mark(row), end_section=True
            )
        self._console.print(table)
        self._console.print()


def _money(amounts: Amounts | None) -> tuple[str, str, str, str]:
    if amounts is None:
        return "", "", "", ""
    funds = "\n".join(f"{fund} {yuan_text(fen)}" for fund, fen in amounts.fund) or "0.00"
    return (
        yuan_text(amounts.total),
        funds,
        yuan_text(amounts.account),
        yuan_text(amounts.cash),
    )


def _reason(row: Row) -> Text:
    text = Text(row.decision, style="green" if row.decision == "OK" else "yellow")
    for part in (row.reason_zh, row.reason_en):
        if part:
            text.append(f"\n{part}", style="default")
    if row.wrong:
        text.append(f"\n✗ {row.wrong}", style="bold red")
    return text


def _mark(row: Row) -> Text:
    return Text("✗", style="bold red") if row.wrong else Text("✓", style="bold green")
