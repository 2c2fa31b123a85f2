"""Whichever figure or day of a shipped policy changes by one, a case of tests/cases notices.

The cases, those of filings, of cards and of stays are run against the policy with one number one
higher or lower, or one day one earlier or later: if all still hold, nothing stands at that bound.
What no claim can show is left out by name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from switch.cases.run import run_cases
from switch.cli.cases import shipped_rules
from switch.model.decision import Decision
from switch.model.ids import RegionCode
from switch.rules.adjudicate import Rules
from switch.rules.book import RuleBook
from switch.rules.source import parse_toml
from switch.store.rule_books import load_shipped
from tests.fix_card_cases import CardCase, card_cases
from tests.fix_filing_cases import FilingCase, filing_cases
from tests.fix_stay_cases import StayCase, stay_cases

CASES = Path(__file__).parents[2] / "cases"
FIGURE = re.compile(r"\d{4}-\d{2}-\d{2}|(?<![\w.\"-])\d+(?![\w.\"-])")
UNSEEN = re.compile(r'#.*|"[^"\n]*"|order = \d+|age_from = \d+')
"""Comments and texts hold no figure. `order` only ranks payers; a row's `age_from` is anticipated
by the row before it, whose `age_below` is the same age and is a figure of its own."""
HELD_SINCE = date(2018, 1, 1)
"""No policy is held before: a value that began earlier shows nothing of the day it began."""


@dataclass(frozen=True)
class Case:
    """One case as a document of its own, and the rules whose steps stand in its working."""

    document: Mapping[str, Any]
    where: str
    rules: frozenset[str]

    def holds(self, rules: Rules) -> bool:
        return all(one.holds for one in run_cases(self.document, rules, self.where))


@cache
def cases_of(region: str) -> list[Case | CardCase | FilingCase | StayCase]:
    found: list[Case | CardCase | FilingCase | StayCase] = [
        *filing_cases(region),
        *card_cases(region),
        *stay_cases(region),
    ]
    for path in sorted(CASES.glob("*.toml")):
        document: dict[str, Any] = parse_toml(path.name, path.read_text(encoding="utf-8"))
        for case in document["case"]:
            one = {"given": document.get("given", {}), "case": [case]}
            if region in repr(one) and "policy" not in document:
                result = next(run_cases(one, shipped_rules_once(), path.name))
                steps = {
                    step.rule.partition("@")[0]
                    for outcome in result.outcomes
                    if isinstance(outcome.decision, Decision)
                    for step in outcome.decision.working
                }
                assert result.holds, (path.name, result.name)
                found.append(Case(one, path.name, frozenset(steps)))
    return found


@cache
def shipped_rules_once() -> Rules:
    return shipped_rules()


def figures(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and replacement of each change by one."""
    hidden = [found.span() for found in UNSEEN.finditer(text)]
    for found in FIGURE.finditer(text):
        start, end = found.span()
        if any(first <= start < last for first, last in hidden):
            continue
        if "-" not in found[0]:
            number = int(found[0])
            yield from ((start, end, str(n)) for n in (number - 1, number + 1) if n >= 0)
            continue
        day = date.fromisoformat(found[0])
        repeats = "as_before" in text[end : text.find("\n[[", end)]
        for other in (day - timedelta(days=1), day + timedelta(days=1)):
            if min(day, other) >= HELD_SINCE and not repeats:
                yield start, end, other.isoformat()


def rule_at(text: str, start: int) -> str:
    """Return the id of the rule a place in a file belongs to, or "" in its head."""
    ids = [found[1] for found in re.finditer(r'^id = "([^"]+)"', text[:start], re.MULTILINE)]
    return ids[-1] if ids else ""


SHIPPED = [
    (region, name)
    for region, texts in load_shipped().items()
    for name in sorted(texts)
    if name != "demonstration.toml"
]


@pytest.mark.parametrize(("region", "name"), SHIPPED)
def test_a_case_notices_every_figure_of_a_shipped_policy(region: RegionCode, name: str) -> None:
    shipped, texts = shipped_rules_once(), load_shipped()[region]
    cases = cases_of(region)
    unnoticed = []
    for start, end, other in figures(text := texts[name]):
        changed = {**texts, name: text[:start] + other + text[end:]}
        try:
            book = RuleBook.parse(changed)
        except ValueError:
            continue  # refused at loading: nothing is ever computed with it
        rules = Rules({**shipped.books, region: book}, shipped.catalogues)
        rule = rule_at(text, start)
        # Those that go through the rule first: one of them nearly always notices.
        ordered = sorted(cases, key=lambda case: rule not in case.rules)
        if all(case.holds(rules) for case in ordered):
            line = text.count("\n", 0, start) + 1
            unnoticed.append(f"{name}:{line}: rule {rule}: {text[start:end]} -> {other}")
    assert not unnoticed
