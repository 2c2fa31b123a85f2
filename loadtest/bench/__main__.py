"""`python -m loadtest.bench`, `make bench`: what a settlement costs beside the bare stack.

Seeds a province, serves it, measures in interleaved rounds, stops, and audits: a run whose answers
and ledger differ is VOID and exits 1. One JSON line a result; an HTML page beside them.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

import uvloop
from rich.console import Console

from clients.answers import AnswerFile
from loadtest import check, machine
from loadtest.bench import page, tpcb
from loadtest.bench.figures import Segment, Value, ratios, value_of, values
from loadtest.bench.security import mac_card_us
from loadtest.bench.work import Bench
from loadtest.options import RESULTS, RUN, Options
from loadtest.processes import ROOT, Medswitch, RunFailed, serving

console: Final = Console(width=110)
TERMINALS: Final = 200
MEMBERS: Final = 10_000
WARM_CALLS: Final = 400
HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. `calls`: of a segment; a round has two of each kind of work."""

    rounds: int
    calls: int
    open_calls: int
    tpcb_s: int


WHOLE: Final = Plan(7, 1_000, 3_000, 5)
QUICK: Final = Plan(3, 400, 800, 3)


def main(arguments: Sequence[str]) -> int:
    """Make a run and return the exit status."""
    parser = argparse.ArgumentParser(prog="medswitch bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="in about two minutes")
    parser.add_argument("--rounds", type=int, help="interleaved; the median of them counts")
    parser.add_argument("--calls", type=int, help="of each segment of a round")
    parser.add_argument("--users", type=int, default=64, help="calls at once (%(default)s)")
    parser.add_argument("--members", type=int, default=MEMBERS, help="to seed (%(default)s)")
    parser.add_argument("--data-dir", type=Path, help="kept; default: a fresh one, then removed")
    parser.add_argument("--database-url", default="", help="default: the embedded PostgreSQL")
    parser.add_argument("--results", type=Path, default=RESULTS, help="gets one line a result")
    given = parser.parse_args(arguments)
    plan = QUICK if given.quick else WHOLE
    calls = given.calls or plan.calls
    plan = Plan(given.rounds or plan.rounds, calls, min(plan.open_calls, 3 * calls), plan.tpcb_s)
    if plan.rounds < 1 or not 1 <= given.users <= plan.calls:
        parser.error("at least one round, one user, and as many calls as users")
    folder = given.data_dir
    if folder is None:
        (ROOT / "var").mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "var"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found, surroundings, problems = run(
            plan, given.users, given.members, folder, given.database_url
        )
    except RunFailed as failure:
        console.print(f"[bold red]No run:[/bold red] {failure}")
        return 2
    write(found, surroundings, problems, given.results)
    if problems:
        console.print("[bold red]VOID: this run does not balance[/bold red]")
        for problem in problems:
            console.print(f"  {problem}", markup=False)
        return 1
    console.print("[bold green]balanced[/]: each answer in the ledger once; audit clean")
    if given.data_dir is None:
        shutil.rmtree(folder)
    return 0


def run(
    plan: Plan, users: int, members: int, folder: Path, database_url: str
) -> tuple[list[Value], dict[str, Any], list[str]]:
    """Return the results, where they were measured, and why they are void. Raises: RunFailed."""
    medswitch = Medswitch(folder, database_url)
    medswitch.seed(Options(RUN, 10.0, members, TERMINALS, users, 0.0, 1, folder, database_url,
                           None, RESULTS))  # fmt: skip
    answers = folder / "answers.jsonl"
    answers.unlink(missing_ok=True)
    since = datetime.now(UTC)
    with serving(medswitch) as switch:
        url = medswitch.database()
        surroundings: dict[str, Any] = {
            "commit": machine.commit(),
            "machine": machine.machine(folder),
            "settings": {
                **machine.database_settings(url), "users": users, "members": members,
                "rounds": plan.rounds, "calls": plan.calls,
            },
            "at": since.isoformat(timespec="seconds"),
        }  # fmt: skip
        with AnswerFile(answers) as file:
            pids = (switch.pid, medswitch.postmaster_pid())

            async def measure() -> list[Value]:
                bench = Bench(switch.address, folder, file, pids)  # its channels want the loop
                return await _measure(plan, users, bench, pids, url)

            found = uvloop.run(measure())
        surroundings["settings"]["batches"] = machine.batches(url, since)
        posted, twice = check.read_journals(url, since)
    problems = check.differences(posted, twice, check.read_answered(answers), ())
    if status := medswitch.audit(answers):
        problems.append(f"medswitch audit ended with {status}")
    return found, surroundings, problems


async def _measure(
    plan: Plan, users: int, bench: Bench, pids: tuple[int, int], url: str
) -> list[Value]:
    program = tpcb.pgbench(pids[1])
    measure_tpcb = None if program is None else tpcb.prepare(url, program)
    await bench.open()
    warm, _ = await bench.prepare(min(plan.calls, WARM_CALLS), users)
    await bench.settle(warm, users)
    rounds: list[list[Segment]] = []
    tpcb_rates: list[float] = []
    for number in range(plan.rounds):
        rounds.append(await _round(plan, users, bench))
        if measure_tpcb is not None:
            tpcb_rates.append(await asyncio.to_thread(measure_tpcb, plan.tpcb_s))
        told = {one.work: f"{one.per_s:,.0f}/s" for one in rounds[-1]}
        console.print(f"round {number + 1} of {plan.rounds}: {told}", style="dim", markup=False)
    found = values(rounds)
    named = {one.name: one for one in found}
    settle = [r.per_s for r in (_of(segments, "settle") for segments in rounds)]
    if tpcb_rates:
        found.append(value_of("tpcb_per_s", tpcb_rates, "1/s"))
        found.append(value_of("settle_over_tpcb", ratios(settle, tpcb_rates), "ratio"))
        tpcb.drop(url)
    checks_us = mac_card_us(bench.echo_bytes, bench.echo_bytes)
    cost = named.get("settle_switch_cpu_us")
    if cost is not None and cost.low > 0:
        middle, low, high = (checks_us / one for one in (cost.value, cost.high, cost.low))
        found.append(Value("mac_card_share", middle, low, high, "share"))
    found.extend(await _at_half(plan, users, bench, median(settle)))
    if rss := _rss_mib(pids[0]):
        found.append(Value("rss_mib", rss, rss, rss, "MiB"))
    await bench.close()
    return found


async def _round(plan: Plan, users: int, bench: Bench) -> list[Segment]:
    """Return echo, settle, stream, stream, settle, echo, and what presettling took before them."""
    called, presettled = await bench.prepare(2 * plan.calls, users)
    half = len(called) // 2
    segments = [presettled, await bench.echo(plan.calls, users)]
    segments.append(await bench.settle(called[:half], users))
    framed, again = await bench.prepare(2 * plan.calls, users, gateways=True)
    middle = len(framed) // 2
    segments += [again, await bench.stream(framed[:middle], users)]
    segments.append(await bench.stream(framed[middle:], users))
    segments.append(await bench.settle(called[half:], users))
    segments.append(await bench.echo(plan.calls, users))
    return segments


async def _at_half(plan: Plan, users: int, bench: Bench, capacity: float) -> list[Value]:
    """Return p99 at half of the settlements a second that were reached, and echo's at that rate."""
    rate = capacity * HALF
    over, under = [], []
    for number in range(3):
        prepared, _ = await bench.prepare(plan.open_calls, users)
        settle = await bench.open_settle(prepared, rate, f"settle/{number}")
        echo = await bench.open_echo(plan.open_calls, rate, f"echo/{number}")
        over.append(settle.latencies.percentile(99_000))
        under.append(echo.latencies.percentile(99_000))
    return [
        Value("half_rate_per_s", rate, rate, rate, "1/s"),
        value_of("p99_settle_at_half_us", over, "us"),
        value_of("p99_echo_at_half_us", under, "us"),
        value_of("p99_settle_over_echo_at_half", ratios(over, under), "ratio"),
    ]


def _of(segments: Sequence[Segment], work: str) -> Segment:
    mine = [one for one in segments if one.work == work]
    calls, seconds = sum(o.calls for o in mine), sum(o.seconds for o in mine)
    return Segment(work, calls, seconds, mine[0].latencies, {})


def _rss_mib(pid: int) -> float:
    """Return the memory a process holds, 0 off Linux."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    kib = next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
    return kib / 1_024


def write(
    found: Sequence[Value], surroundings: dict[str, Any], problems: Sequence[str], results: Path
) -> None:
    """Append the results as JSON lines, write the page beside them, and print them."""
    results.parent.mkdir(parents=True, exist_ok=True)
    surroundings = {**surroundings, "void": bool(problems)}
    with results.open("a", encoding="utf-8") as file:
        for one in found:
            file.write(json.dumps(one.line(surroundings), ensure_ascii=False) + "\n")
    html = results.with_suffix(".html")
    html.write_text(page.render(found, surroundings), encoding="utf-8")
    for line in page.table(found):
        console.print(line, markup=False)
    console.print(f"{results}, {html}", style="dim")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
