"""The demonstration's world: counters with clients, people with cards, and what can be looked up.

Clients speak to the switch over the channel only. The database is read to *show* that nothing
changed or that books mirror, and to do what a card office does, until CardService serves it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg

from clients.bill import bill, item
from clients.card import CardFace, Credential, SoftwareCard
from clients.issuer import Issuer, read_issuer
from clients.outbox import Outbox
from clients.terminal import TerminalClient, original_of
from medswitch.v1 import common_pb2, settlement_pb2
from switch.demo.cases import Step
from switch.model.ids import (
    CardIdentifier,
    InstitutionCode,
    MemberId,
    SocialSecurityNumber,
    TerminalId,
)
from switch.model.member import Card
from switch.security.suite import Suite
from switch.store import cards

_FINGERPRINT = """
SELECT (SELECT count(*) FROM medswitch.request), (SELECT count(*) FROM medswitch.journal),
    (SELECT sum(version) FROM medswitch.member), (SELECT sum(atc) FROM medswitch.member)
"""
_DUE = """
SELECT book, sum(CASE WHEN credit = %(due)s THEN amount_fen ELSE -amount_fen END)::bigint
FROM medswitch.posting WHERE %(due)s IN (debit, credit) GROUP BY book
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demonstration province, as the people file names him."""

    about: str
    name: str
    member_id: MemberId
    social_security_number: SocialSecurityNumber
    card: Card
    replacement: Card | None


@dataclass(frozen=True, slots=True)
class Late:
    """A Settle that was stored and not yet sent."""

    counter: TerminalClient
    original: settlement_pb2.Original

    def send(self) -> settlement_pb2.SettleResponse:
        """Send it now, byte for byte as stored."""
        reply = self.counter.repeat(self.original.request_id)  # type: ignore[arg-type] # an id
        return settlement_pb2.SettleResponse.FromString(reply)


class World:
    """Everything the steps act on. Closed by `close`."""

    def __init__(self, data_dir: Path, address: str, database: psycopg.Connection) -> None:
        listed = json.loads((data_dir / "people.json").read_text(encoding="utf-8"))
        self.people = {name: _person(one) for name, one in listed["people"].items()}
        self.address = address
        self._places: Mapping[str, Any] = listed["institutions"]
        self._terminals: Mapping[str, Any] = listed["terminals"]
        self._issuer: Issuer = read_issuer(data_dir / "issuer.json")
        self._database = database
        self._outboxes = data_dir / "outboxes"
        self._outboxes.mkdir(exist_ok=True)
        self._counters: dict[str, TerminalClient] = {}
        self._cards: dict[str, SoftwareCard] = {}
        self._old: dict[str, SoftwareCard] = {}
        self._names = _item_names()

    def close(self) -> None:
        """Close every client."""
        for counter in self._counters.values():
            counter.close()

    # Who and where.

    def title(self, who: str) -> str:
        """Return a person's name and what he is there for."""
        return f"{self.people[who].name}\n{who.replace('_', ' ')}" if who else ""

    def place(self, at: str) -> str:
        """Return an institution's name and region."""
        place = self._places.get(at)
        return f"{place['name']}\n{place['region']}" if place else ""

    def counter(self, at: str) -> TerminalClient:
        """Return the client of an institution's first terminal."""
        return self._client(f"{at}_1", range(5_000))

    def second_counter(self, at: str) -> TerminalClient:
        """Return the client of its second terminal, with its own share of sequence numbers."""
        return self._client(f"{at}_2", range(5_000, 10_000))

    def terminal(self, name: str) -> Any:
        """Return a terminal's identity with its master key."""
        stated = self._terminals[name]
        return self._issuer.terminal(
            TerminalId(stated["terminal_id"]),
            InstitutionCode(stated["institution"]),
            Suite(stated["suite"]),
        )

    def _client(self, name: str, sequences: range) -> TerminalClient:
        found = self._counters.get(name)
        if found is None:
            identity = self.terminal(name)
            outbox = Outbox(self._outboxes / name, identity.institution, now, sequences)
            found = self._counters[name] = TerminalClient(self.address, identity, outbox)
        return found

    # Cards.

    def card(self, who: str) -> SoftwareCard:
        """Return a person's current card."""
        found = self._cards.get(who)
        if found is None:
            found = self._cards[who] = self._personalised(who, self.people[who].card)
        return found

    def old_card(self, who: str) -> SoftwareCard:
        """Return the card that was replaced."""
        return self._old[who]

    def cloned_card(self, who: str) -> Credential:
        """Return a copy of a card whose counter stands before the genuine card's last use."""
        card = self.card(who)
        return self._issuer.personalise(card.face, card.suite, card.atc - 2)

    def forged_card(self, who: str) -> Credential:
        """Return a card with a genuine face and keys that are not its own."""
        card = self.card(who)
        return SoftwareCard(card.face, card.suite, bytes(16), bytes(16), card.atc)

    def report_lost(self, who: str) -> None:
        """Report the card lost, by telephone."""
        cards.report_lost(self._database, self.people[who].member_id, actor="telephone", at=now())

    def release(self, who: str) -> None:
        """Release the card at a counter."""
        cards.release(self._database, self.people[who].member_id, actor="counter", at=now())

    def replace_card(self, who: str) -> None:
        """Replace the card by the one that lies ready; the old one is kept to be refused."""
        person = self.people[who]
        if person.replacement is None:
            raise ValueError(f"{who} has no replacement card ready")
        cards.replace_card(
            self._database, person.member_id, person.replacement, actor="counter", at=now()
        )
        self._old[who] = self.card(who)
        self._cards[who] = self._personalised(who, person.replacement)

    def _personalised(self, who: str, card: Card) -> SoftwareCard:
        face = CardFace(
            card.identifier,
            card.number,
            self.people[who].social_security_number,
            card.specification,
            card.issued_on,
            card.expires_on,
        )
        return self._issuer.personalise(face, Suite(card.suite))

    # Bills.

    def claim(self, step: Step) -> common_pb2.Claim:
        """Return a step's bill."""
        stay: dict[str, str] = {}
        if step.admitted is not None:
            stay = {
                "admitted_on": step.admitted.isoformat(),
                "discharged_on": step.on.isoformat(),
            }
        return bill(
            step.kind,
            self._places[step.at]["region"],
            step.on,
            [
                item(code, self._names[code], quantity, price)
                for code, quantity, price in step.lines
            ],
            disease_code=step.disease,
            **stay,
        )

    def stored_settle(
        self,
        at: str,
        claim: common_pb2.Claim,
        credential: Credential,
        shown: settlement_pb2.PresettleResponse,
    ) -> Late:
        """Store a Settle as a terminal does before sending, and do not send it yet."""
        counter = self.counter(at)
        return Late(counter, original_of(counter._prepare(claim, credential, shown)))

    def settle_without_answer(
        self,
        at: str,
        claim: common_pb2.Claim,
        credential: Credential,
        shown: settlement_pb2.PresettleResponse,
    ) -> settlement_pb2.Original:
        """Settle as over a line that breaks before the answer: what came back is thrown away."""
        late = self.stored_settle(at, claim, credential, shown)
        entry = late.counter.outbox.entry(late.original.request_id)  # type: ignore[arg-type] # an id
        if entry is None:
            raise ValueError("the request is not stored")
        late.counter._link.call("/medswitch.v1.SettlementService/Settle", entry.body, 10.0)
        return late.original

    # What can be looked up.

    def journals(self) -> int:
        """Return how many journals are posted."""
        return int(self.fingerprint()[1])

    def fingerprint(self) -> tuple[Any, ...]:
        """Return counts that change with anything that is recorded or posted."""
        row = self._database.execute(_FINGERPRINT).fetchone()
        return tuple(row or ())

    def due(self, home: str, care: str) -> dict[str, int]:
        """Return the balance of a DUE account in each book, fen."""
        rows = self._database.execute(_DUE, {"due": f"DUE:{home}:{care}"}).fetchall()
        return {book: int(fen) for book, fen in rows}


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def _person(stated: Mapping[str, Any]) -> Person:
    replacement = stated["replacement"]
    return Person(
        about=stated["about"],
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


def _item_names() -> dict[str, str]:
    from switch.store.rule_books import shipped_catalogue

    return {row["code"]: row["name_zh"] for row in shipped_catalogue("330000")}
