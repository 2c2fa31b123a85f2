"""The vault: holds keys or references to them, gives none out, and does what they are for.

Every verb does its work or raises. Keys leave only as child keys wrapped under another key
(`export_child`). Tier keys stand where their home keeps them: Python cannot wipe memory, so where
they must not stand in a process the home is a device (`switch.device`) behind the same port.
Terminal, nonce and seal keys are opened here: their MACs are the hot path.
Must not know: sessions, claims, the store (records are handed in), the clock, random numbers.
Source: design, sections 4 and 5.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from hmac import compare_digest
from typing import TypeVar

from switch.model.key import KeyFunction, KeyKind, KeyState
from switch.security import card_proof, kdf
from switch.security.custody import KeyRecord, KeySlot, KeyWrapper, unwrap
from switch.security.errors import (
    KeyNotLive,
    KeyUnwrapFailed,
    NonceMismatch,
    TerminalKeyNotHeld,
    VaultInconsistent,
)
from switch.security.mac import MacKey
from switch.security.port import KeyHome, SoftwareTierKey, TierKey
from switch.security.seal import SealKey
from switch.security.suite import Suite, never_pickled
from switch.security.tree import TierKeys

_Value = TypeVar("_Value")

TERMINAL_KEYS_MAX = 16_384
"""Unwrapped terminal keys kept; one pushed out costs an unwrapping, about 15 us, when next used."""


class SoftwareVault:
    """Keys unwrapped in this process. Shows none and is not pickled.

    Tier and vault keys are opened at once; terminal keys when first used. The caller bounds how
    many records it hands in.
    """

    __slots__ = ("_home", "_nonce_keys", "_records", "_seal_keys", "_terminals", "_tiers", "_tmk")

    def __init__(self, home: KeyHome, records: Iterable[KeyRecord]) -> None:
        """Open the records. Raises: KeyUnwrapFailed, VaultInconsistent, both naming ids only."""
        self._home = home
        self._terminals: dict[tuple[str, int], KeyRecord] = {}
        self._tmk = lru_cache(maxsize=TERMINAL_KEYS_MAX)(self._open_terminal)
        others = []
        for record in records:
            if record.slot.kind is KeyKind.TERMINAL:
                self._add_terminal(record)
            else:
                others.append(record)
        self._open(others)

    def add(self, record: KeyRecord) -> None:
        """Take one more record, or the same key in another state; on an error nothing has changed.

        Raises: KeyUnwrapFailed (a terminal key's only when it is used), VaultInconsistent.
        """
        if record.slot.kind is KeyKind.TERMINAL:
            self._add_terminal(record)
            return
        # Tier and vault keys change by ceremony only, so all are opened and checked again.
        kept = (held for held in self._records.values() if held.slot != record.slot)
        self._open([*kept, record])

    def replace(self, records: Iterable[KeyRecord]) -> None:
        """Take these tier and vault keys in place of all held, and let go of terminals' keys.

        Terminals' records are handed in again when next used: each in the state it has by then. On
        an error nothing has changed. Raises: KeyUnwrapFailed, VaultInconsistent.
        """
        self._open(records)
        self._terminals.clear()
        self._tmk.cache_clear()

    def forget_cities(self) -> None:
        """Let go of derived city keys, as after a start: the next card of each is slower."""
        self._tiers.forget_cities()

    def serves(self, region: str, suite: Suite, version: int) -> bool:
        """Tell whether a region's cards can be verified under a version, for both functions.

        Raises: ValueError unless the region code is six digits.
        """
        return version in self.live_versions(region, suite)

    def live_versions(self, region: str, suite: Suite) -> tuple[int, ...]:
        """Return the versions a region's cards are accepted under, ascending; empty if not served.

        Raises: ValueError unless the region code is six digits.
        """
        return self._tiers.live_versions(region, suite)

    def verify_card_auth(
        self,
        card_identifier: bytes,
        suite: Suite,
        version: int,
        atc: int,
        challenge: bytes,
        cryptogram: bytes,
    ) -> None:
        """Accept exactly a card's cryptogram for ReadMember or Presettle.

        Raises: MacMismatch, RegionNotServed, KeyNotLive; ValueError for input that is no card's.
        """
        message = card_proof.card_auth_message(card_identifier, atc, challenge)
        self._tiers.verify(
            KeyFunction.AUTH, card_identifier, suite, version, atc, message, cryptogram
        )

    def verify_tac(
        self,
        card_identifier: bytes,
        suite: Suite,
        version: int,
        atc: int,
        total_fen: int,
        fund_and_account_fen: int,
        time_bcd: bytes,
        challenge: bytes,
        tac: bytes,
    ) -> None:
        """Accept exactly a card's TAC over a settlement.

        Raises: MacMismatch, RegionNotServed, KeyNotLive; ValueError for input that is no card's;
        OverflowError for an amount no card can sign.
        """
        message = card_proof.card_tac_message(
            card_identifier, atc, total_fen, fund_and_account_fen, time_bcd, challenge
        )
        self._tiers.verify(KeyFunction.TAC, card_identifier, suite, version, atc, message, tac)

    def holds_terminal_key(self, terminal_id: str, key_version: int) -> bool:
        """Tell whether a terminal's record was handed in, live or not."""
        return (terminal_id, key_version) in self._terminals

    def signin_key(self, terminal_id: str, key_version: int, *, refusing: bool = False) -> MacKey:
        """Return the key that signs a terminal's sign-in and its reply.

        `refusing`: a key that is retired or suspended, too, to say under it that it is.
        Raises: TerminalKeyNotHeld (hand the record in and ask again), KeyNotLive, KeyUnwrapFailed.
        """
        if refusing:
            tmk = self._ended_tmk(terminal_id, key_version)
        else:
            tmk = self._live_tmk(terminal_id, key_version)
        context = kdf.signin_context(tmk.suite, key_version, terminal_id)
        return MacKey(tmk.suite, kdf.signin_key(tmk, context))

    def session_key(
        self,
        terminal_id: str,
        key_version: int,
        nonce_t: bytes,
        nonce_s: bytes,
        session_id: bytes,
    ) -> MacKey:
        """Return the key of one session, the same whenever it is derived again.

        Raises: as `signin_key`; ValueError unless nonces and session id have 16 bytes.
        """
        tmk = self._live_tmk(terminal_id, key_version)
        context = kdf.signin_context(tmk.suite, key_version, terminal_id)
        return MacKey(tmk.suite, kdf.session_key(tmk, context, nonce_t, nonce_s, session_id))

    def settle_nonce(
        self, card_identifier: bytes, terminal_id: str, total_fen: int, expiry_ms: int
    ) -> bytes:
        """Return a settle nonce of 16 bytes under the newest live NONCE key.

        Raises: KeyNotLive when there is none; otherwise as `card_proof.settle_nonce`.
        """
        if not self._nonce_keys:
            raise KeyNotLive("no live NONCE key is held")
        newest = self._nonce_keys[0]
        return card_proof.settle_nonce(newest, card_identifier, terminal_id, total_fen, expiry_ms)

    def verify_settle_nonce(
        self, card_identifier: bytes, terminal_id: str, total_fen: int, now_ms: int, nonce: bytes
    ) -> None:
        """Accept a settle nonce of any live NONCE key: one made before a rotation stays good.

        Raises: NonceMismatch, NonceExpired; otherwise as `card_proof.verify_settle_nonce`.
        """
        for key in self._nonce_keys:
            try:
                card_proof.verify_settle_nonce(
                    key, card_identifier, terminal_id, total_fen, now_ms, nonce
                )
            except NonceMismatch:
                continue
            return
        raise NonceMismatch

    @property
    def seal_version(self) -> int:
        """Version of the newest live SEAL key: seal under it and store it beside the seal.

        Raises: KeyNotLive when there is none.
        """
        live = (version for version, (state, _) in self._seal_keys.items() if _is_live(state))
        newest = max(live, default=None)
        if newest is None:
            raise KeyNotLive("no live SEAL key is held")
        return newest

    def seal(self, version: int, number: int, previous: bytes, digests: Sequence[bytes]) -> bytes:
        """Return the 32-byte seal of one link; see `SealKey.seal`. Raises: KeyNotLive."""
        state, key = self._seal_key(version)
        if not _is_live(state):
            raise KeyNotLive(f"SEAL key version {version} is {state}")
        return key.seal(number, previous, digests)

    def verify_seal(
        self, version: int, number: int, previous: bytes, digests: Sequence[bytes], seal: bytes
    ) -> None:
        """Accept exactly the seal of one link; a retired key still verifies what it sealed.

        Raises: MacMismatch, KeyNotLive.
        """
        _, key = self._seal_key(version)
        key.verify(number, previous, digests, seal)

    def export_child(
        self, parent_id: str, child_id: str, region: str, kek: KeyWrapper, nonce: bytes
    ) -> KeyRecord:
        """Return the next tier's key for a region, pending, wrapped under a transport key.

        `nonce` is 12 fresh random bytes. Under maker and checker; card keys are not exported.
        Raises: KeyNotLive; ValueError for a city key, or a region of another province.
        """
        slot, key = self._tiers.child(parent_id, child_id, region)
        return key.wrap(kek, slot, nonce)

    def child_face(self, parent_id: str, region: str) -> tuple[KeySlot, bytes]:
        """Return slot and check value of the next tier's key for a region.

        Raises: as `export_child`.
        """
        slot, key = self._tiers.child(parent_id, parent_id, region)
        return replace(slot, key_id=f"{slot.place}/{slot.version}"), key.kcv()

    def __repr__(self) -> str:
        """Return counts only."""
        return (
            f"SoftwareVault({len(self._records)} tier and vault keys, "
            f"{len(self._terminals)} terminal keys, all hidden)"
        )

    __reduce__ = never_pickled

    def _open(self, records: Iterable[KeyRecord]) -> None:
        """Open tier and vault keys and check them; only then do they take the old ones' place."""
        by_id: dict[str, KeyRecord] = {}
        tiers: list[tuple[KeyRecord, TierKey]] = []
        nonce_keys: dict[int, MacKey] = {}
        seal_keys: dict[int, tuple[KeyState, SealKey]] = {}
        for record in records:
            slot = record.slot
            if slot.key_id in by_id:
                raise VaultInconsistent(f"key {slot.key_id} has two records")
            by_id[slot.key_id] = record
            if slot.kind is KeyKind.TIER:
                tiers.append((record, self._tier_key(record)))
                continue
            key = unwrap(self._home, record)
            if slot.kind is KeyKind.TRANSPORT:
                continue  # opened to prove it; it is opened again when it wraps
            if slot.function is KeyFunction.SEAL:
                _put_once(seal_keys, slot.version, (record.state, SealKey(key)), slot.key_id)
            elif _is_live(record.state):
                _put_once(nonce_keys, slot.version, MacKey(slot.suite, key), slot.key_id)
        self._tiers = TierKeys(tiers)
        self._nonce_keys = [nonce_keys[version] for version in sorted(nonce_keys, reverse=True)]
        self._seal_keys = seal_keys
        self._records = by_id

    def _tier_key(self, record: KeyRecord) -> TierKey:
        held = self._home.held(record)
        if held is None:
            return SoftwareTierKey(record.slot.suite, unwrap(self._home, record))
        if not compare_digest(held.kcv(), record.kcv):
            raise KeyUnwrapFailed(f"key {record.slot.key_id}: {record.kek_id} holds another key")
        return held

    def _add_terminal(self, record: KeyRecord) -> None:
        slot = record.slot
        before = self._terminals.get((slot.scope, slot.version))
        if before is not None:
            if before.slot != slot:
                raise VaultInconsistent(f"{slot.key_id} has the place of {before.slot.key_id}")
            # What was unwrapped for the record before must not outlive it.
            self._tmk.cache_clear()
        self._terminals[slot.scope, slot.version] = record

    def _open_terminal(self, record: KeyRecord) -> kdf.DerivationKey:
        return kdf.DerivationKey(record.slot.suite, unwrap(self._home, record))

    def _live_tmk(self, terminal_id: str, key_version: int) -> kdf.DerivationKey:
        record = self._terminals.get((terminal_id, key_version))
        if record is None:
            raise TerminalKeyNotHeld(f"terminal {terminal_id}, key version {key_version}")
        if not _is_live(record.state):
            raise KeyNotLive(f"terminal {terminal_id}, key version {key_version}: {record.state}")
        return self._tmk(record)

    def _ended_tmk(self, terminal_id: str, key_version: int) -> kdf.DerivationKey:
        record = self._terminals.get((terminal_id, key_version))
        if record is None:
            raise TerminalKeyNotHeld(f"terminal {terminal_id}, key version {key_version}")
        if record.state not in {KeyState.RETIRED, KeyState.SUSPENDED}:
            raise KeyNotLive(f"terminal {terminal_id}, key version {key_version}: {record.state}")
        return self._open_terminal(record)

    def _seal_key(self, version: int) -> tuple[KeyState, SealKey]:
        held = self._seal_keys.get(version)
        if held is None or held[0] is KeyState.PENDING:
            raise KeyNotLive(f"SEAL key version {version} is not held or not yet activated")
        return held


def _is_live(state: KeyState) -> bool:
    return state is KeyState.LIVE


def _put_once(keys: dict[int, _Value], version: int, value: _Value, key_id: str) -> None:
    if version in keys:
        raise VaultInconsistent(f"key {key_id}: version {version} of this function has two records")
    keys[version] = value
