"""Key records in `vault_key`: wrapped always; only the vault opens them.

Terminal keys are read one terminal at a time, when it first signs in; all others at start.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.model.key import KeyFunction, KeyKind, KeyState, KeyTier
from switch.security.custody import KeyRecord, KeySlot
from switch.security.suite import Suite

_SHARED: Final = """
SELECT key_id, kind, tier, scope, function, suite, version, state, kek_id, nonce, wrapped, kcv
FROM medswitch.vault_key WHERE kind <> 'terminal' ORDER BY key_id
"""
_TERMINAL: Final = """
SELECT key_id, kind, tier, scope, function, suite, version, state, kek_id, nonce, wrapped, kcv
FROM medswitch.vault_key WHERE kind = 'terminal' AND scope = %s ORDER BY key_id
"""
_SAVE: Final = """
COPY medswitch.vault_key (key_id, kind, tier, scope, function, suite, version, state, ends_on,
    kek_id, nonce, wrapped, kcv) FROM STDIN
"""
_NO_END: Final[Mapping[str, date]] = MappingProxyType({})


def load_keys(conn: Connection[TupleRow]) -> list[KeyRecord]:
    """Return the records of all tier and vault keys, whatever their state."""
    return [_record(row) for row in conn.execute(_SHARED)]


def terminal_records(conn: Connection[TupleRow], terminal_id: str) -> list[KeyRecord]:
    """Return the records of one terminal's master keys; empty for an unknown terminal."""
    return [_record(row) for row in conn.execute(_TERMINAL, (terminal_id,))]


def save_keys(
    conn: Connection[TupleRow],
    records: Iterable[KeyRecord],
    *,
    ends_on: Mapping[str, date] = _NO_END,
) -> int:
    """Insert key records and return how many. `ends_on`: key id → last day, as TDES needs one.

    Raises: psycopg.errors.UniqueViolation when a key id or a key's place is taken.
    """
    count = 0
    with conn.cursor() as cursor, cursor.copy(_SAVE) as copy:
        for record in records:
            slot = record.slot
            copy.write_row(
                (
                    slot.key_id, slot.kind.value, slot.tier.value, slot.scope, slot.function.value,
                    int(slot.suite), slot.version, record.state.value, ends_on.get(slot.key_id),
                    record.kek_id, record.nonce, record.wrapped, record.kcv,
                )
            )  # fmt: skip
            count += 1
    return count


def _record(row: TupleRow) -> KeyRecord:
    slot = KeySlot(
        key_id=row[0],
        kind=KeyKind(row[1]),
        tier=KeyTier(row[2]),
        scope=row[3],
        function=KeyFunction(row[4]),
        suite=Suite(row[5]),
        version=row[6],
    )
    state, kek_id, nonce, wrapped, kcv = row[7:12]
    return KeyRecord(slot, KeyState(state), kek_id, bytes(wrapped), bytes(nonce), bytes(kcv))
