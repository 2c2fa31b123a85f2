"""Persons' pasts decided again under corrections: what would have been, beside what stands.

Each settlement is decided by the rule book it was decided by, on the corrected person and bill, in
order: what an earlier one moves otherwise, a later one sees. Only reads.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.audit.recompute import Books
from switch.model.claim import Claim
from switch.model.codes import FilingKind
from switch.model.decision import Decision, Decline
from switch.model.ids import (
    BEIJING,
    JournalId,
    MemberId,
    RegionCode,
    bucket_of_member,
    parse_settlement_id,
    settlement_id,
)
from switch.model.member import Filing, Member
from switch.reassess.correction import BadCorrection, Corrections
from switch.rules.adjudicate import Rules, adjudicate
from switch.simulate.reading import Span, read_persons
from switch.simulate.replay import Amounts, Effect, Settled, replay
from switch.store.rule_books import load_activations, load_book, load_catalogues

_MEMBERS_OF: Final = """
SELECT r.member_id FROM medswitch.request r
WHERE r.month = make_date(substr(%s, 13, 4)::int, substr(%s, 17, 2)::int, 1) AND r.request_id = %s
"""
_REQUEST_OF: Final = "SELECT request_id FROM medswitch.journal WHERE day = %s AND id = %s"
_GRANTED: Final = """
SELECT member_id, filing_id, kind, region, place, disease_code, since, until, institution,
    relative, (granted ->> 'at')::timestamptz
FROM medswitch.filing WHERE granted IS NOT NULL AND kind <> 'family'
ORDER BY bucket, member_id, filing_id
"""
_VERSION: Final = """
SELECT m.version, m.name FROM medswitch.member m WHERE m.bucket = %s AND m.member_id = %s
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """A settlement that should have come out otherwise. `names`: its settlement and request id.

    `refused` "": it can be posted; otherwise why it cannot.
    """

    member: MemberId
    version: int
    settled: Settled
    settlement: str
    causes: tuple[str, ...]
    claim: Claim
    corrected: Member
    after: Amounts
    decision: Decision | None
    decline: Decline | None
    refused: str

    @property
    def before(self) -> Amounts:
        """Who pays what as it stands."""
        return self.settled.paid


class Past:
    """Reads and decides; one instance a reassessment."""

    def __init__(self, connection: Connection[TupleRow], corrections: Corrections) -> None:
        self._connection = connection
        self._corrections = corrections
        self.books = Books(
            load_catalogues(connection),
            load_activations(connection),
            lambda region, digest: load_book(connection, region, digest),
        )

    def findings(self) -> Iterator[Finding]:
        """Yield every settlement that should have come out otherwise, person by person.

        Raises: BadCorrection; LookupError, ValueError for a past that cannot be read.
        """
        for member in sorted(self._members()):
            yield from self._of(member)

    def _members(self) -> set[MemberId]:
        corrections = self._corrections
        found = {*corrections.entitled, *corrections.filings}
        for one in corrections.lines:
            request_id = request_named(self._connection, one.settlement)
            row = self._connection.execute(_MEMBERS_OF, (request_id,) * 3).fetchone()
            if row is None or not row[0]:
                raise BadCorrection(f"there is no settlement {one.settlement}")
            found.add(MemberId(row[0]))
        return found

    def _of(self, member: MemberId) -> Iterator[Finding]:
        version = self._connection.execute(_VERSION, (bucket_of_member(member), member)).fetchone()
        if version is None:
            raise BadCorrection(f"there is no person {member}")
        span = Span(member[:-1], member + "0", date(1, 1, 1), date(9999, 12, 31))
        for person in read_persons(self._connection, span, lambda _, __: True, lambda _: None):
            events = [
                one for one in person.events
                if not isinstance(one, Settled) or one.member.member_id == member
            ]  # fmt: skip
            if not any(isinstance(one, Settled) for one in events):
                continue
            if person.unread:
                raise ValueError(f"{member}: {person.unread[0]}")
            effects = [one for one in replay(events, self._decide) if one.after != one.settled.paid]
            whole = all(one.decision is not None for one in effects)
            for effect in effects:
                yield self._finding(member, int(version[0]), effect, whole=whole)

    def _decide(self, settled: Settled, member: Member) -> Decision | Decline:
        names = names_of(settled)
        return adjudicate(
            self._corrections.claim(settled.claim, names),
            self._corrections.member(member),
            settled.institution,
            self.rules(settled),
            prescriber=settled.prescriber,
            by_identity=settled.by_identity,
        )

    def rules(self, settled: Settled) -> Rules:
        """Return the rules that a settlement was decided by. Raises: LookupError, ValueError."""
        return self.books.rules(settled.region, settled.rule_book, settled.day)

    def _finding(self, member: MemberId, version: int, effect: Effect, *, whole: bool) -> Finding:
        settled, corrections = effect.settled, self._corrections
        names = names_of(settled)
        refused = ""
        if effect.decline is not None:
            refused = f"it is declined now, {effect.decline.code.name}: cancel it by hand"
        elif not whole:
            refused = "another settlement of the person is declined now: cancel that one first"
        elif effect.after.relative or settled.paid.relative:
            refused = "a relative's account pays: cancel it and settle anew"
        elif settled.claim.stay:
            refused = "it is of a visit: cancel it, correct the visit's lines and settle anew"
        return Finding(
            member=member,
            version=version,
            settled=settled,
            settlement=_settlement_id(settled.key),
            causes=corrections.causes(member, names, settled.claim.service_on),
            claim=corrections.claim(settled.claim, names),
            corrected=corrections.member(effect.member),
            after=effect.after,
            decision=effect.decision,
            decline=effect.decline,
            refused=refused,
        )


def names_of(settled: Settled) -> frozenset[str]:
    """Return the ids by which a file may name a settlement."""
    return frozenset({settled.request_id, _settlement_id(settled.key)})


def request_named(connection: Connection[TupleRow], name: str) -> str:
    """Return the request that a settlement id or a request id names. Raises: BadCorrection."""
    if len(name) != 27:
        return name
    try:
        day, number = parse_settlement_id(name)
    except ValueError as error:
        raise BadCorrection(f"{name}: {error}") from error
    row = connection.execute(_REQUEST_OF, (day, number)).fetchone()
    if row is None:
        raise BadCorrection(f"there is no settlement {name}")
    return str(row[0])


def filings_of_the_past(
    connection: Connection[TupleRow], wanted: Iterable[str]
) -> Mapping[MemberId, tuple[Filing, ...]]:
    """Return filings that were taken for days before they were taken; by id, or all of them.

    Raises: BadCorrection for an id that is none of them.
    """
    found: dict[MemberId, tuple[Filing, ...]] = {}
    missing = set(wanted)
    every = not missing
    for (
        member,
        filing_id,
        kind,
        region,
        place,
        disease,
        since,
        until,
        *more,
        at,
    ) in connection.execute(_GRANTED):
        if since >= at.astimezone(BEIJING).date() or not (every or filing_id in missing):
            continue
        missing.discard(filing_id)
        institution, relative = more
        filing = Filing(
            filing_id, FilingKind(kind), RegionCode(region), place, disease, since, until,
            institution, relative,
        )  # fmt: skip
        found[MemberId(member)] = (*found.get(MemberId(member), ()), filing)
    if missing:
        raise BadCorrection(f"{min(missing)} is no filing taken for the past")
    return found


def _settlement_id(key: str) -> str:
    day, _, number = key.partition("/")
    return settlement_id(date.fromisoformat(day), JournalId(int(number)))
