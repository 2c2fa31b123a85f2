"""`medswitch close-day`: walks a clerk through a day: totals, differences, what blocks, closing."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import typer
from psycopg import Connection
from psycopg.rows import TupleRow
from rich import box
from rich.console import Console
from rich.table import Table

from switch.clearing.period import Kind, Period
from switch.cli.acting import console, open_office, read_signer, time_of
from switch.config import ConfigError, Settings
from switch.model.ids import RegionCode, parse_region
from switch.model.money import yuan_text
from switch.office.refusal import Refused
from switch.store.closing import Block, CannotClose, Outlook, Why, close, look
from switch.store.flows import shipped_clearing_policy
from switch.store.office import Registrar, Signer
from switch.store.rule_books import shipped_regions

_LAST = """
SELECT max(day) FROM medswitch.clearing_window WHERE book = %s AND closed_at IS NOT NULL
"""
_LEFT = """
SELECT day FROM medswitch.clearing_window w WHERE book = %s AND closed_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM medswitch.closing c WHERE c.region = w.book AND c.kind = 'day'
        AND c.since = w.day AND c.reopened_at IS NULL)
ORDER BY day
"""


def close_period(
    settings: Settings,
    region_text: str,
    period_text: str,
    officer: tuple[str, Path, Path | None] | None,
    *,
    yes: bool,
    accept: bool,
    folder: Path | None,
) -> int:
    """Show how a period stands, close it if it may be, and write its files.

    No period: every business day that is over and not closed. Exit status 1: something is left.
    """
    try:
        region = parse_region(region_text)
        named = [Period.parse(period_text)] if period_text else None
    except ValueError as error:
        raise ConfigError(str(error)) from error
    signer = None if officer is None else read_signer(*officer)
    left = 0
    with open_office(settings) as registrar:
        periods = _days_left(registrar.connection, region) if named is None else named
        shown = console()
        if not periods:
            shown.print(f"{_title(region)}: 没有待结的业务日 no business day waits to be closed")
        for period in periods:
            left += _one(registrar, shown, region, period, signer, yes=yes, accept=accept)
        if folder is not None:
            from switch.cli.clearing_files import write_files

            for path in write_files(registrar.connection, region, periods, folder):
                shown.print(f"已写 written: {path}")
    return 1 if left else 0


def _one(
    registrar: Registrar,
    shown: Console,
    region: RegionCode,
    period: Period,
    signer: Signer | None,
    *,
    yes: bool,
    accept: bool,
) -> int:
    """Walk through one period; return 1 when it is not closed at the end."""
    policy, now = shipped_clearing_policy(), time_of(registrar)
    seen = look(registrar.connection, region, period, policy, now)
    show(shown, seen)
    blocks = [one for one in seen.blocks if not (accept and one.why is Why.DIFFERENCES)]
    if any(one.why is Why.CLOSED for one in blocks):
        return 0
    if blocks or signer is None:
        if signer is None and not blocks:
            shown.print("可结账 may be closed: give --officer and --key-file")
        return 1
    if not yes and not typer.confirm(f"结账 close {period.name}?", err=True):
        return 1
    try:
        close(
            registrar.connection, registrar.sealer, region, period, policy, signer, now,
            accept_differences=accept,
        )  # fmt: skip
    except (CannotClose, Refused) as error:
        print(f"medswitch: {error}", file=sys.stderr)
        return 1
    shown.print(f"[green]✔[/] 已结账 closed: {period.name}, 版本 version {seen.version}")
    return 0


def show(shown: Console, seen: Outlook) -> None:
    """Print how a period stands."""
    period = seen.period
    table = Table(
        title=f"{_title(seen.region)} · {period.name}",
        title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
    )  # fmt: skip
    for name in ("结算 settlements", "基金 funds", "个人账户 accounts", "合计 total"):
        table.add_column(name, justify="right")
    table.add_row(
        f"{seen.settlements:,}", yuan_text(seen.fund_fen), yuan_text(seen.account_fen),
        yuan_text(seen.fund_fen + seen.account_fen),
    )  # fmt: skip
    shown.print(table)
    if period.kind is Kind.MONTH:
        owed = sum(one.payable_fen for one in seen.statements)
        held = sum(one.withheld_fen for one in seen.statements)
        shown.print(
            f"清算单 statements {len(seen.statements)}; 应付 payable {yuan_text(owed)}, "
            f"质量保证金 withheld {yuan_text(held)}"
        )
    for one in seen.unequal:
        shown.print(
            f"  差异 differences: {one.institution} {one.name}: {one.count}, "
            f"{yuan_text(one.total_fen)}"
        )
    _show_blocks(shown, seen.blocks)


def _show_blocks(shown: Console, blocks: Sequence[Block]) -> None:
    for one in blocks:
        mark = "[green]✔[/]" if one.why is Why.CLOSED else "[red]✘[/]"
        shown.print(f"  {mark} {one.zh} {one.en}")


def _days_left(conn: Connection[TupleRow], region: RegionCode) -> list[Period]:
    """Return the business days that are over and not closed; none: the last one that is over."""
    days: list[date] = [row[0] for row in conn.execute(_LEFT, (region,))]
    if not days:
        row = conn.execute(_LAST, (region,)).fetchone()
        days = [row[0]] if row is not None and row[0] is not None else []
    return [Period(Kind.DAY, day) for day in days]


def _title(region: str) -> str:
    known = shipped_regions().get(RegionCode(region))
    return f"{region} {known.zh}" if known else region
