"""The bytes that a seal covers: one canonical form of a journal and of a register row.

The lane makes them from what it is about to write, the audit from what it reads back; any change
of a sealed column changes them. Fields are joined by U+001F, which no field can contain: codes
and ids are checked, mappings are canonical JSON, byte fields go in as length and bytes.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from switch.model.journal import Posting

_SEPARATOR = "\x1f"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# `json.dumps` makes an encoder for every text that is not of its own defaults: half the price.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical_json(value: Mapping[str, object]) -> str:
    """Return JSON with sorted keys and no spaces: one text for one value."""
    return _encode(value)


def journal_bytes(columns: Sequence[object], postings: Sequence[Posting]) -> bytes:
    """Return the canonical bytes of a journal: its columns in table order, then its postings."""
    parts = _texts(columns)
    for posting in postings:
        parts += (posting.book, posting.debit, posting.credit, str(posting.amount_fen))
    return _SEPARATOR.join(parts).encode()


def request_bytes(columns: Sequence[object], blobs: Sequence[bytes]) -> bytes:
    """Return the canonical bytes of a register row: its columns, then its byte fields.

    What a request writes beside the ledger is one more byte field, where it writes anything.
    """
    head = _SEPARATOR.join(_texts(columns)).encode()
    return b"".join((head, *(part for blob in blobs for part in (len(blob).to_bytes(4), blob))))


def instant_us(value: datetime) -> int:
    """Return an instant as whole microseconds since 1970, exactly: PostgreSQL keeps no more."""
    return (value - _EPOCH) // _MICROSECOND


def _texts(columns: Sequence[object]) -> list[str]:
    """Return columns as texts; none of them is an instant, which `instant_us` makes a number."""
    return ["" if column is None else str(column) for column in columns]
