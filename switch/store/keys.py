"""Key records in `vault_key`: wrapped always; only the vault opens them.

Terminal keys are read one terminal at a time, when it first signs in; all others at start.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.model.key import KeyFunction, KeyKind, KeyState, KeyTier
from switch.office.key_ring import Held
from switch.security.custody import KeyRecord, KeySlot
from switch.security.encode import lp
from switch.security.seal import Sm3
from switch.security.suite import Suite

_SHARED: Final = """
SELECT key_id, kind, tier, scope, function, suite, version, state, kek_id, nonce, wrapped, kcv
FROM medswitch.vault_key WHERE kind <> 'terminal' ORDER BY key_id
"""
_TERMINAL: Final = """
SELECT key_id, kind, tier, scope, function, suite, version, state, kek_id, nonce, wrapped, kcv
FROM medswitch.vault_key WHERE kind = 'terminal' AND scope = %s ORDER BY key_id
"""
_ALL: Final = """
SELECT key_id, kind, tier, scope, function, suite, version, state, kek_id, nonce, wrapped, kcv
FROM medswitch.vault_key ORDER BY key_id
"""
_ONE: Final = """
SELECT key_id, kind, tier, scope, function, suite, version, state, kek_id, nonce, wrapped, kcv
FROM medswitch.vault_key WHERE key_id = %s
"""
_OF_PLACES: Final = """
SELECT v.key_id, v.kind, v.tier, v.scope, v.function, v.suite, v.version, v.state, v.kek_id,
    v.nonce, v.wrapped, v.kcv, v.ends_on
FROM medswitch.vault_key v
JOIN (SELECT DISTINCT kind, scope FROM unnest(%s::text[], %s::text[]) AS k(kind, scope)) AS k
    ON v.kind = k.kind AND v.scope = k.scope
ORDER BY v.key_id
"""
_PLACES_OF: Final = "SELECT kind, scope FROM medswitch.vault_key WHERE key_id = ANY(%s)"
_LAST_DAYS: Final = "SELECT key_id, ends_on FROM medswitch.vault_key WHERE ends_on IS NOT NULL"
_ENDS: Final = """
SELECT key_id, ends_on FROM medswitch.vault_key
WHERE ends_on <= %s AND state IN ('pending', 'live', 'suspended') ORDER BY ends_on, key_id
"""
_TERMINAL_KEYS: Final = """
SELECT key_id, kcv, ends_on FROM medswitch.vault_key WHERE kind = 'terminal'
"""
_REWRAP: Final = """
UPDATE medswitch.vault_key SET kek_id = %s, nonce = %s, wrapped = %s WHERE key_id = %s
"""
_MOVE: Final = "UPDATE medswitch.vault_key SET state = %s WHERE key_id = ANY(%s)"
_END_SESSIONS: Final = """
UPDATE medswitch.session s SET ended_at = %s FROM medswitch.vault_key v
WHERE v.key_id = ANY(%s) AND v.kind = 'terminal' AND s.terminal_id = v.scope
  AND s.key_version = v.version AND s.ended_at IS NULL
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


def all_records(conn: Connection[TupleRow]) -> list[KeyRecord]:
    """Return every record there is: terminals' too, by the thousand."""
    return [_record(row) for row in conn.execute(_ALL)]


def key_record(conn: Connection[TupleRow], key_id: str) -> KeyRecord | None:
    """Return one record."""
    row = conn.execute(_ONE, (key_id,)).fetchone()
    return None if row is None else _record(row)


def load_ring(conn: Connection[TupleRow], keys: Iterable[str]) -> dict[str, Held]:
    """Return the ring around some keys: every key of the same kind and scope.

    Keys that are not held yet count by what their ids say.
    """
    named = list(keys)
    pairs = conn.execute(_PLACES_OF, (named,)).fetchall()
    if len(pairs) < len(named):
        pairs += list(_named_pairs(named))
    rows = conn.execute(_OF_PLACES, ([kind for kind, _ in pairs], [scope for _, scope in pairs]))
    return {held.key: held for held in map(held_of, rows)}


def _named_pairs(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    for key in keys:
        with suppress(ValueError):
            slot = KeySlot.named(key)
            yield slot.kind.value, slot.scope


def held_of(row: TupleRow) -> Held:
    """Return what a row says that a change may know."""
    record = _record(row[:12])
    return Held(record.slot.key_id, record.slot.place, record.kcv.hex(), record.state, row[12])


def last_days(conn: Connection[TupleRow]) -> dict[str, date]:
    """Return the last day of every key that has one."""
    return dict(conn.execute(_LAST_DAYS).fetchall())


def ending(conn: Connection[TupleRow], by: date) -> list[tuple[str, date]]:
    """Return the keys in use or held ready whose last day comes by then, the first to end first."""
    return [(key, day) for key, day in conn.execute(_ENDS, (by,))]


def save_wrapping(conn: Connection[TupleRow], record: KeyRecord) -> None:
    """Replace how a key is wrapped; what it is, and its state, stay."""
    conn.execute(
        _REWRAP, (record.kek_id, record.nonce, record.wrapped, record.slot.key_id)
    )  # fmt: skip


def terminal_digest(conn: Connection[TupleRow]) -> tuple[int, str]:
    """Return how many terminal keys there are, and what stands for all of them in the genesis."""
    return digest_of(conn.execute(_TERMINAL_KEYS).fetchall())


def digest_of(keys: Iterable[tuple[str, bytes, date | None]]) -> tuple[int, str]:
    """Return the count of keys and one SM3 digest of ids, check values and last days."""
    digest, count = Sm3(), 0
    for key_id, kcv, ends_on in sorted(keys, key=lambda key: key[0]):
        last_day = "" if ends_on is None else ends_on.isoformat()
        digest.update(lp(key_id.encode()) + lp(kcv) + lp(last_day.encode()))
        count += 1
    return count, digest.digest().hex()


def move_keys(conn: Connection[TupleRow], keys: Iterable[str], to: KeyState, at: datetime) -> None:
    """Put keys in another state; the sessions of a terminal key that is not live end with it."""
    named = list(keys)
    conn.execute(_MOVE, (to.value, named))
    if to is not KeyState.LIVE:
        conn.execute(_END_SESSIONS, (at, named))


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
