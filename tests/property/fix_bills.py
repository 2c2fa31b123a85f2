"""Random bills, persons and places under a drawn policy."""

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from switch.model.claim import Claim, FeeLine
from switch.model.member import Institution, Member
from switch.rules.groups import Rules
from tests.property.fix_policies import CODES, DAY, KEY, REGION, Drawn
from tests.unit.rules.fix_rules import (
    Person,
    make_claim,
    make_filing,
    make_institution,
    make_line,
    make_member,
)

OF_DAY: Final = {
    "year": "", "quarter": "@2020-Q2", "month": "@2020-05", "day": "@2020-05-01",
    "stay": "@2020-05-01",
}  # fmt: skip
"""How a sum of each period is kept on the day; a stay without a visit is named by its first day."""

Situation = tuple[Claim, Member, Institution]

amounts = st.one_of(st.integers(0, 60_000), st.integers(0, 5_000_000))


@st.composite
def lines_of(draw: st.DrawFn, codes: Sequence[str] = CODES, least: int = 1) -> list[FeeLine]:
    return [
        make_line(
            number,
            draw(amounts),
            draw(st.sampled_from(codes)),
            on=DAY,
            quantity_e4=draw(st.sampled_from((10_000, 1, 25_000, 70_000))),
        )
        for number in range(1, draw(st.integers(least, 5)) + 1)
    ]


@st.composite
def situations(
    draw: st.DrawFn, policy: Drawn, codes: Sequence[str] = CODES, least: int = 1
) -> Situation:
    """A bill, a person with sums of his own, and a place: at home or in another city."""
    names = [
        f"{meter.name}{OF_DAY[meter.period]}" for meter in policy.plan.meters
        if meter.period != "visit"
    ]  # fmt: skip
    history = {name: draw(amounts) for name in names if draw(st.booleans())}
    for name, value in history.items():
        if "_highest" in name:
            history[name] = max(value, history.get(name.replace("_highest", ""), 0))
        if name == "admissions":
            history[name] = value % 5
    person = Person(
        region=REGION,
        current_fen=draw(amounts),
        earlier_fen=draw(amounts),
        history={KEY: history},
        filings=[make_filing("special_disease", disease="M1", region=REGION)],
    )
    care = draw(st.sampled_from((REGION, REGION, "339801")))
    claim = make_claim(
        draw(lines_of(codes, least)), "21", on=DAY, care=care, use_account=draw(st.booleans())
    )
    return claim, make_member(person), make_institution(care, "tertiary")


def catalogued(rules: Rules) -> Rules:
    """Return the rules with the policy's catalogue at the other city, too."""
    catalogue = rules.books[REGION].catalogue
    assert catalogue is not None
    return Rules(rules.books, {"339801": catalogue})
