"""What clearing follows, as dated data: the deposit of a region, the netting between regions.

Each value has its first day, a source, and whether that says so (`evidence`).
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from switch.clearing.netting import Mode
from switch.model.ids import RegionCode, parse_region
from switch.model.money import RATE_ONE_BP

EVIDENCE: Final = frozenset({"stated", "seen_on", "assumed"})
ANY: Final = "*"
"""A region of which nothing of its own is said."""


class NotHeld(LookupError):
    """No value of the policy holds on a day; the message says which."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """The share of what funds paid that a region withholds from a day on, in basis points."""

    region: str
    since: date
    rate_bp: int
    evidence: str
    source: str


@dataclass(frozen=True, slots=True)
class Netting:
    """How regions settle between them from a day on, and who stands in the middle."""

    since: date
    mode: Mode
    hub: RegionCode
    evidence: str
    source: str


@dataclass(frozen=True, slots=True)
class ClearingPolicy:
    """All of it, by first day."""

    deposits: Sequence[Deposit]
    nettings: Sequence[Netting]

    def rate_bp(self, region: str, on: date) -> int:
        """Return the deposit of a region on a day. Raises: NotHeld."""
        for whose in (region, ANY):
            held = [one for one in self.deposits if one.region == whose and one.since <= on]
            if held:
                return max(held, key=lambda one: one.since).rate_bp
        raise NotHeld(f"no deposit of region {region} is held for {on}")

    def netting(self, on: date) -> Netting:
        """Return how regions settle on a day. Raises: NotHeld."""
        held = [one for one in self.nettings if one.since <= on]
        if not held:
            raise NotHeld(f"no netting is held for {on}")
        return max(held, key=lambda one: one.since)


def parse_policy(text: str) -> ClearingPolicy:
    """Return the policy a TOML text holds. Raises: ValueError naming what is wrong."""
    tables = tomllib.loads(text)
    unknown = sorted(set(tables) - {"deposit", "netting"})
    if unknown:
        raise ValueError(f"clearing policy: unknown tables {unknown}")
    deposits = tuple(map(_deposit, tables.get("deposit", [])))
    nettings = tuple(map(_netting, tables.get("netting", [])))
    for known in (
        [(one.region, one.since) for one in deposits], [one.since for one in nettings],
    ):  # fmt: skip
        if len(set(known)) != len(known):
            raise ValueError("clearing policy: two values begin on one day")
    return ClearingPolicy(deposits, nettings)


def _deposit(table: Mapping[str, Any]) -> Deposit:
    _check(table, "region", "rate_bp")
    region, rate = table["region"], table["rate_bp"]
    if region != ANY:
        parse_region(region)
    if type(rate) is not int or not 0 <= rate <= RATE_ONE_BP:
        raise ValueError(f"clearing policy: rate_bp {rate!r} is outside 0..{RATE_ONE_BP}")
    return Deposit(region, table["since"], rate, table["evidence"], table["source"])


def _netting(table: Mapping[str, Any]) -> Netting:
    _check(table, "mode", "hub")
    hub = parse_region(table["hub"])
    return Netting(table["since"], Mode(table["mode"]), hub, table["evidence"], table["source"])


def _check(table: Mapping[str, Any], *names: str) -> None:
    wanted = {*names, "since", "evidence", "source"}
    if set(table) != wanted:
        raise ValueError(f"clearing policy: {sorted(table)}, not {sorted(wanted)}")
    if type(table["since"]) is not date:
        raise ValueError(f"clearing policy: since {table['since']!r} is no day")
    if table["evidence"] not in EVIDENCE or not table["source"]:
        raise ValueError(f"clearing policy: evidence is one of {sorted(EVIDENCE)}, with a source")
