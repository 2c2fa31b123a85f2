"""What else a request writes: rows beside the ledger's, kept in the register and under its seal.

Each row goes to its table and, whole, to the register with the request that wrote it: so the audit
finds what every row must be. `write_more` of the migrations has a part for each section.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from switch.ledger.digest import canonical_json
from switch.model.codes import FilingKind
from switch.model.filing import Act, FilingRecord
from switch.model.ids import (
    InstitutionCode,
    MemberId,
    RegionCode,
    RequestId,
    TerminalId,
    bucket_of_member,
)
from switch.model.member import Filing
from switch.pipeline.view import Write

Row = Mapping[str, Any]
"""Column → JSON value; days and instants as ISO text."""
Sections = dict[str, list[Row]]
"""Table → rows, in the order in which they were written."""

FILING: Final = "filing"

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {FILING: ("member_id", "filing_id")}
"""Section → the columns that name a row; the bucket follows from the person."""


def sections_of(writes: Iterable[Write]) -> Sections:
    """Return the rows of one request by section."""
    found: Sections = {}
    for one in writes:
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


def filing_row(record: FilingRecord) -> Row:
    """Return a filing's row."""
    filing = record.filing
    return {
        "bucket": bucket_of_member(record.member_id),
        "member_id": record.member_id,
        "filing_id": filing.filing_id,
        "kind": filing.kind,
        "region": filing.region,
        "place": filing.place,
        "disease_code": filing.disease_code,
        "since": filing.since.isoformat(),
        "until": None if filing.until is None else filing.until.isoformat(),
        "institution": filing.institution,
        "granted": _act_row(record.granted),
        "ended": _act_row(record.ended),
    }


def filing_record(row: Sequence[Any]) -> FilingRecord:
    """Return the record of a row: the columns of `filing` in table order, the bucket left out."""
    member, filing_id, kind, region, place, disease, since, until, institution, granted, ended = row
    return FilingRecord(
        MemberId(member),
        Filing(
            filing_id, FilingKind(kind), RegionCode(region), place, disease, since, until,
            institution,
        ),
        _act(granted),
        _act(ended),
    )  # fmt: skip


def _act(row: Row | None) -> Act | None:
    if row is None:
        return None
    return Act(
        RequestId(row["request_id"]),
        InstitutionCode(row["institution"]),
        TerminalId(row["terminal_id"]),
        row["operator"],
        row["why"],
        datetime.fromisoformat(row["at"]),
    )


def _act_row(act: Act | None) -> Row | None:
    if act is None:
        return None
    return {
        "request_id": act.request_id,
        "institution": act.institution,
        "terminal_id": act.terminal_id,
        "operator": act.operator,
        "why": act.why,
        "at": act.at.isoformat(),
    }
