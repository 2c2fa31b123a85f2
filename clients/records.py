"""An institution's records of what it settled: from a CSV or TSV file, or from its outboxes.

A file names its columns as the national interface does (3201, 3202): `msgid` (for an undoing, with
`refd_setl_flag` 1, the undone settlement's, or in `omsgid`), `stmt_date` (business day), `psn_no`,
`medfee_sumamt`, `fund_pay_sumamt`, `acct_pay` in yuan; `insutype`, `clr_type`, `insuplc_admdvs` and
`setl_id` may be left out. Rows are kept in a temporary database: a million of them need no memory.
"""

import csv
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from clients.outbox import Entry
from medswitch.v1 import reconciliation_pb2 as pb
from medswitch.v1 import reply_pb2, settlement_pb2

NEEDED: Final = (
    "msgid", "stmt_date", "psn_no", "medfee_sumamt", "fund_pay_sumamt", "acct_pay",
)  # fmt: skip
COLUMNS: Final = (
    "msgid", "refd_setl_flag", "stmt_date", "psn_no", "medfee_sumamt", "fund_pay_sumamt",
    "acct_pay", "insutype", "clr_type", "insuplc_admdvs", "setl_id",
)  # fmt: skip

_UNDOINGS: Final[
    dict[str, type[settlement_pb2.CancelResponse] | type[settlement_pb2.ReverseResponse]]
] = {"Cancel": settlement_pb2.CancelResponse, "Reverse": settlement_pb2.ReverseResponse}
_YUAN: Final = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,2}))?")
_DAY: Final = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:[ T].*)?")
_SCHEMA: Final = """
CREATE TABLE record (request_id TEXT, undone INTEGER, day TEXT, record BLOB);
CREATE INDEX record_key ON record (request_id, undone);
"""


class NotRecords(ValueError):
    """A file that is no list of settlements; the message names row and column."""


class Records:
    """What an institution keeps. A key is a settlement and whether the record is its undoing."""

    def __init__(self) -> None:
        # An empty name: a temporary database on disk, gone with this object.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def add(self, records: Iterable[pb.CompareRecord]) -> int:
        """Add records, in any order; return how many."""
        self._database.execute("BEGIN")
        cursor = self._database.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", map(
            _row, records
        ))  # fmt: skip
        self._database.execute("COMMIT")
        return cursor.rowcount

    def between(self, since: str, until: str) -> Iterator[pb.CompareRecord]:
        """Yield the records of some business days, in the order that CompareDetails takes."""
        return map(_record, self._database.execute(
            "SELECT record FROM record WHERE day BETWEEN ? AND ? ORDER BY request_id, undone",
            (since, until),
        ))  # fmt: skip

    def all(self) -> Iterator[pb.CompareRecord]:
        """Yield every record, by business day."""
        return map(_record, self._database.execute(
            "SELECT record FROM record ORDER BY day, request_id, undone"
        ))  # fmt: skip

    def days(self) -> tuple[str, str] | None:
        """Return the first and the last business day; None when there is no record."""
        first, last = self._database.execute("SELECT min(day), max(day) FROM record").fetchone()
        return None if first is None else (first, last)

    def find(self, request_id: str, *, undone: bool) -> list[pb.CompareRecord]:
        """Return the records under a key, whatever their day."""
        rows = self._database.execute(
            "SELECT record FROM record WHERE request_id = ? AND undone = ?", (request_id, undone)
        )
        return [_record(row) for row in rows]

    def keep(self, record: pb.CompareRecord) -> None:
        """Let exactly this record stand under its key."""
        self.strike(record.request_id, undone=record.undone)
        self._database.execute("INSERT INTO record VALUES (?, ?, ?, ?)", _row(record))

    def strike(self, request_id: str, *, undone: bool) -> None:
        """Let nothing stand under a key."""
        self._database.execute(
            "DELETE FROM record WHERE request_id = ? AND undone = ?", (request_id, undone)
        )

    def strike_one(self, record: pb.CompareRecord) -> None:
        """Strike one of several records that say exactly this."""
        self._database.execute(
            "DELETE FROM record WHERE rowid = (SELECT min(rowid) FROM record"
            " WHERE request_id = ? AND undone = ? AND record = ?)",
            (record.request_id, record.undone, _row(record)[3]),
        )


def read_file(path: Path) -> Iterator[pb.CompareRecord]:
    """Yield the records of a file, tab- or comma-separated. Raises: NotRecords, OSError."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        file.seek(0)
        rows = csv.DictReader(file, delimiter="\t" if "\t" in head else ",")
        missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
        if missing:
            raise NotRecords(f"{path} has no column {', '.join(missing)}")
        try:
            for row in rows:
                yield _read_row({name: (text or "").strip() for name, text in row.items() if name})
        except (ValueError, AttributeError, csv.Error) as error:
            raise NotRecords(f"{path} line {rows.line_num}: {error}") from None


def write_file(path: Path, records: Iterable[pb.CompareRecord]) -> int:
    """Write records as a file that `read_file` reads; return how many. Raises: OSError."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        tab = path.suffix.lower() != ".csv"
        rows = csv.writer(file, delimiter="\t" if tab else ",", lineterminator="\n")
        rows.writerow(COLUMNS)
        for one in records:
            count += 1
            rows.writerow((
                one.request_id, int(one.undone), one.business_day, one.member_id,
                yuan(one.total_fen), yuan(one.fund_fen), yuan(one.account_fen), one.insurance,
                one.clearing_type, one.region_insured, one.settlement_id,
            ))  # fmt: skip
    return count


def of_entries(entries: Iterable[Entry]) -> Iterator[pb.CompareRecord]:
    """Yield the records of the replies of one institution, from all of its outboxes together.

    A reversal tells what it gave back also where the settlement's own reply was lost: then the
    institution never knew of the settlement, and keeps neither.
    """
    settled: dict[str, pb.CompareRecord] = {}
    undone: list[pb.CompareRecord] = []
    for record in filter(None, map(of_entry, entries)):
        if record.undone:
            undone.append(record)
        else:
            settled[record.request_id] = record
    yield from settled.values()
    for record in undone:
        known = settled.get(record.request_id)
        if known is not None:
            yield with_group(record, known)


def with_group(undoing: pb.CompareRecord, known: pb.CompareRecord) -> pb.CompareRecord:
    """Return the record of an undoing with the group that its reply does not repeat."""
    made = pb.CompareRecord()
    made.CopyFrom(undoing)
    made.insurance = known.insurance
    made.clearing_type = known.clearing_type
    made.region_insured = known.region_insured
    return made


def of_entry(entry: Entry) -> pb.CompareRecord | None:
    """Return the record of a reply that the outbox keeps; None for one that moved nothing."""
    if entry.reply is None:
        return None
    if entry.method == "Settle":
        return of_settle(settlement_pb2.SettleResponse.FromString(entry.reply))
    if entry.method in _UNDOINGS:
        kind = _UNDOINGS[entry.method]
        reply = kind.FromString(entry.reply)
        return of_undone(reply.outcome, reply.undone)
    return None


def of_settle(reply: settlement_pb2.SettleResponse) -> pb.CompareRecord | None:
    """Return the record of a settlement that posted."""
    if reply.outcome.code != reply_pb2.REPLY_CODE_OK:
        return None
    decision, split = reply.decision, reply.decision.split
    return pb.CompareRecord(
        request_id=reply.outcome.request_id,
        business_day=reply.business_day,
        member_id=reply.member_id,
        total_fen=split.total_fen,
        fund_fen=split.fund_fen,
        account_fen=split.account_fen + split.account_relative_fen,
        insurance=decision.insurance,
        clearing_type=decision.clearing_type,
        region_insured=decision.region_insured,
        settlement_id=reply.settlement_id,
    )


def of_undone(outcome: reply_pb2.Outcome, undone: settlement_pb2.Undone) -> pb.CompareRecord | None:
    """Return the record of an undoing that moved money."""
    if outcome.code != reply_pb2.REPLY_CODE_OK or not undone.undo_settlement_id:
        return None
    return pb.CompareRecord(
        request_id=undone.original.request_id,
        undone=True,
        business_day=undone.business_day,
        member_id=undone.original.member_id,
        total_fen=-undone.total_fen,
        fund_fen=-undone.fund_fen,
        account_fen=-undone.account_fen,
        settlement_id=undone.undo_settlement_id,
    )


def yuan(amount_fen: int) -> str:
    """Return an amount in yuan, as files carry it."""
    whole, part = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}{whole}.{part:02d}"


def fen(text: str) -> int:
    """Return an amount written in yuan; empty is nothing. Raises: ValueError."""
    if not text:
        return 0
    found = _YUAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no amount in yuan")
    sign, whole, part = found.groups(default="")
    amount = int(whole) * 100 + int(part.ljust(2, "0"))
    return -amount if sign else amount


def _read_row(row: dict[str, str]) -> pb.CompareRecord:
    undone = row.get("refd_setl_flag", "") in {"1", "01"}
    day = _DAY.fullmatch(row["stmt_date"])
    if day is None:
        raise ValueError(f"stmt_date {row['stmt_date']!r} is no day; write 2018-12-01")
    amounts = [fen(row[name]) for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")]
    if undone:
        # 2208 repeats the amounts negated; some institutions keep them as they were.
        amounts = [-abs(amount) for amount in amounts]
    return pb.CompareRecord(
        request_id=row.get("omsgid") or row["msgid"] if undone else row["msgid"],
        undone=undone,
        business_day="-".join(day.groups()),
        member_id=row["psn_no"],
        total_fen=amounts[0],
        fund_fen=amounts[1],
        account_fen=amounts[2],
        insurance=row.get("insutype", ""),
        clearing_type=row.get("clr_type", ""),
        region_insured=row.get("insuplc_admdvs", ""),
        settlement_id=row.get("setl_id", ""),
    )


def _row(record: pb.CompareRecord) -> tuple[str, int, str, bytes]:
    """Return a record as it is kept: without what is the switch's alone to say."""
    kept = pb.CompareRecord()
    kept.CopyFrom(record)
    kept.ClearField("undone_by")
    said = kept.SerializeToString(deterministic=True)
    return record.request_id, int(record.undone), record.business_day, said


def _record(row: tuple[bytes]) -> pb.CompareRecord:
    return pb.CompareRecord.FromString(row[0])
