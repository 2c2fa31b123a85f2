"""The words of keys: whose a key is, how far down the tree, what it is for, and how it stands.

Must not know: key bytes, ciphers, where keys rest.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class KeyKind(StrEnum):
    """Whose key it is."""

    TIER = "tier"
    TERMINAL = "terminal"
    VAULT = "vault"
    TRANSPORT = "transport"
    """Shared with one partner, to hand keys down or in: it wraps keys, and does nothing else."""


class KeyTier(StrEnum):
    """How far down the tree a tier key stands; NONE for all other kinds."""

    MINISTRY = "ministry"
    PROVINCE = "province"
    CITY = "city"
    NONE = ""


class KeyFunction(StrEnum):
    """The one thing a key is for."""

    AUTH = "AUTH"
    TAC = "TAC"
    TMK = "TMK"
    NONCE = "NONCE"
    SEAL = "SEAL"
    WRAP = "WRAP"


class KeyState(StrEnum):
    """Only a live key makes or accepts anything; but a retired key still verifies its seals."""

    PENDING = "pending"
    LIVE = "live"
    SUSPENDED = "suspended"
    """Out of use until somebody decides: what depends on it is refused meanwhile."""
    RETIRED = "retired"


FUNCTIONS: Final[Mapping[KeyKind, frozenset[KeyFunction]]] = {
    KeyKind.TIER: frozenset({KeyFunction.AUTH, KeyFunction.TAC}),
    KeyKind.TERMINAL: frozenset({KeyFunction.TMK}),
    KeyKind.VAULT: frozenset({KeyFunction.NONCE, KeyFunction.SEAL}),
    KeyKind.TRANSPORT: frozenset({KeyFunction.WRAP}),
}
"""What a key of each kind may be for."""

TRANSITIONS: Final[Mapping[KeyState, frozenset[KeyState]]] = {
    KeyState.PENDING: frozenset({KeyState.LIVE, KeyState.RETIRED}),
    KeyState.LIVE: frozenset({KeyState.SUSPENDED, KeyState.RETIRED}),
    KeyState.SUSPENDED: frozenset({KeyState.LIVE, KeyState.RETIRED}),
    KeyState.RETIRED: frozenset(),
}
"""What may follow what. A retired key never comes back: its successor is another version."""

LIVE_VERSIONS_MAX: Final = 2
"""The old and the new: a third would be a rotation begun before the last one was ended."""
