"""An issuer of e-vouchers (电子凭证) in software, for tests and the demonstration.

A real one is the insured person's telephone and the national platform behind it.
"""

import os
from datetime import datetime, timedelta
from typing import Final

from clients.card import Credential
from medswitch.v1 import common_pb2
from switch.model.ids import SocialSecurityNumber
from switch.security.card_proof import epoch_ms
from switch.security.public_signature import SIGNATURE_BYTES, PublicSigner
from switch.security.voucher import NONCE_BYTES, Token

LIFE: Final = timedelta(minutes=5)


class Voucher(Credential):
    """A token, shown as often as it is asked for; the switch lets it settle once."""

    def __init__(self, token: bytes) -> None:
        self.token = token

    def prove(self, *_: object, **__: object) -> common_pb2.Evidence:
        """Show the token."""
        return self._evidence()

    def sign(self, *_: object, **__: object) -> common_pb2.Evidence:
        """Show the token again: there is no TAC without a card."""
        return self._evidence()

    def __repr__(self) -> str:
        return "Voucher(…)"

    def _evidence(self) -> common_pb2.Evidence:
        return common_pb2.Evidence(voucher=common_pb2.VoucherEvidence(token=self.token))


class VoucherIssuer:
    """Signs tokens under one key, SM2 or P-256."""

    def __init__(self, name: str, signer: PublicSigner) -> None:
        self.name = name
        self.signer = signer

    def issue(self, number: SocialSecurityNumber, at: datetime, life: timedelta = LIFE) -> Voucher:
        """Return a fresh token for a person, good from an instant on."""
        unsigned = Token(
            self.name, number, os.urandom(NONCE_BYTES), epoch_ms(at), epoch_ms(at + life),
            bytes(SIGNATURE_BYTES),
        )  # fmt: skip
        signature = self.signer.sign(unsigned.message)
        return Voucher(unsigned.encoded[:-SIGNATURE_BYTES] + signature)
