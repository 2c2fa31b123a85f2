"""`medswitch anchor`: where every chain of seals stands today, signed, to be kept elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from switch.cli.options import KeyFile, OfficerName, PassphraseFile
from switch.config import ConfigError

app = typer.Typer(help="锚 · Anchors of the seal chains: make, check.", no_args_is_help=True)


@app.command()
def make(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Write anchor-DAY.txt here.")],
    officer: OfficerName,
    key_file: KeyFile,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write today's anchor; an auditor keeps it where nobody of the switch can write."""
    from switch.cli.acting import open_office, read_signer, time_of
    from switch.model.ids import BEIJING
    from switch.store.anchor import make_anchor

    signer = read_signer(officer, key_file, passphrase_file)
    with open_office(context.obj) as registrar:
        at = time_of(registrar)
        text = make_anchor(registrar.connection, signer, at)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"anchor-{at.astimezone(BEIJING):%Y-%m-%d-%H%M%S}.txt"
    path.write_text(text, encoding="utf-8")
    print(f"已写 written: {path}")


@app.command()
def check(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Anchors that were kept.")],
    public_key: Annotated[
        str | None, typer.Option(help="The officer's public key as the auditor knows it, hex.")
    ] = None,
) -> None:
    """Say whether the chains still are those that anchors knew; exit 1 when one is not."""
    import psycopg

    from switch.cli.acting import moment
    from switch.cli.database import open_database
    from switch.store.anchor import NotAnAnchor, check_anchor, read_anchor

    key = _key(public_key)
    broken = 0
    with open_database(context.obj) as url, psycopg.connect(url, autocommit=True) as connection:
        for path in files:
            try:
                anchor = read_anchor(path.read_text(encoding="utf-8"), key)
                found = list(check_anchor(connection, anchor))
                said = f"{moment(anchor.at)} {anchor.by}, {len(anchor.lanes)} 条链 lanes"
            except (NotAnAnchor, OSError, UnicodeDecodeError) as error:
                found, said = [str(error)], ""
            broken += bool(found)
            print(f"{'✘' if found else '✔'} {path}: {said}")
            for one in found:
                print(f"    {one}")
    raise typer.Exit(1 if broken else 0)


def _key(text: str | None) -> bytes | None:
    try:
        return None if text is None else bytes.fromhex(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no public key: {error}") from error
