"""A second computation of two whole policies, from their wording alone, agrees to the fen.

It shares no code with the rules: a year of bills is worked out here with whole numbers, and must
come out of a case of the same bills. What it checks is what neither a case nor a property of one
rule sees: the order of segments, deductible, bands, ceilings, payers and accounts over many bills.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from switch.cases.run import run_cases
from switch.rules.adjudicate import Rules
from switch.rules.book import RuleBook

E8 = 10**8
ENDLESS = 10**15
POLICIES = Path(__file__).parents[1] / "cases" / "reference"
OWED = {"tertiary": 120_000, "secondary": 80_000, "primary": 40_000}
PLACES: dict[str, dict[str, Any]] = {
    "home": {},
    "referred": {"care": "349801", "filings": [{"kind": "referral"}]},
    "elsewhere": {"care": "349801"},
}


class Stay(NamedTuple):
    """A stay: the hospital's level, what is in scope, and what is paid first."""

    level: str
    scope: int
    first: int


class Visit(NamedTuple):
    """A visit: months after the one before, where, and what is in scope."""

    later: int
    place: str
    scope: int


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def stretches(start: int, end: int, edges: Sequence[int]) -> list[int]:
    """Return how much from start to end lies within each band between the edges."""
    bounds = [0, *edges, ENDLESS]
    return [max(0, min(end, upper) - max(start, lower)) for lower, upper in pairwise(bounds)]


def capped(pieces: list[tuple[int, int, int]], room: int) -> tuple[int, int]:
    """Return what is paid of (scope, rate, paid) within the room, and the scope above it."""
    if sum(paid for _, _, paid in pieces) <= room:
        return sum(paid for _, _, paid in pieces), 0
    total = above = 0
    for scope, rate_e8, wanted in pieces:
        paid = min(wanted, room - total)
        total += paid
        above += scope - min(scope, half_up(paid * E8, rate_e8))
    return total, above


def relieve(parts: dict[str, int], order: Sequence[str], amount: int) -> int:
    """Take up to an amount off the parts in order; return what was taken."""
    left = amount
    for part in order:
        taken = min(left, parts[part])
        parts[part] -= taken
        left -= taken
    return amount - left


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def settled_stays(stays: Sequence[Stay], current: int, earlier: int) -> list[dict[str, Any]]:
    """Return the bills of a year of stays, each with the amounts that this computation expects."""
    taken = highest = position = fund = large = burden = 0
    bills = []
    for stay in stays:
        highest = max(highest, OWED[stay.level])
        deductible = min(stay.scope, max(0, highest - taken))
        taken += deductible
        pieces = [
            (scope, rate_e8, half_up(scope * rate_e8, E8))
            for scope, rate_e8 in zip(
                stretches(position + deductible, position + stay.scope, [500_000, 2_000_000]),
                (70_000_000, 80_000_000, 92_500_000),
                strict=True,
            )
        ]
        position += stay.scope
        basic, above = capped(pieces, 2_000_000 - fund)
        fund += basic
        parts = {
            "deductible": deductible,
            "share": stay.scope - deductible - above - basic,
            "first": stay.first,
            "above": above,
        }
        more = min(half_up(above * 9, 10), 600_000 - large)
        large += relieve(parts, ["above"], more)
        base = sum(parts.values())
        bands = stretches(burden, burden + base, [300_000, 800_000])
        burden += base
        critical = relieve(parts, list(parts), bands[1] * 50 // 100 + bands[2] * 65 // 100)
        paid = relieve(parts, ["deductible", "share"], current)
        current -= paid
        saved = relieve(parts, ["first", "share", "above"], earlier)
        earlier -= saved
        bills.append(
            {
                "level": stay.level,
                "in_scope": yuan(stay.scope),
                "first": yuan(stay.first),
                "expect": {
                    "deductible": yuan(deductible),
                    "payers": {
                        "310100": yuan(basic),
                        "330100": yuan(more),
                        "390200": yuan(critical),
                    },
                    "current": yuan(paid),
                    "earlier": yuan(saved),
                    "cash": yuan(sum(parts.values())),
                    "parts": {"above_ceiling": yuan(above)},
                },
            }
        )
    return bills


def rates_of(place: str) -> list[int]:
    if place == "referred":
        return [50_000_000, 65_500_000, 80_000_000]
    times = 85 if place == "elsewhere" else 100
    return [60_000_000, 75_500_000 * times // 100, 90_000_000 * times // 100]


def settled_visits(visits: Sequence[Visit], current: int, earlier: int) -> list[dict[str, Any]]:
    """Return the bills of a year of visits, each with the amounts that this computation expects."""
    self_used = position = 0
    month = 1
    months: dict[int, list[int]] = {}  # deductible, scope and fund of a month
    bills = []
    for number, visit in enumerate(visits, start=1):
        month += visit.later
        used = months.setdefault(month, [0, 0, 0])
        first = half_up(visit.scope * 5, 100) if visit.place == "referred" else 0
        account = min(visit.scope - first, current)
        current -= account
        rest = visit.scope - first - account
        own = min(rest, 30_000 - self_used)
        self_used += own
        deductible = min(rest - own, 5_000 - used[0])
        shared = rest - own - deductible
        above = max(0, shared - max(0, 220_000 - used[1]))
        stretch = stretches(position, position + shared - above, [100_000, 300_000])
        pieces = [
            (scope, rate_e8, scope - scope * (E8 - rate_e8) // E8)
            for scope, rate_e8 in zip(stretch, rates_of(visit.place), strict=True)
        ]
        basic, more = capped(pieces, 150_000 - used[2])
        above += more
        position += shared
        months[month] = [used[0] + deductible, used[1] + shared, used[2] + basic]
        parts = {"self": own, "share": shared - above - basic}
        saved = relieve(parts, ["self", "share"], earlier)
        earlier -= saved
        bills.append(
            {
                **PLACES[visit.place],
                "on": date(2020, month, number),
                "in_scope": yuan(visit.scope),
                "expect": {
                    "first": yuan(first),
                    "deductible": yuan(deductible),
                    "payers": {"310100": yuan(basic)},
                    "current": yuan(account),
                    "earlier": yuan(saved),
                    "cash": yuan(first + deductible + above + sum(parts.values())),
                    "parts": {"above_ceiling": yuan(above)},
                },
            }
        )
    return bills


@cache
def rules_of(name: str) -> Rules:
    path = POLICIES / f"{name}.policy.toml"
    book = RuleBook.parse({path.name: path.read_text("utf-8")})
    return Rules({book.region: book}, {})


def assert_agreed(name: str, kind: str, bills: list[dict[str, Any]], **opening: int) -> None:
    case = {
        "name": name,
        "on": date(2020, 5, 1),
        "kind": kind,
        **{account: yuan(fen) for account, fen in opening.items()},
        "settlements": bills,
    }
    (result,) = run_cases({"case": [case]}, rules_of(name), name)
    assert not result.fault
    assert {one.label: one.differences for one in result.outcomes if one.differences} == {}


scopes = st.one_of(st.integers(1, 20_000), st.integers(100_000, 2_500_000))
balances = st.one_of(st.just(0), st.integers(1, 300_000))


@given(
    st.lists(
        st.builds(Stay, st.sampled_from(list(OWED)), scopes, st.integers(0, 50_000)),
        min_size=3,
        max_size=6,
    ),
    balances,
    balances,
)
def test_a_year_of_stays_agrees(stays: list[Stay], current: int, earlier: int) -> None:
    bills = settled_stays(stays, current, earlier)
    assert_agreed("stays", "21", bills, current=current, earlier=earlier)


@given(
    st.lists(
        st.builds(Visit, st.integers(0, 1), st.sampled_from(list(PLACES)), scopes),
        min_size=3,
        max_size=8,
    ),
    balances,
    balances,
)
def test_a_year_of_visits_agrees(visits: list[Visit], current: int, earlier: int) -> None:
    bills = settled_visits(visits, current, earlier)
    assert_agreed("visits", "11", bills, current=current, earlier=earlier)
