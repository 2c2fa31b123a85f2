"""Part refund: a Settle that cancels another and posts what remains of its bill, as one act.

The remaining bill is decided as the original was: under its service date and its rule book, on the
person and the places as its stored snapshot holds them. A filing or an enrolment that changed since
is no part of a refund; correcting the past is reassessment's. Money is of now: accounts and yearly
sums as they stand without the original, relatives' too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from switch.ledger import entries
from switch.model.answer import Replaced
from switch.model.claim import Claim, FeeLine
from switch.model.decision import Decision, Decline
from switch.model.fault import Fault, FaultReason
from switch.model.ids import RequestId
from switch.model.journal import Journal, JournalKind, Window
from switch.model.member import Institution, Member
from switch.model.reply import ReplyCode
from switch.model.stages import Original
from switch.pipeline import snapshot
from switch.pipeline.family import given_back, undone_shares
from switch.pipeline.ports import Codec
from switch.pipeline.undo import standing
from switch.pipeline.view import Reference, Register, Share, Slot, View, named
from switch.rules.adjudicate import Rules

_OF_THE_REST = frozenset({"request_id", "lines", "total_fen"})
"""What of a claim may differ from the original's."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A replacement under way. `view`: the world without the original, under its rule book.

    `member`: the person as the original saw him, with the money of that world.
    """

    stated: Original
    row: Register
    original: Journal
    view: View
    member: Member

    def replaced(self, negative: Journal | None) -> Replaced:
        """Return what is said of the original. None: nothing is undone."""
        if self.row.journal is None:
            raise Fault(FaultReason.INTERNAL, "a standing settlement has no journal")
        undo = None if negative is None else named(negative.ref)
        return Replaced(self.stated, named(self.row.journal), undo, entries.paid(self.original))


def begin(
    codec: Codec, view: View, claim: Claim, stated: Original, person: Member
) -> Begun | Decline:
    """Return the world in which what remains of a settlement is decided, or why it cannot be.

    Raises: Fault when what was stored with the original is missing.
    """
    found = standing(view, stated)
    if isinstance(found, Decline):
        return found
    row, original = found
    if original.kind is JournalKind.ADJUSTMENT:
        return Decline(ReplyCode.ORIGINAL_ADJUSTED, {"by": original.request_id})
    if row.member_id != person.member_id:
        return Decline(ReplyCode.ORIGINAL_DIFFERS, {"field": "psn_no"})
    if row.visit_id:
        return Decline(ReplyCode.VISIT_NOT_REPLACED, {"visit": row.visit_id})
    declined = check_remaining(codec.settled_claim(row.request_id, row.body), claim)
    if declined is not None:
        return declined
    then, place, prescriber = snapshot.restore(row.snapshot)
    negative = replace(entries.negated(original), member_version=person.version + 1)
    member = replace(
        entries.moved_on(person, negative),
        sex=then.sex,
        born_on=then.born_on,
        enrolments=then.enrolments,
        filings=then.filings,
        standings=then.standings,
    )
    people = {**view.people, **given_back(view, original), member.member_id: member}
    reference = _as_then(view, row, original, place)
    if claim.prescription is not None:
        code = claim.prescription.institution
        known = {k: v for k, v in reference.institutions.items() if k != code}
        reference = replace(
            reference, institutions=known if prescriber is None else {**known, code: prescriber}
        )
    return Begun(stated, row, original, replace(view, reference=reference, people=people), member)


def undoing(
    view: View, begun: Begun, request_id: RequestId, slot: Slot
) -> tuple[Journal, tuple[Share, ...]]:
    """Return the journal that undoes the original, beside the replacing one, and relatives' parts.

    Raises: Fault.
    """
    original = begun.original
    ref = slot.beside.journal(view.reference, original.window.book)
    negative = replace(
        entries.negated(original),
        ref=ref,
        window=Window(original.window.book, ref.day),
        kind=JournalKind.REPLACEMENT,
        request_id=request_id,
        member_version=begun.member.version,
        posted_at=view.now,
    )
    return negative, undone_shares(view, original, negative, slot.beside)


def check_decided(begun: Begun, decision: Decision) -> None:
    """Hold that the remaining bill is settled in the original's books. Raises: Fault."""
    ours = (decision.region_insured, decision.region_care, decision.rule_book)
    theirs = (begun.original.region_insured, begun.original.region_care, begun.row.rule_book)
    if ours != theirs:
        raise Fault(FaultReason.INTERNAL, "the original would be decided elsewhere today")


def check_remaining(before: Claim, after: Claim) -> Decline | None:
    """Return the decline that a bill is not the original's with less on it, if it is not."""
    for one in fields(Claim):
        if one.name not in _OF_THE_REST and getattr(before, one.name) != getattr(after, one.name):
            return Decline(ReplyCode.ORIGINAL_DIFFERS, {"field": one.name})
    charged, net = _net(before.lines)
    for number, line in _net(after.lines)[0].items():
        original = charged.get(number)
        if original is None or _of(original) != _of(line):
            return Decline(ReplyCode.REPLACES_MORE, {"line": str(number)})
    for number, (amount_fen, quantity_e4) in _net(after.lines)[1].items():
        if amount_fen > net[number][0] or quantity_e4 > net[number][1]:
            return Decline(ReplyCode.REPLACES_MORE, {"line": str(number)})
    if after.total_fen >= before.total_fen:
        return Decline(ReplyCode.REPLACES_MORE, {"line": "0"})
    return None


def _net(
    lines: tuple[FeeLine, ...],
) -> tuple[Mapping[int, FeeLine], Mapping[int, tuple[int, int]]]:
    """Return the lines that charge, by number, and what withdrawals leave of each (fen, 1/10,000).

    The codec let no withdrawal through that names no line of the claim.
    """
    charged = {line.number: line for line in lines if not line.withdraws}
    net = {number: (int(line.amount_fen), line.quantity_e4) for number, line in charged.items()}
    for line in lines:
        if line.withdraws:
            amount_fen, quantity_e4 = net[line.withdraws]
            net[line.withdraws] = amount_fen + line.amount_fen, quantity_e4 + line.quantity_e4
    return charged, net


def _of(line: FeeLine) -> tuple[object, ...]:
    """Return what a line is of: the same in both bills."""
    return line.code, line.on, line.unit_price_e4, line.disease_code, line.category


def _as_then(view: View, row: Register, original: Journal, place: Institution) -> Reference:
    """Return the reference data under which a settlement was decided. Raises: Fault."""
    reference, region = view.reference, original.region_insured
    book = reference.rules.books.get(region)
    if book is None or book.hash != row.rule_book:
        book = view.books.get((region, row.rule_book))
    if book is None:
        raise Fault(FaultReason.INTERNAL, f"rule book {row.rule_book} of {region} is not kept")
    rules = Rules({**reference.rules.books, region: book}, reference.rules.catalogues)
    institutions = {**reference.institutions, place.code: place}
    return replace(reference, rules=rules, institutions=institutions)
