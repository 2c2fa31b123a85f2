"""Invariant 17: what stands beside the ledger is what the requests it names wrote, row by row.

A request's rows are kept with it, under its seal. So a row that was changed since differs from what
its last request wrote; one that was set back, or removed, no longer names a request that wrote it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from switch.audit.findings import REFERENCES, WRITTEN, Violation
from switch.audit.rows import Case, FilingRow, RequestRow
from switch.model.act import Act, Reason
from switch.model.ids import (
    InstitutionCode,
    MemberId,
    RequestId,
    TerminalId,
    bucket_of_member,
)
from switch.model.reply import ReplyCode
from switch.model.stages import File, Withdraw
from switch.rules.filing import place_of
from switch.store.acts import act_row
from switch.store.written import (
    ADDED,
    CARD_EVENT,
    FILING,
    SUSPICION,
    VISIT,
    VOUCHER_USE,
    WITHDRAWN,
)

_CHANGES: Final = frozenset({"File", "Withdraw"})
_ANSWERED: Final = ("filing_id", "region", "place", "disease_code", "since", "institution")

FilingKey = tuple[str, str]
"""Person and filing id."""


def written_filings(rows: Sequence[RequestRow]) -> set[FilingKey]:
    """Return the filings that requests say they wrote."""
    return {_key(one) for row in rows for one in (row.writes or {}).get(FILING, ())}


def check_written(row: RequestRow, filings: Mapping[FilingKey, FilingRow]) -> Iterator[Violation]:
    """What a request wrote stands, under a version it made, and names it."""
    if row.writes is None:
        return
    alarm = row.code == ReplyCode.CARD_COUNTER_USED and SUSPICION in row.writes
    if not (alarm or row.code == ReplyCode.OK) or row.member_version is None:
        yield Violation(WRITTEN, row.key, "wrote rows and made no version of its person")
    for section, rows in row.writes.items():
        if section in {VISIT, ADDED, WITHDRAWN, CARD_EVENT, SUSPICION, VOUCHER_USE}:
            continue  # see `visits`, `cards`, `suspicions` and `vouchers`
        if section != FILING:
            yield Violation(WRITTEN, row.key, f"wrote {section!r}, which is no table of ours")
            continue
        for one in rows:
            yield from _check_stands(row, one, filings.get(_key(one)))


def check_asked(case: Case) -> Iterator[Violation]:
    """What a request wrote is what it asked for, and what it was answered.

    A request about filings that was answered OK wrote one filing, and no other request wrote any.
    """
    row, operation = case.row, case.operation
    rows = (row.writes or {}).get(FILING, [])
    changes = row.method in _CHANGES and row.code == ReplyCode.OK
    if len(rows) != int(changes):
        yield Violation(WRITTEN, row.key, f"wrote {len(rows)} filings, not {int(changes)}")
        return
    if not changes:
        return
    if not isinstance(operation, File | Withdraw) or case.reply is None:
        yield Violation(WRITTEN, row.key, "its stored request or reply cannot be read")
        return
    wrote = rows[0]
    named = "granted" if isinstance(operation, File) else "ended"
    expected = {**_asked(operation), named: act_by(row, operation.reason)}
    answered = case.reply.record.filing
    expected |= {name: getattr(answered, name) for name in _ANSWERED}
    expected["until"] = answered.until or None
    for name, value in expected.items():
        if wrote.get(name) != value:
            yield Violation(
                WRITTEN, row.key, f"wrote {name} {wrote.get(name)!r}; it asks for {value!r}"
            )


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


def _asked(operation: File | Withdraw) -> dict[str, Any]:
    if isinstance(operation, Withdraw):
        return {"member_id": operation.member_id, "filing_id": operation.filing_id}
    return {
        "member_id": operation.member_id,
        "kind": str(operation.kind),
        "place": place_of(operation.place),
        "disease_code": operation.disease_code,
        "institution": operation.institution,
        "relative": operation.relative or "",
        "since": operation.since.isoformat(),
        "ended": None,
    }


def act_by(row: RequestRow, reason: Reason) -> Mapping[str, Any] | None:
    """Return the act that a request is, by what else stands in the register."""
    return act_row(
        Act(
            RequestId(row.request_id),
            InstitutionCode(row.request_id[:12]),
            TerminalId(row.terminal_id),
            reason.operator,
            reason.why,
            row.posted_at,
        )
    )


def _key(row: Mapping[str, Any]) -> FilingKey:
    return str(row.get("member_id")), str(row.get("filing_id"))
