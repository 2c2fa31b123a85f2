"""Adjustments under maker and checker: proposed as signed words, posted to the byte as approved.

The maker's words hold the corrected bill and person; the effect decides them again by the rule book
they name and posts only if the same comes out, and nobody of the persons has moved since. It goes
through the ledger's own posting function, as a lane of its own, in today's windows.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from psycopg import Connection, Cursor, RawCursor
from psycopg.rows import TupleRow

from switch.audit.reader import Reader
from switch.audit.recompute import Books
from switch.model.call import Authenticated, Received
from switch.model.claim import IdentityEvidence
from switch.model.decision import Decision
from switch.model.fault import Fault
from switch.model.ids import (
    BEIJING,
    OFFICE,
    RequestId,
    SessionId,
    SettlementId,
    TerminalId,
    make_request_id,
    parse_settlement_id,
)
from switch.model.money import Fen
from switch.model.stages import Adjust, Original, Settle
from switch.office import change as office
from switch.office.adjustment import Item, adjustment_content, read_items
from switch.office.refusal import Refusal, Refused
from switch.pipeline import snapshot
from switch.pipeline.adjust import Corrected, adjust
from switch.pipeline.view import Reference, Slot, View
from switch.reassess.past import Finding
from switch.rules.adjudicate import Rules, adjudicate
from switch.simulate.replay import Amounts, amounts_of
from switch.store.office import Effect, Registrar, Signer
from switch.store.posting import BatchKey, Decided, Sealer, call
from switch.store.postman import POST
from switch.store.rule_books import load_activations, load_book, load_catalogues, load_epoch
from switch.wire.codec import WireCodec
from switch.wire.decode import decode
from switch.wire.restate import restated

METHOD: Final = "Adjust"
"""How the register calls an adjustment."""
_WINDOWS: Final = "SELECT book, day FROM medswitch.clearing_window WHERE closed_at IS NULL"
_LANE: Final = "SELECT medswitch.new_lane(%s)"
_MEMBER: Final = """
SELECT m.version, m.atc, m.account_current_fen, m.account_earlier_fen, m.accumulators,
    (SELECT jsonb_object_agg(y.year_key, y.accumulators) FROM medswitch.member_year y
        WHERE y.bucket = m.bucket AND y.member_id = m.member_id)
FROM medswitch.member m WHERE m.bucket = %s AND m.member_id = %s
"""
_SEARCH: Final = "SET LOCAL search_path TO medswitch, pg_temp"


def propose(
    registrar: Registrar,
    signer: Signer,
    findings: Sequence[Finding],
    reason: str,
    at: datetime,
) -> office.Change:
    """Propose that findings be posted, in their order; return the change.

    Raises: Refused; ValueError for a finding that cannot be posted.
    """
    with registrar.connection.transaction():
        registrar.connection.execute(_SEARCH)
        content = adjustment_content(_items(registrar.connection, findings, at))
        return registrar.propose(signer, office.Kind.ADJUST_SETTLEMENTS, content, reason, at)


def adjustments(sealer: Sealer) -> Effect:
    """Return the effect of an approved `adjust-settlements`."""

    def post(conn: Connection[TupleRow], change: office.Change, decision: office.Decision) -> None:
        try:
            _post(conn, read_items(change.content), decision.at, sealer)
        except (Fault, LookupError, ValueError, TypeError) as error:
            raise Refused(Refusal.NOT_ADJUSTABLE, f"{error}: reassess anew") from error

    return post


def payers(amounts: Amounts) -> dict[str, int]:
    """Return amounts by payer, as a change says them."""
    return {
        "total": amounts.total,
        **amounts.funds,
        "hospital": amounts.hospital,
        "current": amounts.current,
        "earlier": amounts.earlier,
        "relative": amounts.relative,
        "cash": amounts.cash,
    }


def _items(conn: Connection[TupleRow], findings: Iterable[Finding], at: datetime) -> Iterable[Item]:
    reader = Reader(conn)
    for sequence, one in enumerate(findings):
        if one.refused or one.decision is None:
            raise ValueError(f"{one.settlement} cannot be posted: {one.refused}")
        request_id = make_request_id(OFFICE, at, sequence)
        row = reader.requests_named([one.settled.request_id])[one.settled.request_id]
        body = restated(row.body, request_id, one.claim)
        day, _, number = one.settled.stands.partition("/")
        yield Item(
            request_id=request_id,
            settlement=SettlementId(one.settlement),
            original=RequestId(one.settled.request_id),
            standing=SettlementId(f"{day.replace('-', '')}{int(number):019d}"),
            member=one.member,
            version=one.version,
            causes=one.causes,
            before=payers(one.before),
            after=payers(one.after),
            body=base64.b64encode(body).decode(),
            snapshot=snapshot.take(
                one.corrected, one.settled.institution, one.settled.prescriber
            ).decode(),
            rule_book=one.settled.rule_book,
        )


def _post(conn: Connection[TupleRow], items: Sequence[Item], at: datetime, sealer: Sealer) -> None:
    """Post the items as one batch. Raises: Refused, Fault, LookupError, ValueError."""
    conn.execute(_SEARCH)
    view = _view(conn, items, at)
    before = dict(view.people)
    lane = _number(conn.execute(_LANE, (at,)))
    loader = _Loader(conn)
    decided = []
    for place, item in enumerate(items):
        corrected = loader.corrected(item)
        slot = Slot(lane, 1, 2 * place)
        operation = Adjust(_call(item, at), item.request_id)
        decided.append(
            Decided(operation, adjust(WireCodec(), view, corrected, slot), slot.position)
        )
    key = BatchKey(lane, 1, view.reference.epoch, at, b"")
    sealed = call(key, decided, before, sealer)
    cursor = RawCursor(conn)
    columns = [list(one) if isinstance(one, tuple) else one for one in sealed.arguments]
    answer = cursor.execute(POST, columns).fetchone()
    if answer is None or answer[0] != "posted":
        raise Refused(Refusal.NOT_ADJUSTABLE, f"{answer and answer[0]}: try again")


def _view(conn: Connection[TupleRow], items: Sequence[Item], at: datetime) -> View:
    """Return the persons as they stand, at the versions that were proposed. Raises: Refused."""
    windows: dict[str, date] = dict(conn.execute(_WINDOWS).fetchall())
    view = View(Reference(load_epoch(conn), Rules({}, {}), {}, windows), at)
    for item in items:
        row = conn.execute(_MEMBER, (int(item.member[:4]), item.member)).fetchone()
        if row is None or row[0] != item.version:
            raise Refused(Refusal.NOT_ADJUSTABLE, f"{item.member} has moved since: reassess anew")
        then, _, _ = snapshot.restore(item.snapshot.encode())
        version, atc, current, earlier, row_years, years = row
        view.people[item.member] = replace(
            then,
            version=version,
            atc=atc,
            account_current_fen=Fen(current),
            account_earlier_fen=Fen(earlier),
            accumulators={k: v for k, v in {**(years or {}), **row_years}.items() if v},
        )
    return view


class _Loader:
    """Reads what an item names and decides it again."""

    def __init__(self, conn: Connection[TupleRow]) -> None:
        self._reader = Reader(conn)
        self._books = Books(
            load_catalogues(conn),
            load_activations(conn),
            lambda region, digest: load_book(conn, region, digest),
        )

    def corrected(self, item: Item) -> Corrected:
        """Return an item as the pipeline takes it. Raises: Refused, LookupError, ValueError."""
        refs = {parse_settlement_id(one) for one in (item.settlement, item.standing)}
        journals = self._reader.journals_named(refs)
        row = self._reader.requests_named([item.original])[item.original]
        settled = journals[parse_settlement_id(item.settlement)]
        standing = journals[parse_settlement_id(item.standing)]
        if settled.request_id != item.original or row.rule_book != item.rule_book:
            raise ValueError(f"{item.settlement} is not of request {item.original}")
        body = base64.b64decode(item.body, validate=True)
        then, place, prescriber = snapshot.restore(item.snapshot.encode())
        operation = settle_of(item.request_id, body)
        rules = self._books.rules(settled.region_insured, item.rule_book, settled.day)
        decision = adjudicate(
            operation.claim,
            then,
            place,
            rules,
            prescriber=prescriber,
            by_identity=isinstance(operation.evidence, IdentityEvidence),
        )
        if not isinstance(decision, Decision) or payers(amounts_of(decision.split)) != item.after:
            raise ValueError(f"{item.settlement} does not come to what was proposed")
        return Corrected(
            request_id=item.request_id,
            stated=Original(item.original, "Settle", item.member, Fen(settled.total_fen)),
            settled=item.settlement,
            standing=standing.model(),
            then=then,
            decision=decision,
            snapshot=item.snapshot.encode(),
        )


def settle_of(request_id: RequestId, body: bytes) -> Settle:
    """Return the settlement that a restated body says. Raises: ValueError, Fault."""
    call = Authenticated(
        Received("Settle", TerminalId(OFFICE), SessionId(b""), 0, b"", body, _LATE),
        OFFICE,
    )
    operation = decode("Settle", call)
    if not isinstance(operation, Settle) or operation.request_id != request_id:
        raise ValueError(f"{request_id} says no settlement of its own")
    return operation


def _call(item: Item, at: datetime) -> Authenticated:
    body = base64.b64decode(item.body, validate=True)
    received = Received(METHOD, TerminalId(OFFICE), SessionId(b""), 0, b"", body, at)
    return Authenticated(received, OFFICE)


def _number(cursor: Cursor[TupleRow]) -> int:
    row = cursor.fetchone()
    if row is None:
        raise LookupError("no lane")
    return int(row[0])


_LATE: Final = datetime(9999, 1, 1, tzinfo=BEIJING)
"""The restated bill is of the past: its days were checked when it came."""
