"""What else a request writes: rows beside the ledger's, kept in the register and under its seal.

Each row goes to its table and, whole, to the register with the request that wrote it: so the audit
finds what every row must be. `write_more` of the migrations has a part for each section.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from switch.ledger.digest import canonical_json
from switch.model.card import CardEvent
from switch.model.ids import RequestId
from switch.model.suspicion import Suspicion
from switch.model.voucher import VoucherUse
from switch.pipeline.view import Write
from switch.store.card_events import event_row
from switch.store.filings import filing_row
from switch.store.suspicions import suspicion_row
from switch.store.vouchers import voucher_row

Row = Mapping[str, Any]
"""Column → JSON value; days and instants as ISO text."""
Sections = dict[str, list[Row]]
"""Table → rows, in the order in which they were written."""

FILING: Final = "filing"
CARD_EVENT: Final = "card_event"
SUSPICION: Final = "suspicion"
VOUCHER_USE: Final = "voucher_use"

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    FILING: ("member_id", "filing_id"),
    CARD_EVENT: ("member_id", "version"),
    SUSPICION: ("member_id", "version"),
    VOUCHER_USE: ("member_id", "nonce"),
}
"""Section → the columns that name a row; the bucket follows from the person."""


def sections_of(writes: Iterable[Write]) -> Sections:
    """Return the rows of one request by section."""
    found: Sections = {}
    for one in writes:
        if isinstance(one, VoucherUse):
            found.setdefault(VOUCHER_USE, []).append(voucher_row(one))
        elif isinstance(one, Suspicion):
            found.setdefault(SUSPICION, []).append(suspicion_row(one))
        elif isinstance(one, CardEvent):
            found.setdefault(CARD_EVENT, []).append(event_row(one))
        else:
            found.setdefault(FILING, []).append(filing_row(one))
    return found


def canonical(sections: Mapping[str, Any] | None) -> str:
    """Return the text that a seal covers: one text for one content, "" for nothing."""
    return canonical_json(sections) if sections else ""


def more(requests: Mapping[RequestId, Sections]) -> str | None:
    """Return the posting function's last argument, or None when nothing else is written.

    `requests` stand in the order of the batch: of a row written twice the last counts.
    """
    if not requests:
        return None
    last: dict[str, dict[tuple[Any, ...], Row]] = {}
    for sections in requests.values():
        for section, rows in sections.items():
            names = _KEYS[section]
            keyed = last.setdefault(section, {})
            keyed.update({tuple(row[name] for name in names): row for row in rows})
    parts = {section: list(keyed.values()) for section, keyed in last.items()}
    return json.dumps({"requests": requests, **parts}, ensure_ascii=False, separators=(",", ":"))
