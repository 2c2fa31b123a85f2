"""Loads a synthetic province into an empty, migrated database: all of it, or nothing.

One transaction; memory does not grow with the number of people.
"""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Final

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from switch.ledger.opened import GENESIS_KEY, opened_of
from switch.model.ids import BEIJING, RegionCode
from switch.model.journal import INTERCITY
from switch.model.member import Institution, Member
from switch.model.voucher import VoucherIssuer
from switch.rules.catalogue import generate_rows
from switch.security.demonstration import voucher_signer
from switch.security.port import KeyHome
from switch.security.vault import SoftwareVault
from switch.seed import demonstration as demo
from switch.seed.banks import SAVE, bank_accounts
from switch.seed.identity import CardFactory
from switch.seed.keys import PROVINCE, Issuer, make_issuer, switch_keys, write_issuer
from switch.seed.listing import CardList, write_people, write_terminals
from switch.seed.opening import BATCH_SIZE, OpeningLane
from switch.seed.people import Population, generate
from switch.seed.places import (
    PlacedTerminal,
    generate_institutions,
    generate_terminals,
    save_agencies,
    save_institutions,
    save_terminals,
)
from switch.seed.rows import copy_rows, save_people
from switch.store.effects import EFFECTS
from switch.store.founding import genesis_keys
from switch.store.keys import save_keys
from switch.store.office import Registrar
from switch.store.policy import begin
from switch.store.rule_books import (
    bump_epoch,
    load_shipped,
    save_catalogue,
    shipped_catalogue,
    shipped_regions,
)
from switch.store.vouchers import save_issuer

SERIAL_FIRST: Final = 10_001
"""Generated people are numbered from here; below it stand the demonstration's own."""

_POPULATED: Final = """
SELECT EXISTS (SELECT FROM medswitch.member) OR EXISTS (SELECT FROM medswitch.institution)
    OR EXISTS (SELECT FROM medswitch.vault_key) OR EXISTS (SELECT FROM medswitch.audit_record)
"""
_WINDOW: Final = "INSERT INTO medswitch.clearing_window (book, day, opened_at) VALUES (%s, %s, %s)"
_PARTITIONS: Final = "SELECT medswitch.ensure_partitions(%s, %s)"
_OPENED: Final = """
SELECT member_id, detail -> 'filings' FROM medswitch.member_event
WHERE kind = 'opening' AND detail ? 'filings' ORDER BY bucket, member_id
"""
_ANALYZE: Final = """
ANALYZE medswitch.member, medswitch.card, medswitch.enrolment, medswitch.filing,
    medswitch.vault_key
"""


class NotEmpty(Exception):
    """The database holds a province already; a second one is never mixed into it."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a generated province is. `catalogue_items` come beside the shipped catalogue.

    `cards_listed`: of how many people `cards.csv` names the cards.
    """

    members: int
    institutions: int = 40
    terminals_per_institution: int = 2
    catalogue_items: int = 0
    cards_listed: int = 100_000

    def __post_init__(self) -> None:
        if min(self.members, self.institutions, self.catalogue_items, self.cards_listed) < 0:
            raise ValueError("a province's sizes are 0 or more")
        if not 1 <= self.terminals_per_institution <= 9_999:
            raise ValueError("an institution has 1..9999 terminals")


NOBODY: Final = Size(members=0, institutions=0)


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was loaded. Files lie in the data directory, when there is one."""

    members: int
    institutions: int
    terminals: int
    catalogue_items: int
    journals: int
    balances_fen: int
    files: tuple[Path, ...]

    def __str__(self) -> str:
        return (
            f"{self.members:,} members, {self.institutions:,} institutions, {self.terminals:,} "
            f"terminals, {self.catalogue_items:,} catalogue items, {self.journals:,} opening "
            f"journals"
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything a load needs, before a row is written."""

    size: Size
    random_seed: int
    kek: KeyHome
    today: date
    issuer: Issuer
    named: bool

    @property
    def at(self) -> datetime:
        """The instant of everything the load writes: midnight in Beijing, whenever it runs."""
        return datetime.combine(self.today, time(), BEIJING)


def seed(
    url: str,
    size: Size,
    *,
    random_seed: int,
    data_dir: Path | None,
    kek: KeyHome,
    today: date,
) -> Seeded:
    """Load a generated province; the same number, size and day give the same rows.

    Writes `issuer.json`, `cards.csv` and `terminals.csv` to `data_dir`. TEST USE: the keys follow
    from the number. `url` names the schema's owner. Raises: NotEmpty, ValueError, psycopg.Error.
    """
    issuer = make_issuer(random_seed)
    return _load(url, _Plan(size, random_seed, kek, today, issuer, named=False), data_dir)


def demonstration(
    url: str,
    *,
    random_seed: int,
    data_dir: Path | None,
    kek: KeyHome,
    today: date,
    size: Size = NOBODY,
) -> Seeded:
    """Load the demonstration province, with a generated one of `size` around it.

    As `seed`, and writes `people.json`: people, institutions and terminals by name.
    Raises: as `seed`.
    """
    issuer = make_issuer(random_seed)
    return _load(url, _Plan(size, random_seed, kek, today, issuer, named=True), data_dir)


def _load(url: str, plan: _Plan, data_dir: Path | None) -> Seeded:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(_PARTITIONS, (plan.today, plan.today))
        with conn.transaction():
            seeded = _load_all(conn, plan, data_dir)
        conn.execute(_ANALYZE)
    return seeded


def _load_all(conn: Connection[TupleRow], plan: _Plan, data_dir: Path | None) -> Seeded:
    populated = conn.execute(_POPULATED).fetchone()
    if populated is None or populated[0]:
        raise NotEmpty("the database holds a province already; seed an empty one")
    keys = list(switch_keys(plan.issuer, plan.kek, plan.random_seed))
    save_keys(conn, keys)
    vault = SoftwareVault(plan.kek, keys)
    cities = _reference(conn, plan)
    items = _catalogue(conn, plan.size)
    names = demo.institutions() if plan.named else {}
    named_terminals = demo.terminals(names, plan.today) if plan.named else {}
    places, terminals = _places(plan, cities, names.values(), named_terminals.values())
    elsewhere = demo.opened_elsewhere() if plan.named else iter(())
    further = save_institutions(conn, elsewhere) + save_institutions(conn, places.values())
    _banks(conn, places.values())
    agencies = demo.agencies() if plan.named else {}
    save_agencies(conn, agencies.values())
    if plan.named:
        signer = voucher_signer(plan.issuer.terminal_seed)
        trusted = VoucherIssuer(
            demo.VOUCHER_ISSUER, signer.algorithm, signer.public_key, demo.ARTICLE_DAY, None
        )
        save_issuer(conn, trusted)
    save_terminals(conn, terminals, plan.issuer, plan.kek, plan.random_seed)
    named = tuple(demo.people(CardFactory.of(plan.random_seed), plan.today)) if plan.named else ()
    cards = CardList(plan.size.cards_listed)
    lane = OpeningLane(vault, plan.today, plan.at)
    _people(conn, plan, lane, cards, [person.member for person in named], cities)
    with conn.cursor(name="opened") as cursor:
        cursor.execute(_OPENED)
        opened = opened_of((row[0], row[1]) for row in cursor)
    more = {**genesis_keys(conn, keys).content(), GENESIS_KEY: opened}
    begin(Registrar(conn, vault, EFFECTS), load_shipped(), plan.today, plan.at, more)
    bump_epoch(conn)
    files: list[Path] = []
    if data_dir is not None:
        files = [write_issuer(plan.issuer, data_dir), cards.write(data_dir)]
        files.append(write_terminals(data_dir, terminals, places))
        if plan.named:
            by_name = {person.name: person for person in named}
            files.append(write_people(data_dir, by_name, names, agencies, named_terminals))
    return Seeded(
        members=plan.size.members + len(named),
        institutions=further,
        terminals=len(terminals),
        catalogue_items=items,
        journals=lane.journals,
        balances_fen=lane.total_fen,
        files=tuple(files),
    )


def _reference(conn: Connection[TupleRow], plan: _Plan) -> list[RegionCode]:
    """Open today's windows; return the pooling cities."""
    regions = shipped_regions()
    pooling = sorted(region for region, one in regions.items() if one.pools)
    for book in (*pooling, INTERCITY):
        conn.execute(_WINDOW, (book, plan.today, plan.at))
    return [region for region in pooling if not regions[region].example]


def _banks(conn: Connection[TupleRow], places: Iterable[Institution]) -> None:
    pooling = (one for one in shipped_regions().values() if one.pools)
    copy_rows(conn, SAVE, (astuple(one) for one in bank_accounts(pooling, places)))


def _catalogue(conn: Connection[TupleRow], size: Size) -> int:
    count = save_catalogue(conn, PROVINCE, shipped_catalogue(PROVINCE))
    return count + save_catalogue(conn, PROVINCE, generate_rows(size.catalogue_items))


def _places(
    plan: _Plan,
    cities: list[RegionCode],
    named: Iterable[Institution],
    named_terminals: Iterable[PlacedTerminal],
) -> tuple[dict[str, Institution], list[PlacedTerminal]]:
    generated = list(generate_institutions(plan.size.institutions, cities))
    terminals = list(named_terminals)
    for one in generated:
        terminals += generate_terminals(one.code, plan.size.terminals_per_institution, plan.today)
    return {one.code: one for one in (*named, *generated)}, terminals


def _people(
    conn: Connection[TupleRow],
    plan: _Plan,
    lane: OpeningLane,
    cards: CardList,
    named: list[Member],
    cities: list[RegionCode],
) -> None:
    population = Population.of(plan.random_seed, plan.today, cities)
    generated = generate(population, plan.size.members, SERIAL_FIRST)
    save_people(conn, named, plan.at)
    lane.post(conn, named)
    for chunk in _chunks(generated, BATCH_SIZE):
        save_people(conn, chunk, plan.at)
        lane.post(conn, chunk)
        cards.add(chunk)


def _chunks(people: Iterator[Member], size: int) -> Iterator[list[Member]]:
    while chunk := list(islice(people, size)):
        yield chunk
