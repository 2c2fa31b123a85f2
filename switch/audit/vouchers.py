"""Invariant 17 of e-vouchers: a token settles once, and its row is what that settlement wrote."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from switch.audit.card_rows import VoucherUseRow
from switch.audit.findings import WRITTEN, Violation
from switch.audit.reader import Reader
from switch.audit.replies import ADJUST
from switch.audit.rows import Case, RequestRow
from switch.model.claim import VoucherEvidence
from switch.model.reply import ReplyCode
from switch.model.stages import Settle
from switch.store.written import VOUCHER_USE

_COLUMNS: Final = "SELECT u.bucket, u.member_id, u.nonce, u.version, u.request_id "
_ALL: Final = (
    _COLUMNS
    + """
FROM voucher_use u WHERE (u.bucket, u.member_id, u.nonce) > (%s, %s, %s)
ORDER BY u.bucket, u.member_id, u.nonce LIMIT %s
"""
)
_NAMED: Final = (
    _COLUMNS
    + """
FROM unnest(%s::int[], %s::text[], %s::text[]) AS k(bucket, member_id, nonce)
JOIN voucher_use u ON u.bucket = k.bucket AND u.member_id = k.member_id AND u.nonce = k.nonce
"""
)
Key = tuple[str, str]
"""Person and nonce."""


def all_uses(reader: Reader) -> Iterator[list[VoucherUseRow]]:
    """Yield every token that has settled."""
    return reader.walk(
        _ALL,
        (-1, "", ""),
        lambda row: VoucherUseRow(*row),
        lambda one: (one.bucket, one.member_id, one.nonce),
    )


def uses_written(reader: Reader, rows: Sequence[RequestRow]) -> dict[Key, VoucherUseRow]:
    """Return the rows of the tokens that requests say they wrote."""
    keys = {_key(one) for row in rows for one in (row.writes or {}).get(VOUCHER_USE, ())}
    if not keys:
        return {}
    columns = ([int(m[:4]) for m, _ in keys], [m for m, _ in keys], [n for _, n in keys])
    return {(row[1], row[2]): VoucherUseRow(*row) for row in reader.all(_NAMED, columns)}


def check_used(case: Case) -> Iterator[Violation]:
    """A settlement by e-voucher that posted wrote its token, and no other request wrote any.

    An adjustment restates the evidence of what it corrects: nobody showed a token for it.
    """
    row, operation = case.row, case.operation
    evidence = operation.evidence if isinstance(operation, Settle) else None
    wrote = [one.get("nonce") for one in (row.writes or {}).get(VOUCHER_USE, ())]
    expected = []
    if isinstance(evidence, VoucherEvidence) and row.code == ReplyCode.OK and row.method != ADJUST:
        expected = [evidence.nonce.hex()]
    if wrote != expected:
        yield Violation(WRITTEN, row.key, f"wrote {len(wrote)} tokens, not {len(expected)}")


def check_stands(row: RequestRow, uses: Mapping[Key, VoucherUseRow]) -> Iterator[Violation]:
    """A token that a request wrote stands, to the letter."""
    for one in (row.writes or {}).get(VOUCHER_USE, ()):
        stands = uses.get(_key(one))
        if stands is None or stands.written() != dict(one):
            yield Violation(WRITTEN, row.key, "wrote a token that stands otherwise, or not at all")
        if (one.get("member_id"), one.get("version"), one.get("request_id")) != (
            row.member_id, row.member_version, row.request_id,
        ):  # fmt: skip
            yield Violation(WRITTEN, row.key, "wrote a token of another person or request")


def check_use(use: VoucherUseRow, requests: Mapping[str, RequestRow]) -> Iterator[Violation]:
    """A token names the request that wrote it."""
    request = requests.get(use.request_id)
    wrote = [] if request is None else (request.writes or {}).get(VOUCHER_USE, [])
    if (use.member_id, use.nonce) not in map(_key, wrote):
        yield Violation(WRITTEN, use.key, "names a request that did not write it")


def _key(row: Mapping[str, Any]) -> Key:
    return str(row.get("member_id")), str(row.get("nonce"))
