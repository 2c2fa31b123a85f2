"""What MACs and card checks cost of a settlement, timed alone with the switch's own functions.

The same steps the switch takes for one Settle: request MAC, nonce, challenge, three derivations,
TAC, reply MAC; a fresh card and transaction key are inherent. Terminal keys are kept, as there.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Final

from switch.security import card_proof, mac
from switch.security.keys import diversify, transaction_key
from switch.security.suite import BlockCipher, Suite

_ROUNDS: Final = 15
_TIMES: Final = 400
_KEY: Final = bytes(range(16))
_SESSION: Final = bytes(16)
_TERMINAL: Final = "H330201100010001"
_METHOD: Final = "/medswitch.v1.SettlementService/Settle"
_REQUEST_ID: Final = "H33020110001201812011200000001"
_CARD: Final = bytes.fromhex("330299D1560000050000000000000001")
_AT: Final = bytes.fromhex("20181201120000")


def mac_card_us(request_bytes: int, reply_bytes: int) -> float:
    """Return the µs of one settlement's checks, the median of some rounds."""
    work = _one(bytes(request_bytes), bytes(reply_bytes))
    found = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        for _ in range(_TIMES):
            work()
        found.append((time.process_time() - begun) * 1_000_000 / _TIMES)
    return median(found)


def _one(request: bytes, reply: bytes) -> Callable[[], None]:
    session, nonces = mac.MacKey(Suite.SM4, _KEY), mac.MacKey(Suite.SM4, _KEY[::-1])
    city = BlockCipher(Suite.SM4, _KEY)
    nonce = card_proof.settle_nonce(nonces, _CARD, _TERMINAL, 10_000, 2**41)
    signed = mac.request_message(_METHOD, _TERMINAL, _SESSION, 1, request)
    request_mac = session.compute(signed)

    def check() -> None:
        message = mac.request_message(_METHOD, _TERMINAL, _SESSION, 1, request)
        session.verify(message, request_mac)
        card_proof.verify_settle_nonce(nonces, _CARD, _TERMINAL, 10_000, 0, nonce)
        asked = card_proof.challenge(
            card_proof.CardOperation.SETTLE, _TERMINAL, _REQUEST_ID, 10_000, nonce
        )
        tac_message = card_proof.card_tac_message(_CARD, 7, 10_000, 8_000, _AT, asked)
        key = transaction_key(Suite.SM4, diversify(city, _CARD[-8:]), 7)
        # A card that signs takes the step that the switch takes to compare.
        card_proof.card_proof(Suite.SM4, key, tac_message)
        session.compute(mac.reply_message(_METHOD, _TERMINAL, _SESSION, 1, request_mac, 0, reply))

    return check
