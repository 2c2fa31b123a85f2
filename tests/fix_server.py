"""Terminals, a vault, a clock and a store of sessions in memory: the server without a database."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from switch.model.ids import InstitutionCode, SessionId, TerminalId
from switch.model.terminal import Session, Terminal, TerminalClass
from switch.security import kdf
from switch.security.errors import TerminalKeyNotHeld
from switch.security.mac import MacKey
from switch.security.suite import Suite

NOW = datetime(2018, 12, 1, 2, 0, 0, tzinfo=UTC)
INSTITUTION = InstitutionCode("H33020000001")


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by


class CountedBytes:
    """Bytes that look random, differ each time, and are the same in every run."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, size_bytes: int) -> bytes:
        self._count += 1
        return hashlib.sha256(self._count.to_bytes(8, "big")).digest()[:size_bytes]


def key_of(terminal_id: str, suite: Suite, version: int = 1) -> bytes:
    """Return a terminal's master key in tests."""
    return hashlib.sha256(f"{terminal_id}/{suite}/{version}".encode()).digest()[:16]


class MemoryVault:
    """The two verbs on terminal keys, over keys given in the open."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, int], kdf.DerivationKey] = {}

    def add(self, terminal_id: str, suite: Suite, version: int = 1) -> None:
        key = kdf.DerivationKey(suite, key_of(terminal_id, suite, version))
        self._keys[terminal_id, version] = key

    def signin_key(self, terminal_id: str, key_version: int) -> MacKey:
        tmk, context = self._held(terminal_id, key_version)
        return MacKey(tmk.suite, kdf.signin_key(tmk, context))

    def session_key(
        self, terminal_id: str, key_version: int, nonce_t: bytes, nonce_s: bytes, session_id: bytes
    ) -> MacKey:
        tmk, context = self._held(terminal_id, key_version)
        return MacKey(tmk.suite, kdf.session_key(tmk, context, nonce_t, nonce_s, session_id))

    def _held(self, terminal_id: str, version: int) -> tuple[kdf.DerivationKey, bytes]:
        tmk = self._keys.get((terminal_id, version))
        if tmk is None:
            raise TerminalKeyNotHeld(terminal_id)
        return tmk, kdf.signin_context(tmk.suite, version, terminal_id)


class MemorySessions:
    """Terminal and session rows in memory, under the store's own promises; counts its look-ups."""

    def __init__(self) -> None:
        self.terminals: dict[str, Terminal] = {}
        self.rows: dict[bytes, Session] = {}
        self.looked_up = 0

    def register(
        self,
        terminal_id: str,
        suite: Suite,
        *,
        institution: str = INSTITUTION,
        last_day: date | None = None,
        terminal_class: TerminalClass = TerminalClass.INSTITUTION,
    ) -> None:
        self.terminals[terminal_id] = Terminal(
            TerminalId(terminal_id),
            InstitutionCode(institution),
            terminal_class,
            active=True,
            suites={1: (suite, last_day)},
        )

    async def terminal(self, terminal_id: TerminalId) -> Terminal | None:
        self.looked_up += 1
        return self.terminals.get(terminal_id)

    async def open(self, session: Session) -> bool:
        known = [r for r in self.rows.values() if r.terminal_id == session.terminal_id]
        if any(row.nonce_t == session.nonce_t for row in known):
            return False
        self.rows[session.session_id] = session
        live = sorted((r for r in known if r.ended_at is None), key=lambda row: row.opened_at)
        for row in live[: max(len(live) - 7, 0)]:
            await self.end(row.session_id, session.opened_at)
        return True

    async def session(self, session_id: SessionId) -> Session | None:
        self.looked_up += 1
        return self.rows.get(session_id)

    async def end(self, session_id: SessionId, at: datetime) -> None:
        self.rows[session_id] = replace(self.rows[session_id], ended_at=at)
