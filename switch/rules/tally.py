"""The running sums of one decision: meters read and moved, account balances, the working.

Local to one call of `adjudicate`; nothing here outlives it or is shared.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from switch.model.decision import Step, YearToDate
from switch.rules.terms_benefit import Meter

STAY_DEDUCTIBLE: Final = Meter("stay.deductible", ("deductible",), "stay")
"""What a stay of visits known here has paid of deductibles, whatever period the policy counts them
in: interim settlements, New Year and a transfer within one stay take no second one."""


class Tally:
    """Meters of one insurance year, with what this decision reads and adds.

    A meter that runs shorter than the year, or by disease, is kept under its name and the month,
    quarter, day, stay, visit or disease it is of, after an "@". A claim that names no visit known
    here is a visit by itself: what a meter of its visit holds goes with it.
    """

    __slots__ = (
        "_before", "_limits", "_on", "_once", "_stay", "_visit", "_visit_id", "consulted", "deltas",
        "steps",
    )  # fmt: skip

    def __init__(
        self,
        before: Mapping[str, int],
        on: date,
        stay: str,
        visit_id: str = "",
        *,
        once: bool = False,
    ) -> None:
        self._before = before
        self._on = on
        self._stay = stay
        self._visit_id = visit_id
        self._once = once
        self._limits: dict[str, int] = {}
        self._visit: dict[str, int] = {}
        self.deltas: dict[str, int] = {}
        self.consulted: set[str] = set()
        self.steps: list[Step] = []

    def used(self, meter: Meter, disease: str = "") -> int:
        """Return what a meter holds by now, and remember that it was read."""
        key = self._key(meter, disease)
        if self._passes(meter):
            return self._visit.get(key, 0)
        self.consulted.add(key)
        return self._before.get(key, 0) + self.deltas.get(key, 0)

    def add(self, meter: Meter, amount: int, disease: str = "") -> None:
        """Move a meter."""
        if not amount:
            return
        key = self._key(meter, disease)
        sums = self._visit if self._passes(meter) else self.deltas
        sums[key] = sums.get(key, 0) + amount

    def owed_by_stay(self, owed: int, limit: int) -> int:
        """Return what is still owed of a deductible of which this stay may have paid a part."""
        return min(owed, max(0, limit - self.used(STAY_DEDUCTIBLE))) if self._once else owed

    def paid_by_stay(self, taken: int) -> None:
        """Remember what a stay paid of a deductible."""
        if self._once:
            self.add(STAY_DEDUCTIBLE, taken)

    def limit(self, meter: Meter | None, limit: int, disease: str = "") -> None:
        """Note the limit that a meter is held against, for the receipt."""
        if meter is not None and not self._passes(meter):
            self._limits[self._key(meter, disease)] = limit

    def year_to_date(self) -> tuple[YearToDate, ...]:
        """Return what is used after this decision of each meter it read or moved."""
        return tuple(
            YearToDate(
                name, self._before.get(name, 0) + self.deltas.get(name, 0), self._limits.get(name)
            )
            for name in sorted(self.consulted | self.deltas.keys())
        )

    def _passes(self, meter: Meter) -> bool:
        """Say whether a meter ends with this decision: its visit is known only here."""
        return meter.period == "visit" and not self._visit_id

    def _key(self, meter: Meter, disease: str) -> str:
        if meter.period == "year" and not meter.by_disease:
            return meter.name
        return f"{meter.name}{self._period(meter.period)}" + (
            f"@{disease}" if meter.by_disease and disease else ""
        )

    def _period(self, period: str) -> str:
        match period:
            case "month":
                return f"@{self._on:%Y-%m}"
            case "quarter":
                return f"@{self._on.year}-Q{(self._on.month + 2) // 3}"
            case "day":
                return f"@{self._on.isoformat()}"
            case "stay":
                return f"@{self._stay}"
            case "visit" if self._visit_id:
                return f"@{self._visit_id}"
            case _:
                return ""


class Purse:
    """The member's accounts as this decision draws on them; shut when they are not to be used."""

    __slots__ = ("left", "open", "paid", "segment_room")

    def __init__(
        self, current_fen: int, earlier_fen: int, relative_fen: int, *, use_account: bool
    ) -> None:
        self.left = {"current": current_fen, "earlier": earlier_fen, "relative": relative_fen}
        self.paid = dict.fromkeys(self.left, 0)
        self.open = use_account
        self.segment_room = current_fen
        """What the account segment may still be as wide as: it is paid once."""

    def pay(self, account: str, amount_fen: int) -> int:
        """Take up to an amount from an account and return what it gave."""
        paid = min(amount_fen, self.left[account])
        self.left[account] -= paid
        self.paid[account] += paid
        return paid
