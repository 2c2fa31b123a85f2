"""Lines of a visit: uploaded over hours or weeks, and withdrawn while they are not settled.

What is there already, the same, is ignored, whichever request brought it: systems send again what
they are not sure of. What is settled is frozen.
"""

from collections.abc import Mapping
from dataclasses import replace

from switch.model.answer import LinesAnswer
from switch.model.claim import FeeLine
from switch.model.decision import Decline
from switch.model.money import Fen
from switch.model.reply import ReplyCode
from switch.model.stages import UploadLines, WithdrawLines
from switch.model.visit import (
    LINES_MAX,
    Changes,
    LinesAdded,
    LinesWithdrawn,
    Visit,
    VisitEvent,
    VisitLine,
    within,
)
from switch.pipeline.ports import Codec
from switch.pipeline.view import Outcome, View
from switch.pipeline.visit import act_of, changed, declined, earliest, visit_of


def upload(codec: Codec, view: View, operation: UploadLines) -> Outcome:
    """Decide one UploadLines on the view as it stands: all of its lines are taken, or none."""
    visit = visit_of(view, operation, VisitEvent.LINES)
    if isinstance(visit, Decline):
        return declined(codec, operation, visit)
    there = view.lines.get(visit.visit_id, {})
    new = tuple(one for one in operation.lines if one.number not in there)
    refused = _not_taken(view, visit, operation.lines, new, there)
    if refused is not None:
        return declined(codec, operation, refused)
    answer = LinesAnswer(
        operation.request_id, visit.visit_id, len(new), len(operation.lines) - len(new),
        visit.lines + len(new),
    )  # fmt: skip
    if not new:
        return changed(codec, view, operation, answer)
    after = replace(
        visit,
        change=visit.change + 1,
        lines=visit.lines + len(new),
        unsettled_fen=Fen(visit.unsettled_fen + sum(one.amount_fen for one in new)),
        changed=act_of(operation, view),
    )
    added = LinesAdded(visit.visit_id, after.change, new)
    return changed(codec, view, operation, answer, after, added)


def withdraw_lines(codec: Codec, view: View, operation: WithdrawLines) -> Outcome:
    """Decide one WithdrawLines on the view as it stands: all of its lines go, or none."""
    visit = visit_of(view, operation, VisitEvent.LINES)
    if isinstance(visit, Decline):
        return declined(codec, operation, visit)
    unsettled = visit.unsettled()
    there = view.lines.get(visit.visit_id, {})
    free = {n: one for n, one in there.items() if within(one.change, unsettled)}
    gone = {n: free[n] for n in operation.numbers if n in free} if operation.numbers else free
    refused = _not_withdrawn(operation, there, free, gone)
    if refused is not None:
        return declined(codec, operation, refused)
    left = visit.lines - len(gone)
    answer = LinesAnswer(operation.request_id, visit.visit_id, len(gone), 0, left)
    if not gone:
        return changed(codec, view, operation, answer)
    amount = sum(one.line.amount_fen for one in gone.values())
    after = replace(
        visit,
        change=visit.change + 1,
        lines=left,
        unsettled_fen=Fen(visit.unsettled_fen - amount),
        changed=act_of(operation, view),
    )
    named = tuple((number, one.change) for number, one in sorted(gone.items()))
    withdrawn = LinesWithdrawn(visit.visit_id, after.change, named)
    return changed(codec, view, operation, answer, after, withdrawn)


def _not_taken(
    view: View,
    visit: Visit,
    sent: tuple[FeeLine, ...],
    new: tuple[FeeLine, ...],
    there: Mapping[int, VisitLine],
) -> Decline | None:
    """Return why an upload is not taken, by the lowest code, if it is not."""
    for line in sent:
        if line.number in there and there[line.number].line != line:
            return Decline(ReplyCode.VISIT_LINE_DIFFERS, {"line": str(line.number)})
    all_lines = {n: one.line for n, one in there.items()} | {one.number: one for one in new}
    names = [line for line in new if line.withdraws]
    unsettled = visit.unsettled() if names else ()
    for line in names:
        refused = _wrongly_named(line, all_lines, there, unsettled)
        if refused is not None:
            return refused
    if new:
        first = earliest(view, visit)
        for line in new:
            if line.on < first:
                facts = {"line": str(line.number), "on": line.on.isoformat()}
                facts["earliest"] = first.isoformat()
                return Decline(ReplyCode.VISIT_LINE_TOO_EARLY, facts)
    overdrawn = _overdrawn(all_lines) if names else None
    if overdrawn is not None:
        return Decline(ReplyCode.VISIT_LINE_OVERDRAWN, {"line": str(overdrawn)})
    if visit.lines + len(new) > LINES_MAX:
        return Decline(ReplyCode.VISIT_LINES_TOO_MANY, {"limit": str(LINES_MAX)})
    return None


def _wrongly_named(
    line: FeeLine,
    all_lines: Mapping[int, FeeLine],
    there: Mapping[int, VisitLine],
    unsettled: tuple[Changes, ...],
) -> Decline | None:
    """Return what is wrong with the line that a negative line names, if anything is."""
    named = all_lines.get(line.withdraws)
    old = there.get(line.withdraws)
    if old is not None and not within(old.change, unsettled):
        return Decline(ReplyCode.VISIT_LINE_SETTLED, {"line": str(line.withdraws)})
    if (
        named is None
        or named.withdraws
        or (named.code, named.disease_code) != (line.code, line.disease_code)
    ):
        return Decline(ReplyCode.VISIT_LINE_UNKNOWN, {"line": str(line.withdraws)})
    return None


def _overdrawn(lines: Mapping[int, FeeLine]) -> int | None:
    """Return a line of which more is withdrawn than it charged, if there is one."""
    left = {n: [one.amount_fen, one.quantity_e4] for n, one in lines.items() if not one.withdraws}
    for line in lines.values():
        if line.withdraws in left:
            of = left[line.withdraws]
            of[0], of[1] = Fen(of[0] + line.amount_fen), of[1] + line.quantity_e4
    below = [n for n, (amount, quantity) in left.items() if amount < 0 or quantity < 0]
    return min(below, default=None)


def _not_withdrawn(
    operation: WithdrawLines,
    there: Mapping[int, VisitLine],
    free: Mapping[int, VisitLine],
    gone: Mapping[int, VisitLine],
) -> Decline | None:
    """Return why lines are not withdrawn, by the lowest code, if they are not."""
    settled = [n for n in operation.numbers if n in there and n not in free]
    if settled:
        return Decline(ReplyCode.VISIT_LINE_SETTLED, {"line": str(min(settled))})
    unknown = [n for n in operation.numbers if n not in there]
    if unknown:
        return Decline(ReplyCode.VISIT_LINE_UNKNOWN, {"line": str(min(unknown))})
    bare = [
        one.line.withdraws
        for n, one in free.items()
        if n not in gone and one.line.withdraws in gone
    ]
    if bare:
        return Decline(ReplyCode.VISIT_LINE_OVERDRAWN, {"line": str(min(bare))})
    return None
