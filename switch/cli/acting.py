"""An officer at the command line: the key file, the office with its vault, and what is shown."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import typer
from rich.console import Console

from switch.cli.database import open_database
from switch.config import ENVIRONMENT_PREFIX, ConfigError, Settings
from switch.device.home import open_home
from switch.model.ids import BEIJING
from switch.office.change import Change, Kind
from switch.office.kinds import TERMS
from switch.reassess.post import adjustments
from switch.security.errors import KeyFileRefused, KeyNotLive
from switch.security.signature import SEED_BYTES, SigningKey
from switch.security.vault import SoftwareVault
from switch.store.effects import effects
from switch.store.keys import load_keys
from switch.store.office import Registrar, Signer

PASSPHRASE: Final = f"{ENVIRONMENT_PREFIX}PASSPHRASE"
WIDTH: Final = 140
"""Columns of a table that no terminal bounds."""


@contextmanager
def open_office(settings: Settings, *, check: bool = True) -> Iterator[Registrar]:
    """Yield the office on an operator's connection; without `check`, though keys may be broken.

    Raises: ConfigError, psycopg.Error; KeyUnwrapFailed, VaultInconsistent.
    """
    home = open_home(settings)
    with open_database(settings) as url, psycopg.connect(url, autocommit=True) as connection:
        vault = SoftwareVault(home, load_keys(connection) if check else ())
        try:
            _ = vault.seal_version if check else 0
        except KeyNotLive as error:
            raise ConfigError(
                f"{error}: the office's records could not be sealed; an empty database begins with "
                "`medswitch key begin`"
            ) from error
        effected = {**effects(home), Kind.ADJUST_SETTLEMENTS: adjustments(vault)}
        yield Registrar(connection, vault, effected)


def time_of(registrar: Registrar) -> datetime:
    """Return the database's time: officers sit at many machines, the records have one clock."""
    return database_time(registrar.connection)


def database_time(connection: psycopg.Connection) -> datetime:
    """Return the same of a connection."""
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    if row is None:
        raise LookupError("the database tells no time")
    at: datetime = row[0]
    return at.astimezone(UTC)


def make_key() -> SigningKey:
    """Return a fresh key."""
    return SigningKey.of(os.urandom(SEED_BYTES))


def write_key(key: SigningKey, path: Path, passphrase: str) -> None:
    """Write a key file that only its owner may read; never over another. Raises: ConfigError."""
    try:
        pem = key.to_pem(passphrase)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the key is not written to {path}: {error}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)


def read_signer(name: str, path: Path, passphrase_file: Path | None) -> Signer:
    """Return an officer ready to sign. Raises: ConfigError."""
    try:
        pem = path.read_bytes()
        return Signer(name, SigningKey.from_pem(pem, read_passphrase(passphrase_file)).sign)
    except (OSError, KeyFileRefused) as error:
        raise ConfigError(f"{path} does not open: {error}") from error


def read_passphrase(file: Path | None, *, fresh: bool = False) -> str:
    """Return the passphrase from a file, the environment or the keyboard. Raises: ConfigError."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"no passphrase in {file}: {error}") from error
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    asked: str = typer.prompt(
        "口令 passphrase", hide_input=True, confirmation_prompt=fresh, err=True
    )
    return asked


def tell_proposed(change: Change) -> None:
    """Say that a change waits, and for whom."""
    terms = TERMS[change.kind]
    print(
        f"变更 {change.number} 待复核 · change {change.number} waits: {terms.zh} {change.kind}\n"
        f"until {moment(change.expires_at)} another officer with the role {terms.role} decides:\n"
        f"  medswitch change show {change.number}\n"
        f"  medswitch change approve {change.number} --officer NAME --key-file FILE"
    )


def moment(at: datetime) -> str:
    """Return an instant as officers read it: Beijing time, to the second."""
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def console() -> Console:
    """Return where tables are shown."""
    found = Console()
    return found if found.is_terminal else Console(width=WIDTH)
