"""More verbs: a part refund, a filing that is in force at once, bills of today."""

from dataclasses import replace

from clients.bill import remaining
from clients.terminal import original_of
from medswitch.v1 import settlement_pb2
from switch.demo.cases import Step
from switch.demo.steps import amounts_of, code_of, differences, row, settle
from switch.demo.table import Row
from switch.demo.world import World, today
from switch.model.money import yuan_text


def part_refund(world: World, step: Step) -> list[Row]:
    """Settle, then replace the bill by what remains of it: one request, the card signs the rest."""
    counter, card, claim = world.counter(step.at), world.card(step.who), world.claim(step)
    settled = counter.settle(claim, card, counter.presettle(claim, card))
    amounts = amounts_of(settled.decision)
    wrong = differences(step, amounts)
    first = row(world, step, amounts, settled.outcome, wrong, settled.decision)
    rest = remaining(claim, {int(line): left for line, left in step.more["remains"].items()})
    shown = counter.presettle(rest, card, replaces=original_of(settled))
    replaced = counter.settle(rest, card, shown)
    amounts = amounts_of(replaced.decision)
    wrong = differences(replace(step, amounts=step.rest), amounts, replaced.balance_fen)
    back = replaced.replaced
    if back != _undone(shown.replaced, back.undo_settlement_id):
        wrong = "another refund than was shown"
    fund, account, cash = (
        yuan_text(fen)
        for fen in (
            back.fund_back_fen,
            back.account_current_back_fen + back.account_earlier_back_fen,
            back.cash_back_fen,
        )
    )
    second = replace(
        row(world, step, amounts, replaced.outcome, wrong, replaced.decision),
        reason_zh=f"部分退费：退基金 {fund}，退账户 {account}，退现金 {cash}",
        reason_en=f"part refund: {fund} to the fund, {account} to the account, {cash} in cash",
    )
    return [first, second]


def file_today(world: World, step: Step) -> list[Row]:
    """An agency takes a filing from today on."""
    taken = world.file(step)
    wrong = "" if code_of(taken.outcome) == "OK" else "the filing was declined"
    filing = taken.record.filing
    named = f"{filing.since} – {filing.until or '∞'}"
    zh, en = f"备案 {named}", f"filed for {named}"
    shown = row(world, replace(step, on=today()), None, taken.outcome, wrong)
    return [replace(shown, reason_zh=zh, reason_en=en)]


def settle_today(world: World, step: Step) -> list[Row]:
    """A bill of today, under what was filed a moment ago."""
    return settle(world, replace(step, on=today()))


def settle_with_relative(world: World, step: Step) -> list[Row]:
    """A bill of today that a relative's account pays of; both accounts tell the same story."""
    counter, card = world.counter(step.at), world.card(step.who)
    relative = world.card(step.more["relative"])
    before = counter.read_member(relative).member.account_fen
    claim = world.claim(replace(step, on=today()))
    settled = counter.settle(claim, card, counter.presettle(claim, card))
    split = settled.decision.split
    amounts = amounts_of(settled.decision)
    wrong = differences(step, replace(amounts, account=split.account_relative_fen))
    after = counter.read_member(relative).member.account_fen
    if before - after != split.account_relative_fen:
        wrong = "the relative's account does not say so"
    paid, left = yuan_text(split.account_relative_fen), yuan_text(after)
    return [
        replace(
            row(
                world, replace(step, on=today()),
                replace(amounts, account=split.account_fen + split.account_relative_fen),
                settled.outcome, wrong, settled.decision,
            ),
            reason_zh=f"亲属账户共济支付 {paid}，亲属余额 {left}",
            reason_en=f"a relative's account pays {paid}; {left} is left on it",
        )
    ]  # fmt: skip


def _undone(shown: settlement_pb2.Replaced, undo: str) -> settlement_pb2.Replaced:
    """Return what was shown with the undoing's number, which it could not know."""
    known = settlement_pb2.Replaced()
    known.CopyFrom(shown)
    known.undo_settlement_id = undo
    return known
