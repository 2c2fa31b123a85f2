"""Gathers a statement from a decision, what it was made of, and the rules it was made by.

Everything is handed in; `case` names what a reader of the ledger must know of the settlement.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from switch.explain.flow import Flow, flow_of
from switch.explain.statement import (
    BillLine,
    Person,
    Place,
    Reason,
    Receipt,
    RuledStep,
    Statement,
    Sum,
    Undone,
    Visit,
)
from switch.model.claim import Claim, FeeLine
from switch.model.codes import SPECIAL_KINDS, Kind
from switch.model.decision import Decision, LineScope, Step
from switch.model.ids import city_of, masked
from switch.model.member import Institution, Member
from switch.pages import words
from switch.pages.words import Words
from switch.rules.adjudicate import Rules, age_on
from switch.rules.book import RuleBook
from switch.rules.catalogue import Catalogue
from switch.rules.entitlement import day_of
from switch.rules.item import Item
from switch.rules.plan import Plan
from switch.rules.terms_benefit import Meter
from switch.rules.words import COUNTED_IN_TIMES

CATALOGUE: Final = "catalogue/"


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement as it stands in the ledger, and the decision as it was made again.

    `names`: regions by code. `difference`: what the stored reply says otherwise, "" when nothing.
    """

    claim: Claim
    member: Member
    institution: Institution
    rules: Rules
    decision: Decision
    difference: str
    settlement_id: str
    settled_at: datetime
    business_day: date
    balance_current_fen: int
    balance_earlier_fen: int
    undone: Undone | None
    names: Mapping[str, Words]


def build(settled: Settled) -> Statement:
    """Return the statement of a settlement."""
    claim, decision = settled.claim, settled.decision
    book = settled.rules.books[decision.region_insured]
    plans = tuple(_plans(book, decision, claim.kind))
    return Statement(
        person=_person(settled, plans),
        place=_place(settled),
        visit=_visit(settled, plans),
        receipt=Receipt(
            settled.settlement_id, claim.request_id, settled.settled_at, settled.business_day,
            decision.rule_book, settled.balance_current_fen, settled.balance_earlier_fen,
        ),
        undone=settled.undone,
        difference=settled.difference,
        decision=decision,
        lines=tuple(_lines(settled, plans)),
        steps=tuple(_ruled(step, settled.rules, book, decision) for step in decision.working),
        sums=tuple(_sums(decision, plans)),
        flow=_flow(decision, plans),
    )  # fmt: skip


def _plans(book: RuleBook, decision: Decision, kind: str) -> Iterator[Plan]:
    """Yield the plans a bill may have been settled by: its own kind's, and the kinds beside it."""
    for one in (kind, *sorted(SPECIAL_KINDS), Kind.OUTPATIENT):
        held = book.held(decision.insurance, one, decision.ruled_on)
        if isinstance(held, Plan):
            yield held


def _person(settled: Settled, plans: tuple[Plan, ...]) -> Person:
    member, decision = settled.member, settled.decision
    day = plans[0].dates.age if plans else "service"
    return Person(
        member=masked(member.member_id),
        sex=member.sex,
        age=age_on(member.born_on, day_of(settled.claim, day)),
        member_class=decision.member_class,
        insurance=decision.insurance,
        region=_region(settled.names, decision.region_insured),
    )


def _region(names: Mapping[str, Words], code: str) -> Words:
    """Return a region's name, or its city's beside its own code."""
    return names.get(code) or (code, "")


def _place(settled: Settled) -> Place:
    place, decision = settled.institution, settled.decision
    return Place(
        code=place.code,
        name=place.name,
        level=place.level,
        region=_region(settled.names, place.region),
        elsewhere=city_of(place.region) != city_of(decision.region_insured),
    )


def _visit(settled: Settled, plans: tuple[Plan, ...]) -> Visit:
    claim = settled.claim
    lists = (plan.special_diseases.names for plan in plans if plan.special_diseases is not None)
    disease = None
    if claim.disease_code:
        names = (names[claim.disease_code] for names in lists if claim.disease_code in names)
        disease = next(names, (claim.disease_code, ""))
    return Visit(
        kind=claim.kind,
        service_on=claim.service_on,
        admitted_on=claim.admitted_on,
        discharged_on=claim.discharged_on,
        interim=claim.interim,
        emergency=claim.emergency,
        disease=disease,
        # An agency may number its filings by the person.
        filing_id=masked(settled.decision.filing_id),
        ruled_on=settled.decision.ruled_on,
    )


def _lines(settled: Settled, plans: tuple[Plan, ...]) -> Iterator[BillLine]:
    scopes = {line.number: line for line in settled.decision.lines}
    steps: dict[int, list[Step]] = {}
    for step in settled.decision.working:
        if step.line:
            steps.setdefault(step.line, []).append(step)
    catalogue = _catalogue(settled, plans)
    for line in settled.claim.lines:
        scope = None if line.withdraws else scopes.get(line.number)
        yield _line(line, scope, steps.get(line.number, []), catalogue)


def _catalogue(settled: Settled, plans: tuple[Plan, ...]) -> Catalogue | None:
    insured = bool(plans) and plans[0].scope.catalogue == "insured"
    region = settled.decision.region_insured if insured else settled.institution.region
    return settled.rules.catalogue_of(region)


def _line(
    line: FeeLine, scope: LineScope | None, steps: list[Step], catalogue: Catalogue | None
) -> BillLine:
    item = None if catalogue is None else catalogue.find(line.code, line.on)
    return BillLine(
        number=line.number,
        code=line.code,
        name=line.name,
        item=None if item is None else (item.name_zh, item.name_en),
        item_class="" if item is None else item.item_class,
        quantity_e4=line.quantity_e4,
        unit_price_e4=line.unit_price_e4,
        amount_fen=line.amount_fen,
        withdraws=line.withdraws,
        scope=scope,
        reasons=tuple(
            Reason((step.note_zh, step.note_en), step.result_fen, step.rate_bp, step.limit_fen)
            for step in steps
            if step.result_fen
        ),
    )


def _ruled(step: Step, rules: Rules, book: RuleBook, decision: Decision) -> RuledStep:
    """Return a step with its rule's source: of the policy, or of the catalogue."""
    rule_id, _, tail = step.rule.rpartition("@")
    if step.rule.startswith(CATALOGUE):
        since = date.fromisoformat(tail[:10])
        code = rule_id.removeprefix(CATALOGUE)
        item = _item(rules, decision, code, since)
        source = "" if item is None else f"{item.name_zh} {item.name_en}"
        return RuledStep(step, "catalogue", code, since, source, "", "")
    found = book.find(step.rule)
    if found is None:
        return RuledStep(step, "default", step.rule, None, "", "", "")
    rule, dated = found
    return RuledStep(
        step, rule.kind_of_rule, rule.rule_id, dated.since, dated.source, dated.evidence,
        dated.note,
    )  # fmt: skip


def _item(rules: Rules, decision: Decision, code: str, since: date) -> Item | None:
    for region in (decision.region_care, decision.region_insured):
        catalogue = rules.catalogue_of(region)
        item = None if catalogue is None else catalogue.find(code, since)
        if item is not None:
            return item
    return None


def _sums(decision: Decision, plans: tuple[Plan, ...]) -> Iterator[Sum]:
    meters = {one.name: one for plan in reversed(plans) for one in plan.meters}
    moved = {name: change for key in decision.deltas.values() for name, change in key.items()}
    for one in decision.year_to_date:
        name, _, of = one.name.partition("@")
        meter = meters.get(name)
        change = moved.get(one.name, 0)
        yield Sum(
            name=one.name,
            words=_counted(meter, name),
            period=words.named(words.PERIODS, "year" if meter is None else meter.period),
            of=of,
            in_times=meter is not None and not COUNTED_IN_TIMES.isdisjoint(meter.counts),
            before=one.used - change,
            moved=change,
            after=one.used,
            limit=one.limit,
        )


def _counted(meter: Meter | None, name: str) -> Words:
    if meter is None:
        return name, ""
    counted = [words.named(words.COUNTS, one) for one in meter.counts]
    return "＋".join(zh for zh, _ in counted), " + ".join(en for _, en in counted)


def _flow(decision: Decision, plans: tuple[Plan, ...]) -> Flow:
    banded: list[str] = []
    for plan in plans[:1]:
        banded.append(plan.bands.payer)
        for _, bands in plan.bands.rates.rows:
            banded += [fund for band in bands for fund, _ in band.others]
        banded += [flat.payer for flat in plan.flat]
    return flow_of(decision, banded)
