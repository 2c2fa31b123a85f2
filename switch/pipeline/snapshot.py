"""The person and institution as a decision saw them: kept with it, so that it can be recomputed.

Names and card numbers are left out: no rule reads them.
"""

import json
from dataclasses import replace
from datetime import date
from typing import Any

from switch.model.codes import CardStatus, FilingKind, Insurance, MemberClass
from switch.model.ids import CardIdentifier, MemberId, RegionCode, SocialSecurityNumber
from switch.model.member import Card, Enrolment, Filing, Institution, Member, Standing
from switch.model.money import Fen

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_NO_DAY = date(1, 1, 1)
_NO_CARD = Card(CardIdentifier(bytes(16)), "", 1, 0, "", _NO_DAY, _NO_DAY)


def take(member: Member, institution: Institution, prescriber: Institution | None) -> bytes:
    """Return what `adjudicate` reads beside the claim and the rules, as compact JSON."""
    content = {
        "member": [
            member.member_id,
            member.version,
            member.sex,
            str(member.born_on),
            member.account_current_fen,
            member.account_earlier_fen,
            member.account_relative_fen,
        ],
        "enrolments": [
            [e.region, e.insurance, e.member_class, str(e.since), _text(e.until)]
            for e in member.enrolments
        ],
        "filings": [
            [
                f.filing_id,
                f.kind,
                f.region,
                f.place,
                f.disease_code,
                str(f.since),
                _text(f.until),
                f.institution,
                f.relative,
            ]
            for f in member.filings
        ],
        "accumulators": member.accumulators,
        "standings": [[s.word, str(s.since), _text(s.until)] for s in member.standings],
        "institution": _institution_row(institution),
        "prescriber": None if prescriber is None else _institution_row(prescriber),
    }
    return _encode(content).encode()


def restore(snapshot: bytes) -> tuple[Member, Institution, Institution | None]:
    """Return the person, the institution and the prescriber that a snapshot holds."""
    content: dict[str, Any] = json.loads(snapshot)
    member_id, version, sex, born_on, current, earlier, *relative = content["member"]
    member = Member(
        member_id=MemberId(member_id),
        bucket=int(member_id[:4]),
        version=version,
        social_security_number=SocialSecurityNumber(""),
        name="",
        sex=sex,
        born_on=date.fromisoformat(born_on),
        card=_NO_CARD,
        card_status=CardStatus.NORMAL,
        locked_since=None,
        locked_until=None,
        atc=0,
        account_current_fen=Fen(current),
        account_earlier_fen=Fen(earlier),
        enrolments=tuple(
            Enrolment(
                RegionCode(region),
                Insurance(insurance),
                MemberClass(member_class),
                date.fromisoformat(since),
                _day(until),
            )
            for region, insurance, member_class, since, until in content["enrolments"]
        ),
        filings=tuple(
            Filing(
                filing_id,
                FilingKind(kind),
                RegionCode(region),
                place,
                disease,
                date.fromisoformat(since),
                _day(until),
                *more,  # institution and relative; a snapshot of before holds none
            )
            for filing_id, kind, region, place, disease, since, until, *more in content["filings"]
        ),
        accumulators=content["accumulators"],
        account_relative_fen=Fen(relative[0] if relative else 0),
        standings=tuple(
            Standing(word, date.fromisoformat(since), _day(until))
            for word, since, until in content["standings"]
        ),
    )
    prescriber = content["prescriber"]
    institution = _institution(content["institution"])
    return member, institution, None if prescriber is None else _institution(prescriber)


def _institution_row(institution: Institution) -> list[object]:
    return [
        institution.code,
        institution.region,
        institution.level,
        institution.deductible_level,
        sorted(institution.kinds),
        str(institution.since),
        _text(institution.until),
        _text(institution.cross_city_since),
        _text(institution.cross_city_until),
        sorted(institution.tags),
    ]


def _institution(row: list[Any]) -> Institution:
    code, region, level, deductible_level, kinds, since, until, opened, closed, tags = row
    first = date.fromisoformat(since)
    blank = Institution(code, "", region, level, deductible_level, frozenset(kinds), first, None,
                        None, None)  # fmt: skip
    return replace(
        blank,
        until=_day(until),
        cross_city_since=_day(opened),
        cross_city_until=_day(closed),
        tags=frozenset(tags),
    )


def _text(day: date | None) -> str:
    return "" if day is None else str(day)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
