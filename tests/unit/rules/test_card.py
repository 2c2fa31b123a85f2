"""What policy says of a card's life: channels, working days after a loss, what is not covered."""

from datetime import date

import pytest

from switch.model.card import CARD_LOST, CardChange, Channel
from switch.model.member import Standing
from switch.rules.book import RuleBook
from switch.rules.card import UNRULED, CardLoss, with_loss, without_loss
from switch.seed.places import HOME
from switch.store.rule_books import load_shipped

NINGBO = RuleBook.parse(load_shipped()[HOME])
ON = date(2018, 12, 1)
PLAIN = CardLoss("r", 5, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("reported", "first"),
    [
        # Monday: Tuesday to Monday are the five, Saturday and Sunday none.
        ("2018-12-03", "2018-12-11"),
        ("2018-12-07", "2018-12-15"),
        ("2018-12-08", "2018-12-15"),
        # New Year: 28, 29 (a working Saturday), 2, 3, 4; 30, 31 and 1 are holidays.
        ("2018-12-27", "2019-01-05"),
        # Spring Festival: 1, 2, 3 (a working weekend), then 11, 12.
        ("2019-01-31", "2019-02-13"),
        ("2018-09-28", "2018-10-11"),
    ],
)
def test_five_working_days_are_counted_on_the_calendar_of_the_state_council(
    reported: str, first: str
) -> None:
    terms = NINGBO.card_terms("310", ON)
    assert terms is not None
    assert terms.loss is not None
    assert str(terms.loss.first_uncovered(date.fromisoformat(reported))) == first


def test_ningbo_opens_telephone_web_and_wechat_for_a_report_and_the_web_for_a_release() -> None:
    terms = NINGBO.card_terms("390", ON)
    assert terms is not None
    channels = terms.channels
    assert channels.channels(CardChange.REPORTED_LOST) == frozenset(Channel)
    assert channels.channels(CardChange.RELEASED) == {Channel.COUNTER, Channel.WEB}
    assert channels.channels(CardChange.REPLACED) == {Channel.COUNTER}
    assert NINGBO.card_terms("390", date(2017, 12, 31)) is None
    assert NINGBO.card_terms("510", ON) is None


def test_without_a_policy_a_loss_is_always_taken() -> None:
    assert UNRULED.channels(CardChange.REPORTED_LOST) == frozenset(Channel)
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
