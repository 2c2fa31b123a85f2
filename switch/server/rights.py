"""The table method × class of caller: the only source of rights; and the lock that follows misuse.

Source: design, sections 3 and 4 (Rights).
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from switch.model.ids import TerminalId
from switch.model.terminal import TerminalClass

_TERMINALS: Final = "/medswitch.v1.TerminalService/"
_SETTLEMENTS: Final = "/medswitch.v1.SettlementService/"
_RECONCILIATION: Final = "/medswitch.v1.ReconciliationService/"
_CLEARING: Final = "/medswitch.v1.ClearingService/"
_FILINGS: Final = "/medswitch.v1.FilingService/"
_VISITS: Final = "/medswitch.v1.VisitService/"
_CARDS: Final = "/medswitch.v1.CardService/"

SIGN_IN: Final = _TERMINALS + "SignIn"
SIGN_OUT: Final = _TERMINALS + "SignOut"
HEARTBEAT: Final = _TERMINALS + "Heartbeat"
ECHO: Final = _TERMINALS + "Echo"
READ_MEMBER: Final = _SETTLEMENTS + "ReadMember"
PRESETTLE: Final = _SETTLEMENTS + "Presettle"
SETTLE: Final = _SETTLEMENTS + "Settle"
CANCEL: Final = _SETTLEMENTS + "Cancel"
REVERSE: Final = _SETTLEMENTS + "Reverse"
GET_SETTLEMENT: Final = _SETTLEMENTS + "GetSettlement"
SETTLE_STREAM: Final = _SETTLEMENTS + "SettleStream"
COMPARE_TOTALS: Final = _RECONCILIATION + "CompareTotals"
COMPARE_DETAILS: Final = _RECONCILIATION + "CompareDetails"
LIST_DIFFERENCES: Final = _RECONCILIATION + "ListDifferences"
GET_WINDOW: Final = _CLEARING + "GetWindow"
LIST_STATEMENT: Final = _CLEARING + "ListStatement"
CONFIRM_STATEMENT: Final = _CLEARING + "ConfirmStatement"
GET_POSITIONS: Final = _CLEARING + "GetPositions"
FILE: Final = _FILINGS + "File"
WITHDRAW: Final = _FILINGS + "Withdraw"
LIST_FILINGS: Final = _FILINGS + "ListFilings"
REGISTER: Final = _VISITS + "Register"
UPDATE: Final = _VISITS + "Update"
UPLOAD_LINES: Final = _VISITS + "UploadLines"
WITHDRAW_LINES: Final = _VISITS + "WithdrawLines"
DISCHARGE: Final = _VISITS + "Discharge"
CANCEL_VISIT: Final = _VISITS + "CancelVisit"
GET_VISIT: Final = _VISITS + "GetVisit"
REPORT_LOST: Final = _CARDS + "ReportLost"
CONFIRM_LOST: Final = _CARDS + "ConfirmLost"
RELEASE: Final = _CARDS + "Release"
REPLACE: Final = _CARDS + "Replace"
LOCK_CARD: Final = _CARDS + "LockCard"
UNLOCK_CARD: Final = _CARDS + "UnlockCard"
GET_CARD: Final = _CARDS + "GetCard"
GET_HOLDER: Final = _CARDS + "GetHolder"

_ANY: Final = frozenset(TerminalClass)
_INSTITUTIONS: Final = frozenset({TerminalClass.INSTITUTION})
_AGENCIES: Final = frozenset({TerminalClass.AGENCY})

RIGHTS: Final[Mapping[str, frozenset[TerminalClass]]] = {
    SIGN_OUT: _ANY,
    HEARTBEAT: _ANY,
    READ_MEMBER: _ANY,
    PRESETTLE: _INSTITUTIONS,
    SETTLE: _INSTITUTIONS,
    CANCEL: _INSTITUTIONS,
    REVERSE: _INSTITUTIONS,
    GET_SETTLEMENT: _INSTITUTIONS,
    COMPARE_TOTALS: _INSTITUTIONS,
    COMPARE_DETAILS: _INSTITUTIONS,
    LIST_DIFFERENCES: _INSTITUTIONS,
    GET_WINDOW: _INSTITUTIONS,
    LIST_STATEMENT: _INSTITUTIONS,
    CONFIRM_STATEMENT: _INSTITUTIONS,
    GET_POSITIONS: frozenset({TerminalClass.AGENCY}),
    SETTLE_STREAM: _INSTITUTIONS,
    FILE: _ANY,
    WITHDRAW: _ANY,
    LIST_FILINGS: _ANY,
    REGISTER: _INSTITUTIONS,
    UPDATE: _INSTITUTIONS,
    UPLOAD_LINES: _INSTITUTIONS,
    WITHDRAW_LINES: _INSTITUTIONS,
    DISCHARGE: _INSTITUTIONS,
    CANCEL_VISIT: _INSTITUTIONS,
    GET_VISIT: _ANY,
    REPORT_LOST: _AGENCIES,
    CONFIRM_LOST: _AGENCIES,
    RELEASE: _AGENCIES,
    REPLACE: _AGENCIES,
    LOCK_CARD: _AGENCIES,
    UNLOCK_CARD: _AGENCIES,
    GET_CARD: _AGENCIES,
    GET_HOLDER: _AGENCIES,
}
"""Who may call what, once signed in. SignIn and Echo stand outside: there is no caller yet.

Which institution may take which filing is the insured place's policy, so a decline and no misuse.
"""

FREE_MISUSES: Final = 10
"""Proven misuses before the first lock: a wrongly configured terminal is told what is wrong."""
LOCK_FIRST: Final = timedelta(seconds=1)
LOCK_LONGEST: Final = timedelta(minutes=5)
FORGIVEN_AFTER: Final = timedelta(minutes=10)
LOCKS_MAX: Final = 10_000
LOOK_EVERY: Final = timedelta(seconds=1)
"""How often it is looked whether an operator has ended a lock whose terminal goes on calling."""


@dataclass(slots=True)
class _Misuse:
    count: int
    last_at: datetime
    locked_until: datetime
    looked_at: datetime


class Lock:
    """Locks a terminal, with back-off, after *proven* misuse: a valid MAC on what it may not do.

    Unproven failures never come here, or anybody could switch a terminal off. Per process.
    """

    __slots__ = ("_misuses",)

    def __init__(self) -> None:
        self._misuses: OrderedDict[TerminalId, _Misuse] = OrderedDict()

    def misused(self, terminal_id: TerminalId, now: datetime) -> None:
        """Count one proven misuse."""
        misuse = self._misuses.get(terminal_id)
        if misuse is None:
            if len(self._misuses) >= LOCKS_MAX:
                self._misuses.popitem(last=False)
            misuse = self._misuses[terminal_id] = _Misuse(0, now, now, now - LOOK_EVERY)
        if now - misuse.last_at > FORGIVEN_AFTER:
            misuse.count = 0
        misuse.count += 1
        misuse.last_at = now
        beyond = misuse.count - FREE_MISUSES
        if beyond > 0:
            # 2^9 seconds are above the longest lock: no need to shift further.
            misuse.locked_until = now + min(LOCK_FIRST * (1 << min(beyond - 1, 9)), LOCK_LONGEST)

    def locks(self, terminal_id: TerminalId, now: datetime) -> bool:
        """Say whether a terminal is locked now."""
        if not self._misuses:  # nearly always
            return False
        misuse = self._misuses.get(terminal_id)
        return misuse is not None and now < misuse.locked_until

    def may_look(self, terminal_id: TerminalId, now: datetime) -> bool:
        """Say whether to look now for an operator's word on a lock that holds."""
        misuse = self._misuses.get(terminal_id)
        if misuse is None or now - misuse.looked_at < LOOK_EVERY:
            return False
        misuse.looked_at = now
        return True

    def forgive(self, terminal_id: TerminalId, at: datetime) -> None:
        """Forget the misuses up to an operator's word."""
        misuse = self._misuses.get(terminal_id)
        if misuse is not None and misuse.last_at <= at:
            del self._misuses[terminal_id]
