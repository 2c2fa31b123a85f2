import pytest

from switch.model.ids import RegionCode, city_of
from switch.rules.regions import parse_regions
from tests.unit.rules.fix_rules import PARAMETERS


def test_shipped_regions_hold_eleven_cities_and_ningbos_districts() -> None:
    regions = parse_regions((PARAMETERS / "regions.toml").read_text(encoding="utf-8"))
    cities = [region for region in regions.values() if region.parent == "330000"]
    assert len([region for region in cities if not region.example]) == 11
    assert len([region for region in regions.values() if region.parent == "330200"]) == 11
    assert regions[RegionCode("330299")].pools
    assert [region.code for region in regions.values() if region.example] == ["339900"]
    for region in regions.values():
        if region.parent not in {"", "330000"}:
            assert city_of(region.code) == city_of(region.parent)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('[[region]]\ncode = "3"', "six digits"),
        ('[[region]]\ncode = "330000"\nzh = "浙江"', "needs zh and en"),
        ('[[region]]\ncode = "330000"\nzh = "浙江"\nen = "Zhejiang"\nx = 1', "unknown fields"),
        ('[[region]]\ncode = "330100"\nzh = "杭州"\nen = "Hangzhou"\nparent = "330000"', "parent"),
        ('[[region]]\ncode = "330000"\nzh = "浙江"\nen = "Z"\n' * 2, "stands twice"),
    ],
)
def test_a_wrong_region_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        parse_regions(text)
