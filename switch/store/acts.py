"""Who changed something, when and why, as a column of JSON."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from switch.model.act import Act
from switch.model.ids import InstitutionCode, RequestId, TerminalId


def act_row(act: Act | None) -> Mapping[str, Any] | None:
    """Return the column of an act."""
    if act is None:
        return None
    return {
        "request_id": act.request_id,
        "institution": act.institution,
        "terminal_id": act.terminal_id,
        "operator": act.operator,
        "why": act.why,
        "at": act.at.astimezone(UTC).isoformat(),
    }


def act_of(row: Mapping[str, Any] | None) -> Act | None:
    """Return the act that a column holds."""
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
