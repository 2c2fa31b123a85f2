"""A scratch file that sorts what the ledger keeps apart: facts by person, digests by batch.

The register lies in the order of request ids, journals by day; no index leads from a person or a
batch to their rows, and none is kept for the audit's sake. Each table is therefore read once, in
chunks, and the few facts that another order needs go to a temporary SQLite file, which sorts on
disk: about 100 bytes a settlement, flat memory.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final, Self

_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE person (
    member TEXT PRIMARY KEY, version INTEGER, atc INTEGER, current INTEGER, earlier INTEGER,
    accumulators TEXT
) WITHOUT ROWID;
CREATE TABLE fact (
    member TEXT, version INTEGER, source TEXT, late INTEGER, name TEXT, atc INTEGER,
    current INTEGER, earlier INTEGER, deltas TEXT
);
CREATE TABLE link (
    lane INTEGER, batch INTEGER, kind INTEGER, position INTEGER, at_us INTEGER, digest BLOB
);
CREATE TABLE total (lane INTEGER, batch INTEGER, sums TEXT);
CREATE TABLE stood (lane INTEGER, batch INTEGER, PRIMARY KEY (lane, batch)) WITHOUT ROWID;
CREATE TABLE late (lane INTEGER, batch INTEGER, PRIMARY KEY (lane, batch)) WITHOUT ROWID;
"""
_PEOPLE: Final = """
SELECT member, 0 AS kind, version, '' AS source, 0 AS late, '' AS name, atc, current, earlier,
    accumulators
FROM person
UNION ALL
SELECT member, 1, version, source, late, name, atc, current, earlier, deltas FROM fact
ORDER BY 1, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A member row: what a person's history must add up to."""

    member: str
    version: int
    atc: int
    current_fen: int
    earlier_fen: int
    accumulators: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Fact:
    """What one row says of a person's history.

    `source`: "request", "event", "journal", or "card": what a request did to a card. `name`: the
    row, or the kind of event. `late`: the row may be newer than the member row that was read.
    Amounts are what the ledger's postings move on the person's two accounts.
    """

    member: str
    version: int
    source: str
    late: bool
    name: str
    atc: int | None = None
    current_fen: int = 0
    earlier_fen: int = 0
    deltas: Mapping[str, Mapping[str, int]] | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The digest of one row of a batch. `kind`: 0 journal, 1 request, 2 its tombstone."""

    lane: int
    batch: int
    kind: int
    position: int
    at_us: int
    digest: bytes


JOURNAL: Final = 0
REQUEST: Final = 1
TOMBSTONE: Final = 2


class Scratch:
    """One temporary file, gone with the folder it lies in."""

    def __init__(self, folder: Path) -> None:
        self._file = sqlite3.connect(folder / "audit.sqlite", isolation_level=None)
        self._file.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add_people(self, people: Iterable[Person]) -> None:
        """Keep member rows."""
        self._many(
            "INSERT INTO person VALUES (?, ?, ?, ?, ?, ?)",
            (
                (p.member, p.version, p.atc, p.current_fen, p.earlier_fen, _text(p.accumulators))
                for p in people
            ),
        )

    def add_facts(self, facts: Iterable[Fact]) -> None:
        """Keep facts of people's histories."""
        self._many(
            "INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (f.member, f.version, f.source, f.late, f.name, f.atc, f.current_fen,
                 f.earlier_fen, None if f.deltas is None else _text(f.deltas))
                for f in facts
            ),
        )  # fmt: skip

    def add_links(self, links: Iterable[Link]) -> None:
        """Keep digests of rows."""
        self._many(
            "INSERT INTO link VALUES (?, ?, ?, ?, ?, ?)",
            ((n.lane, n.batch, n.kind, n.position, n.at_us, n.digest) for n in links),
        )

    def add_totals(self, totals: Mapping[tuple[int, int], Mapping[str, int]]) -> None:
        """Keep part sums of batches by (lane, batch); a batch may come in several parts."""
        rows = ((lane, batch, _text(sums)) for (lane, batch), sums in totals.items())
        self._many("INSERT INTO total VALUES (?, ?, ?)", rows)

    def add_late(self, batches: Iterable[tuple[int, int]]) -> None:
        """Keep the batches whose rows were met and that had not committed when the audit began."""
        self._many("INSERT OR IGNORE INTO late VALUES (?, ?)", batches)

    def sort_batches(self) -> None:
        """Make batches quick to find, once everything is added."""
        self._file.execute("CREATE INDEX link_batch ON link (lane, batch)")
        self._file.execute("CREATE INDEX total_batch ON total (lane, batch)")

    def links(self, lane: int, batch: int) -> list[Link]:
        """Return a batch's digests: journals first, then requests, each by position."""
        rows = self._file.execute(
            "SELECT lane, batch, kind, position, at_us, digest FROM link"
            " WHERE lane = ? AND batch = ? ORDER BY min(kind, 1), position, kind",
            (lane, batch),
        )
        return [Link(*row) for row in rows]

    def total(self, lane: int, batch: int) -> dict[str, int]:
        """Return what a batch's postings add to each account."""
        sums: dict[str, int] = {}
        for (text,) in self._file.execute(
            "SELECT sums FROM total WHERE lane = ? AND batch = ?", (lane, batch)
        ):
            for account, change in json.loads(text).items():
                sums[account] = sums.get(account, 0) + change
        return sums

    def add_stood(self, batches: Iterable[tuple[int, int]]) -> None:
        """Keep the batches that have a row."""
        self._many("INSERT INTO stood VALUES (?, ?)", batches)

    def orphans(self) -> Iterator[tuple[int, int]]:
        """Yield every (lane, batch) that rows were met of, and that has no row itself."""
        yield from self._file.execute(
            "SELECT lane, batch FROM link EXCEPT SELECT lane, batch FROM stood ORDER BY 1, 2"
        )

    def late(self) -> Iterator[tuple[int, int]]:
        """Yield the batches beyond the heads, in order."""
        yield from self._file.execute("SELECT lane, batch FROM late ORDER BY lane, batch")

    def histories(self) -> Iterator[tuple[Person | None, list[Fact]]]:
        """Yield each person with the facts of his history by version; None: no member row."""
        rows = self._file.execute(_PEOPLE)
        for member, found in groupby(rows, key=itemgetter(0)):
            person: Person | None = None
            facts: list[Fact] = []
            for _, kind, version, source, late, name, atc, current, earlier, text in found:
                values = None if text is None else json.loads(text)
                if kind == 0:
                    person = Person(member, version, atc, current, earlier, values or {})
                else:
                    facts.append(
                        Fact(member, version, source, bool(late), name, atc, current, earlier,
                             values)
                    )  # fmt: skip
            yield person, facts

    def _many(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        self._file.execute("BEGIN")
        self._file.executemany(statement, rows)
        self._file.execute("COMMIT")


def _text(value: Mapping[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))
