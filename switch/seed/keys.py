"""The keys of the synthetic province: what its issuer holds, and what the switch is given of it.

The issuer's file holds ministry keys and the terminals' seed: the card factory and the terminal
loader of a province that does not exist. The switch gets the province's keys, its vault keys and
each terminal's master key, wrapped. TEST USE: all of them follow from the province's number.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from switch.model.key import KeyFunction, KeyState
from switch.security.custody import WRAP_NONCE_BYTES, KeyRecord, KeySlot, wrap
from switch.security.demonstration import terminal_master_key
from switch.security.keys import province_key
from switch.security.port import KeyHome
from switch.security.suite import KEY_BYTES, Suite
from switch.seed.streams import bytes_of

PROVINCE: Final = "330000"
KEY_VERSION: Final = 1
ISSUER_FILE: Final = "issuer.json"

_TREES: Final = (KeyFunction.AUTH, KeyFunction.TAC)
_NOTE: Final = (
    "What the card factory and the terminal loader of the synthetic province hold: test use. "
    "No real key stands here, and the switch never reads this file."
)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Ministry keys by function and suite, and the seed of the terminals' keys. Test use."""

    ministry: Mapping[tuple[KeyFunction, Suite], bytes]
    terminal_seed: bytes

    def __repr__(self) -> str:
        return "Issuer(keys hidden)"


def make_issuer(random_seed: int) -> Issuer:
    """Return the issuer of the province with a number: always the same one."""
    ministry = {
        (function, suite): bytes_of(random_seed, f"ministry/{function}/{suite}", KEY_BYTES)
        for function in _TREES
        for suite in Suite
    }
    return Issuer(MappingProxyType(ministry), bytes_of(random_seed, "terminals", KEY_BYTES))


def write_issuer(issuer: Issuer, data_dir: Path) -> Path:
    """Write the issuer's file, readable by its owner only, over an older one; return its path."""
    content = {
        "note": _NOTE,
        "key_version": KEY_VERSION,
        "ministry": {
            function.value: {
                str(int(suite)): issuer.ministry[function, suite].hex() for suite in Suite
            }
            for function in _TREES
        },
        "terminal_seed": issuer.terminal_seed.hex(),
    }
    path = data_dir / ISSUER_FILE
    write_private(path, json.dumps(content, indent=2) + "\n")
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; an older one is replaced whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)


def switch_keys(issuer: Issuer, kek: KeyHome, random_seed: int) -> Iterator[KeyRecord]:
    """Yield the records of the province's keys and of the switch's own vault keys, live."""
    for (function, suite), ministry in issuer.ministry.items():
        slot = KeySlot.named(f"province/{PROVINCE}/{function}/{suite.name}/{KEY_VERSION}")
        yield _wrapped(kek, slot, province_key(suite, ministry, PROVINCE), random_seed)
    for function in (KeyFunction.NONCE, KeyFunction.SEAL):
        slot = KeySlot.named(f"vault/{function}/{KEY_VERSION}")
        yield _wrapped(
            kek, slot, bytes_of(random_seed, f"vault/{function}", KEY_BYTES), random_seed
        )


def terminal_key(
    issuer: Issuer, kek: KeyHome, random_seed: int, terminal_id: str, suite: Suite
) -> KeyRecord:
    """Return the record of a terminal's master key, live."""
    slot = KeySlot.named(terminal_key_id(terminal_id, suite))
    key = terminal_master_key(issuer.terminal_seed, terminal_id, suite, KEY_VERSION)
    return _wrapped(kek, slot, key, random_seed)


def terminal_key_id(terminal_id: str, suite: Suite) -> str:
    """Return the id of a terminal's first master key."""
    return f"terminal/{terminal_id}/{suite.name}/{KEY_VERSION}"


def _wrapped(kek: KeyHome, slot: KeySlot, key: bytes, random_seed: int) -> KeyRecord:
    # One nonce for one slot, suite and key: a second province of the same number under the same
    # KEK repeats whole records, never a nonce with another content.
    nonce = bytes_of(random_seed, f"nonce/{slot.key_id}/{slot.suite}", WRAP_NONCE_BYTES)
    return kek.housed(wrap(kek, slot, key, nonce, KeyState.LIVE))
