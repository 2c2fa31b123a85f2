"""Sign-in (9001): a terminal proves its master key and both ends derive a session's.

Source: design, section 4 (Sign-in).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Final

from switch.model.fault import Fault, FaultReason
from switch.model.ids import BEIJING, SessionId
from switch.model.terminal import Session, Terminal
from switch.pipeline.ports import Clock
from switch.security.errors import MacMismatch
from switch.security.mac import MacKey, session_check, signin_message, signin_reply_message
from switch.server.authenticate import TooLarge
from switch.server.calllog import CallLog
from switch.server.ports import RandomBytes, ServerCodec
from switch.server.proof import Metadata, Refused, SigninProof, read_signin_proof
from switch.server.sessions import KeyEnded, Sessions
from switch.server.throttle import Alarms, Peer
from switch.wire.terminal import SigninReply

SIGNIN_BYTES_MAX: Final = 4_096
SKEW_MAX: Final = timedelta(minutes=5)
SESSION_LIFE_MAX: Final = timedelta(hours=24)
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class ProvenSignin:
    """A sign-in whose MAC is verified, and the key that signs its reply."""

    terminal: Terminal
    key: MacKey
    proof: SigninProof
    at: datetime
    session_ends_before: datetime
    key_ended: bool = False
    """Its key version is retired or suspended: it is told so, and gets no session."""

    def sign(self, status: int, body: bytes) -> bytes:
        """Return the MAC of the reply: bound to this very sign-in."""
        return self.key.compute(
            signin_reply_message(self.proof.terminal_id, self.proof.mac, status, body)
        )


class Signin:
    """Proves sign-ins and opens sessions."""

    def __init__(
        self,
        clock: Clock,
        sessions: Sessions,
        codec: ServerCodec,
        random_bytes: RandomBytes,
        alarms: Alarms,
        log: CallLog,
        session_life: timedelta = SESSION_LIFE_MAX,
    ) -> None:
        if not timedelta(0) < session_life <= SESSION_LIFE_MAX:
            raise ValueError(f"session_life {session_life} is outside 0..24 h")
        self._clock = clock
        self._sessions = sessions
        self._codec = codec
        self._random_bytes = random_bytes
        self._alarms = alarms
        self._log = log
        self._session_life = session_life

    async def prove(self, metadata: Metadata, body: bytes, peer: Peer) -> ProvenSignin:
        """Return the sign-in, its MAC verified. Raises: Refused, TooLarge."""
        now = self._clock.now()
        if len(body) > SIGNIN_BYTES_MAX:
            raise TooLarge
        claimed = ""
        try:
            proof = read_signin_proof(metadata)
            claimed = proof.terminal_id
            version = proof.key_version
            ended, last_day = False, None
            try:
                terminal, last_day = await self._sessions.find_terminal(
                    proof.terminal_id, version, peer, now
                )
                key = await self._sessions.signin_key(terminal, version, now)
            except KeyEnded as refused:
                # Only who signs under it is told that it has ended: anybody else learns nothing.
                terminal, ended = refused.terminal, True
                key = await self._sessions.ended_key(terminal, version)
            message = signin_message(proof.terminal_id, key.suite, version, body)
            try:
                key.verify(message, proof.mac)
            except MacMismatch:
                raise Refused("signin_mac_mismatch") from None
        except Refused as refusal:
            self._alarms.refused(refusal.kind, peer, claimed, now)
            raise
        ends = now + self._session_life
        if last_day is not None:
            # No session outlives the last day of its suite.
            midnight = datetime.combine(last_day + timedelta(days=1), clock_time(), BEIJING)
            ends = min(ends, midnight.astimezone(now.tzinfo))
        return ProvenSignin(terminal, key, proof, now, ends, ended)

    async def open(self, proven: ProvenSignin, body: bytes, peer: Peer) -> bytes:
        """Open the session and return the reply message.

        Raises: Fault CLOCK_SKEW, TERMINAL_KEY_ENDED or MALFORMED, to be signed; Refused for a
        nonce used before.
        """
        version = proven.proof.key_version
        if proven.key_ended:
            raise _key_ended(proven.terminal, version)
        wanted = self._codec.decode_signin(body)
        now = proven.at
        if abs(wanted.at - now) > SKEW_MAX:
            raise Fault(
                FaultReason.CLOCK_SKEW,
                "the terminal's clock is more than five minutes off",
            )
        terminal = proven.terminal
        suite, _ = terminal.suites[proven.proof.key_version]
        row = Session(
            session_id=SessionId(self._random_bytes(_ID_BYTES)),
            terminal_id=terminal.terminal_id,
            institution=terminal.institution,
            terminal_class=terminal.terminal_class,
            suite=suite,
            key_version=proven.proof.key_version,
            nonce_t=wanted.nonce_t,
            nonce_s=self._random_bytes(_ID_BYTES),
            opened_at=now,
            expires_at=proven.session_ends_before,
            ended_at=None,
        )
        key = await self._sessions.session_key(row)
        if not await self._sessions.open(row):
            known = await self._sessions.read_again(terminal.terminal_id, now)
            if version in known.ended:  # since its row was read
                raise _key_ended(known, version)
            self._alarms.refused("signin_repeated", peer, terminal.terminal_id, now)
            raise Refused("signin_repeated")
        self._sessions.keep(row, key, now)
        self._log.signed_in(terminal.terminal_id, row.key_version, row.expires_at)
        check = session_check(key, row.session_id)
        return self._codec.encode_signin(
            SigninReply(row.session_id, row.nonce_s, row.expires_at, now, check)
        )


def _key_ended(terminal: Terminal, version: int) -> Fault:
    live = ", ".join(map(str, sorted(terminal.suites))) or "none"
    return Fault(
        FaultReason.TERMINAL_KEY_ENDED,
        f"terminal key version {version} has ended; live versions: {live}. Sign in under a live "
        "one, or have a new key loaded into the terminal",
    )
