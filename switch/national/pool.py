"""All messages of one check, looked up by what they name: who belongs to whom."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from switch.national.message import Kind, Line, Lines, Message, Settlement, id_key
from switch.national.reading import Reading
from switch.national.words import Note

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Pool:
    """The bills and fee lines of the input, by settlement, by visit and by reply."""

    settled: Mapping[str, Sequence[Settlement]]
    """Settlement id → settlements. A reply that is in the input twice is there twice."""
    visits: Mapping[str, Sequence[Settlement]]
    """Visit id → its presettlements, settlements and cancellations."""
    visit_count: int
    lines_in_reply: Mapping[int, Sequence[Line]]
    """Group → fee lines that came with its one bill (`detlcutinfo`)."""
    lines_of_settlement: Mapping[str, Sequence[Line]]
    lines_of_visit: Mapping[str, Sequence[Line]]
    lines_sent: Mapping[str, Sequence[Line]]
    """Visit id → the lines of its upload requests: amounts, no results."""
    lines_unnamed: Sequence[Line]

    @classmethod
    def of(cls, found: Sequence[Message]) -> Self:
        """Build from every message of the input."""
        bills = [one for one in found if isinstance(one, Settlement)]
        replies = [one for one in found if isinstance(one, Lines) and not one.request]
        sent = [
            line for one in found if isinstance(one, Lines) and one.request for line in one.lines
        ]
        alone = {group for group, n in Counter(one.place.group for one in bills).items() if n == 1}
        uploaded = {line.feedetl_sn: line.mdtrt_id for line in sent if line.feedetl_sn}
        free = [line for one in replies if one.place.group not in alone for line in one.lines]
        visit = [(line, line.mdtrt_id or uploaded.get(line.feedetl_sn, "")) for line in free]
        return cls(
            settled=_by((one.setl_id, one) for one in bills if one.kind is Kind.SETTLE),
            visits=_by((one.mdtrt_id, one) for one in bills if one.kind is not Kind.REQUEST),
            visit_count=len({id_key(one.mdtrt_id) or one.place for one in bills}),
            lines_in_reply=_by_group(one for one in replies if one.place.group in alone),
            lines_of_settlement=_by((line.setl_id, line) for line in free),
            lines_of_visit=_by((name, line) for line, name in visit if not line.setl_id),
            lines_sent=_by((line.mdtrt_id, line) for line in sent),
            lines_unnamed=[line for line, name in visit if not (name or line.setl_id)],
        )

    def settlement_of(self, cancel: Settlement) -> Settlement | Note:
        """Return the settlement a cancellation undoes, or why none can be named.

        By `setl_id` or `init_setl_id`; else by the visit, if that leaves one. A settlement made
        after the cancellation is another one of the same visit.
        """
        for name in (cancel.setl_id, cancel.init_setl_id):
            if named := self.settled.get(id_key(name), ()):
                return named[0]
        visit = [
            one
            for one in self._settled_in(cancel.mdtrt_id)
            if not cancel.setl_time or _digits(one.setl_time) <= _digits(cancel.setl_time)
        ]
        if len(visit) > 1:
            visit = [one for one in visit if _negates_total(one.reading, cancel.reading)]
            if len(visit) != 1:
                return Note(
                    "同一就诊有多次结算，无法确定对应哪一次",
                    "several settlements of the visit: which one it undoes is not said",
                )
        return visit[0] if visit else Note("输入中没有原结算", "its settlement is not in the input")

    def lines_of(self, bill: Settlement) -> Sequence[Line] | Note | None:
        """Return the fee lines of a bill, None when the input has none, or why it is not clear.

        Lines belong to the reply they stand in, to the settlement they name, or to the visit that
        they, or the request that uploaded them, name. Without any of these they belong to the only
        visit of the input. Where there are no replies, the uploaded lines are taken.
        """
        if lines := self.lines_in_reply.get(bill.place.group, ()):
            return _once(lines)
        if lines := self.lines_of_settlement.get(id_key(bill.setl_id), ()):
            return _once(lines)
        visit = id_key(bill.mdtrt_id)
        lines = self.lines_of_visit.get(visit, ())
        if not lines and self.lines_unnamed:
            if self.visit_count > 1:
                return Note("明细未指明就诊", "the lines do not say which visit they belong to")
            lines = self.lines_unnamed
        lines = lines or self.lines_sent.get(visit, ())
        if lines and len(self._live(bill.mdtrt_id)) > 1:
            return Note("同一就诊有多次结算", "the visit has several settlements")
        return _once(lines) if lines else None

    def _settled_in(self, visit: str) -> list[Settlement]:
        """The settlements of a visit, each once though its reply may be in the input twice."""
        found = self.visits.get(id_key(visit), ())
        settled = {id_key(one.setl_id): one for one in found if one.kind is Kind.SETTLE}
        return list(settled.values())

    def _live(self, visit: str) -> list[Settlement]:
        """The settlements of a visit that no cancellation in the input undoes."""
        found = self.visits.get(id_key(visit), ())
        undone = [self.settlement_of(one) for one in found if one.kind is Kind.CANCEL]
        gone = {id_key(one.setl_id) for one in undone if isinstance(one, Settlement)}
        return [one for one in self._settled_in(visit) if id_key(one.setl_id) not in gone]


def _by(pairs: Iterable[tuple[str, _T]]) -> Mapping[str, Sequence[_T]]:
    found: dict[str, list[_T]] = defaultdict(list)
    for name, value in pairs:
        if name:
            found[id_key(name)].append(value)
    return dict(found)


def _by_group(replies: Iterable[Lines]) -> Mapping[int, Sequence[Line]]:
    found: dict[int, list[Line]] = defaultdict(list)
    for one in replies:
        found[one.place.group] += one.lines
    return dict(found)


def _once(lines: Iterable[Line]) -> Sequence[Line] | Note:
    """A line that is repeated in the input counts once; with other amounts nothing is decided."""
    kept: dict[str, Line] = {}
    nameless: list[Line] = []
    for line in lines:
        if not line.feedetl_sn:
            nameless.append(line)
        elif kept.setdefault(line.feedetl_sn, line).reading.amounts != line.reading.amounts:
            number = line.feedetl_sn
            return Note(f"明细 {number} 出现两次且不同", f"line {number} twice, with other amounts")
    return [*kept.values(), *nameless]


def _digits(time: str) -> str:
    return "".join(sign for sign in time if sign.isdigit()).ljust(17, "0")


def _negates_total(settled: Reading, cancel: Reading) -> bool:
    total, undone = settled.get("medfee_sumamt"), cancel.get("medfee_sumamt")
    return total is not None and undone == -total
