"""What the commands of keys do: the first ceremony, components, proposals, parcels.

A component is typed at this terminal and nowhere else: no argument, no file, no pipe, no echo; and
no process that opens keys may leave a core behind.
"""

import os
import re
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from getpass import getpass
from pathlib import Path

import psycopg

from switch.cli.acting import (
    make_key,
    open_office,
    read_passphrase,
    read_signer,
    tell_proposed,
    time_of,
    write_key,
)
from switch.cli.database import open_database
from switch.config import ConfigError, Settings
from switch.device.home import make_home, open_home
from switch.model.key import KeyKind, KeyState, KeyTier
from switch.office.change import Change, Kind
from switch.office.key_change import KeyFace, KeyLoad, Origin, Part, complete, parse_kcv
from switch.office.officer import parse_name
from switch.security.custody import KeySlot, wrap
from switch.security.port import KeyHome
from switch.security.suite import KEY_BYTES
from switch.store import key_office
from switch.store.founding import Founder, found
from switch.store.keys import all_records
from switch.store.office import Registrar, Signer


@dataclass(frozen=True, slots=True)
class Desk:
    """An officer at work on keys."""

    registrar: Registrar
    home: KeyHome
    signer: Signer
    at: datetime


@contextmanager
def _desk(
    settings: Settings, officer: str, key_file: Path, passphrase_file: Path | None
) -> Iterator[Desk]:
    no_core()
    signer = read_signer(officer, key_file, passphrase_file)
    home = open_home(settings)
    with open_office(settings) as registrar:
        yield Desk(registrar, home, signer, time_of(registrar))


def begin(
    settings: Settings, names: Sequence[str], files: Sequence[Path], passphrases: Sequence[Path]
) -> None:
    """Begin an empty database's office. Raises: ConfigError, Refused."""
    no_core()
    if len(names) != len(files) or (passphrases and len(passphrases) != len(names)):
        raise ConfigError("give each --founder a --key-file (and, if any, a --passphrase-file)")
    try:
        founders = [parse_name(name) for name in names]
    except ValueError as error:
        raise ConfigError(str(error)) from error
    home = make_home(settings, os.urandom(32))
    made, words = [make_key() for _ in founders], []
    for number, name in enumerate(founders):
        print(f"{name}:", file=sys.stderr)
        words.append(read_passphrase(passphrases[number] if passphrases else None, fresh=True))
    with open_database(settings) as url, psycopg.connect(url, autocommit=True) as conn:
        circle = [
            Founder(Signer(name, key.sign), key.public_key)
            for name, key in zip(founders, made, strict=True)
        ]
        with conn.transaction():
            records = found(conn, home, circle, datetime.now(UTC))
            for key, file, passphrase in zip(made, files, words, strict=True):
                write_key(key, file, passphrase)
    for record in records:
        print(f"{record.slot.key_id}  {record.kcv.hex()}  live")
    print(f"{' and '.join(founders)} 已登记 are enrolled, with the roles officers and keys")


def component(
    settings: Settings,
    key: str,
    part: int,
    of: int,
    kcv: str,
    officer: str,
    key_file: Path,
    passphrase_file: Path | None,
) -> None:
    """Take one component from the keyboard and keep it, wrapped. Raises: ConfigError, Refused."""
    slot, sheet = _slot(key), _kcv(kcv)
    if not sys.stdin.isatty():
        raise ConfigError("a component is typed at this terminal by its custodian, never piped in")
    with _desk(settings, officer, key_file, passphrase_file) as desk:
        typed = getpass(f"{officer}: 分量 component {part}/{of} of {key}, 32 hex digits, no echo: ")
        octets = _octets(typed)
        one = Part(part, of, officer, sheet)
        ready = key_office.enter_component(
            desk.registrar, desk.home, desk.signer, one, slot, octets, desk.at
        )
    print(f"分量 component {part}/{of} of {key}, KCV {sheet}: entered by {officer}")
    if complete(ready):
        print(f"all {of} lie ready: medswitch key import {key} --kcv KCV --officer NAME ...")
    else:
        print(f"{len(ready)} of {of} lie ready")


def import_components(
    settings: Settings,
    key: str,
    kcv: str,
    ends_on: date | None,
    officer: str,
    key_file: Path,
    passphrase_file: Path | None,
    reason: str,
) -> None:
    """Propose the key that the components make. Raises: KcvMismatch, Refused, ConfigError."""
    face = KeyFace(_slot(key).key_id, _kcv(kcv), ends_on)
    with _desk(settings, officer, key_file, passphrase_file) as desk:
        change = key_office.propose_components(
            desk.registrar, desk.home, desk.signer, face, reason, desk.at
        )
    _tell(change)


def import_parcels(
    settings: Settings,
    files: Sequence[Path],
    ends_on: date | None,
    officer: str,
    key_file: Path,
    passphrase_file: Path | None,
    reason: str,
) -> None:
    """Propose the keys in partners' parcels. Raises: KeyUnwrapFailed, KeyNotLive, Refused."""
    with _desk(settings, officer, key_file, passphrase_file) as desk:
        try:
            opened = [
                key_office.open_parcel(
                    desk.registrar.connection, desk.home, file.read_text("utf-8").strip()
                )
                for file in files
            ]
        except (ValueError, UnicodeDecodeError) as error:
            raise ConfigError(f"no parcel of ours: {error}") from error
        faces = tuple(replace(face, ends_on=ends_on) for face, _ in opened)
        load, records = KeyLoad(faces, Origin.WRAPPED), [record for _, record in opened]
        change = key_office.propose_load(
            desk.registrar, desk.home, desk.signer, load, records, reason, desk.at
        )
    _tell(change)


def generate(
    settings: Settings,
    keys: Sequence[str],
    ends_on: date | None,
    officer: str,
    key_file: Path,
    passphrase_file: Path | None,
    reason: str,
    *,
    live: bool,
) -> None:
    """Propose keys made here, of random bytes. Raises: ConfigError, Refused."""
    slots = [_slot(key) for key in keys]
    for slot in slots:
        if slot.kind is not KeyKind.VAULT and slot.tier is not KeyTier.MINISTRY:
            raise ConfigError(
                f"{slot.key_id} is not made here: it comes by components or under a transport key"
            )
    with _desk(settings, officer, key_file, passphrase_file) as desk:
        state = KeyState.LIVE if live else KeyState.PENDING
        records = [
            wrap(desk.home, slot, os.urandom(KEY_BYTES), key_office.nonce(), state)
            for slot in slots
        ]
        faces = tuple(KeyFace(one.slot.key_id, one.kcv.hex(), ends_on) for one in records)
        load = KeyLoad(faces, Origin.GENERATED, live=live)
        change = key_office.propose_load(
            desk.registrar, desk.home, desk.signer, load, records, reason, desk.at
        )
    _tell(change)


def rotate(
    settings: Settings,
    places: Sequence[str],
    ends_on: date | None,
    officer: str,
    key_file: Path,
    passphrase_file: Path | None,
    reason: str,
) -> None:
    """Propose the next version of keys made here. Raises: ConfigError, Refused."""
    with open_office(settings) as registrar:
        held = [record.slot for record in all_records(registrar.connection)]
    keys = []
    for place in places:
        versions = [slot.version for slot in held if slot.place == place]
        if not versions:
            raise ConfigError(f"no key of {place} is held; a place is a key's id without version")
        keys.append(f"{place}/{max(versions) + 1}")
    generate(settings, keys, ends_on, officer, key_file, passphrase_file, reason, live=True)


def move(
    settings: Settings,
    kind: Kind,
    keys: Sequence[str],
    officer: str,
    key_file: Path,
    passphrase_file: Path | None,
    reason: str,
) -> None:
    """Propose that keys go to another state. Raises: Refused, ConfigError."""
    with _desk(settings, officer, key_file, passphrase_file) as desk:
        change = key_office.propose_move(
            desk.registrar, desk.signer, kind, keys, reason, desk.at
        )  # fmt: skip
    tell_proposed(change)


def export(
    settings: Settings,
    parent: str,
    region: str,
    under: str,
    officer: str,
    key_file: Path,
    passphrase_file: Path | None,
    reason: str,
) -> None:
    """Propose that a child key leaves. Raises: Refused, KeyNotLive, ConfigError."""
    with _desk(settings, officer, key_file, passphrase_file) as desk:
        try:
            change = key_office.propose_export(
                desk.registrar, desk.home, desk.signer, parent, region, under, reason, desk.at
            )
        except ValueError as error:
            raise ConfigError(str(error)) from error
    tell_proposed(change)
    print(f"{change.content['child']}  {change.content['kcv']}")


def fetch_parcel(settings: Settings, change: int, file: Path) -> None:
    """Write an approved export's parcel to a new file. Raises: ConfigError."""
    with open_office(settings) as registrar:
        text = key_office.find_parcel(registrar.connection, change)
    if text is None:
        raise ConfigError(f"change {change} let no key out: an export is fetched once approved")
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"the parcel is not written to {file}: {error}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(f"{text}\n")
    print(f"{file}")


def no_core() -> None:
    """Let this process leave no core file: keys stand in its memory."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def _tell(change: Change) -> None:
    tell_proposed(change)
    for one in KeyLoad.read(change.content).keys:
        print(f"{one.key}  {one.kcv}")


def _slot(key: str) -> KeySlot:
    try:
        return KeySlot.named(key)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _kcv(text: str) -> str:
    try:
        return parse_kcv(text.lower())
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _octets(typed: str) -> bytes:
    """Return a component as it was typed, in groups or not. Raises: ConfigError, not quoting it."""
    digits = re.sub(r"[\s-]", "", typed)
    if not re.fullmatch(rf"[0-9A-Fa-f]{{{KEY_BYTES * 2}}}", digits):
        raise ConfigError(
            f"a component is {KEY_BYTES * 2} hex digits, not {len(digits)} characters"
        )
    return bytes.fromhex(digits)
