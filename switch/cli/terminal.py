"""`medswitch terminal …`: which there are, and changes of them under maker and checker."""

from typing import Annotated

import typer

from switch.cli.options import KeyFile, OfficerName, PassphraseFile, Reason
from switch.cli.registry import propose
from switch.config import ConfigError
from switch.model.ids import InstitutionCode, TerminalId, parse_terminal_id
from switch.model.terminal import TerminalClass
from switch.office.change import Kind
from switch.office.registry import NamedTerminal, NewTerminal

app = typer.Typer(
    name="terminal",
    help="终端 · terminals: list, register, block, unblock, unlock.",
    no_args_is_help=True,
)

Terminal = Annotated[str, typer.Argument(help="终端编号 The terminal's id.")]
_HEADS = (
    "终端 terminal", "机构 institution", "类别 class", "状态 state", "软件 software",
    "最近 last seen", "密钥 keys",
)  # fmt: skip


@app.command("list")
def show(
    context: typer.Context,
    wanted: Annotated[
        str, typer.Argument(help="An institution's or a terminal's id; none: all.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """List terminals: software and last seen, key versions by their check values."""
    from dataclasses import asdict

    from rich.table import Table

    from switch.cli.acting import console, moment, open_office, show_json
    from switch.store.registry import terminals

    with open_office(context.obj) as registrar:
        found = terminals(registrar.connection, wanted)
    if json:
        show_json(
            [
                {name: value if isinstance(value, str | bool | list | None) else moment(value)
                 for name, value in asdict(one).items()}
                for one in found
            ]
        )  # fmt: skip
        return
    table = Table(*_HEADS)
    for one in found:
        table.add_row(
            one.terminal_id,
            one.institution,
            one.terminal_class,
            "启用 active" if one.active else "停用 blocked",
            one.software or "",
            "" if one.seen_at is None else moment(one.seen_at),
            "\n".join(one.keys or ()),
        )
    console().print(table)


@app.command()
def register(
    context: typer.Context,
    terminal: Terminal,
    institution: Annotated[str, typer.Argument(help="机构 Institution or agency, 12 characters.")],
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    agency: Annotated[bool, typer.Option("--agency", help="Of an agency.")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose a new terminal; its key is loaded by a change of its own."""
    kind = TerminalClass.AGENCY if agency else TerminalClass.INSTITUTION
    wanted = NewTerminal(parse_id(terminal), InstitutionCode(institution), kind)
    propose(
        context, Kind.REGISTER_TERMINAL, wanted.content(), officer, key_file, reason,
        passphrase_file,
    )  # fmt: skip


@app.command()
def block(
    context: typer.Context,
    terminal: Terminal,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose that a terminal be blocked: nothing it sends is posted any more."""
    _turn(context, Kind.BLOCK_TERMINAL, terminal, officer, key_file, reason, passphrase_file)


@app.command()
def unblock(
    context: typer.Context,
    terminal: Terminal,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose that a blocked terminal work again."""
    _turn(context, Kind.UNBLOCK_TERMINAL, terminal, officer, key_file, reason, passphrase_file)


@app.command()
def unlock(
    context: typer.Context,
    terminal: Terminal,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose that the lock which followed a terminal's misuse end now."""
    _turn(context, Kind.UNLOCK_TERMINAL, terminal, officer, key_file, reason, passphrase_file)


def parse_id(text: str) -> TerminalId:
    """Return a terminal id. Raises: ConfigError."""
    try:
        return parse_terminal_id(text)
    except ValueError as error:
        raise ConfigError(f"{text} is no terminal: {error}") from error


def _turn(
    context: typer.Context,
    kind: Kind,
    terminal: str,
    officer: str,
    key_file: KeyFile,
    reason: str,
    passphrase_file: PassphraseFile,
) -> None:
    wanted = NamedTerminal(parse_id(terminal))
    propose(context, kind, wanted.content(), officer, key_file, reason, passphrase_file)
