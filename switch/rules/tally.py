"""The running sums of one decision: accumulators read and moved, account balances, the working.

Local to one call of `adjudicate`; nothing here outlives it or is shared.
"""

from collections.abc import Mapping

from switch.model.decision import Step, YearToDate


class Tally:
    """Accumulators of one insurance year, with what this decision reads and adds."""

    __slots__ = ("_before", "_limits", "consulted", "deltas", "steps")

    def __init__(self, before: Mapping[str, int]) -> None:
        self._before = before
        self._limits: dict[str, int] = {}
        self.deltas: dict[str, int] = {}
        self.consulted: set[str] = set()
        self.steps: list[Step] = []

    def used(self, name: str) -> int:
        """Return an accumulator's value by now, and remember that it was read."""
        self.consulted.add(name)
        return self._before.get(name, 0) + self.deltas.get(name, 0)

    def add(self, name: str, amount: int) -> None:
        """Move an accumulator."""
        if amount:
            self.deltas[name] = self.deltas.get(name, 0) + amount

    def limit(self, name: str, limit: int) -> None:
        """Note the limit that an accumulator is held against, for the receipt."""
        self._limits[name] = limit

    def year_to_date(self) -> tuple[YearToDate, ...]:
        """Return what is used after this decision of each accumulator it read or moved."""
        return tuple(
            YearToDate(
                name, self._before.get(name, 0) + self.deltas.get(name, 0), self._limits.get(name)
            )
            for name in sorted(self.consulted | self.deltas.keys())
        )


class Purse:
    """The member's account as this decision draws on it; shut when it is not to be used."""

    __slots__ = ("current", "earlier", "open", "paid_current", "paid_earlier")

    def __init__(self, current_fen: int, earlier_fen: int, *, use_account: bool) -> None:
        self.current = current_fen
        self.earlier = earlier_fen
        self.open = use_account
        self.paid_current = 0
        self.paid_earlier = 0

    def pay(self, account: str, amount_fen: int) -> int:
        """Take up to an amount from the "current" or "earlier" account and return what it gave."""
        if account == "current":
            paid = min(amount_fen, self.current)
            self.current -= paid
            self.paid_current += paid
        else:
            paid = min(amount_fen, self.earlier)
            self.earlier -= paid
            self.paid_earlier += paid
        return paid
