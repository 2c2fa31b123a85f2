"""Cases of what shipped policies say of taking filings: who, from when, for how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switch.model.decision import Decline
from switch.rules.adjudicate import Rules
from switch.rules.filing import period
from switch.rules.source import parse_toml

FILE = Path(__file__).parent / "unit" / "rules" / "filing_cases.toml"


@dataclass(frozen=True)
class FilingCase:
    """One filing as it is asked for, and what it is to be."""

    stated: Mapping[str, Any]
    rules: frozenset[str] = frozenset()

    def outcome(self, rules: Rules) -> list[str]:
        """Return the first and last day as taken ("open": without end), or the refusal's name."""
        one = self.stated
        terms = rules.books[one["region"]].filing_terms("310", one["kind"], one["asked"])
        if terms is None:
            return ["POLICY_NOT_HELD"]
        if one["by"] != "agency" and one["by"] not in terms.institutions:
            return ["FILING_AGENCY_ONLY"]
        days = period(terms, one["since"], one.get("until"), one["asked"])
        if isinstance(days, Decline):
            return [days.code.name]
        return [days[0].isoformat(), "open" if days[1] is None else days[1].isoformat()]

    def holds(self, rules: Rules) -> bool:
        return bool(self.outcome(rules) == self.stated["gives"])


def filing_cases(region: str = "") -> list[FilingCase]:
    """Return the cases of one region, or of all."""
    document: dict[str, Any] = parse_toml(FILE.name, FILE.read_text(encoding="utf-8"))
    return [FilingCase(one) for one in document["case"] if region in {"", one["region"]}]
