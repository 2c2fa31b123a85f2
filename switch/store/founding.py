"""The first ceremony: an empty database gets its vault keys, its genesis and its first officers.

Records are sealed under a vault key, and nobody may load a key before there are officers: so the
first two keys are made here, in the transaction that enrols the first two officers, and the genesis
says so. From then on every key takes a maker and a checker.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.model.key import KeyState
from switch.office.activation import genesis_content
from switch.office.key_change import GenesisKeys, KeyFace
from switch.office.officer import FOUNDERS, Role
from switch.office.refusal import Refusal, Refused
from switch.security.custody import KeyRecord, KeySlot, wrap
from switch.security.port import KeyHome
from switch.security.suite import KEY_BYTES
from switch.security.vault import SoftwareVault
from switch.store.effects import effects
from switch.store.key_office import nonce
from switch.store.keys import save_keys, terminal_digest
from switch.store.office import Registrar, Signer

FIRST_KEYS: Final = ("vault/SEAL/1", "vault/NONCE/1")
_EMPTY: Final = """
SELECT NOT EXISTS (SELECT FROM medswitch.audit_record)
    AND NOT EXISTS (SELECT FROM medswitch.vault_key)
"""


@dataclass(frozen=True, slots=True)
class Founder:
    """One of the first officers, with the key he signs with."""

    signer: Signer
    public_key: bytes


def found(
    conn: Connection[TupleRow], home: KeyHome, founders: Sequence[Founder], at: datetime
) -> list[KeyRecord]:
    """Begin the office of an empty database; return the keys made for it.

    The founders hold the roles `officers` and `keys`. Raises: Refused, and then nothing is there.
    """
    if len(founders) != FOUNDERS or len({one.signer.name for one in founders}) != FOUNDERS:
        raise Refused(Refusal.TOO_FEW_OFFICERS, f"the first ceremony takes {FOUNDERS} officers")
    with conn.transaction():
        row = conn.execute(_EMPTY).fetchone()
        if row is None or not row[0]:
            raise Refused(
                Refusal.NOT_THE_FIRST_RECORD, "this database holds keys or officers already"
            )
        records = [
            home.housed(
                wrap(home, KeySlot.named(key), os.urandom(KEY_BYTES), nonce(), KeyState.LIVE)
            )
            for key in FIRST_KEYS
        ]
        save_keys(conn, records)
        registrar = Registrar(conn, SoftwareVault(home, records), effects(home))
        registrar.begin({**genesis_content(()), **genesis_keys(conn, records).content()}, at)
        for one in founders:
            roles = frozenset({Role.OFFICERS, Role.KEYS})
            registrar.enrol(one.signer, one.public_key, roles, at)
        return records


def genesis_keys(conn: Connection[TupleRow], records: Sequence[KeyRecord]) -> GenesisKeys:
    """Return what the genesis says of the keys that stand before there is anybody to sign.

    Raises: ValueError for a key that is not live.
    """
    if any(one.state is not KeyState.LIVE for one in records):
        raise ValueError("keys of the genesis are live")
    count, digest = terminal_digest(conn)
    faces = tuple(KeyFace(one.slot.key_id, one.kcv.hex()) for one in records)
    return GenesisKeys(faces, count, digest)
