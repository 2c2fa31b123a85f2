"""What was found later: lines audited down, filings granted for the past, wrong entitlements.

A file of corrections is TOML, a table an item; see `docs/reassess.md`. Pure but for nothing: the
caller reads files and rows.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from switch.model.claim import Claim
from switch.model.codes import Insurance, MemberClass
from switch.model.ids import MemberId, parse_member_id, parse_region
from switch.model.member import Enrolment, Filing, Member, Standing
from switch.model.money import Fen, line_price_fen


class BadCorrection(ValueError):
    """A file that is no corrections; the message says where and why."""


@dataclass(frozen=True, slots=True)
class AuditedLine:
    """Of one line of a settlement so much remains, 1/10,000. `settlement`: either id of it."""

    settlement: str
    line: int
    quantity_e4: int
    why: str


@dataclass(frozen=True, slots=True)
class Entitled:
    """What a person was entitled to, as it should have been; None: as it was stored."""

    member: MemberId
    enrolments: tuple[Enrolment, ...] | None
    standings: tuple[Standing, ...] | None
    why: str


@dataclass(frozen=True, slots=True)
class Corrections:
    """Everything one reassessment is about. `filings`: to be in force whenever they cover."""

    lines: tuple[AuditedLine, ...] = ()
    entitled: Mapping[MemberId, Entitled] = field(default_factory=dict)
    filings: Mapping[MemberId, tuple[Filing, ...]] = field(default_factory=dict)

    def member(self, member: Member) -> Member:
        """Return a person as a decision should have seen him."""
        own = self.entitled.get(member.member_id)
        if own is not None:
            if own.enrolments is not None:
                member = replace(member, enrolments=own.enrolments)
            if own.standings is not None:
                member = replace(member, standings=own.standings)
        granted = self.filings.get(member.member_id, ())
        if granted:
            kept = {one.filing_id: one for one in member.filings}
            kept |= {one.filing_id: one for one in granted}
            member = replace(member, filings=tuple(kept[name] for name in sorted(kept)))
        return member

    def claim(self, claim: Claim, names: frozenset[str]) -> Claim:
        """Return a bill as it should have been; `names`: the settlement's ids.

        Raises: BadCorrection for a line that the bill has not, or has with less.
        """
        cut = {one.line: one for one in self.lines if one.settlement in names}
        if not cut:
            return claim
        if any(line.withdraws for line in claim.lines):
            raise BadCorrection(f"{min(names)} has withdrawn lines: cancel it and settle anew")
        lines = []
        for line in claim.lines:
            audited = cut.pop(line.number, None)
            if audited is None:
                lines.append(line)
            elif audited.quantity_e4 > line.quantity_e4:
                raise BadCorrection(
                    f"{audited.settlement} line {line.number}: more than was charged"
                )
            elif audited.quantity_e4 == line.quantity_e4:
                lines.append(line)
            elif audited.quantity_e4:
                amount = line_price_fen(audited.quantity_e4, line.unit_price_e4)
                lines.append(replace(line, quantity_e4=audited.quantity_e4, amount_fen=Fen(amount)))
        if cut:
            raise BadCorrection(f"{min(names)} has no line {min(cut)}")
        total = Fen(sum(line.amount_fen for line in lines))
        return replace(claim, lines=tuple(lines), total_fen=total)

    def causes(self, member: MemberId, names: frozenset[str], on: date) -> tuple[str, ...]:
        """Return why a settlement comes out otherwise; "sums" when only earlier ones do."""
        found = [f"line {one.line}: {one.why}" for one in self.lines if one.settlement in names]
        found += [
            f"filing {one.filing_id}" for one in self.filings.get(member, ()) if one.covers(on)
        ]
        if member in self.entitled:
            found.append(f"entitlement: {self.entitled[member].why}")
        return tuple(found) or ("sums",)


def parse_corrections(text: str) -> Corrections:
    """Return the corrections of a file. Raises: BadCorrection."""
    try:
        stated = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadCorrection(str(error)) from error
    unknown = set(stated) - {"audited", "entitlement"}
    if unknown:
        raise BadCorrection(f"[[{min(unknown)}]] is no correction: audited, entitlement")
    try:
        lines = tuple(_audited(one) for one in stated.get("audited", ()))
        entitled = [_entitled(one) for one in stated.get("entitlement", ())]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadCorrection(f"a correction that cannot be read: {error!r}") from error
    if len({(one.settlement, one.line) for one in lines}) < len(lines):
        raise BadCorrection("one line of one settlement is audited twice")
    if len({one.member for one in entitled}) < len(entitled):
        raise BadCorrection("one person stands under [[entitlement]] twice")
    return Corrections(lines, {one.member: one for one in entitled})


def _audited(stated: Mapping[str, Any]) -> AuditedLine:
    quantity = Decimal(stated["quantity"]) * 10_000
    if quantity < 0 or quantity != quantity.to_integral_value():
        raise ValueError(f"quantity {stated['quantity']!r}: 0 or more, four decimals at most")
    return AuditedLine(
        str(stated["settlement"]), int(stated["line"]), int(quantity), str(stated["why"])
    )


def _entitled(stated: Mapping[str, Any]) -> Entitled:
    enrolments, standings = stated.get("enrolments"), stated.get("standings")
    if enrolments is None and standings is None:
        raise ValueError("an entitlement says enrolments, or standings, as they should have been")
    return Entitled(
        parse_member_id(stated["member"]),
        None if enrolments is None else tuple(_enrolment(one) for one in enrolments),
        None if standings is None else tuple(
            Standing(str(one["word"]), _day(one["since"]), _last(one)) for one in standings
        ),
        str(stated["why"]),
    )  # fmt: skip


def _enrolment(stated: Mapping[str, Any]) -> Enrolment:
    return Enrolment(
        parse_region(stated["region"]),
        Insurance(str(stated["insurance"])),
        MemberClass(stated["class"]),
        _day(stated["since"]),
        _last(stated),
    )


def _last(stated: Mapping[str, Any]) -> date | None:
    return _day(stated["until"]) if "until" in stated else None


def _day(value: object) -> date:
    if type(value) is not date:
        raise ValueError(f"{value!r} is no day; write 2018-12-01 without quotes")
    return value
