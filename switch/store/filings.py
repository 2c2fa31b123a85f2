"""Filings with their history: rows of `filing`, read for whom a request names, and written."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from switch.model.codes import FilingKind
from switch.model.filing import FilingRecord
from switch.model.ids import MemberId, RegionCode, bucket_of_member
from switch.model.member import Filing
from switch.pipeline.view import View
from switch.store.acts import act_of, act_row
from switch.store.channel import Channel, Statement

_FILINGS: Final = Statement(
    "filings",
    """
SELECT f.member_id, f.filing_id, f.kind, f.region, f.place, f.disease_code, f.since, f.until,
    f.institution, f.relative, f.granted, f.ended
FROM unnest($1::int[], $2::text[]) AS k(bucket, member_id)
JOIN filing f ON f.bucket = k.bucket AND f.member_id = k.member_id
ORDER BY f.member_id, f.filing_id
""",
    ("int[]", "text[]"),
)


async def read_filings(channel: Channel, view: View, people: Collection[MemberId]) -> None:
    """Add people's filings to a view that holds the people.

    Whoever changed a filing since made a version of its person, by which posting finds it out.
    """
    members = sorted(people)
    keys = ([bucket_of_member(one) for one in members], members)
    (rows,) = await channel.run([(_FILINGS, _FILINGS.parameters(keys))])
    for row in rows:
        record = filing_record(row)
        view.filings.setdefault(record.member_id, {})[record.filing.filing_id] = record


def filing_record(row: Sequence[Any]) -> FilingRecord:
    """Return the record of a row: the columns of `filing` in table order, the bucket left out."""
    member_id, filing_id, kind, region, *parts, granted, ended = row
    filing = Filing(filing_id, FilingKind(kind), RegionCode(region), *parts)
    return FilingRecord(MemberId(member_id), filing, act_of(granted), act_of(ended))


def filing_row(record: FilingRecord) -> Mapping[str, Any]:
    """Return a filing's row: column → JSON value."""
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
        "relative": filing.relative,
        "granted": act_row(record.granted),
        "ended": act_row(record.ended),
    }
