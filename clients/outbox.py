"""The outbox: every request that changes something, stored before it is sent.

A process that is killed between storing and sending, or between sending and reading the reply,
finds its request here with the very bytes it sent, and learns what became of it
(`TerminalClient.resolve`). One SQLite file, one process.
"""

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from switch.model.ids import BEIJING, InstitutionCode, RequestId, make_request_id

SEQUENCE_MAX: Final = 10_000
AHEAD_MAX: Final = timedelta(minutes=1)
"""How far ids may run ahead of the clock; the switch allows five minutes."""
BUSY_S: Final = 0.2
"""Whoever holds the file keeps it: there is no point in waiting."""

_SCHEMA: Final = """
create table if not exists request (
  request_id text primary key,
  method text not null,
  member_id text not null,
  total_fen integer not null,
  body blob not null,
  state text not null check (state in ('pending', 'answered', 'refused', 'undone')),
  reply blob,
  note text not null default ''
) without rowid;
create index if not exists request_pending on request (request_id) where state = 'pending';
"""


class EntryState(StrEnum):
    """What is known of a request."""

    PENDING = "pending"
    """Stored; perhaps sent, perhaps carried out."""
    ANSWERED = "answered"
    """A verified reply says what became of it; for a repeat it says the same."""
    REFUSED = "refused"
    """Its one attempt ended in a proven refusal of the message itself: it never posts."""
    UNDONE = "undone"
    """Reversed: it did not post, or no longer counts."""


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """A stored request. `method` is the short name; `note` names what undid it, or the refusal."""

    request_id: RequestId
    method: str
    member_id: str
    total_fen: int
    body: bytes
    state: EntryState = EntryState.PENDING
    reply: bytes | None = None
    note: str = ""

    def __repr__(self) -> str:
        return f"Entry({self.request_id}, {self.method}, {self.state})"


class OutboxBusy(Exception):
    """Another process holds this outbox: each process needs a file of its own."""


class Outbox:
    """Requests of one terminal process, on disk; `Outbox(":memory:")` keeps nothing (load tests).

    `sequences` is this terminal's share of its institution's sequence numbers, 0..9999 within each
    second: request ids belong to the institution, so no two of its terminals may share a number.
    Raises: OutboxBusy; ValueError for an empty share.
    """

    def __init__(
        self,
        path: Path | str,
        institution: InstitutionCode,
        now: Callable[[], datetime],
        sequences: range = range(SEQUENCE_MAX),
    ) -> None:
        if not sequences or sequences[0] < 0 or sequences[-1] >= SEQUENCE_MAX:
            raise ValueError(f"sequences {sequences} are no share of 0..9999")
        self._institution = institution
        self._now = now
        self._sequences = sequences
        self._lock = threading.Lock()
        self._database = sqlite3.connect(
            path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            # Exclusive: two processes would make the same ids. FULL: a commit outlives a power cut.
            self._database.executescript(
                "pragma locking_mode = exclusive; pragma journal_mode = wal;"
                "pragma synchronous = full;" + _SCHEMA
            )
        except sqlite3.OperationalError as error:
            self._database.close()
            raise OutboxBusy(f"{path} is in use by another process: {error}") from None
        newest = self._database.execute(
            "select max(request_id) from request where request_id >= ?", (institution,)
        ).fetchone()[0]
        self._second, self._place = _last_used(newest, sequences)

    def make_id(self) -> RequestId:
        """Return a new request id, later than every one before. Store it before sending it.

        Raises: RuntimeError when ids are used up for a minute ahead: the share is too small.
        """
        with self._lock:
            now = self._now().astimezone(BEIJING).replace(microsecond=0)
            if self._second is None or now > self._second:
                self._second, self._place = now, 0
            elif self._place + 1 < len(self._sequences):
                self._place += 1
            elif self._second - now < AHEAD_MAX:
                self._second, self._place = self._second + timedelta(seconds=1), 0
            else:
                raise RuntimeError(f"sequences {self._sequences} are used up a minute ahead")
            return make_request_id(self._institution, self._second, self._sequences[self._place])

    def store(self, entry: Entry) -> None:
        """Store a request durably, pending. Raises: ValueError when its id was stored before."""
        row = (entry.request_id, entry.method, entry.member_id, entry.total_fen, entry.body)
        with self._lock:
            try:
                self._database.execute(
                    "insert into request (request_id, method, member_id, total_fen, body, state)"
                    " values (?, ?, ?, ?, ?, 'pending')",
                    row,
                )
            except sqlite3.IntegrityError:
                raise ValueError(f"request {entry.request_id} is stored already") from None

    def close_entry(
        self, request_id: RequestId, state: EntryState, reply: bytes | None, note: str = ""
    ) -> None:
        """Write down what became of a request. A closed request is never opened again."""
        with self._lock:
            self._database.execute(
                "update request set state = ?, reply = coalesce(?, reply), note = ?"
                " where request_id = ? and (state = 'pending' or ? = 'undone')",
                (state, reply, note, request_id, state),
            )

    def pending(self) -> list[Entry]:
        """Return the requests whose outcome is not known, oldest first."""
        return self._select("where state = 'pending' order by substr(request_id, 13), request_id")

    def replied(self) -> list[Entry]:
        """Return the requests that a proven reply is kept of, oldest first."""
        return self._select("where reply is not null order by substr(request_id, 13), request_id")

    def entry(self, request_id: RequestId) -> Entry | None:
        """Return one request."""
        found = self._select("where request_id = ?", request_id)
        return found[0] if found else None

    def forget(self, before: datetime) -> int:
        """Delete closed requests made before an instant, by their ids; return how many."""
        limit = f"{before.astimezone(BEIJING):%Y%m%d%H%M%S}"
        with self._lock:
            return self._database.execute(
                "delete from request where state <> 'pending' and substr(request_id, 13, 14) < ?",
                (limit,),
            ).rowcount

    def close(self) -> None:
        """Close the file; another process may open it."""
        with self._lock:
            self._database.close()

    def _select(self, clause: str, *values: str) -> list[Entry]:
        with self._lock:
            rows = self._database.execute(
                "select request_id, method, member_id, total_fen, body, state, reply, note"
                f" from request {clause}",
                values,
            ).fetchall()
        return [
            Entry(
                RequestId(request_id), method, member, total, body, EntryState(state), reply, note
            )
            for request_id, method, member, total, body, state, reply, note in rows
        ]


def _last_used(newest: str | None, sequences: range) -> tuple[datetime | None, int]:
    """Return the second and the place in the share that the newest stored id used."""
    if newest is None:
        return None, 0
    text = newest[12:26]
    second = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    number = int(newest[26:])
    # A share that was changed meanwhile: go on in the next second.
    if number not in sequences:
        return second + timedelta(seconds=1), 0
    return second, sequences.index(number)
