"""What else a request writes: rows beside the ledger's, kept in the register and under its seal.

Each row goes to its table and, whole, to the register with the request that wrote it: so the audit
finds what every row must be. `write_more` of the migrations has a part for each section. Only the
lines of a visit are not kept twice: the request's own body has them, the register their numbers.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, assert_never

from switch.ledger.digest import canonical_json
from switch.model.card import CardEvent
from switch.model.filing import FilingRecord
from switch.model.ids import RequestId, bucket_of_visit
from switch.model.suspicion import Suspicion
from switch.model.visit import LinesAdded, LinesWithdrawn, Visit
from switch.model.voucher import VoucherUse
from switch.pipeline.view import Write
from switch.store.card_events import event_row
from switch.store.filings import filing_row
from switch.store.suspicions import suspicion_row
from switch.store.visits import line_content, visit_row
from switch.store.vouchers import voucher_row

Row = Mapping[str, Any]
"""Column → JSON value; days and instants as ISO text."""
Sections = dict[str, list[Row]]
"""Table → rows, in the order in which they were written."""

FILING: Final = "filing"
VISIT: Final = "visit"
ADDED: Final = "visit_line_added"
WITHDRAWN: Final = "visit_line_withdrawn"
CARD_EVENT: Final = "card_event"
SUSPICION: Final = "suspicion"
VOUCHER_USE: Final = "voucher_use"

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    FILING: ("member_id", "filing_id"),
    VISIT: ("visit_id",),
    ADDED: ("visit_id", "change"),
    WITHDRAWN: ("visit_id", "change"),
    CARD_EVENT: ("member_id", "version"),
    SUSPICION: ("member_id", "version"),
    VOUCHER_USE: ("member_id", "nonce"),
}
"""Section → the columns that name a row; the bucket follows from the person."""


def sections_of(writes: Iterable[Write]) -> Sections:
    """Return the rows of one request by section, as the register keeps them."""
    found: Sections = {}
    for one in writes:
        match one:
            case FilingRecord():
                found.setdefault(FILING, []).append(filing_row(one))
            case Visit():
                found.setdefault(VISIT, []).append(visit_row(one))
            case LinesAdded():
                numbers = [line.number for line in one.lines]
                found.setdefault(ADDED, []).append(_changed(one, numbers))
            case LinesWithdrawn():
                pairs = [list(pair) for pair in one.lines]
                found.setdefault(WITHDRAWN, []).append(_changed(one, pairs))
            case CardEvent():
                found.setdefault(CARD_EVENT, []).append(event_row(one))
            case Suspicion():
                found.setdefault(SUSPICION, []).append(suspicion_row(one))
            case VoucherUse():
                found.setdefault(VOUCHER_USE, []).append(voucher_row(one))
            case _:
                assert_never(one)
    return found


def canonical(sections: Mapping[str, Any] | None) -> str:
    """Return the text that a seal covers: one text for one content, "" for nothing."""
    return canonical_json(sections) if sections else ""


def more(requests: Mapping[RequestId, Sections], writes: Iterable[Write] = ()) -> str | None:
    """Return the posting function's last argument, or None when nothing else is written.

    `requests` stand in the order of the batch: of a row written twice the last counts. `writes`:
    what they wrote, for the lines that the register does not keep.
    """
    if not requests:
        return None
    last: dict[str, dict[tuple[Any, ...], Row]] = {}
    for sections in requests.values():
        for section, rows in sections.items():
            names = _KEYS[section]
            keyed = last.setdefault(section, {})
            keyed.update({tuple(row[name] for name in names): row for row in rows})
    for one in writes:
        if isinstance(one, LinesAdded):
            lines = [line_content(line) for line in one.lines]
            last[ADDED][one.visit_id, one.change] = _changed(one, lines)
    parts = {section: list(keyed.values()) for section, keyed in last.items()}
    return json.dumps({"requests": requests, **parts}, ensure_ascii=False, separators=(",", ":"))


def _changed(change: LinesAdded | LinesWithdrawn, lines: list[Any]) -> Row:
    return {
        "bucket": bucket_of_visit(change.visit_id),
        "visit_id": change.visit_id,
        "change": change.change,
        "lines": lines,
    }
