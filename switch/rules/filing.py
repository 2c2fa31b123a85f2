"""What the insured place's policy says of taking a filing. Must not know: files, the rule book."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from switch.model.codes import CROSS_CITY_FILINGS, FilingKind
from switch.model.decision import Decline
from switch.model.ids import city_of
from switch.model.member import Filing
from switch.model.reply import ReplyCode

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FilingTerms:
    """Who may take a filing beside the agency, how far back it may begin, how long it runs.

    `institutions`: the areas, as seen from the insured city, whose institutions may. `months`:
    how long a filing runs that names no last day; 0: without end. `longest_months`: how long one
    may run; 0: without end.
    """

    rule: str
    institutions: frozenset[str]
    back_days: int
    months: int
    longest_months: int
    accounts: tuple[str, ...] = ("earlier",)
    """Of a `family` filing: which of the relative's accounts pay, in order."""


def period(
    terms: FilingTerms, since: date, until: date | None, today: date
) -> tuple[date, date | None] | Decline:
    """Return a filing's first and last day under the terms, or why they do not allow them."""
    earliest = today - timedelta(days=terms.back_days)
    if since < earliest:
        facts = {"since": since.isoformat(), "earliest": earliest.isoformat()}
        return Decline(ReplyCode.FILING_TOO_EARLY, facts)
    if until is None and terms.months:
        until = months_later(since, terms.months) - _DAY
    if not terms.longest_months:
        return since, until
    latest = months_later(since, terms.longest_months) - _DAY
    if until is None:
        return since, latest
    if until > latest:
        facts = {"until": until.isoformat(), "latest": latest.isoformat()}
        return Decline(ReplyCode.FILING_TOO_LONG, facts)
    return since, until


def overlapping(wanted: Filing, others: Iterable[Filing]) -> Filing | None:
    """Return a filing that is for the same as the wanted one, on some of the same days.

    The same is: kind, insured city, and place of care, disease, chosen institution or relative.
    """
    for one in others:
        same = one.kind is wanted.kind and city_of(one.region) == city_of(wanted.region)
        if same and _same_subject(one, wanted) and _share_days(one, wanted):
            return one
    return None


def takes_in(place: str, region: str) -> bool:
    """Say whether a filing's place takes in a region.

    '' is anywhere, '33' or '330000' a province, '3301', '330100' or '330199' a city.
    """
    place = place_of(place)
    return region.startswith(place) or city_of(place) == city_of(region)


def place_of(text: str) -> str:
    """Return a place as filings keep it: a province by its first two digits."""
    return text[:2] if text[2:] == "0000" else text


def months_later(day: date, months: int) -> date:
    """Return the same day so many months later, or the first of the next where it has none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return day.replace(year=year, month=month + 1)
    except ValueError:
        return date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)


def _same_subject(one: Filing, other: Filing) -> bool:
    if one.kind in CROSS_CITY_FILINGS:
        return takes_in(one.place, other.place) or takes_in(other.place, one.place)
    if one.kind is FilingKind.SPECIAL_DISEASE:
        return one.disease_code == other.disease_code
    return (one.institution, one.relative) == (other.institution, other.relative)


def _share_days(one: Filing, other: Filing) -> bool:
    """Say whether two filings hold on one day at least; a withdrawn one may hold on none."""
    last = min(one.until or date.max, other.until or date.max)
    return max(one.since, other.since) <= last
