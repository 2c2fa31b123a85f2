"""Institutions and terminals of the synthetic province, and how they are stored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.model.codes import Kind, Level
from switch.model.filing import Agency
from switch.model.ids import InstitutionCode, RegionCode, TerminalId
from switch.model.member import Institution
from switch.model.terminal import TerminalClass
from switch.security.custody import KeyEncryptionKey
from switch.security.suite import Suite
from switch.seed.keys import Issuer, terminal_key, terminal_key_id
from switch.store.keys import save_keys

HOME: Final = RegionCode("330299")
"""The pooling region whose policy is held: most of the synthetic province lives there."""

DESIGNATED_SINCE: Final = date(2010, 1, 1)
NUMBER_FIRST: Final = 10_001
"""Generated institutions are numbered from here; below it stand the demonstration's own."""
INSTITUTIONS_MAX: Final = 89_999

OUTPATIENT: Final = frozenset(
    {Kind.OUTPATIENT, Kind.REGISTRATION, Kind.EMERGENCY, Kind.SPECIAL_DISEASE}
)
HOSPITAL: Final = OUTPATIENT | {Kind.INPATIENT, Kind.DAY_SURGERY}
SHOP: Final = frozenset({Kind.PHARMACY})
KINDS: Final = {
    Level.COMMUNITY: OUTPATIENT | {Kind.INPATIENT},
    Level.PRIMARY: HOSPITAL,
    Level.SECONDARY: HOSPITAL,
    Level.TERTIARY: HOSPITAL,
    Level.PHARMACY: SHOP,
}
_LEVELS: Final = (
    (Level.COMMUNITY, "社区卫生服务中心"),
    (Level.PHARMACY, "大药房"),
    (Level.TERTIARY, "医院"),
    (Level.SECONDARY, "医院"),
    (Level.PHARMACY, "大药房"),
    (Level.COMMUNITY, "社区卫生服务站"),
    (Level.PRIMARY, "卫生院"),
)
_ELSEWHERE_EVERY: Final = 5
"""Each fifth generated institution lies in another city, and is opened for cross-city care."""

_SAVE_INSTITUTIONS: Final = """
COPY medswitch.institution (code, name, region, level, deductible_level, kinds, since, until,
    cross_city_since, cross_city_until, tags) FROM STDIN
"""
_SAVE_AGENCIES: Final = "COPY medswitch.agency (code, name, serves) FROM STDIN"
_SAVE_TERMINALS: Final = (
    "COPY medswitch.terminal (terminal_id, institution, class, active) FROM STDIN"
)


@dataclass(frozen=True, slots=True)
class PlacedTerminal:
    """A terminal, the suite of its only key version and, for TDES, that key's last day."""

    terminal_id: TerminalId
    institution: InstitutionCode
    suite: Suite
    ends_on: date | None
    active: bool
    terminal_class: TerminalClass = TerminalClass.INSTITUTION


def institution_code(region: str, number: int, level: str) -> InstitutionCode:
    """Return a code: H or P (pharmacy), city, "01", number of five digits: H33020100001."""
    return InstitutionCode(f"{'P' if level == Level.PHARMACY else 'H'}{region[:4]}01{number:05d}")


def terminal_of(
    institution: str, number: int, suite: Suite, today: date, *, active: bool = True
) -> PlacedTerminal:
    """Return an institution's terminal; TDES is opened to the end of next year."""
    ends_on = date(today.year + 1, 12, 31) if suite is Suite.TDES else None
    return PlacedTerminal(
        TerminalId(f"{institution}{number:04d}"), InstitutionCode(institution), suite, ends_on,
        active,
    )  # fmt: skip


def generate_institutions(count: int, cities: list[RegionCode]) -> Iterator[Institution]:
    """Yield institutions of every level, four of five at home, the fifth in another city.

    Raises: ValueError for more than the numbers of a code.
    """
    if count > INSTITUTIONS_MAX:
        raise ValueError(f"{count} institutions: at most {INSTITUTIONS_MAX} can be numbered")
    elsewhere = [region for region in cities if region != HOME]
    for position in range(count):
        level, word = _LEVELS[position % len(_LEVELS)]
        away = position % _ELSEWHERE_EVERY == _ELSEWHERE_EVERY - 1
        region = elsewhere[position // _ELSEWHERE_EVERY % len(elsewhere)] if away else HOME
        number = NUMBER_FIRST + position
        yield Institution(
            code=institution_code(region, number, level),
            name=f"示例{word}{number}",
            region=region,
            level=level,
            deductible_level=level,
            kinds=KINDS[level],
            since=DESIGNATED_SINCE,
            until=None,
            cross_city_since=date(2014, 11, 16) if away else None,
            cross_city_until=None,
        )


def generate_terminals(institution: str, count: int, today: date) -> Iterator[PlacedTerminal]:
    """Yield an institution's terminals: SM4, each tenth AES-128, each twentieth TDES."""
    for number in range(1, count + 1):
        nth = int(institution[7:]) + number
        suite = Suite.SM4
        if nth % 20 == 0:
            suite = Suite.TDES
        elif nth % 10 == 5:
            suite = Suite.AES_128
        yield terminal_of(institution, number, suite, today)


def save_institutions(conn: Connection[TupleRow], institutions: Iterable[Institution]) -> int:
    """Insert institutions and return how many; the caller bumps the epoch."""
    count = 0
    with conn.cursor() as cursor, cursor.copy(_SAVE_INSTITUTIONS) as copy:
        for one in institutions:
            copy.write_row(
                (
                    one.code, one.name, one.region, str(one.level), one.deductible_level,
                    sorted(str(kind) for kind in one.kinds), one.since, one.until,
                    one.cross_city_since, one.cross_city_until, sorted(one.tags),
                )
            )  # fmt: skip
            count += 1
    return count


def save_agencies(conn: Connection[TupleRow], agencies: Iterable[Agency]) -> None:
    """Insert agencies; the caller bumps the epoch."""
    with conn.cursor() as cursor, cursor.copy(_SAVE_AGENCIES) as copy:
        for one in agencies:
            copy.write_row((one.code, one.name, one.serves))


def save_terminals(
    conn: Connection[TupleRow],
    terminals: Iterable[PlacedTerminal],
    issuer: Issuer,
    kek: KeyEncryptionKey,
    random_seed: int,
) -> int:
    """Insert terminals and their wrapped master keys; return how many."""
    placed = list(terminals)
    with conn.cursor() as cursor, cursor.copy(_SAVE_TERMINALS) as copy:
        for one in placed:
            copy.write_row((one.terminal_id, one.institution, one.terminal_class.value, one.active))
    records = (terminal_key(issuer, kek, random_seed, one.terminal_id, one.suite) for one in placed)
    ends_on = {
        terminal_key_id(one.terminal_id): one.ends_on for one in placed if one.ends_on is not None
    }
    save_keys(conn, records, ends_on=ends_on)
    return len(placed)
