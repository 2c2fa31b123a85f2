"""The tree of regions: province → city → county, with names, and which node pools funds."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from switch.model.ids import RegionCode, parse_region


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
