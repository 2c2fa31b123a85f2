"""`medswitch clearing`: periods, positions between regions, and what two officers change."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from switch.cli.options import AsJson, KeyFile, OfficerName, PassphraseFile, Reason
from switch.config import ConfigError
from switch.office.canonical import Content
from switch.office.change import Kind

app = typer.Typer(help="清算 · Clearing: close, positions, reopen, cut-off.", no_args_is_help=True)

Region = Annotated[str, typer.Argument(help="统筹区 The pooling region, six digits.")]
PeriodName = Annotated[str, typer.Argument(help="结账期 2026-11-25, 2026-11 or 2026.")]


@app.command()
def show(context: typer.Context, region: Region, period: PeriodName) -> None:
    """Show how a period stands and what blocks its closing; exit 1 when it is not closed."""
    from switch.cli.close_day import close_period

    raise typer.Exit(
        close_period(context.obj, region, period, None, yes=False, accept=False, folder=None)
    )


@app.command()
def close(
    context: typer.Context,
    region: Region,
    period: PeriodName,
    officer: OfficerName,
    key_file: KeyFile,
    passphrase_file: PassphraseFile = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    files: Annotated[Path | None, typer.Option(help="Write the period's files here.")] = None,
) -> None:
    """Close a day, a month or a year; a month's closing makes the statements."""
    from switch.cli.close_day import close_period

    who = (officer, key_file, passphrase_file)
    raise typer.Exit(
        close_period(context.obj, region, period, who, yes=yes, accept=False, folder=files)
    )


@app.command()
def positions(
    context: typer.Context,
    period: PeriodName,
    mode: Annotated[
        str | None, typer.Option(help="gross, bilateral, multilateral; none: the policy's.")
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """Say what regions owe each other, and the payments that settle it."""
    from switch.cli.positions import positions as run

    run(context.obj, period, mode, as_json=json)


@app.command()
def page(
    context: typer.Context,
    region: Region,
    period: PeriodName,
    folder: Annotated[Path, typer.Argument(help="Write index.html and all else here.")],
    workings: Annotated[
        int, typer.Option(min=0, help="Settlements of each institution told step by step.")
    ] = 200,
) -> None:
    """Write a report: the region, each institution, each settlement's working; CSV and XLSX."""
    from switch.cli.report_pages import pages as run

    raise typer.Exit(run(context.obj, region, period, folder, workings))


@app.command()
def pay(
    context: typer.Context,
    region: Region,
    month: PeriodName,
    officer: OfficerName,
    key_file: KeyFile,
    files: Annotated[Path, typer.Option(help="Write the banks' files (pain.001) here.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Order what confirmed statements come to; one file for each paying account."""
    from switch.cli.pay import pay as run

    who = (officer, key_file, passphrase_file)
    raise typer.Exit(run(context.obj, region, month, who, files))


@app.command()
def report(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Status reports of banks (pain.002).")],
    officer: OfficerName,
    key_file: KeyFile,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Take what banks report: paid, refused, or come back."""
    from switch.cli.pay import report as run

    raise typer.Exit(run(context.obj, files, (officer, key_file, passphrase_file)))


@app.command()
def reopen(
    context: typer.Context,
    region: Region,
    period: PeriodName,
    version: Annotated[int, typer.Argument(help="The closing's version that was looked at.")],
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose to open a closed period again; another officer approves it."""
    from switch.office.clearing import Reopening

    content = Reopening(region, period, version).content()
    _propose(context, Kind.REOPEN_PERIOD, content, (officer, key_file, passphrase_file), reason)


@app.command("cut-off")
def cut_off(
    context: typer.Context,
    book: Annotated[str, typer.Argument(help="A pooling region, or INTERCITY.")],
    at: Annotated[str, typer.Argument(help="日切 22:00, 24:00 or 26:00, Beijing time.")],
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First business day.")
    ],
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose when a book's business day ends from a day on; another officer approves it."""
    from switch.clearing.period import parse_cut_off
    from switch.office.clearing import CutOff

    try:
        content = CutOff(book, since.date(), parse_cut_off(at)).content()
    except ValueError as error:
        raise ConfigError(str(error)) from error
    _propose(context, Kind.SET_CUT_OFF, content, (officer, key_file, passphrase_file), reason)


def _propose(
    context: typer.Context,
    kind: Kind,
    content: Content,
    who: tuple[str, Path, Path | None],
    reason: str,
) -> None:
    from switch.cli.acting import open_office, read_signer, tell_proposed, time_of

    signer = read_signer(*who)
    with open_office(context.obj) as registrar:
        change = registrar.propose(signer, kind, content, reason, time_of(registrar))
    tell_proposed(change)
