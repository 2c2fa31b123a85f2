"""What the pipeline and the server need of the outside, as Protocols; `app` hands them in."""

from datetime import datetime
from typing import Protocol

from switch.model.answer import Answer
from switch.model.claim import Claim
from switch.model.ids import RequestId, SessionId, TerminalId
from switch.model.stages import GetSettlement, Inquiry, Recorded
from switch.model.terminal import Session, Terminal
from switch.security.suite import Suite


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the present instant, UTC and aware."""
        ...


class CardVault(Protocol):
    """The verbs on card keys; no key leaves it. Raises what `security.errors` documents."""

    def live_versions(self, region: str, suite: Suite) -> tuple[int, ...]:
        """Return the key versions under which cards of a region are accepted."""
        ...

    def verify_card_auth(
        self, card_identifier: bytes, suite: Suite, version: int, atc: int,
        challenge: bytes, cryptogram: bytes,
    ) -> None:  # fmt: skip
        """Accept exactly a card's cryptogram. Raises: MacMismatch, KeyNotLive."""
        ...

    def verify_tac(
        self, card_identifier: bytes, suite: Suite, version: int, atc: int, total_fen: int,
        fund_and_account_fen: int, time_bcd: bytes, challenge: bytes, tac: bytes,
    ) -> None:  # fmt: skip
        """Accept exactly a card's TAC. Raises: MacMismatch, KeyNotLive."""
        ...

    def settle_nonce(
        self, card_identifier: bytes, terminal_id: str, total_fen: int, expiry_ms: int
    ) -> bytes:
        """Return a settle nonce, 16 bytes."""
        ...

    def verify_settle_nonce(
        self, card_identifier: bytes, terminal_id: str, total_fen: int, now_ms: int, nonce: bytes
    ) -> None:
        """Accept exactly a nonce made here. Raises: NonceExpired, NonceMismatch."""
        ...


class Codec(Protocol):
    """Turns answers into the bytes that are recorded and sent."""

    def encode(self, method: str, answer: Answer) -> bytes:
        """Return the reply message of a method."""
        ...

    def settled_claim(self, request_id: RequestId, body: bytes) -> Claim:
        """Return the claim of a recorded Settle. Raises: Fault when the body is none."""
        ...

    def differing_field(self, method: str, recorded: bytes, received: bytes) -> str:
        """Return the name of the first field in which two request bodies differ."""
        ...


class Counter(Protocol):
    """Where requests are answered: the lanes of the store."""

    async def inquire(self, inquiry: Inquiry) -> bytes:
        """Answer ReadMember or Presettle. Raises: Fault."""
        ...

    async def post(self, operation: Recorded) -> bytes:
        """Answer Settle, Cancel or Reverse, only after the commit. Raises: Fault."""
        ...

    async def find(self, query: GetSettlement) -> bytes:
        """Answer GetSettlement. Raises: Fault."""
        ...


class SessionStore(Protocol):
    """Terminal and session rows: loaded before a MAC can be verified, nothing else is."""

    async def terminal(self, terminal_id: TerminalId) -> Terminal | None:
        """Return a terminal, or None when it is not registered."""
        ...

    async def open(self, session: Session) -> bool:
        """Store a session; False when (terminal, nonce_t) was used before, or its key has ended.

        At most eight sessions of a terminal stay live: the oldest ends.
        """
        ...

    async def session(self, session_id: SessionId) -> Session | None:
        """Return a session row, ended or not; None when there is none."""
        ...

    async def end(self, session_id: SessionId, at: datetime) -> None:
        """End a session, at once everywhere."""
        ...
