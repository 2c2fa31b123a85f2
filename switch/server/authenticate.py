"""A call within a session: proven fresh and genuine on its raw bytes, or refused without a word.

Nothing of the body is parsed, and nothing but session and terminal rows is read, before the MAC
is verified.
Source: design, section 4.
"""

from typing import Final

from switch.model.call import Authenticated, Received
from switch.pipeline.ports import Clock
from switch.security.errors import MacMismatch
from switch.security.mac import reply_message, request_message
from switch.server.proof import CallProof, Metadata, Refused, read_call_proof
from switch.server.sessions import LiveSession, Sessions
from switch.server.throttle import Alarms, Peer

FAILURES_MAX: Final = 1_000
"""Unproven failures after which a known session ends. Its terminal may sign in again."""


class TooLarge(Exception):
    """A message above what its suite may sign. Not verified, so not answered under a MAC."""


class Proven:
    """A proven call, and what signs its reply."""

    __slots__ = ("call", "live")

    def __init__(self, live: LiveSession, call: Authenticated) -> None:
        self.live = live
        self.call = call

    def sign(self, status: int, body: bytes) -> bytes:
        """Return the MAC of the reply: bound to this very request, its status and its bytes."""
        received = self.call.received
        message = reply_message(
            received.method, received.terminal_id, received.session_id, received.seq,
            received.mac, status, body,
        )  # fmt: skip
        return self.live.key.compute(message)


class Authenticator:
    """Proves calls against sessions, and counts what fails."""

    __slots__ = ("_alarms", "_clock", "_sessions")

    def __init__(self, clock: Clock, sessions: Sessions, alarms: Alarms) -> None:
        self._clock = clock
        self._sessions = sessions
        self._alarms = alarms

    async def authenticate(
        self, method: str, metadata: Metadata, body: bytes, peer: Peer
    ) -> Proven:
        """Return the call, proven. Raises: Refused, TooLarge."""
        now = self._clock.now()
        claimed = ""
        try:
            proof = read_call_proof(metadata)
            claimed = proof.terminal_id
            live = self._sessions.get(proof.session_id)
            if live is None or now >= live.fresh_until:
                live = await self._sessions.find(proof.session_id, peer, now)
            if len(body) > live.body_bytes_max:
                raise TooLarge
            refusal = _verify(method, proof, live, body)
            if refusal:
                await self._failed(live)
                raise Refused(refusal)  # noqa: TRY301 - counted below, with all others
            live.messages_left -= 1
            if live.messages_left < 0:
                await self._sessions.end(proof.session_id, now)
                raise Refused("session_used_up")  # noqa: TRY301 - the same
        except Refused as refused:
            self._alarms.refused(refused.kind, peer, claimed, now)
            raise
        row = live.row
        received = Received(
            method, row.terminal_id, row.session_id, proof.seq, proof.mac, body, now
        )
        return Proven(live, Authenticated(received, row.institution, row.terminal_class))

    async def still(self, opening: Proven, peer: Peer) -> LiveSession:
        """Return the session of an open stream as it stands, and count one message more.

        Raises: Refused when it has ended meanwhile.
        """
        now = self._clock.now()
        live = opening.live
        if now >= live.fresh_until or self._sessions.get(live.row.session_id) is not live:
            live = await self._sessions.find(live.row.session_id, peer, now)
        live.messages_left -= 1
        if live.messages_left < 0:
            await self._sessions.end(live.row.session_id, now)
            raise Refused("session_used_up")
        return live

    async def refused(self, kind: str, opening: Proven, peer: Peer) -> None:
        """Count a frame that was not proven fresh and genuine."""
        terminal_id = opening.live.row.terminal_id
        self._alarms.refused(kind, peer, terminal_id, self._clock.now())
        await self._failed(opening.live)

    async def end(self, proven: Proven) -> None:
        """End the session of a proven call."""
        received = proven.call.received
        await self._sessions.end(received.session_id, received.received_at)

    async def _failed(self, live: LiveSession) -> None:
        live.failures += 1
        if live.failures == FAILURES_MAX:
            await self._sessions.end(live.row.session_id, self._clock.now())


def _verify(method: str, proof: CallProof, live: LiveSession, body: bytes) -> str:
    """Return "" for a fresh, genuine message of this session, otherwise what is wrong with it."""
    terminal_id, session_id, seq, mac = proof
    if terminal_id != live.row.terminal_id:
        return "terminal_differs"
    try:
        live.key.verify(request_message(method, terminal_id, session_id, seq, body), mac)
    except MacMismatch:
        return "mac_mismatch"
    # "a window of 1,024 seqs, updated only after the MAC verified"
    return "" if live.window.take(seq) else "seq_repeated"
