"""`medswitch officer`: who may propose and check changes 经办人."""

from pathlib import Path
from typing import Annotated

import typer

from switch.cli.options import AsJson, KeyFile, OfficerName, PassphraseFile, Reason
from switch.config import ConfigError
from switch.office.canonical import Content
from switch.office.change import Kind
from switch.office.officer import (
    Enrolment,
    NewRoles,
    Retirement,
    Role,
    parse_name,
    parse_public_key,
    role_words,
)

app = typer.Typer(
    help="经办人 · Officers: who may propose and check changes.", no_args_is_help=True
)

Roles = Annotated[list[Role], typer.Option("--role", help="角色 What the officer may do; repeat.")]
Name = Annotated[str, typer.Argument(help="2..32 of a-z 0-9 . - beginning with a letter.")]


@app.command("new-key")
def new_key(key_file: KeyFile, passphrase_file: PassphraseFile = None) -> None:
    """Make a key pair: the private key into a new file, the public key on the screen."""
    from switch.cli.acting import make_key, read_passphrase, write_key

    key = make_key()
    write_key(key, key_file, read_passphrase(passphrase_file, fresh=True))
    print(key.public_key.hex())


@app.command()
def add(
    context: typer.Context,
    name: Name,
    role: Roles,
    key_file: KeyFile,
    officer: Annotated[
        str | None,
        typer.Option("--officer", help="Who proposes it; none: a founder enrols himself."),
    ] = None,
    public_key: Annotated[
        str | None, typer.Option(help="The newcomer's, from `officer new-key`.")
    ] = None,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Enrol an officer: the first two make their own keys, later ones an officer proposes."""
    try:
        newcomer = parse_name(name)
        key = None if public_key is None else parse_public_key(public_key.lower())
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if (officer is None) != (key is None):
        raise ConfigError("--officer, who proposes, and --public-key, the newcomer's, go together")
    if officer is None or key is None:
        _found(context, newcomer, frozenset(role), key_file, passphrase_file)
        return
    content = Enrolment(newcomer, key, frozenset(role)).content()
    _propose(context, Kind.ENROL_OFFICER, content, officer, key_file, reason, passphrase_file)


@app.command()
def roles(
    context: typer.Context,
    name: Name,
    role: Roles,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose the roles an officer has from now on: all of them, not only new ones."""
    content = NewRoles(name, frozenset(role)).content()
    _propose(context, Kind.CHANGE_ROLES, content, officer, key_file, reason, passphrase_file)


@app.command()
def retire(
    context: typer.Context,
    name: Name,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose that an officer signs nothing more; the name stays taken."""
    content = Retirement(name).content()
    _propose(context, Kind.RETIRE_OFFICER, content, officer, key_file, reason, passphrase_file)


@app.command("list")
def list_officers(context: typer.Context, *, json: AsJson = False) -> None:
    """List everybody who is, or was, an officer."""
    from rich.table import Table

    from switch.cli.acting import console, open_office, show_json
    from switch.store.office import load_officers

    with open_office(context.obj) as registrar:
        officers = load_officers(registrar.connection).values()
    if json:
        show_json(
            [
                {
                    "name": one.name,
                    "state": one.state,
                    "roles": role_words(one.roles),
                    "public_key": one.public_key.hex(),
                }
                for one in officers
            ]
        )
        return
    table = Table("经办人 name", "状态 state", "角色 roles", "公钥 public key")
    for one in officers:
        table.add_row(one.name, one.state, " ".join(role_words(one.roles)), one.public_key.hex())
    console().print(table)


def _found(
    context: typer.Context,
    name: str,
    roles: frozenset[Role],
    key_file: Path,
    passphrase_file: Path | None,
) -> None:
    """Enrol a founder; the key file is written only if the office takes him."""
    from switch.cli.acting import make_key, open_office, read_passphrase, time_of, write_key
    from switch.store.office import Signer

    key = make_key()
    passphrase = read_passphrase(passphrase_file, fresh=True)
    with open_office(context.obj) as registrar, registrar.connection.transaction():
        registrar.enrol(Signer(name, key.sign), key.public_key, roles, time_of(registrar))
        write_key(key, key_file, passphrase)
    print(f"{name} 已登记 is enrolled; the private key is in {key_file}: {key.public_key.hex()}")


def _propose(
    context: typer.Context,
    kind: Kind,
    content: Content,
    officer: str,
    key_file: Path,
    reason: str,
    passphrase_file: Path | None,
) -> None:
    from switch.cli.acting import open_office, read_signer, tell_proposed, time_of

    signer = read_signer(officer, key_file, passphrase_file)
    with open_office(context.obj) as registrar:
        change = registrar.propose(signer, kind, content, reason, time_of(registrar))
    tell_proposed(change)
