"""The demonstration province as a client sees it: people with cards, institutions with terminals.

Test use: it reads the files that loading the province left beside the database. A real terminal is
given its key by an operator, and a real patient brings his card.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from clients.card import CardFace, IdentityNumber, SoftwareCard
from clients.issuer import Issuer, read_issuer
from clients.link import TerminalIdentity
from clients.outbox import SEQUENCE_MAX, Outbox
from clients.terminal import TerminalClient
from switch.model.ids import (
    CardIdentifier,
    InstitutionCode,
    MemberId,
    SocialSecurityNumber,
    TerminalId,
)
from switch.model.member import Card
from switch.security.suite import Suite


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Somebody of the demonstration province. `replacement`: a card ready at the card office."""

    name: str
    member_id: MemberId
    social_security_number: SocialSecurityNumber
    card: Card
    replacement: Card | None

    def __repr__(self) -> str:
        return f"Person({self.name})"


class Province:
    """What `people.json` and `issuer.json` of a demonstration's folder say."""

    def __init__(self, folder: Path) -> None:
        """Read the files. Raises: OSError, ValueError when they are no demonstration's."""
        listed = json.loads((folder / "people.json").read_text(encoding="utf-8"))
        self.folder = folder
        self.people = {name: _person(one) for name, one in listed["people"].items()}
        self.institutions: Mapping[str, Mapping[str, str]] = listed["institutions"]
        self.agencies: Mapping[str, Mapping[str, str]] = listed["agencies"]
        self.issuer: Issuer = read_issuer(folder / "issuer.json")
        self._terminals: Mapping[str, Mapping[str, Any]] = listed["terminals"]

    def region(self, institution: str) -> str:
        """Return the region an institution lies in: the place of care of its bills."""
        return self.institutions[institution]["region"]

    def identity(self, terminal: str) -> TerminalIdentity:
        """Return a terminal's id and master key."""
        stated = self._terminals[terminal]
        return self.issuer.terminal(
            TerminalId(stated["terminal_id"]),
            InstitutionCode(stated["institution"]),
            Suite(stated["suite"]),
        )

    def counter(
        self, terminal: str, address: str, sequences: range = range(SEQUENCE_MAX)
    ) -> TerminalClient:
        """Return a client of a terminal, its outbox beside the province's files.

        `sequences`: this terminal's share of its institution's numbers, when it has several.
        """
        outboxes = self.folder / "outboxes"
        outboxes.mkdir(exist_ok=True)
        identity = self.identity(terminal)
        outbox = Outbox(outboxes / terminal, identity.institution, _now, sequences)
        return TerminalClient(address, identity, outbox)

    def card(self, who: str) -> SoftwareCard:
        """Return a person's card."""
        return self.personalise(who, self.people[who].card)

    def personalise(self, who: str, card: Card) -> SoftwareCard:
        """Return a registered card with its keys.

        A chip counts its operations for ever; this one counts on from the milliseconds of now, so
        that it may be made again by another process and still only rise.
        """
        face = CardFace(
            card.identifier,
            card.number,
            self.people[who].social_security_number,
            card.specification,
            card.issued_on,
            card.expires_on,
        )
        return self.issuer.personalise(face, Suite(card.suite), time.time_ns() // 1_000_000)

    def identity_number(self, who: str) -> IdentityNumber:
        """Return the credential 02, for where the policy allows it."""
        return IdentityNumber(self.people[who].social_security_number)


def _now() -> datetime:
    return datetime.now(UTC)


def _person(stated: Mapping[str, Any]) -> Person:
    replacement = stated["replacement"]
    return Person(
        name=stated["name"],
        member_id=MemberId(stated["member_id"]),
        social_security_number=SocialSecurityNumber(stated["social_security_number"]),
        card=_card(stated["card"]),
        replacement=None if replacement is None else _card(replacement),
    )


def _card(stated: Mapping[str, Any]) -> Card:
    return Card(
        CardIdentifier(bytes.fromhex(stated["identifier"])),
        stated["number"],
        stated["suite"],
        stated["key_version"],
        stated["specification"],
        date.fromisoformat(stated["issued_on"]),
        date.fromisoformat(stated["expires_on"]),
    )
