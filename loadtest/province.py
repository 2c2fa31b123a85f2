"""The synthetic province as a load test sees it: terminals, and cards with keys worked out once.

Reads what `medswitch seed` left in the data folder: `issuer.json`, `cards.csv`, `terminals.csv`.
"""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from clients.card import CardFace, SoftwareCard
from clients.issuer import Issuer, read_issuer
from clients.link import TerminalIdentity
from loadtest.workload import OUTPATIENT, PHARMACY
from switch.model.ids import CardIdentifier, InstitutionCode, SocialSecurityNumber, TerminalId
from switch.security.suite import Suite

HOME: Final = "330299"
"""Members and terminals of other regions stay away: their claims end in the same few declines."""
_PHARMACY_LEVEL: Final = "pharmacy"
_EMPLOYEE: Final = "310"
SEQUENCES: Final = 10_000


class NoProvince(Exception):
    """The data folder holds no province a load test can use."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal, the kind of care it settles, and its share of its institution's numbers.

    `rank` is the place of its institution in the order of size: 0 is the busiest.
    """

    identity: TerminalIdentity
    kind: str
    rank: int
    sequences: range


@dataclass(frozen=True, slots=True)
class Patient:
    """A member's card as the registry knows it."""

    face: CardFace
    suite: Suite
    pharmacy: bool
    """Whether the person's insurance covers purchases at a pharmacy: residents' does not."""

    def card(self, issuer: Issuer, atc: int) -> SoftwareCard:
        """Return the card, its keys derived from the ministry's."""
        return issuer.personalise(self.face, self.suite, atc)


def read_issuer_of(folder: Path) -> Issuer:
    """Return the province's issuer. Raises: NoProvince."""
    try:
        return read_issuer(folder / "issuer.json")
    except (OSError, ValueError) as error:
        raise NoProvince(f"{folder}: {error}; `medswitch seed` makes a province") from None


def read_terminals(folder: Path, issuer: Issuer, count: int) -> list[Terminal]:
    """Return the first `count` terminals of the home region, the busiest institutions' first.

    Raises: NoProvince when there are fewer.
    """
    by_institution: dict[str, list[dict[str, str]]] = {}
    for row in _rows(folder / "terminals.csv"):
        if row["region"] != HOME or row["active"] != "1":
            continue
        by_institution.setdefault(row["institution"], []).append(row)
    found = [
        _terminal(issuer, row, rank, nth, len(siblings))
        for rank, siblings in enumerate(by_institution.values())
        for nth, row in enumerate(siblings)
    ]
    if len(found) < count:
        raise NoProvince(f"{folder} has {len(found)} terminals in {HOME}: {count} are asked for")
    return found[:count]


def _terminal(issuer: Issuer, row: dict[str, str], rank: int, nth: int, siblings: int) -> Terminal:
    share = SEQUENCES // siblings
    return Terminal(
        identity=issuer.terminal(
            TerminalId(row["terminal_id"]),
            InstitutionCode(row["institution"]),
            Suite(int(row["suite"])),
        ),
        kind=PHARMACY if row["level"] == _PHARMACY_LEVEL else OUTPATIENT,
        rank=rank,
        sequences=range(nth * share, (nth + 1) * share),
    )


def read_patients(folder: Path, count: int) -> list[Patient]:
    """Return up to `count` people insured at home, with whatever is wrong with some of their cards.

    Raises: NoProvince when there is none.
    """
    found = [_patient(row) for row in _rows(folder / "cards.csv") if row["region"] == HOME]
    if not found:
        raise NoProvince(f"{folder} lists no cards of members in {HOME}")
    return found[:count]


def _patient(row: dict[str, str]) -> Patient:
    face = CardFace(
        identifier=CardIdentifier(bytes.fromhex(row["identifier"])),
        number=row["number"],
        social_security_number=SocialSecurityNumber(row["social_security_number"]),
        specification=row["specification"],
        issued_on=date.fromisoformat(row["issued_on"]),
        expires_on=date.fromisoformat(row["expires_on"]),
    )
    return Patient(face, Suite(int(row["suite"])), row["insurance"] == _EMPLOYEE)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise NoProvince(f"{error}; `medswitch seed` makes a province") from None
