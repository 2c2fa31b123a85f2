"""What a change of keys says: a load, a move to another state, an export to a partner.

No key stands in a change, not even a wrapped one: a key is named by its id, which says its whole
place, and known by its check value.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, Self

from switch.office.activation import parse_day
from switch.office.canonical import Content
from switch.office.officer import parse_name, require_keys

COMPONENTS_MIN: Final = 2
COMPONENTS_MAX: Final = 5
GENESIS_KEYS: Final = "keys"
"""Under this key the genesis lists the tier and vault keys that the records begin with."""
GENESIS_TERMINALS: Final = "terminal_keys"
"""Under this one, the count and the digest of the terminals' keys: they may be many thousands."""

_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}(/[A-Za-z0-9_.-]{1,40}){0,5}")
_KCV: Final = re.compile(r"[0-9a-f]{6}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Origin(StrEnum):
    """How a key came."""

    GENERATED = "generated"
    """Made here, from random bytes that nobody saw."""
    COMPONENTS = "components"
    """Put together from components that different officers entered."""
    WRAPPED = "wrapped"
    """Handed in under a transport key."""


@dataclass(frozen=True, slots=True)
class KeyFace:
    """What may be known of a key. `ends_on`: the last day it is meant to be used, if any."""

    key: str
    kcv: str
    ends_on: date | None = None

    def content(self) -> dict[str, Any]:
        """Return the key as a change says it."""
        ends_on = "" if self.ends_on is None else self.ends_on.isoformat()
        return {"key": self.key, "kcv": self.kcv, "ends_on": ends_on}

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the key a change says. Raises: ValueError."""
        require_keys(content, "key", "kcv", "ends_on")
        ends_on = None if content["ends_on"] == "" else parse_day(content["ends_on"])
        return cls(parse_key(content["key"]), parse_kcv(content["kcv"]), ends_on)


@dataclass(frozen=True, slots=True)
class KeyLoad:
    """Keys come in: the content of `load-keys`. `live`: in use at once, not only held ready.

    `custodians`: who entered the components, in their order; empty for any other origin.
    """

    keys: tuple[KeyFace, ...]
    origin: Origin
    custodians: tuple[str, ...] = ()
    live: bool = False

    def __post_init__(self) -> None:
        _require_each_once([one.key for one in self.keys])
        if self.origin is not Origin.COMPONENTS:
            if self.custodians:
                raise ValueError(f"a key that was {self.origin} has no custodians")
            return
        if len(self.keys) != 1:
            raise ValueError("components make one key")
        count = len(self.custodians)
        if not COMPONENTS_MIN <= count <= COMPONENTS_MAX or len(set(self.custodians)) != count:
            raise ValueError(
                f"a key has {COMPONENTS_MIN} to {COMPONENTS_MAX} components, of as many officers"
            )

    def content(self) -> Content:
        """Return the load as a change says it."""
        return {
            "keys": [one.content() for one in self.keys],
            "origin": self.origin.value,
            "custodians": list(self.custodians),
            "live": self.live,
        }

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the load a change says. Raises: ValueError."""
        require_keys(content, "keys", "origin", "custodians", "live")
        if not isinstance(content["live"], bool):
            raise ValueError("live is true or false")
        return cls(
            tuple(KeyFace.read(one) for one in _listed(content["keys"])),
            Origin(content["origin"]),
            tuple(parse_name(one) for one in _listed(content["custodians"])),
            content["live"],
        )


@dataclass(frozen=True, slots=True)
class KeyMove:
    """Keys go to another state, all of them or none: which state, the kind of the change says."""

    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_each_once(self.keys)

    def content(self) -> Content:
        """Return the move as a change says it."""
        return {"keys": list(self.keys)}

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the move a change says. Raises: ValueError."""
        require_keys(content, "keys")
        return cls(tuple(parse_key(one) for one in _listed(content["keys"])))


@dataclass(frozen=True, slots=True)
class KeyExport:
    """A child key leaves under a transport key: the content of `export-key`."""

    parent: str
    child: str
    kcv: str
    transport: str

    def content(self) -> Content:
        """Return the export as a change says it."""
        return {
            "parent": self.parent, "child": self.child, "kcv": self.kcv,
            "transport": self.transport,
        }  # fmt: skip

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the export a change says. Raises: ValueError."""
        require_keys(content, "parent", "child", "kcv", "transport")
        return cls(
            parse_key(content["parent"]), parse_key(content["child"]), parse_kcv(content["kcv"]),
            parse_key(content["transport"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyRewrap:
    """Every key moves under another key-encryption key: the content of `rewrap-keys`.

    `check`: what shows that maker and checker have the same new one in hand.
    """

    old: str
    new: str
    check: str

    def __post_init__(self) -> None:
        if self.old == self.new:
            raise ValueError(f"the new key-encryption key has the old one's name, {self.old}")

    def content(self) -> Content:
        """Return the rewrapping as a change says it."""
        return {"old": self.old, "new": self.new, "check": self.check}

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the rewrapping a change says. Raises: ValueError."""
        require_keys(content, "old", "new", "check")
        return cls(
            parse_key(content["old"]), parse_key(content["new"]), parse_kcv(content["check"])
        )


@dataclass(frozen=True, slots=True)
class GenesisKeys:
    """The keys the records begin with, all live; `digest`: SM3, of the terminals' keys."""

    keys: tuple[KeyFace, ...] = ()
    terminals: int = 0
    digest: str = ""

    def content(self) -> Content:
        """Return the part of the genesis that lists the keys."""
        return {
            GENESIS_KEYS: [one.content() for one in self.keys],
            GENESIS_TERMINALS: {"count": self.terminals, "digest": self.digest},
        }

    @classmethod
    def read(cls, genesis: Content) -> Self | None:
        """Return the first keys; None for a genesis of before keys were recorded.

        Raises: ValueError.
        """
        if GENESIS_KEYS not in genesis:
            return None
        terminals = genesis.get(GENESIS_TERMINALS)
        require_keys(terminals, "count", "digest")
        count, digest = terminals["count"], terminals["digest"]  # type: ignore[index] # an object
        if not isinstance(count, int) or not _DIGEST.fullmatch(str(digest)):
            raise ValueError(f"{GENESIS_TERMINALS} is a count and a digest")
        return cls(
            tuple(KeyFace.read(one) for one in _listed(genesis[GENESIS_KEYS])), count, str(digest)
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One component that was entered: which of how many, by whom, and its check value."""

    part: int
    of: int
    officer: str
    kcv: str


Parts = Mapping[str, tuple[Part, ...]]
"""By key: the components that lie ready, in their order."""


def with_part(parts: Iterable[Part], one: Part) -> tuple[Part, ...]:
    """Return the components with one more; it takes the place of the same one, entered before.

    One of another number of components begins the ceremony anew.
    """
    kept = [other for other in parts if other.of == one.of and other.part != one.part]
    return tuple(sorted([*kept, one], key=lambda each: each.part))


def complete(parts: Iterable[Part]) -> bool:
    """Say whether every component of a key lies ready."""
    entered = tuple(parts)
    return bool(entered) and [one.part for one in entered] == list(range(1, entered[0].of + 1))


def parse_key(text: object) -> str:
    """Return a key's id. Raises: ValueError."""
    if not isinstance(text, str) or not _KEY.fullmatch(text):
        raise ValueError("a key is named like ministry/AUTH/SM4/1 or terminal/H3302…/SM4/2")
    return text


def parse_kcv(text: object) -> str:
    """Return a check value in lower-case hex. Raises: ValueError."""
    if not isinstance(text, str) or not _KCV.fullmatch(text):
        raise ValueError("a key check value is 3 bytes: 6 lower-case hex digits")
    return text


def _listed(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no list")
    return value


def _require_each_once(keys: Iterable[str]) -> None:
    named = list(keys)
    if not named or len(set(named)) != len(named):
        raise ValueError("keys are named, each once")
