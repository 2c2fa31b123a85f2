"""What the insured place's policy says of a stay's edges. Must not know: files, the rule book."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class StayTerms:
    """Care before a stay that belongs to it, and stays that a transfer makes one.

    `before_days`: how many days before the admission a line of the stay may lie (tests before day
    surgery, an emergency). `transfer_days`: within how many days of a discharge an admission after
    a transfer goes on with the same stay; None: each is a stay of its own.
    """

    rule: str
    before_days: int
    transfer_days: int | None


def first_day(terms: StayTerms | None, begun: date) -> date:
    """Return the first day a line may have of a stay that begins on a day."""
    return begun if terms is None else begun - timedelta(days=terms.before_days)


def goes_on(terms: StayTerms | None, ended: date, begun: date) -> bool:
    """Say whether a stay begun after a transfer and the one that ended before are one."""
    days = None if terms is None else terms.transfer_days
    return days is not None and begun - ended <= timedelta(days=days)
