"""Rule books and catalogues: shipped with the package, kept and put in force in the database.

A book's texts are kept for ever under their hash, so that any decision can be computed again.
Which book is in force follows the business day, and that the region's open window: the lock that
turns the day turns the policy, and a posting decided before it is refused with its window.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby
from operator import itemgetter
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from switch.model.ids import RegionCode
from switch.office.activation import Activation, in_force
from switch.rules.adjudicate import Rules
from switch.rules.book import RuleBook
from switch.rules.catalogue import Catalogue
from switch.rules.regions import Region, parse_regions

Texts = Mapping[str, str]
"""One region's policy: file name → TOML text."""

FETCH_ROWS: Final = 2_000

_KEEP: Final = """
INSERT INTO medswitch.rule_book (hash, region, texts, kept_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (region, hash) DO NOTHING
"""
_PUT_IN_FORCE: Final = """
INSERT INTO medswitch.rule_book_activation (region, hash, active_from, record, change)
VALUES (%s, %s, %s, %s, %s)
"""
_SAVE_ITEMS: Final = "COPY medswitch.catalogue_item (region, code, since, item) FROM STDIN"
_BUMP: Final = "UPDATE medswitch.epoch SET epoch = epoch + 1 RETURNING epoch"
_EPOCH: Final = "SELECT epoch FROM medswitch.epoch"
_ACTIVATIONS: Final = """
SELECT region, hash, active_from, record, change FROM medswitch.rule_book_activation
ORDER BY region, active_from, record
"""
_HASHED: Final = """
SELECT DISTINCT hash, texts FROM medswitch.rule_book WHERE left(hash, %s) = %s
"""
_BOOK: Final = "SELECT texts FROM medswitch.rule_book WHERE region = %s AND hash = %s"
_ITEMS: Final = """
SELECT region, item FROM medswitch.catalogue_item ORDER BY region, code COLLATE "C", since
"""


def load_shipped() -> dict[RegionCode, dict[str, str]]:
    """Return the texts of every rule book in the package, by region."""
    folders = (place for place in _parameters().iterdir() if place.is_dir())
    return {
        RegionCode(folder.name): {
            file.name: file.read_text(encoding="utf-8")
            for file in folder.iterdir()
            if file.name.endswith(".toml")
        }
        for folder in sorted(folders, key=lambda place: place.name)
        if folder.name.isdigit()
    }


def shipped_regions() -> Mapping[RegionCode, Region]:
    """Return the tree of regions in the package."""
    return parse_regions((_parameters() / "regions.toml").read_text(encoding="utf-8"))


def shipped_catalogue(region: str) -> list[dict[str, str]]:
    """Return the rows of a catalogue in the package. Raises: FileNotFoundError."""
    text = (_parameters() / f"catalogue_{region}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@dataclass(frozen=True, slots=True)
class Shelf:
    """Books by region and hash, from those in force on `since` on, and catalogues, at one epoch."""

    epoch: int
    since: date
    activations: tuple[Activation, ...]
    books: Mapping[tuple[str, str], RuleBook]
    catalogues: Mapping[str, Catalogue]

    def rules(self, days: Mapping[str, date], otherwise: date) -> Rules:
        """Return the rules by each region's business day, or `otherwise` where it has none.

        Raises: KeyError for a day before `since`, whose book may not stand here.
        """
        books = {}
        for region in sorted({one.region for one in self.activations}):
            found = in_force(self.activations, region, days.get(region, otherwise))
            if found is not None:
                books[region] = self.books[region, found.hash]
        return Rules(books, self.catalogues)


def keep_book(conn: Connection[TupleRow], region: str, texts: Texts, at: datetime) -> str:
    """Keep a book's texts under its hash and return the hash; it is not in force by that.

    Raises: ValueError for a book that is none, or of another region.
    """
    book = RuleBook.parse(texts)
    if book.region != region:
        raise ValueError(f"the book is of region {book.region}, not {region}")
    conn.execute(_KEEP, (book.hash, region, Jsonb(dict(texts)), at))
    return book.hash


def put_in_force(conn: Connection[TupleRow], one: Activation) -> None:
    """Put a kept book in force from a business day on; bumps the epoch.

    Raises: LookupError for a book that is not kept, ValueError when its texts were changed since.
    """
    load_book(conn, one.region, one.hash)
    conn.execute(_PUT_IN_FORCE, (one.region, one.hash, one.active_from, one.record, one.change))
    bump_epoch(conn)


def load_activations(conn: Connection[TupleRow]) -> tuple[Activation, ...]:
    """Return every activation there is: some a year and region."""
    return tuple(Activation(*row) for row in conn.execute(_ACTIVATIONS))


def save_catalogue(
    conn: Connection[TupleRow], region: str, rows: Iterable[Mapping[str, str]]
) -> int:
    """Add catalogue rows to a region of care and return how many; bumps the epoch.

    Raises: psycopg.errors.UniqueViolation when a code already begins on the same day.
    """
    count = 0
    with conn.cursor() as cursor, cursor.copy(_SAVE_ITEMS) as copy:
        for row in rows:
            copy.write_row((region, row["code"], row["since"], Jsonb(dict(row))))
            count += 1
    bump_epoch(conn)
    return count


def bump_epoch(conn: Connection[TupleRow]) -> int:
    """Tell every process that reference data changed; return the new epoch."""
    row = conn.execute(_BUMP).fetchone()
    if row is None:
        raise LookupError("the epoch row is missing: run `medswitch migrate`")
    return int(row[0])


def load_epoch(conn: Connection[TupleRow]) -> int:
    """Return the epoch of reference data; 0 in a database that is not migrated whole."""
    row = conn.execute(_EPOCH).fetchone()
    return int(row[0]) if row else 0


def load_shelf(conn: Connection[TupleRow], since: date) -> Shelf:
    """Return every book in force on a business day or later, and every catalogue.

    The epoch is read first: what changes meanwhile is newer than the epoch that is returned, and a
    posting under it is refused. Books to come are parsed now, so that midnight costs nothing.
    Raises: ValueError for a book or catalogue that does not parse.
    """
    epoch = load_epoch(conn)
    activations = load_activations(conn)
    needed = [one for one in activations if one.active_from > since]
    for region in {one.region for one in activations}:
        found = in_force(activations, region, since)
        needed += [] if found is None else [found]
    books = {
        (region, book_hash): load_book(conn, region, book_hash)
        for region, book_hash in sorted({(one.region, one.hash) for one in needed})
    }
    return Shelf(epoch, since, activations, books, load_catalogues(conn))


def load_catalogues(conn: Connection[TupleRow]) -> dict[str, Catalogue]:
    """Return every catalogue by region of care. Raises: ValueError for one that does not parse."""
    catalogues: dict[str, Catalogue] = {}
    # A server-side cursor: a catalogue of 100,000 items never stands in memory twice.
    with conn.transaction(), conn.cursor(name="catalogue") as cursor:
        cursor.itersize = FETCH_ROWS
        cursor.execute(_ITEMS)
        for region, rows in groupby(cursor, key=itemgetter(0)):
            catalogues[region] = Catalogue.parse(region, _items(rows))
    return catalogues


def load_rules(conn: Connection[TupleRow], on: date) -> tuple[int, Rules]:
    """Return the epoch, the book in force in each region on a business day, every catalogue.

    Raises: as `load_shelf`.
    """
    shelf = load_shelf(conn, on)
    return shelf.epoch, shelf.rules({}, on)


def load_book(conn: Connection[TupleRow], region: str, book_hash: str) -> RuleBook:
    """Return a book that was ever kept, by its hash.

    Raises: LookupError; ValueError when its texts are no longer those it was kept with.
    """
    row = conn.execute(_BOOK, (region, book_hash)).fetchone()
    if row is None:
        raise LookupError(f"no rule book {book_hash} of region {region}")
    book = RuleBook.parse(row[0])
    if book.hash != book_hash:
        raise ValueError(f"the texts kept as {book_hash} now hash to {book.hash}")
    return book


def find_book(conn: Connection[TupleRow], region: str, on: date) -> RuleBook:
    """Return the book in force in a region on a business day. Raises: ValueError."""
    found = in_force(load_activations(conn), region, on)
    if found is None:
        raise ValueError(f"no rule book of region {region} is in force on {on}")
    return load_book(conn, region, found.hash)


def find_hashed(conn: Connection[TupleRow], digest: str) -> RuleBook:
    """Return the book whose hash begins with some digits, in force or not. Raises: ValueError."""
    rows = conn.execute(_HASHED, (len(digest), digest)).fetchall()
    if not digest or len(rows) != 1:
        raise ValueError(f"{len(rows)} rule books have a hash that begins with {digest!r}")
    return RuleBook.parse(rows[0][1])


def _items(rows: Iterable[TupleRow]) -> Iterator[Mapping[str, str]]:
    for _, item in rows:
        yield item


def _parameters() -> Traversable:
    return files("switch.rules") / "parameters"
