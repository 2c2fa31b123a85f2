"""The policies a command names: files and folders, those shipped, those in the database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from switch.cases.files import read_policies
from switch.cli.database import open_database
from switch.config import Settings
from switch.model.ids import BEIJING
from switch.rules.book import RuleBook
from switch.store.rule_books import find_book, find_hashed, load_shipped

STORED = ("active:", "hash:")
"""How a name begins that only the database can answer."""


def read_book(settings: Settings, name: str) -> RuleBook:
    """Return the book that a name means: a file or folder, shipped:, active: or hash:.

    Raises: ValueError saying what is wrong, OSError for a file that cannot be read.
    """
    kind, _, rest = name.partition(":")
    if name.startswith(STORED):
        with _connection(settings) as connection:
            if kind == "active":
                return find_book(connection, rest, datetime.now(BEIJING).date())
            return find_hashed(connection, rest)
    if name.startswith("shipped:"):
        shipped = {str(region): texts for region, texts in load_shipped().items()}
        if rest not in shipped:
            raise ValueError(f"no policy of region {rest} is shipped; these are: "
                             f"{', '.join(sorted(shipped))}")  # fmt: skip
        return RuleBook.parse(shipped[rest])
    return read_one_book([Path(name)])


def read_one_book(paths: Sequence[Path]) -> RuleBook:
    """Return the one book of files and folders of files. Raises: ValueError, OSError."""
    books = read_books(paths)
    if len(books) != 1:
        raise ValueError(f"{', '.join(map(str, paths))}: policies of {len(books)} regions; name "
                         "the files of one")  # fmt: skip
    return books[0]


def read_books(paths: Sequence[Path]) -> list[RuleBook]:
    """Return the books of files and folders of files, one a region. Raises: ValueError, OSError."""
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not found:
            raise ValueError(f"{path}: no policy file (*.toml) in this folder")
        files += found
    return list(read_policies(files).books.values())


def read_books_named(settings: Settings, names: Sequence[str]) -> list[RuleBook]:
    """Return the books of several names, at most one a region; files of a region stand together.

    Raises: ValueError, OSError.
    """
    paths = [Path(name) for name in names if not name.startswith((*STORED, "shipped:"))]
    books = read_books(paths)
    books += [read_book(settings, name) for name in names if Path(name) not in paths]
    regions = [book.region for book in books]
    if len(set(regions)) != len(regions):
        raise ValueError(f"two policies of one region: {', '.join(sorted(regions))}")
    return books


@contextmanager
def _connection(settings: Settings) -> Iterator[Connection[TupleRow]]:
    with open_database(settings) as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection
