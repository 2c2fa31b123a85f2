"""One user of the load test: a cashier at a few terminals, with members of its own.

No member belongs to two cashiers, so the settlements of one follow each other and the counter of a
card rises. Knows neither locust nor gevent: they are outside, in `users`.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import grpc

from clients.answers import CANCEL, REVERSE, SETTLE, AnswerFile, code_of
from clients.card import SoftwareCard
from clients.faults import OutcomeUnknown, SwitchFault
from clients.outbox import Entry, EntryState
from clients.terminal import Resolution, TerminalClient, original_of
from loadtest.figures import Figures
from loadtest.shapes import Live
from loadtest.workload import After, Visit, Workload
from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2
from switch.model.ids import RequestId

OK: Final = reply_pb2.REPLY_CODE_OK
RESOLVE_TRIES: Final = 60
RESOLVE_WAIT_S: Final = 0.5
"""Half a minute: a switch that was killed is back long before."""
FORGET_EVERY: Final = 256


@dataclass(frozen=True, slots=True)
class Till:
    """A terminal's client and the bills that come to it."""

    client: TerminalClient
    claims: tuple[common_pb2.Claim, ...]
    pharmacy: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """A member's card, and whether a pharmacy may settle by it."""

    card: SoftwareCard
    pharmacy: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A settlement that is signed and stored, and not yet sent."""

    till: Till
    entry: Entry
    member: int


class Cashier:
    """Serves patients, one after another."""

    def __init__(
        self,
        tills: list[Till],
        holders: list[Holder],
        workload: Workload,
        figures: Figures,
        answers: AnswerFile,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._tills = tills
        self._holders = holders
        self._workload = workload
        self._figures = figures
        self._answers = answers
        self._clock = clock
        self._waiting = deque(workload.rotation())
        self._prepared: deque[Prepared] = deque()
        self._sent: list[tuple[Prepared, bytes]] = []
        self._visits = 0
        self._echo = bytes(512)

    def sign_in(self) -> None:
        """Open a session at every terminal. Raises: Unproven, SwitchFault."""
        for till in self._tills:
            till.client.sign_in()

    # The mixed flow.

    def visit(self, live: Live, intended: float) -> None:
        """Serve one patient from the bill to the receipt, and what comes after."""
        visit = self._workload.visit()
        holder = self._holders[visit.member]
        till, card = self._till(visit.terminal, holder), holder.card
        self._visits += 1
        if self._visits % FORGET_EVERY == 0:
            self._forget()
        shown = self._presettle(till, till.claims[visit.bill], card)
        if shown is None:
            return
        self._figures.record(live, "presettle", intended, self._clock())
        entry = till.client.prepare(till.claims[visit.bill], card, shown)
        if visit.after is After.OVERTAKEN:
            self._overtake(till, entry)
            return
        begun = self._clock()
        reply = self._send(till, entry)
        if reply is None:
            return
        done = self._clock()
        self._figures.record(live, "settle", begun, done)
        self._figures.record(live, "visit", intended, done)
        settled = settlement_pb2.SettleResponse.FromString(reply)
        self._write_down(till, entry, reply, settled)
        if settled.outcome.code == OK and visit.after is not After.NOTHING:
            self._afterwards(live, visit, till, entry, reply, settled)

    def _till(self, number: int, holder: Holder) -> Till:
        """Return the till of that number, or the next that is no pharmacy for who cannot use one.

        A user that has pharmacies only keeps them: the decline is an answer too.
        """
        turned = self._tills[number:] + self._tills[:number]
        fit = (till for till in turned if holder.pharmacy or not till.pharmacy)
        return next(fit, turned[0])

    def _presettle(
        self, till: Till, claim: common_pb2.Claim, card: SoftwareCard
    ) -> settlement_pb2.PresettleResponse | None:
        try:
            shown = till.client.presettle(claim, card)
        except (OutcomeUnknown, SwitchFault) as error:
            self._note_failure("presettle", error)
            return None
        if shown.outcome.code != OK:
            self._figures.declines[f"presettle {code_of(shown.outcome)}"] += 1
            return None
        return shown

    def _send(self, till: Till, entry: Entry) -> bytes | None:
        """Send a stored settlement; None when its end had to be found out otherwise."""
        try:
            return till.client.send(entry)
        except (OutcomeUnknown, SwitchFault) as error:
            self._note_failure("settle", error)
            self._resolve(till)
            return None

    def _write_down(
        self, till: Till, entry: Entry, reply: bytes, settled: settlement_pb2.SettleResponse
    ) -> None:
        self._answers.write(SETTLE, settled)
        till.client.outbox.close_entry(entry.request_id, EntryState.ANSWERED, reply)
        if settled.outcome.code != OK:
            self._figures.declines[f"settle {code_of(settled.outcome)}"] += 1

    def _afterwards(
        self,
        live: Live,
        visit: Visit,
        till: Till,
        entry: Entry,
        reply: bytes,
        settled: settlement_pb2.SettleResponse,
    ) -> None:
        begun = self._clock()
        try:
            match visit.after:
                case After.QUERY:
                    self._query(till, settled)
                case After.REPEAT:
                    self._repeat(till, entry, reply)
                case After.CANCEL:
                    cancelled = till.client.cancel(original_of(settled))
                    self._undone(CANCEL, cancelled, cancelled.outcome, entry)
                case After.REVERSE:
                    reversed_ = till.client.reverse(original_of(settled))
                    self._undone(REVERSE, reversed_, reversed_.outcome, entry)
                case _:
                    return
        except (OutcomeUnknown, SwitchFault) as error:
            self._note_failure(visit.after, error)
            self._resolve(till)
            return
        self._figures.record(live, visit.after, begun, self._clock())

    def _query(self, till: Till, settled: settlement_pb2.SettleResponse) -> None:
        found = till.client.get_settlement(original_of(settled))
        if (
            found.state != settlement_pb2.SETTLEMENT_STATE_POSTED
            or found.settle.settlement_id != settled.settlement_id
        ):
            self._figures.note_wrong(f"query of {settled.outcome.request_id}: {found.state}")

    def _repeat(self, till: Till, entry: Entry, reply: bytes) -> None:
        if till.client.send(entry) != reply:
            self._figures.note_wrong(f"repeat of {entry.request_id}: another reply")

    def _undone(
        self,
        method: str,
        reply: settlement_pb2.CancelResponse | settlement_pb2.ReverseResponse,
        outcome: reply_pb2.Outcome,
        entry: Entry,
    ) -> None:
        self._answers.write(method, reply)
        if outcome.code != OK:
            what = f"{method.lower()} {code_of(outcome)}"
            self._figures.declines[what] += 1
            self._figures.note_wrong(f"{what} of {entry.request_id}, just settled")

    def _overtake(self, till: Till, entry: Entry) -> None:
        """Let the reversal arrive first: it leaves a tombstone; the late original is refused."""
        try:
            reversed_ = till.client.reverse(original_of(entry))
            self._undone(REVERSE, reversed_, reversed_.outcome, entry)
            reply = till.client.send(entry)
        except (OutcomeUnknown, SwitchFault) as error:
            self._note_failure(After.OVERTAKEN, error)
            self._resolve(till)
            return
        settled = settlement_pb2.SettleResponse.FromString(reply)
        self._answers.write(SETTLE, settled)
        if settled.outcome.code != reply_pb2.REPLY_CODE_REVERSED:
            code = code_of(settled.outcome)
            self._figures.note_wrong(f"late {entry.request_id}, reversed before it came: {code}")

    # Settling and echoing alone.

    def prepare(self) -> bool:
        """Presettle and sign the next member's bill; False when every member has one waiting."""
        if not self._waiting:
            return False
        member = self._waiting.popleft()
        visit = self._workload.visit()
        holder = self._holders[member]
        till = self._till(visit.terminal, holder)
        claim = till.claims[visit.bill]
        shown = self._presettle(till, claim, holder.card)
        if shown is not None:  # A member who is declined is left out from now on.
            entry = till.client.prepare(claim, holder.card, shown)
            self._prepared.append(Prepared(till, entry, member))
            self._echo = bytes(len(entry.body))
        return True

    def settle(self, live: Live, intended: float) -> bool:
        """Send the next prepared settlement; False when there is none."""
        if not self._prepared:
            return False
        prepared = self._prepared.popleft()
        try:
            reply = prepared.till.client.send(prepared.entry)
        except (OutcomeUnknown, SwitchFault) as error:
            self._note_failure("settle", error)
            self._drop_prepared()
            self._resolve(prepared.till)
            return True
        self._figures.record(live, "settle", intended, self._clock())
        self._sent.append((prepared, reply))
        return True

    def echo(self, live: Live, intended: float) -> None:
        """Send a bare Echo of a Settle's size, from the terminals in turn."""
        self._visits += 1
        till = self._tills[self._visits % len(self._tills)]
        try:
            till.client.echo(self._echo)
        except grpc.RpcError as error:
            self._figures.faults[f"echo {error.code().name}"] += 1
            return
        self._figures.record(live, "echo", intended, self._clock())

    def write_down(self) -> None:
        """Write down what was settled while nothing else was to be measured."""
        for prepared, reply in self._sent:
            settled = settlement_pb2.SettleResponse.FromString(reply)
            self._write_down(prepared.till, prepared.entry, reply, settled)
            self._waiting.append(prepared.member)
        self._sent.clear()
        self._forget()

    def close(self) -> None:
        """Give up what was never sent, find out the rest, and close the connections."""
        self.write_down()
        self._drop_prepared()
        for till in self._tills:
            if till.client.outbox.pending():
                self._resolve(till)
            till.client.close()

    # Unknown outcomes.

    def _note_failure(self, operation: str, error: OutcomeUnknown | SwitchFault) -> None:
        reason = "UNKNOWN" if isinstance(error, OutcomeUnknown) else error.reason
        self._figures.faults[f"{operation} {reason}"] += 1

    def _resolve(self, till: Till) -> None:
        """Ask, repeat or reverse until every request of a terminal has its end."""
        for _ in range(RESOLVE_TRIES):
            for resolution in till.client.resolve():
                if resolution.error is None:
                    self._note_resolved(till, resolution)
            if not till.client.outbox.pending():
                return
            time.sleep(RESOLVE_WAIT_S)
        self._figures.note_wrong(f"{len(till.client.outbox.pending())} requests never resolved")

    def _note_resolved(self, till: Till, resolution: Resolution) -> None:
        entry = resolution.entry
        self._figures.resolved[f"{entry.method} {entry.state}"] += 1
        if entry.state is EntryState.ANSWERED and entry.reply is not None:
            self._answers.write_bytes(entry.method, entry.reply)
        elif entry.state is EntryState.UNDONE:
            self._figures.reversed_unseen.append(entry.request_id)
            reversal = till.client.outbox.entry(RequestId(entry.note)) if entry.note else None
            if reversal is not None and reversal.reply is not None:
                self._answers.write_bytes(reversal.method, reversal.reply)

    def _drop_prepared(self) -> None:
        for prepared in self._prepared:
            outbox = prepared.till.client.outbox
            outbox.close_entry(prepared.entry.request_id, EntryState.REFUSED, None, "never sent")
        self._prepared.clear()

    def _forget(self) -> None:
        later = datetime.now(UTC) + timedelta(minutes=2)
        for till in self._tills:
            till.client.outbox.forget(later)
