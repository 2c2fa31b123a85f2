"""Keys at rest: the record of a key, and how it is wrapped under a key-encryption key (KEK).

A wrapped key is bound to the record it stands in: moved to another record, or opened under another
KEK, it does not open.
Must not know: where records are stored, who may change their state, where nonces come from (they
are handed in, random, and never used twice under one KEK).
Source: design, section 5 (Custody); RFC 8998 (SM4-GCM); NIST SP 800-38D.
"""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol, Self, assert_never

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256, SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from switch.model.ids import parse_terminal_id
from switch.model.key import FUNCTIONS, KeyFunction, KeyKind, KeyState, KeyTier
from switch.security.encode import fixed, lp, text, u8, u32
from switch.security.errors import KcvMismatch, KeyUnwrapFailed
from switch.security.kcv import mac_key_kcv, tier_key_kcv, verify_kcv
from switch.security.keys import city_region, province_region, require_strong
from switch.security.suite import Suite, never_pickled

WRAP_NONCE_BYTES = 12
TAG_BYTES = 16
_PARTNER = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}")


class KekAlgorithm(StrEnum):
    """The cipher that wraps keys at rest."""

    SM4_GCM = "SM4-GCM"
    AES_256_GCM = "AES-256-GCM"

    @property
    def key_bytes(self) -> int:
        """Length of the key-encryption key, in bytes."""
        return 16 if self is KekAlgorithm.SM4_GCM else 32


@dataclass(frozen=True, slots=True)
class KeySlot:
    """What a key is: all that its wrapping is bound to, but for the KEK.

    `scope` is a province's or city's region code (330000, 330200), a terminal id, a transport
    key's partner, or empty for ministry and vault keys. A vault key's suite is SM4: NONCE signs by
    SM4-CMAC, SEAL by HMAC-SM3, both with 16 bytes; a transport key wraps by SM4-GCM.
    Raises: ValueError for parts that do not belong together.
    """

    key_id: str
    kind: KeyKind
    tier: KeyTier
    scope: str
    function: KeyFunction
    suite: Suite
    version: int

    def __post_init__(self) -> None:
        """Refuse a slot that means nothing, so that none is ever wrapped or stored."""
        if not self.key_id:
            raise ValueError("a key needs an id")
        if self.version < 1:
            raise ValueError(f"{self.key_id}: version {self.version} is below 1")
        if self.function not in FUNCTIONS[self.kind]:
            raise ValueError(f"{self.key_id}: a {self.kind} key has no function {self.function}")
        if (self.kind is KeyKind.TIER) != (self.tier is not KeyTier.NONE):
            raise ValueError(f"{self.key_id}: tier {self.tier!r} does not suit a {self.kind} key")
        if self.kind in {KeyKind.VAULT, KeyKind.TRANSPORT} and self.suite is not Suite.SM4:
            raise ValueError(f"{self.key_id}: a {self.kind} key is of suite SM4")
        if self.scope != _scope(self):
            raise ValueError(f"{self.key_id}: scope {self.scope!r} does not suit its tier")

    @property
    def place(self) -> str:
        """Return what the versions of a key share: what two live versions are counted by."""
        match self.kind:
            case KeyKind.TIER:
                words = [self.tier.value, self.scope, self.function.value, self.suite.name]
            case KeyKind.VAULT:
                words = [self.kind.value, self.function.value]
            case _:
                # A terminal may change its suite from one version to the next.
                words = [self.kind.value, self.scope]
        return "/".join(word for word in words if word)

    @classmethod
    def named(cls, key_id: str) -> Self:
        """Return the slot that a key id of the usual form names; it says all there is to say.

        ministry/AUTH/SM4/1 · province/330000/TAC/AES_128/1 · city/330200/AUTH/SM4/2 ·
        terminal/<id>/SM4/2 · vault/SEAL/1 · transport/<partner>/1
        Raises: ValueError.
        """
        words = key_id.split("/")
        number = words[-1]
        if not re.fullmatch(r"[1-9][0-9]{0,8}", number):
            raise ValueError(f"{key_id[:60]!r} is no key: its last part is a version, 1 or more")
        version = int(number)
        match words[:-1]:
            case [KeyTier.MINISTRY.value, function, suite]:
                parts = KeyKind.TIER, KeyTier.MINISTRY, "", function, suite
            case [(KeyTier.PROVINCE.value | KeyTier.CITY.value) as tier, scope, function, suite]:
                parts = KeyKind.TIER, KeyTier(tier), scope, function, suite
            case [KeyKind.TERMINAL.value, scope, suite]:
                parts = KeyKind.TERMINAL, KeyTier.NONE, scope, KeyFunction.TMK.value, suite
            case [KeyKind.VAULT.value, function]:
                parts = KeyKind.VAULT, KeyTier.NONE, "", function, Suite.SM4.name
            case [KeyKind.TRANSPORT.value, scope]:
                parts = KeyKind.TRANSPORT, KeyTier.NONE, scope, KeyFunction.WRAP.value, "SM4"
            case _:
                raise ValueError(
                    f"{key_id[:60]!r} is no key; write ministry/AUTH/SM4/1 or the like"
                )
        kind, tier_of, scope_of, function_of, suite_of = parts
        if suite_of not in Suite.__members__:
            raise ValueError(
                f"{suite_of[:20]!r} is no suite; known are {', '.join(Suite.__members__)}"
            )
        return cls(
            key_id, kind, tier_of, scope_of, KeyFunction(function_of), Suite[suite_of], version
        )


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One wrapped key as stored. Its state may change; everything else is bound to the wrapping.

    `wrapped` is ciphertext ‖ tag, `nonce` 12 bytes, `kcv` 3 bytes. Both are empty for a key that a
    device holds: `kek_id` then names the device.
    """

    slot: KeySlot
    state: KeyState
    kek_id: str
    wrapped: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    kcv: bytes

    def in_state(self, state: KeyState) -> "KeyRecord":
        """Return the same key in another state."""
        return replace(self, state=state)


class KeyWrapper(Protocol):
    """A key under which others are wrapped, in this process or in a device."""

    @property
    def kek_id(self) -> str:
        """Return the name that stands in every record it wrapped."""
        ...

    def seal(self, plain: bytes, nonce: bytes, associated_data: bytes) -> bytes:
        """Return ciphertext ‖ tag (16 bytes). Raises: ValueError unless the nonce has 12 bytes."""
        ...

    def open(self, sealed: bytes, nonce: bytes, associated_data: bytes) -> bytes:
        """Return what was sealed. Raises: KeyUnwrapFailed, whatever is wrong."""
        ...


class KeyEncryptionKey:
    """The key under which others rest. Shows no key and is not pickled."""

    __slots__ = ("_algorithm", "algorithm", "kek_id")

    def __init__(self, kek_id: str, algorithm: KekAlgorithm, key: bytes) -> None:
        """Take the key. Raises: ValueError unless it has 16 bytes (SM4) or 32 (AES-256)."""
        self.kek_id = kek_id
        self.algorithm = algorithm
        self._algorithm = _gcm_algorithm(algorithm, fixed(key, algorithm.key_bytes, "KEK"))

    def seal(self, plain: bytes, nonce: bytes, associated_data: bytes) -> bytes:
        """Return ciphertext ‖ tag (16 bytes). Raises: ValueError unless the nonce has 12 bytes."""
        fixed(nonce, WRAP_NONCE_BYTES, "wrapping nonce")
        encryptor = Cipher(self._algorithm, GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(plain) + encryptor.finalize() + encryptor.tag

    def open(self, sealed: bytes, nonce: bytes, associated_data: bytes) -> bytes:
        """Return what was sealed under the same key, nonce and associated data.

        Raises: KeyUnwrapFailed, whatever is wrong.
        """
        if len(nonce) != WRAP_NONCE_BYTES or len(sealed) < TAG_BYTES:
            raise KeyUnwrapFailed
        decryptor = Cipher(self._algorithm, GCM(nonce, sealed[-TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        try:
            return decryptor.update(sealed[:-TAG_BYTES]) + decryptor.finalize()
        except InvalidTag:
            raise KeyUnwrapFailed from None

    def held(self, record: KeyRecord) -> None:  # noqa: ARG002 - a port's verb
        """Return nothing: whatever it wraps rests in its record, and is opened from there."""
        return

    def housed(self, record: KeyRecord) -> KeyRecord:
        """Return the record as it is: a key rests where it was wrapped."""
        return record

    def __repr__(self) -> str:
        """Return id and algorithm only."""
        return f"KeyEncryptionKey({self.kek_id}, {self.algorithm}, key hidden)"

    __reduce__ = never_pickled


def wrap(
    kek: KeyWrapper,
    slot: KeySlot,
    key: bytes,
    nonce: bytes,
    state: KeyState = KeyState.PENDING,
) -> KeyRecord:
    """Return the record of a key, wrapped. `nonce` is 12 fresh random bytes.

    Raises: ValueError for a key that is none (see `keys.require_strong`) or a nonce of another
    length.
    """
    require_strong(slot.suite, key)
    wrapped = kek.seal(key, nonce, associated_data(slot, kek.kek_id))
    return KeyRecord(slot, state, kek.kek_id, wrapped, nonce, slot_kcv(slot, key))


def unwrap(kek: KeyWrapper, record: KeyRecord) -> bytes:
    """Return the 16 bytes of a key, proven by its tag and its check value.

    Raises: KeyUnwrapFailed naming the key and KEK ids.
    """
    slot = record.slot
    try:
        key = kek.open(record.wrapped, record.nonce, associated_data(slot, record.kek_id))
        verify_kcv(slot_kcv(slot, key), record.kcv)
    except (KeyUnwrapFailed, KcvMismatch, ValueError):
        # `from None`: the cause would carry nothing the ids do not say.
        raise KeyUnwrapFailed(
            f"key {slot.key_id} does not open under {kek.kek_id} (recorded: {record.kek_id}): "
            "wrong key-encryption key, or its record was altered"
        ) from None
    return key


def rewrap(record: KeyRecord, kek: KeyWrapper, new_kek: KeyWrapper, nonce: bytes) -> KeyRecord:
    """Return the same key in the same state under another KEK: rotation, or a transport key.

    Raises: KeyUnwrapFailed; ValueError for a nonce of another length.
    """
    return wrap(new_kek, record.slot, unwrap(kek, record), nonce, record.state)


def associated_data(slot: KeySlot, kek_id: str) -> bytes:
    """Return what a wrapping is bound to: `lp` of each part of the record that never changes.

    Source: design, section 5 (Custody). Suite is u8, version u32, the rest ASCII.
    """
    return b"".join(map(lp, (
        text(slot.key_id),
        text(slot.kind),
        text(slot.tier),
        text(slot.scope),
        text(slot.function),
        u8(slot.suite),
        u32(slot.version),
        text(kek_id),
    )))  # fmt: skip


def slot_kcv(slot: KeySlot, key: bytes) -> bytes:
    """Return a key's check value by the rule of its kind. Raises: ValueError unless it has 16
    bytes.
    """
    if slot.kind is KeyKind.TIER:
        return tier_key_kcv(slot.suite, key)
    return mac_key_kcv(slot.suite, key)


def _scope(slot: KeySlot) -> str:
    """Return the only scope this slot may have."""
    match slot.kind, slot.tier:
        case KeyKind.TIER, KeyTier.PROVINCE:
            return province_region(slot.scope)
        case KeyKind.TIER, KeyTier.CITY:
            return city_region(slot.scope)
        case KeyKind.TERMINAL, _:
            return parse_terminal_id(slot.scope)
        case KeyKind.TRANSPORT, _:
            if not _PARTNER.fullmatch(slot.scope):
                raise ValueError("a partner's name is 1..32 of a-z 0-9 . -")
            return slot.scope
        case _:
            return ""


def _gcm_algorithm(algorithm: KekAlgorithm, key: bytes) -> BlockCipherAlgorithm:
    match algorithm:
        case KekAlgorithm.SM4_GCM:
            return SM4(key)
        case KekAlgorithm.AES_256_GCM:
            return AES256(key)
        case _:
            assert_never(algorithm)
