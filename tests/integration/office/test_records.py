"""The office's records, broken as only a superuser can, and by one who has the vault's keys, too.

Whoever holds the database can rewrite rows; whoever holds the seal key can seal them anew. Neither
can sign as an officer, and every signature stands for all the records before it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from switch.audit import Report, audit_database
from switch.audit.in_force import InForce
from switch.audit.rows import WindowRow
from switch.office.act import Act, Decide, Enrol, body_of, link_of, read_body, signed_bytes
from switch.office.activation import Activation, Known
from switch.office.change import Kind, Verb
from switch.seed import Size, seed
from switch.store.office import Registrar, load_changes, record_digests
from switch.store.rule_books import keep_book
from tests.fix_ledger import Ledger
from tests.fix_office import AT, HOME, OFFICERS, TODAY, key_of, opened, other_book, signer_of
from tests.fix_province import KEK, ManualClock

# The records of `work`: 1 genesis; 2, 3 founders; 4 proposes change 1 (zhao), 5 approves; 6, 7 the
# book; 8 to 10 propose 3, 4, 5; 11 refuses 3, 12 withdraws 4; 13, 14 retire zhao.
LAST = 14


@dataclass(frozen=True)
class Break:
    """What a superuser does, and the row and words by which the audit must name it."""

    statements: Sequence[str]
    key: str
    says: str


def _break(name: str, key: str, says: str, *statements: str) -> Any:
    return pytest.param(Break(statements, key, says), id=name)


BREAKS = [
    _break("a record in other words", "audit record 8", "its seal is not that of its words",
           "UPDATE audit_record SET body = replace(body, 'next', 'last') WHERE number = 8"),
    _break("other words are signed by nobody", "audit record 8", "is not signed by li",
           "UPDATE audit_record SET body = replace(body, 'next', 'last') WHERE number = 8"),
    _break("a record that is no act", "audit record 8", "is no act",
           "UPDATE audit_record SET body = '{}' WHERE number = 8"),
    _break("a record with a space", "audit record 8", "is no act",
           "UPDATE audit_record SET body = replace(body, ':', ': ') WHERE number = 8"),
    _break("a seal", "audit record 9", "its seal is not that of its words",
           "UPDATE audit_record SET seal = sha256(seal) WHERE number = 9"),
    _break("the seal after another", "audit record 10", "its seal is not that of its words",
           "UPDATE audit_record SET seal = sha256(seal) WHERE number = 9"),
    _break("a seal of an unknown key", "audit record 9", "its seal is not that of its words",
           "UPDATE audit_record SET seal_version = 9 WHERE number = 9"),
    _break("a signature", "audit record 7", "is not signed by wang",
           "UPDATE audit_record SET signature = decode(repeat('00', 64), 'hex') WHERE number = 7"),
    _break("another act's signature", "audit record 9", "is not signed by li",
           "UPDATE audit_record SET signature = (SELECT signature FROM audit_record"
           " WHERE number = 8) WHERE number = 9"),
    _break("a record is gone", "audit record 12", "follows record 10",
           "DELETE FROM audit_record WHERE number = 11"),
    _break("after one that is gone", "audit record 12", "was signed after another record than 10",
           "DELETE FROM audit_record WHERE number = 11"),
    _break("what a record that is gone did", "change 3", "state 'waiting', its row says 'refused'",
           "DELETE FROM audit_record WHERE number = 11"),
    _break("the first is gone", "audit record 2", "follows record 0",
           "DELETE FROM audit_record WHERE number = 1"),
    _break("a tail is cut off", "officer zhao", "state 'active', its row says 'retired'",
           f"DELETE FROM audit_record WHERE number = {LAST}"),
    _break("all records are gone", "officer li", "has a row and no record",
           "DELETE FROM audit_record"),
    _break("two records change places", "audit record 8", "NUMBER_NOT_NEXT",
           "UPDATE audit_record SET number = 99 WHERE number = 8",
           "UPDATE audit_record SET number = 8 WHERE number = 9",
           "UPDATE audit_record SET number = 9 WHERE number = 99"),
    _break("an officer's roles", "officer li", "roles",
           "UPDATE officer SET roles = roles || '{keys}' WHERE name = 'li'"),
    _break("an officer's key", "officer li", "public_key",
           "UPDATE officer SET public_key = sha256(public_key) WHERE name = 'li'"),
    _break("an officer comes back", "officer zhao", "state 'retired', its row says 'active'",
           "UPDATE officer SET state = 'active'"),
    _break("an officer nobody enrolled", "officer sun", "has a row and no record",
           "INSERT INTO officer SELECT 'sun', sha256(public_key), roles, state FROM officer"
           " WHERE name = 'li'"),
    _break("an officer is gone", "officer wang", "has a record and no row",
           "DELETE FROM officer WHERE name = 'wang'"),
    _break("a refused change passes", "change 3", "state 'refused', its row says 'approved'",
           "UPDATE change SET state = 'approved' WHERE number = 3"),
    _break("a waiting change passes", "change 5", "decided_by None, its row says 'wang'",
           "UPDATE change SET state = 'approved', decided_by = 'wang', decided_at = now(),"
           " decided_reason = '', decided_record = 14 WHERE number = 5"),
    _break("a change in other words", "change 5", "content",
           "UPDATE change SET content = replace(content, 'ab', 'cd') WHERE number = 5"),
    _break("a change that does not expire", "change 5", "expires_at",
           "UPDATE change SET expires_at = expires_at + interval '9 years' WHERE number = 5"),
    _break("a change is gone", "change 5", "has a record and no row",
           "DELETE FROM change WHERE number = 5"),
    _break("a change nobody proposed", "change 7", "has a row and no record",
           "INSERT INTO change SELECT 7, kind, content, maker, made_at, expires_at, reason, digest,"
           " record, state FROM change WHERE number = 5"),
    _break("a book in force by nobody", "rule book in force 330299", "has a row and no record",
           "INSERT INTO rule_book_activation SELECT region, hash, active_from - 1, record, change"
           " FROM rule_book_activation WHERE change = 2"),
    _break("another book in force", "rule book in force 330299", "hash",
           "UPDATE rule_book_activation SET hash = repeat('ab', 32) WHERE change = 2"),
    _break("a book in force no more", "rule book in force 330299", "has a record and no row",
           "DELETE FROM rule_book_activation WHERE change = 2"),
    _break("a book to come is rewritten", "rule book", "now hash to",
           "UPDATE rule_book SET texts = (SELECT texts FROM rule_book b JOIN rule_book_activation a"
           " ON a.hash = b.hash AND a.region = b.region WHERE a.region = '330299' AND a.change = 0)"
           " WHERE hash IN (SELECT hash FROM rule_book_activation WHERE change = 2)"),
    _break("a book to come is gone", "rule book", "no rule book",
           "DELETE FROM rule_book WHERE hash IN"
           " (SELECT hash FROM rule_book_activation WHERE change = 2)"),
]  # fmt: skip


def break_it(url: str, statement: str) -> None:
    """Change rows as only a superuser can; at least one."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path = medswitch")
        assert connection.execute(statement.encode()).rowcount, "nothing was broken"


def named(report: Report) -> list[str]:
    return [f"{one.key}: {one.detail}" for one in report.violations(16)]


def test_an_office_that_nobody_touched_is_clean(worked: str) -> None:
    report = audit_database(worked, KEK)
    assert report.clean, named(report)
    assert report.read["audit records"] == LAST


@pytest.mark.parametrize("case", BREAKS)
def test_what_was_broken_is_named(worked: str, case: Break) -> None:
    for statement in case.statements:
        break_it(worked, statement)
    report = audit_database(worked, KEK)
    assert report.broken == {16}
    said = named(report)
    assert any(one.startswith(case.key) and case.says in one for one in said), said


def test_a_record_below_the_first_is_named(database_url: str) -> None:
    seed(
        database_url, Size(members=0, institutions=0), random_seed=7, data_dir=None, kek=KEK,
        today=TODAY,
    )  # fmt: skip
    break_it(database_url, "ALTER TABLE audit_record DROP CONSTRAINT audit_record_number")
    break_it(
        database_url,
        "INSERT INTO audit_record SELECT -1, body, signature, seal_version, seal FROM audit_record",
    )
    said = named(audit_database(database_url, KEK))
    assert "audit record -1: follows record 0" in said


def test_a_settlement_under_a_book_that_was_never_approved_is_named(ledger: Ledger) -> None:
    """The book is kept, but no two officers let it rule."""
    with opened(ledger.province.url) as registrar:
        book_hash = keep_book(registrar.connection, HOME, other_book(), ManualClock().now())
    ledger.break_it("UPDATE request SET rule_book = %s WHERE rule_book <> ''", book_hash)
    report = ledger.audit()
    assert {5, 10, 16} <= report.broken
    assert f"was decided by rule book {book_hash}" in named(report)[0]


# One who holds the database and the seal key.


@dataclass
class Forger:
    """Writes records with good seals; signs with whatever key is at hand."""

    registrar: Registrar

    def records(self) -> list[TupleRow]:
        return self.registrar.connection.execute(
            "SELECT number, body, signature FROM medswitch.audit_record ORDER BY number"
        ).fetchall()

    def rewrite(self, records: Sequence[tuple[str, bytes]]) -> None:
        """Replace every record and seal the whole chain anew."""
        sealer, previous = self.registrar.sealer, b""
        self.registrar.connection.execute("DELETE FROM medswitch.audit_record")
        for number, (body, signature) in enumerate(records, start=1):
            version = sealer.seal_version
            digests = record_digests(body, signature)
            previous = sealer.seal(version, number, previous, digests)
            self.registrar.connection.execute(
                "INSERT INTO medswitch.audit_record VALUES (%s, %s, %s, %s, %s)",
                (number, body, signature, version, previous),
            )

    def append(self, act: Act, key: str) -> None:
        """Add a record that follows the last one, signed under a key."""
        kept = [(body, signature) for _, body, signature in self.records()]
        body = body_of(replace(act, after=link_of(*kept[-1])))
        self.rewrite([*kept, (body, key_of(key).sign(signed_bytes(body)))])


def digest_of(registrar: Registrar, number: int) -> str:
    return next(one.digest for one in load_changes(registrar.connection) if one.number == number)


Make = Callable[[datetime, str], Act]


def approve(
    who: str, *, after: timedelta = timedelta(hours=1), proposal: str | None = None
) -> Make:
    """An approval of change 5, which waits, some time after the last record."""

    def make(at: datetime, digest: str) -> Act:
        return Decide(at + after, "", who, 5, Verb.APPROVE, proposal or digest, "")

    return make


def found_again(at: datetime, _: str) -> Act:
    return Enrol(at, "", "sun", key_of("sun").public_key, frozenset({OFFICERS}))


FORGED: list[tuple[Make, str, str]] = [
    (approve("wang"), "mallory", "not signed by wang"),
    (approve("li"), "li", "SAME_OFFICER"),
    (approve("zhao"), "zhao", "OFFICER_RETIRED"),
    (approve("sun"), "sun", "NOT_AN_OFFICER"),
    (approve("wang", after=timedelta(days=7)), "wang", "CHANGE_EXPIRED"),
    (approve("wang", after=timedelta(days=-1)), "wang", "TIME_WENT_BACK"),
    (approve("wang", proposal="ab" * 32), "wang", "OTHER_PROPOSAL"),
    (found_again, "sun", "FOUNDING_OVER"),
]


@pytest.mark.parametrize(("make", "key", "says"), FORGED)
def test_a_record_that_was_never_allowed_is_named_though_its_seal_is_good(
    worked: str, make: Make, key: str, says: str
) -> None:
    with opened(worked) as registrar:
        forger = Forger(registrar)
        at = read_body(forger.records()[-1][1]).at
        forger.append(make(at, digest_of(registrar, 5)), key)
    report = audit_database(worked, KEK)
    assert report.broken == {16}
    said = named(report)
    assert any(one.startswith(f"audit record {LAST + 1}") and says in one for one in said), said
    assert not any("its seal" in one for one in said)


def test_one_who_never_held_the_role_approves_nothing(worked: str) -> None:
    """Keys do not approve policies: zhao's roles were policy and keys, sun's only keys."""
    with opened(worked) as registrar:
        at = read_body(Forger(registrar).records()[-1][1]).at
        sun = {"name": "sun", "public_key": key_of("sun").public_key.hex(), "roles": ["keys"]}
        change = registrar.propose(signer_of("li"), Kind.ENROL_OFFICER, sun, "new", at)
        registrar.decide(signer_of("wang"), Verb.APPROVE, change.number, "", at)
        act = Decide(at, "", "sun", 5, Verb.APPROVE, digest_of(registrar, 5), "")
        Forger(registrar).append(act, "sun")
    assert any("ROLE_MISSING" in one for one in named(audit_database(worked, KEK)))


@pytest.mark.parametrize("gone", range(1, LAST))
def test_no_record_can_be_taken_out_even_by_who_seals_anew(worked: str, gone: int) -> None:
    with opened(worked) as registrar:
        forger = Forger(registrar)
        forger.rewrite([row[1:] for row in forger.records() if row[0] != gone])
    said = named(audit_database(worked, KEK))
    assert any("was signed after another record" in one or "refused" in one for one in said), said
    assert not any("its seal" in one for one in said)


def test_a_genesis_is_signed_by_nobody(worked: str) -> None:
    with opened(worked) as registrar:
        forger = Forger(registrar)
        first, *others = [(body, signature) for _, body, signature in forger.records()]
        forger.rewrite([(first[0], b"x" * 64), *others])
    assert any("which nobody signs" in one for one in named(audit_database(worked, KEK)))


# Which book was in force.


def test_a_book_rules_when_it_was_known_and_only_then() -> None:
    """Known at ten for the same day: before ten the old one ruled; clocks differ by minutes."""
    old = Known(AT - timedelta(days=9), Activation("330299", "old", TODAY, 1, 0))
    new = Known(AT, Activation("330299", "new", TODAY, 5, 2))
    other = Known(AT - timedelta(days=9), Activation("330199", "other", TODAY, 1, 0))
    next_day = Known(AT, Activation("330299", "next", TODAY + timedelta(days=1), 7, 3))
    window = WindowRow("330299", TODAY + timedelta(days=1), AT + timedelta(hours=6), None)
    books = InForce()
    books.take([old, new, other, next_day], [window])
    for hours, minutes, expected in (
        (-1, 0, {"old"}), (0, -4, {"old", "new"}), (0, 4, {"old", "new"}), (0, 6, {"new"}),
        (6, -4, {"new", "next"}), (7, 0, {"new", "next"}),
    ):  # fmt: skip
        at = AT + timedelta(hours=hours, minutes=minutes)
        assert books._hashes("330299", TODAY, at) == expected, (hours, minutes)
    assert books._hashes("331099", TODAY, AT) == set()
