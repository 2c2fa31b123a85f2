"""Message encodings and MAC keys: misuse."""

import copy
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.security import encode, mac
from switch.security.errors import MacMismatch
from switch.security.mac import MacKey
from switch.security.suite import BlockCipher, Suite, cmac_function

KEY = bytes.fromhex("5d25b25fa3612ede6bf5e9a60a9c36e2")
SESSION = bytes(range(16))
MESSAGE = mac.request_message("/medswitch.v1.SettlementService/Settle", "T1", SESSION, 7, b"body")

suites = pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)


@suites
def test_mac_has_the_suites_length(suite: Suite) -> None:
    assert len(MacKey(suite, KEY).compute(MESSAGE)) == suite.mac_bytes


@suites
def test_each_flipped_bit_of_a_mac_is_refused(suite: Suite) -> None:
    key = MacKey(suite, KEY)
    right = key.compute(MESSAGE)
    key.verify(MESSAGE, right)
    for bit in range(len(right) * 8):
        wrong = bytearray(right)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MacMismatch):
            key.verify(MESSAGE, bytes(wrong))


@suites
def test_each_flipped_bit_of_a_message_is_refused(suite: Suite) -> None:
    key = MacKey(suite, KEY)
    right = key.compute(MESSAGE)
    for bit in range(len(MESSAGE) * 8):
        wrong = bytearray(MESSAGE)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MacMismatch):
            key.verify(bytes(wrong), right)


@suites
def test_a_mac_of_another_length_is_refused(suite: Suite) -> None:
    key = MacKey(suite, KEY)
    right = key.compute(MESSAGE)
    for wrong in (b"", right[:4], right[:-1], right + b"\0", right + right):
        with pytest.raises(MacMismatch):
            key.verify(MESSAGE, wrong)
        with pytest.raises(MacMismatch):
            mac.verify_mac(suite, KEY, MESSAGE, wrong)


@suites
def test_another_key_is_refused(suite: Suite) -> None:
    with pytest.raises(MacMismatch):
        mac.verify_mac(suite, SESSION, MESSAGE, MacKey(suite, KEY).compute(MESSAGE))


def test_a_mismatch_says_nothing() -> None:
    with pytest.raises(MacMismatch) as caught:
        MacKey(Suite.SM4, KEY).verify(MESSAGE, bytes(16))
    assert caught.value.args == ()
    assert caught.value.__cause__ is None


@suites
def test_a_session_check_is_eight_bytes_and_no_fewer(suite: Suite) -> None:
    key = MacKey(suite, KEY)
    right = mac.session_check(key, SESSION)
    assert len(right) == 8
    mac.verify_session_check(key, SESSION, right)
    for wrong in (b"", right[:7], right + b"\0", bytes(8)):
        with pytest.raises(MacMismatch):
            mac.verify_session_check(key, SESSION, wrong)


@suites
@pytest.mark.parametrize("size", [0, 8, 15, 17, 24, 32])
def test_a_key_of_another_length_is_refused(suite: Suite, size: int) -> None:
    for build in (MacKey, BlockCipher, cmac_function):
        with pytest.raises(ValueError, match=f"key has {size} bytes"):
            build(suite, KEY[:1] * size)


def test_a_part_of_a_block_is_refused_and_spoils_nothing() -> None:
    cipher = BlockCipher(Suite.SM4, KEY)
    before = cipher.encrypt(SESSION)
    with pytest.raises(ValueError, match="whole blocks"):
        cipher.encrypt(SESSION[:7])
    assert cipher.encrypt(SESSION) == before


@suites
def test_keys_show_nothing_and_are_neither_pickled_nor_copied(suite: Suite) -> None:
    for holder in (MacKey(suite, KEY), BlockCipher(suite, KEY)):
        for shown in (repr(holder), str(holder), f"{holder}"):
            assert "hidden" in shown
            assert KEY.hex() not in shown
            assert str(KEY) not in shown
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="holds a key") as caught:
                attempt(holder)
            assert KEY.hex() not in str(caught.value)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_lengths_keep_neighbours_apart(left: bytes, right: bytes) -> None:
    encoded = encode.lp(left) + encode.bp(right)
    at = 2 + int.from_bytes(encoded[:2], "big")
    assert encoded[2:at] == left
    assert encoded[at + 4 :] == right


def test_nothing_is_encoded_truncated() -> None:
    assert encode.lp(bytes(0xFFFF))[:2] == b"\xff\xff"
    too_much: tuple[Callable[[], bytes], ...] = (
        lambda: encode.lp(bytes(0x1_0000)),
        lambda: encode.u8(256),
        lambda: encode.u32(1 << 32),
        lambda: encode.u64(1 << 64),
        lambda: encode.u64(-1),
    )
    for attempt in too_much:
        with pytest.raises(OverflowError):
            attempt()
    with pytest.raises(UnicodeEncodeError):
        encode.text("终端")


@pytest.mark.parametrize("session_id", [b"", SESSION[:15], SESSION + b"\0"])
def test_a_session_id_of_another_length_is_refused(session_id: bytes) -> None:
    call = ("/m", "T1", session_id, 1)
    attempts: tuple[Callable[[], bytes], ...] = (
        lambda: mac.request_message(*call, b""),
        lambda: mac.reply_message(*call, b"", 0, b""),
        lambda: mac.frame_message(*call, 1, b""),
        lambda: mac.frame_reply_message(*call, 1, b"", 0, b""),
        lambda: mac.session_check_message(session_id),
    )
    for attempt in attempts:
        with pytest.raises(ValueError, match="session id has"):
            attempt()


def test_no_two_kinds_of_message_are_alike() -> None:
    call = ("/m", "T1", SESSION, 1)
    kinds = {
        mac.request_message(*call, b""),
        mac.reply_message(*call, b"", 0, b""),
        mac.frame_message(*call, 1, b""),
        mac.frame_reply_message(*call, 1, b"", 0, b""),
        mac.session_check_message(SESSION),
        mac.signin_message("T1", Suite.SM4, 1, b""),
        mac.signin_reply_message("T1", b"", 0, b""),
    }
    assert len(kinds) == 7


def test_a_list_digest_counts_and_keeps_order() -> None:
    digest = mac.ListDigest()
    assert digest.body() == mac.list_digest_body([])
    digest.add(b"a")
    digest.add(b"")
    # Asking in between changes nothing.
    assert digest.body() == mac.list_digest_body([b"a", b""])
    digest.add(b"b")
    assert digest.body() == mac.list_digest_body([b"a", b"", b"b"])
    assert digest.body() != mac.list_digest_body([b"b", b"", b"a"])
