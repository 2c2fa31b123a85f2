"""A card issuer and key loader for demonstrations: ministry keys in an open file. Test use only.

Real ministry keys arrive in components under dual control and leave no vault; a real card is
written by a personalisation centre, a real terminal by an operator. What is made here opens
nothing but a demonstration switch.

The file: {"note": "...", "ministry": {"AUTH": {"1": hex, ...}, "TAC": {"1": hex, ...}},
"key_version": 1, "terminal_seed": hex}; "1", "2", "3" are the suites.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.card import CardFace, SoftwareCard
from clients.link import TerminalIdentity
from clients.voucher import VoucherIssuer
from switch.model.ids import InstitutionCode, TerminalId, card_region
from switch.security.kdf import DerivationKey, signin_context
from switch.security.keys import card_key, city_key, province_key
from switch.security.public_signature import PublicSigner
from switch.security.suite import KEY_BYTES, Suite

FUNCTIONS = ("AUTH", "TAC")


@dataclass(frozen=True, slots=True, repr=False)
class Issuer:
    """Demonstration keys: function → suite → ministry key, and the seed of terminal keys."""

    ministry: Mapping[str, Mapping[Suite, bytes]]
    key_version: int
    terminal_seed: bytes

    def personalise(self, face: CardFace, suite: Suite = Suite.SM4, atc: int = 0) -> SoftwareCard:
        """Return a card of the region its identifier names: ministry → province → city → card."""
        auth, tac = (self.card_key(function, suite, face) for function in FUNCTIONS)
        return SoftwareCard(face, suite, auth, tac, atc)

    def card_key(self, function: str, suite: Suite, face: CardFace) -> bytes:
        """Return one key of one card."""
        region = card_region(face.identifier)
        province = province_key(suite, self.ministry[function][suite], region)
        return card_key(suite, city_key(suite, province, region), face.identifier)

    def terminal(
        self, terminal_id: TerminalId, institution: InstitutionCode, suite: Suite = Suite.SM4
    ) -> TerminalIdentity:
        """Return a terminal with the key the demonstration's switch holds for it."""
        key = terminal_key(self.terminal_seed, terminal_id, suite, self.key_version)
        return TerminalIdentity(terminal_id, institution, suite, self.key_version, key)

    def vouchers(self, name: str = "demonstration") -> VoucherIssuer:
        """Return the demonstration's issuer of e-vouchers."""
        key = DerivationKey(Suite.SM4, self.terminal_seed)
        halves = (key.derive(b"demonstration-voucher", bytes([half])) for half in (1, 2))
        return VoucherIssuer(name, PublicSigner.p256(b"".join(halves)))

    def __repr__(self) -> str:
        return f"Issuer(version={self.key_version}, keys hidden)"


def terminal_key(seed: bytes, terminal_id: str, suite: Suite, key_version: int) -> bytes:
    """Return a demonstration terminal's master key: from the seed, so that both ends agree."""
    context = signin_context(suite, key_version, terminal_id)
    return DerivationKey(Suite.SM4, seed).derive(b"demonstration-terminal", context)


def read_issuer(path: Path) -> Issuer:
    """Return the issuer in a file. Raises: ValueError naming what is wrong; OSError."""
    return issuer_of(json.loads(path.read_text("utf-8")))


def issuer_of(stated: Mapping[str, Any]) -> Issuer:
    """Return the issuer a mapping states. Raises: ValueError naming what is wrong, never a key."""
    try:
        ministry = {
            function: {
                Suite(int(suite)): _key(text, f"ministry.{function}.{suite}")
                for suite, text in stated["ministry"][function].items()
            }
            for function in FUNCTIONS
        }
        version = int(stated["key_version"])
        seed = _key(stated["terminal_seed"], "terminal_seed")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the issuer file lacks {error}") from None
    return Issuer(ministry, version, seed)


def _key(text: str, name: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{name} is not hexadecimal") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"{name} has {len(key)} bytes: {KEY_BYTES} are needed")
    return key
