"""The bill of a case: fee lines by catalogue or with terms of their own, or the sums of its scope.

Must not know: persons, expectations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from switch.cases.fields import Fields
from switch.model.claim import Claim, FeeLine, Prescription
from switch.model.codes import InjuryCause, Kind
from switch.model.ids import InstitutionCode, RequestId
from switch.model.member import Institution
from switch.model.money import Fen, line_price_fen
from switch.rules.catalogue import Catalogue
from switch.rules.item import Item, read_item

_SUMS: Final = ("own", "over", "first", "in_scope")
_LINE: Final = frozenset(
    {
        "number", "code", "name", "amount", "quantity", "price", "on", "disease", "withdraws",
        "category",
    }
)  # fmt: skip
_EARLY: Final = date(1950, 1, 1)
_REQUEST: Final = RequestId("H00000000001" + "20000101000000" + "0000")


@dataclass(frozen=True, slots=True)
class Bill:
    """A claim and the catalogue items that its lines bring along."""

    claim: Claim
    items: Mapping[str, Item]

    def joined(self, catalogue: Catalogue | None, region: str) -> Catalogue:
        """Return a catalogue with this bill's own items before its own."""
        return (catalogue or Catalogue(region, {}, "")).with_items(region, self.items)


def read_bill(fields: Fields, institution: Institution, on: date) -> Bill:
    """Return the bill of a day that a case states. Raises: ValueError naming what is wrong."""
    items: dict[str, Item] = {}
    lines = [_line(one, number, on, items) for number, one in enumerate(fields.tables("lines"), 1)]
    if len({line.number for line in lines}) != len(lines):
        fields.fail("two lines have one number")
    sums = {key: fields.fen(key) for key in _SUMS if fields.has(key)}
    total = fields.fen("total", sum(sums.values()))
    if lines and sums:
        fields.fail(f"lines stand beside {sorted(sums)}; give the one or the other")
    if not lines:
        lines = [_scoped(fields, total, sums, on, items)]
    if not fields.has("kind"):
        fields.fail("kind is missing; write the kind of care, such as 21 of a stay")
    kind = fields.word("kind", Kind, "")
    claim = Claim(
        request_id=_REQUEST,
        region_care=institution.region,
        region_insured=fields.text("name_region"),
        insurance=fields.text("name_insurance"),
        kind=Kind(kind),
        use_account=fields.flag("use_account", default=True),
        visit_id=fields.text("visit"),
        service_on=on,
        admitted_on=fields.day("admitted"),
        discharged_on=fields.day("discharged"),
        interim=fields.flag("interim", default=False),
        injury_cause=InjuryCause(fields.word("injury", InjuryCause, InjuryCause.NONE)),
        diagnoses=fields.words("diagnoses"),
        disease_code=fields.text("disease"),
        prescription=_prescription(fields, on),
        lines=tuple(lines),
        total_fen=Fen(sum(line.amount_fen for line in lines)),
        emergency=fields.flag("emergency", default=False),
    )
    return Bill(claim, items)


def _prescription(fields: Fields, on: date) -> Prescription | None:
    prescribed = fields.flag("prescription", default=fields.has("prescriber_level"))
    return Prescription("P1", InstitutionCode("H00000000002"), on) if prescribed else None


def _scoped(
    fields: Fields,
    total: int,
    sums: Mapping[str, int],
    on: date,
    items: dict[str, Item],
) -> FeeLine:
    """Return the one line of a bill whose scope is stated; what no sum names is in scope."""
    own, over, first = (sums.get(key, 0) for key in _SUMS[:3])
    if negative := sorted(key for key, value in sums.items() if value < 0):
        fields.fail(f"{negative} lie below 0; only a line that withdraws another does")
    if "in_scope" in sums and total != sum(sums.values()):
        fields.fail(f"own + over + first + in_scope is {sum(sums.values())} fen, total {total}")
    if own + over + first > total:
        fields.fail("own + over + first exceed the total")
    item = read_item({"code": "TOTALS", "zh": "合计", "en": "Sums"}, fields.where, _EARLY)
    items["TOTALS"] = replace(item, stated=(own, over, first))
    return FeeLine(1, "TOTALS", "", on, 10_000, 0, Fen(total))


def _line(one: Fields, position: int, on: date, items: dict[str, Item]) -> FeeLine:
    number = one.whole("number", position)
    code = one.text("code", f"LINE-{number}")
    quantity_e4, price_e4 = one.e4("quantity", 10_000), one.e4("price", 0)
    if not one.has("amount") and not one.has("price"):
        one.fail("amount is missing; write yuan, or a price and a quantity")
    amount = one.fen("amount", line_price_fen(quantity_e4, price_e4))
    day = one.day("on", on) or on
    line = FeeLine(
        number,
        code,
        one.text("name"),
        day,
        quantity_e4,
        price_e4,
        Fen(amount),
        one.text("disease"),
        one.whole("withdraws", 0),
        one.text("category"),
    )
    terms = one.rest(lambda key: key not in _LINE)
    if terms or not one.has("code"):
        if line.category:
            terms.setdefault("category", line.category)
        item = read_item({"code": code, **terms}, one.where, _EARLY)
        if items.setdefault(code, item) != item:
            one.fail(f"{code} stands on an earlier line with other terms")
    one.done()
    return line
