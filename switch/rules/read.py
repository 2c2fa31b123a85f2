"""Turns one dated value of each type of rule into its term, checking what it says.

Must not know: files, dates in force, other rules. One function per type, joined in `READERS`.
"""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

from switch.model.codes import FilingKind, FundPayType, InjuryCause
from switch.rules.terms import (
    COUNTS,
    ENDLESS,
    PARTS,
    AccountUse,
    Accumulator,
    Band,
    Bands,
    Ceiling,
    Cover,
    CrossCity,
    Dates,
    Deductible,
    FurtherPayer,
    Identity,
    Reduction,
    ScopeTerms,
    Segment,
    Segments,
    SpecialDiseases,
    SpecialModes,
    Term,
    Year,
)
from switch.rules.values import LEVELS, Reader, build_table

_DAYS: Final = frozenset({"service", "admission", "discharge"})
_FUNDS: Final = frozenset(FundPayType)
_YEAR_DAY: Final = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_FILINGS: Final = frozenset(set(FilingKind) - {FilingKind.SPECIAL_DISEASE}) | {"none"}
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9.\-]{1,19}")
_MODES_ELSEWHERE: Final = frozenset({"refuse", "open", "split"})
_MODES_HOME: Final = frozenset({"open", "split"})


def _cover(reader: Reader, rule: str, _classes: tuple[str, ...]) -> Cover:
    return Cover(
        rule,
        covered=reader.flag("covered"),
        injuries=frozenset(reader.words("injuries", frozenset(InjuryCause))),
        clearing_type=reader.word("clearing_type"),
    )


def _identity(reader: Reader, rule: str, _classes: tuple[str, ...]) -> Identity:
    return Identity(rule, reader.flag("identity_number_accepted"))


def _dates(reader: Reader, rule: str, _classes: tuple[str, ...]) -> Dates:
    return Dates(
        rule,
        policy=reader.word("policy", _DAYS),
        enrolment=reader.word("enrolment", _DAYS),
        year=reader.word("year", _DAYS),
        age=reader.word("age", _DAYS),
    )


def _year(reader: Reader, rule: str, _classes: tuple[str, ...]) -> Year:
    text = reader.word("first_day")
    if not _YEAR_DAY.fullmatch(text):
        reader.fail(f"first_day is {text!r}; write month and day as 01-01")
    return Year(rule, int(text[:2]), int(text[3:]))


def _scope(reader: Reader, rule: str, _classes: tuple[str, ...]) -> ScopeTerms:
    return ScopeTerms(
        rule,
        catalogue=reader.word("catalogue", frozenset({"care", "insured"})),
        uncatalogued_first_pay_bp=reader.rate("uncatalogued_first_pay"),
    )


def _segments(reader: Reader, rule: str, classes: tuple[str, ...]) -> Segments:
    found = []
    for row in reader.tables("segments"):
        part = row.word("part", frozenset({"account_segment", "self_segment"}))
        if part == "account_segment":
            kept = row.word("without_account", frozenset({"cash", "skip"}))
            found.append(Segment(rule, part, "", None, kept == "cash"))
        else:
            used = row.word("used")
            widths = [(width, width.money("width")) for width in row.tables("widths")]
            table = build_table(widths, classes, row.where)
            found.append(Segment(rule, part, used, table, cash_without_account=True))
        row.done()
    if len({segment.part for segment in found}) != len(found):
        reader.fail("a segment stands twice")
    return Segments(rule, tuple(found))


def _deductible(reader: Reader, rule: str, classes: tuple[str, ...]) -> Deductible:
    modes = {"none", "each", "yearly", "one_per_year_highest_level", "by_ordinal"}
    mode = reader.word("mode", frozenset(modes))
    if mode == "none":
        return Deductible(rule, mode, None, "", "", "", (), waived_by_special_disease=False)
    rows = [(row, row.money("amount")) for row in reader.tables("amounts")]
    ordinals: tuple[int, ...] = ()
    if mode == "by_ordinal":
        ordinals = reader.rates("ordinals")
        if not ordinals:
            reader.fail("ordinals is empty; name the first admission's share")
    yearly = mode in {"yearly", "one_per_year_highest_level"}
    return Deductible(
        rule,
        mode,
        build_table(rows, classes, reader.where),
        used=reader.word("used") if yearly else "",
        highest=reader.word("highest") if mode == "one_per_year_highest_level" else "",
        admissions=reader.word("admissions") if mode == "by_ordinal" else "",
        ordinals_bp=ordinals,
        waived_by_special_disease=reader.flag("waived_by_special_disease", default=False),
    )


def _build_bands(
    reader: Reader, rule: str, edges: tuple[int, ...], rates: tuple[int, ...]
) -> tuple[Band, ...]:
    if len(rates) != len(edges) + 1:
        reader.fail(
            f"{len(edges)} edges make {len(edges) + 1} bands, but {len(rates)} ratios stand"
        )
    bounds = (0, *edges, ENDLESS)
    for lower, upper in pairwise(bounds):
        if upper <= lower:
            reader.fail(f"the band from {lower} to below {upper} fen is never reached")
    return tuple(
        Band(f"{rule}/{number}", lower, upper, rate_bp)
        for number, (lower, upper, rate_bp) in enumerate(
            zip(bounds, bounds[1:], rates, strict=False), start=1
        )
    )


def _bands(reader: Reader, rule: str, classes: tuple[str, ...]) -> Bands:
    position = reader.word("position")
    edges = reader.moneys("edges") if reader.has("edges") else ()
    rows = [
        (row, _build_bands(row, rule, edges, row.rates("fund"))) for row in reader.tables("rates")
    ]
    level_of = reader.word("level_of", frozenset({"institution", "prescriber"}))
    return Bands(
        rule,
        payer=FundPayType(reader.word("payer", _FUNDS)),
        position="" if position == "visit" else position,
        counts_deductible=False,
        rates=build_table(rows, classes, reader.where),
        level_of_prescriber=level_of == "prescriber",
        person_rounded=reader.word("rounded", frozenset({"fund", "person"})) == "person",
    )


def _ceiling(reader: Reader, rule: str, _classes: tuple[str, ...]) -> Ceiling:
    limit_on = reader.word("limit_on", frozenset({"none", "scope", "fund"}))
    if limit_on == "none":
        return Ceiling(rule, limit_on, 0, "", counts_deductible=False)
    amount_fen = reader.money("amount")
    if amount_fen == 0:
        reader.fail("a ceiling of 0 pays nothing; say covered = false instead")
    return Ceiling(rule, limit_on, amount_fen, reader.word("used"), counts_deductible=False)


def _account(reader: Reader, rule: str, _classes: tuple[str, ...]) -> AccountUse:
    uses = []
    for row in reader.tables("uses"):
        uses.append(
            (
                row.word("account", frozenset({"current", "earlier"})),
                row.words("parts", frozenset(PARTS)),
            )
        )
        row.done()
    return AccountUse(rule, tuple(uses))


def _cross_city(reader: Reader, rule: str, _classes: tuple[str, ...]) -> CrossCity:
    rows: list[Reduction] = []
    for row in reader.tables("rows"):
        form = row.word("form", frozenset({"none", "first_pay", "minus_points", "times"}))
        rate_bp = row.rate("rate") if form != "none" else 0
        if form != "none" and rate_bp == 0:
            row.fail(f"{form} of 0 reduces nothing; write form = 'none'")
        rows.append(
            Reduction(
                f"{rule}/{len(rows) + 1}",
                filing=row.word("filing", _FILINGS),
                at=row.word("at", frozenset({"here", "elsewhere"})) if row.has("at") else "here",
                levels=frozenset(row.words("levels", LEVELS)) if row.has("levels") else LEVELS,
                form=form,
                rate_bp=rate_bp,
            )
        )
        row.done()
    required = reader.flag("filing_required")
    last_is_open = bool(rows) and rows[-1].filing == "none" and rows[-1].levels == LEVELS
    if required == any(row.filing == "none" for row in rows) or required == last_is_open:
        reader.fail("where no filing is required the last row is filing = 'none', else no row is")
    if any(row.filing == "none" and row.levels == LEVELS for row in rows[:-1]):
        reader.fail("a row after filing = 'none' is never reached")
    return CrossCity(rule, required, reader.word("filing_on", _DAYS), tuple(rows))


def _special_modes(reader: Reader, rule: str, _classes: tuple[str, ...]) -> SpecialModes:
    home = reader.mapping("home", _MODES_HOME)
    elsewhere = reader.mapping("elsewhere", _MODES_ELSEWHERE)
    if "*" not in home or "*" not in elsewhere:
        reader.fail("home and elsewhere each need a mode for '*', any other disease")
    return SpecialModes(
        rule,
        home,
        elsewhere,
        frozenset(reader.words("elsewhere_levels", LEVELS)),
        items_listed=reader.word("items", frozenset({"listed", "any"})) == "listed",
    )


def _special_diseases(reader: Reader, rule: str, _classes: tuple[str, ...]) -> SpecialDiseases:
    names: dict[str, tuple[str, str]] = {}
    for row in reader.tables("diseases"):
        code = row.word("code")
        if not _CODE.fullmatch(code):
            row.fail(f"code {code!r} is no disease code")
        if code in names:
            row.fail(f"disease {code} is listed twice")
        names[code] = (row.word("zh"), row.word("en"))
        row.done()
    return SpecialDiseases(rule, names)


def _payer(reader: Reader, rule: str, _classes: tuple[str, ...]) -> FurtherPayer:
    edges = reader.moneys("edges") if reader.has("edges") else ()
    return FurtherPayer(
        rule,
        payer=FundPayType(reader.word("payer", _FUNDS)),
        order=reader.count("order"),
        base=reader.words("base", frozenset(PARTS)),
        used=reader.word("used"),
        bands=_build_bands(reader, rule, edges, reader.rates("pays")),
    )


def _accumulator(reader: Reader, rule: str, _classes: tuple[str, ...]) -> Accumulator:
    counts = reader.word("counts", COUNTS)
    unit = reader.word("counted_in", frozenset({"fen", "times"}))
    if (unit == "times") != (counts == "admissions"):
        reader.fail(f"counts = {counts!r} is not counted in {unit}")
    reader.word("period", frozenset({"insurance_year"}))
    return Accumulator(rule, reader.word("name"), unit, counts)


READERS: Final[Mapping[str, Callable[[Reader, str, tuple[str, ...]], Term]]] = {
    "cover": _cover,
    "identity": _identity,
    "dates": _dates,
    "year": _year,
    "scope": _scope,
    "segments": _segments,
    "deductible": _deductible,
    "bands": _bands,
    "ceiling": _ceiling,
    "account": _account,
    "cross_city": _cross_city,
    "special_disease_modes": _special_modes,
    "special_disease_list": _special_diseases,
    "payer": _payer,
    "accumulator": _accumulator,
}
"""Type of rule → how a value of it is read."""
