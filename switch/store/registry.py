"""Terminals and institutions at the office: registered, blocked, unlocked, opened, and listed.

The effects of approved changes. A terminal's key is loaded by a change of its own; without one a
registered terminal can sign in to nothing. Blocking acts at once where money moves: posting reads
the terminal's row.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, LiteralString

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.office.change import Change, Decision
from switch.office.refusal import Refusal, Refused
from switch.office.registry import NamedTerminal, NewTerminal, Opening

_KNOWN: Final = """
SELECT EXISTS (SELECT FROM medswitch.institution WHERE code = %s AND %s = 'institution')
    OR EXISTS (SELECT FROM medswitch.agency WHERE code = %s AND %s = 'agency')
"""
_REGISTER: Final = """
INSERT INTO medswitch.terminal (terminal_id, institution, class, active)
VALUES (%s, %s, %s, true) ON CONFLICT DO NOTHING
"""
_BLOCK: Final = "UPDATE medswitch.terminal SET active = false WHERE terminal_id = %s AND active"
_UNBLOCK: Final = (
    "UPDATE medswitch.terminal SET active = true WHERE terminal_id = %s AND NOT active"
)
_UNLOCK: Final = "UPDATE medswitch.terminal SET unlocked_at = %s WHERE terminal_id = %s"
_OPEN: Final = """
UPDATE medswitch.institution SET cross_city_since = %s, cross_city_until = %s WHERE code = %s
"""
_EPOCH: Final = "UPDATE medswitch.epoch SET epoch = epoch + 1"
_TERMINALS: Final = """
SELECT t.terminal_id, t.institution, t.class, t.active, t.unlocked_at, s.software, s.signed_in_at,
    s.seen_at,
    (SELECT array_agg(k.version || ' ' || k.state || ' KCV ' || encode(k.kcv, 'hex')
            ORDER BY k.version)
        FROM medswitch.vault_key k WHERE k.kind = 'terminal' AND k.scope = t.terminal_id)
FROM medswitch.terminal t
LEFT JOIN medswitch.terminal_seen s ON s.terminal_id = t.terminal_id
WHERE %s IN ('', t.institution, t.terminal_id)
ORDER BY t.terminal_id
"""
_OPENED: Final = """
SELECT code, name, region, cross_city_since, cross_city_until FROM medswitch.institution
WHERE cross_city_since <= %s AND (cross_city_until IS NULL OR cross_city_until >= %s)
    AND left(region, 4) <> left(%s, 4)
ORDER BY code
"""


@dataclass(frozen=True, slots=True)
class ListedTerminal:
    """A terminal as operators see it: `keys` by version, state and check value, never more."""

    terminal_id: str
    institution: str
    terminal_class: str
    active: bool
    unlocked_at: datetime | None
    software: str | None
    signed_in_at: datetime | None
    seen_at: datetime | None
    keys: list[str] | None


@dataclass(frozen=True, slots=True)
class Opened:
    """An institution that is opened for patients of other cities."""

    code: str
    name: str
    region: str
    since: date
    until: date | None


def terminals(conn: Connection[TupleRow], wanted: str = "") -> list[ListedTerminal]:
    """Return terminals: of an institution, one by its id, or all."""
    return [ListedTerminal(*row) for row in conn.execute(_TERMINALS, (wanted,))]


def opened(conn: Connection[TupleRow], on: date, home: str) -> list[Opened]:
    """Return what is opened on a day for the people of a city, outside of it."""
    return [Opened(*row) for row in conn.execute(_OPENED, (on, on, home))]


def register(conn: Connection[TupleRow], change: Change, _: Decision) -> None:
    """Register a terminal: the effect of `register-terminal`. Raises: Refused."""
    wanted = NewTerminal.read(change.content)
    code, name = wanted.institution, wanted.terminal_class.value
    known = conn.execute(_KNOWN, (code, name, code, name)).fetchone()
    if known is None or not known[0]:
        raise Refused(Refusal.NO_SUCH_PLACE, f"there is no {name} {code}")
    if conn.execute(_REGISTER, (wanted.terminal_id, code, name)).rowcount != 1:
        raise Refused(Refusal.TERMINAL_TAKEN, f"{wanted.terminal_id} is registered already")


def block(conn: Connection[TupleRow], change: Change, _: Decision) -> None:
    """Block a terminal: the effect of `block-terminal`. Raises: Refused."""
    _turn(conn, _BLOCK, change, "is blocked, or not registered")


def unblock(conn: Connection[TupleRow], change: Change, _: Decision) -> None:
    """Let a terminal work again: the effect of `unblock-terminal`. Raises: Refused."""
    _turn(conn, _UNBLOCK, change, "is not blocked, or not registered")


def unlock(conn: Connection[TupleRow], change: Change, decision: Decision) -> None:
    """End the lock that followed a terminal's misuse: the effect of `unlock-terminal`.

    The lock itself stands in the processes that saw the misuse; each looks here. Raises: Refused.
    """
    wanted = NamedTerminal.read(change.content)
    if conn.execute(_UNLOCK, (decision.at, wanted.terminal_id)).rowcount != 1:
        raise Refused(Refusal.NO_SUCH_TERMINAL, f"{wanted.terminal_id} is not registered")


def open_institution(conn: Connection[TupleRow], change: Change, _: Decision) -> None:
    """Open an institution to other cities: the effect of `open-institution`. Raises: Refused."""
    wanted = Opening.read(change.content)
    values = (wanted.since, wanted.until, wanted.institution)
    if conn.execute(_OPEN, values).rowcount != 1:
        raise Refused(Refusal.NO_SUCH_PLACE, f"there is no institution {wanted.institution}")
    conn.execute(_EPOCH)


def _turn(
    conn: Connection[TupleRow], statement: LiteralString, change: Change, otherwise: str
) -> None:
    wanted = NamedTerminal.read(change.content)
    if conn.execute(statement, (wanted.terminal_id,)).rowcount != 1:
        raise Refused(Refusal.NO_SUCH_TERMINAL, f"{wanted.terminal_id} {otherwise}")
