"""Mending: the one safe repair of each difference, done at the switch and in the records.

Only what is the institution's is done here. Before a settlement is reversed the records of other
days and the outbox are searched: what a verified reply says is posted is entered, not undone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clients.faults import OutcomeUnknown, SwitchFault
from clients.outbox import Entry, EntryState, Outbox
from clients.records import Records, of_entry, of_undone, with_group
from clients.terminal import TerminalClient
from medswitch.v1 import reconciliation_pb2 as pb
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.model.ids import RequestId


class Done(StrEnum):
    """What became of a repair."""

    MENDED = "mended"
    LEFT = "left"
    """The text says why, and who acts."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A difference and what was done about it."""

    difference: pb.Difference
    done: Done
    text: str


_UNDONE: Final = {reply_pb2.REPLY_CODE_OK, reply_pb2.REPLY_CODE_ALREADY_UNDONE}


def mend(
    records: Records,
    differences: Iterable[pb.Difference],
    client: TerminalClient | None,
    others: Sequence[Outbox] = (),
) -> Iterator[Mended]:
    """Do each repair and tell what became of it; without a client only those in the records.

    Doubles go first: every other repair says what stands under a key. `others`: the outboxes of the
    institution's other terminals.
    """
    given = list(differences)
    twice = [one for one in given if one.kind == pb.DIFFERENCE_KIND_TWICE]
    for one in twice:
        records.strike_one(one.institution_record)
        yield Mended(one, Done.MENDED, "struck one record of two")
    for one in given:
        if one.kind != pb.DIFFERENCE_KIND_TWICE:
            yield _mended(records, one, client, others)


def _mended(
    records: Records,
    one: pb.Difference,
    client: TerminalClient | None,
    others: Sequence[Outbox],
) -> Mended:
    record = one.switch_record if one.HasField("switch_record") else one.institution_record
    if one.repair == pb.REPAIR_STRIKE:
        records.strike(record.request_id, undone=record.undone)
        return Mended(one, Done.MENDED, "struck: nothing stands behind it at the switch")
    if one.repair == pb.REPAIR_CORRECT:
        records.keep(one.switch_record)
        return Mended(one, Done.MENDED, "the switch's values taken")
    if one.repair == pb.REPAIR_RECORD:
        records.keep(one.switch_record)
        return Mended(one, Done.MENDED, "entered as the switch has it")
    if one.repair == pb.REPAIR_REVERSE and records.find(record.request_id, undone=False):
        # With a record of another day: no one-sided settlement, only a wrong day.
        records.keep(one.switch_record)
        return Mended(one, Done.MENDED, "moved to the switch's day")
    if client is None:
        return Mended(one, Done.LEFT, "needs a terminal: give --address")
    try:
        if one.repair == pb.REPAIR_REVERSE:
            return _reversed(records, one, client, others)
        if one.repair == pb.REPAIR_CANCEL:
            return _cancelled(records, one, client)
        return _resent(records, one, client)
    except (OutcomeUnknown, SwitchFault) as error:
        return Mended(one, Done.LEFT, f"{error}; compare again later")


def _reversed(
    records: Records, one: pb.Difference, client: TerminalClient, others: Sequence[Outbox]
) -> Mended:
    ours = one.switch_record
    for outbox in (client.outbox, *others):
        entry = outbox.entry(RequestId(ours.request_id))
        if entry is not None and entry.state is EntryState.ANSWERED and of_entry(entry) is not None:
            records.keep(ours)
            return Mended(one, Done.MENDED, "entered: an outbox keeps the reply that says posted")
    reply = client.reverse(_original(ours, ours.total_fen))
    if reply.outcome.code not in _UNDONE:
        return Mended(one, Done.LEFT, f"not reversed: {reply.outcome.message_en}")
    records.keep(ours)
    undoing = of_undone(reply.outcome, reply.undone)
    if undoing is not None:
        records.keep(with_group(undoing, ours))
    return Mended(one, Done.MENDED, "reversed, and both acts entered")


def _cancelled(records: Records, one: pb.Difference, client: TerminalClient) -> Mended:
    theirs = one.institution_record
    # The settlement's own record, corrected by now, names it better than its undoing's does.
    known = next(iter(records.find(theirs.request_id, undone=False)), None)
    original = _original(theirs, -theirs.total_fen)
    if known is not None:
        original = _original(known, known.total_fen)
    reply = client.cancel(original)
    undoing = of_undone(reply.outcome, reply.undone)
    if undoing is None:
        who = "the agency decides" if _depends(reply.outcome) else "compare again"
        return Mended(one, Done.LEFT, f"not cancelled: {reply.outcome.message_en}; {who}")
    records.keep(with_group(undoing, known or theirs))
    return Mended(one, Done.MENDED, f"cancelled, on business day {undoing.business_day}")


def _resent(records: Records, one: pb.Difference, client: TerminalClient) -> Mended:
    request_id = RequestId(one.institution_record.request_id)
    entry = client.outbox.entry(request_id)
    if entry is None:
        text = "this terminal has no such request stored; in ten minutes it may be struck"
        return Mended(one, Done.LEFT, text)
    reply = client.repeat(request_id)
    answered = Entry(
        request_id, entry.method, entry.member_id, entry.total_fen, entry.body, reply=reply
    )
    posted = of_entry(answered)
    if posted is None:
        records.strike(request_id, undone=one.institution_record.undone)
        return Mended(one, Done.MENDED, "declined at the switch, and struck")
    records.keep(posted)
    return Mended(one, Done.MENDED, "sent again, and posted")


def _original(record: pb.CompareRecord, total_fen: int) -> settlement_pb2.Original:
    return settlement_pb2.Original(
        request_id=record.request_id,
        method="Settle",
        member_id=record.member_id,
        total_fen=total_fen,
    )


def _depends(outcome: reply_pb2.Outcome) -> bool:
    return outcome.code == reply_pb2.REPLY_CODE_LATER_SETTLEMENTS_DEPEND
