"""All keys move under another key-encryption key: to a new one, or from a file into a device.

What a key is does not change, so no record of it does; the rewrapping itself is a change like any
other. The switches stop meanwhile: they hold the old key-encryption key.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.office.change import Change, Decision, Kind
from switch.office.key_change import KeyRewrap
from switch.office.refusal import Refusal, Refused
from switch.security.custody import WRAP_NONCE_BYTES, KeyWrapper, rewrap
from switch.security.kcv import KCV_BYTES
from switch.security.port import KeyHome
from switch.security.vault import SoftwareVault
from switch.store.effects import effects
from switch.store.keys import all_records, load_keys, save_wrapping
from switch.store.office import Effect, Registrar, Signer
from switch.store.rule_books import bump_epoch

_OFFERED: Final = """
SELECT EXISTS (SELECT FROM medswitch.key_offer o JOIN medswitch.change c ON c.number = o.change
    WHERE c.state = 'waiting' AND c.expires_at > clock_timestamp())
"""
_FORGET_PARTS: Final = "DELETE FROM medswitch.key_component"
_QUESTION: Final = b"medswitch key-encryption key"


@dataclass(frozen=True, slots=True)
class Rewrapping:
    """The old home and the new one, both at hand."""

    old: KeyHome
    new: KeyHome

    def registrar(self, conn: Connection[TupleRow]) -> Registrar:
        """Return the office, sealing under the old home's keys."""
        kinds: Mapping[Kind, Effect] = {**effects(self.old), Kind.REWRAP_KEYS: self._do}
        return Registrar(conn, SoftwareVault(self.old, load_keys(conn)), kinds)

    def propose(
        self, conn: Connection[TupleRow], signer: Signer, reason: str, at: datetime
    ) -> Change:
        """Propose the rewrapping; return the change. Raises: Refused."""
        with conn.transaction():
            content = self._said().content()
            change = self.registrar(conn).propose(signer, Kind.REWRAP_KEYS, content, reason, at)
            self._check(conn)
            return change

    def _said(self) -> KeyRewrap:
        try:
            return KeyRewrap(self.old.kek_id, self.new.kek_id, check_of(self.new))
        except ValueError as error:
            raise Refused(Refusal.BAD_CONTENT, str(error)) from error

    def _check(self, conn: Connection[TupleRow]) -> None:
        row = conn.execute(_OFFERED).fetchone()
        if row is None or row[0]:
            raise Refused(
                Refusal.KEYS_ARE_OFFERED,
                "loads of keys wait: approve, refuse or withdraw them first",
            )

    def _do(self, conn: Connection[TupleRow], change: Change, _: Decision) -> None:
        if KeyRewrap.read(change.content) != self._said():
            raise Refused(
                Refusal.OTHER_HOME, f"change {change.number} is about other key-encryption keys"
            )
        self._check(conn)
        records = all_records(conn)
        for record in records:
            if record.kek_id == self.new.kek_id:
                continue
            if not record.wrapped:
                raise Refused(
                    Refusal.OTHER_HOME, f"{record.slot.key_id} is held by a device and stays there"
                )
            moved = rewrap(record, self.old, self.new, os.urandom(WRAP_NONCE_BYTES))
            save_wrapping(conn, self.new.housed(moved))
        conn.execute(_FORGET_PARTS)  # A ceremony under way is begun again.
        bump_epoch(conn)


def check_of(wrapper: KeyWrapper) -> str:
    """Return what shows two people that they have the same key-encryption key in hand, in hex.

    The first bytes of a tag under the zero nonce, which no wrapping uses.
    """
    return wrapper.seal(b"", bytes(WRAP_NONCE_BYTES), _QUESTION)[:KCV_BYTES].hex()
