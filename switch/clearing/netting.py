"""Between regions: who owes whom, and by how few payments it is settled. All positions sum to zero.

`gross` pays every due as it is. `bilateral` pays each pair's difference. `multilateral` pays each
region's net once, to or from the province 省级, which ends at nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from switch.clearing.statement import Flow
from switch.model.ids import RegionCode


class Mode(StrEnum):
    """How dues between regions are settled."""

    GROSS = "gross"
    BILATERAL = "bilateral"
    MULTILATERAL = "multilateral"


@dataclass(frozen=True, slots=True)
class Due:
    """What a home region owes a care region; negative where undoings prevail."""

    home: RegionCode
    care: RegionCode
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment between regions. Raises: ValueError when it moves nothing or nowhere."""

    payer: RegionCode
    payee: RegionCode
    amount_fen: int

    def __post_init__(self) -> None:
        if self.amount_fen <= 0 or self.payer == self.payee:
            raise ValueError(f"{self.payer} pays {self.payee} {self.amount_fen} fen: no transfer")


def dues(flows: Iterable[Flow]) -> tuple[Due, ...]:
    """Return what regions owe each other, in order; what stays within a region is no due."""
    sums: dict[tuple[RegionCode, RegionCode], int] = {}
    for flow in flows:
        if flow.region_insured != flow.region_care:
            pair = (flow.region_insured, flow.region_care)
            sums[pair] = sums.get(pair, 0) + flow.amount_fen
    return tuple(Due(home, care, fen) for (home, care), fen in sorted(sums.items()) if fen)


def settle(owed: Iterable[Due], mode: Mode, hub: RegionCode) -> tuple[Transfer, ...]:
    """Return the payments that settle what is owed, in order. `hub`: the province's own code."""
    return tuple(sorted(_MODES[mode](owed, hub), key=lambda one: (one.payer, one.payee)))


def net(owed: Iterable[Due]) -> dict[RegionCode, int]:
    """Return each region's position: positive, it receives. They sum to zero."""
    positions: dict[RegionCode, int] = {}
    for due in owed:
        positions[due.home] = positions.get(due.home, 0) - due.amount_fen
        positions[due.care] = positions.get(due.care, 0) + due.amount_fen
    return positions


def moved(transfers: Iterable[Transfer]) -> dict[RegionCode, int]:
    """Return what payments bring each region: the same as its position, and the hub nothing."""
    return net(Due(one.payer, one.payee, one.amount_fen) for one in transfers)


def _gross(owed: Iterable[Due], _: RegionCode) -> list[Transfer]:
    return [_transfer(due.home, due.care, due.amount_fen) for due in owed if due.amount_fen]


def _bilateral(owed: Iterable[Due], _: RegionCode) -> list[Transfer]:
    pairs: dict[tuple[RegionCode, RegionCode], int] = {}
    for due in owed:
        first, second = sorted((due.home, due.care))
        sign = 1 if due.home == first else -1
        pairs[first, second] = pairs.get((first, second), 0) + sign * due.amount_fen
    return [_transfer(first, second, fen) for (first, second), fen in pairs.items() if fen]


def _multilateral(owed: Iterable[Due], hub: RegionCode) -> list[Transfer]:
    positions = net(owed)
    if hub in positions:
        raise ValueError(f"{hub} pools funds itself: it cannot be the one that nets")
    return [_transfer(hub, region, fen) for region, fen in positions.items() if fen]


_MODES: Final[Mapping[Mode, Callable[[Iterable[Due], RegionCode], list[Transfer]]]] = {
    Mode.GROSS: _gross,
    Mode.BILATERAL: _bilateral,
    Mode.MULTILATERAL: _multilateral,
}


def _transfer(payer: RegionCode, payee: RegionCode, amount_fen: int) -> Transfer:
    """Return a payment; a negative amount is one the other way."""
    if amount_fen < 0:
        return Transfer(payee, payer, -amount_fen)
    return Transfer(payer, payee, amount_fen)
