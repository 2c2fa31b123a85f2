"""The demonstration's world: counters with clients, people with cards, and what can be looked up.

Clients speak to the switch over the channel only. The database is read to *show* that nothing
changed or that books mirror.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg

from clients.answers import AnswerFile
from clients.bill import bill, item
from clients.card import Credential, SoftwareCard
from clients.card_office import PHONE, CardOffice
from clients.filing import FilingClient
from clients.province import Province
from clients.terminal import TerminalClient, original_of
from medswitch.v1 import common_pb2, filing_pb2, reply_pb2, settlement_pb2
from switch.demo.cases import Step
from switch.model.ids import BEIJING

_FINGERPRINT = """
SELECT (SELECT count(*) FROM medswitch.request), (SELECT count(*) FROM medswitch.journal),
    (SELECT sum(version) FROM medswitch.member), (SELECT sum(atc) FROM medswitch.member)
"""
_DUE = """
SELECT book, sum(CASE WHEN credit = %(due)s THEN amount_fen ELSE -amount_fen END)::bigint
FROM medswitch.posting WHERE %(due)s IN (debit, credit) GROUP BY book
"""


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
        self.address = address
        self.province = Province(data_dir)
        self.people = self.province.people
        self._database = database
        self._counters: dict[str, TerminalClient] = {}
        self._cards: dict[str, SoftwareCard] = {}
        self._old: dict[str, SoftwareCard] = {}
        self._names = _item_names()

    def write_answers(self, path: Path) -> None:
        """Write down every proven reply the counters keep, for `medswitch audit --answered`."""
        with AnswerFile(path) as file:
            for counter in self._counters.values():
                file.write_outbox(counter.outbox)

    def close(self) -> None:
        """Close every client."""
        for counter in self._counters.values():
            counter.close()

    def adopt(self, counter: TerminalClient) -> None:
        """Take over a client that somebody else made: its answers are written down, too."""
        self._counters[counter.identity.terminal_id] = counter

    # Who and where.

    def title(self, who: str) -> str:
        """Return a person's name and what he is there for."""
        return f"{self.people[who].name}\n{who.replace('_', ' ')}" if who else ""

    def place(self, step: Step) -> str:
        """Return the institution's name, its region and the day of service."""
        place = self.province.institutions.get(step.at) or self.province.agencies.get(step.at)
        region = place and (place.get("region") or place["serves"])
        return f"{place['name']}\n{region} · {step.on}" if place else ""

    def counter(self, at: str) -> TerminalClient:
        """Return the client of an institution's first terminal."""
        return self._client(f"{at}_1", range(5_000))

    def second_counter(self, at: str) -> TerminalClient:
        """Return the client of its second terminal, with its own share of sequence numbers."""
        return self._client(f"{at}_2", range(5_000, 10_000))

    def _client(self, name: str, sequences: range) -> TerminalClient:
        found = self._counters.get(name)
        if found is None:
            found = self._counters[name] = self.province.counter(name, self.address, sequences)
        return found

    # Cards.

    def card(self, who: str) -> SoftwareCard:
        """Return a person's current card."""
        found = self._cards.get(who)
        if found is None:
            found = self._cards[who] = self.province.card(who)
        return found

    def old_card(self, who: str) -> SoftwareCard:
        """Return the card that was replaced."""
        return self._old[who]

    def cloned_card(self, who: str) -> Credential:
        """Return a copy of a card whose counter stands before the genuine card's last use."""
        card = self.card(who)
        return self.province.issuer.personalise(card.face, card.suite, card.atc - 2)

    def forged_card(self, who: str) -> Credential:
        """Return a card with a genuine face and keys that are not its own."""
        card = self.card(who)
        return SoftwareCard(card.face, card.suite, bytes(16), bytes(16), card.atc)

    def report_lost(self, who: str) -> None:
        """Report the card lost, by telephone."""
        number = self.people[who].social_security_number
        _done(self._office().report_lost(number, PHONE, why="电话挂失").outcome)

    def release(self, who: str) -> None:
        """Release the card at a counter."""
        number = self.people[who].social_security_number
        _done(self._office().release(number, why="本人持卡解挂").outcome)

    def replace_card(self, who: str) -> None:
        """Replace the card by the one that lies ready; the old one is kept to be refused."""
        person = self.people[who]
        if person.replacement is None:
            raise ValueError(f"{who} has no replacement card ready")
        replaced = self._office().replace(
            person.social_security_number, person.replacement, why="补换卡"
        )
        _done(replaced.outcome)
        self._old[who] = self.card(who)
        self._cards[who] = self.province.personalise(who, person.replacement)

    def _office(self) -> CardOffice:
        return CardOffice(self._client("ningbo_agency_1", range(5_000)), operator="王一")

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
            self.province.region(step.at),
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
        return Late(counter, original_of(counter.prepare(claim, credential, shown)))

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

    def file(self, step: Step) -> filing_pb2.FileResponse:
        """Take a filing at an agency, from today on."""
        relative = step.more.get("relative", "")
        wanted = filing_pb2.FileRequest(
            kind=settlement_pb2.FilingKind.Value(f"FILING_KIND_{step.more['filing'].upper()}"),
            place=step.more.get("place", ""),
            relative_id=self.people[relative].member_id if relative else "",
            since=today().isoformat(),
        )
        client = FilingClient(self.counter(step.at))
        member = self.people[step.who].member_id
        return client.file(member, wanted, operator="王一", why=step.more["why"])

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


def today() -> date:
    """Return the day in Beijing."""
    return now().astimezone(BEIJING).date()


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def _item_names() -> dict[str, str]:
    from switch.store.rule_books import shipped_catalogue

    return {row["code"]: row["name_zh"] for row in shipped_catalogue("330000")}


def _done(outcome: reply_pb2.Outcome) -> None:
    """Let the demonstration stop where the card office is refused. Raises: RuntimeError."""
    if outcome.code != reply_pb2.REPLY_CODE_OK:
        raise RuntimeError(f"the card office was refused: {outcome.message_en}")
