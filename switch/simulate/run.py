"""One simulation: persons by ranges of buckets, spread over processes, each range on its own.

A process holds whole persons, so what the candidate gave before is always known; sums of ranges add
up. Every process reads through one connection of its own, in statements of a page.
"""

import atexit
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.audit.reader import open_reader
from switch.audit.recompute import Books
from switch.model.ids import BUCKET_COUNT
from switch.rules.book import RuleBook
from switch.simulate.candidate import Candidate
from switch.simulate.reading import Span, read_persons
from switch.simulate.replay import replay
from switch.simulate.sums import Sums
from switch.store.rule_books import load_activations, load_book, load_catalogues

RANGE: Final = 4
"""Buckets of one piece of work: 256 pieces, for an even load and steady progress."""

Told = Callable[[int, int, int], None]
"""Hears (buckets done, of how many, journals read)."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: candidate policies, one a region, and business days."""

    candidates: tuple[RuleBook, ...]
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Part:
    """What one range of buckets came to."""

    sums: Sums
    journals: int


class Worker:
    """What a process needs for its ranges: a connection, and the rules before and after."""

    def __init__(self, connection: Connection[TupleRow], question: Question) -> None:
        self._connection = connection
        self._question = question
        activations = load_activations(connection)
        books = Books(
            load_catalogues(connection),
            activations,
            lambda region, digest: load_book(connection, region, digest),
        )
        regions = {book.region for book in question.candidates}
        stood = [books.load(a.region, a.hash) for a in activations if a.region in regions]
        self._candidate = Candidate(books, stood, question.candidates)

    def work(self, first: int) -> Part:
        """Decide every settlement of a range of buckets again."""
        sums = Sums()
        read = 0

        def told(count: int) -> None:
            nonlocal read
            read += count

        span = Span(
            f"{first:04d}", f"{first + RANGE:04d}", self._question.since, self._question.until
        )
        candidate = self._candidate
        for person in read_persons(self._connection, span, candidate.touches, told):
            try:
                # All of a person or nothing: half of one would be no sum.
                sums.add_person(list(replay(person.events, candidate.decide)))
            except (LookupError, ValueError) as error:
                sums.add_unread(f"{type(error).__name__}: {error}")
            for why in person.unread:
                sums.add_unread(why)
        return Part(sums, read)


def simulate(url: str, question: Question, *, jobs: int, told: Told) -> Part:
    """Return what would have changed. Raises: psycopg.Error."""
    ranges = range(0, BUCKET_COUNT, RANGE)
    whole = Part(Sums(), 0)
    done = 0
    for part in _parts(url, question, ranges, jobs):
        whole.sums.join(part.sums)
        whole = Part(whole.sums, whole.journals + part.journals)
        done += RANGE
        told(done, BUCKET_COUNT, whole.journals)
    return whole


def _parts(url: str, question: Question, ranges: Sequence[int], jobs: int) -> Iterator[Part]:
    if jobs == 1:
        with open_reader(url) as connection:
            yield from map(Worker(connection, question).work, ranges)
        return
    # Spawned, not forked: a fork would share this process's connections and threads.
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_start, initargs=(url, question)
    ) as pool:
        futures: list[Future[Part]] = [pool.submit(_work, first) for first in ranges]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_HERE: list[Worker] = []
"""A spawned process's own worker; its connection lives as long as the process."""


def _start(url: str, question: Question) -> None:
    kept = ExitStack()
    atexit.register(kept.close)
    _HERE.append(Worker(kept.enter_context(open_reader(url)), question))


def _work(first: int) -> Part:
    return _HERE[0].work(first)
