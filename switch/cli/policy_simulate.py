"""`medswitch policy simulate`: posted settlements under a candidate policy."""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Final

import psycopg
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from switch.cli.database import open_database
from switch.cli.policy_books import read_books_named
from switch.config import Settings
from switch.model.ids import BEIJING
from switch.pages.words import Words, money_text
from switch.rules.book import RuleBook
from switch.rules.plan import Plan
from switch.simulate.outcome import (
    TITLES,
    Result,
    as_json,
    group_rows,
    payer_rows,
    signed,
    step_rows,
)
from switch.simulate.page import render
from switch.simulate.run import Question, Told, simulate
from switch.simulate.sums import DIMENSIONS, Cell
from switch.store.rule_books import find_book

_FIRST: Final = date(1, 1, 1)
_LAST: Final = date(9999, 12, 31)


def simulate_policy(
    settings: Settings,
    policies: Sequence[str],
    since: date | None,
    until: date | None,
    *,
    jobs: int,
    html: Path | None,
    json_wanted: bool,
) -> int:
    """Print what would have changed; return 0, or 2 for what is no policy or no file to write."""
    try:
        with open_database(settings) as url:
            books = read_books_named(replace(settings, database_url=url), policies)
            question = Question(tuple(books), since or _FIRST, until or _LAST)
            began = time.monotonic_ns()
            with _bar(shown=sys.stderr.isatty()) as told:
                part = simulate(url, question, jobs=jobs or os.cpu_count() or 1, told=told)
            fresh = _fresh(url, books)
        result = Result(
            sums=part.sums,
            journals=part.journals,
            candidates=tuple((book.region, book.hash) for book in books),
            since=since,
            until=until,
            fresh=fresh,
            seconds_ms=(time.monotonic_ns() - began) // 1_000_000,
        )
        if html is not None:
            html.write_text(render(result), encoding="utf-8")
    except (ValueError, OSError) as error:
        print(f"medswitch: {error}", file=sys.stderr)
        return 2
    if json_wanted:
        print(json.dumps(as_json(result), ensure_ascii=False, indent=1))
    else:
        show(result)
    return 0


def _fresh(url: str, books: Sequence[RuleBook]) -> tuple[str, ...]:
    """Return the sums that a candidate counts and the book in force does not: they begin at 0."""
    found: set[str] = set()
    with psycopg.connect(url, autocommit=True) as connection:
        for book in books:
            try:
                active = find_book(connection, book.region, datetime.now(BEIJING).date())
            except ValueError:
                continue
            found |= _meters(book) - _meters(active)
    return tuple(sorted(found))


def _meters(book: RuleBook) -> set[str]:
    return {
        meter.name
        for _, held in book.plans.values()
        for plan in held
        if isinstance(plan, Plan)
        for meter in plan.meters
        if meter.period != "visit"
    }


def show(result: Result) -> None:
    """Print the result for people."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    sums = result.sums
    whole = sums.whole
    console.print(
        f"[bold]{whole.settlements:,}[/] 笔结算 settlements, [bold]{whole.persons:,}[/] 人 "
        f"persons, [bold]{sums.changed:,}[/] 笔有变 changed"
    )
    if result.fresh:
        said = ", ".join(result.fresh)
        console.print(Text(f"无历史的累计 sums without history: {said}", "yellow"))
    for why, count in sorted(sums.unread.items()):
        console.print(Text(f"未能重算 not decided again: {count:,} × {why}", "red"))
    console.print(_payers(result))
    for dimension in DIMENSIONS:
        console.print(_groups(result, dimension))
    console.print(_steps(result))
    for code, (count, total) in sorted(sums.declines.items()):
        console.print(Text(f"将被拒付 would be declined: {code} {count:,}, {money_text(total)}"))
    rate = whole.settlements * 1_000 // max(1, result.seconds_ms)
    console.print(
        f"{result.seconds_ms // 1000}.{result.seconds_ms % 1000 // 100} s, {rate:,} "
        "settlements/s", style="dim",
    )  # fmt: skip


def _table(title: Words, *columns: str) -> Table:
    table = Table(
        title=" · ".join(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    return table


def _payers(result: Result) -> Table:
    table = _table(("付款方", "Payers"), "付款方 Payer", "实际 Before", "候选 After", "变化 Change")
    for row in payer_rows(result.sums):
        table.add_row(
            " ".join(row.words), money_text(row.before), money_text(row.after), signed(row.change)
        )
    return table


def _groups(result: Result, dimension: str) -> Table:
    table = _table(
        TITLES[dimension], "组 Group", "结算 Settlements", "人 Persons", "基金前 Before",
        "基金后 After", "变化 Change", "受益 Gain", "共 In all", "受损 Lose", "共 In all",
    )  # fmt: skip
    rows = group_rows(result.sums, dimension)
    for words, cell in rows:
        table.add_row(" ".join(words), *_cells(cell))
    if len(rows) > 1:
        table.add_section()
        table.add_row("合计 Total", *_cells(result.sums.whole), style="bold")
    return table


def _cells(cell: Cell) -> tuple[str, ...]:
    return (
        f"{cell.settlements:,}", f"{cell.persons:,}", money_text(cell.fund_before),
        money_text(cell.fund_after), signed(cell.fund_after - cell.fund_before),
        f"{cell.gainers:,}", money_text(cell.gained), f"{cell.losers:,}", money_text(cell.lost),
    )  # fmt: skip


def _steps(result: Result) -> Table:
    table = _table(
        ("每人负担变化", "Change of each person's burden"), "变化 By", "受益 Gain", "受损 Lose"
    )
    for words, gain, lose in step_rows(result.sums):
        table.add_row(" ".join(words).strip(), f"{gain:,}", f"{lose:,}")
    return table


@contextmanager
def _bar(*, shown: bool) -> Iterator[Told]:
    """Yield what shows progress on standard error."""
    columns = (
        TextColumn("试算 simulating"), BarColumn(), TextColumn("{task.description}"),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not shown
    ) as progress:
        task = progress.add_task("", total=None)

        def told(done: int, total: int, journals: int) -> None:
            progress.update(
                task, completed=done, total=total, description=f"{journals:,} 笔 journals"
            )

        yield told
