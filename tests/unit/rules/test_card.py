"""What policy says of a card's life: channels, working days after a loss, what is not covered."""

from datetime import date

import pytest

from switch.cli.cases import shipped_rules
from switch.model.card import CARD_LOST, HOLDERS, CardChange, Channel
from switch.model.member import Standing
from switch.rules.book import RuleBook
from switch.rules.card import UNRULED, CardLoss, with_loss, without_loss
from switch.seed.places import HOME
from switch.store.rule_books import load_shipped
from tests.fix_card_cases import CardCase, card_cases

NINGBO = RuleBook.parse(load_shipped()[HOME])
ON = date(2018, 12, 1)
PLAIN = CardLoss("r", 5, frozenset(), frozenset())


@pytest.mark.parametrize("case", card_cases(), ids=lambda case: case.stated["name"])
def test_cards_are_treated_as_the_shipped_policy_says(case: CardCase) -> None:
    assert case.outcome(shipped_rules()) == case.stated["gives"]


def test_ningbo_opens_telephone_web_and_wechat_for_a_report_and_the_web_for_a_release() -> None:
    terms = NINGBO.card_terms("390", ON)
    assert terms is not None
    channels = terms.channels
    assert channels.channels(CardChange.REPORTED_LOST) == HOLDERS
    assert channels.channels(CardChange.RELEASED) == {Channel.COUNTER, Channel.WEB}
    assert channels.channels(CardChange.REPLACED) == {Channel.COUNTER}
    assert NINGBO.card_terms("390", date(2017, 12, 31)) is None
    assert NINGBO.card_terms("510", ON) is None


def test_without_a_policy_a_loss_is_always_taken() -> None:
    assert UNRULED.channels(CardChange.REPORTED_LOST) == HOLDERS
    assert UNRULED.channels(CardChange.RELEASED) == {Channel.COUNTER}


def test_what_a_loss_costs_ends_on_the_day_before_the_replacement() -> None:
    poor = Standing("poor_household", date(2018, 1, 1), None)
    lost = with_loss((poor,), PLAIN, date(2018, 12, 3))
    assert lost == (poor, Standing(CARD_LOST, date(2018, 12, 11), None))
    assert with_loss((poor,), None, date(2018, 12, 3)) == (poor,)
    assert without_loss(lost, date(2018, 12, 11)) == (poor,)
    kept = (poor, Standing(CARD_LOST, date(2018, 12, 11), date(2018, 12, 11)))
    assert without_loss(lost, date(2018, 12, 12)) == kept
    assert without_loss(kept, date(2019, 3, 1)) == kept


POLICY = """
region = "320100"
[given]
since = 2018-01-01
source = "市政府令第 1 号"
insurances = ["310"]
[[rule]]
id = "card"
type = "{type}"
{fields}
"""


@pytest.mark.parametrize(
    ("kind", "fields", "says"),
    [
        ("card_channels", 'report = ["fax"]', "report names"),
        ("card_loss", "", "working_days is missing"),
        ("card_loss", 'working_days = 5\nholidays = ["2018-13-01"]', "write days as"),
        ("card_clone", "locks = 1", "write true or false"),
        ("card_loss", 'kinds = ["11"]\nworking_days = 5', "neither `kinds` nor"),
    ],
)
def test_a_rule_of_cards_that_is_wrong_is_named(kind: str, fields: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        RuleBook.parse({"a.toml": POLICY.format(type=kind, fields=fields)})


def test_two_rules_of_one_type_do_not_hold_on_one_day() -> None:
    text = POLICY.format(type="card_clone", fields="locks = true") + (
        '[[rule]]\nid = "again"\ntype = "card_clone"\nlocks = false\n'
    )
    with pytest.raises(ValueError, match="overlaps"):
        RuleBook.parse({"a.toml": text})
