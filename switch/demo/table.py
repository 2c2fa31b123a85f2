"""The demonstration's table: who, where, total, each payer's part, cash, decision and reason.

The amounts of all cases stand in the same columns, so that they can be read downwards; the decision
and its reason go on one line of each language below, as wide as the screen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from switch.demo.cases import Amounts, Case
from switch.demo.measure import Measured
from switch.model.money import yuan_text

WIDTH_MAX: Final = 120
ROOMY: Final = 100
"""From this width on, two spaces stand between columns."""
MONEY_WIDTHS: Final = (10, 16, 10, 10)


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


def step_line(zh: str, en: str, step: Measured) -> str:
    """Return a scenario's step in two lines: what it came to, and what the switch took for it."""
    mark = "✗" if step.wrong else "✓"
    lines = [f"{mark}  {zh} · {en}"]
    if step.code:
        decision = getattr(step.reply, "decision", None)
        said = step.wrong or step.code
        if decision is not None and decision.split.total_fen:
            split = decision.split
            said += f"  总额 total {yuan_text(split.total_fen)}, 基金 funds "
            said += f"{yuan_text(split.fund_fen)}, 起付 deductible "
            said += f"{yuan_text(split.deductible_fen)}, 现金 cash {yuan_text(split.cash_fen)}"
        took = f"{step.took_ms} ms, switch CPU {step.cpu_ms} ms, memory {step.memory_mib} MiB"
        lines.append(f"   {said}  [{took}]")
    return "\n".join(lines)


class CaseTable:
    """Prints each case as it finishes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(console.width, WIDTH_MAX)

    def show(self, case: Case, rows: Iterable[Row]) -> None:
        """Print one case."""
        self._console.rule(style="dim")
        self._console.print(Text(f"{case.number:>2}  {case.zh}\n    {case.en}\n", "bold"))
        grid = self._grid()
        grid.add_row("", "参保人", "就医地", "总额", "基金", "账户", "现金", style="dim")
        grid.add_row("", "who", "where", "total", "funds", "account", "cash", style="dim")
        self._console.print(grid)
        for row in rows:
            self._show_row(row)

    def _show_row(self, row: Row) -> None:
        grid = self._grid()
        grid.add_row(_mark(row), row.who, row.where, *_money(row.amounts))
        self._console.print(grid)
        indent = 3 if self._width >= ROOMY else 2
        reason = Padding(_reason(row), (0, 0, 1, indent), expand=False)
        self._console.print(reason, width=self._width)

    def _grid(self) -> Table:
        """Return an empty row of the table; what is left of the width goes to names and places."""
        gap = 2 if self._width >= ROOMY else 1
        left = self._width - 1 - sum(MONEY_WIDTHS) - gap * (2 + len(MONEY_WIDTHS))
        grid = Table.grid(padding=(0, gap, 0, 0))
        grid.add_column(width=1)
        grid.add_column(width=max(10, min(24, left * 2 // 5)), overflow="fold")
        grid.add_column(width=max(14, min(30, left * 3 // 5)), overflow="fold")
        for width in MONEY_WIDTHS:
            grid.add_column(justify="right", width=width, no_wrap=True)
        return grid


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
    text.append(f"  {row.reason_zh}", "default")
    text.append(f"\n{row.reason_en}", "dim")
    if row.wrong:
        text.append(f"\n✗ {row.wrong}", style="bold red")
    return text


def _mark(row: Row) -> Text:
    return Text("✗", style="bold red") if row.wrong else Text("✓", style="bold green")
