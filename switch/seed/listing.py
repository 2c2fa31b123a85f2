"""Files beside the database: who is in the synthetic province, for clients that act for them.

A real patient brings the card along; here the demonstration and the load test find it by name.
Test use: nobody in these files exists.
"""

import csv
import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final

from switch.model.filing import Agency
from switch.model.member import Card, Institution, Member
from switch.model.terminal import TerminalClass
from switch.seed.demonstration import NamedPerson
from switch.seed.keys import KEY_VERSION, write_private
from switch.seed.opening import account_home
from switch.seed.places import PlacedTerminal

PEOPLE_FILE: Final = "people.json"
CARDS_FILE: Final = "cards.csv"
TERMINALS_FILE: Final = "terminals.csv"

CARD_COLUMNS: Final = (
    "member_id", "social_security_number", "identifier", "number", "suite", "key_version",
    "specification", "issued_on", "expires_on", "card_status", "region", "insurance",
    "member_class",
)  # fmt: skip
TERMINAL_COLUMNS: Final = (
    "terminal_id", "institution", "suite", "key_version", "region", "level", "active",
)  # fmt: skip
_NOTE: Final = "The demonstration province: invented people and places. Test use."


def write_people(
    data_dir: Path,
    people: Mapping[str, NamedPerson],
    institutions: Mapping[str, Institution],
    agencies: Mapping[str, Agency],
    terminals: Mapping[str, PlacedTerminal],
) -> Path:
    """Write `people.json`: who is who in the demonstration, and its terminals, by name."""
    places = {
        name: {"code": one.code, "name": one.name, "region": one.region, "level": str(one.level)}
        for name, one in institutions.items()
    }
    by_code: dict[str, str] = {one.code: name for name, one in institutions.items()}
    by_code |= {one.code: name for name, one in agencies.items()}
    content = {
        "note": _NOTE,
        "people": {name: _person(one) for name, one in people.items()},
        "institutions": places,
        "agencies": {
            name: {"code": one.code, "name": one.name, "serves": one.serves}
            for name, one in agencies.items()
        },
        "terminals": {
            name: {
                "terminal_id": one.terminal_id,
                "institution": one.institution,
                "at": by_code[one.institution],
                "class": one.terminal_class.value,
                "suite": int(one.suite),
                "key_version": KEY_VERSION,
                "active": one.active,
            }
            for name, one in terminals.items()
        },
    }
    path = data_dir / PEOPLE_FILE
    write_private(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


class CardList:
    """`cards.csv`: the first so many cards of a generated province."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._text = StringIO()
        self._rows = csv.writer(self._text, lineterminator="\n")
        self._rows.writerow(CARD_COLUMNS)

    def add(self, people: list[Member]) -> None:
        """Note people's cards while there is room."""
        listed = people[: self._left]
        self._rows.writerows(map(_card_row, listed))
        self._left -= len(listed)

    def write(self, data_dir: Path) -> Path:
        """Write the file."""
        path = data_dir / CARDS_FILE
        write_private(path, self._text.getvalue())
        return path


def write_terminals(
    data_dir: Path, terminals: list[PlacedTerminal], institutions: Mapping[str, Institution]
) -> Path:
    """Write `terminals.csv`: those of institutions, which the load test plays. They by code."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(TERMINAL_COLUMNS)
    for one in terminals:
        if one.terminal_class is not TerminalClass.INSTITUTION:
            continue
        place = institutions[one.institution]
        rows.writerow(
            (one.terminal_id, one.institution, int(one.suite), KEY_VERSION, place.region,
             str(place.level), int(one.active))
        )  # fmt: skip
    path = data_dir / TERMINALS_FILE
    write_private(path, text.getvalue())
    return path


def _person(person: NamedPerson) -> dict[str, Any]:
    member, home = person.member, account_home(person.member)
    return {
        "about": person.about,
        "member_id": member.member_id,
        "name": member.name,
        "social_security_number": member.social_security_number,
        "sex": member.sex,
        "born_on": member.born_on.isoformat(),
        "region": home.region,
        "insurance": home.insurance.value,
        "member_class": home.member_class.value,
        "account_current_fen": member.account_current_fen,
        "account_earlier_fen": member.account_earlier_fen,
        "card_status": member.card_status.value,
        "card": _card(member.card),
        "replacement": None if person.replacement is None else _card(person.replacement),
    }


def _card(card: Card) -> dict[str, Any]:
    return {
        "identifier": card.identifier.hex(),
        "number": card.number,
        "suite": int(card.suite),
        "key_version": card.key_version,
        "specification": card.specification,
        "issued_on": card.issued_on.isoformat(),
        "expires_on": card.expires_on.isoformat(),
    }


def _card_row(member: Member) -> tuple[object, ...]:
    card, now = member.card, member.enrolments[-1]
    if now.insurance is not account_home(member).insurance:
        now = account_home(member)
    return (
        member.member_id, member.social_security_number, card.identifier.hex(), card.number,
        int(card.suite), card.key_version, card.specification, card.issued_on, card.expires_on,
        member.card_status.value, now.region, now.insurance.value, now.member_class.value,
    )  # fmt: skip
