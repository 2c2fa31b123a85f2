"""Invariant 16: nothing at the office is changed but by a record, signed and sealed.

Every record is judged again by the gate that let it pass, on the office that the records before it
come to: so maker and checker were two, their roles fitted then, and expired was expired. Live rows
of officers, changes and rule books in force must be what the last record leaves.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from switch.audit.context import Run
from switch.audit.findings import RECORDS, Violation
from switch.audit.registry import check_registry
from switch.audit.rows import OfficeRows, RecordRow
from switch.audit.seals import VerifySeal
from switch.audit.walk_keys import check_keys
from switch.ledger.opened import GENESIS_KEY
from switch.office.act import Act, Enrol, Genesis, link_of, read_body, signed_bytes
from switch.office.activation import Known
from switch.office.change import ChangeState, Kind
from switch.office.judge import Office, activations, adjustments, judge
from switch.office.refusal import Refused
from switch.office.suspicion import SuspicionResolution
from switch.security.errors import KeyNotLive, MacMismatch, SignatureMismatch
from switch.security.signature import verify_signature
from switch.store.office import OFFICE_LANE, change_row, officer_row, record_digests
from switch.store.posting import link_number

_OFFICER: Final = ("name", "public_key", "roles", "state")
_CHANGE: Final = (
    "number", "kind", "content", "maker", "made_at", "expires_at", "reason", "digest", "record",
    "state", "decided_by", "decided_at", "decided_reason", "decided_record",
)  # fmt: skip
_RESOLUTION: Final = ("member_id", "version", "verdict", "record", "change")
_ACTIVATION: Final = ("region", "active_from", "record", "hash", "change")

Rows = Mapping[Any, tuple[Any, ...]]


@dataclass(slots=True)
class Chain:
    """The records read so far: the last one's number, link and seal, and what they come to."""

    office: Office = field(default_factory=Office)
    number: int = 0
    link: str = ""
    seal: bytes = b""

    def check(self, row: RecordRow, verify_seal: VerifySeal) -> Iterator[Violation]:
        """A record follows the one before it, is sealed and signed, and was allowed."""
        before, link, seal = self.number, self.link, self.seal
        self.number, self.seal = row.number, row.seal
        self.link = link_of(row.body, row.signature)
        if row.number != before + 1:
            yield Violation(RECORDS, row.key, f"follows record {before}")
        # A record that is gone must not shift what later ones are called.
        self.office.records = row.number - 1
        try:
            digests = record_digests(row.body, row.signature)
            number = link_number(OFFICE_LANE, row.number)
            verify_seal(row.seal_version, number, seal, digests, row.seal)
        except (MacMismatch, KeyNotLive, OverflowError):
            yield Violation(RECORDS, row.key, "its seal is not that of its words")
        try:
            act = read_body(row.body)
            outcome = judge(self.office, act)
        except ValueError as error:
            yield Violation(RECORDS, row.key, f"is no act: {error}")
            return
        except Refused as refused:
            yield Violation(RECORDS, row.key, f"should have been refused: {refused}")
            return
        if act.after != link:
            yield Violation(RECORDS, row.key, f"was signed after another record than {before}")
        yield from _check_signature(row, act, self.office)
        self.office.take(act, outcome)


def walk_records(run: Run) -> None:
    """Check every record of the office, and what they come to against the rows that live."""
    rows = run.reader.office()
    chain = Chain()
    for records in run.reader.records(rows.head):
        for record in records:
            run.note(RECORDS, record.key, chain.check(record, run.keys.vault.verify_seal))
        run.tell("audit records", len(records))
    run.openings.genesis = chain.office.genesis.get(GENESIS_KEY)
    known = list(activations(chain.office))
    run.note(RECORDS, "office", check_rows(chain.office, known, rows))
    for region, book_hash in sorted(
        {(one.activation.region, one.activation.hash) for one in known}
    ):
        run.note(RECORDS, f"rule book {book_hash}", check_kept(run.books.load, region, book_hash))
    run.note(RECORDS, "keys", check_keys(chain.office, rows.keys))
    run.in_force.take(known, run.reader.windows())
    run.in_force.adjusted |= {item.request_id: item for item in adjustments(chain.office)}


def check_rows(office: Office, known: Iterable[Known], rows: OfficeRows) -> Iterator[Violation]:
    """The rows that live are what the records come to: none more, none less, none other."""
    officers = {one.name: officer_row(one) for one in office.officers.values()}
    changes = {one.number: change_row(one) for one in office.changes.values()}
    books = {}
    for one in known:
        put = one.activation
        key = (put.region, put.active_from, put.record)
        books[key] = (*key, put.hash, put.change)
    yield from _compare("officer", _OFFICER, officers, rows.officers)
    yield from _compare("change", _CHANGE, changes, rows.changes)
    yield from _compare("rule book in force", _ACTIVATION, books, rows.activations)
    resolved = {row[:2]: row for row in _resolutions(office)}
    yield from _compare("resolution", _RESOLUTION, resolved, rows.resolutions)
    yield from check_registry(office, rows)


def _resolutions(office: Office) -> Iterator[tuple[Any, ...]]:
    """Yield what the records found suspicions to be."""
    for change in office.changes.values():
        decision = change.decision
        if change.kind is Kind.RESOLVE_SUSPICION and change.state is ChangeState.APPROVED:
            if decision is None:
                raise AssertionError("an approval is a decision")
            one = SuspicionResolution.read(change.content)
            yield one.member_id, one.version, one.verdict.value, decision.record, change.number


def check_kept(
    load: Callable[[str, str], object], region: str, book_hash: str
) -> Iterator[Violation]:
    """A book that was put in force is kept, in the words it was frozen in."""
    try:
        load(region, book_hash)
    except (LookupError, ValueError) as error:
        yield Violation(RECORDS, f"rule book {book_hash}", str(error))


def _check_signature(row: RecordRow, act: Act, office: Office) -> Iterator[Violation]:
    """A record is signed by the officer it names, under the key known then; a genesis by none."""
    if isinstance(act, Genesis):
        if row.signature:
            yield Violation(RECORDS, row.key, "is a genesis, which nobody signs")
        return
    key = act.public_key if isinstance(act, Enrol) else office.officers[act.officer].public_key
    try:
        verify_signature(key, signed_bytes(row.body), row.signature)
    except SignatureMismatch:
        yield Violation(RECORDS, row.key, f"is not signed by {act.officer}")


def _compare(what: str, columns: Sequence[str], said: Rows, live: Rows) -> Iterator[Violation]:
    for key in sorted(said.keys() | live.keys()):
        name = f"{what} {key if isinstance(key, str | int) else ' '.join(map(str, key))}"
        if key not in live:
            yield Violation(RECORDS, name, "has a record and no row")
        elif key not in said:
            yield Violation(RECORDS, name, "has a row and no record")
        else:
            for column, ours, theirs in zip(columns, said[key], live[key], strict=True):
                if ours != theirs:
                    detail = f"its records come to {column} {ours!r}, its row says {theirs!r}"
                    yield Violation(RECORDS, name, detail)
