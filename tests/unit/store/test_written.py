"""What else a request writes: one text for one content, and the last of a row's writings."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

from switch.ledger.digest import canonical_json
from switch.model.act import Act
from switch.model.codes import FilingKind
from switch.model.filing import FilingRecord
from switch.model.ids import InstitutionCode, MemberId, RegionCode, RequestId, TerminalId
from switch.model.member import Filing
from switch.store.filings import filing_record, filing_row
from switch.store.posting import request_digest_input
from switch.store.written import FILING, canonical, more, sections_of

FIRST = RequestId("H33020000001201812011000000001")
SECOND = RequestId("H33020000001201812011000000002")
ACT = Act(
    FIRST, InstitutionCode("H33020000001"), TerminalId("T1"), "王“一”", "住在杭州",
    datetime(2018, 12, 1, 2, 0, 0, 5, UTC),
)  # fmt: skip
RECORD = FilingRecord(
    MemberId("0001A0000001"),
    Filing(
        "BA1", FilingKind.RESIDENCE, RegionCode("330299"), "330100", "", date(2018, 12, 1), None
    ),
    ACT,
)
ENDED = replace(
    RECORD,
    filing=replace(RECORD.filing, until=date(2018, 12, 1)),
    ended=replace(ACT, request_id=SECOND),
)
REQUEST = [
    date(2018, 12, 1), FIRST, 1, 0, "File", "T1", b"s", 1, b"m", b"body", 1, b"reply",
    "0001A0000001", 2, None, None, None, b"", "", datetime(2018, 12, 1, tzinfo=UTC),
]  # fmt: skip


def test_a_row_read_back_is_the_record_that_was_written() -> None:
    for record in (RECORD, ENDED, replace(RECORD, granted=None)):
        row = json.loads(json.dumps(filing_row(record)))
        for name in ("since", "until"):
            row[name] = row[name] and date.fromisoformat(row[name])
        assert row.pop("bucket") == 1
        assert filing_record(list(row.values())) == record


def test_nothing_written_costs_no_argument_and_changes_no_seal() -> None:
    assert more({}) is None
    assert canonical(sections_of(())) == ""
    assert request_digest_input(1, 1, REQUEST, {}) == request_digest_input(1, 1, REQUEST)


def test_a_seal_covers_every_value_that_is_written() -> None:
    sections = sections_of((RECORD,))
    sealed = request_digest_input(1, 1, REQUEST, sections)
    assert sealed != request_digest_input(1, 1, REQUEST)
    for name in filing_row(RECORD):
        changed = {FILING: [{**sections[FILING][0], name: "another"}]}
        assert request_digest_input(1, 1, REQUEST, changed) != sealed, name


def test_the_text_of_what_is_written_survives_the_database() -> None:
    """jsonb keeps no order of keys; the text is made again from the values."""
    sections = sections_of((RECORD, ENDED))
    rows = [dict(reversed(list(row.items()))) for row in sections[FILING]]
    turned = json.loads(json.dumps({FILING: rows}))
    assert canonical(turned) == canonical(sections) == canonical_json(sections)


def test_of_a_row_written_twice_in_a_batch_the_last_one_stands() -> None:
    text = more({FIRST: sections_of((RECORD,)), SECOND: sections_of((ENDED,))})
    assert text is not None
    given = json.loads(text)
    assert given[FILING] == [filing_row(ENDED)]
    assert given["requests"] == {
        FIRST: {FILING: [filing_row(RECORD)]},
        SECOND: {FILING: [filing_row(ENDED)]},
    }
