"""A settlement by visit as it was decided: the stored claim with the lines that it took.

The claim names the visit, the register the changes of its lines that were taken; a line is never
changed, so what stood then is known for ever.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from switch.audit.visit_rows import Reads, lines_at
from switch.model.stages import Recorded, Settle
from switch.pipeline.visit_claim import filled, taken
from switch.store.visits import visit_of
from switch.store.written import VISIT


def as_decided(
    reader: Reads, operation: Recorded | None, writes: Mapping[str, Any] | None
) -> Recorded | None:
    """Return what was asked, a claim by visit with all that it was decided on.

    Raises: ValueError, LookupError, TypeError when what was written is no visit.
    """
    if not isinstance(operation, Settle) or not writes or VISIT not in writes:
        return operation
    visit = visit_of(writes[VISIT][-1])
    claim = operation.claim
    lines = claim.lines
    if not lines:
        runs = [one.took for one in visit.settlements if one.request_id == operation.request_id]
        if len(runs) != 1:
            raise LookupError(f"visit {visit.visit_id} does not hold it")
        lines = taken(lines_at(reader, visit.visit_id, visit.change), runs[0])
    return replace(operation, claim=filled(claim, visit, lines))
