"""A bill in few lines: builders over the contract's own messages, which stay open to every field.

    bill = outpatient("330299", date(2018, 12, 1), [item("XJ01CA", "Amoxicillin", "2", "15.50")])

Quantities and prices are text or int, never float: "2.5" boxes at "13.20" yuan.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from medswitch.v1 import common_pb2
from switch.model.money import line_price_fen

_E4 = Decimal(10_000)


def item(
    code: str,
    name: str,
    quantity: str | int,
    unit_price: str | int,
    *,
    disease_code: str = "",
) -> common_pb2.FeeLine:
    """Return one line: so much of an item, at so many yuan each; the bill numbers and dates it.

    Raises: ValueError for more than four decimals.
    """
    quantity_e4 = _ten_thousandths(quantity, "quantity")
    price_e4 = _ten_thousandths(unit_price, "unit price")
    return common_pb2.FeeLine(
        code=code,
        name=name,
        quantity_e4=quantity_e4,
        unit_price_e4=price_e4,
        amount_fen=line_price_fen(quantity_e4, price_e4),
        disease_code=disease_code,
    )


def bill(
    kind: str,
    region_care: str,
    on: date,
    lines: Iterable[common_pb2.FeeLine],
    **fields: Any,
) -> common_pb2.Claim:
    """Return a claim of a kind of care on a day, its lines numbered and summed.

    The account may pay and no third party is liable, unless `fields` say otherwise; they name any
    field of `Claim`. The request id is the client's to make.
    """
    stated: dict[str, Any] = {
        "use_account": True,
        "injury_cause": common_pb2.INJURY_CAUSE_NONE,
        **fields,
    }
    claim = common_pb2.Claim(
        kind=kind, region_care=region_care, service_on=on.isoformat(), **stated
    )
    for number, line in enumerate(lines, 1):
        added = claim.lines.add()
        added.CopyFrom(line)
        added.number = line.number or number
        added.on = line.on or on.isoformat()
    claim.total_fen = sum(line.amount_fen for line in claim.lines)
    return claim


def outpatient(
    region_care: str, on: date, lines: Iterable[common_pb2.FeeLine], **fields: Any
) -> common_pb2.Claim:
    """Return an outpatient bill (11)."""
    return bill("11", region_care, on, lines, **fields)


def pharmacy(
    region_care: str, on: date, lines: Iterable[common_pb2.FeeLine], **fields: Any
) -> common_pb2.Claim:
    """Return a pharmacy purchase (41)."""
    return bill("41", region_care, on, lines, **fields)


def special_disease(
    region_care: str,
    on: date,
    disease_code: str,
    lines: Iterable[common_pb2.FeeLine],
    **fields: Any,
) -> common_pb2.Claim:
    """Return a special-disease bill (14): lines without a disease of their own get this one."""
    marked = []
    for line in lines:
        copy = common_pb2.FeeLine()
        copy.CopyFrom(line)
        copy.disease_code = copy.disease_code or disease_code
        marked.append(copy)
    return bill("14", region_care, on, marked, disease_code=disease_code, **fields)


def inpatient(
    region_care: str,
    admitted: date,
    discharged: date,
    lines: Iterable[common_pb2.FeeLine],
    **fields: Any,
) -> common_pb2.Claim:
    """Return the bill of a stay (21), settled at its end."""
    return bill(
        "21",
        region_care,
        discharged,
        lines,
        admitted_on=admitted.isoformat(),
        discharged_on=discharged.isoformat(),
        **fields,
    )


def remaining(claim: common_pb2.Claim, quantities: Mapping[int, str | int]) -> common_pb2.Claim:
    """Return what remains of a bill: so much of each line named by its number, 0 for none of it.

    Lines that are not named remain whole. Raises: KeyError for a number that is no line's;
    ValueError for more than four decimals.
    """
    rest = common_pb2.Claim()
    rest.CopyFrom(claim)
    del rest.lines[:]
    for number in quantities:
        if all(line.number != number for line in claim.lines):
            raise KeyError(number)
    for line in claim.lines:
        quantity_e4 = line.quantity_e4
        if line.number in quantities:
            quantity_e4 = _ten_thousandths(quantities[line.number], "quantity")
        if quantity_e4:
            kept = rest.lines.add()
            kept.CopyFrom(line)
            if quantity_e4 != line.quantity_e4:
                kept.quantity_e4 = quantity_e4
                kept.amount_fen = line_price_fen(quantity_e4, line.unit_price_e4)
    rest.total_fen = sum(line.amount_fen for line in rest.lines)
    return rest


def _ten_thousandths(value: str | int, name: str) -> int:
    scaled = Decimal(value) * _E4
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{name} {value} has more than four decimals")
    return int(scaled)
