"""Sessions known to this process: what is kept of them between two calls, and how it is loaded.

A session is a row; its key is derived, never stored. What is kept here is believed for a few
seconds before the row is read again, and the posting transaction reads it once more: sign-out and
blocking act at once where money moves.
"""

from collections import OrderedDict
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from switch.model.ids import BEIJING, SessionId, TerminalId
from switch.model.terminal import Session, Terminal
from switch.pipeline.ports import SessionStore
from switch.security.errors import KeyNotLive, KeyUnwrapFailed, TerminalKeyNotHeld
from switch.security.mac import MacKey
from switch.security.suite import Suite
from switch.server.ports import LoadTerminalKey, TerminalVault
from switch.server.proof import Refused
from switch.server.replay import ReplayWindow
from switch.server.throttle import Peer, Throttle, address_of

SESSIONS_MAX: Final = 32_768
"""About 2 KB each, 64 MB. One put out and back has a new replay window; request ids still hold."""
TERMINALS_MAX: Final = 16_384
NONCES_MAX: Final = 16_384
FRESH_FOR: Final = timedelta(seconds=15)
"""How long a row read once is believed."""
AGAIN_AFTER: Final = timedelta(seconds=1)
"""After how long a terminal's row is read again for a key version that it did not have."""
UNKNOWN_FOR: Final = timedelta(seconds=10)
"""How long an id that has no row is refused unread."""
UNKNOWN_MAX: Final = 10_000

TDES_MESSAGES_MAX: Final = 2**20
"""An 8-byte MAC's key signs no more requests than this."""
BODY_BYTES_MAX: Final = 2**20
TDES_BODY_BYTES_MAX: Final = 2**16

_log = structlog.get_logger("switch.server")


class KeyEnded(Refused):
    """A terminal names a key version of its own that is retired or suspended."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__("key_ended")
        self.terminal = terminal


class LiveSession:
    """A session in use: its row, its key, its replay window and its counts."""

    __slots__ = (
        "body_bytes_max", "failures", "fresh_until", "key", "messages_left", "row", "window",
    )  # fmt: skip

    def __init__(self, row: Session, key: MacKey, fresh_until: datetime) -> None:
        self.row = row
        self.key = key
        self.fresh_until = fresh_until
        self.window = ReplayWindow()
        self.failures = 0
        tdes = row.suite == Suite.TDES
        # No other suite comes near a limit in 24 hours; one comparison serves all.
        self.messages_left = TDES_MESSAGES_MAX if tdes else 2**48
        self.body_bytes_max = TDES_BODY_BYTES_MAX if tdes else BODY_BYTES_MAX


class Sessions:
    """The sessions and terminals this process may answer, loaded and bounded."""

    __slots__ = (
        "_live",
        "_load_key",
        "_nonces",
        "_store",
        "_terminals",
        "_throttle",
        "_unknown",
        "_vault",
    )

    def __init__(
        self,
        store: SessionStore,
        vault: TerminalVault,
        load_key: LoadTerminalKey,
        throttle: Throttle,
    ) -> None:
        self._store = store
        self._vault = vault
        self._load_key = load_key
        self._throttle = throttle
        self._live: OrderedDict[SessionId, LiveSession] = OrderedDict()
        self._unknown: OrderedDict[bytes | str, datetime] = OrderedDict()
        self._terminals: OrderedDict[TerminalId, tuple[Terminal, datetime]] = OrderedDict()
        self._nonces: OrderedDict[tuple[TerminalId, bytes], None] = OrderedDict()

    def get(self, session_id: SessionId) -> LiveSession | None:
        """Return a session kept here, fresh or not."""
        return self._live.get(session_id)

    async def find(self, session_id: SessionId, peer: Peer, now: datetime) -> LiveSession:
        """Return a session this process does not keep, or not fresh. Raises: Refused."""
        if session_id in self._live:
            return await self._load(session_id, now)
        address = self._guess(session_id, "session_unknown", peer, now)
        live = await self._load(session_id, now)
        self._throttle.give_back(address)
        return live

    async def find_terminal(
        self, terminal_id: TerminalId, version: int, peer: Peer, now: datetime
    ) -> tuple[Terminal, date | None]:
        """Return the terminal that signs in, and its key version's last day. Raises: Refused."""
        if terminal_id in self._terminals:
            return await self._terminal_in_force(terminal_id, version, now)
        address = self._guess(terminal_id, "terminal_unknown", peer, now)
        found = await self._terminal_in_force(terminal_id, version, now)
        self._throttle.give_back(address)
        return found

    def keep(self, row: Session, key: MacKey, now: datetime) -> LiveSession:
        """Keep a session just opened or loaded; the one longest unread leaves when full."""
        while len(self._live) >= SESSIONS_MAX:
            self._live.popitem(last=False)
        live = LiveSession(row, key, min(now + FRESH_FOR, row.expires_at))
        self._live[row.session_id] = live
        return live

    async def open(self, row: Session) -> bool:
        """Store a session; False when its terminal used this nonce before, or its key has ended."""
        # A captured sign-in, sent again and again, reaches the store once.
        used = (row.terminal_id, row.nonce_t)
        if used in self._nonces:
            return False
        while len(self._nonces) >= NONCES_MAX:
            self._nonces.popitem(last=False)
        self._nonces[used] = None
        return await self._store.open(row)

    async def read_again(self, terminal_id: TerminalId, now: datetime) -> Terminal:
        """Return a terminal's row as it stands now. Raises: Refused."""
        self._terminals.pop(terminal_id, None)
        return await self._terminal(terminal_id, now)

    async def end(self, session_id: SessionId, now: datetime) -> None:
        """End a session everywhere; what is kept here is forgotten first."""
        self._live.pop(session_id, None)
        await self._store.end(session_id, now)

    async def signin_key(self, terminal: Terminal, version: int, now: datetime) -> MacKey:
        """Return the key of a sign-in, of the suite registered with it. Raises: Refused, KeyEnded.

        A terminal's row is believed for a while; when its key has ended meanwhile, it is read anew.
        """
        try:
            key = await self._signin_key(terminal.terminal_id, version, refusing=False)
        except KeyNotLive as error:
            known = await self.read_again(terminal.terminal_id, now)
            if version in known.ended:
                raise KeyEnded(known) from None
            raise _key_missing(terminal.terminal_id, error) from None
        return _of_suite(key, terminal.suites[version][0])

    async def ended_key(self, terminal: Terminal, version: int) -> MacKey:
        """Return the key of a version that has ended, to say so under it. Raises: Refused."""
        try:
            key = await self._signin_key(terminal.terminal_id, version, refusing=True)
        except KeyNotLive as error:
            raise _key_missing(terminal.terminal_id, error) from None
        return _of_suite(key, terminal.ended[version])

    async def session_key(self, row: Session) -> MacKey:
        """Return the key of a session, derived again from its row. Raises: Refused."""
        wanted = (row.terminal_id, row.key_version, row.nonce_t, row.nonce_s, row.session_id)
        try:
            try:
                key = self._vault.session_key(*wanted)
            except (TerminalKeyNotHeld, KeyNotLive):
                await self._load_key(row.terminal_id, row.key_version)
                key = self._vault.session_key(*wanted)
        except (TerminalKeyNotHeld, KeyNotLive, KeyUnwrapFailed) as error:
            raise _key_missing(row.terminal_id, error) from None
        if key.suite != row.suite:
            raise Refused("suite_differs")
        return key

    async def _signin_key(self, terminal_id: TerminalId, version: int, *, refusing: bool) -> MacKey:
        """Return a sign-in key, the terminal's records read if the vault's do not fit.

        Raises: KeyNotLive, Refused.
        """
        try:
            try:
                return self._vault.signin_key(terminal_id, version, refusing=refusing)
            except (TerminalKeyNotHeld, KeyNotLive):
                await self._load_key(terminal_id, version)
                return self._vault.signin_key(terminal_id, version, refusing=refusing)
        except (TerminalKeyNotHeld, KeyUnwrapFailed) as error:
            raise _key_missing(terminal_id, error) from None

    async def _load(self, session_id: SessionId, now: datetime) -> LiveSession:
        row = await self._store.session(session_id)
        if row is None:
            self._remember_unknown(session_id, now)
            raise Refused("session_unknown")
        if row.ended_at is not None or now >= row.expires_at:
            self._live.pop(session_id, None)
            raise Refused("session_ended")
        await self._terminal_in_force(row.terminal_id, row.key_version, now)
        known = self._live.get(session_id)
        if known is None:
            key = await self.session_key(row)
            # Another call may have loaded it meanwhile: one window must see every number.
            known = self._live.get(session_id) or self.keep(row, key, now)
        known.row = row
        known.fresh_until = min(now + FRESH_FOR, row.expires_at)
        self._live.move_to_end(session_id)
        return known

    async def _terminal_in_force(
        self, terminal_id: TerminalId, version: int, now: datetime
    ) -> tuple[Terminal, date | None]:
        terminal = await self._terminal(terminal_id, now)
        if version not in terminal.suites and self._kept_long(terminal_id, now):
            # Perhaps a key was put in use since this row was read.
            self._terminals.pop(terminal_id)
            terminal = await self._terminal(terminal_id, now)
        if not terminal.active:
            raise Refused("terminal_blocked")
        registered = terminal.suites.get(version)
        if registered is None:
            if version in terminal.ended:
                raise KeyEnded(terminal)
            raise Refused("key_version_unknown")
        last_day = registered[1]
        if last_day is not None and now.astimezone(BEIJING).date() > last_day:
            raise Refused("suite_ended")
        return terminal, last_day

    def _kept_long(self, terminal_id: TerminalId, now: datetime) -> bool:
        """Say whether a kept terminal may be read again: at most once a second, whoever asks."""
        kept = self._terminals.get(terminal_id)
        return kept is not None and now >= kept[1] - FRESH_FOR + AGAIN_AFTER

    async def _terminal(self, terminal_id: TerminalId, now: datetime) -> Terminal:
        kept = self._terminals.get(terminal_id)
        if kept is not None and now < kept[1]:
            return kept[0]
        terminal = await self._store.terminal(terminal_id)
        if terminal is None:
            self._terminals.pop(terminal_id, None)
            self._remember_unknown(terminal_id, now)
            raise Refused("terminal_unknown")
        while len(self._terminals) >= TERMINALS_MAX:
            self._terminals.popitem(last=False)
        self._terminals[terminal_id] = (terminal, now + FRESH_FOR)
        self._terminals.move_to_end(terminal_id)
        return terminal

    def _guess(self, wanted: bytes | str, kind: str, peer: Peer, now: datetime) -> str:
        """Let an address look up an id not just looked up in vain. Raises: Refused."""
        until = self._unknown.get(wanted)
        if until is not None and now < until:
            raise Refused(kind)
        address = address_of(peer())
        if not self._throttle.take(address, now):
            raise Refused("throttled")
        return address

    def _remember_unknown(self, wanted: bytes | str, now: datetime) -> None:
        while len(self._unknown) >= UNKNOWN_MAX:
            self._unknown.popitem(last=False)
        self._unknown[wanted] = now + UNKNOWN_FOR


def _of_suite(key: MacKey, registered: int) -> MacKey:
    if key.suite != registered:
        raise Refused("suite_differs")
    return key


def _key_missing(terminal_id: TerminalId, error: Exception) -> Refused:
    # Ours, most likely: the operator must see it; the peer learns nothing.
    _log.error("terminal_key_missing", terminal=terminal_id, error=type(error).__name__)
    return Refused("terminal_key_missing")
