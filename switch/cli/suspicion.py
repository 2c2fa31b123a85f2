"""`medswitch suspicion …`: cards that may be two, and what officers found them to be."""

from datetime import datetime
from typing import Annotated, Any

import typer

from switch.cli.options import KeyFile, OfficerName, PassphraseFile, Reason
from switch.config import ConfigError
from switch.model.suspicion import Verdict

_HEADS = (
    "疑点 suspicion", "用途 used for", "本次 this use", "前次 earlier use", "封锁 locked",
    "结论 verdict",
)  # fmt: skip

app = typer.Typer(
    name="suspicion",
    help="疑似复制卡 · cards whose counter went back: list, resolve.",
    no_args_is_help=True,
)


@app.command("list")
def show(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Those that were resolved, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """List suspicions, each with place and time of both uses."""
    from dataclasses import asdict

    from rich.table import Table

    from switch.cli.acting import console, open_office, show_json
    from switch.store.suspicion_office import listed

    with open_office(context.obj) as registrar:
        found = listed(registrar.connection, resolved=every)
    if json:
        show_json([asdict(one) for one in found])
        return
    table = Table(*_HEADS)
    for one in found:
        table.add_row(
            f"{one.member_id}/{one.version}",
            one.method,
            _use(one.use),
            _use(one.earlier),
            "是 yes" if one.locked else "否 no",
            one.verdict,
        )
    console().print(table)


@app.command()
def resolve(
    context: typer.Context,
    suspicion: Annotated[str, typer.Argument(help="疑点 PERSON/VERSION, as `list` shows it.")],
    verdict: Annotated[Verdict, typer.Option(help="结论 What it was found to be.")],
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose what a suspicion was; once another officer approves, the card can be unlocked."""
    from switch.cli.acting import open_office, read_signer, tell_proposed, time_of
    from switch.office.change import Kind
    from switch.office.suspicion import SuspicionResolution

    member_id, _, version = suspicion.partition("/")
    content = {"member_id": member_id, "version": version, "verdict": verdict.value}
    try:
        wanted = SuspicionResolution.read(content)
    except ValueError as error:
        raise ConfigError(f"{suspicion} is no suspicion: {error}") from error
    signer = read_signer(officer, key_file, passphrase_file)
    with open_office(context.obj) as registrar:
        change = registrar.propose(
            signer, Kind.RESOLVE_SUSPICION, wanted.content(), reason, time_of(registrar)
        )
    tell_proposed(change)


def _use(use: Any) -> str:
    if use is None:
        return "未知 not known"
    from switch.cli.acting import moment

    at = moment(datetime.fromisoformat(use["at"]))
    return f"{at}\n{use['institution']} {use['terminal_id']}\nATC {use['atc']} {use['request_id']}"
