"""The locust users: what turns cashiers, phases and arrivals into load.

gRPC under gevent needs `init_gevent` before the first channel; it stands here and nowhere in
`clients`. Each terminal has a channel, and so a connection, of its own.
"""

import json
import time
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import gevent
import gevent.event
from grpc.experimental import gevent as grpc_gevent
from locust import User, constant, events, task
from locust.env import Environment
from locust.exception import StopUser

from clients.answers import AnswerFile
from clients.bill import bill, item
from clients.outbox import Outbox
from clients.terminal import TerminalClient
from loadtest import cpu
from loadtest.cashier import Cashier, Holder, Till
from loadtest.figures import Figures
from loadtest.province import (
    HOME,
    Terminal,
    read_issuer_of,
    read_patients,
    read_terminals,
)
from loadtest.shapes import Live, Work, plan_of
from loadtest.workload import OUTPATIENT, PHARMACY, Workload, deal, draw_bills
from medswitch.v1 import common_pb2
from switch.model.ids import BEIJING

grpc_gevent.init_gevent()

CLOSING_S_MAX: Final = 120.0
"""What the users get to find out the last outcomes after the load has ended."""
_IDLE_S: Final = 0.005


def _now() -> datetime:
    return datetime.now(UTC)


class Bench:
    """What all users of one process share: the province, the phase, the figures."""

    def __init__(self, options: Namespace, environment: Environment) -> None:
        self.options = options
        self.environment = environment
        folder = Path(options.province)
        self.issuer = read_issuer_of(folder)
        self.terminals = read_terminals(folder, self.issuer, options.terminals)
        self.patients = read_patients(folder, options.members)
        self.claims = {kind: _claims(options.seed, kind) for kind in (OUTPATIENT, PHARMACY)}
        self.plan = plan_of(options.load_seconds, mixed_only=options.mixed_only)
        self.figures = Figures()
        self.answers = AnswerFile(Path(options.answers))
        self.users = int(options.num_users or options.users or 1)
        self.entered = 0
        self.ready = 0
        self.left = 0
        self.over = False
        self.live: Live | None = None
        self.begun = gevent.event.Event()

    def cashier(self) -> Cashier:
        """Return the next user's cashier, signed in at its terminals."""
        number = self.entered
        self.entered += 1
        mine = [self.terminals[nth] for nth in deal(len(self.terminals), self.users, number)]
        members = [self.patients[nth] for nth in deal(len(self.patients), self.users, number)]
        # Above every counter of an earlier run: a card's counter only rises.
        atc = time.time_ns() // 1_000
        cashier = Cashier(
            [self._till(terminal) for terminal in mine],
            [Holder(one.card(self.issuer, atc), one.pharmacy) for one in members],
            Workload(self.options.seed, number, [one.rank for one in mine], len(members)),
            self.figures,
            self.answers,
        )
        cashier.sign_in()
        self.ready += 1
        return cashier

    def _till(self, terminal: Terminal) -> Till:
        institution = terminal.identity.institution
        outbox = Outbox(":memory:", institution, _now, terminal.sequences)
        client = TerminalClient(self.options.switch, terminal.identity, outbox)
        return Till(client, self.claims[terminal.kind], terminal.kind == PHARMACY)

    def conduct(self) -> None:
        """Run the phases one after the other, then write the figures and end the run."""
        while self.ready < self.users:
            gevent.sleep(0.05)
        print("loadtest: load begins", flush=True)
        for number, phase in enumerate(self.plan):
            start = time.perf_counter()
            live = Live(phase, number, start, self.options.arrivals, self.options.seed)
            self.live = live
            self.begun.set()
            self._attend(live)
        self.over = True
        limit = time.monotonic() + CLOSING_S_MAX
        while self.left < self.users and time.monotonic() < limit:
            gevent.sleep(0.05)
        if self.left < self.users:
            self.figures.note_wrong(f"{self.users - self.left} users did not end")
        self.answers.close()
        content = {**self.figures.as_json(), "answers": self.answers.lines}
        Path(self.options.figures).write_text(json.dumps(content), encoding="utf-8")
        if self.environment.runner is not None:
            self.environment.runner.quit()

    def _attend(self, live: Live) -> None:
        gevent.sleep(live.window_from - time.perf_counter())
        before = self._cpu()
        while time.perf_counter() < live.end:
            gevent.sleep(min(0.02, max(live.end - time.perf_counter(), 0.0)))
        used = {process: s - before.get(process, 0.0) for process, s in self._cpu().items()}
        self.figures.note_phase(live, used)
        if live.arrivals is not None and not live.was_cut:
            self.figures.late += live.arrivals.left()

    def _cpu(self) -> dict[str, float]:
        return cpu.spent_s(self.options.switch_pid, self.options.postmaster_pid)


class TerminalUser(User):
    """A cashier with some terminals and members of its own."""

    wait_time = constant(0)
    bench: Bench

    def on_start(self) -> None:
        """Sign in, and wait until everybody has."""
        self.cashier = self.bench.cashier()
        self.bench.begun.wait()
        self.done = -1

    @task
    def work(self) -> None:
        """Work through the phase that runs; then wait for the next."""
        live = self.bench.live
        if self.bench.over:
            self.cashier.close()
            self.bench.left += 1
            raise StopUser
        if live is None or live.number == self.done:
            gevent.sleep(_IDLE_S)
            return
        self.done = live.number
        while time.perf_counter() < live.end and self._step(live):
            pass
        if live.work is Work.SETTLE:
            self.cashier.write_down()

    def _step(self, live: Live) -> bool:
        """Do one piece of work; False when this user has nothing left to do in the phase."""
        intended = time.perf_counter()
        if live.arrivals is not None:
            arrival = live.arrivals.take()
            if arrival is None:
                return False
            if arrival > intended:
                gevent.sleep(arrival - intended)
            intended = arrival
        match live.work:
            case Work.MIXED:
                self.cashier.visit(live, intended)
            case Work.PREPARE:
                return self.cashier.prepare()
            case Work.SETTLE:
                if not self.cashier.settle(live, intended):
                    live.cut(time.perf_counter())
                    return False
            case Work.ECHO:
                self.cashier.echo(live, intended)
        return True


def _claims(seed: int, kind: str) -> tuple[common_pb2.Claim, ...]:
    """Return the bills of a kind as messages: made once, sent many times."""
    today = _now().astimezone(BEIJING).date()
    return tuple(
        bill(
            kind,
            HOME,
            today,
            [item(x.code, x.name, x.quantity, x.unit_price) for x in drawn.lines],
            diagnoses=["J06.900"],
        )
        for drawn in draw_bills(seed, kind)
    )


@events.init_command_line_parser.add_listener
def _(parser: Any) -> None:
    group = parser.add_argument_group("medswitch")
    group.add_argument("--switch", default="127.0.0.1:50051", help="address of the switch")
    group.add_argument("--province", default="medswitch-data", help="folder that was seeded")
    group.add_argument("--answers", default="answers.jsonl", help="file of the proven answers")
    group.add_argument("--figures", default="figures.json", help="file of what was measured")
    group.add_argument("--load-seconds", type=float, default=30.0)
    group.add_argument("--members", type=int, default=10_000)
    group.add_argument("--terminals", type=int, default=200)
    group.add_argument("--arrivals", type=float, default=0.0, help="a second; 0: a closed run")
    group.add_argument("--seed", type=int, default=1)
    group.add_argument("--mixed-only", action="store_true", help="whole visits, nothing else")
    group.add_argument("--switch-pid", type=int, default=0, help="whose cost is measured")
    group.add_argument("--postmaster-pid", type=int, default=0)


@events.test_start.add_listener
def _(environment: Environment, **_: Any) -> None:
    TerminalUser.bench = Bench(environment.parsed_options or Namespace(), environment)
    gevent.spawn(TerminalUser.bench.conduct)


@events.user_error.add_listener
def _(exception: Exception, **_: Any) -> None:
    TerminalUser.bench.figures.note_wrong(f"{type(exception).__name__}: {exception}")
