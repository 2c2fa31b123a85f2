"""`medswitch bench rules`: what one decision costs, in µs of the processor's time."""

import gc
import json
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from switch.bench import bills
from switch.cli.cases import shipped_rules
from switch.model.claim import Claim
from switch.model.decision import Decision
from switch.model.member import Institution, Member
from switch.rules.adjudicate import Rules, adjudicate
from switch.rules.catalogue import Catalogue, generate_rows

LINES: Final = (5, 50, 500)
CATALOGUES: Final = (60, 100_000)
TARGET_US: Final = 60
"""The target for a decision of five lines, parsing excluded."""
_PER_ROUND_NS: Final = 20_000_000
"""How long one measurement runs, about: long beside the clock, short beside a slow neighbour."""


@dataclass(slots=True)
class Measured:
    """One combination, its bills, and the µs of a decision in each round."""

    visit: bills.Visit
    lines: int
    catalogue_items: int
    rules: Rules
    member: Member
    institution: Institution
    claims: Sequence[Claim]
    times: int = 1
    """How often a round settles every bill."""
    us: list[float] = field(default_factory=list)


def bench_rules(rounds: int, *, as_json: bool) -> None:
    """Measure adjudication and print the figures."""
    found = measure(rounds)
    if as_json:
        _print_json(found)
    else:
        show(found, Console())


def measure(rounds: int) -> list[Measured]:
    """Return the combinations with their rounds, interleaved so that none has the quiet minute."""
    rows = list(_combinations())
    for row in rows:
        row.times = max(1, _PER_ROUND_NS // max(1, _run(row)))
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for _ in range(rounds):
            for row in rows:
                row.us.append(_run(row) / (row.times * len(row.claims)) / 1_000)
    finally:
        gc.enable()
        gc.unfreeze()
    return rows


def _combinations() -> Iterator[Measured]:
    books = shipped_rules().books
    for size in CATALOGUES:
        catalogue = Catalogue.parse("330000", generate_rows(size))
        rules = Rules(books, {"330000": catalogue})
        for visit in (bills.OUTPATIENT, bills.STAY):
            for lines in LINES:
                yield Measured(
                    visit, lines, size, rules, bills.member(), bills.institution(visit),
                    tuple(bills.claims(visit, lines, size)),
                )  # fmt: skip


def _run(row: Measured) -> int:
    """Settle every bill of a row so often, and return the processor's time, in ns.

    Raises: ValueError when a bill is declined: then nothing would be measured.
    """
    rules, member, institution = row.rules, row.member, row.institution
    decision = None
    start = time.thread_time_ns()
    for _ in range(row.times):
        for claim in row.claims:
            decision = adjudicate(claim, member, institution, rules)
    spent = time.thread_time_ns() - start
    if not isinstance(decision, Decision):
        raise ValueError(f"a bill of the benchmark was declined: {decision}")
    return spent


def _figures(row: Measured) -> dict[str, float]:
    tenths = quantiles(row.us, n=10)
    return {
        "median_us": round(median(row.us), 1),
        "p10_us": round(tenths[0], 1),
        "p90_us": round(tenths[-1], 1),
        "least_us": round(min(row.us), 1),
    }


def show(rows: Sequence[Measured], console: Console) -> None:
    """Print the figures for people."""
    table = Table(
        title="µs a decision, processor's time · 每次裁定耗时", title_justify="left",
        title_style="bold", box=box.SIMPLE_HEAD,
    )  # fmt: skip
    for column in (
        "类别 Care",
        "行 Lines",
        "目录 Catalogue",
        "中位 Median",
        "10 %",
        "90 %",
        "最少 Least",
        "每行 A line",
    ):
        table.add_column(column, justify="left" if column.startswith("类别") else "right")
    for row in sorted(rows, key=lambda one: (one.visit.name, one.lines, one.catalogue_items)):
        us = _figures(row)
        style = None
        if row.lines == LINES[0]:
            style = "green" if us["median_us"] < TARGET_US else "red"
        table.add_row(
            f"{row.visit.zh} {row.visit.name}", f"{row.lines}", f"{row.catalogue_items:,}",
            *(f"{us[key]:.1f}" for key in ("median_us", "p10_us", "p90_us", "least_us")),
            f"{us['median_us'] / row.lines:.2f}",
            style=style,
        )  # fmt: skip
    console.print(table)
    console.print(f"目标 target: 5 行 lines < {TARGET_US} µs · {platform.python_version()}")


def _print_json(rows: Sequence[Measured]) -> None:
    found: list[dict[str, Any]] = [
        {
            "care": row.visit.name,
            "lines": row.lines,
            "catalogue_items": row.catalogue_items,
            **_figures(row),
        }
        for row in rows
    ]
    print(json.dumps(
        {"python": platform.python_version(), "rounds": len(rows[0].us), "rows": found}, indent=1
    ))  # fmt: skip
