"""What was used before a case's first bill: sums by the names of the policy, of an insurance year.

Must not know: persons, places, bills beside the claim's days.
"""

from collections.abc import Mapping

from switch.cases.fields import Fields, fen_of, times_of
from switch.model.claim import Claim
from switch.model.member import year_key
from switch.rules.adjudicate import Rules
from switch.rules.entitlement import day_of, plan_of
from switch.rules.plan import Plan
from switch.rules.words import COUNTED_IN_TIMES


def meter_names(rules: Rules, region: str, insurance: str) -> dict[str, bool]:
    """Return the sums that the policies of an insurance keep: name → whether counted in times."""
    found: dict[str, bool] = {}
    book = rules.books.get(region)
    for (other, _), (_, held) in book.plans.items() if book else ():
        for plan in held:
            if other == insurance and isinstance(plan, Plan):
                for meter in plan.meters:
                    found[meter.name] = bool(COUNTED_IN_TIMES.intersection(meter.counts))
    return found


def read_sums(
    table: Mapping[str, object], names: Mapping[str, bool], key: str, where: str
) -> dict[str, int]:
    """Return sums by name, in fen or times. Raises: ValueError for one that no rule keeps."""
    found = {}
    for name, value in table.items():
        times = names.get(name.partition("@")[0])
        if times is None:
            raise ValueError(
                f"{where}: {key} names {name!r}, which no rule of the policy keeps; "
                f"kept are {', '.join(sorted(names)) or 'none'}"
            )
        found[name] = times_of(value, name, where) if times else fen_of(value, name, where)
    return found


def read_history(
    fields: Fields, rules: Rules, region: str, insurance: str, claim: Claim
) -> dict[str, dict[str, int]]:
    """Return the sums that a case opens with, by insurance year.

    Those of no stated year are of the year that the claim belongs to, by the dates of its kind.
    Raises: ValueError for a sum that no rule of the policy keeps.
    """
    names = meter_names(rules, region, insurance)
    year = fields.whole("history_year", _year(rules, region, insurance, claim))
    history = read_sums(fields.table("history"), names, "history", fields.where)
    found = {year_key(region, insurance, year): history} if history else {}
    for other, sums in fields.table("history_of_years").items():
        if not other.isdigit() or not isinstance(sums, dict):
            fields.fail("write history_of_years as a table of sums by year, such as 2019 = {…}")
        values = read_sums(sums, names, "history_of_years", fields.where)
        found[year_key(region, insurance, int(other))] = values
    return found


def _year(rules: Rules, region: str, insurance: str, claim: Claim) -> int:
    """Return the claim's insurance year; where its kind has no policy, that of any other kind."""
    book = rules.books.get(region)
    kinds = sorted(kind for other, kind in book.plans if other == insurance) if book else []
    for kind in (claim.kind, *kinds):
        held = plan_of(book, insurance, kind, claim)[0] if book else None
        if isinstance(held, Plan):
            return held.year.of(day_of(claim, held.dates.year))
    return claim.service_on.year
