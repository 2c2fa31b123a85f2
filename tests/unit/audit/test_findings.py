"""What is found is counted whole and kept in part; the scratch file forgets nothing."""

import json
from datetime import date
from pathlib import Path

import pytest

from medswitch.v1 import common_pb2
from switch.audit.findings import ANSWERED, INVARIANTS, KEPT_MAX, Findings, Violation
from switch.audit.recompute import Books, first_difference
from switch.audit.scratch import JOURNAL, REQUEST, TOMBSTONE, Fact, Link, Person, Scratch
from switch.office.activation import Activation
from switch.rules.book import RuleBook


def test_the_invariants_stand_in_order_beside_the_references() -> None:
    assert [one.number for one in INVARIANTS] == list(range(19))


def test_a_ruined_ledger_is_counted_and_not_kept_whole() -> None:
    findings = Findings()
    for number in range(3):
        findings.note(Violation(5, f"batch 1/{n}", "gone") for n in range(KEPT_MAX))
        assert findings.counts == {5: (number + 1) * KEPT_MAX}
    report = findings.report(answers_given=True)
    assert len(report.violations(5)) == KEPT_MAX
    assert not report.clean
    assert report.broken == {5}
    assert json.loads(json.dumps(report.as_json()))["invariants"][5]["count"] == 3 * KEPT_MAX


@pytest.mark.parametrize(("given", "state"), [(True, "held"), (False, "not checked")])
def test_what_nothing_was_given_for_is_not_called_held(given: bool, state: str) -> None:
    results = Findings().report(answers_given=given).results
    assert {r.state for r in results if r.invariant.number == ANSWERED} == {state}
    assert {r.state for r in results if r.invariant.number != ANSWERED} == {"held"}


def test_links_come_in_the_order_a_seal_was_made_in(tmp_path: Path) -> None:
    links = [
        Link(1, 1, kind, position, 0, bytes([kind, position]))
        for kind, position in (
            (TOMBSTONE, 1), (REQUEST, 2), (JOURNAL, 2), (REQUEST, 1), (JOURNAL, 0), (REQUEST, 0),
        )
    ]  # fmt: skip
    with Scratch(tmp_path) as scratch:
        scratch.add_links(links)
        scratch.sort_batches()
        order = [(link.kind, link.position) for link in scratch.links(1, 1)]
        assert scratch.links(1, 2) == []
    assert order == [
        (JOURNAL, 0), (JOURNAL, 2), (REQUEST, 0), (REQUEST, 1), (TOMBSTONE, 1), (REQUEST, 2),
    ]  # fmt: skip


def test_sums_of_a_batch_that_came_in_parts_are_joined(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        scratch.add_totals({(1, 1): {"a": 1, "b": -1}, (1, 2): {"a": 5}})
        scratch.add_totals({(1, 1): {"a": 2, "c": 3}})
        scratch.sort_batches()
        assert scratch.total(1, 1) == {"a": 3, "b": -1, "c": 3}
        assert scratch.total(2, 1) == {}


def test_histories_come_person_by_person_in_order_of_versions(tmp_path: Path) -> None:
    people = [Person(m, 2, 0, 0, 0, {"y": {"a": 1}}) for m in ("0002b", "0001a")]
    facts = [
        Fact("0003c", 1, "journal", late=True, name="j"),
        Fact("0001a", 2, "request", late=False, name="r", atc=7),
        Fact("0001a", 1, "event", late=False, name="opening"),
        Fact("0001a", 2, "journal", False, "j", None, -5, 0, {"y": {"a": 1}}),
    ]
    with Scratch(tmp_path) as scratch:
        scratch.add_people(people)
        scratch.add_facts(facts)
        found = list(scratch.histories())
    assert found == [
        (people[1], [facts[2], facts[3], facts[1]]),
        (people[0], []),
        (None, [facts[0]]),
    ]


def test_batches_met_only_by_their_rows_are_orphans(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        scratch.add_links(Link(1, n, JOURNAL, 0, 0, b"") for n in (3, 1, 2, 2))
        scratch.add_stood([(1, 1), (1, 3), (2, 1)])
        scratch.add_late([(9, 2), (9, 1), (9, 2)])
        assert list(scratch.orphans()) == [(1, 2)]
        assert list(scratch.late()) == [(9, 1), (9, 2)]


def test_messages_differ_first_where_they_differ() -> None:
    one = common_pb2.Decision(
        split=common_pb2.Split(payers=[common_pb2.Payer(fund_pay_type="310100", amount_fen=1)])
    )
    other = common_pb2.Decision()
    other.CopyFrom(one)
    assert first_difference(one, other) == ""
    other.split.payers[0].amount_fen = 2
    assert first_difference(one, other) == "split.payers[0].amount_fen is 2, stored 1"
    other.split.payers.add()
    assert first_difference(one, other) == "split.payers has 2 items, stored 1"


def test_a_limit_of_nothing_is_not_a_limit_of_zero() -> None:
    one, other = common_pb2.Step(), common_pb2.Step(limit_fen=0)
    assert "limit_fen" in first_difference(one, other)


def test_books_are_loaded_once_and_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(region: str, book_hash: str) -> RuleBook:
        loaded.append(book_hash)
        return RuleBook(region, book_hash, {}, None)

    monkeypatch.setattr("switch.audit.recompute.BOOKS_MAX", 2)
    on = date(2026, 11, 25)
    other = Activation("330199", "x", on, record=1, change=0)
    books = Books({}, [other], load)
    for one in "aabbcca":
        rules = books.rules("330299", one, on)
        assert (rules.books["330299"].hash, rules.books["330199"].hash) == (one, "x")
    assert loaded == ["a", "x", "b", "c", "x", "a"]
    assert set(books.rules("330299", "a", date(2026, 11, 24)).books) == {"330299"}
