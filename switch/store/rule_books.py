"""Rule books and catalogues: shipped with the package, activated in the database, loaded from it.

A book's texts are kept for ever under their hash, so that any decision can be computed again.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby
from operator import itemgetter
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from switch.model.ids import RegionCode
from switch.rules.adjudicate import Rules
from switch.rules.book import RuleBook
from switch.rules.catalogue import Catalogue
from switch.rules.regions import Region, parse_regions

Texts = Mapping[str, str]
"""One region's policy: file name → TOML text."""

FETCH_ROWS: Final = 2_000

_ACTIVATE: Final = """
INSERT INTO medswitch.rule_book (hash, region, texts, activated_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (region, hash) DO UPDATE SET activated_at = excluded.activated_at
"""
_SAVE_ITEMS: Final = "COPY medswitch.catalogue_item (region, code, since, item) FROM STDIN"
_BUMP: Final = "UPDATE medswitch.epoch SET epoch = epoch + 1 RETURNING epoch"
_EPOCH: Final = "SELECT epoch FROM medswitch.epoch"
_LATEST: Final = """
SELECT DISTINCT ON (region) region, texts FROM medswitch.rule_book
ORDER BY region, activated_at DESC, hash
"""
_ACTIVE: Final = """
SELECT texts FROM medswitch.rule_book WHERE region = %s
ORDER BY activated_at DESC, hash LIMIT 1
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


def activate(conn: Connection[TupleRow], region: str, texts: Texts, at: datetime) -> str:
    """Make a book the one in force for its region and return its hash; bumps the epoch.

    Raises: ValueError for a book that is none, or of another region.
    """
    book = RuleBook.parse(texts)
    if book.region != region:
        raise ValueError(f"the book is of region {book.region}, not {region}")
    conn.execute(_ACTIVATE, (book.hash, region, Jsonb(dict(texts)), at))
    bump_epoch(conn)
    return book.hash


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


def load_rules(conn: Connection[TupleRow]) -> tuple[int, Rules]:
    """Return the epoch, the latest book of each region and every catalogue.

    The epoch is read first: what changes meanwhile is newer than the epoch that is returned, and a
    posting under it is refused. Raises: ValueError for a book or catalogue that does not parse.
    """
    row = conn.execute(_EPOCH).fetchone()
    epoch = int(row[0]) if row else 0
    books = {region: RuleBook.parse(texts) for region, texts in conn.execute(_LATEST).fetchall()}
    catalogues: dict[str, Catalogue] = {}
    # A server-side cursor: a catalogue of 100,000 items never stands in memory twice.
    with conn.transaction(), conn.cursor(name="catalogue") as cursor:
        cursor.itersize = FETCH_ROWS
        cursor.execute(_ITEMS)
        for region, rows in groupby(cursor, key=itemgetter(0)):
            catalogues[region] = Catalogue.parse(region, _items(rows))
    return epoch, Rules(books, catalogues)


def load_book(conn: Connection[TupleRow], region: str, book_hash: str) -> RuleBook:
    """Return a book that was ever in force, by its hash. Raises: LookupError."""
    row = conn.execute(_BOOK, (region, book_hash)).fetchone()
    if row is None:
        raise LookupError(f"no rule book {book_hash} of region {region}")
    return RuleBook.parse(row[0])


def find_book(conn: Connection[TupleRow], *, region: str = "", digest: str = "") -> RuleBook:
    """Return a region's latest book, or the book whose hash begins with some digits.

    Raises: ValueError when there is none, or more than one.
    """
    if region:
        row = conn.execute(_ACTIVE, (region,)).fetchone()
        if row is None:
            raise ValueError(f"no rule book of region {region} is in the database")
        return RuleBook.parse(row[0])
    rows = conn.execute(_HASHED, (len(digest), digest)).fetchall()
    if not digest or len(rows) != 1:
        raise ValueError(f"{len(rows)} rule books have a hash that begins with {digest!r}")
    return RuleBook.parse(rows[0][1])


def _items(rows: Iterable[TupleRow]) -> Iterator[Mapping[str, str]]:
    for _, item in rows:
        yield item


def _parameters() -> Traversable:
    return files("switch.rules") / "parameters"
