"""The whole check: documents in, every message with its findings out, and the exit status."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from switch.national import document
from switch.national.document import Unreadable
from switch.national.finding import IDENTITIES, Finding
from switch.national.identities import settlement_findings
from switch.national.lines import lines_findings
from switch.national.message import (
    Kind,
    Lines,
    Message,
    Other,
    Settlement,
    TotalsReply,
    TotalsSent,
    messages,
)
from switch.national.pairs import bill_of_lines, cancel_negates
from switch.national.pool import Pool
from switch.national.totals import reply_findings, sent_findings
from switch.national.words import Note, State


@dataclass(frozen=True, slots=True)
class Checked:
    """One message and what was found on it."""

    message: Message
    findings: tuple[Finding, ...]

    @property
    def kind(self) -> str:
        """Return what the message is, in a word."""
        match self.message:
            case Settlement(kind=kind):
                return kind.value
            case Lines(request=request):
                return "lines request" if request else "lines"
            case TotalsSent():
                return "totals request"
            case TotalsReply():
                return "totals"
            case Other():
                return "other"
            case unknown:
                assert_never(unknown)

    @property
    def ids(self) -> dict[str, str]:
        """Return the ids a person would look for. Never a name or an identity number."""
        match self.message:
            case Settlement(setl_id=setl_id, mdtrt_id=mdtrt_id):
                return {k: v for k, v in (("setl_id", setl_id), ("mdtrt_id", mdtrt_id)) if v}
            case Other(infno=infno, infcode=infcode):
                return {k: v for k, v in (("infno", infno), ("infcode", infcode)) if v}
            case _:
                return {}

    def count(self, state: State) -> int:
        """Return how many findings are in a state."""
        return sum(finding.state is state for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        place = self.message.place
        return {
            "file": place.file,
            "line": place.line,
            "path": place.path,
            "kind": self.kind,
            "ids": self.ids,
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was checked, and what could not be read."""

    checked: tuple[Checked, ...]
    unreadable: tuple[Unreadable, ...]

    def count(self, state: State) -> int:
        """Return how many findings are in a state, over all messages."""
        return sum(one.count(state) for one in self.checked)

    @property
    def status(self) -> int:
        """Return the exit status: 2 when something could not be read, 1 when something fails."""
        if self.unreadable:
            return 2
        return 1 if self.count(State.FAILS) else 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values; amounts are text in yuan."""
        return {
            "status": self.status,
            "counts": {state.value: self.count(state) for state in State},
            "messages": [one.as_json() for one in self.checked],
            "unreadable": [
                {"file": one.file, "line": one.line, "why": one.why.as_json()}
                for one in self.unreadable
            ],
        }


def check(files: Iterable[tuple[str, bytes | Note]]) -> Report:
    """Check the messages of all files together: a cancellation may lie beside its settlement.

    A file is its name and its bytes, or why it has none.
    """
    found: list[Message] = []
    unreadable: list[Unreadable] = []
    group = 0
    for name, raw in files:
        text = raw if isinstance(raw, Note) else document.decode(raw)
        if isinstance(text, Note):
            unreadable.append(Unreadable(name, 0, text))
            continue
        values, faults = document.values(name, text)
        unreadable += faults
        if not values and not faults:
            unreadable.append(Unreadable(name, 0, Note("空文件", "nothing in it")))
        for value in values:
            inside = messages(name, value, group)
            group += len(value.json) if isinstance(value.json, list) else 1
            found += inside
            if not inside:
                why = Note("不是医保接口报文", "no message of the interface")
                unreadable.append(Unreadable(name, value.line, why))
    pool = Pool.of(found)
    checked = (Checked(one, _in_order(_findings(one, found, pool))) for one in found)
    return Report(tuple(checked), tuple(unreadable))


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort as the identities are numbered; findings on many lines keep the order of the lines."""
    order = {name: place for place, name in enumerate(IDENTITIES)}
    return tuple(sorted(findings, key=lambda finding: order[finding.identity]))


def _findings(message: Message, found: Sequence[Message], pool: Pool) -> Iterable[Finding]:
    match message:
        case Settlement(kind=kind):
            alone = tuple(settlement_findings(message))
            undoes = (cancel_negates(message, pool),) if kind is Kind.CANCEL else ()
            return (*alone, *undoes, *bill_of_lines(message, pool))
        case Lines():
            return lines_findings(message)
        case TotalsSent():
            return sent_findings(message, found, pool)
        case TotalsReply():
            return reply_findings(message, found)
        case Other():
            return ()
        case unknown:
            assert_never(unknown)
