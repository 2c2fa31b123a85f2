"""`medswitch change`: what waits for a second pair of eyes, and deciding it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from switch.cli.options import AsJson, KeyFile, OfficerName, PassphraseFile, Reason
from switch.office.change import Change, ChangeState, Verb
from switch.office.kinds import TERMS
from switch.office.refusal import Refusal, Refused

app = typer.Typer(help="变更复核 · Changes under maker and checker.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="变更号 The change's number.")]


@app.command("list")
def list_changes(
    context: typer.Context,
    *,
    all_states: Annotated[
        bool, typer.Option("--all", help="Decided and expired ones, too.")
    ] = False,
    json: AsJson = False,
) -> None:
    """List the changes that wait."""
    from rich.table import Table

    from switch.cli.acting import console, moment, open_office, show_json, time_of
    from switch.store.office import load_changes

    with open_office(context.obj) as registrar:
        now = time_of(registrar)
        found = load_changes(registrar.connection)
    shown = [one for one in found if all_states or one.standing(now) is ChangeState.WAITING]
    if json:
        show_json([_fields(one, now) for one in shown])
        return
    table = Table("#", "类别 kind", "状态 state", "经办 maker", "至 until", "理由 reason")
    for one in shown:
        until = moment(one.expires_at)
        table.add_row(str(one.number), one.kind, one.standing(now), one.maker, until, one.reason)
    console().print(table)


@app.command()
def show(context: typer.Context, number: Number, *, json: AsJson = False) -> None:
    """Show a change: what was proposed, by whom and why, and what became of it."""
    from switch.cli.acting import open_office, show_json, time_of
    from switch.store.office import load_signed

    with open_office(context.obj) as registrar:
        now = time_of(registrar)
        change = load_signed(registrar.connection, number)
    if change is None:
        raise Refused(Refusal.NO_SUCH_CHANGE, f"there is no change {number}")
    fields = _fields(change, now)
    if json:
        show_json(fields)
        return
    for name, value in fields.items():
        if isinstance(value, dict):
            print(f"{name}:")
            for key, item in value.items():
                print(f"  {key}: {item}")
        else:
            print(f"{name}: {value}")


@app.command()
def approve(
    context: typer.Context,
    number: Number,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Approve a change that another officer proposed: it is in effect at once."""
    _decide(context, Verb.APPROVE, number, officer, key_file, reason, passphrase_file)


@app.command()
def refuse(
    context: typer.Context,
    number: Number,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Refuse a change that another officer proposed."""
    _decide(context, Verb.REFUSE, number, officer, key_file, reason, passphrase_file)


@app.command()
def withdraw(
    context: typer.Context,
    number: Number,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Withdraw a change of one's own."""
    _decide(context, Verb.WITHDRAW, number, officer, key_file, reason, passphrase_file)


def _decide(
    context: typer.Context,
    verb: Verb,
    number: int,
    officer: str,
    key_file: Path,
    reason: str,
    passphrase_file: Path | None,
) -> None:
    from switch.cli.acting import open_office, read_signer, time_of

    signer = read_signer(officer, key_file, passphrase_file)
    with open_office(context.obj) as registrar:
        change = registrar.decide(signer, verb, number, reason, time_of(registrar))
    print(f"变更 change {change.number} {change.kind}: {change.state} by {officer}")


def _fields(change: Change, now: datetime) -> dict[str, Any]:
    from switch.cli.acting import moment

    decision = change.decision
    fields: dict[str, Any] = {
        "change": change.number,
        "kind": change.kind.value,
        "about": TERMS[change.kind].zh,
        "role": TERMS[change.kind].role.value,
        "state": change.standing(now).value,
        "content": dict(change.content),
        "reason": change.reason,
        "maker": change.maker,
        "made_at": moment(change.made_at),
        "expires_at": moment(change.expires_at),
        "digest": change.digest,
        "record": change.record,
    }
    if decision is not None:
        fields["decision"] = {
            "officer": decision.officer,
            "at": moment(decision.at),
            "reason": decision.reason,
            "record": decision.record,
        }
    return fields
