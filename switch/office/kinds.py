"""The kinds of change: which role each takes, and when its content may be put into effect.

A new kind is one word in `Kind`, one line in `TERMS`, and one line in the store's `EFFECTS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from switch.model.ids import BEIJING
from switch.office.activation import PolicyActivation
from switch.office.adjustment import read_items
from switch.office.canonical import Content
from switch.office.change import Kind
from switch.office.clearing import CutOff, Reopening
from switch.office.key_change import KeyExport, KeyLoad, KeyMove, KeyRewrap
from switch.office.officer import (
    Enrolment,
    NewRoles,
    Officer,
    Officers,
    Retirement,
    Role,
    enrolled,
    retired,
    with_roles,
)
from switch.office.refusal import Refusal, Refused
from switch.office.registry import NamedTerminal, NewTerminal, Opening
from switch.office.suspicion import SuspicionResolution
from switch.office.voucher import TrustedIssuer

Check = Callable[[Officers, Content, datetime], tuple[Officer, ...]]
"""Return the officers a content changes, were it put into effect at an instant; most change none.

Asked when a change is proposed and again when it is approved. Raises: Refused, ValueError.
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a kind of change takes: maker and checker hold `role`, and `check` lets it pass."""

    role: Role
    zh: str
    check: Check


def _enrol(officers: Officers, content: Content, _: datetime) -> tuple[Officer, ...]:
    return (enrolled(officers, Enrolment.read(content)),)


def _change_roles(officers: Officers, content: Content, _: datetime) -> tuple[Officer, ...]:
    return (with_roles(officers, NewRoles.read(content)),)


def _retire(officers: Officers, content: Content, _: datetime) -> tuple[Officer, ...]:
    return (retired(officers, Retirement.read(content)),)


def _activate(_: Officers, content: Content, at: datetime) -> tuple[Officer, ...]:
    """What has been settled stays under the book it was settled by: no activation of the past."""
    wanted = PolicyActivation.read(content)
    today = at.astimezone(BEIJING).date()
    if wanted.active_from < today:
        raise Refused(
            Refusal.DAY_PAST,
            f"{wanted.active_from} lies before today, {today} in Beijing: propose a later day",
        )
    return ()


def _cut_off(_: Officers, content: Content, at: datetime) -> tuple[Officer, ...]:
    """A day that has begun ends when it was to end."""
    wanted = CutOff.read(content)
    today = at.astimezone(BEIJING).date()
    if wanted.since <= today:
        raise Refused(
            Refusal.DAY_PAST,
            f"{wanted.since} has begun, it is {today} in Beijing: propose a later day",
        )
    return ()


def _reopen(_: Officers, content: Content, __: datetime) -> tuple[Officer, ...]:
    Reopening.read(content)
    return ()


def _load(_: Officers, content: Content, at: datetime) -> tuple[Officer, ...]:
    today = at.astimezone(BEIJING).date()
    for one in KeyLoad.read(content).keys:
        if one.ends_on is not None and one.ends_on < today:
            raise Refused(Refusal.DAY_PAST, f"{one.key} would have ended on {one.ends_on}")
    return ()


def _move(_: Officers, content: Content, __: datetime) -> tuple[Officer, ...]:
    KeyMove.read(content)
    return ()


def _export(_: Officers, content: Content, __: datetime) -> tuple[Officer, ...]:
    KeyExport.read(content)
    return ()


def _rewrap(_: Officers, content: Content, __: datetime) -> tuple[Officer, ...]:
    KeyRewrap.read(content)
    return ()


def _adjust(_: Officers, content: Content, __: datetime) -> tuple[Officer, ...]:
    read_items(content)
    return ()


def _resolve(_: Officers, content: Content, __: datetime) -> tuple[Officer, ...]:
    SuspicionResolution.read(content)
    return ()


def _register(_: Officers, content: Content, __: datetime) -> tuple[Officer, ...]:
    NewTerminal.read(content)
    return ()


def _terminal(_: Officers, content: Content, __: datetime) -> tuple[Officer, ...]:
    NamedTerminal.read(content)
    return ()


def _open(_: Officers, content: Content, at: datetime) -> tuple[Officer, ...]:
    """What has been settled stays settled: nothing is opened or closed for days that are over."""
    wanted = Opening.read(content)
    today = at.astimezone(BEIJING).date()
    if wanted.until is not None and wanted.until < today - timedelta(days=1):
        raise Refused(Refusal.DAY_PAST, f"{wanted.until} lies before yesterday")
    return ()


def _trust(_: Officers, content: Content, __: datetime) -> tuple[Officer, ...]:
    TrustedIssuer.read(content)
    return ()


TERMS: Final[Mapping[Kind, Terms]] = {
    Kind.ENROL_OFFICER: Terms(Role.OFFICERS, "登记经办人", _enrol),
    Kind.CHANGE_ROLES: Terms(Role.OFFICERS, "变更角色", _change_roles),
    Kind.RETIRE_OFFICER: Terms(Role.OFFICERS, "注销经办人", _retire),
    Kind.ACTIVATE_POLICY: Terms(Role.POLICY, "启用政策", _activate),
    Kind.SET_CUT_OFF: Terms(Role.CLEARING, "设定日切", _cut_off),
    Kind.REOPEN_PERIOD: Terms(Role.CLEARING, "重开结账期", _reopen),
    Kind.LOAD_KEYS: Terms(Role.KEYS, "装载密钥", _load),
    Kind.ACTIVATE_KEYS: Terms(Role.KEYS, "启用密钥", _move),
    Kind.SUSPEND_KEYS: Terms(Role.KEYS, "停用密钥", _move),
    Kind.RETIRE_KEYS: Terms(Role.KEYS, "注销密钥", _move),
    Kind.EXPORT_KEY: Terms(Role.KEYS, "导出密钥", _export),
    Kind.REWRAP_KEYS: Terms(Role.KEYS, "更换密钥加密密钥", _rewrap),
    Kind.ADJUST_SETTLEMENTS: Terms(Role.CLEARING, "更正结算", _adjust),
    Kind.RESOLVE_SUSPICION: Terms(Role.CARDS, "核实疑似复制卡", _resolve),
    Kind.REGISTER_TERMINAL: Terms(Role.REGISTRY, "登记终端", _register),
    Kind.BLOCK_TERMINAL: Terms(Role.REGISTRY, "停用终端", _terminal),
    Kind.UNBLOCK_TERMINAL: Terms(Role.REGISTRY, "恢复终端", _terminal),
    Kind.UNLOCK_TERMINAL: Terms(Role.REGISTRY, "解除终端锁定", _terminal),
    Kind.OPEN_INSTITUTION: Terms(Role.REGISTRY, "开通异地就医机构", _open),
    Kind.TRUST_ISSUER: Terms(Role.KEYS, "信任电子凭证签发方", _trust),
}
