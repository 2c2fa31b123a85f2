"""`medswitch institution …`: which are opened for patients of other cities, and from when."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from switch.cli.options import KeyFile, OfficerName, PassphraseFile, Reason
from switch.cli.registry import propose
from switch.model.ids import BEIJING, InstitutionCode
from switch.office.change import Kind
from switch.office.registry import Opening

app = typer.Typer(
    name="institution",
    help="定点医药机构 · institutions: opened for cross-city care by date.",
    no_args_is_help=True,
)
_DAY = ["%Y-%m-%d"]


@app.command()
def opened(
    context: typer.Context,
    region: Annotated[str, typer.Argument(help="统筹区 Whose patients, six digits.")],
    on: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="On which day; none: today.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """List what is opened, outside of their city, for the patients of a region on a day."""
    from switch.cli.acting import open_office, show_json
    from switch.store import registry

    day = datetime.now(UTC).astimezone(BEIJING).date() if on is None else on.date()
    with open_office(context.obj) as registrar:
        found = registry.opened(registrar.connection, day, region)
    if json:
        show_json([
            {"code": one.code, "name": one.name, "region": one.region, "since": str(one.since),
             "until": "" if one.until is None else str(one.until)}
            for one in found
        ])  # fmt: skip
        return
    for one in found:
        print(f"{one.code} {one.region} {one.since} {one.until or ''} {one.name}")
    print(f"{len(found)} 家已开通 institutions are opened to {region} on {day}")


@app.command("open")
def open_(
    context: typer.Context,
    institution: Annotated[str, typer.Argument(help="机构 12 characters.")],
    since: Annotated[datetime, typer.Option("--from", formats=_DAY, help="开通日 The first day.")],
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="截止日 The last day.")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose that an institution be opened for cross-city care from a day on, or to a day."""
    last = None if until is None else until.date()
    wanted = Opening(InstitutionCode(institution), since.date(), last)
    propose(
        context, Kind.OPEN_INSTITUTION, wanted.content(), officer, key_file, reason,
        passphrase_file,
    )  # fmt: skip
