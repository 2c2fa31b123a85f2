"""Invariant 10: every settlement recomputes to itself, from what was stored with it.

Body, snapshot and rule book give the decision again; encoded as the switch encodes it, it must be
the stored reply, working and all: "why this amount" is answered by rules, not by memory.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from medswitch.v1 import settlement_pb2
from switch.audit.findings import Violation
from switch.audit.replies import SETTLED
from switch.audit.rows import Case, JournalRow, RequestRow
from switch.model.claim import IdentityEvidence
from switch.model.decision import Decision, Decline
from switch.model.ids import JournalId, settlement_id
from switch.model.member import Institution, Member
from switch.model.stages import Settle
from switch.office.activation import Activation, in_force
from switch.pipeline import snapshot
from switch.rules.adjudicate import Rules, adjudicate
from switch.rules.book import RuleBook
from switch.rules.catalogue import Catalogue
from switch.wire.outcome import epoch_ms
from switch.wire.split import write_decision

BOOKS_MAX: Final = 64

Key = TypeVar("Key")
Value = TypeVar("Value")
LoadBook = Callable[[str, str], RuleBook]
"""A region's book by its hash. Raises: LookupError, ValueError."""


class Books:
    """Rules as a decision saw them: its own region's book by hash, the others' by the day."""

    def __init__(
        self,
        catalogues: Mapping[str, Catalogue],
        activations: Sequence[Activation],
        load: LoadBook,
    ) -> None:
        self.load = load
        self._catalogues = catalogues
        self._activations = activations
        self._regions = sorted({one.region for one in activations})
        self._books: OrderedDict[tuple[str, str], RuleBook] = OrderedDict()
        self._rules: OrderedDict[tuple[str, str, date], Rules] = OrderedDict()

    def rules(self, region: str, book_hash: str, on: date) -> Rules:
        """Return the rules on a day, with a region's book of that hash.

        Raises: LookupError, ValueError.
        """
        key = (region, book_hash, on)
        if key not in self._rules:
            books = {region: self._book(region, book_hash)}
            for other in self._regions:
                found = in_force(self._activations, other, on)
                if other != region and found is not None:
                    # A book of another region that cannot be read is another finding.
                    with suppress(LookupError, ValueError):
                        books[other] = self._book(other, found.hash)
            _keep(self._rules, key, Rules(books, self._catalogues))
        return self._rules[key]

    def _book(self, region: str, book_hash: str) -> RuleBook:
        key = (region, book_hash)
        if key not in self._books:
            book = self.load(region, book_hash)
            if book.hash != book_hash:
                raise ValueError(f"the texts kept as {book_hash} now hash to {book.hash}")
            _keep(self._books, key, book)
        return self._books[key]


def _keep(held: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    held[key] = value
    if len(held) > BOOKS_MAX:
        held.popitem(last=False)


def check_recomputed(case: Case, books: Books) -> Iterator[Violation]:
    """A settlement's decision, made again, is the one it was answered with and posted by."""
    row, journal = case.row, case.journal
    if row.method not in SETTLED or row.ref is None or journal is None:
        return
    if not isinstance(case.operation, Settle):
        yield Violation(10, row.key, "its stored claim cannot be read")
        return
    if case.reply is None:
        yield Violation(10, row.key, "its stored reply cannot be read")
        return
    try:
        again = decide_again(case.row, case.operation, journal, books)
    except (LookupError, ValueError, TypeError) as error:
        yield Violation(10, row.key, f"cannot be computed again: {error}")
        return
    yield from differences(case.row, case.reply, journal, again)


@dataclass(frozen=True, slots=True)
class Again:
    """A settlement's decision made again, and what it was made of."""

    rules: Rules
    member: Member
    institution: Institution
    decision: Decision | Decline


def decide_again(row: RequestRow, operation: Settle, journal: JournalRow, books: Books) -> Again:
    """Return the decision of a settlement, made again from what was stored with it.

    Raises: LookupError, ValueError, TypeError when what was stored does not give one.
    """
    rules = books.rules(journal.region_insured, row.rule_book, journal.day)
    member, institution, prescriber = snapshot.restore(row.snapshot)
    decision = adjudicate(
        operation.claim,
        member,
        institution,
        rules,
        prescriber=prescriber,
        by_identity=isinstance(operation.evidence, IdentityEvidence),
    )
    return Again(rules, member, institution, decision)


def differences(
    row: RequestRow, reply: settlement_pb2.SettleResponse, journal: JournalRow, again: Again
) -> Iterator[Violation]:
    """Yield what of the stored reply and journal the decision made again says otherwise."""
    decision = again.decision
    if isinstance(decision, Decline):
        yield Violation(10, row.key, f"is now declined {decision.code.name}")
        return
    difference = first_difference(reply, _receipt(reply, again.member, decision, journal))
    if difference:
        yield Violation(10, row.key, f"computed again, {difference}")
    yield from _check_journal(row.key, decision, journal)


def _receipt(
    reply: settlement_pb2.SettleResponse, member: Member, decision: Decision, journal: JournalRow
) -> settlement_pb2.SettleResponse:
    """Return the reply as it must read: the name and the outcome's texts are taken as they are."""
    split = decision.split
    current = member.account_current_fen - split.account_current_fen
    earlier = member.account_earlier_fen - split.account_earlier_fen
    again = settlement_pb2.SettleResponse(
        outcome=reply.outcome,
        settlement_id=settlement_id(journal.day, JournalId(journal.id)),
        settled_at_ms=epoch_ms(journal.posted_at),
        business_day=journal.day.isoformat(),
        member_id=member.member_id,
        member_name=reply.member_name,
        balance_current_fen=current,
        balance_earlier_fen=earlier,
        balance_fen=current + earlier,
    )
    write_decision(again.decision, decision)
    if reply.HasField("replaced"):  # held to the journal beside it by invariant 3
        again.replaced.CopyFrom(reply.replaced)
    return again


def _check_journal(key: str, decision: Decision, journal: JournalRow) -> Iterator[Violation]:
    split = decision.split
    pairs: dict[str, tuple[Any, Any]] = {
        "total_fen": (split.total_fen, journal.total_fen),
        "account_current_delta_fen": (
            -split.account_current_fen, journal.account_current_delta_fen),
        "account_earlier_delta_fen": (
            -split.account_earlier_fen, journal.account_earlier_delta_fen),
        "deltas": (decision.deltas, journal.deltas),
        "consulted": (sorted(decision.consulted), sorted(journal.consulted)),
        "region_insured": (decision.region_insured, journal.region_insured),
        "region_care": (decision.region_care, journal.region_care),
        "insurance": (decision.insurance, journal.insurance),
        "clearing_type": (decision.clearing_type, journal.clearing_type),
    }  # fmt: skip
    for name, (again, posted) in pairs.items():
        if again != posted:
            yield Violation(10, key, f"computed again, {name} is {again!r}, {journal.key} has "
                            f"{posted!r}")  # fmt: skip


def first_difference(stored: Message, again: Message, path: str = "") -> str:
    """Return where two messages of one kind first differ, "" when they do not."""
    if stored == again:
        return ""
    for field in stored.DESCRIPTOR.fields:
        ours, theirs = getattr(again, field.name), getattr(stored, field.name)
        place = f"{path}{field.name}"
        if field.has_presence and again.HasField(field.name) != stored.HasField(field.name):
            return f"{place} stands in one and not in the other"
        if field.is_repeated:
            if len(ours) != len(theirs):
                return f"{place} has {len(ours)} items, stored {len(theirs)}"
            pairs = [
                (f"{place}[{n}]", a, b) for n, (a, b) in enumerate(zip(ours, theirs, strict=True))
            ]
        else:
            pairs = [(place, ours, theirs)]
        for name, one, other in pairs:
            if isinstance(one, Message):
                found = first_difference(other, one, f"{name}.")
                if found:
                    return found
            elif one != other:
                return f"{name} is {one!r}, stored {other!r}"
    return f"{path or 'it'} differs in a field that the contract does not know"
