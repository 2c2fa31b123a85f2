"""The office in the database: every act in one transaction, judged, signed, sealed and written.

An act's record, the rows it comes to, and the effect of an approved change commit together or not
at all. The office's lock comes before all others (windows, members, request ids): acts are rare,
and each is sealed over the one before. Needs an operator's connection; the runtime role may not
write here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.office.act import (
    Act,
    Contribute,
    Decide,
    Enrol,
    Genesis,
    Propose,
    body_of,
    digest_of,
    link_of,
    read_body,
    signed_bytes,
)
from switch.office.canonical import Content, canonical, parse_canonical
from switch.office.change import LIFE, Change, ChangeState, Decision, Kind, Verb
from switch.office.judge import Office, Outcome, judge
from switch.office.key_change import Part
from switch.office.officer import Officer, OfficerState, Role, role_words
from switch.office.refusal import Refusal, Refused
from switch.security.errors import SignatureMismatch
from switch.security.seal import sm3
from switch.security.signature import verify_signature
from switch.store.posting import Sealer, link_number

OFFICE_LANE: Final = 0
"""No lane of the ledger has this number: records are the links of a chain beside the lanes'."""

Effect = Callable[[Connection[TupleRow], Change, Decision], None]
"""Puts an approved change into effect, inside the approval's transaction. Raises: Refused."""

_LOCK: Final = "SELECT pg_advisory_xact_lock(20181203)"
_HEAD: Final = """
SELECT r.number, r.body, r.signature, r.seal,
    (SELECT coalesce(max(number), 0) FROM medswitch.change)
FROM medswitch.audit_record r ORDER BY r.number DESC LIMIT 1
"""
_RECORD: Final = """
INSERT INTO medswitch.audit_record (number, body, signature, seal_version, seal)
VALUES (%s, %s, %s, %s, %s)
"""
_OFFICERS: Final = "SELECT name, public_key, roles, state FROM medswitch.officer ORDER BY name"
_SAVE_OFFICER: Final = """
INSERT INTO medswitch.officer (name, public_key, roles, state) VALUES (%s, %s, %s, %s)
ON CONFLICT (name) DO UPDATE SET roles = excluded.roles, state = excluded.state
"""
_PARTS: Final = """
SELECT key, part, parts, officer, kcv FROM medswitch.key_component ORDER BY key, part
"""
_CHANGES: Final = """
SELECT number, kind, content, maker, made_at, expires_at, reason, digest, record, state,
    decided_by, decided_at, decided_reason, decided_record
FROM medswitch.change
"""
_CHANGE: Final = _CHANGES + "WHERE number = %s"
_PROPOSAL: Final = """
SELECT r.body, r.signature, o.public_key
FROM medswitch.audit_record r, medswitch.officer o WHERE r.number = %s AND o.name = %s
"""
_ALL_CHANGES: Final = _CHANGES + "ORDER BY number"
_SAVE_CHANGE: Final = """
INSERT INTO medswitch.change (number, kind, content, maker, made_at, expires_at, reason, digest,
    record, state, decided_by, decided_at, decided_reason, decided_record)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (number) DO UPDATE SET state = excluded.state, decided_by = excluded.decided_by,
    decided_at = excluded.decided_at, decided_reason = excluded.decided_reason,
    decided_record = excluded.decided_record
"""


@dataclass(frozen=True, slots=True)
class Signer:
    """An officer at work: the name, and what signs under the officer's private key."""

    name: str
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """The last record: what names it to the next, and its seal. Empty before the first."""

    link: str = ""
    seal: bytes = b""


@dataclass(frozen=True, slots=True)
class Registrar:
    """Who keeps the office's books. `effects`: what an approved change of each kind does."""

    connection: Connection[TupleRow]
    sealer: Sealer
    effects: Mapping[Kind, Effect]

    def begin(self, content: Content, at: datetime) -> None:
        """Record what stood before there was anybody to sign. Raises: Refused."""
        with self.connection.transaction():
            office, head = self._enter()
            self._write(office, head, Genesis(at, head.link, content), None)

    def enrol(
        self, signer: Signer, public_key: bytes, roles: frozenset[Role], at: datetime
    ) -> None:
        """Enrol a founder, who signs for himself. Raises: Refused."""
        with self.connection.transaction():
            office, head = self._enter()
            act = Enrol(at, head.link, signer.name, public_key, roles)
            self._write(office, head, act, signer)

    def contribute(
        self, signer: Signer, key: str, part: int, of: int, kcv: str, at: datetime
    ) -> tuple[Part, ...]:
        """Record that a custodian entered a component; return those that lie ready now.

        Raises: Refused.
        """
        with self.connection.transaction():
            office, head = self._enter()
            act = Contribute(at, head.link, signer.name, key, part, of, kcv)
            return self._write(office, head, act, signer).parts[key]

    def propose(
        self, signer: Signer, kind: Kind, content: Content, reason: str, at: datetime
    ) -> Change:
        """Propose a change and return it, waiting. Raises: Refused."""
        with self.connection.transaction():
            office, head = self._enter()
            number = office.last_change + 1
            act = Propose(
                at, head.link, signer.name, number, kind, content, at + LIFE, reason
            )  # fmt: skip
            return _changed(self._write(office, head, act, signer))

    def decide(self, signer: Signer, verb: Verb, number: int, reason: str, at: datetime) -> Change:
        """Approve, refuse or withdraw a change and return it; approved, it is in effect.

        Raises: Refused.
        """
        with self.connection.transaction():
            office, head = self._enter(number)
            proposed = office.changes.get(number)
            digest = "" if proposed is None else proposed.digest
            act = Decide(at, head.link, signer.name, number, verb, digest, reason)
            change = _changed(self._write(office, head, act, signer))
            if change.state is ChangeState.APPROVED and change.decision is not None:
                self.effects[change.kind](self.connection, change, change.decision)
            return change

    def _enter(self, number: int | None = None) -> tuple[Office, Head]:
        """Take the office's lock; return the office, with one change, and the last record.

        Raises: Refused when what is kept is not what was signed.
        """
        self.connection.execute(_LOCK)
        last = self.connection.execute(_HEAD).fetchone()
        office = Office(officers=load_officers(self.connection), parts=load_parts(self.connection))
        if number is not None and (change := load_signed(self.connection, number)) is not None:
            office.changes[number] = change
        if last is None:
            return office, Head()
        office.records, body, signature, seal, office.last_change = last
        office.at = _act(body, office.records).at
        return office, Head(link_of(body, signature), seal)

    def _write(self, office: Office, head: Head, act: Act, signer: Signer | None) -> Outcome:
        """Judge an act, and write its record and the rows it comes to."""
        outcome = judge(office, act)
        body = body_of(act)
        signature = b"" if signer is None else _signed(office, act, body, signer)
        number, version = office.records + 1, self.sealer.seal_version
        seal = self.sealer.seal(
            version, link_number(OFFICE_LANE, number), head.seal, record_digests(body, signature)
        )
        self.connection.execute(_RECORD, (number, body, signature, version, seal))
        for officer in outcome.officers:
            self.connection.execute(_SAVE_OFFICER, officer_row(officer))
        if outcome.change is not None:
            self.connection.execute(_SAVE_CHANGE, change_row(outcome.change))
        return outcome


def record_digests(body: str, signature: bytes) -> list[bytes]:
    """Return what a record's seal covers beside its number and the seal before."""
    return [sm3(signed_bytes(body)), signature]


def load_officers(conn: Connection[TupleRow]) -> dict[str, Officer]:
    """Return every officer there ever was, by name."""
    return {
        name: Officer(name, public_key, frozenset(map(Role, roles)), OfficerState(state))
        for name, public_key, roles, state in conn.execute(_OFFICERS)
    }


def load_parts(conn: Connection[TupleRow]) -> dict[str, tuple[Part, ...]]:
    """Return the components that lie ready, by key, in their order."""
    found: dict[str, tuple[Part, ...]] = {}
    for key, *part in conn.execute(_PARTS):
        found[key] = (*found.get(key, ()), Part(*part))
    return found


def load_change(conn: Connection[TupleRow], number: int) -> Change | None:
    """Return one change."""
    row = conn.execute(_CHANGE, (number,)).fetchone()
    return None if row is None else _change(row)


def load_signed(conn: Connection[TupleRow], number: int) -> Change | None:
    """Return one change, proven to be in the words and of the maker that its record says.

    A checker is shown these words and signs their digest: no row may say others in between.
    Raises: Refused.
    """
    change = load_change(conn, number)
    if change is None:
        return None
    row = conn.execute(_PROPOSAL, (change.record, change.maker)).fetchone()
    body, signature, public_key = row or ("", b"", b"")
    act = _act(body, change.record)
    said = (
        change.number, change.kind, change.content, change.maker, change.made_at,
        change.expires_at, change.reason, change.digest,
    )  # fmt: skip
    if not isinstance(act, Propose) or said != (
        act.change, act.kind, act.content, act.officer, act.at, act.expires_at, act.reason,
        digest_of(body),
    ):  # fmt: skip
        raise _broken(f"change {number} is not what its record {change.record} says")
    try:
        verify_signature(public_key, signed_bytes(body), signature)
    except SignatureMismatch:
        raise _broken(f"change {number} is not signed by {change.maker}") from None
    return change


def load_changes(conn: Connection[TupleRow]) -> list[Change]:
    """Return every change, oldest first."""
    return [_change(row) for row in conn.execute(_ALL_CHANGES)]


def officer_row(officer: Officer) -> tuple[Any, ...]:
    """Return an officer's columns, in the order of the table."""
    return officer.name, officer.public_key, role_words(officer.roles), officer.state.value


def change_row(change: Change) -> tuple[Any, ...]:
    """Return a change's columns, in the order of the table."""
    decision = change.decision
    decided = (None,) * 4 if decision is None else (
        decision.officer, decision.at, decision.reason, decision.record)  # fmt: skip
    return (
        change.number, change.kind.value, canonical(change.content), change.maker, change.made_at,
        change.expires_at, change.reason, change.digest, change.record, change.state.value,
        *decided,
    )  # fmt: skip


def _change(row: TupleRow) -> Change:
    number, kind, content, maker, made_at, expires_at, reason, digest, record, state = row[:10]
    return Change(
        number, Kind(kind), parse_canonical(content), maker, made_at, expires_at, reason, digest,
        record, ChangeState(state), None if row[10] is None else Decision(*row[10:]),
    )  # fmt: skip


def _act(body: str, record: int) -> Act:
    try:
        return read_body(body)
    except ValueError:
        raise _broken(f"audit record {record} is no act, or is not there") from None


def _broken(text: str) -> Refused:
    return Refused(Refusal.RECORDS_BROKEN, f"{text}: run `medswitch audit`")


def _changed(outcome: Outcome) -> Change:
    if outcome.change is None:
        raise AssertionError("an act on a change comes to a change")
    return outcome.change


def _signed(office: Office, act: Act, body: str, signer: Signer) -> bytes:
    """Return the officer's signature, proven to be by the key the officer is known by."""
    key = act.public_key if isinstance(act, Enrol) else office.officers[signer.name].public_key
    message = signed_bytes(body)
    signature = signer.sign(message)
    try:
        verify_signature(key, message, signature)
    except SignatureMismatch:
        raise Refused(
            Refusal.OTHER_KEY, f"{signer.name} was enrolled with another key than the file's"
        ) from None
    return signature
