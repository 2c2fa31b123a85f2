"""`medswitch audit`: the invariants over the whole database, as a table or as JSON."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from switch.audit import Report, audit_database
from switch.audit.findings import Progress as Told
from switch.cli.database import open_database
from switch.config import Settings
from switch.device.home import open_home

SHOWN_MAX = 20
"""Offending rows shown of each invariant; `--json` names those that are kept."""

_STATES = {
    "held": Text("✔ 成立 held", "green"),
    "broken": Text("✘ 不成立 broken", "bold red"),
    "not checked": Text("– 未检 not given", "yellow"),
}


def audit(settings: Settings, answered: Path | None, *, as_json: bool) -> int:
    """Check every invariant, print the result, and return the exit status: 1 when one is broken.

    Raises: NotAnAnswer, OSError for a file of answers that is none; as `open_database`.
    """
    kek = open_home(settings)
    with open_database(settings) as url, _bar(shown=sys.stderr.isatty()) as told:
        report = audit_database(url, kek, answers=answered, progress=told)
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        show(report, Console())
    return 0 if report.clean else 1


def show(report: Report, console: Console) -> None:
    """Print the report for people: one line an invariant, then the offending rows."""
    title = "审计 · Audit"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("#", justify="right")
    table.add_column("不变式")
    table.add_column("Invariant")
    table.add_column("结果 Result")
    for result in report.results:
        invariant = result.invariant
        number = str(invariant.number) if invariant.number else "·"
        state = _STATES[result.state].copy()
        if result.count:
            state.append(f" {result.count:,}")
        table.add_row(number, invariant.zh, invariant.en, state)
    console.print(table)
    for result in report.results:
        for violation in result.violations[:SHOWN_MAX]:
            line = Text(f"{result.invariant.number:>2} ", "red")
            console.print(
                line.append(violation.key, "bold").append(f" {violation.detail}", "not bold")
            )
        left = result.count - min(len(result.violations), SHOWN_MAX)
        if left:
            console.print(Text(f"{result.invariant.number:>2} 另有 and {left:,} more", "red"))
    read = ", ".join(f"{count:,} {what}" for what, count in report.read.items())
    console.print(Text(f"读取 read: {read or 'nothing'}", "dim"))


@contextmanager
def _bar(*, shown: bool) -> Iterator[Told]:
    """Yield what shows progress on standard error, one bar for what is being read."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not shown
    ) as progress:
        task = progress.add_task("", total=None)

        def told(what: str, done: int, total: int) -> None:
            known = max(total, done) if total else None
            progress.update(task, description=what, completed=done, total=known)

        yield told
