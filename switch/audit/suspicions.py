"""Invariant 17 of suspicions: each is what a request wrote, whose card did show such a counter."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from switch.audit.card_rows import SuspicionRow
from switch.audit.findings import WRITTEN, Violation
from switch.audit.replies import ALARMS
from switch.audit.rows import Case, RequestRow
from switch.model.claim import CardEvidence
from switch.model.reply import ReplyCode
from switch.model.stages import Presettle, ReadMember, Settle
from switch.store.written import CARD_EVENT, SUSPICION

Key = tuple[str, int]
"""Person and version."""


def written_suspicions(rows: Sequence[RequestRow]) -> set[Key]:
    """Return the suspicions that requests say they wrote."""
    return {_key(one) for row in rows for one in (row.writes or {}).get(SUSPICION, ())}


def check_stands(row: RequestRow, found: Mapping[Key, SuspicionRow]) -> Iterator[Violation]:
    """A suspicion that a request wrote stands to the letter, under the version it made."""
    for one in (row.writes or {}).get(SUSPICION, ()):
        stands = found.get(_key(one))
        if stands is None:
            yield Violation(WRITTEN, row.key, "wrote a suspicion, which is not there")
        elif stands.written() != dict(one):
            yield Violation(WRITTEN, row.key, f"wrote {stands.key} otherwise than it stands")
        if (one.get("member_id"), one.get("version")) != (row.member_id, row.member_version):
            yield Violation(WRITTEN, row.key, "wrote a suspicion of another person or version")


def check_shown(case: Case) -> Iterator[Violation]:
    """A suspicion follows from a counter that its card signed; a lock with it is said there."""
    row, operation = case.row, case.operation
    if row.method in ALARMS and not (row.writes or {}).get(SUSPICION):
        yield Violation(WRITTEN, row.key, "is recorded and wrote no suspicion")
    for one in (row.writes or {}).get(SUSPICION, ()):
        shown = None
        if isinstance(operation, Settle | Presettle | ReadMember):
            evidence = operation.evidence
            shown = evidence if isinstance(evidence, CardEvidence) else None
        signed = None if shown is None else (shown.identifier.hex(), shown.atc)
        if row.code != ReplyCode.CARD_COUNTER_USED or signed != (
            one.get("identifier"), one["use"].get("atc"),
        ):  # fmt: skip
            yield Violation(WRITTEN, row.key, "wrote a suspicion that its card did not show")
        elif one["use"]["atc"] > one["stored_atc"]:
            yield Violation(WRITTEN, row.key, "suspects a card whose counter had risen")
        if bool(one.get("locked")) != (CARD_EVENT in (row.writes or {})):
            yield Violation(WRITTEN, row.key, "says of a lock otherwise than it wrote")


def check_suspicion(
    suspicion: SuspicionRow, requests: Mapping[str, RequestRow]
) -> Iterator[Violation]:
    """A suspicion names the request that wrote it."""
    request = requests.get(suspicion.request)
    wrote = [] if request is None else (request.writes or {}).get(SUSPICION, [])
    if (suspicion.member_id, suspicion.version) not in map(_key, wrote):
        yield Violation(
            WRITTEN, suspicion.key, f"names request {suspicion.request}, which did not write it"
        )


def _key(row: Mapping[str, Any]) -> Key:
    version = row.get("version")
    return str(row.get("member_id")), version if isinstance(version, int) else 0
