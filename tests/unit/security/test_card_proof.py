"""Challenge, settle nonce, cryptogram, TAC and card time: misuse and bounds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.security import card_proof
from switch.security.card_proof import CardOperation
from switch.security.errors import MacMismatch, NonceExpired, NonceMismatch
from switch.security.mac import MacKey
from switch.security.seal import SealKey, seal, sm3
from switch.security.suite import Suite

KEY = bytes.fromhex("f9a8d01deee48be1f84fbbd6d7bbb2dc")
CARD = bytes.fromhex("639900d15600000500bf7c7a48fb4966")
REQUEST = "H33020100001201812010830000001"
NONCE = bytes(range(16))
CHALLENGE = bytes(range(16, 32))
NOW_MS = 1_543_624_200_000


def test_only_settle_has_a_nonce() -> None:
    for operation in (CardOperation.READ_MEMBER, CardOperation.PRESETTLE):
        with pytest.raises(ValueError, match="nonce of"):
            card_proof.challenge(operation, "T1", REQUEST, 0, NONCE)
    for nonce in (b"", NONCE[:8], NONCE + b"\0"):
        with pytest.raises(ValueError, match="nonce of SETTLE"):
            card_proof.challenge(CardOperation.SETTLE, "T1", REQUEST, 1, nonce)


def test_read_member_has_no_amount() -> None:
    with pytest.raises(ValueError, match="no amount"):
        card_proof.challenge(CardOperation.READ_MEMBER, "T1", REQUEST, 1)


def test_each_part_changes_the_challenge() -> None:
    made = {
        card_proof.challenge(CardOperation.PRESETTLE, "T1", REQUEST, 0),
        card_proof.challenge(CardOperation.READ_MEMBER, "T1", REQUEST, 0),
        card_proof.challenge(CardOperation.PRESETTLE, "T2", REQUEST, 0),
        card_proof.challenge(CardOperation.PRESETTLE, "T1", REQUEST[:-1] + "2", 0),
        card_proof.challenge(CardOperation.PRESETTLE, "T1", REQUEST, 1),
        card_proof.challenge(CardOperation.SETTLE, "T1", REQUEST, 0, NONCE),
        card_proof.challenge(CardOperation.SETTLE, "T1", REQUEST, 0, CHALLENGE),
    }
    assert len(made) == 7


def test_a_settle_nonce_lives_until_its_expiry() -> None:
    key = MacKey(Suite.SM4, KEY)
    expiry_ms = NOW_MS + card_proof.SETTLE_NONCE_LIFE_MS
    nonce = card_proof.settle_nonce(key, CARD, "T1", 100, expiry_ms)
    card_proof.verify_settle_nonce(key, CARD, "T1", 100, NOW_MS, nonce)
    card_proof.verify_settle_nonce(key, CARD, "T1", 100, expiry_ms - 1, nonce)
    for late in (expiry_ms, expiry_ms + 1):
        with pytest.raises(NonceExpired):
            card_proof.verify_settle_nonce(key, CARD, "T1", 100, late, nonce)


def test_a_settle_nonce_is_for_one_card_terminal_and_total() -> None:
    key = MacKey(Suite.SM4, KEY)
    nonce = card_proof.settle_nonce(key, CARD, "T1", 100, NOW_MS + 1)
    others = [
        (MacKey(Suite.SM4, NONCE), CARD, "T1", 100),
        (key, card_proof.credential_identifier(b"token"), "T1", 100),
        (key, CARD, "T2", 100),
        (key, CARD, "T1", 101),
    ]
    for other in others:
        with pytest.raises(NonceMismatch):
            card_proof.verify_settle_nonce(*other, NOW_MS, nonce)


def test_each_flipped_bit_and_other_length_of_a_settle_nonce_is_refused() -> None:
    """Its expiry too: nobody prolongs a nonce."""
    key = MacKey(Suite.SM4, KEY)
    nonce = card_proof.settle_nonce(key, CARD, "T1", 100, NOW_MS + 1)
    wrongs = [b"", nonce[:8], nonce[:15], nonce + b"\0"]
    for bit in range(len(nonce) * 8):
        wrong = bytearray(nonce)
        wrong[bit // 8] ^= 1 << bit % 8
        wrongs.append(bytes(wrong))
    for wrong_nonce in wrongs:
        with pytest.raises(NonceMismatch):
            card_proof.verify_settle_nonce(key, CARD, "T1", 100, NOW_MS, wrong_nonce)


def test_a_forged_expired_nonce_is_not_called_expired() -> None:
    key = MacKey(Suite.SM4, KEY)
    with pytest.raises(NonceMismatch):
        card_proof.verify_settle_nonce(key, CARD, "T1", 100, NOW_MS, bytes(16))


def test_another_credential_takes_the_identifiers_place() -> None:
    assert card_proof.credential_identifier(b"token") == sm3(b"token")[:16]


@pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)
def test_each_flipped_bit_and_other_length_of_a_proof_is_refused(suite: Suite) -> None:
    message = card_proof.card_tac_message(CARD, 1, 2, 1, bytes(7), CHALLENGE)
    right = card_proof.card_proof(suite, KEY, message)
    assert len(right) == 8
    card_proof.verify_card_proof(suite, KEY, message, right)
    wrongs = [b"", right[:4], right[:7], right + b"\0", MacKey(suite, KEY).compute(message) + b"\0"]
    for bit in range(64):
        wrong = bytearray(right)
        wrong[bit // 8] ^= 1 << bit % 8
        wrongs.append(bytes(wrong))
    for proof in wrongs:
        with pytest.raises(MacMismatch):
            card_proof.verify_card_proof(suite, KEY, message, proof)


def test_a_card_signs_amounts_of_32_bits() -> None:
    most = 4_294_967_295
    card_proof.card_tac_message(CARD, 1, most, most, bytes(7), CHALLENGE)
    for total, part in ((most + 1, 0), (0, most + 1), (-1, 0)):
        with pytest.raises(OverflowError):
            card_proof.card_tac_message(CARD, 1, total, part, bytes(7), CHALLENGE)


def test_parts_without_a_length_have_their_own() -> None:
    attempts: tuple[Callable[[], bytes], ...] = (
        lambda: card_proof.card_auth_message(CARD[:15], 1, CHALLENGE),
        lambda: card_proof.card_auth_message(CARD, 1, CHALLENGE[:15]),
        lambda: card_proof.card_tac_message(CARD[:15], 1, 1, 1, bytes(7), CHALLENGE),
        lambda: card_proof.card_tac_message(CARD, 1, 1, 1, bytes(6), CHALLENGE),
        lambda: card_proof.card_tac_message(CARD, 1, 1, 1, bytes(7), CHALLENGE + b"\0"),
        lambda: card_proof.settle_nonce(MacKey(Suite.SM4, KEY), CARD[:8], "T1", 1, 1),
    )
    for attempt in attempts:
        with pytest.raises(ValueError, match="are needed"):
            attempt()


def test_a_cards_time_is_beijings() -> None:
    instant = datetime(2018, 12, 1, 0, 30, tzinfo=UTC)
    assert card_proof.bcd_of_time(instant).hex() == "20181201083000"
    assert card_proof.time_of_bcd(bytes.fromhex("20181201083000")) == instant
    assert card_proof.epoch_ms(instant) == NOW_MS


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_a_cards_time_comes_back_to_the_second(instant: datetime) -> None:
    back = card_proof.time_of_bcd(card_proof.bcd_of_time(instant))
    assert timedelta() <= instant - back < timedelta(seconds=1)


@pytest.mark.parametrize(
    "digits",
    [
        "",
        "201812010830",
        "2018120108300a",
        "20181301083000",
        "20181232083000",
        "20181201250000",
        "2018120108300000",
        "00000000000000",
    ],
)
def test_what_is_no_time_is_refused(digits: str) -> None:
    with pytest.raises(ValueError):
        card_proof.time_of_bcd(bytes.fromhex(digits))


def test_a_naive_time_is_refused() -> None:
    naive = datetime(2018, 12, 1)
    with pytest.raises(ValueError, match="naive"):
        card_proof.bcd_of_time(naive)
    with pytest.raises(TypeError):
        card_proof.epoch_ms(naive)


def test_each_part_changes_a_seal() -> None:
    digest = sm3(b"journal")
    first = seal(KEY, 1, b"", [digest])
    made = {
        first,
        seal(CHALLENGE, 1, b"", [digest]),
        seal(KEY, 2, b"", [digest]),
        seal(KEY, 1, first, [digest]),
        seal(KEY, 1, b"", []),
        seal(KEY, 1, b"", [digest, digest]),
        seal(KEY, 1, digest, []),
    }
    assert len(made) == 7
    key = SealKey(KEY)
    key.verify(1, b"", [digest], first)
    for wrong in (b"", first[:31], first + b"\0", bytes(32)):
        with pytest.raises(MacMismatch):
            key.verify(1, b"", [digest], wrong)
    assert KEY.hex() not in repr(key)
