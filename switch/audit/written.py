"""Invariant 17: what stands beside the ledger is what the requests it names wrote, row by row.

A request's rows are kept with it, under its seal. So a row that was changed since differs from what
its last request wrote; one that was set back, or removed, no longer names a request that wrote it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from switch.audit.findings import REFERENCES, WRITTEN, Violation
from switch.audit.rows import FilingRow, RequestRow
from switch.model.ids import MemberId, bucket_of_member
from switch.model.reply import ReplyCode
from switch.store.written import FILING

FilingKey = tuple[str, str]
"""Person and filing id."""


def written_filings(rows: Sequence[RequestRow]) -> set[FilingKey]:
    """Return the filings that requests say they wrote."""
    return {_key(one) for row in rows for one in (row.writes or {}).get(FILING, ())}


def check_written(row: RequestRow, filings: Mapping[FilingKey, FilingRow]) -> Iterator[Violation]:
    """What a request wrote stands, under a version it made, and names it."""
    if row.writes is None:
        return
    if row.code != ReplyCode.OK or row.member_version is None:
        yield Violation(WRITTEN, row.key, "wrote rows and made no version of its person")
    for section, rows in row.writes.items():
        if section != FILING:
            yield Violation(WRITTEN, row.key, f"wrote {section!r}, which is no table of ours")
            continue
        for one in rows:
            yield from _check_stands(row, one, filings.get(_key(one)))


def check_filing(filing: FilingRow, requests: Mapping[str, RequestRow]) -> Iterator[Violation]:
    """A filing is to the letter what the last request that it names wrote."""
    if not filing.requests:
        return
    name = filing.requests[-1]
    request = requests.get(name)
    if request is None:
        yield Violation(WRITTEN, filing.key, f"names request {name}, which is not there")
        return
    rows = (request.writes or {}).get(FILING, ())
    key = (filing.member_id, filing.filing_id)
    wrote = [one for one in rows if _key(one) == key]
    if not wrote:
        yield Violation(WRITTEN, filing.key, f"names {request.key}, which did not write it")
        return
    stands = filing.written()
    differing = sorted(name for name in stands if wrote[-1].get(name) != stands[name])
    if differing:
        yield Violation(
            WRITTEN, filing.key, f"differs from what {request.key} wrote: {', '.join(differing)}"
        )


def check_filing_bucket(filing: FilingRow) -> Iterator[Violation]:
    """A filing lies in its person's bucket."""
    if filing.bucket != bucket_of_member(MemberId(filing.member_id)):
        yield Violation(
            REFERENCES, filing.key, f"lies in bucket {filing.bucket}, which is not its person's"
        )


def _check_stands(
    row: RequestRow, wrote: Mapping[str, Any], filing: FilingRow | None
) -> Iterator[Violation]:
    name = f"filing {wrote.get('filing_id')}"
    if wrote.get("member_id") != row.member_id:
        yield Violation(WRITTEN, row.key, f"wrote {name} of another person than its own")
    if filing is None:
        yield Violation(WRITTEN, row.key, f"wrote {name}, which is not there")
    elif row.request_id not in filing.requests:
        yield Violation(WRITTEN, row.key, f"wrote {name}, which does not name it")


def _key(row: Mapping[str, Any]) -> FilingKey:
    return str(row.get("member_id")), str(row.get("filing_id"))
