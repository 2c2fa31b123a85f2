"""Reads the rules of the basic fund's benefit: segments, deductible, bands, ceilings, adjustments.

One function per type of rule; `read.READERS` joins them.
"""

from switch.model.codes import FundPayType
from switch.rules.read_rows import (
    FUNDS,
    Context,
    own_fund,
    read_bands,
    read_condition,
    read_meter,
    read_numbers,
    read_rounding,
    read_table,
)
from switch.rules.terms_benefit import (
    ENDLESS,
    Adjustment,
    Adjustments,
    Amount,
    Bands,
    Ceiling,
    Deductible,
    FlatGroup,
    Meter,
    Segment,
    Segments,
)
from switch.rules.values import Reader
from switch.rules.words import ADMISSIONS, PARTS, PERIODS


def read_segments(reader: Reader, context: Context) -> Segments:
    """Segments before the fund, in order; see `terms.Segment`."""
    found: list[Segment] = []
    for row in reader.tables("segments"):
        part = row.word("part", {"account_segment", "self_segment"})
        if part == "account_segment":
            kept = row.word("without_account", {"cash", "skip"}, default="cash")
            in_cash = Meter(f"{context.rule_id}.cash", ("account_segment_in_cash",), "year")
            meter = in_cash if kept == "cash" else None
            found.append(Segment(context.rule, part, meter, None, kept == "cash"))
        else:
            widths = read_table(row, "widths", lambda one: one.money("width"), context)
            meter = read_meter(row, context, ("self_segment",))
            found.append(Segment(context.rule, part, meter, widths, cash_without_account=True))
        row.done()
    if len({segment.part for segment in found}) != len(found):
        reader.fail("a segment stands twice")
    return Segments(context.rule, tuple(found))


def read_deductible(reader: Reader, context: Context) -> Deductible:
    """The deductible; see `terms.Deductible`. Its levels are institutions' deductible levels."""
    level_of = reader.word("level_of", {"institution", "prescriber"}, default="institution")
    level = "prescriber_level" if level_of == "prescriber" else "deductible_level"
    amounts = read_table(reader, "amounts", _amount, context, level_fact=level)
    meter = read_meter(reader, context, ("deductible",), per="visit")
    highest = None
    if reader.flag("highest_level", default=False):
        if meter is None:
            reader.fail("highest_level needs a period longer than a visit: write per = 'year'")
        name = reader.word("highest", default=f"{meter.name}_highest")
        highest = Meter(name, ("deductible_highest",), meter.period, meter.by_disease)
    period_max, period_meter = None, None
    if reader.has("period_max") or reader.has("period_maxima"):
        period_max = read_table(
            reader, "period_maxima", lambda row: row.money("period_max"), context,
            level_fact=level,
        )  # fmt: skip
        period = reader.word("max_per", PERIODS, default="year")
        name = reader.word("max_used", default=f"{context.rule_id}.period")
        period_meter = Meter(name, ("deductible",), period)
    ordinals = reader.rates("ordinals") if reader.has("ordinals") else ()
    if reader.has("ordinals") and not ordinals:
        reader.fail("ordinals is empty; name the share of at least the first admission")
    return Deductible(
        context.rule,
        amounts=amounts,
        meter=meter,
        highest=highest,
        ordinals_bp=ordinals,
        least_fen=reader.money("least", 0),
        period_max=period_max,
        period_meter=period_meter,
        after=reader.word("taken", {"before", "after"}, default="before") == "after",
        admissions=reader.word("admissions", default=ADMISSIONS),
    )


def _amount(row: Reader) -> Amount:
    """An amount, or a share of the bill that is at least the amount; see `terms.Amount`."""
    if not row.has("share"):
        return Amount(row.money("amount"))
    of = row.word("of", {"in_scope", "total"}, default="in_scope")
    return Amount(
        row.money("amount", 0),
        share_bp=row.rate("share"),
        of_total=of == "total",
        most_fen=row.money("most", ENDLESS),
    )


def read_bands_rule(reader: Reader, context: Context) -> Bands:
    """The fund's share by bands; see `terms.Bands`."""
    counts = reader.word("counts", {"in_scope", "after_deductible", "fund"}, default="in_scope")
    level_of = reader.word("level_of", {"institution", "prescriber"}, default="institution")
    edges = reader.moneys("edges")
    rates = read_table(
        reader,
        "rates",
        lambda row: read_bands(row, context.rule, edges, "fund"),
        context,
        level_fact="prescriber_level" if level_of == "prescriber" else "level",
    )
    return Bands(
        context.rule,
        payer=FundPayType(reader.word("payer", FUNDS, default=own_fund(context.insurance))),
        position=read_meter(reader, context, (counts,), per="visit"),
        from_zero=counts == "in_scope",
        of_fund=counts == "fund",
        rates=rates,
        rounding=read_rounding(reader),
    )


def read_ceiling(reader: Reader, context: Context) -> Ceiling | None:
    """A ceiling, or None where the rule says that there is none; see `terms.Ceiling`."""
    limit_on = reader.word("limit_on", {"none", "scope", "fund", "all_funds"})
    if limit_on == "none":
        return None
    counts = limit_on
    if limit_on == "scope":
        counts = reader.word("counts", {"in_scope", "after_deductible"}, default="in_scope")
    amounts = read_table(reader, "amounts", lambda row: row.money_or_none("amount"), context)
    excess = "scope"
    meter = read_meter(reader, context, (counts,))
    if limit_on == "all_funds":
        # Payers of one bill come one after the other: even a bill's own limit needs a sum.
        meter = meter or Meter(context.rule_id, (counts,), "visit")
    elif limit_on == "fund":
        excess = reader.word("excess", {"scope", "fund"}, default="scope")
    return Ceiling(
        context.rule,
        name=context.rule_id,
        limit_on=limit_on,
        amounts=amounts,
        meter=meter,
        from_zero=counts == "in_scope",
        excess=excess,
        further_disease_fen=reader.money("further_disease", 0),
        most_fen=reader.money("further_most", ENDLESS),
    )


def read_adjustments(reader: Reader, context: Context) -> Adjustments:
    """Changes of the basic fund's ratio; see `terms.Adjustments`."""
    rows = []
    for number, row in enumerate(reader.tables("rows"), start=1):
        form = row.word("form", {"plus_points", "minus_points", "times"})
        by_age = row.flag("per_year_of_age", default=False)
        if by_age and form == "times":
            row.fail("per_year_of_age multiplies points, not a factor")
        rate_bp = row.rate("rate")
        rule, bands = f"{context.rule}/{number}", read_numbers(row, "bands")
        rows.append(Adjustment(rule, read_condition(row), form, rate_bp, by_age, bands))
        row.done()
    only_first = reader.word("apply", {"all", "first"}, default="all") == "first"
    return Adjustments(context.rule, tuple(rows), only_first)


def read_flat(reader: Reader, context: Context) -> FlatGroup:
    """Items outside deductible and bands; see `terms.FlatGroup`."""
    groups = frozenset(reader.words("groups"))
    if not groups:
        reader.fail("groups is empty; name the catalogue groups that are settled apart")
    return FlatGroup(
        context.rule,
        groups=groups,
        payer=FundPayType(reader.word("payer", FUNDS, default=own_fund(context.insurance))),
        pays=read_table(reader, "rates", lambda row: row.rate("fund"), context),
        rounding=read_rounding(reader),
        counts=frozenset(reader.words("counts", {*PARTS, "in_scope", "after_deductible", "fund"})),
        capped=reader.flag("capped", default=False),
    )
