"""Reads who pays beside the basic fund: further payers, the hospital, the accounts.

One function per type of rule; `read.READERS` joins them.
"""

from switch.model.codes import FundPayType
from switch.rules.read_rows import (
    FUNDS,
    Context,
    read_bands,
    read_condition,
    read_explicit_meter,
    read_meter,
    read_rounding,
    read_table,
)
from switch.rules.terms_benefit import ENDLESS, Meter
from switch.rules.terms_payers import (
    AccountUse,
    Accumulator,
    FurtherPayer,
    Hospital,
    HospitalRow,
    Use,
)
from switch.rules.values import Reader
from switch.rules.words import COUNTS, PARTS, PERIODS


def read_payer(reader: Reader, context: Context) -> FurtherPayer:
    """A payer after the basic fund; see `terms.FurtherPayer`.

    `base` lists parts, or tables of a part and the share of it that counts; `above` stands instead.
    """
    above = reader.word("above", default="-").removeprefix("-")
    base = () if above and not reader.has("base") else _base(reader)
    if above and base:
        reader.fail("base and above stand side by side; write the one or the other")
    groups, without = reader.words("groups"), reader.words("without_groups")
    if (groups or without) and (above or (groups and without)):
        reader.fail("groups, without_groups and above exclude each other; write one of them")
    edges = reader.moneys("edges")
    cap, cap_meter = None, None
    if reader.has("cap") or reader.has("caps"):
        cap = read_table(reader, "caps", lambda row: row.money("cap"), context, whole=False)
        period = reader.word("cap_per", PERIODS, default="year")
        name = reader.word("cap_used", default=f"{context.rule_id}.paid")
        cap_meter = None if period == "visit" else Meter(name, ("payer_paid",), period)
    return FurtherPayer(
        context.rule,
        payer=FundPayType(reader.word("payer", FUNDS)),
        order=reader.count("order"),
        base=base,
        above=above,
        meter=read_meter(reader, context, ("payer_base",)),
        bands=read_table(
            reader,
            "rates",
            lambda row: read_bands(row, context.rule, edges, "pays"),
            context,
            whole=False,
        ),
        rounding=read_rounding(reader),
        cap=cap,
        cap_meter=cap_meter,
        groups=frozenset(groups),
        without_groups=frozenset(without),
    )


def _base(reader: Reader) -> tuple[tuple[str, int], ...]:
    if reader.is_list("base"):
        base = []
        for row in reader.tables("base"):
            base.append((row.word("part", PARTS), row.rate("share")))
            row.done()
    else:
        base = [(part, 10_000) for part in reader.words("base", PARTS)]
    if not base or len({part for part, _ in base}) != len(base):
        reader.fail("base names at least one bill part, and each once")
    return tuple(base)


def read_hospital(reader: Reader, context: Context) -> Hospital:
    """The hospital's part; see `terms.HospitalRow`."""
    rows = []
    for number, row in enumerate(reader.tables("rows"), start=1):
        form = row.word("form", {"over_share", "over_quota"})
        base = row.words("base", {*PARTS, "fund"})
        if not base:
            row.fail("base names at least one bill part, or fund")
        rows.append(
            HospitalRow(
                f"{context.rule}/{number}",
                condition=read_condition(row),
                form=form,
                base=base,
                rate_bp=row.rate("rate") if form == "over_share" else 0,
                amount_fen=row.money("amount") if form == "over_quota" else 0,
                bears_bp=row.rate("bears", 10_000),
            )
        )
        row.done()
    return Hospital(context.rule, tuple(rows))


def read_account(reader: Reader, context: Context) -> AccountUse:
    """Which bill parts the accounts may pay, in order; see `terms.Use`."""
    uses = []
    for row in reader.tables("uses"):
        uses.append(
            Use(
                row.word("account", {"current", "earlier", "relative"}),
                row.words("parts", PARTS),
                read_condition(row),
                row.money("limit", ENDLESS),
            )
        )
        row.done()
    return AccountUse(context.rule, tuple(uses))


def read_accumulator(reader: Reader, context: Context) -> Accumulator:
    """A sum that this kind of care moves beside those its own rules read."""
    counts = reader.words("counts", COUNTS)
    if not counts:
        reader.fail("counts names at least one thing to count")
    return Accumulator(context.rule, read_explicit_meter(reader, counts))
