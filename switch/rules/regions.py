"""The tree of regions: province → city → county, with names, and which node pools funds."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from switch.model.ids import RegionCode, city_of, parse_region

_PROVINCES: Final = (
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 "
    "61 62 63 64 65 71 81 82"
)
PROVINCES: Final = frozenset(_PROVINCES.split())
"""First two digits of every province's regions. Source: GB/T 2260."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region. `parent` "" is the root; `example` marks a fictitious one."""

    code: RegionCode
    zh: str
    en: str
    parent: str
    pools: bool
    example: bool


def parse_regions(text: str) -> Mapping[RegionCode, Region]:
    """Return the regions of a TOML text by code.

    Raises: ValueError naming the region: a code twice, a parent unknown, a name missing.
    """
    found: dict[RegionCode, Region] = {}
    for table in tomllib.loads(text).get("region", []):
        code = parse_region(str(table.get("code", "")))
        if code in found:
            raise ValueError(f"region {code} stands twice")
        unknown = sorted(set(table) - {"code", "zh", "en", "parent", "pools", "example"})
        if unknown or not table.get("zh") or not table.get("en"):
            raise ValueError(f"region {code}: needs zh and en; unknown fields {unknown}")
        parent = str(table.get("parent", ""))
        if parent and parent not in found:
            raise ValueError(f"region {code}: its parent {parent} does not stand before it")
        found[code] = Region(
            code,
            str(table["zh"]),
            str(table["en"]),
            parent,
            bool(table.get("pools", False)),
            bool(table.get("example", False)),
        )
    return found


def known_place(place: str, regions: frozenset[str]) -> bool:
    """Say whether there is such a province (two digits) or region (six).

    Of a province whose `regions` are known, the city must be one of them; of others the province.
    """
    if place[:2] not in PROVINCES:
        return False
    ours = any(region.startswith(place[:2]) for region in regions)
    return len(place) == 2 or not ours or f"{city_of(place)}00" in regions
