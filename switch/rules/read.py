"""Reads who is entitled, where, and for what; and joins the readers of every type of rule.

Must not know: files, dates in force, other rules. One function per type, joined in `READERS`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from switch.model.codes import InjuryCause, Insurance
from switch.rules import read_benefit, read_card, read_payers
from switch.rules.condition import ALWAYS, Table
from switch.rules.filing import FilingTerms
from switch.rules.read_rows import FUNDS, Context, read_condition, read_numbers, read_table
from switch.rules.stay import StayTerms
from switch.rules.terms import (
    ClassRatio,
    Cover,
    CrossCity,
    Dates,
    Entitlement,
    Identity,
    Reduction,
    ScopeTerms,
    SpecialDiseases,
    SpecialModes,
    Term,
    Waiting,
    Year,
)
from switch.rules.values import Reader
from switch.rules.words import AREAS, BASIC_FUND, FILING, FILINGS, LEVELS, STAY

_DAYS: Final = frozenset({"service", "admission", "discharge"})
_YEAR_DAY: Final = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_NO_DAYS: Final = frozenset({"02-29", "02-30", "02-31", "04-31", "06-31", "09-31", "11-31"})
"""Days that no year, or not every year, has."""
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9.\-]{1,19}")
_PLACES: Final = frozenset({"care", "insured"})
_MODES_ELSEWHERE: Final = frozenset({"refuse", "open", "split"})
_MODES_HOME: Final = frozenset({"open", "split"})


def _cover(reader: Reader, context: Context) -> Cover:
    injuries = reader.words("injuries", frozenset(InjuryCause)) or (InjuryCause.NONE,)
    return Cover(
        context.rule,
        covered=reader.flag("covered", default=True),
        injuries=frozenset(injuries),
        clearing_type=reader.word("clearing_type", default="11"),
    )


def _identity(reader: Reader, context: Context) -> Identity:
    return Identity(context.rule, reader.flag("identity_number_accepted", default=False))


def _dates(reader: Reader, context: Context) -> Dates:
    return Dates(
        context.rule,
        policy=reader.word("policy", _DAYS, default="service"),
        enrolment=reader.word("enrolment", _DAYS, default="service"),
        year=reader.word("year", _DAYS, default="service"),
        age=reader.word("age", _DAYS, default="service"),
    )


def _year(reader: Reader, context: Context) -> Year:
    text = reader.word("first_day")
    if not _YEAR_DAY.fullmatch(text) or text in _NO_DAYS:
        reader.fail(f"first_day is {text!r}; write month and day as 01-01")
    return Year(context.rule, int(text[:2]), int(text[3:]))


def _entitlement(reader: Reader, context: Context) -> Entitlement:
    waiting: Table[Waiting] = Table(())
    if reader.has("waiting"):
        waiting = read_table(
            reader, "waiting", lambda row: Waiting(row.count("months", 0), row.count("days", 0)),
            context, whole=False,
        )  # fmt: skip
    return Entitlement(
        context.rule,
        waiting=waiting,
        gap_days=reader.count("gap_days", 0),
        gap_insurances=frozenset(reader.words("gap_insurances", frozenset(Insurance))),
        suspending=frozenset(reader.words("suspending")),
        grace_days=reader.count("grace_days", 0),
        newborn_days=reader.count("newborn_days", 0),
        prescribed=reader.word(
            "without_prescription", {"paid", "own_expense", "declined"}, default="paid"
        ),
    )


def _scope(reader: Reader, context: Context) -> ScopeTerms:
    first_pay = _ratios(reader, context, "first_pay")
    uncatalogued = _ratios(reader, context, "uncatalogued")
    if reader.has("uncatalogued_first_pay"):
        last = ClassRatio(
            context.rule, frozenset(), frozenset(), ALWAYS, reader.rate("uncatalogued_first_pay")
        )  # fmt: skip
        uncatalogued = (*uncatalogued, last)
    catalogue = reader.word("catalogue", _PLACES, default="care")
    return ScopeTerms(
        context.rule,
        catalogue=catalogue,
        ratios=reader.word("ratios", _PLACES, default=catalogue),
        first_pay=first_pay,
        uncatalogued=uncatalogued,
    )


def _ratios(reader: Reader, context: Context, key: str) -> tuple[ClassRatio, ...]:
    """Rows of a ratio by catalogue class (A, B, C) and category, the first match holding."""
    rows = []
    for number, row in enumerate(reader.tables(key), start=1):
        rows.append(
            ClassRatio(
                f"{context.rule}/{key}{number}",
                frozenset(row.words("item_classes", {"A", "B", "C"})),
                frozenset(row.words("categories")),
                read_condition(row),
                row.rate("rate"),
            )
        )
        row.done()
    return tuple(rows)


def _cross_city(reader: Reader, context: Context) -> CrossCity:
    rows: list[Reduction] = []
    for row in reader.tables("rows"):
        form = row.word("form", {"none", "first_pay", "minus_points", "times", "refuse"})
        first_pay_bp, ratio_form, ratio_bp = _reduced(row, form)
        rows.append(
            Reduction(
                f"{context.rule}/{len(rows) + 1}",
                filing=row.word("filing", FILINGS, default="none"),
                at=row.word("at", {"here", "elsewhere"}, default="here"),
                condition=read_condition(row),
                form=form,
                first_pay_bp=first_pay_bp,
                of_total=row.word("of", {"in_scope", "total"}, default="in_scope") == "total",
                ratio_form=ratio_form,
                ratio_bp=ratio_bp,
                payers=frozenset(row.words("payers", {BASIC_FUND, *FUNDS}))
                or frozenset({BASIC_FUND}),
                bands=read_numbers(row, "bands"),
                flat=frozenset(row.words("flat")) if row.has("flat") else None,
            )
        )
        row.done()
    for number, one in enumerate(rows):
        for before in rows[:number]:
            if before.filing in {"none", one.filing} and (
                before.filing == "none" or before.at == one.at
            ) and before.condition.covers(one.condition):  # fmt: skip
                reader.fail(f"{one.rule} is never reached, for {before.rule} holds first")
    return CrossCity(
        context.rule,
        filing_on=reader.word("filing_on", _DAYS, default="admission"),
        opened=reader.flag("opened", default=True),
        rows=tuple(rows),
    )


def _reduced(row: Reader, form: str) -> tuple[int, str, int]:
    """Return a row's first pay, and how and by how much ratios fall; a first pay may name both."""
    if form in {"none", "refuse"}:
        return 0, "", 0
    rate_bp = row.rate("rate")
    if rate_bp == 0:
        row.fail(f"{form} of 0 reduces nothing; write form = 'none'")
    if form != "first_pay":
        return 0, form, rate_bp
    more = [one for one in ("minus_points", "times") if row.has(one)]
    if len(more) > 1:
        row.fail("minus_points and times stand side by side; write the one or the other")
    ratio_bp = row.rate(more[0]) if more else 0
    if more and ratio_bp == 0:
        row.fail(f"{more[0]} of 0 reduces nothing; leave it out")
    return rate_bp, "".join(more), ratio_bp


def _special_modes(reader: Reader, context: Context) -> SpecialModes:
    home = reader.mapping("home", _MODES_HOME) or {"*": "open"}
    elsewhere = reader.mapping("elsewhere", _MODES_ELSEWHERE) or {"*": "refuse"}
    national = reader.mapping("national", _MODES_ELSEWHERE) or elsewhere
    for modes in (home, elsewhere, national):
        if "*" not in modes:
            reader.fail("each place needs a mode for '*', any other disease")
    levels = reader.words("elsewhere_levels", LEVELS) or tuple(LEVELS)
    return SpecialModes(
        context.rule,
        {"home": home, "province": elsewhere, "national": national},
        frozenset(one for level in levels for one in LEVELS[level]),
        items_listed=reader.word("items", {"listed", "any"}, default="any") == "listed",
    )


def _special_diseases(reader: Reader, context: Context) -> SpecialDiseases:
    names: dict[str, tuple[str, str]] = {}
    for row in reader.tables("diseases"):
        code = row.word("code")
        if not _CODE.fullmatch(code):
            row.fail(f"code {code!r} is no disease code")
        if code in names:
            row.fail(f"disease {code} is listed twice")
        names[code] = (row.word("zh", default=code), row.word("en", default=code))
        row.done()
    settled = reader.word("settled", {"together", "apart"}, default="apart")
    return SpecialDiseases(context.rule, names, settled == "apart")


def _filing(reader: Reader, context: Context) -> FilingTerms:
    months = reader.count("months", 0)
    longest = reader.count("longest_months", 0)
    if longest and months > longest:
        reader.fail(f"months {months} are above longest_months {longest}")
    return FilingTerms(
        context.rule,
        institutions=frozenset(reader.words("institutions", AREAS)),
        back_days=reader.count("back_days", 0),
        months=months,
        longest_months=longest,
        accounts=reader.words("accounts", {"current", "earlier"}) or ("earlier",),
    )


def _stay(reader: Reader, context: Context) -> StayTerms:
    days = reader.count("transfer_days") if reader.has("transfer_days") else None
    return StayTerms(context.rule, reader.count("before_days", 0), days)


READERS: Final[Mapping[str, Callable[[Reader, Context], Term | None]]] = {
    "cover": _cover,
    "identity": _identity,
    "dates": _dates,
    "year": _year,
    "entitlement": _entitlement,
    "scope": _scope,
    "segments": read_benefit.read_segments,
    "deductible": read_benefit.read_deductible,
    "bands": read_benefit.read_bands_rule,
    "ceiling": read_benefit.read_ceiling,
    "adjustments": read_benefit.read_adjustments,
    "flat": read_benefit.read_flat,
    "account": read_payers.read_account,
    "payer": read_payers.read_payer,
    "hospital": read_payers.read_hospital,
    "floor": read_payers.read_floor,
    "accumulator": read_payers.read_accumulator,
    "cross_city": _cross_city,
    "special_disease_modes": _special_modes,
    "special_disease_list": _special_diseases,
    FILING: _filing,
    STAY: _stay,
    "card_channels": read_card.read_channels,
    "card_loss": read_card.read_loss,
    "card_clone": read_card.read_clone,
}
"""Type of rule → how a value of it is read; None: the value says that there is nothing."""
