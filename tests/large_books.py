"""`python -m tests.large_books`: institutions' books at the size of a province, spoilt and mended.

`agree`: each institution's records lose, double, shift and alter at random (seeded); every
difference is explained to the fen, repaired, and a second comparison shows zero. `measure`: a day
of one institution in a real database, compared over a real channel: seconds, and peak memory.
"""

import argparse
import json
import os
import random
import resource
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg

from clients.comparison import Desk, group_totals
from clients.province import Province
from clients.records import Records
from medswitch.v1 import reconciliation_pb2 as pb
from switch.clearing.period import Kind, Period
from switch.cli.database import open_database
from switch.config import Settings, make_kek
from switch.demo.run import serving
from switch.model.ids import BEIJING, RegionCode
from switch.recon.record import NOTHING
from switch.seed import demonstration
from switch.store.closing import look
from switch.store.flows import shipped_clearing_policy
from tests.property.fix_books import FAULTS, TODAY, make_books, spoil

INSTITUTIONS: Final = 1_137
AT_ONCE: Final = 5_000
EVER: Final = date(2018, 1, 1)

_DAY: Final = """
INSERT INTO medswitch.journal (day, id, bucket, window_book, kind, request_id, institution,
    member_id, member_version, region_insured, region_care, insurance, clearing_type, total_fen,
    account_current_delta_fen, account_earlier_delta_fen, deltas, consulted, posted_at)
SELECT %(day)s, (1::bigint << 50) + n, n %% 1024, '330299', 'settlement',
    %(institution)s || to_char(%(day)s::date, 'YYYYMMDD')
        || to_char((n %% 86400) * interval '1 second', 'HH24MISS')
        || lpad((n / 86400)::text, 4, '0'),
    %(institution)s, lpad((n %% 1024)::text, 4, '0') || '90000000', 1, '330299', '330299',
    CASE n %% 3 WHEN 0 THEN '390' ELSE '310' END, '11', 1000 + n %% 90000, -(n %% 700), 0, '{}',
    '{}', now()
FROM generate_series(1, %(rows)s) AS n
"""
_POSTINGS: Final = """
INSERT INTO medswitch.posting (day, journal_id, number, bucket, book, debit, credit, amount_fen)
SELECT j.day, j.id, k.number, j.bucket, '330299', k.debit, k.credit, k.amount
FROM medswitch.journal j CROSS JOIN LATERAL (VALUES
    (0, 'FUND:330299:310100', 'INSTITUTION:' || j.institution, j.total_fen * 7 / 10),
    (1, 'MEMBER:' || j.member_id || ':current', 'INSTITUTION:' || j.institution,
        -j.account_current_delta_fen),
    (2, 'OUTSIDE:330299', 'CASH:' || j.institution,
        j.total_fen - j.total_fen * 7 / 10 + j.account_current_delta_fen)
) AS k(number, debit, credit, amount)
WHERE j.day = %(day)s AND j.institution = %(institution)s AND k.amount > 0
"""


def agree(settlements: int, seed: int) -> dict[str, int | float]:
    """Spoil and mend every institution's books; return what was found. Raises: AssertionError."""
    chance, found, faults = random.Random(seed), 0, 0
    began = time.perf_counter()
    for place in range(INSTITUTIONS):
        share = (settlements + place) // INSTITUTIONS
        books = make_books(chance, share)
        for fault in chance.choices(FAULTS, k=chance.randrange(1 + max(share // 20, 3))):
            spoil(books, chance, fault)
            faults += 1
        differences = books.compare(EVER, TODAY)
        explained = sum((one.explains for one in differences), NOTHING)
        assert explained == books.totals(EVER, TODAY), (seed, place)
        books.repair(differences)
        assert books.compare(EVER, TODAY) == [], (seed, place)
        assert books.totals(EVER, TODAY) == NOTHING, (seed, place)
        found += len(differences)
    seconds = round(time.perf_counter() - began, 2)
    return {"settlements": settlements, "faults": faults, "differences": found, "seconds": seconds}


def measure(rows: int, folder: Path) -> dict[str, int | float]:
    """Compare a day of one institution; return seconds and peak memory in MiB."""
    settings = Settings(data_dir=folder)
    kek = make_kek(settings, bytes(range(16)))
    today = datetime.now(UTC).astimezone(BEIJING).date()
    with open_database(settings) as url:
        demonstration(url, random_seed=1, data_dir=folder, kek=kek, today=today)
        with serving(settings) as port:
            province = Province(folder)
            identity = province.identity("ningbo_tertiary_1")
            given = {"day": today, "institution": identity.institution, "rows": rows}
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(_DAY, given)
                connection.execute(_POSTINGS, given)
                connection.execute("VACUUM ANALYZE")
            with province.counter("ningbo_tertiary_1", f"127.0.0.1:{port}") as client:
                found = _measured(Desk(client.link), today.isoformat(), rows)
            (process,) = (one for one in _children() if _is_switch(one))
            return found | {"switch_mib": _peak_mib(process), "close_s": _closing(url, today)}


def _measured(desk: Desk, day: str, rows: int) -> dict[str, int | float]:
    records, chance, found = Records(), random.Random(rows), list[pb.Difference]()
    began = time.perf_counter()
    # The institution begins with nothing: the switch tells it every act.
    _fill(records, desk, day)
    told = time.perf_counter()
    desk.totals(day, day, group_totals(records.between(day, day)))
    totals = time.perf_counter()
    theirs = _spoilt(records.between(day, day), chance)
    end = desk.compare(day, day, theirs, found.append)
    compared = time.perf_counter()
    assert end.remainder.total_fen == 0
    assert end.switch_total.count == rows
    return {
        "rows": rows,
        "all_missing_s": round(told - began, 2),
        "totals_s": round(totals - told, 2),
        "details_s": round(compared - totals, 2),
        "differences": end.differences,
        "client_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _fill(records: Records, desk: Desk, day: str) -> None:
    """Enter every act that the switch names, some at a time."""
    found: list[pb.CompareRecord] = []

    def keep(one: pb.Difference) -> None:
        found.append(one.switch_record)
        if len(found) == AT_ONCE:
            records.add(found)
            found.clear()

    desk.compare(day, day, [], keep)
    records.add(found)


def _spoilt(
    records: Iterator[pb.CompareRecord], chance: random.Random
) -> Iterator[pb.CompareRecord]:
    """Yield records, one in a hundred lost, doubled or altered."""
    for one in records:
        fault = chance.randrange(300)
        if fault == 0:
            continue
        if fault == 1:
            yield one
        elif fault == 2:
            one.fund_fen += 1
        yield one


def _children() -> list[int]:
    """Return this process's children."""
    told = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii")
    return [int(one) for one in told.split()]


def _closing(url: str, today: date) -> float:
    """Return the seconds that looking at the day takes: what closing does, but for the last row."""
    began = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        period, policy = Period(Kind.DAY, today), shipped_clearing_policy()
        look(connection, RegionCode("330299"), period, policy, datetime.now(UTC))
    return round(time.perf_counter() - began, 2)


def _is_switch(process: int) -> bool:
    return b"serve" in Path(f"/proc/{process}/cmdline").read_bytes()


def _peak_mib(process: int) -> int:
    """Return the peak memory of a process, from the kernel."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("agree", "measure"))
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20181201)
    options = parser.parse_args()
    if options.what == "agree":
        print(json.dumps(agree(options.rows, options.seed)))
        return
    with TemporaryDirectory() as folder:
        print(json.dumps(measure(options.rows, Path(folder) / "books")))


if __name__ == "__main__":
    main()
