"""Which verb of a case is which step."""

from collections.abc import Callable, Mapping
from typing import Final

from switch.demo.cases import Step
from switch.demo.more_steps import (
    file_today,
    part_refund,
    settle_today,
    settle_with_relative,
)
from switch.demo.steps import (
    amounts_changed,
    attack,
    books_mirror,
    cancel,
    decline,
    lost_answer,
    release,
    repeat_atc,
    replace_card,
    report_lost,
    reverse_first,
    settle,
    settle_by_identity,
    two_at_once,
    wrong_cryptogram,
)
from switch.demo.table import Row
from switch.demo.world import World

VERBS: Final[Mapping[str, Callable[[World, Step], list[Row]]]] = {
    "settle": settle,
    "settle_by_identity": settle_by_identity,
    "decline": decline,
    "books_mirror": books_mirror,
    "report_lost": report_lost,
    "release": release,
    "replace_card": replace_card,
    "wrong_cryptogram": wrong_cryptogram,
    "repeat_atc": repeat_atc,
    "cancel": cancel,
    "amounts_changed": amounts_changed,
    "two_at_once": two_at_once,
    "lost_answer": lost_answer,
    "reverse_first": reverse_first,
    "part_refund": part_refund,
    "file_today": file_today,
    "settle_today": settle_today,
    "settle_with_relative": settle_with_relative,
    "flip_bit": attack("flip_bit", "报文任改一位即拒绝", "one bit changed: refused"),
    "replay": attack("replay", "重放同一报文即拒绝", "the same message again: refused"),
    "expired_session": attack("expired_session", "会话过期即拒绝", "an expired session: refused"),
}


def run_step(world: World, step: Step) -> list[Row]:
    """Do one step and return its rows. Raises: KeyError for a verb that does not exist."""
    return VERBS[step.do](world, step)
