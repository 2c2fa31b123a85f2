"""Scope: what of each line counts, by the catalogue of the place of care (design 6.1).

`line = own expense + over limit + first self-pay + in scope`, exactly, for every line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from switch.model.claim import FeeLine
from switch.model.decision import LineScope, Step
from switch.model.money import RATE_ONE_BP, Fen
from switch.rules.condition import Facts
from switch.rules.item import Item
from switch.rules.terms import ClassRatio, ScopeTerms

_OWN = ("自费", "Own expense")
_OVER = ("超限价自付", "Over the price ceiling")
_FIRST = ("先行自付", "First self-pay")
_UNCATALOGUED = ("目录外项目", "Not in the catalogue")
_UNPRESCRIBED = ("处方药无处方，自费", "Prescription drug without a prescription: own expense")
_CLASS_BP = {"A": 0, "B": 0, "C": RATE_ONE_BP}
"""Without an item's ratio or a rule for its class: class C is own expense, the rest is in scope."""


@dataclass(slots=True)
class Totals:
    """Sums of one group of lines, in fen."""

    own: int = 0
    over: int = 0
    first: int = 0
    in_scope: int = 0
    groups: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """By catalogue group: own expense, over limit and first self-pay."""

    def note(self, group: str, line: LineScope) -> None:
        """Note what of a line lies outside the scope under its catalogue group."""
        own, over, first = self.groups.get(group, (0, 0, 0))
        self.groups[group] = (
            own + line.own_expense_fen,
            over + line.over_limit_fen,
            first + line.first_self_pay_fen,
        )

    def join(self, more: "Totals") -> None:
        """Add the sums of another group."""
        self.own += more.own
        self.over += more.over
        self.first += more.first
        self.in_scope += more.in_scope
        for group, sums in more.groups.items():
            own, over, first = self.groups.get(group, (0, 0, 0))
            self.groups[group] = (own + sums[0], over + sums[1], first + sums[2])


def net_lines(lines: Sequence[FeeLine]) -> Sequence[FeeLine]:
    """Return the lines with each withdrawal taken off the line it names.

    Raises: ValueError when a withdrawal names no line of the bill or takes off more than the line.
    """
    if all(line.amount_fen >= 0 for line in lines):
        return lines
    left = {line.number: line for line in lines if line.amount_fen >= 0}
    for line in lines:
        if line.amount_fen >= 0:
            continue
        named = left.get(line.withdraws)
        if named is None:
            raise ValueError(f"line {line.number} withdraws line {line.withdraws}, not on the bill")
        # The quantity of a withdrawal may come signed or not; it is always taken off.
        left[named.number] = replace(
            named,
            amount_fen=Fen(named.amount_fen + line.amount_fen),
            quantity_e4=named.quantity_e4 - abs(line.quantity_e4),
        )
    for line in left.values():
        if line.amount_fen < 0 or line.quantity_e4 < 0:
            raise ValueError(f"line {line.number}: more is withdrawn than was charged")
    return tuple(left.values())


class Scoper:
    """Scopes the lines of one bill: what limits of a day or a visit have already taken, the steps.

    `prescribed`: whether the claim comes with a prescription; `without`: what becomes of an item on
    prescription if not, "paid" or "own_expense".
    """

    __slots__ = (
        "_bill_disease", "_facts", "_prescribed", "_spent", "_steps", "_terms", "_without", "lines",
    )  # fmt: skip

    def __init__(
        self, terms: ScopeTerms, facts: Facts, steps: list[Step], *, prescribed: bool, without: str
    ) -> None:
        self._terms = terms
        self._facts = facts
        self._bill_disease = facts.disease
        self._steps = steps
        self._prescribed = prescribed
        self._without = without
        self._spent: dict[tuple[str, str], int] = {}
        self.lines: list[LineScope] = []

    def add(
        self,
        line: FeeLine,
        item: Item | None,
        ratio_item: Item | None,
        totals: Totals,
        disease: str,
    ) -> None:
        """Add one line's parts to the totals, and its steps to the working.

        Over limit = max(0, amount − limit × quantity); the first share is taken of the rest,
        rounded half-up per line (domain facts 1.3). A ratio of 100 % is own expense.
        `item` says what is covered and at which price, `ratio_item` the first self-pay; what they
        ask of a disease is asked of the line's, `disease`, where it belongs to one.
        """
        amount: int = line.amount_fen
        if disease and disease != self._facts.disease:
            self._facts = replace(self._facts, disease=disease)
        elif not disease and self._facts.disease != self._bill_disease:
            self._facts = replace(self._facts, disease=self._bill_disease)
        if item is None:
            own, over, first = self._uncatalogued(line)
        elif item.plain and ratio_item is item and item.first_pay_bp is not None:
            own, over, first = self._plain(line, item, item.first_pay_bp)
        else:
            own, over, first = self._special(line, item, ratio_item or item)
        in_scope = amount - own - over - first
        totals.own += own
        totals.over += over
        totals.first += first
        totals.in_scope += in_scope
        self.lines.append(LineScope(line.number, own, over, first, in_scope))

    def _uncatalogued(self, line: FeeLine) -> tuple[int, int, int]:
        rule, rate_bp = self._terms.rule, RATE_ONE_BP
        for row in self._terms.uncatalogued:
            if self._row_holds(row, "", line.category):
                rule, rate_bp = row.rule, row.rate_bp
                break
        amount: int = line.amount_fen
        zh, en = _UNCATALOGUED
        first = (amount * rate_bp + 5_000) // RATE_ONE_BP
        self._steps.append(
            Step(rule, amount, first, rate_bp, None, amount - first, line.number, zh, en)
        )
        return (first, 0, 0) if rate_bp == RATE_ONE_BP else (0, 0, first)

    def _plain(self, line: FeeLine, item: Item, rate_bp: int) -> tuple[int, int, int]:
        amount: int = line.amount_fen
        if rate_bp == RATE_ONE_BP:
            return self._own(line, item.rule, _OWN)
        over = 0
        if item.ceiling_e4 is not None:
            # quantity in 1/10,000 × price in 1/10,000 yuan = 1/10^8 yuan = 1/10^6 fen, half-up.
            limit = (line.quantity_e4 * item.ceiling_e4 + 500_000) // 1_000_000
            over = self._over(line, item.rule, limit)
        rest = amount - over
        first = (rest * rate_bp + 5_000) // RATE_ONE_BP
        zh, en = _FIRST if rate_bp else ("", "")
        self._steps.append(
            Step(item.rule, rest, first, rate_bp, None, rest - first, line.number, zh, en)
        )
        return 0, over, first

    def _special(self, line: FeeLine, item: Item, ratio_item: Item) -> tuple[int, int, int]:
        """Scope a line whose item has restrictions, limits, tiers or portions."""
        if item.stated is not None:
            own, over, first = item.stated
            left = line.amount_fen - own - over - first
            self._steps.append(
                Step(item.rule, line.amount_fen, own + over + first, None, None, left, line.number,
                     "已定范围", "Scoped elsewhere")
            )  # fmt: skip
            return item.stated
        for restriction in item.only:
            if not restriction.condition.holds(self._facts):
                return self._own(line, item.rule, (restriction.zh, restriction.en))
        if item.prescription and not self._prescribed and self._without == "own_expense":
            return self._own(line, item.rule, _UNPRESCRIBED)
        rule, rate_bp = self._ratio(ratio_item)
        if rate_bp == RATE_ONE_BP and not (ratio_item.tiers or ratio_item.portions):
            return self._own(line, rule, _OWN)
        over = self._over(line, item.rule, self._limit(line, item))
        rest: int = line.amount_fen - over
        own = first = left = 0
        for base, part_bp in _divided(rest, line, ratio_item, rate_bp):
            paid = (base * part_bp + 5_000) // RATE_ONE_BP
            if part_bp == RATE_ONE_BP:
                own += paid
            else:
                first += paid
            left += base - paid
            zh, en = ("", "") if not part_bp else _OWN if part_bp == RATE_ONE_BP else _FIRST
            self._steps.append(
                Step(rule, base, paid, part_bp, None, base - paid, line.number, zh, en)
            )
        return own, over, first

    def _ratio(self, item: Item) -> tuple[str, int]:
        """Return the rule and the first self-pay: by condition, of the item, or by its class."""
        for number, (condition, rate_bp) in enumerate(item.ratios, start=1):
            if condition.holds(self._facts):
                return f"{item.rule}/{number}", rate_bp
        if item.first_pay_bp is not None:
            return item.rule, item.first_pay_bp
        for row in self._terms.first_pay:
            if self._row_holds(row, item.item_class, item.category):
                return row.rule, row.rate_bp
        return item.rule, _CLASS_BP[item.item_class]

    def _row_holds(self, row: ClassRatio, item_class: str, category: str) -> bool:
        return (
            (not row.classes or item_class in row.classes)
            and (not row.categories or category in row.categories)
            and row.condition.holds(self._facts)
        )

    def _limit(self, line: FeeLine, item: Item) -> int | None:
        """Return what of the line lies below its price ceiling, in fen; None: no limit.

        A limit per unit is one per quantity; per day it is shared by the lines of the item, or of
        its group, on one date, a line of several days having as many; per visit by the whole bill.
        """
        price = item.ceiling_e4
        for condition, other in item.ceilings:
            if condition.holds(self._facts):
                price = other
                break
        if price is None:
            return None
        if item.limit_per == "unit":
            return (line.quantity_e4 * price + 500_000) // 1_000_000
        key = (item.group or item.code, "" if item.limit_per == "visit" else str(line.on))
        days_e4 = max(10_000, line.quantity_e4) if item.limit_per == "day" else 10_000
        room = max(0, (days_e4 * price + 500_000) // 1_000_000 - self._spent.get(key, 0))
        taken = min(room, line.amount_fen)
        self._spent[key] = self._spent.get(key, 0) + taken
        return taken

    def _over(self, line: FeeLine, rule: str, limit: int | None) -> int:
        if limit is None or line.amount_fen <= limit:
            return 0
        over = line.amount_fen - limit
        zh, en = _OVER
        self._steps.append(
            Step(rule, line.amount_fen, over, None, limit, limit, line.number, zh, en)
        )
        return over

    def _own(self, line: FeeLine, rule: str, note: tuple[str, str]) -> tuple[int, int, int]:
        amount: int = line.amount_fen
        self._steps.append(
            Step(rule, amount, amount, RATE_ONE_BP, None, 0, line.number, note[0], note[1])
        )
        return amount, 0, 0


def _divided(rest: int, line: FeeLine, item: Item, rate_bp: int) -> list[tuple[int, int]]:
    """Return the (amount, ratio) pieces of what lies below the ceiling; they add up to it."""
    if item.portions:
        pieces, left = [], rest
        for portion in item.portions[:-1]:
            base = min(left, (rest * portion.share_bp + 5_000) // RATE_ONE_BP)
            pieces.append((base, portion.first_pay_bp))
            left -= base
        return [*pieces, (left, item.portions[-1].first_pay_bp)]
    if not item.tiers:
        return [(rest, rate_bp)]
    quantity_e4 = max(1, line.quantity_e4)
    if item.tiers_whole:
        # unit price in 1/10,000 yuan = fen × 10^6 / quantity in 1/10,000
        price_e4 = rest * 1_000_000 // quantity_e4
        rate_bp = next(tier.first_pay_bp for tier in item.tiers if price_e4 < tier.upper_e4)
        return [(rest, rate_bp)]
    pieces, reached = [], 0
    for tier in item.tiers:
        upper = min(rest, (quantity_e4 * tier.upper_e4 + 500_000) // 1_000_000)
        if upper > reached:
            pieces.append((upper - reached, tier.first_pay_bp))
            reached = upper
    return pieces or [(0, rate_bp)]
