"""A family account (共济): relatives whose accounts pay, too, and what each of them pays of a bill.

The relative's part is a journal of the relative's own, in his bucket, under a version of his own:
`MEMBER → FAMILY` there and `FAMILY → …` in the settlement, so that each balances alone. Both people
are locked and compared when it is posted. Undoing negates all of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from switch.ledger import entries
from switch.model.claim import Claim
from switch.model.codes import FilingKind
from switch.model.decision import Split
from switch.model.fault import Fault, FaultReason
from switch.model.ids import POSITION_MAX, SHARE_STEP, MemberId
from switch.model.journal import Journal, JournalKind
from switch.model.member import Filing, Member
from switch.model.money import ZERO, Fen
from switch.pipeline.view import Share, Slot, View

RELATIVES_MAX: Final = POSITION_MAX // SHARE_STEP
"""Relatives who pay of one bill: each has a journal at a position of the request's own."""


@dataclass(slots=True)
class _Pot:
    """A relative's accounts as far as they may pay, and what they gave."""

    relative: Member
    current_fen: int
    earlier_fen: int
    order: tuple[str, ...]
    paid_current_fen: int = 0
    paid_earlier_fen: int = 0

    @property
    def left_fen(self) -> int:
        return self.current_fen + self.earlier_fen

    def pay(self, amount_fen: int) -> int:
        """Take up to an amount, account by account, and return what was given."""
        given = 0
        for account in self.order:
            if account == "current":
                part = min(amount_fen - given, self.current_fen - self.paid_current_fen)
                self.paid_current_fen += part
            else:
                part = min(amount_fen - given, self.earlier_fen - self.paid_earlier_fen)
                self.paid_earlier_fen += part
            given += part
        return given


def bound(filings: Iterable[Filing]) -> Iterator[MemberId]:
    """Yield the relatives that filings bind, whatever their days."""
    for one in filings:
        if one.kind is FilingKind.FAMILY:
            yield MemberId(one.relative)


def with_relatives(view: View, claim: Claim, member: Member) -> Member:
    """Return the person with what his relatives' accounts may pay of a claim."""
    if not any(one.relative for one in member.filings):  # nearly always
        return member
    left = sum(pot.left_fen for pot in _pots(view, claim, member))
    return replace(member, account_relative_fen=Fen(left))


def shares(view: View, claim: Claim, main: Journal, split: Split, slot: Slot) -> tuple[Share, ...]:
    """Return what each relative pays of a settlement, in the order in which they were bound.

    Raises: Fault when they have less than was decided, which is our own mistake.
    """
    amount_fen: int = split.account_relative_fen
    if not amount_fen:
        return ()
    found: list[Share] = []
    for pot in _pots(view, claim, view.people[main.member_id]):
        if given := pot.pay(amount_fen):
            amount_fen -= given
            found.append(_share(view, main, pot, slot, len(found) + 1))
    if amount_fen:
        raise Fault(FaultReason.INTERNAL, "relatives' accounts hold less than was decided")
    return tuple(found)


def undone_shares(view: View, undone: Journal, undo: Journal, slot: Slot) -> tuple[Share, ...]:
    """Return what is given back to each relative who paid of an undone settlement.

    Raises: Fault when not all of it was found, which is our own mistake.
    """
    found = []
    for number, journal in enumerate(view.shares.get(undone.ref, ()), start=1):
        before = view.people[journal.member_id]
        negative = replace(
            entries.negated(journal),
            ref=slot.journal(view.reference, undo.window.book, share=number),
            window=undo.window,
            kind=undo.kind,
            request_id=undo.request_id,
            member_version=before.version + 1,
            posted_at=undo.posted_at,
        )
        found.append(Share(entries.moved_on(before, negative), negative))
    given = sum(_paid(share.journal) for share in found)
    if given != entries.relative_part(undone.postings):
        raise Fault(FaultReason.INTERNAL, "what relatives paid of the original is missing")
    return tuple(found)


def given_back(view: View, undone: Journal) -> dict[MemberId, Member]:
    """Return the relatives who paid of a settlement, as they would be if it were undone."""
    found = {}
    for share in view.shares.get(undone.ref, ()):
        before = view.people[share.member_id]
        negative = replace(entries.negated(share), member_version=before.version + 1)
        found[share.member_id] = entries.moved_on(before, negative)
    return found


def _pots(view: View, claim: Claim, member: Member) -> list[_Pot]:
    """Return the accounts that may pay of a claim: who is bound and insured on the day, in order.

    The region's policy says which accounts pay. Who was bound first pays first. Whoever is insured
    in several regions names one: an account pays only in its own region's book.
    """
    on, found = claim.service_on, []
    regions = {claim.region_insured or one.region for one in member.enrolments}
    filed = [
        one
        for one in member.filings
        if one.kind is FilingKind.FAMILY and one.covers(on) and regions == {one.region}
    ]
    for filing in sorted(filed, key=lambda one: (one.since, one.filing_id)):
        relative = view.people.get(MemberId(filing.relative))
        book = view.reference.rules.books.get(filing.region)
        if relative is None or book is None:
            continue
        accounts = next(
            (
                terms.accounts
                for one in relative.enrolments
                if one.region == filing.region and one.covers(on)
                if (terms := book.filing_terms(one.insurance, FilingKind.FAMILY, on)) is not None
            ),
            (),
        )
        pot = _Pot(
            relative,
            relative.account_current_fen if "current" in accounts else 0,
            relative.account_earlier_fen if "earlier" in accounts else 0,
            accounts,
        )
        if pot.left_fen:
            found.append(pot)
    return found[:RELATIVES_MAX]


def _share(view: View, main: Journal, pot: _Pot, slot: Slot, number: int) -> Share:
    before = pot.relative
    current, earlier = Fen(pot.paid_current_fen), Fen(pot.paid_earlier_fen)
    journal = replace(
        main,
        ref=slot.journal(view.reference, main.window.book, share=number),
        kind=JournalKind.SHARED,
        member_id=before.member_id,
        bucket=before.bucket,
        member_version=before.version + 1,
        total_fen=ZERO,
        account_current_delta_fen=-current,
        account_earlier_delta_fen=-earlier,
        deltas={},
        consulted=frozenset(),
        postings=entries.shared_postings(main.region_insured, before.member_id, current, earlier),
    )
    return Share(entries.moved_on(before, journal), journal)


def _paid(journal: Journal) -> int:
    return journal.account_current_delta_fen + journal.account_earlier_delta_fen
