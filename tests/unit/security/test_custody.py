"""Keys at rest: what a wrapping is bound to, and everything that does not open."""

import copy
import pickle
from dataclasses import replace

import pytest

from switch.model.key import KeyFunction, KeyKind, KeyState, KeyTier
from switch.security.custody import (
    KekAlgorithm,
    KeyEncryptionKey,
    KeySlot,
    associated_data,
    rewrap,
    unwrap,
    wrap,
)
from switch.security.errors import KeyUnwrapFailed
from switch.security.kcv import mac_key_kcv, tier_key_kcv
from switch.security.suite import Suite

KEY = bytes.fromhex("9f1e9afb6772d025ded627e7da592e59")
KEK_KEYS = {
    KekAlgorithm.SM4_GCM: bytes(range(16)),
    KekAlgorithm.AES_256_GCM: bytes(range(32)),
}
NONCE = bytes(range(12))
TIER = KeySlot(
    "p33-auth-1", KeyKind.TIER, KeyTier.PROVINCE, "330000", KeyFunction.AUTH, Suite.SM4, 1
)
TERMINAL = KeySlot("t1-1", KeyKind.TERMINAL, KeyTier.NONE, "T1", KeyFunction.TMK, Suite.SM4, 1)
VAULT = KeySlot("nonce-1", KeyKind.VAULT, KeyTier.NONE, "", KeyFunction.NONCE, Suite.SM4, 1)

algorithms = pytest.mark.parametrize("algorithm", KekAlgorithm)


def kek_of(
    algorithm: KekAlgorithm = KekAlgorithm.SM4_GCM, kek_id: str = "kek-1"
) -> KeyEncryptionKey:
    return KeyEncryptionKey(kek_id, algorithm, KEK_KEYS[algorithm])


@algorithms
@pytest.mark.parametrize("slot", [TIER, TERMINAL, VAULT], ids=lambda slot: slot.kind)
def test_a_wrapped_key_comes_back(algorithm: KekAlgorithm, slot: KeySlot) -> None:
    kek = kek_of(algorithm)
    record = wrap(kek, slot, KEY, NONCE)
    assert record.state is KeyState.PENDING
    assert record.kek_id == "kek-1"
    assert len(record.wrapped) == 32
    assert KEY not in record.wrapped
    rule = tier_key_kcv if slot is TIER else mac_key_kcv
    assert record.kcv == rule(slot.suite, KEY)
    assert unwrap(kek, record) == KEY
    assert unwrap(kek, record.in_state(KeyState.RETIRED)) == KEY


def test_the_wrapping_is_bound_to_eight_parts() -> None:
    """Design, section 5 (Custody): lp of each, in this order."""
    assert associated_data(TIER, "kek-1") == (
        b"\0\x0ap33-auth-1" b"\0\x04tier" b"\0\x08province" b"\0\x06330000"
        b"\0\x04AUTH" b"\0\x01\x01" b"\0\x04\0\0\0\x01" b"\0\x05kek-1"
    )  # fmt: skip


@pytest.mark.parametrize(
    "slot",
    [
        replace(TIER, key_id="p33-auth-2"),
        replace(TIER, tier=KeyTier.CITY, scope="330000"),
        replace(TIER, scope="340000"),
        replace(TIER, function=KeyFunction.TAC),
        replace(TIER, suite=Suite.AES_128),
        replace(TIER, version=2),
        replace(TERMINAL, key_id=TIER.key_id),
    ],
    ids=["key id", "tier", "scope", "function", "suite", "version", "kind"],
)
def test_a_wrapped_key_moved_to_another_record_does_not_open(slot: KeySlot) -> None:
    kek = kek_of()
    record = wrap(kek, TIER, KEY, NONCE)
    with pytest.raises(KeyUnwrapFailed, match=slot.key_id):
        unwrap(kek, replace(record, slot=slot))


def test_a_terminals_key_moved_to_another_terminal_does_not_open() -> None:
    record = wrap(kek_of(), TERMINAL, KEY, NONCE)
    with pytest.raises(KeyUnwrapFailed):
        unwrap(kek_of(), replace(record, slot=replace(TERMINAL, scope="T2")))


def test_another_kek_does_not_open_it() -> None:
    record = wrap(kek_of(), TIER, KEY, NONCE)
    others = [
        KeyEncryptionKey("kek-1", KekAlgorithm.SM4_GCM, bytes(16)),
        kek_of(KekAlgorithm.AES_256_GCM),
    ]
    for other in others:
        with pytest.raises(KeyUnwrapFailed, match="p33-auth-1"):
            unwrap(other, record)
    # The same key under another id: the record was moved to another KEK's.
    with pytest.raises(KeyUnwrapFailed):
        unwrap(kek_of(), replace(record, kek_id="kek-2"))


def damaged(right: bytes) -> list[bytes]:
    """Return every value one bit away, and some of other lengths."""
    wrongs = [b"", right[:-1], right + b"\0"]
    for bit in range(len(right) * 8):
        flipped = bytearray(right)
        flipped[bit // 8] ^= 1 << bit % 8
        wrongs.append(bytes(flipped))
    return wrongs


@algorithms
def test_each_flipped_bit_and_other_length_of_a_wrapping_is_refused(
    algorithm: KekAlgorithm,
) -> None:
    kek = kek_of(algorithm)
    record = wrap(kek, TIER, KEY, NONCE)
    wrongs = [replace(record, wrapped=wrapped) for wrapped in damaged(record.wrapped)]
    wrongs += [replace(record, nonce=nonce) for nonce in damaged(record.nonce)]
    wrongs += [replace(record, kcv=kcv) for kcv in damaged(record.kcv)]
    for wrong_record in wrongs:
        with pytest.raises(KeyUnwrapFailed):
            unwrap(kek, wrong_record)


def test_a_wrapping_of_no_whole_key_is_refused() -> None:
    """Genuine under the KEK, and still no key of 16 bytes."""
    kek = kek_of()
    record = wrap(kek, TIER, KEY, NONCE)
    wrapped = kek.seal(KEY + KEY, NONCE, associated_data(TIER, "kek-1"))
    with pytest.raises(KeyUnwrapFailed):
        unwrap(kek, replace(record, wrapped=wrapped))


def test_a_key_that_is_none_is_not_wrapped() -> None:
    for key in (bytes(16), KEY[:15], KEY + b"\0"):
        with pytest.raises(ValueError):
            wrap(kek_of(), TIER, key, NONCE)
    with pytest.raises(ValueError, match="single DES"):
        wrap(kek_of(), replace(TIER, suite=Suite.TDES), KEY[:8] * 2, NONCE)
    with pytest.raises(ValueError, match="wrapping nonce"):
        wrap(kek_of(), TIER, KEY, NONCE[:8])


@algorithms
def test_a_kek_of_another_length_is_refused(algorithm: KekAlgorithm) -> None:
    for size in (0, 15, 24, 48 - algorithm.key_bytes):
        with pytest.raises(ValueError, match=f"KEK has {size} bytes"):
            KeyEncryptionKey("kek-1", algorithm, KEY[:1] * size)


def test_rewrapping_keeps_key_and_state() -> None:
    old, new = kek_of(), kek_of(KekAlgorithm.AES_256_GCM, "kek-2")
    record = wrap(old, TIER, KEY, NONCE, KeyState.LIVE)
    moved = rewrap(record, old, new, bytes(12))
    assert (moved.slot, moved.state, moved.kcv) == (record.slot, record.state, record.kcv)
    assert moved.kek_id == "kek-2"
    assert unwrap(new, moved) == KEY
    with pytest.raises(KeyUnwrapFailed):
        unwrap(old, moved)
    with pytest.raises(KeyUnwrapFailed):
        rewrap(moved, old, new, NONCE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key_id": ""},
        {"version": 0},
        {"function": KeyFunction.TMK},
        {"function": KeyFunction.NONCE},
        {"tier": KeyTier.NONE},
        {"scope": "330200"},
        {"scope": ""},
        {"scope": "33000"},
        {"tier": KeyTier.CITY, "scope": "330299"},
        {"tier": KeyTier.MINISTRY},
        {"kind": KeyKind.TERMINAL},
        {"kind": KeyKind.VAULT},
    ],
    ids=str,
)
def test_a_slot_that_means_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        replace(TIER, **wrong)  # type: ignore[arg-type]


def test_a_terminal_key_needs_a_terminal_and_a_vault_key_sm4() -> None:
    for scope in ("", "t1", "T" * 33):
        with pytest.raises(ValueError, match="terminal id"):
            replace(TERMINAL, scope=scope)
    with pytest.raises(ValueError, match="SM4"):
        replace(VAULT, suite=Suite.AES_128)
    with pytest.raises(ValueError, match="scope"):
        replace(VAULT, scope="330000")


@algorithms
def test_nothing_shows_a_key(algorithm: KekAlgorithm) -> None:
    kek = kek_of(algorithm)
    record = wrap(kek, TIER, KEY, NONCE)
    with pytest.raises(KeyUnwrapFailed) as caught:
        unwrap(kek, replace(record, kcv=b"\0\0\0"))
    assert caught.value.__cause__ is None
    shown = " ".join(map(repr, (kek, record, caught.value, caught.value.__context__)))
    for secret in (KEY, KEK_KEYS[algorithm], record.wrapped):
        assert secret.hex() not in shown
        assert str(secret) not in shown
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds a key"):
            attempt(kek)
