"""`python -m tests.large_past`: a large past, to measure what reads one (simulation, export).

Settlements of a seeded province, decided by its rules and written in bulk in order of time, with a
few of them cancelled. Claims, replies, snapshots and sums are what the switch would have stored;
what only the posting path makes is left out (postings, seals, terminals' MACs, the member rows), so
that an audit of such a database finds it: never a real one.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from random import Random
from typing import Any, Final

import psycopg

from clients.bill import bill, item
from loadtest.province import HOME
from loadtest.workload import OUTPATIENT, PHARMACY, draw_bills
from medswitch.v1 import common_pb2, settlement_pb2
from switch.ledger.accumulators import applied, negated
from switch.ledger.digest import canonical_json
from switch.model.answer import SettleAnswer
from switch.model.call import Authenticated, Received
from switch.model.claim import Claim
from switch.model.decision import Decision
from switch.model.ids import (
    BEIJING,
    InstitutionCode,
    JournalId,
    RequestId,
    SessionId,
    TerminalId,
    journal_id,
    settlement_id,
)
from switch.model.member import Institution, Member
from switch.model.money import Fen
from switch.model.stages import Settle
from switch.pipeline import snapshot
from switch.rules.adjudicate import Rules, adjudicate
from switch.seed.people import Population, generate
from switch.seed.province import SERIAL_FIRST
from switch.store.reference import load_institutions
from switch.store.rule_books import load_rules, shipped_regions
from switch.wire.codec import WireCodec

CHUNK: Final = 2_000
STAY: Final = "21"
_CANCELLED: Final = 30
"""One settlement in so many is cancelled at once."""

_REQUESTS: Final = """
COPY medswitch.request (month, request_id, bucket, position, lane, batch, method, terminal_id,
    session_id, seq, mac, body, code, reply, member_id, member_version, atc, journal_day,
    journal_id, snapshot, rule_book, received_at, posted_at) FROM STDIN
"""
_JOURNALS: Final = """
COPY medswitch.journal (day, id, bucket, window_book, kind, request_id, institution, member_id,
    member_version, region_insured, region_care, insurance, clearing_type, total_fen,
    account_current_delta_fen, account_earlier_delta_fen, deltas, consulted, undoes_day, undoes_id,
    posted_at) FROM STDIN
"""
_UNDO: Final = """
COPY medswitch.undo (month, original_id, bucket, kind, by_request_id, at) FROM STDIN
"""


@dataclass(frozen=True, slots=True)
class Past:
    """What is to be written, and which of the people this process writes for."""

    url: str
    settlements: int
    members: int
    days: int
    seed: int
    today: date
    process: int
    processes: int


class Writer:
    """Rows of three tables, copied a chunk at a time."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._rows: dict[str, list[Sequence[Any]]] = {_REQUESTS: [], _JOURNALS: [], _UNDO: []}

    def add(self, statement: str, row: Sequence[Any]) -> None:
        """Add a row; a full chunk is written."""
        self._rows[statement].append(row)
        if len(self._rows[_REQUESTS]) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what is left."""
        for statement, rows in self._rows.items():
            with self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                for row in rows:
                    copy.write_row(row)
            rows.clear()


class Province:
    """The people of one process as they stand, and the places and rules they meet."""

    def __init__(self, past: Past, rules: Rules, institutions: dict[str, Institution]) -> None:
        regions = shipped_regions()
        cities = sorted(r for r, one in regions.items() if one.pools and not one.example)
        population = Population.of(past.seed, past.today, cities)
        people = generate(population, past.members, SERIAL_FIRST)
        self.people = [
            one
            for one in islice(people, past.process, None, past.processes)
            if len(one.enrolments) == 1 and one.enrolments[0].region == HOME
        ]
        self.rules = rules
        places = [one for one in institutions.values() if one.region == HOME]
        self.places = {
            kind: [one for one in places if kind in one.kinds]
            for kind in (OUTPATIENT, PHARMACY, STAY)
        }
        self.bills = {
            OUTPATIENT: [_drawn(one.lines, 4) for one in draw_bills(past.seed, OUTPATIENT)],
            PHARMACY: [_drawn(one.lines, 1) for one in draw_bills(past.seed, PHARMACY)],
            STAY: [_drawn(one.lines, 90) for one in draw_bills(past.seed, OUTPATIENT)],
        }


def _drawn(lines: Sequence[Any], times: int) -> list[common_pb2.FeeLine]:
    return [item(one.code, one.name, one.quantity * times, one.unit_price) for one in lines]


def write_past(past: Past) -> int:
    """Write one process's share and return how many settlements it wrote."""
    with psycopg.connect(past.url, autocommit=True) as connection:
        _, rules = load_rules(connection, past.today)
        province = Province(past, rules, load_institutions(connection))
        row = connection.execute("SELECT medswitch.new_lane(now())").fetchone()
        lane = int(row[0]) if row else 0
        writer = Writer(connection)
        written = 0
        for number, (who, at) in enumerate(_visits(past, len(province.people))):
            written += _settle(province, writer, who, at, (lane, number, past.process))
        writer.flush()
    return written


def _visits(past: Past, people: int) -> Iterator[tuple[int, datetime]]:
    """Yield (person, time) in order of time: some come often, as in life."""
    drawn = Random(f"{past.seed}/history/{past.process}")
    count = past.settlements // past.processes
    first = datetime.combine(past.today - timedelta(days=past.days), datetime.min.time(), BEIJING)
    span_s = past.days * 86_400 - 7_200
    for number in range(count):
        who = max(drawn.randrange(people) - drawn.randrange(people), 0) or drawn.randrange(people)
        yield who, first + timedelta(seconds=span_s * number // count)


def _settle(
    province: Province, writer: Writer, who: int, at: datetime, place: tuple[int, int, int]
) -> int:
    """Decide one visit and write it; return 1, or 0 where it is declined."""
    lane, number, process = place
    member = province.people[who]
    kind = OUTPATIENT if number % 10 < 7 else PHARMACY if number % 25 else STAY
    places = province.places[kind]
    institution = places[number * 7 % len(places)]
    code = InstitutionCode(institution.code)
    request_id = RequestId(f"{code}{at:%Y%m%d%H%M%S}{process:01d}{number % 1000:03d}")
    body = _body(province, kind, number, institution, at, request_id, member)
    operation = WireCodec().decode(
        "Settle",
        Authenticated(Received("Settle", TerminalId("T1"), SessionId(b""), 1, b"", body, at), code),
    )
    assert isinstance(operation, Settle)
    decision = adjudicate(operation.claim, member, institution, province.rules)
    if not isinstance(decision, Decision):
        return 0
    ids = JournalId(journal_id(lane, number // 2_000 + 1, number % 2_000))
    after = _after(member, decision)
    province.people[who] = after
    answer = SettleAnswer(
        request_id, settlement_id(at.date(), ids), at, at.date(), after, decision,
        after.account_current_fen, after.account_earlier_fen,
    )  # fmt: skip
    reply = WireCodec().encode("Settle", answer)
    _write(writer, operation.claim, member, decision, ids, at)
    writer.add(_REQUESTS, (
        at.date().replace(day=1), request_id, member.bucket, number % 2_000, lane,
        number // 2_000 + 1, "Settle", "T1", b"", 1, b"", body, 1, reply, member.member_id,
        after.version, number + 1, at.date(), ids, snapshot.take(member, institution, None),
        decision.rule_book, at, at,
    ))  # fmt: skip
    if number % _CANCELLED == 0:
        province.people[who] = _cancel(writer, member, after, decision, request_id, ids, at)
    return 1


def _body(
    province: Province, kind: str, number: int, institution: Institution, at: datetime,
    request_id: str, member: Member,
) -> bytes:  # fmt: skip
    lines = province.bills[kind][number % len(province.bills[kind])]
    fields: dict[str, Any] = {"diagnoses": ["J18.900"]}
    if kind == STAY:
        fields |= {
            "admitted_on": (at.date() - timedelta(days=7)).isoformat(),
            "discharged_on": at.date().isoformat(),
        }
    claim = bill(kind, institution.region, at.date(), lines, request_id=request_id, **fields)
    card = member.card
    evidence = common_pb2.Evidence(card=common_pb2.CardEvidence(
        scheme="medswitch-1", identifier=bytes(card.identifier), number=card.number,
        social_security_number=member.social_security_number, specification=card.specification,
        issued_on=card.issued_on.isoformat(), expires_on=card.expires_on.isoformat(),
        atc=number + 1, proof=bytes(8), signed_at=f"{at:%Y%m%d%H%M%S}",
    ))  # fmt: skip
    return settlement_pb2.SettleRequest(
        claim=claim, evidence=evidence, expected=settlement_pb2.Expected(), settle_nonce=bytes(16)
    ).SerializeToString()


def _after(member: Member, decision: Decision) -> Member:
    split = decision.split
    return replace(
        member,
        version=member.version + 1,
        account_current_fen=Fen(member.account_current_fen - split.account_current_fen),
        account_earlier_fen=Fen(member.account_earlier_fen - split.account_earlier_fen),
        accumulators=applied(member.accumulators, decision.deltas),
    )


def _write(
    writer: Writer, claim: Claim, member: Member, decision: Decision, ids: int, at: datetime
) -> None:
    split = decision.split
    writer.add(_JOURNALS, (
        at.date(), ids, member.bucket, decision.region_care, "settlement", claim.request_id,
        claim.request_id[:12], member.member_id, member.version + 1, decision.region_insured,
        decision.region_care, decision.insurance.value, decision.clearing_type, split.total_fen,
        -split.account_current_fen, -split.account_earlier_fen, canonical_json(decision.deltas),
        sorted(decision.consulted), None, None, at,
    ))  # fmt: skip


def _cancel(
    writer: Writer, before: Member, after: Member, decision: Decision, request_id: str, ids: int,
    at: datetime,
) -> Member:  # fmt: skip
    """Cancel a settlement at once, under an id beside its own; return the person as he was."""
    split = decision.split
    by = f"{request_id[:-4]}9{request_id[-3:]}"
    writer.add(_JOURNALS, (
        at.date(), ids | 1 << 62, before.bucket, decision.region_care, "cancellation", by, by[:12],
        before.member_id, after.version + 1, decision.region_insured, decision.region_care,
        decision.insurance.value, decision.clearing_type, -split.total_fen,
        split.account_current_fen, split.account_earlier_fen,
        canonical_json(negated(decision.deltas)), [], at.date(), ids, at,
    ))  # fmt: skip
    writer.add(_UNDO, (
        at.date().replace(day=1), request_id, before.bucket, "cancellation", by, at,
    ))  # fmt: skip
    return replace(before, version=after.version + 1)


def main(arguments: Sequence[str]) -> int:
    """Write a past and say how large it is."""
    parser = argparse.ArgumentParser(prog="python -m tests.large_past", description=__doc__)
    parser.add_argument("url", help="a database that `medswitch seed` filled, and nobody needs")
    parser.add_argument("--settlements", type=int, default=100_000)
    parser.add_argument("--members", type=int, default=10_000, help="as seeded (%(default)s)")
    parser.add_argument("--days", type=int, default=300, help="business days back (%(default)s)")
    parser.add_argument("--seed", type=int, default=20181201, help="as seeded (%(default)s)")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(arguments)
    today = datetime.now(BEIJING).date()
    with psycopg.connect(given.url, autocommit=True) as connection:
        first = today - timedelta(days=given.days)
        connection.execute("SELECT medswitch.ensure_partitions(%s, %s)", (first, today))
    pasts = [
        Past(given.url, given.settlements, given.members, given.days, given.seed, today, process,
             given.processes)
        for process in range(given.processes)
    ]  # fmt: skip
    began = time.monotonic()
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        written = sum(pool.map(write_past, pasts))
    with psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute("ANALYZE medswitch.journal, medswitch.request, medswitch.undo")
    print(f"{written:,} settlements in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
