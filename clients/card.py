"""A social security card in software, for tests: it holds keys a real chip never shows.

A real terminal asks the chip, through its PSAM, for the same two proofs; `Credential` is that seam.
Source: design, section 5.
"""

import threading
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from medswitch.v1 import common_pb2
from switch.model.ids import BEIJING, CardIdentifier, SocialSecurityNumber
from switch.security.card_proof import (
    CardOperation,
    bcd_of_time,
    card_auth_message,
    card_proof,
    card_tac_message,
    challenge,
)
from switch.security.keys import transaction_key
from switch.security.suite import Suite

SCHEME = "medswitch-1"


class Credential(Protocol):
    """What shows that the patient is present."""

    def prove(
        self, operation: CardOperation, terminal_id: str, request_id: str, total_fen: int
    ) -> common_pb2.Evidence:
        """Return the evidence for ReadMember (total 0) or Presettle."""
        ...

    def sign(
        self,
        terminal_id: str,
        request_id: str,
        total_fen: int,
        paid_fen: int,
        at: datetime,
        settle_nonce: bytes,
    ) -> common_pb2.Evidence:
        """Return the evidence for Settle; `paid_fen` is what funds and account pay together."""
        ...


@dataclass(frozen=True, slots=True)
class CardFace:
    """What a card says to everybody. All of it must agree with the registry."""

    identifier: CardIdentifier
    number: str
    social_security_number: SocialSecurityNumber
    specification: str
    issued_on: date
    expires_on: date


class SoftwareCard:
    """A card with its AUTH and TAC keys. Its counter lives as long as the object; shows no key."""

    def __init__(
        self, face: CardFace, suite: Suite, auth_key: bytes, tac_key: bytes, atc: int = 0
    ) -> None:
        self.face = face
        self.suite = suite
        self._auth_key = auth_key
        self._tac_key = tac_key
        self._atc = atc
        self._lock = threading.Lock()

    @property
    def atc(self) -> int:
        """The counter of the last operation."""
        return self._atc

    def prove(
        self, operation: CardOperation, terminal_id: str, request_id: str, total_fen: int
    ) -> common_pb2.Evidence:
        """Answer ReadMember or Presettle with an authentication cryptogram."""
        atc = self._next()
        asked = challenge(operation, terminal_id, request_id, total_fen)
        message = card_auth_message(self.face.identifier, atc, asked)
        key = transaction_key(self.suite, self._auth_key, atc)
        return self._evidence(atc, card_proof(self.suite, key, message), "")

    def sign(
        self,
        terminal_id: str,
        request_id: str,
        total_fen: int,
        paid_fen: int,
        at: datetime,
        settle_nonce: bytes,
    ) -> common_pb2.Evidence:
        """Sign a settlement with a TAC.

        Raises: OverflowError for an amount no card can sign (above 4,294,967,295 fen).
        """
        atc = self._next()
        asked = challenge(CardOperation.SETTLE, terminal_id, request_id, total_fen, settle_nonce)
        message = card_tac_message(
            self.face.identifier, atc, total_fen, paid_fen, bcd_of_time(at), asked
        )
        key = transaction_key(self.suite, self._tac_key, atc)
        signed_at = f"{at.astimezone(BEIJING):%Y%m%d%H%M%S}"
        return self._evidence(atc, card_proof(self.suite, key, message), signed_at)

    def __repr__(self) -> str:
        return f"SoftwareCard(…{self.face.identifier.hex()[-4:]}, {self.suite.name}, keys hidden)"

    def _next(self) -> int:
        with self._lock:
            self._atc += 1
            return self._atc

    def _evidence(self, atc: int, proof: bytes, signed_at: str) -> common_pb2.Evidence:
        face = self.face
        return common_pb2.Evidence(
            card=common_pb2.CardEvidence(
                scheme=SCHEME,
                identifier=face.identifier,
                number=face.number,
                social_security_number=face.social_security_number,
                specification=face.specification,
                issued_on=face.issued_on.isoformat(),
                expires_on=face.expires_on.isoformat(),
                atc=atc,
                proof=proof,
                signed_at=signed_at,
            )
        )


@dataclass(frozen=True, slots=True, repr=False)
class IdentityNumber:
    """Credential 02: the number alone, only where the insured place's policy allows it."""

    social_security_number: SocialSecurityNumber

    def prove(self, *_: object, **__: object) -> common_pb2.Evidence:
        """State the number."""
        return self._evidence()

    def sign(self, *_: object, **__: object) -> common_pb2.Evidence:
        """State the number again: there is no TAC without a card."""
        return self._evidence()

    def __repr__(self) -> str:
        return "IdentityNumber(…)"

    def _evidence(self) -> common_pb2.Evidence:
        return common_pb2.Evidence(
            identity=common_pb2.IdentityEvidence(social_security_number=self.social_security_number)
        )
