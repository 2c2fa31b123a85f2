"""The files of a closed period: statements and positions as CSV, for spreadsheets and archives."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.clearing.netting import dues, net, settle
from switch.clearing.period import Kind, Period
from switch.model.ids import RegionCode
from switch.store.flows import load_flows, shipped_clearing_policy

_STATEMENTS: Final = """
SELECT s.institution, i.name, s.fund_fen, s.account_fen, s.rate_bp, s.withheld_fen, s.payable_fen,
    s.state, s.reason, encode(s.digest, 'hex')
FROM medswitch.statement s JOIN medswitch.closing c ON c.region = s.region AND c.kind = 'month'
    AND c.since = s.since AND c.version = s.version AND c.reopened_at IS NULL
JOIN medswitch.institution i ON i.code = s.institution
WHERE s.region = %s AND s.since = %s ORDER BY 1
"""


def write_files(
    conn: Connection[TupleRow], region: RegionCode, periods: Sequence[Period], folder: Path
) -> Iterator[Path]:
    """Write what each period comes to, and yield the paths. Raises: OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for period in periods:
        yield _flows(conn, region, period, folder)
        if period.kind is Kind.MONTH:
            yield _statements(conn, region, period, folder)
            yield _positions(conn, period, folder)


def yuan(amount_fen: int) -> str:
    """Return an amount in yuan with two decimals and nothing else: a number to a spreadsheet."""
    whole, part = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}{whole}.{part:02d}"


def _flows(conn: Connection[TupleRow], region: RegionCode, period: Period, folder: Path) -> Path:
    head = (
        "fixmedins_code", "insuplc_admdvs", "insutype", "clr_type", "fund_pay_type", "count",
        "fund_payamt",
    )  # fmt: skip
    rows = (
        (
            flow.institution, flow.region_insured, flow.insurance, flow.clearing_type, flow.payer,
            flow.count, yuan(flow.amount_fen),
        )
        for flow in load_flows(conn, period.since, period.until, region)
    )  # fmt: skip
    return _write(folder / f"flows-{region}-{period.name}.csv", head, rows)


def _statements(
    conn: Connection[TupleRow], region: RegionCode, period: Period, folder: Path
) -> Path:
    head = (
        "fixmedins_code", "fixmedins_name", "fund_pay_sumamt", "acct_pay", "deposit_bp",
        "withheld", "payable", "state", "reason", "digest",
    )  # fmt: skip
    rows = (
        (code, name, yuan(fund), yuan(account), rate, yuan(held), yuan(payable), *rest)
        for code, name, fund, account, rate, held, payable, *rest in conn.execute(
            _STATEMENTS, (region, period.since)
        )
    )
    return _write(folder / f"statements-{region}-{period.name}.csv", head, rows)


def _positions(conn: Connection[TupleRow], period: Period, folder: Path) -> Path:
    """Write who pays whom between regions, and each region's position; they sum to zero."""
    owed = dues(load_flows(conn, period.since, period.until))
    how = shipped_clearing_policy().netting(period.until)
    rows: list[Sequence[object]] = [
        ("due", due.home, due.care, yuan(due.amount_fen)) for due in owed
    ]
    rows += [
        (how.mode.value, one.payer, one.payee, yuan(one.amount_fen))
        for one in settle(owed, how.mode, how.hub)
    ]
    rows += [("position", "", region, yuan(fen)) for region, fen in sorted(net(owed).items())]
    return _write(folder / f"positions-{period.name}.csv", ("kind", "from", "to", "amount"), rows)


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        made = csv.writer(file, lineterminator="\n")
        made.writerow(head)
        made.writerows(rows)
    return path
