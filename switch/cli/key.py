"""`medswitch key`: custody of keys 密钥, each change by a maker and a different checker.

A key is named by its id, which says its whole place: ministry/AUTH/SM4/1,
province/330000/TAC/AES_128/1, city/330200/AUTH/SM4/2, terminal/<id>/SM4/2, vault/SEAL/1,
transport/<partner>/1. What is shown of a key is its check value.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from switch.cli.options import AsJson, KeyFile, OfficerName, PassphraseFile, Reason
from switch.config import ConfigError
from switch.office.change import Kind

app = typer.Typer(help="密钥 · Keys: custody by maker and checker.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="密钥 A key's id.")]
KeyIds = Annotated[list[str], typer.Argument(metavar="KEY...", help="密钥 Keys' ids.")]
Kcv = Annotated[str, typer.Option("--kcv", help="校验值 Check value on the sheet, 6 hex digits.")]
EndsOn = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Last day of its planned use; an alarm precedes it."),
]


@app.command()
def begin(
    context: typer.Context,
    founder: Annotated[list[str], typer.Option(help="经办人 A first officer; give two.")],
    key_file: Annotated[
        list[Path], typer.Option("--key-file", help="His private key, made here; one for each.")
    ],
    passphrase_file: Annotated[
        list[Path] | None,
        typer.Option(help="His passphrase, one for each; else it is asked for, from each."),
    ] = None,
) -> None:
    """The first ceremony: on an empty database, make its vault keys and its first two officers."""
    from switch.cli.key_ceremony import begin as run

    run(context.obj, founder, key_file, passphrase_file or [])


@app.command()
def component(
    context: typer.Context,
    key: KeyId,
    part: Annotated[int, typer.Option(help="Which component, from 1.")],
    of: Annotated[int, typer.Option(help="Of how many: 2 to 5.")],
    kcv: Kcv,
    officer: OfficerName,
    key_file: KeyFile,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Enter one component of a key, without an echo; another custodian enters the next."""
    from switch.cli.key_ceremony import component as run

    run(context.obj, key, part, of, kcv, officer, key_file, passphrase_file)


@app.command("import")
def import_key(
    context: typer.Context,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="The key its components make.")
    ] = None,
    kcv: Annotated[str, typer.Option("--kcv", help="Check value of the whole key.")] = "",
    parcel: Annotated[
        list[Path] | None, typer.Option(help="Instead: a partner's parcel; repeat for more.")
    ] = None,
    ends_on: EndsOn = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose a key from its components, or keys that a partner sent under a transport key."""
    from switch.cli.key_ceremony import import_components, import_parcels

    if (key is None) == (not parcel) or (key is None) != (not kcv):
        raise ConfigError("give a KEY with --kcv, for its components, or --parcel FILE")
    last = None if ends_on is None else ends_on.date()
    if key is not None:
        import_components(
            context.obj, key, kcv, last, officer, key_file, passphrase_file, reason
        )  # fmt: skip
    else:
        import_parcels(
            context.obj, parcel or [], last, officer, key_file, passphrase_file, reason
        )  # fmt: skip


@app.command()
def generate(
    context: typer.Context,
    keys: KeyIds,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    ends_on: EndsOn = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose keys made here: vault keys, and a ministry's own. They begin as pending."""
    from switch.cli.key_ceremony import generate as run

    last = None if ends_on is None else ends_on.date()
    run(context.obj, keys, last, officer, key_file, passphrase_file, reason, live=False)


@app.command()
def rotate(
    context: typer.Context,
    places: Annotated[
        list[str], typer.Argument(metavar="PLACE...", help="Keys' ids without the version.")
    ],
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    ends_on: EndsOn = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose the next version of keys made here, live at once; the old one stays live, too."""
    from switch.cli.key_ceremony import rotate as run

    last = None if ends_on is None else ends_on.date()
    run(context.obj, places, last, officer, key_file, passphrase_file, reason)


@app.command()
def activate(
    context: typer.Context,
    keys: KeyIds,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose that pending or suspended keys come into use."""
    _move(context, Kind.ACTIVATE_KEYS, keys, officer, key_file, passphrase_file, reason)


@app.command()
def suspend(
    context: typer.Context,
    keys: KeyIds,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose that keys go out of use until somebody decides; a terminal's sessions end."""
    _move(context, Kind.SUSPEND_KEYS, keys, officer, key_file, passphrase_file, reason)


@app.command()
def retire(
    context: typer.Context,
    keys: KeyIds,
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose that keys go out of use for ever; a terminal's sessions end."""
    _move(context, Kind.RETIRE_KEYS, keys, officer, key_file, passphrase_file, reason)


@app.command()
def export(
    context: typer.Context,
    parent: KeyId,
    region: Annotated[str, typer.Argument(help="地区 The province or city it is for.")],
    under: Annotated[str, typer.Option(help="The transport key shared with its receiver.")],
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose that the child of a key for a region leaves, wrapped under a transport key."""
    from switch.cli.key_ceremony import export as run

    run(context.obj, parent, region, under, officer, key_file, passphrase_file, reason)


@app.command()
def parcel(
    context: typer.Context,
    change: Annotated[int, typer.Argument(help="变更号 The approved export.")],
    file: Annotated[Path, typer.Option(help="Write the wrapped key here, for its receiver.")],
) -> None:
    """Fetch what an approved export let out."""
    from switch.cli.key_ceremony import fetch_parcel

    fetch_parcel(context.obj, change, file)


@app.command()
def rewrap(
    context: typer.Context,
    from_kek_file: Annotated[
        Path, typer.Option(help="The old key-encryption key's file; the settings name the new one.")
    ],
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason = "",
    approve: Annotated[
        int | None, typer.Option(help="变更号 Decide the proposed one: another officer.")
    ] = None,
    from_algorithm: Annotated[
        str, typer.Option(help="The old one's cipher: SM4-GCM or AES-256-GCM.")
    ] = "SM4-GCM",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose, or approve, that every key moves under another key-encryption key; switches stop."""
    from switch.cli.key_rewrap import rewrap as run

    run(
        context.obj, from_kek_file, from_algorithm, officer, key_file, passphrase_file, reason,
        approve,
    )  # fmt: skip


@app.command("list")
def list_keys(
    context: typer.Context,
    *,
    terminals: Annotated[bool, typer.Option("--terminals", help="Terminals' keys, too.")] = False,
    json: AsJson = False,
) -> None:
    """List keys by their check values, with states and last days."""
    from switch.cli.key_report import list_keys as run

    run(context.obj, terminals=terminals, as_json=json)


@app.command()
def verify(context: typer.Context, *, json: AsJson = False) -> None:
    """Open every key and recompute every child held against its parent; exit 1 when one differs."""
    from switch.cli.key_report import verify as run

    raise typer.Exit(run(context.obj, as_json=json))


def _move(
    context: typer.Context,
    kind: Kind,
    keys: list[str],
    officer: str,
    key_file: Path,
    passphrase_file: Path | None,
    reason: str,
) -> None:
    from switch.cli.key_ceremony import move as run

    run(context.obj, kind, keys, officer, key_file, passphrase_file, reason)
