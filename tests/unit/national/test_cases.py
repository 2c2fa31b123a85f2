"""Messages with what must be found on them, derived by hand (`tests/cases_national`)."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from switch.national import Report, check
from switch.national.amounts import yuan
from switch.national.finding import Finding
from switch.national.report import Checked
from switch.national.words import State

FOLDER = Path(__file__).parents[2] / "cases_national"
CASES: list[dict[str, Any]] = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))["case"]


def checked(case: dict[str, Any]) -> Report:
    return check((name, (FOLDER / name).read_bytes()) for name in case["files"])


def key(finding: Finding) -> str:
    return f"{finding.identity} {finding.subject}".strip()


def said(finding: Finding) -> list[str]:
    """What a case states of a failure: both sides, or the terms, or the words."""
    if finding.left is not None and finding.right is not None:
        assert finding.difference is not None
        return [yuan(finding.left), yuan(finding.right), yuan(finding.difference)]
    if finding.terms:
        terms = [(t.field, t.value, t.expected) for t in finding.terms]
        return [
            value if isinstance(value, str) else yuan(value)
            for term in terms
            for value in term
            if value is not None
        ]
    return [note.en for note in finding.notes]


def compare(message: Checked, expect: dict[str, Any]) -> None:
    holds, fails = expect.get("holds", []), expect.get("fails", {})
    undecided, aside = expect.get("undecided", {}), expect.get("aside", [])
    for finding in message.findings:
        name = key(finding)
        match finding.state:
            case State.FAILS:
                assert (name, said(finding)) == (name, fails.get(name))
            case State.UNDECIDED:
                assert name in undecided or name in aside, name
                assert list(finding.missing) == undecided.get(name, list(finding.missing))
            case State.HOLDS:
                assert finding.identity in holds, name
                assert name not in fails, name
    assert {*fails, *undecided, *aside} <= {key(one) for one in message.findings}
    held = {one.identity for one in message.findings if one.state is State.HOLDS}
    assert held == set(holds)
    notes = [note.en for one in message.findings for note in one.notes]
    assert set(expect.get("notes", [])) <= set(notes)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_messages_are_found_as_derived_by_hand(case: dict[str, Any]) -> None:
    assert case["source"]
    report = checked(case)
    assert [one.kind for one in report.checked] == [m["kind"] for m in case.get("message", [])]
    for message, expect in zip(report.checked, case["message"], strict=True):
        compare(message, expect)
    assert [one.line for one in report.unreadable] == case.get("unreadable", [])
    assert report.status == case["status"]


def test_every_message_file_has_a_case() -> None:
    named = {name for case in CASES for name in case["files"]}
    assert named == {path.name for path in FOLDER.glob("*.json*")}
