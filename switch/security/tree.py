"""The tier keys a switch holds, and the way down from them to one card operation's key.

A switch holds whichever tiers it was given. A city's key is taken if held, else derived from its
province's, else from the ministry's, else its cards are not served.
Must not know: how keys rest, terminals, the clock.
Source: design, section 5.
"""

from collections.abc import Iterable
from functools import lru_cache
from hmac import compare_digest

from switch.model.ids import parse_card_identifier
from switch.security.custody import KeyFunction, KeyKind, KeyRecord, KeySlot, KeyState, KeyTier
from switch.security.errors import KeyNotLive, RegionNotServed, VaultInconsistent
from switch.security.keys import (
    DIVERSIFIER_BYTES,
    city_region,
    city_text,
    diversify,
    province_region,
    province_text,
    transaction_key,
)
from switch.security.suite import BlockCipher, Suite, never_pickled

CITY_CIPHERS_MAX = 4_096
"""Some 340 cities × 2 functions × 3 suites × 2 live versions: all the cities of a ministry."""

_Place = tuple[KeyFunction, Suite, int, KeyTier, str]
"""Function, suite and version, which name a tree; tier and region code, a place in it."""
_TOP_DOWN = (KeyTier.MINISTRY, KeyTier.PROVINCE, KeyTier.CITY)


class TierKeys:
    """Every held tier key, scheduled, and the city keys derived lately. Shows none, is not pickled.

    It does not change: another set of keys is another object.
    """

    __slots__ = ("_ciphers", "_city_cipher", "_live", "_placed", "_versions")

    def __init__(self, opened: Iterable[tuple[KeyRecord, bytes]]) -> None:
        """Take records with their keys; check each child against the nearest key held above it.

        Raises: VaultInconsistent, naming ids only.
        """
        self._placed: dict[_Place, KeyRecord] = {}
        self._ciphers: dict[str, BlockCipher] = {}
        # Parents first, so that a child meets all that is held above it and nothing below.
        for record, key in sorted(opened, key=lambda pair: _TOP_DOWN.index(pair[0].slot.tier)):
            self._place(record, key)
        self._versions = {version for _, _, version, _, _ in self._placed}
        self._city_cipher = lru_cache(maxsize=CITY_CIPHERS_MAX)(self._find_city)
        self._live = lru_cache(maxsize=CITY_CIPHERS_MAX)(self._find_live)

    def live_versions(self, region: str, suite: Suite) -> tuple[int, ...]:
        """Return the versions live for both functions in a region, ascending; empty if not served.

        Raises: ValueError unless the region code is six digits.
        """
        return self._live(city_region(region), suite)

    def transaction_key(
        self, function: KeyFunction, card_identifier: bytes, suite: Suite, version: int, atc: int
    ) -> bytes:
        """Return the key of one operation of one card.

        Raises: RegionNotServed, KeyNotLive; ValueError for an identifier or a counter that is none.
        """
        identifier = parse_card_identifier(card_identifier)
        # By city, not county: one scheduled key serves every card of the city.
        city = self._city_cipher(function, suite, version, city_region(identifier[:3].hex()))
        card = diversify(city, identifier[-DIVERSIFIER_BYTES:])
        return transaction_key(suite, card, atc)

    def child(self, parent_id: str, child_id: str, region: str) -> tuple[KeySlot, bytes]:
        """Return slot and key of the child of a live key in the next tier down, for export.

        Raises: KeyNotLive; ValueError for a city key, or a region of another province.
        """
        parent = next(
            (held for held in self._placed.values() if held.slot.key_id == parent_id), None
        )
        if parent is None or parent.state is not KeyState.LIVE:
            raise KeyNotLive(f"no live tier key {parent_id} is held")
        slot = parent.slot
        if slot.tier is KeyTier.MINISTRY:
            tier, scope = KeyTier.PROVINCE, province_region(region)
        elif slot.tier is KeyTier.PROVINCE and province_region(region) == slot.scope:
            tier, scope = KeyTier.CITY, city_region(region)
        else:
            raise ValueError(f"{slot.tier} key {parent_id} has no child for region {region}")
        below = KeySlot(
            child_id, KeyKind.TIER, tier, scope, slot.function, slot.suite, slot.version
        )
        return below, _descend(self._ciphers[parent_id], slot.tier, tier, scope)

    def __repr__(self) -> str:
        """Return the count only."""
        return f"TierKeys({len(self._placed)} keys, all hidden)"

    __reduce__ = never_pickled

    def _place(self, record: KeyRecord, key: bytes) -> None:
        slot = record.slot
        place = (slot.function, slot.suite, slot.version, slot.tier, slot.scope)
        if place in self._placed:
            other = self._placed[place].slot.key_id
            raise VaultInconsistent(f"tier keys {other} and {slot.key_id} have the same place")
        if slot.tier is not KeyTier.MINISTRY:
            self._check_child(slot, key)
        self._placed[place] = record
        self._ciphers[slot.key_id] = BlockCipher(slot.suite, key)

    def _check_child(self, slot: KeySlot, key: bytes) -> None:
        above = self._path(slot.function, slot.suite, slot.version, slot.scope)
        if not above:
            return
        parent = above[-1].slot
        expected = _descend(self._ciphers[parent.key_id], parent.tier, slot.tier, slot.scope)
        if not compare_digest(expected, key):
            raise VaultInconsistent(f"{slot.key_id} is not the child of {parent.key_id}")

    def _path(
        self, function: KeyFunction, suite: Suite, version: int, region: str
    ) -> list[KeyRecord]:
        """Return the keys held from the ministry down to a region's city."""
        places = (
            (KeyTier.MINISTRY, ""),
            (KeyTier.PROVINCE, province_region(region)),
            (KeyTier.CITY, city_region(region)),
        )
        held = (self._placed.get((function, suite, version, *place)) for place in places)
        return [record for record in held if record is not None]

    def _find_live(self, region: str, suite: Suite) -> tuple[int, ...]:
        return tuple(
            version
            for version in sorted(self._versions)
            if all(
                _is_live(self._path(function, suite, version, region))
                for function in (KeyFunction.AUTH, KeyFunction.TAC)
            )
        )

    def _find_city(
        self, function: KeyFunction, suite: Suite, version: int, region: str
    ) -> BlockCipher:
        path = self._path(function, suite, version, region)
        if not _is_live(path):
            others = (self._path(function, suite, other, region) for other in self._versions)
            if any(others):
                raise KeyNotLive(f"region {region}: {function} {suite.name} version {version}")
            raise RegionNotServed(f"region {region}: no {function} key of {suite.name} covers it")
        nearest = path[-1].slot
        cipher = self._ciphers[nearest.key_id]
        if nearest.tier is KeyTier.CITY:
            return cipher
        return BlockCipher(suite, _descend(cipher, nearest.tier, KeyTier.CITY, region))


def _is_live(path: list[KeyRecord]) -> bool:
    # A version names a whole tree: one held key that is not live takes its branch out of use.
    return bool(path) and all(record.state is KeyState.LIVE for record in path)


def _descend(cipher: BlockCipher, above: KeyTier, below: KeyTier, region: str) -> bytes:
    """Return the key of tier `below` for a region, from a key of tier `above`."""
    if above is KeyTier.MINISTRY:
        province = diversify(cipher, province_text(region))
        if below is KeyTier.PROVINCE:
            return province
        cipher = BlockCipher(cipher.suite, province)
    return diversify(cipher, city_text(region))
