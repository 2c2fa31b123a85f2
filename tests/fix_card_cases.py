"""Cases of what shipped policies say of a card's life: channels, what a loss costs, clones."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switch.model.card import CardChange
from switch.rules.adjudicate import Rules
from switch.rules.source import parse_toml

FILE = Path(__file__).parent / "unit" / "rules" / "card_cases.toml"


@dataclass(frozen=True)
class CardCase:
    """What is asked of a region's policy on a day, and what it says."""

    stated: Mapping[str, Any]
    rules: frozenset[str] = frozenset()

    def outcome(self, rules: Rules) -> list[str]:
        """Return channels, the first uncovered day, or whether a clone's trace locks."""
        one = self.stated
        terms = rules.books[one["region"]].card_terms("310", one["asked"])
        if terms is None:
            return ["POLICY_NOT_HELD"]
        if "change" in one:
            return sorted(terms.channels.channels(CardChange(one["change"])))
        if "reported" in one:
            loss = terms.loss
            return ["none" if loss is None else str(loss.first_uncovered(one["reported"]))]
        return ["none" if terms.clone is None else "locks" if terms.clone.locks else "goes on"]

    def holds(self, rules: Rules) -> bool:
        return bool(self.outcome(rules) == self.stated["gives"])


def card_cases(region: str = "") -> list[CardCase]:
    """Return the cases of one region, or of all."""
    document: dict[str, Any] = parse_toml(FILE.name, FILE.read_text(encoding="utf-8"))
    return [CardCase(one) for one in document["case"] if region in {"", one["region"]}]
