"""The count check: every journal of the run was answered once, and every answer has its journal.

Beside `medswitch audit`, and told differently: this counts from both ends. A run that does not
balance is void, whatever its figures.
"""

import json
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg

_JOURNALS: Final = """
SELECT kind, request_id, total_fen FROM medswitch.journal
WHERE posted_at >= %s AND kind <> 'opening'
"""
_KINDS: Final = {"Settle": "settlement", "Cancel": "cancellation", "Reverse": "reversal"}
_SHOWN_MAX: Final = 5

Amounts = dict[tuple[str, str], int]
"""Kind of journal and request id → total in fen."""


def read_journals(url: str, since: datetime) -> tuple[Amounts, list[str]]:
    """Return what was posted since an instant, and the request ids that were posted twice."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(_JOURNALS, (since,)).fetchall()
    times = Counter((kind, request_id) for kind, request_id, _ in rows)
    twice = [request_id for (_, request_id), count in times.items() if count > 1]
    return {(kind, request_id): int(total) for kind, request_id, total in rows}, twice


def read_answered(path: Path) -> Amounts:
    """Return what callers were told has posted. A tombstone is a success that posts nothing."""
    found: Amounts = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            said = json.loads(line)
            if said["code"] == "OK" and said["settlement_id"]:
                found[_KINDS[said["method"]], said["request_id"]] = said["total_fen"]
    return found


def differences(
    posted: Amounts, twice: Collection[str], answered: Amounts, reversed_unseen: Collection[str]
) -> list[str]:
    """Return what does not balance, one sentence each; nothing when the run counts.

    `reversed_unseen`: settlements that may have posted before they were reversed, and were never
    answered. An undoing posts its original's total; sign and split are the audit's.
    """
    unseen = {("settlement", request_id) for request_id in reversed_unseen}
    wrong = [
        _sentence("posted twice", sorted(twice)),
        _sentence("answered and not posted", sorted(r for _, r in answered.keys() - posted)),
        _sentence(
            "posted and never answered",
            sorted(r for _, r in posted.keys() - answered.keys() - unseen),
        ),
        _sentence(
            "answered with another total",
            sorted(
                key[1]
                for key in posted.keys() & answered.keys()
                if abs(posted[key]) != abs(answered[key])
            ),
        ),
    ]
    return [sentence for sentence in wrong if sentence]


def _sentence(what: str, request_ids: list[str]) -> str:
    if not request_ids:
        return ""
    more = ", …" if len(request_ids) > _SHOWN_MAX else ""
    return f"{len(request_ids)} {what}: {', '.join(request_ids[:_SHOWN_MAX])}{more}"
