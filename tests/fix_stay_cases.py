"""Cases of what shipped policies say of the edges of a stay."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switch.rules.adjudicate import Rules
from switch.rules.source import parse_toml
from switch.rules.stay import first_day, goes_on

FILE = Path(__file__).parent / "unit" / "rules" / "stay_cases.toml"


@dataclass(frozen=True)
class StayCase:
    """One stay, and what its edges are to be."""

    stated: Mapping[str, Any]
    rules: frozenset[str] = frozenset()

    def outcome(self, rules: Rules) -> list[str]:
        """Return the first day of a line, and whether the stay before goes on: "one", "two"."""
        one = self.stated
        terms = rules.books[one["region"]].stay_terms("310", one["kind"], one["begun"])
        joined = goes_on(terms, one["ended"], one["begun"])
        return [first_day(terms, one["begun"]).isoformat(), "one" if joined else "two"]

    def holds(self, rules: Rules) -> bool:
        return bool(self.outcome(rules) == self.stated["gives"])


def stay_cases(region: str = "") -> list[StayCase]:
    """Return the cases of one region, or of all."""
    document: dict[str, Any] = parse_toml(FILE.name, FILE.read_text(encoding="utf-8"))
    return [StayCase(one) for one in document["case"] if region in {"", one["region"]}]
