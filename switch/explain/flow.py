"""How a bill divides: from its scope by the rules to who pays, each stream exact to the fen.

Pure numbers; `figure` draws them. What the person bears before further payers is one stream: which
of its parts an account paid is not decided part by part, and nothing here pretends it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from switch.model.decision import Decision
from switch.pages import style, words
from switch.pages.words import Words
from switch.rules.words import PARTS

OF_SCOPE: Final = {
    "own_expense": "own_expense",
    "over_limit": "over_limit",
    "first_self_pay": "first_self_pay",
    "cross_city_first_pay": "first_self_pay",
}
"""Which part of the bill a part that the person bears was taken from; any other: from in scope."""


@dataclass(frozen=True, slots=True)
class Node:
    """A block of a column."""

    key: str
    words: Words
    amount_fen: int
    colour: str


@dataclass(frozen=True, slots=True)
class Stream:
    """So much from one block to another: indices into two neighbouring columns."""

    column: int
    source: int
    target: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Columns of blocks, each adding up to the bill, and the streams between them."""

    columns: tuple[tuple[Node, ...], ...]
    streams: tuple[Stream, ...]


def flow_of(decision: Decision, banded: Sequence[str]) -> Flow:
    """Return the flow of a decision. `banded`: funds that pay of the bands, the basic one first."""
    bill, parts, payers = _bill(decision), _parts(decision), _payers(decision)
    by_bill = {node.key: number for number, node in enumerate(bill)}
    first = [
        Stream(0, by_bill[OF_SCOPE.get(node.key, "in_scope")], number, node.amount_fen)
        for number, node in enumerate(parts)
    ]
    borne = _borne(parts)
    by_borne = {node.key: number for number, node in enumerate(borne)}
    second = [
        Stream(1, number, by_borne["fund" if node.key == "fund" else "person"], node.amount_fen)
        for number, node in enumerate(parts)
    ]
    third = _pay(borne, payers, banded)
    return Flow((bill, parts, borne, payers), (*first, *second, *third))


def _bill(decision: Decision) -> tuple[Node, ...]:
    split = decision.split
    found = (
        Node("in_scope", words.IN_SCOPE, split.in_scope_fen, style.SCOPE),
        Node("first_self_pay", PARTS["first_self_pay"], split.first_self_pay_fen, style.PART[2]),
        Node("over_limit", PARTS["over_limit"], split.over_limit_fen, style.PART[1]),
        Node("own_expense", PARTS["own_expense"], split.own_expense_fen, style.PART[0]),
    )
    return tuple(node for node in found if node.amount_fen)


def _parts(decision: Decision) -> tuple[Node, ...]:
    """Return the fund's share of the bands, then what the person bears, in the bill's order."""
    parts = decision.parts
    fund = decision.split.total_fen - sum(parts.values())
    colours = dict(zip(PARTS, style.PART, strict=True))
    order = [*(name for name in PARTS if name not in OF_SCOPE), "first_self_pay",
             "cross_city_first_pay", "over_limit", "own_expense"]  # fmt: skip
    found = [Node("fund", words.BY_FUND, fund, style.FUND[0])]
    found += [Node(name, PARTS[name], parts.get(name, 0), colours[name]) for name in order]
    return tuple(node for node in found if node.amount_fen)


def _borne(parts: Sequence[Node]) -> tuple[Node, ...]:
    """Return what the fund shares, and what the person bears before further payers."""
    person = sum(node.amount_fen for node in parts if node.key != "fund")
    found = [node for node in parts if node.key == "fund"]
    if person:
        found.append(Node("person", words.BURDEN, person, style.BURDEN))
    return tuple(found)


def _payers(decision: Decision) -> tuple[Node, ...]:
    split = decision.split
    found = [
        Node(payer.fund, words.named(words.FUNDS, payer.fund), payer.amount_fen,
             style.FUND[min(number, len(style.FUND) - 1)])
        for number, payer in enumerate(split.payers)
    ]  # fmt: skip
    found.append(Node("hospital", words.HOSPITAL, split.hospital_fen, style.HOSPITAL))
    accounts = (split.account_current_fen, split.account_earlier_fen, split.account_relative_fen)
    for (key, name), amount, colour in zip(
        words.ACCOUNTS.items(), accounts, style.ACCOUNT, strict=True
    ):
        found.append(Node(key, name, amount, colour))
    found.append(Node("cash", words.CASH, split.cash_fen, style.CASH))
    return tuple(node for node in found if node.amount_fen)


def _pay(borne: Sequence[Node], payers: Sequence[Node], banded: Sequence[str]) -> list[Stream]:
    """Return the streams into the payers.

    The fund's share goes to the funds of the bands, then to a hospital that bears some of it; what
    these pay beyond it, and what all others pay, comes from the person's burden.
    """
    left = [node.amount_fen for node in payers]
    order = sorted(
        range(len(payers)),
        key=lambda number: (
            payers[number].key not in banded,
            payers[number].key != "hospital",
            number,
        ),
    )
    streams = []
    for source, node in enumerate(borne):
        amount = node.amount_fen
        for target in order if node.key == "fund" else range(len(payers)):
            taken = min(amount, left[target])
            if taken:
                streams.append(Stream(2, source, target, taken))
                left[target] -= taken
                amount -= taken
    return streams
