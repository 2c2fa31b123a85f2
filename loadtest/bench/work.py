"""The work of a benchmark: a round is echo, settle, stream, stream, settle, echo, each alone.

So a drift of the machine touches all alike. Every settlement is another member's, presettled
before the measured time; every reply is verified and written down after it.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from clients.answers import SETTLE, AnswerFile
from clients.bill import bill, item
from clients.card import SoftwareCard
from loadtest import cpu
from loadtest.bench.figures import Segment
from loadtest.bench.terminals import SETTLE as SETTLE_PATH
from loadtest.bench.terminals import BenchStream, BenchTerminal, Prepared, Signed
from loadtest.histogram import Histogram
from loadtest.province import HOME, read_issuer_of, read_patients, read_terminals
from loadtest.shapes import Arrivals
from loadtest.workload import OUTPATIENT, draw_bills
from medswitch.v1 import common_pb2, settlement_pb2, terminal_pb2
from switch.model.ids import BEIJING
from switch.security.suite import Suite

STREAMS: Final = 4
"""Gateways: a stream each."""
Job = Callable[[], Awaitable[None]]


class Bench:
    """Terminals, cards and bills of one province, and what was answered."""

    def __init__(
        self, address: str, folder: Path, answers: AnswerFile, processes: tuple[int, int]
    ) -> None:
        issuer = read_issuer_of(folder)
        found = read_terminals(folder, issuer, 40)
        self._terminals = [
            BenchTerminal(address, one.identity, one.sequences)
            for one in found
            if one.kind == OUTPATIENT and one.identity.suite is Suite.SM4
        ]
        atc = time.time_ns() // 1_000  # above every counter of an earlier run
        people = [one for one in read_patients(folder, 1_000_000) if one.pharmacy]
        Random("medswitch bench").shuffle(people)
        self._cards: Iterator[SoftwareCard] = itertools.cycle(
            [one.card(issuer, atc) for one in people if one.suite is Suite.SM4]
        )
        self._people = len(people)
        self._claims = itertools.cycle(_claims())
        self._answers = answers
        self._processes = processes
        self.echo_bytes = 760
        """Of a payload: half of what a Settle's request and reply have together."""

    async def open(self) -> None:
        """Sign in everywhere."""
        for terminal in self._terminals:
            await terminal.sign_in()

    async def close(self) -> None:
        """Close every connection."""
        for terminal in self._terminals:
            await terminal.close()

    async def prepare(
        self, count: int, users: int, *, gateways: bool = False
    ) -> tuple[list[Prepared], Segment]:
        """Return so many settlements of different members, and what presettling them took.

        Who is declined (no insurance any more, a lost card) is passed over. `gateways`: at the few
        terminals that will stream them.
        """
        ready: list[Prepared] = []
        terminals = itertools.cycle(self._terminals[: STREAMS if gateways else None])
        asked = min(count + count // 3, self._people)

        async def one() -> None:
            prepared = await next(terminals).prepare(next(self._claims), next(self._cards))
            if prepared is not None:
                ready.append(prepared)

        segment = await self._measured("presettle", [one] * asked, users)
        return ready[:count], segment

    async def echo(self, count: int, users: int) -> Segment:
        """Measure the stack alone."""
        request = terminal_pb2.EchoRequest(payload=bytes(self.echo_bytes)).SerializeToString()
        terminals = itertools.cycle(self._terminals)

        async def one() -> None:
            await next(terminals).echo(request)

        return await self._measured("echo", [one] * count, users)

    async def settle(self, prepared: Sequence[Prepared], users: int) -> Segment:
        """Measure settlements by calls, so many at once."""
        sent: list[tuple[BenchTerminal, Signed, bytes, bytes]] = []
        jobs = [self._job(one, sent) for one in prepared]
        segment = await self._measured("settle", jobs, users)
        self._write_down(sent)
        return segment

    async def stream(self, prepared: Sequence[Prepared], users: int) -> Segment:
        """Measure settlements by frames, over a few gateways' streams."""
        by_terminal: dict[BenchTerminal, list[Prepared]] = {}
        for one in prepared:
            by_terminal.setdefault(one.terminal, []).append(one)
        gateways = list(by_terminal.items())
        work: list[tuple[BenchStream, list[tuple[int, bytes]]]] = []
        for terminal, mine in gateways:
            stream = terminal.stream()
            work.append((stream, [stream.sign(one.body) for one in mine]))
        at_once = max(users // len(work), 1)
        before, start = self._cpu(), time.perf_counter()
        done = await asyncio.gather(
            *(stream.run(frames, at_once, time.perf_counter) for stream, frames in work)
        )
        seconds, used = time.perf_counter() - start, self._used(before)
        latencies = Histogram(int(s * 1e6) for took, _ in done for s in took)
        for (stream, _), (_, answers) in zip(work, done, strict=True):
            for reply in stream.verified(answers):
                self._answers.write(SETTLE, settlement_pb2.SettleResponse.FromString(reply))
        return Segment("stream", latencies.count, seconds, latencies, used)

    async def open_settle(self, prepared: Sequence[Prepared], rate: float, seed: str) -> Segment:
        """Measure settlements that arrive at a set rate, from their intended start."""
        sent: list[tuple[BenchTerminal, Signed, bytes, bytes]] = []
        segment = await self._arriving(
            "settle", [self._job(one, sent) for one in prepared], rate, seed
        )
        self._write_down(sent)
        return segment

    async def open_echo(self, count: int, rate: float, seed: str) -> Segment:
        """Measure echoes that arrive at a set rate."""
        request = terminal_pb2.EchoRequest(payload=bytes(self.echo_bytes)).SerializeToString()
        terminals = itertools.cycle(self._terminals)

        async def one() -> None:
            await next(terminals).echo(request)

        return await self._arriving("echo", [one] * count, rate, seed)

    def _job(self, one: Prepared, sent: list[tuple[BenchTerminal, Signed, bytes, bytes]]) -> Job:
        terminal, signed = one.terminal, one.terminal.sign(SETTLE_PATH, one.body)

        async def job() -> None:
            sent.append((terminal, signed, *await terminal.send(signed)))

        return job

    def _write_down(self, sent: Iterable[tuple[BenchTerminal, Signed, bytes, bytes]]) -> None:
        sizes = []
        for terminal, signed, reply, mac in sent:
            terminal.verify(signed, reply, mac)
            self._answers.write(SETTLE, settlement_pb2.SettleResponse.FromString(reply))
            sizes.append(len(signed.body) + len(reply))
        if sizes:
            self.echo_bytes = sum(sizes) // (2 * len(sizes))

    async def _measured(self, work: str, jobs: Iterable[Job], users: int) -> Segment:
        """Work through jobs, so many at once, each as soon as one before it is done."""
        latencies = Histogram()
        waiting = iter(jobs)

        async def user() -> None:
            for job in waiting:
                begun = time.perf_counter()
                await job()
                latencies.record(int((time.perf_counter() - begun) * 1e6))

        before, start = self._cpu(), time.perf_counter()
        await asyncio.gather(*(user() for _ in range(users)))
        seconds = time.perf_counter() - start
        return Segment(work, latencies.count, seconds, latencies, self._used(before))

    async def _arriving(self, work: str, jobs: Sequence[Job], rate: float, seed: str) -> Segment:
        """Begin jobs at independent instants of a mean rate, whether or not the switch keeps up."""
        latencies = Histogram()
        before, start = self._cpu(), time.perf_counter()
        arrivals = Arrivals(rate, seed, start, start + len(jobs) / rate * 4)
        tasks = []

        async def run(job: Job, intended: float) -> None:
            await job()
            latencies.record(int((time.perf_counter() - intended) * 1e6))

        for job in jobs:
            intended = arrivals.take()
            if intended is None:
                break
            wait = intended - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(run(job, intended)))
        await asyncio.gather(*tasks)
        seconds = time.perf_counter() - start
        return Segment(work, latencies.count, seconds, latencies, self._used(before))

    def _cpu(self) -> dict[str, float]:
        return cpu.spent_s(*self._processes)

    def _used(self, before: dict[str, float]) -> dict[str, float]:
        return {name: s - before.get(name, 0.0) for name, s in self._cpu().items()}


def _claims() -> list[common_pb2.Claim]:
    today = datetime.now(UTC).astimezone(BEIJING).date()
    return [
        bill(
            OUTPATIENT, HOME, today,
            [item(x.code, x.name, x.quantity, x.unit_price) for x in drawn.lines],
            diagnoses=["J06.900"],
        )
        for drawn in draw_bills(1, OUTPATIENT)
    ]  # fmt: skip
