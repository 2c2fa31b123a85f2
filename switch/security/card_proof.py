"""What a card proves: the challenge it answers, the settle nonce, its cryptogram, its TAC.

Pure functions of a key handed in, used alike by the switch, which verifies, and by a software card,
which signs.
Must not know: the registry, the clock, which keys are held.
Source: design, section 5.
"""

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from hmac import compare_digest

from switch.model.ids import BEIJING
from switch.security.encode import fixed, lp, text, u8, u32, u64
from switch.security.errors import NonceExpired, NonceMismatch
from switch.security.mac import MacKey, compute_mac
from switch.security.seal import sm3
from switch.security.suite import Suite

CARD_IDENTIFIER_BYTES = 16
CHALLENGE_BYTES = 16
PROOF_BYTES = 8
SETTLE_NONCE_BYTES = 16
SETTLE_NONCE_LIFE_MS = 600_000
TIME_BCD_BYTES = 7

_MS = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CardOperation(IntEnum):
    """What a card is asked to prove; the number is part of the challenge."""

    READ_MEMBER = 1
    PRESETTLE = 2
    SETTLE = 3


def challenge(
    operation: CardOperation, terminal_id: str, request_id: str, total_fen: int, nonce: bytes = b""
) -> bytes:
    """Return the 16 bytes a card answers: one operation, terminal, request and amount.

    `nonce` is the settle nonce for SETTLE and empty for the others, so that nobody can collect
    signatures for later.
    Raises: ValueError for a nonce or a total the operation does not have; OverflowError for a total
    out of range.
    """
    nonce_bytes = SETTLE_NONCE_BYTES if operation is CardOperation.SETTLE else 0
    if len(nonce) != nonce_bytes:
        fixed(nonce, nonce_bytes, f"nonce of {operation.name}")
    if operation is CardOperation.READ_MEMBER and total_fen != 0:
        raise ValueError("ReadMember has no amount: its total is 0 fen")
    message = (
        u8(operation) + lp(text(terminal_id)) + lp(text(request_id)) + u64(total_fen) + lp(nonce)
    )
    return sm3(message)[:CHALLENGE_BYTES]


def settle_nonce(
    key: MacKey, card_identifier: bytes, terminal_id: str, total_fen: int, expiry_ms: int
) -> bytes:
    """Return the 16 bytes that allow one card to settle one total at one terminal for a while.

    Stateless: the nonce carries its own expiry (`expiry_ms`, since 1970 UTC) and proof. `key` is an
    SM4 vault key of function NONCE.
    Raises: ValueError unless the identifier has 16 bytes; OverflowError for a number out of range.
    """
    fixed(card_identifier, CARD_IDENTIFIER_BYTES, "card identifier")
    bound = card_identifier + lp(text(terminal_id)) + u64(total_fen) + u64(expiry_ms)
    return u64(expiry_ms) + key.compute(b"medswitch/settle-nonce/v1\0" + bound)[:PROOF_BYTES]


def verify_settle_nonce(
    key: MacKey,
    card_identifier: bytes,
    terminal_id: str,
    total_fen: int,
    now_ms: int,
    nonce: bytes,
) -> None:
    """Accept a nonce made here for this card, terminal and total, before its expiry.

    `now_ms` is since 1970 UTC. Genuine comes before expired: only who holds a nonce of ours learns
    that its time is over.
    Raises: NonceMismatch, NonceExpired; otherwise as `settle_nonce`.
    """
    expiry_ms = int.from_bytes(nonce[:8], "big")
    expected = settle_nonce(key, card_identifier, terminal_id, total_fen, expiry_ms)
    if not compare_digest(expected, nonce):
        raise NonceMismatch
    if now_ms >= expiry_ms:
        raise NonceExpired


def credential_identifier(credential: bytes) -> bytes:
    """Return the 16 bytes that stand in a card identifier's place: e-voucher or ID number."""
    return sm3(credential)[:CARD_IDENTIFIER_BYTES]


def card_auth_message(card_identifier: bytes, atc: int, challenge: bytes) -> bytes:
    """Return what a card signs for ReadMember and Presettle.

    Raises: ValueError unless identifier and challenge have 16 bytes.
    """
    fixed(card_identifier, CARD_IDENTIFIER_BYTES, "card identifier")
    fixed(challenge, CHALLENGE_BYTES, "challenge")
    return b"medswitch/card-auth/v1\0" + card_identifier + u64(atc) + challenge


def card_tac_message(
    card_identifier: bytes,
    atc: int,
    total_fen: int,
    fund_and_account_fen: int,
    time_bcd: bytes,
    challenge: bytes,
) -> bytes:
    """Return what a card signs for Settle: the amounts the patient saw and the card's time.

    Raises: ValueError for a wrong length; OverflowError for an amount outside 0..4,294,967,295 fen
    (decline such a claim AMOUNT_ABOVE_CARD_LIMIT before).
    """
    fixed(card_identifier, CARD_IDENTIFIER_BYTES, "card identifier")
    fixed(time_bcd, TIME_BCD_BYTES, "card time")
    fixed(challenge, CHALLENGE_BYTES, "challenge")
    amounts = u32(total_fen) + u32(fund_and_account_fen)
    return b"medswitch/card-tac/v1\0" + card_identifier + u64(atc) + amounts + time_bcd + challenge


def card_proof(suite: Suite, transaction_key: bytes, message: bytes) -> bytes:
    """Return the 8 bytes a card answers with, its cryptogram or its TAC.

    `transaction_key` is of function AUTH for `card_auth_message`, TAC for `card_tac_message`.
    Raises: ValueError unless the key has 16 bytes.
    """
    return compute_mac(suite, transaction_key, message)[:PROOF_BYTES]


def verify_card_proof(suite: Suite, transaction_key: bytes, message: bytes, proof: bytes) -> None:
    """Accept exactly the card's 8 bytes, in constant time.

    Raises: MacMismatch; ValueError unless the key has 16 bytes.
    """
    MacKey(suite, transaction_key).verify_leading(message, proof, PROOF_BYTES)


def epoch_ms(instant: datetime) -> int:
    """Return an aware instant in ms since 1970 UTC. Raises: TypeError for a naive one."""
    return (instant - _EPOCH) // _MS


def bcd_of_time(instant: datetime) -> bytes:
    """Return an aware instant as the card's time: 7 bytes BCD yyyyMMddHHmmss in Beijing time.

    Raises: ValueError for a naive instant.
    """
    if instant.tzinfo is None:
        raise ValueError("a naive time has no place on a card: give it a zone")
    return bytes.fromhex(instant.astimezone(BEIJING).strftime("%Y%m%d%H%M%S"))


def time_of_bcd(time_bcd: bytes) -> datetime:
    """Return the UTC instant of a card's time.

    Raises: ValueError unless it is 7 bytes BCD of a real time.
    """
    digits = fixed(time_bcd, TIME_BCD_BYTES, "card time").hex()
    if not digits.isdigit():
        raise ValueError("card time is not BCD")
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
    local = datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=BEIJING)
    return local.astimezone(UTC)
