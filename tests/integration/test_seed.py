"""The synthetic province in a real database: reproducible, consistent, sealed, and usable."""

import csv
import json
import stat
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from clients.card import CardFace
from clients.issuer import read_issuer
from switch.ledger import entries
from switch.model.ids import InstitutionCode, TerminalId
from switch.model.key import KeyTier
from switch.security.card_proof import card_auth_message, card_proof
from switch.security.custody import KekAlgorithm, KeyEncryptionKey, unwrap
from switch.security.errors import RegionNotServed
from switch.security.keys import transaction_key
from switch.security.seal import sm3
from switch.security.suite import Suite
from switch.security.vault import SoftwareVault
from switch.seed import NotEmpty, Seeded, Size, demonstration, province, seed
from switch.seed.demonstration import PEOPLE, opened_elsewhere, people
from switch.seed.identity import CardFactory
from switch.seed.listing import CardList
from switch.store.keys import load_keys, terminal_records
from switch.store.originals import journal_of
from switch.store.posting import journal_digest_input, link_number
from switch.store.reference import load_institutions
from switch.store.rule_books import load_rules

TODAY = date(2026, 11, 24)
SMALL = Size(members=300, institutions=12, terminals_per_institution=3, catalogue_items=50)
KEK = KeyEncryptionKey("kek-test", KekAlgorithm.SM4_GCM, bytes(range(16)))
TABLES = (
    "member", "card", "enrolment", "filing", "member_event", "journal", "posting", "batch",
    "institution", "terminal", "vault_key", "clearing_window", "rule_book", "catalogue_item",
    "rule_book_activation", "audit_record", "officer", "change",
)  # fmt: skip
CASES = Path(__file__).parents[2] / "switch/demo/cases.toml"


def load(url: str, number: int = 1, size: Size = SMALL, data_dir: Path | None = None) -> Seeded:
    return seed(url, size, random_seed=number, data_dir=data_dir, kek=KEK, today=TODAY)


def load_demonstration(url: str, data_dir: Path | None = None) -> Seeded:
    return demonstration(url, random_seed=1, data_dir=data_dir, kek=KEK, today=TODAY)


@contextmanager
def opened(url: str) -> Iterator[Connection[TupleRow]]:
    with psycopg.connect(url, autocommit=True, options="-csearch_path=medswitch") as conn:
        yield conn


def rows_of(url: str) -> dict[str, list[TupleRow]]:
    with opened(url) as conn:
        return {
            table: conn.execute(
                psycopg.sql.SQL("SELECT t FROM {} t ORDER BY t::text").format(
                    psycopg.sql.Identifier(table)
                )
            ).fetchall()
            for table in TABLES
        }


@pytest.fixture
def another_database_url(request: pytest.FixtureRequest, server_url: str) -> Iterator[str]:
    name = "another_province"
    template: str = request.getfixturevalue("migrated_template")
    with psycopg.connect(server_url, autocommit=True) as conn:
        names = psycopg.sql.Identifier(name), psycopg.sql.Identifier(template)
        conn.execute(psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        yield server_url.replace("/medswitch?", f"/{name}?", 1)
        conn.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(names[0]))


def test_same_number_size_and_day_give_the_same_rows(
    database_url: str, another_database_url: str
) -> None:
    load(database_url)
    load(another_database_url)
    assert rows_of(database_url) == rows_of(another_database_url)


def test_another_number_gives_other_people_and_other_keys(
    database_url: str, another_database_url: str
) -> None:
    load(database_url)
    load(another_database_url, number=2)
    ours, theirs = rows_of(database_url), rows_of(another_database_url)
    for table in ("member", "card", "vault_key", "batch"):
        assert not set(ours[table]) & set(theirs[table])


def test_what_is_reported_is_what_is_there(database_url: str) -> None:
    seeded = load(database_url)
    with opened(database_url) as conn:
        counts = conn.execute(
            """SELECT (SELECT count(*) FROM member), (SELECT count(*) FROM institution),
            (SELECT count(*) FROM terminal), (SELECT count(*) FROM catalogue_item),
            (SELECT count(*) FROM journal), (SELECT sum(amount_fen) FROM posting)::bigint"""
        ).fetchone()
    assert counts == (
        seeded.members, seeded.institutions, seeded.terminals, seeded.catalogue_items,
        seeded.journals, seeded.balances_fen,
    )  # fmt: skip
    assert "300 members" in str(seeded)
    assert seeded.files == ()


BROKEN: dict[str, str] = {
    "ledger and row balances differ": """
        SELECT member_id FROM member m WHERE
            account_current_fen <> (SELECT coalesce(sum(amount_fen), 0) FROM posting p
                WHERE p.credit = 'MEMBER:' || m.member_id || ':current')
            OR account_earlier_fen <> (SELECT coalesce(sum(amount_fen), 0) FROM posting p
                WHERE p.credit = 'MEMBER:' || m.member_id || ':earlier')""",
    "journal deltas are not its postings": """
        SELECT id FROM journal j
        WHERE account_current_delta_fen + account_earlier_delta_fen <>
            (SELECT sum(amount_fen) FROM posting p WHERE p.journal_id = j.id AND p.day = j.day)""",
    "a journal without window": """
        SELECT id FROM journal j WHERE NOT EXISTS (SELECT FROM clearing_window w
            WHERE w.book = j.window_book AND w.day = j.day AND w.closed_at IS NULL)""",
    "a person without his current card": """
        SELECT member_id FROM member m WHERE NOT EXISTS (SELECT FROM card c
            WHERE c.bucket = m.bucket AND c.identifier = m.card_identifier
              AND c.member_id = m.member_id)""",
    "a first version without its event": """
        SELECT member_id FROM member m WHERE version <> 1 OR NOT EXISTS (
            SELECT FROM member_event e WHERE e.bucket = m.bucket AND e.member_id = m.member_id
              AND e.version = 1 AND e.kind = 'opening')""",
    "a person insured never": """
        SELECT member_id FROM member m WHERE NOT EXISTS (
            SELECT FROM enrolment e WHERE e.bucket = m.bucket AND e.member_id = m.member_id)""",
    "a batch that miscounts": """
        SELECT batch FROM batch b WHERE journals <> (SELECT count(*) FROM journal j
            WHERE j.id >> 39 = b.lane AND j.id >> 11 & 268435455 = b.batch) OR requests <> 0""",
    "a row in another's bucket": """
        SELECT member_id FROM member WHERE bucket <> left(member_id, 4)::int
        UNION ALL SELECT member_id FROM journal WHERE bucket <> left(member_id, 4)::int""",
    "a terminal without a live key": """
        SELECT terminal_id FROM terminal t WHERE NOT EXISTS (SELECT FROM vault_key k
            WHERE k.scope = t.terminal_id AND k.kind = 'terminal' AND k.state = 'live')""",
    "a TDES key without its last day": """
        SELECT key_id FROM vault_key
        WHERE kind = 'terminal' AND (suite = 3) <> (ends_on IS NOT NULL)""",
}


@pytest.mark.parametrize("load_one", [load, load_demonstration])
def test_rows_are_consistent(database_url: str, load_one: Callable[[str], Seeded]) -> None:
    load_one(database_url)
    with opened(database_url) as conn:
        found = {name: conn.execute(query).fetchall() for name, query in BROKEN.items()}
    assert {name: rows for name, rows in found.items() if rows} == {}


def test_seals_verify_and_sums_are_the_postings(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the audit does: read back, digest, and compare the chain of each lane."""
    monkeypatch.setattr(province, "BATCH_SIZE", 100)  # three batches, so a chain
    load(database_url)
    with opened(database_url) as conn:
        vault = SoftwareVault(KEK, load_keys(conn))
        journals = [
            journal_of(row)
            for row in conn.execute(
                """SELECT j.day, j.id, j.bucket, j.window_book, j.kind, j.request_id,
                j.institution, j.member_id, j.member_version, j.region_insured, j.region_care,
                j.insurance, j.clearing_type, j.total_fen, j.account_current_delta_fen,
                j.account_earlier_delta_fen, j.deltas, j.consulted, j.undoes_day, j.undoes_id,
                j.posted_at,
                (SELECT jsonb_agg(jsonb_build_array(p.book, p.debit, p.credit, p.amount_fen)
                    ORDER BY p.number) FROM posting p WHERE p.day = j.day AND p.journal_id = j.id)
                FROM journal j ORDER BY j.id"""
            )
        ]
        batches = conn.execute(
            "SELECT lane, batch, sums, seal_version, seal FROM batch ORDER BY lane, batch"
        ).fetchall()
        lanes = conn.execute("SELECT lane FROM lane").fetchall()
    assert lanes == [(1,)]
    assert [row[:2] for row in batches] == [(1, 1), (1, 2), (1, 3)]
    previous = b""
    for lane, batch, sums, version, seal in batches:
        ours = [one for one in journals if one.ref.journal_id >> 11 == lane << 28 | batch]
        assert [one.ref.journal_id & 2047 for one in ours] == list(range(len(ours)))
        digests = [sm3(journal_digest_input(one)) for one in ours]
        vault.verify_seal(version, link_number(lane, batch), previous, digests, bytes(seal))
        assert sums == entries.sums(posting for one in ours for posting in one.postings)
        previous = bytes(seal)


def test_the_switch_holds_the_provinces_keys_and_no_ministrys(
    database_url: str, tmp_path: Path
) -> None:
    load_demonstration(database_url, tmp_path)
    with opened(database_url) as conn:
        records = load_keys(conn)
        vault = SoftwareVault(KEK, records)
        tdes = terminal_records(conn, "H330201000030002")
        unknown = terminal_records(conn, "NOBODY")
    assert {r.slot.tier for r in records} == {KeyTier.PROVINCE, KeyTier.NONE}
    assert len(records) == 8
    for suite in Suite:
        assert vault.serves("330300", suite, 1)
        assert not vault.serves("310000", suite, 1)
    assert vault.seal_version == 1
    assert [r.slot.suite for r in tdes] == [Suite.TDES]
    assert unknown == []


def test_the_issuers_file_is_private_and_opens_what_the_switch_holds(
    database_url: str, tmp_path: Path
) -> None:
    load_demonstration(database_url, tmp_path)
    path = tmp_path / "issuer.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    issuer = read_issuer(path)
    terminals = json.loads((tmp_path / "people.json").read_text("utf-8"))["terminals"]
    with opened(database_url) as conn:
        for one in terminals.values():
            terminal_id, suite = TerminalId(one["terminal_id"]), Suite(one["suite"])
            identity = issuer.terminal(terminal_id, InstitutionCode(one["institution"]), suite)
            (record,) = terminal_records(conn, terminal_id)
            assert unwrap(KEK, record) == identity.master_key
            assert record.slot.suite is identity.suite


def test_cards_made_by_the_issuer_are_proven_by_the_switch(
    database_url: str, tmp_path: Path
) -> None:
    """Also a card of a city the switch holds no key of: derived from the province's."""
    load_demonstration(database_url, tmp_path)
    issuer = read_issuer(tmp_path / "issuer.json")
    with opened(database_url) as conn:
        vault = SoftwareVault(KEK, load_keys(conn))
    asked = bytes(16)
    for person in people(CardFactory.of(1), TODAY):
        member, card = person.member, person.member.card
        face = CardFace(
            card.identifier, card.number, member.social_security_number, card.specification,
            card.issued_on, card.expires_on,
        )  # fmt: skip
        suite = Suite(card.suite)
        key = transaction_key(suite, issuer.card_key("AUTH", suite, face), 1)
        proof = card_proof(suite, key, card_auth_message(card.identifier, 1, asked))
        if person.name == "shanghai_card_holder":
            with pytest.raises(RegionNotServed):
                vault.verify_card_auth(card.identifier, suite, 1, 1, asked, proof)
        else:
            vault.verify_card_auth(card.identifier, suite, 1, 1, asked, proof)


def test_everybody_the_demonstration_names_is_in_the_file_and_in_the_database(
    database_url: str, tmp_path: Path
) -> None:
    seeded = load_demonstration(database_url, tmp_path)
    content = json.loads((tmp_path / "people.json").read_text("utf-8"))
    assert set(content["people"]) == set(PEOPLE)
    assert seeded.members == len(PEOPLE)
    with opened(database_url) as conn:
        found = conn.execute("SELECT member_id, encode(card_identifier, 'hex') FROM member")
        assert dict(found.fetchall()) == {
            one["member_id"]: one["card"]["identifier"] for one in content["people"].values()
        }
        places = load_institutions(conn)
    # Beside the named ones those that make up the article's 216, which have no terminals.
    named = {one["code"] for one in content["institutions"].values()}
    assert named | {one.code for one in opened_elsewhere()} == set(places)
    assert seeded.institutions == len(places) > len(named)
    steps = [step for case in tomllib.loads(CASES.read_text("utf-8"))["case"]
             for step in case["step"]]  # fmt: skip
    assert {step["who"] for step in steps if "who" in step} <= set(content["people"])
    known = {*content["institutions"], *content["agencies"]}
    assert {step["at"] for step in steps if "at" in step} <= known


def test_rules_windows_and_lists_are_ready(database_url: str, tmp_path: Path) -> None:
    seeded = load(database_url, data_dir=tmp_path)
    with opened(database_url) as conn:
        epoch, rules = load_rules(conn, TODAY)
        windows = dict(conn.execute("SELECT book, day FROM clearing_window").fetchall())
    assert epoch > 1
    assert "330299" in rules.books
    catalogue = rules.catalogue_of("330199")
    assert catalogue is not None
    assert catalogue.find("GEN-000049", TODAY) is not None
    assert set(windows) >= {"330199", "330299", "INTERCITY"}
    assert set(windows.values()) == {TODAY}
    assert {path.name for path in seeded.files} == {"issuer.json", "cards.csv", "terminals.csv"}
    cards = list(csv.DictReader((tmp_path / "cards.csv").read_text("utf-8").splitlines()))
    terminals = (tmp_path / "terminals.csv").read_text("utf-8").splitlines()
    assert len(cards) == 300
    assert len(terminals) == 1 + 36
    with opened(database_url) as conn:
        assert {row["member_id"] for row in cards} == {
            row[0] for row in conn.execute("SELECT member_id FROM member")
        }


def test_the_list_of_cards_ends_where_it_is_told(database_url: str, tmp_path: Path) -> None:
    load(database_url, size=Size(members=30, institutions=0, cards_listed=7), data_dir=tmp_path)
    assert len((tmp_path / "cards.csv").read_text("utf-8").splitlines()) == 8


def test_a_second_province_is_refused_and_changes_nothing(
    database_url: str, tmp_path: Path
) -> None:
    load(database_url)
    before = rows_of(database_url)
    with pytest.raises(NotEmpty):
        load_demonstration(database_url, tmp_path)
    assert rows_of(database_url) == before
    assert list(tmp_path.iterdir()) == []


def test_a_load_that_fails_leaves_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(CardList, "add", fail)
    with pytest.raises(RuntimeError):
        load(database_url)
    with opened(database_url) as conn:
        assert conn.execute("SELECT count(*) FROM member").fetchone() == (0,)
        assert conn.execute("SELECT count(*) FROM vault_key").fetchone() == (0,)


@pytest.mark.parametrize(
    "wrong",
    [{"members": -1}, {"members": 1, "terminals_per_institution": 0},
     {"members": 1, "terminals_per_institution": 10_000}],
)  # fmt: skip
def test_an_impossible_size_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"province|institution"):
        Size(**wrong)
