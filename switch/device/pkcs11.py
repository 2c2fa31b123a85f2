"""A PKCS#11 token: the key-encryption key never leaves it, and AES tier keys are derived in it.

No token standard has SM4: SM4 and TDES keys, terminal keys and vault keys rest wrapped under the
token's key-encryption key and are opened into this process. An AES tier key is put into the token
when its load is approved, and from then on no process sees it, nor any key below it.

One lock for the process: SoftHSM 2.6.1 dies of concurrent use (softhsm/SoftHSMv2 #688).
"""

from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Any, Final, Self

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import NoSuchKey, PKCS11Error, UserAlreadyLoggedIn

from switch.device.refused import DeviceRefused
from switch.model.key import KeyKind
from switch.security.card_proof import PROOF_BYTES
from switch.security.custody import (
    TAG_BYTES,
    WRAP_NONCE_BYTES,
    KeyRecord,
    KeySlot,
    KeyWrapper,
    unwrap,
    wrap,
)
from switch.security.encode import fixed
from switch.security.errors import KeyUnwrapFailed
from switch.security.keys import complemented, counter_bytes
from switch.security.port import TierKey, verify_leading
from switch.security.suite import KEY_BYTES, Suite, never_pickled

KEK_LABEL: Final = "medswitch-kek-1"

_LOCK: Final = RLock()
_AES_BITS: Final = KEY_BYTES * 8
_TIER: Final = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.ENCRYPT: False,
    Attribute.DECRYPT: False,
    Attribute.WRAP: False,
    Attribute.UNWRAP: False,
    Attribute.SIGN: True,
    Attribute.VERIFY: False,
    Attribute.DERIVE: True,
}
"""A tier key derives and signs. It encrypts nothing: one block of ECB would be a child key."""
_OUTGOING: Final = {**_TIER, Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True}


class Pkcs11Home:
    """A token, logged in to. Shows nothing of its PIN and is not pickled."""

    __slots__ = ("_kek", "_session", "kek_id")

    def __init__(self, kek_id: str, session: Any, kek: Any) -> None:
        """Take an open session and the key-encryption key's handle."""
        self.kek_id = kek_id
        self._session = session
        self._kek = kek

    @classmethod
    def log_in(cls, module: Path, token_label: str, pin: str, *, make: bool = False) -> Self:
        """Log in and find the key-encryption key; `make`: make one where there is none.

        Raises: DeviceRefused.
        """
        try:
            with _LOCK:
                token = pkcs11.lib(str(module)).get_token(token_label=token_label)
                session = _log_in(token, pin)
                kek = _kek_of(session, make=make)
        except (PKCS11Error, RuntimeError) as error:
            # `from None`: nothing of a library's error may carry the PIN to a log.
            raise DeviceRefused(
                f"token {token_label!r} of {module.name} cannot be used: {type(error).__name__}"
            ) from None
        return cls(f"pkcs11/{token_label}/{KEK_LABEL}", session, kek)

    def seal(self, plain: bytes, nonce: bytes, associated_data: bytes) -> bytes:
        """Return ciphertext ‖ tag under AES-256-GCM.

        Raises: ValueError unless the nonce has 12 bytes.
        """
        parameters = GCMParams(
            fixed(nonce, WRAP_NONCE_BYTES, "wrapping nonce"), associated_data, TAG_BYTES * 8
        )
        with _LOCK:
            sealed: bytes = self._kek.encrypt(
                plain, mechanism=Mechanism.AES_GCM, mechanism_param=parameters
            )
        return sealed

    def open(self, sealed: bytes, nonce: bytes, associated_data: bytes) -> bytes:
        """Return what was sealed. Raises: KeyUnwrapFailed, whatever is wrong."""
        if len(nonce) != WRAP_NONCE_BYTES or len(sealed) < TAG_BYTES:
            raise KeyUnwrapFailed
        parameters = GCMParams(nonce, associated_data, TAG_BYTES * 8)
        try:
            with _LOCK:
                plain: bytes = self._kek.decrypt(
                    sealed, mechanism=Mechanism.AES_GCM, mechanism_param=parameters
                )
        except PKCS11Error:
            # SoftHSM calls a wrong tag a general error: no difference is made of it here.
            raise KeyUnwrapFailed from None
        return plain

    def held(self, record: KeyRecord) -> TierKey | None:
        """Return a key of the token by its id. Raises: KeyUnwrapFailed when it is not there."""
        if record.wrapped or record.kek_id != self.kek_id:
            return None
        try:
            with _LOCK:
                handle = self._session.get_key(
                    object_class=ObjectClass.SECRET_KEY, label=record.slot.key_id
                )
        except PKCS11Error:
            raise KeyUnwrapFailed(
                f"key {record.slot.key_id} is not in {self.kek_id}, where its record says it is"
            ) from None
        return Pkcs11TierKey(self._session, handle)

    def housed(self, record: KeyRecord) -> KeyRecord:
        """Put an approved AES tier key into the token; any other stays wrapped in its record.

        Raises: KeyUnwrapFailed.
        """
        slot = record.slot
        if slot.kind is not KeyKind.TIER or slot.suite is not Suite.AES_128:
            return record
        key = unwrap(self, record)
        # One may be left by an approval whose transaction failed after this step.
        self.drop(record)
        with _LOCK:
            self._session.create_object({
                Attribute.CLASS: ObjectClass.SECRET_KEY,
                Attribute.KEY_TYPE: KeyType.AES,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: True,
                Attribute.LABEL: slot.key_id,
                Attribute.VALUE: key,
                **_TIER,
            })  # fmt: skip
        return KeyRecord(slot, record.state, self.kek_id, b"", b"", record.kcv)

    def drop(self, record: KeyRecord) -> None:
        """Take a key out of the token for ever."""
        with _LOCK, suppress(NoSuchKey):
            self._session.get_key(
                object_class=ObjectClass.SECRET_KEY, label=record.slot.key_id
            ).destroy()

    def __repr__(self) -> str:
        """Return the id only."""
        return f"Pkcs11Home({self.kek_id}, keys hidden)"

    __reduce__ = never_pickled


class Pkcs11TierKey:
    """An AES tier key by its handle in the token. Shows none, is not pickled."""

    __slots__ = ("_handle", "_parent", "_session")
    suite: Final = Suite.AES_128

    def __init__(self, session: Any, handle: Any, parent: tuple[Any, bytes] | None = None) -> None:
        """Take a handle; `parent`, for a derived key: the handle it came from, and by what."""
        self._session = session
        self._handle = handle
        self._parent = parent

    def derive(self, diversifier: bytes) -> "Pkcs11TierKey":
        """Return the child, a session object of the token. Raises: ValueError unless 8 bytes."""
        block = complemented(diversifier)
        with _LOCK:
            child = _derived(self._handle, block)
        return Pkcs11TierKey(self._session, child, (self._handle, block))

    def mac(self, message: bytes) -> bytes:
        """Return the AES-CMAC of a message under this key itself."""
        with _LOCK:
            signed: bytes = self._handle.sign(message, mechanism=Mechanism.AES_CMAC)
        return signed

    def verify(self, serial: bytes, atc: int, message: bytes, proof: bytes) -> None:
        """Accept exactly a card's proof; its two keys live in the token, for this call.

        Raises: MacMismatch; ValueError for a counter that is none.
        """
        blocks = complemented(serial), complemented(counter_bytes(atc))
        with _LOCK:
            card = _derived(self._handle, blocks[0])
            transaction = _derived(card, blocks[1])
            try:
                made: bytes = transaction.sign(message, mechanism=Mechanism.AES_CMAC)
            finally:
                transaction.destroy()
                card.destroy()
        verify_leading(made, proof, PROOF_BYTES)

    def kcv(self) -> bytes:
        """Return the check value, as the token computes it: the first 3 bytes of E_K(0…0)."""
        with _LOCK:
            value: bytes = self._handle[Attribute.CHECK_VALUE]
        return value

    def wrap(self, wrapper: KeyWrapper, slot: KeySlot, nonce: bytes) -> KeyRecord:
        """Return the record of a derived key under a transport key.

        It is derived once more, as a key that may leave, and stands in this process for the time
        of its wrapping. What was put into the token itself never leaves it.
        Raises: KeyUnwrapFailed for a key that was not derived.
        """
        if self._parent is None:
            raise KeyUnwrapFailed(f"{slot.key_id} is held by a device: it does not leave it")
        handle, block = self._parent
        with _LOCK:
            leaving = _derived(handle, block, _OUTGOING)
            try:
                key: bytes = leaving[Attribute.VALUE]
            finally:
                leaving.destroy()
        return wrap(wrapper, slot, key, nonce)

    def __repr__(self) -> str:
        """Return the suite only."""
        return f"Pkcs11TierKey({self.suite.name}, key hidden)"

    __reduce__ = never_pickled


def _derived(handle: Any, block: bytes, template: dict[Attribute, bool] = _TIER) -> Any:
    return handle.derive_key(
        KeyType.AES,
        _AES_BITS,
        mechanism=Mechanism.AES_ECB_ENCRYPT_DATA,
        mechanism_param=block,
        template=template,
        store=False,
    )


def _log_in(token: Any, pin: str) -> Any:
    try:
        return token.open(user_pin=pin, rw=True)
    except UserAlreadyLoggedIn:
        return token.open(rw=True)  # a login is the process's, not the session's


def _kek_of(session: Any, *, make: bool) -> Any:
    try:
        return session.get_key(object_class=ObjectClass.SECRET_KEY, label=KEK_LABEL)
    except NoSuchKey:
        if not make:
            raise
    return session.generate_key(
        KeyType.AES,
        256,
        label=KEK_LABEL,
        store=True,
        template={
            Attribute.PRIVATE: True,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.ENCRYPT: True,
            Attribute.DECRYPT: True,
            Attribute.WRAP: False,
            Attribute.UNWRAP: False,
            Attribute.SIGN: False,
            Attribute.DERIVE: False,
        },
    )
