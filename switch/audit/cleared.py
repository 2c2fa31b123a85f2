"""Invariant 18: what was closed is what was posted: statements = journals = accounts.

Every act of clearing is sealed over the one before and signed by an officer, or answered by a
terminal. Closings and statements must be what the acts say, and the acts what the journals still
come to: a closed window takes nothing, so the same sums come out for ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from switch.audit.context import Run
from switch.audit.findings import CLEARED, Violation
from switch.audit.paid import check_payments
from switch.clearing.period import Kind, Period
from switch.clearing.statement import ACCOUNTS, Line, Statement, statements
from switch.model.ids import RegionCode
from switch.office.canonical import parse_canonical
from switch.security.errors import KeyNotLive, MacMismatch, SignatureMismatch
from switch.security.signature import verify_signature
from switch.store.clearing_acts import (
    CHAIN,
    act_digests,
    signed_act,
    statement_digest,
)
from switch.store.flows import heads_digest, load_flows, moved_fen, settled

_ACTS: Final = """
SELECT number, body, signature, seal_version, seal FROM clearing_act ORDER BY number
"""
_KEYS: Final = "SELECT name, public_key FROM officer"
_CLOSINGS: Final = """
SELECT region, kind, since, version, until, settlements, fund_fen, account_fen, differences,
    closed_by, act, reopened_record FROM closing ORDER BY act
"""
_STATEMENTS: Final = """
SELECT region, since, version, institution, fund_fen, account_fen, rate_bp, withheld_fen,
    payable_fen, encode(digest, 'hex') FROM statement
WHERE region = %s AND since = %s AND version = %s
"""
_ALL_STATEMENTS: Final = """
SELECT region, since, version, institution, state, act FROM statement
ORDER BY region, since, version, institution
"""
_LINES: Final = """
SELECT institution, region_insured, insurance, clearing_type, payer, settlements, amount_fen
FROM statement_line WHERE region = %s AND since = %s AND version = %s ORDER BY institution, number
"""
_REOPENED: Final = """
SELECT c.content FROM change c
WHERE c.kind = 'reopen-period' AND c.state = 'approved' AND c.decided_record = %s
"""
_CUT_OFFS: Final = """
SELECT c.book, c.since, c.minutes, c.record, k.content FROM cut_off c
LEFT JOIN change k ON k.kind = 'set-cut-off' AND k.state = 'approved'
    AND k.decided_record = c.record ORDER BY 1, 2, 4
"""
_SET_UP: Final = (
    "SET LOCAL enable_seqscan = on", "SET LOCAL enable_hashjoin = on", "SET LOCAL enable_sort = on",
)  # fmt: skip


@dataclass(slots=True)
class Acts:
    """The acts read so far, by number, and the last one's seal."""

    number: int = 0
    seal: bytes = b""
    bodies: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    def check(self, run: Run, row: Sequence[Any], keys: Mapping[str, bytes]) -> Iterator[Violation]:
        """An act follows the one before, is sealed, and an officer's is signed."""
        number, body, signature, version, seal = row
        key, before, previous = f"clearing act {number}", self.number, self.seal
        self.number, self.seal = number, seal
        if number != before + 1:
            yield Violation(CLEARED, key, f"follows act {before}")
        try:
            digests = act_digests(body, signature)
            run.keys.vault.verify_seal(version, CHAIN | number, previous, digests, seal)
        except (MacMismatch, KeyNotLive, OverflowError):
            yield Violation(CLEARED, key, "its seal is not that of its words")
        said = parse_canonical(body)
        self.bodies[number] = said
        if "by" in said:
            try:
                verify_signature(keys.get(said["by"], b""), signed_act(body), signature)
            except SignatureMismatch:
                yield Violation(CLEARED, key, f"is not signed by {said['by']}")


def walk_clearing(run: Run) -> None:
    """Check every act, closing, statement and cut-off."""
    conn = run.reader.connection
    with conn.transaction():
        for statement in _SET_UP:
            conn.execute(statement)
        acts = Acts()
        keys: dict[str, bytes] = dict(run.reader.all(_KEYS))
        for row in run.reader.all(_ACTS):
            run.note(CLEARED, f"clearing act {row[0]}", acts.check(run, row, keys))
        closings = run.reader.all(_CLOSINGS)
        for row in closings:
            key = f"closing {row[0]} {row[1]} {row[2]} version {row[3]}"
            run.note(CLEARED, key, _check_closing(run, key, row, acts))
        told = {number for number, body in acts.bodies.items() if body["act"] == "close"}
        run.note(CLEARED, "closings", _missing(told, {row[10] for row in closings}))
        run.note(CLEARED, "statements", _check_answers(run, acts))
        run.note(CLEARED, "cut-offs", _check_cut_offs(run))
        run.note(CLEARED, "payments", check_payments(run, acts.bodies))
        run.tell("closings", len(closings))


def _check_closing(run: Run, key: str, row: Sequence[Any], acts: Acts) -> Iterator[Violation]:
    (region, kind, since, version, until, count, fund, account, differences, by, act,
     reopened) = row  # fmt: skip
    said = acts.bodies.get(act, {})
    stated = {
        "act": "close", "region": region, "kind": kind, "since": since.isoformat(),
        "version": version, "settlements": count, "fund_fen": fund, "account_fen": account,
        "differences": differences, "by": by,
    }  # fmt: skip
    if any(said.get(name) != value for name, value in stated.items()):
        yield Violation(CLEARED, key, f"is not what act {act} says")
    conn, place = run.reader.connection, RegionCode(region)
    flows = load_flows(conn, since, until, place)
    accounts = sum(flow.amount_fen for flow in flows if flow.payer == ACCOUNTS)
    total = sum(flow.amount_fen for flow in flows)
    if (fund, account) != (total - accounts, accounts):
        yield Violation(CLEARED, key, f"says {fund} and {account} fen; {total} fen are posted")
    if moved_fen(conn, since, until, place) != fund + account:
        yield Violation(CLEARED, key, "is not what institutions' accounts have gained")
    if settled(conn, since, until, place) != count:
        yield Violation(CLEARED, key, f"says {count} settlements, others are posted")
    if heads_digest(conn, since, until, place) != said.get("heads"):
        yield Violation(CLEARED, key, "the last seals of its days are others")
    if reopened is not None:
        content = {"region": region, "period": Period(Kind(kind), since).name, "version": version}
        found = [parse_canonical(one[0]) for one in run.reader.all(_REOPENED, (reopened,))]
        if content not in found:
            yield Violation(CLEARED, key, f"was reopened by record {reopened}, which does not say")
    if kind == Kind.MONTH:
        made = statements(flows, {place: 0})
        yield from _check_statements(run, (region, since, version), said, made)


def _check_statements(
    run: Run, place: tuple[str, date, int], said: Mapping[str, Any], made: Sequence[Statement]
) -> Iterator[Violation]:
    """A month's statements are the flows', line by line, and the act names their digests."""
    region, since, version = place
    rows = {row[3]: row for row in run.reader.all(_STATEMENTS, place)}
    lines: dict[str, list[Line]] = {}
    for institution, *line in run.reader.all(_LINES, place):
        lines.setdefault(institution, []).append(Line(*line))
    name, digests = Period.month_of(since).name, dict(said.get("statements", ()))
    if set(rows) != {one.institution for one in made} or set(digests) != set(rows):
        text = "its statements are not of the institutions that were paid"
        yield Violation(CLEARED, f"closing {region} month {since} version {version}", text)
    for one in made:
        key = f"statement {region} {name} version {version} {one.institution}"
        row = rows.get(one.institution)
        if row is None:
            continue
        fund, account, rate, withheld, payable, digest = row[4:10]
        again = Statement(one.institution, one.region, one.lines, rate)
        if tuple(lines.get(one.institution, ())) != one.lines:
            yield Violation(CLEARED, key, "its lines are not what was posted")
        amounts = (again.fund_fen, again.account_fen, again.withheld_fen, again.payable_fen)
        if (fund, account, withheld, payable) != amounts:
            yield Violation(CLEARED, key, "its amounts are not those of its lines")
        if (
            not digest
            == digests.get(one.institution)
            == statement_digest(name, version, again).hex()
        ):
            yield Violation(CLEARED, key, "its digest is not that of its lines")


def _check_answers(run: Run, acts: Acts) -> Iterator[Violation]:
    """A statement is answered as the last act about it says, and by no other way."""
    answered: dict[tuple[str, str, int, str], tuple[str, int]] = {}
    for number, said in acts.bodies.items():
        if said["act"] == "answer":
            place = (said["region"], said["since"], said["version"], said["institution"])
            answered[place] = (said["state"], number)
    for row in run.reader.all(_ALL_STATEMENTS):
        region, since, version, institution, state, act = row
        place = (region, since.isoformat(), version, institution)
        if answered.get(place, ("open", None)) != (state, act):
            key = f"statement {region} {since:%Y-%m} version {version} {institution}"
            yield Violation(CLEARED, key, f"is {state}, which no act says")


def _check_cut_offs(run: Run) -> Iterator[Violation]:
    for book, since, minutes, record, content in run.reader.all(_CUT_OFFS):
        wanted = {"book": book, "since": since.isoformat(), "minutes": minutes}
        if content is None or parse_canonical(content) != wanted:
            key = f"cut-off of {book} from {since}"
            yield Violation(CLEARED, key, f"record {record} does not set it")


def _missing(told: set[int], found: set[int]) -> Iterator[Violation]:
    for number in sorted(told - found):
        yield Violation(CLEARED, f"clearing act {number}", "closed what stands nowhere")
