"""Ceilings: on the scope that is shared, and on what the fund pays (封顶线).

Must not know: how an amount came about. Several may hold at once; the narrowest bites.
"""

from collections.abc import Sequence

from switch.model.decision import Step
from switch.rules.bands import Piece, scope_of_paid
from switch.rules.condition import Facts
from switch.rules.plan import Plan
from switch.rules.rounding import HALF_UP
from switch.rules.tally import Tally
from switch.rules.terms_benefit import Ceiling
from switch.rules.words import PARTS

_NOTE = PARTS["above_ceiling"]


def above_scope(plan: Plan, below: int, banded: int, facts: Facts, tally: Tally) -> int:
    """Return what of the banded amount lies above every ceiling on scope.

    `below`: what segments and deductible took; it counts where the ceiling is from the first fen.
    """
    above = 0
    for ceiling in plan.ceilings:
        amount = _amount(ceiling, facts) if ceiling.limit_on == "scope" else None
        if amount is None:
            continue
        used = _used(ceiling, facts, tally) + (below if ceiling.from_zero else 0)
        tally.limit(ceiling.meter, amount, facts.disease)
        cut = max(0, banded - max(0, amount - used))
        if cut > above:
            above = cut
            tally.steps.append(
                Step(ceiling.rule, banded, above, None, amount, 0, 0, _NOTE[0], _NOTE[1])
            )
    return above


def cap_fund(plan: Plan, pieces: Sequence[Piece], facts: Facts, tally: Tally) -> int:
    """Lower the pieces to every ceiling on the fund's payment; return the amount above it.

    Where a ceiling bites, the amount that it still pays for is found backwards, band by band,
    rounded half-up (domain facts 2.6), or, by policy, the excess is what the fund would have paid.
    """
    above = 0
    lost = [0] * len(pieces)  # what of a piece an earlier ceiling put above as money
    for ceiling in plan.ceilings:
        amount = _amount(ceiling, facts) if ceiling.limit_on == "fund" else None
        if amount is None:
            continue
        room = max(0, amount - _used(ceiling, facts, tally))
        tally.limit(ceiling.meter, amount, facts.disease)
        fund = sum(piece.paid for piece in pieces)
        if fund <= room:
            continue
        cut = 0
        for number, piece in enumerate(pieces):
            paid = min(piece.paid, room)
            room -= paid
            if ceiling.excess == "fund":
                cut += piece.paid - paid
                lost[number] += piece.paid - paid
            else:
                kept = scope_of_paid(piece, paid)
                gone = piece.base - kept
                cut += max(0, gone - lost[number])
                lost[number] = max(0, lost[number] - gone)
                _shrink(piece, kept)
            piece.paid = paid
        above += cut
        tally.steps.append(Step(ceiling.rule, fund, cut, None, amount, 0, 0, _NOTE[0], _NOTE[1]))
    return above + _cap_all(plan, pieces, facts, tally) if plan.limits else above


def _cap_all(plan: Plan, pieces: Sequence[Piece], facts: Facts, tally: Tally) -> int:
    """Lower the pieces to what all funds may pay together, the basic fund first of each piece."""
    wanted = sum([piece.paid + sum(piece.others.values()) for piece in pieces])
    room = room_of_all(plan, wanted, facts, tally)
    above = wanted - room
    for piece in pieces:
        piece.paid = min(piece.paid, room)
        room -= piece.paid
        for fund, amount in piece.others.items():
            piece.others[fund] = min(amount, room)
            room -= piece.others[fund]
    return above


def room_of_all(plan: Plan, wanted: int, facts: Facts, tally: Tally) -> int:
    """Return how much of what is wanted the limits of all funds together leave to pay."""
    least = wanted
    for limit in plan.limits:
        amount = _amount(limit, facts)
        if amount is None:
            continue
        room = max(0, amount - _used(limit, facts, tally))
        tally.limit(limit.meter, amount, facts.disease)
        if room < least:
            least = room
            zh, en = "全部基金合计限额", "Limit of all funds together"
            tally.steps.append(Step(limit.rule, wanted, room, None, amount, 0, 0, zh, en))
    return least


def room_of_fund(plan: Plan, paid: int, wanted: int, facts: Facts, tally: Tally) -> int:
    """Return how much more of what is wanted the ceilings leave to the basic fund.

    `paid`: what it has paid of the bill, for a ceiling of the bill alone.
    """
    room = wanted
    for ceiling in plan.ceilings:
        amount = _amount(ceiling, facts) if ceiling.limit_on == "fund" else None
        if amount is not None:
            used = _used(ceiling, facts, tally) if ceiling.meter else paid
            room = min(room, max(0, amount - used))
    return room


def _shrink(piece: Piece, kept: int) -> None:
    """Make a piece as long as what is still paid for; other funds pay of that in proportion."""
    if piece.base:
        for fund, amount in piece.others.items():
            piece.others[fund] = HALF_UP.divide(amount * kept, piece.base)
    piece.base = kept


def _amount(ceiling: Ceiling, facts: Facts) -> int | None:
    amount = ceiling.amounts.find(facts)
    if amount is None or not ceiling.further_disease_fen:
        return amount
    more = ceiling.further_disease_fen * max(0, len(facts.filed) - 1)
    return max(amount, min(amount + more, ceiling.most_fen))


def _used(ceiling: Ceiling, facts: Facts, tally: Tally) -> int:
    return tally.used(ceiling.meter, facts.disease) if ceiling.meter else 0
