"""Clearing policy is dated data: what holds on a day, and what is refused."""

from datetime import date
from pathlib import Path

import pytest

from switch.clearing.netting import Due, Mode, Transfer, settle
from switch.clearing.policy import parse_policy
from switch.model.ids import RegionCode

SHIPPED = Path(__file__).parents[3] / "switch" / "clearing" / "parameters.toml"
DATED = """
[[deposit]]
region = "*"
since = 2018-01-01
rate_bp = 500
evidence = "assumed"
source = "s"
[[deposit]]
region = "330299"
since = 2019-01-01
rate_bp = 300
evidence = "stated"
source = "s"
[[netting]]
since = 2018-01-01
mode = "gross"
hub = "330000"
evidence = "assumed"
source = "s"
[[netting]]
since = 2020-07-01
mode = "bilateral"
hub = "330000"
evidence = "assumed"
source = "s"
"""


def test_a_value_holds_from_its_first_day_and_a_regions_own_before_any() -> None:
    policy = parse_policy(DATED)
    assert policy.rate_bp("330299", date(2018, 12, 31)) == 500
    assert policy.rate_bp("330299", date(2019, 1, 1)) == 300
    assert policy.rate_bp("330199", date(2019, 1, 1)) == 500
    assert policy.netting(date(2020, 6, 30)).mode is Mode.GROSS
    assert policy.netting(date(2020, 7, 1)).mode is Mode.BILATERAL
    for asked in (lambda: policy.rate_bp("330299", date(2017, 12, 31)),
                  lambda: policy.netting(date(2017, 12, 31))):  # fmt: skip
        with pytest.raises(LookupError):
            asked()


def test_what_is_shipped_is_marked_as_assumed() -> None:
    policy = parse_policy(SHIPPED.read_text("utf-8"))
    held = [one.evidence for one in policy.deposits] + [one.evidence for one in policy.nettings]
    assert set(held) == {"assumed"}
    assert policy.rate_bp("330299", date(2018, 12, 1)) == 500


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate_bp = 500", "rate_bp = 10001"),
        ("rate_bp = 500", "rate_bp = 0.05"),
        ("rate_bp = 500", 'rate_bp = 500\nnote = "x"'),
        ('evidence = "stated"', 'evidence = "heard"'),
        ('region = "330299"', 'region = "33029"'),
        ('mode = "gross"', 'mode = "net"'),
        ("since = 2020-07-01", "since = 2018-01-01"),
        ("since = 2020-07-01", 'since = "2020-07-01"'),
        ("[[netting]]", "[[nettings]]"),
    ],
)
def test_a_policy_that_is_wrong_is_refused(old: str, new: str) -> None:
    with pytest.raises(ValueError):
        parse_policy(DATED.replace(old, new))


def test_known_payments_between_three_cities() -> None:
    a, b, c, hub = map(RegionCode, ("330199", "330299", "330399", "330000"))
    owed = [Due(a, b, 100), Due(b, a, 30), Due(b, c, 50), Due(c, a, -5)]
    assert settle(owed, Mode.GROSS, hub) == (
        Transfer(a, b, 100), Transfer(a, c, 5), Transfer(b, a, 30), Transfer(b, c, 50),
    )  # fmt: skip
    assert settle(owed, Mode.BILATERAL, hub) == (
        Transfer(a, b, 70), Transfer(a, c, 5), Transfer(b, c, 50),
    )  # fmt: skip
    assert settle(owed, Mode.MULTILATERAL, hub) == (
        Transfer(hub, b, 20), Transfer(hub, c, 55), Transfer(a, hub, 75),
    )  # fmt: skip
    with pytest.raises(ValueError, match="cannot be the one"):
        settle(owed, Mode.MULTILATERAL, a)
    with pytest.raises(ValueError, match="no transfer"):
        Transfer(a, a, 1)
