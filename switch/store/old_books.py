"""Rule books that are in force no more, for what is decided as it was then: a part refund.

Kept under their hash for ever; loaded when a request asks for one, parsed beside the event loop,
and held. A book never changes, so what is held needs no comparing.
"""

import asyncio
from collections import OrderedDict
from typing import Final

from switch.rules.book import RuleBook
from switch.store.channel import Channel, Statement

HELD_MAX: Final = 16

_TEXTS: Final = Statement(
    "texts", "SELECT texts FROM rule_book WHERE region = $1 AND hash = $2", ("text", "text")
)

BookKey = tuple[str, str]
"""Region and hash."""


class OldBooks:
    """The books that were asked for last. One instance a connection."""

    def __init__(self) -> None:
        self._held: OrderedDict[BookKey, RuleBook] = OrderedDict()

    async def find(self, channel: Channel, key: BookKey) -> RuleBook | None:
        """Return a book by its region and hash, or None when it was never kept.

        Raises: psycopg.Error; ValueError when its texts are no longer those it was kept with.
        """
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        (rows,) = await channel.run([(_TEXTS, _TEXTS.parameters(key))])
        if not rows:
            return None
        book = await asyncio.to_thread(RuleBook.parse, rows[0][0])
        if (book.region, book.hash) != key:
            raise ValueError(f"the texts kept as {key[1]} now hash to {book.hash}")
        self._held[key] = book
        if len(self._held) > HELD_MAX:
            self._held.popitem(last=False)
        return book
