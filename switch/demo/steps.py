"""The verbs of the demonstration: each does one step through the client and says what it came to.

Nothing here knows what is right: expectations come from the case, and every comparison is made on
what the switch answered over the channel.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from clients.card import Credential, IdentityNumber
from clients.terminal import original_of
from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2
from switch.demo.attack import Attacker
from switch.demo.cases import Amounts, Step
from switch.demo.table import Row
from switch.demo.world import World
from switch.model.money import yuan_text

POSTED: Final = settlement_pb2.SETTLEMENT_STATE_POSTED
NEVER_SEEN: Final = settlement_pb2.SETTLEMENT_STATE_NEVER_SEEN


def row(
    world: World,
    step: Step,
    amounts: Amounts | None,
    outcome: reply_pb2.Outcome,
    wrong: str,
    decision: common_pb2.Decision | None = None,
) -> Row:
    """Return the table's row of an answered step."""
    code = code_of(outcome)
    zh, en = (outcome.message_zh, outcome.message_en) if code != "OK" else why(decision)
    return Row(world.title(step.who), world.place(step), amounts, code, zh, en, wrong)


def why(decision: common_pb2.Decision | None) -> tuple[str, str]:
    """Return the working in one line of each language: what each rule took or paid."""
    results: dict[tuple[str, str], int] = {}
    for one in decision.working if decision is not None else ():
        if one.note_zh and one.result_fen:
            key = (one.note_zh, one.note_en)
            results[key] = results.get(key, 0) + one.result_fen
    return (
        " · ".join(f"{zh} {yuan_text(fen)}" for (zh, _), fen in results.items()),
        " · ".join(f"{en} {yuan_text(fen)}" for (_, en), fen in results.items()),
    )


def code_of(outcome: reply_pb2.Outcome) -> str:
    """Return a reply code's short name."""
    return reply_pb2.ReplyCode.Name(outcome.code).removeprefix("REPLY_CODE_")


def amounts_of(decision: common_pb2.Decision) -> Amounts:
    """Return the parts of an answered split."""
    split = decision.split
    return Amounts(
        total=split.total_fen,
        own_expense=split.own_expense_fen,
        over_limit=split.over_limit_fen,
        first_self_pay=split.first_self_pay_fen,
        in_scope=split.in_scope_fen,
        deductible=split.deductible_fen,
        fund=tuple(sorted((p.fund_pay_type, p.amount_fen) for p in split.payers if p.amount_fen)),
        hospital=split.hospital_fen,
        account=split.account_fen,
        cash=split.cash_fen,
    )


def differences(step: Step, amounts: Amounts, balance: int | None = None) -> str:
    """Return what came out other than the case says, "" when nothing did."""
    wrong = []
    if step.amounts is not None:
        for name in Amounts.__slots__:
            expected, got = getattr(step.amounts, name), getattr(amounts, name)
            if expected != got:
                wrong.append(f"{name}: {_money(got)}, expected {_money(expected)}")
    if step.balance is not None and balance is not None and balance != step.balance:
        wrong.append(f"balance: {yuan_text(balance)}, expected {yuan_text(step.balance)}")
    return "; ".join(wrong)


def _money(value: object) -> str:
    return yuan_text(value) if isinstance(value, int) else str(value)


def settle(world: World, step: Step, credential: Credential | None = None) -> list[Row]:
    """Presettle, show, settle: the ordinary counter."""
    counter = world.counter(step.at)
    credential = credential or world.card(step.who)
    claim = world.claim(step)
    shown = counter.presettle(claim, credential)
    if shown.outcome.code != reply_pb2.REPLY_CODE_OK:
        return [row(world, step, None, shown.outcome, "presettle was declined")]
    settled = counter.settle(claim, credential, shown)
    if settled.outcome.code != reply_pb2.REPLY_CODE_OK:
        return [row(world, step, None, settled.outcome, "settle was declined")]
    amounts = amounts_of(settled.decision)
    wrong = differences(step, amounts, settled.balance_fen)
    return [row(world, step, amounts, settled.outcome, wrong, settled.decision)]


def settle_by_identity(world: World, step: Step) -> list[Row]:
    """The same by identity number, where the policy allows it."""
    return settle(world, step, IdentityNumber(world.people[step.who].social_security_number))


def decline(world: World, step: Step) -> list[Row]:
    """Presettle, and expect to be declined; nothing may have been posted."""
    before = world.journals()
    card = world.old_card(step.who) if step.more.get("card") == "old" else world.card(step.who)
    shown = world.counter(step.at).presettle(world.claim(step), card)
    return [_declined(world, step, shown.outcome, before)]


def _declined(world: World, step: Step, outcome: reply_pb2.Outcome, before: int) -> Row:
    wrong = [] if code_of(outcome) == step.code else [f"expected {step.code}"]
    if world.journals() != before:
        wrong.append("something was posted")
    amounts = None if step.amounts is None else Amounts(total=step.amounts.total)
    return row(world, step, amounts, outcome, "; ".join(wrong))


def books_mirror(world: World, step: Step) -> list[Row]:
    """What the home region owes stands in both books, and the two sum to zero."""
    home, care = step.more["home"], step.more["care"]
    balances = world.due(home, care)
    owed, due = balances.get(home, 0), balances.get(care, 0)
    wrong = "" if owed and owed + due == 0 else "the mirrors differ"
    return [
        Row(
            f"DUE:{home}:{care}",
            f"{home} ↔ {care}",
            None,
            "OK",
            f"参保地账簿 {yuan_text(owed)}，就医地账簿 {yuan_text(due)}：互为镜像",
            f"in the home book {yuan_text(owed)}, in the care book {yuan_text(due)}: they mirror",
            wrong,
        )
    ]


def report_lost(world: World, step: Step) -> list[Row]:
    """The holder reports the card lost: it is frozen before the next transaction anywhere."""
    world.report_lost(step.who)
    return [_office(world, step, "电话挂失", "reported lost by telephone")]


def release(world: World, step: Step) -> list[Row]:
    """The card is found and released at a card office."""
    world.release(step.who)
    return [_office(world, step, "柜面解挂", "released at a card office")]


def replace_card(world: World, step: Step) -> list[Row]:
    """The card is replaced under the same number with a new issue date."""
    world.replace_card(step.who)
    return [_office(world, step, "补换卡，同号新卡", "replaced: same number, new card")]


def _office(world: World, step: Step, zh: str, en: str) -> Row:
    return Row(world.title(step.who), "制卡机构\ncard office", None, "OK", zh, en)


def wrong_cryptogram(world: World, step: Step) -> list[Row]:
    """A card whose keys are not those of its identifier."""
    before = world.journals()
    forged = world.forged_card(step.who)
    shown = world.counter(step.at).presettle(world.claim(step), forged)
    return [_declined(world, step, shown.outcome, before)]


def repeat_atc(world: World, step: Step) -> list[Row]:
    """A genuine card's copy, whose counter stands where the card's already was."""
    before = world.journals()
    shown = world.counter(step.at).presettle(world.claim(step), world.cloned_card(step.who))
    return [_declined(world, step, shown.outcome, before)]


def cancel(world: World, step: Step) -> list[Row]:
    """Settle, cancel, and compare the person before and after to the last field."""
    counter, card = world.counter(step.at), world.card(step.who)
    before = counter.read_member(card).member
    claim = world.claim(step)
    settled = counter.settle(claim, card, counter.presettle(claim, card))
    amounts = amounts_of(settled.decision)
    wrong = differences(step, amounts)
    first = row(world, step, amounts, settled.outcome, wrong, settled.decision)
    undone = counter.cancel(original_of(settled))
    after = counter.read_member(card).member
    wrong = "" if after == before else "the person is not as before"
    if undone.undone.balance_fen != step.balance:
        wrong = f"balance {yuan_text(undone.undone.balance_fen)}"
    back = row(world, step, _negated(amounts), undone.outcome, wrong)
    return [first, replace(back, reason_zh="撤销后恢复如前", reason_en="cancelled: all as before")]


def _negated(amounts: Amounts) -> Amounts:
    return Amounts(
        total=-amounts.total,
        fund=tuple((fund, -fen) for fund, fen in amounts.fund),
        account=-amounts.account,
        cash=-amounts.cash,
    )


def amounts_changed(world: World, step: Step) -> list[Row]:
    """Presettle; the account is spent elsewhere; the signed amounts no longer hold."""
    counter, card, claim = world.counter(step.at), world.card(step.who), world.claim(step)
    shown = counter.presettle(claim, card)
    spent = _texts(step.more["spend"])
    elsewhere = replace(step, at=step.more["spend_at"], kind="41", lines=spent, amounts=None)
    rows = settle(world, elsewhere)
    declined = counter.settle(claim, card, shown)
    wrong = "" if code_of(declined.outcome) == "AMOUNTS_CHANGED" else "expected AMOUNTS_CHANGED"
    if amounts_of(declined.decision) != step.amounts:
        wrong = "the new split is not told"
    rows.append(row(world, step, amounts_of(declined.decision), declined.outcome, wrong))
    return rows + settle(world, step)


def _texts(lines: list[list[object]]) -> tuple[tuple[str, str, str], ...]:
    return tuple((str(code), str(quantity), str(price)) for code, quantity, price in lines)


def two_at_once(world: World, step: Step) -> list[Row]:
    """Two bills of one person, both presettled, settled at the same instant at two counters."""
    credential = IdentityNumber(world.people[step.who].social_security_number)
    counters = (world.counter(step.at), world.second_counter(step.at))
    claims = (world.claim(step), world.claim(step))
    shown = [c.presettle(claim, credential) for c, claim in zip(counters, claims, strict=True)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda n: counters[n].settle(claims[n], credential, shown[n]), range(len(claims))
            )
        )
    answers.sort(key=lambda answer: answer.outcome.code)
    amounts = amounts_of(answers[0].decision)
    wrong = differences(step, amounts)
    won = row(world, step, amounts, answers[0].outcome, wrong, answers[0].decision)
    wrong = "" if code_of(answers[1].outcome) == step.code else f"expected {step.code}"
    lost = row(world, step, amounts_of(answers[1].decision), answers[1].outcome, wrong)
    return [won, lost]


def lost_answer(world: World, step: Step) -> list[Row]:
    """The answer to a Settle is lost: the terminal asks, then reverses."""
    counter, card, claim = world.counter(step.at), world.card(step.who), world.claim(step)
    shown = counter.presettle(claim, card)
    original = world.settle_without_answer(step.at, claim, card, shown)
    asked = counter.get_settlement(original)
    amounts = amounts_of(asked.settle.decision)
    wrong = "" if asked.state == POSTED else "the query does not find it"
    first = row(world, step, amounts, asked.outcome, wrong or differences(step, amounts))
    reversed_ = counter.reverse(original)
    balance = reversed_.undone.balance_fen
    wrong = "" if balance == step.balance else f"balance {yuan_text(balance)}"
    return [
        replace(first, reason_zh="应答丢失，查询：已入账", reason_en="answer lost; query: posted"),
        replace(
            row(world, step, _negated(amounts), reversed_.outcome, wrong),
            reason_zh="冲正，已恢复", reason_en="reversed; all is back",
        ),
    ]  # fmt: skip


def reverse_first(world: World, step: Step) -> list[Row]:
    """A reversal overtakes its original; the late original is refused for ever."""
    counter, card, claim = world.counter(step.at), world.card(step.who), world.claim(step)
    late = world.stored_settle(step.at, claim, card, counter.presettle(claim, card))
    before = world.journals()
    reversed_ = counter.reverse(late.original)
    first = row(world, step, None, reversed_.outcome, "" if reversed_.undone.tombstone else "?")
    answer = late.send()
    wrong = [] if code_of(answer.outcome) == step.code else [f"expected {step.code}"]
    if world.journals() != before:
        wrong.append("something was posted")
    total = Amounts(total=claim.total_fen)
    return [
        replace(first, reason_zh="冲正先到，留下标记", reason_en="reversal first: a tombstone"),
        row(world, step, total, answer.outcome, "; ".join(wrong)),
    ]


def attack(name: str, zh: str, en: str) -> Callable[[World, Step], list[Row]]:
    """Return the verb of one attack: it must be refused, and nothing may change."""

    def run(world: World, step: Step) -> list[Row]:
        before = world.fingerprint()
        attacker = Attacker(world, f"{step.at}_1")
        try:
            wrong = attacker.run(name, step)
        finally:
            attacker.close()
        if world.fingerprint() != before:
            wrong = "something was touched"
        title, place = world.title(step.who), world.place(step)
        return [Row(title, place, None, "REFUSED", zh, en, wrong)]

    return run
