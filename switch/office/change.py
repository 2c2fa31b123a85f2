"""A change under maker and checker: its words, its states, and the table of what may follow.

Waiting → approved, refused, withdrawn by an act, or expired by the passing of its time. Expiry is
arithmetic, not an act: nobody signs it and no row is written for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from switch.office.canonical import Content
from switch.office.refusal import Refusal, Refused

LIFE: Final = timedelta(days=7)
"""How long a change waits unless its maker says otherwise."""
LIFE_MAX: Final = timedelta(days=30)
"""A change approved months after it was proposed is approved for another world."""
REASON_CHARACTERS_MAX: Final = 500


class Kind(StrEnum):
    """What can be changed."""

    ENROL_OFFICER = "enrol-officer"
    CHANGE_ROLES = "change-roles"
    RETIRE_OFFICER = "retire-officer"
    ACTIVATE_POLICY = "activate-policy"
    SET_CUT_OFF = "set-cut-off"
    REOPEN_PERIOD = "reopen-period"
    LOAD_KEYS = "load-keys"
    ACTIVATE_KEYS = "activate-keys"
    SUSPEND_KEYS = "suspend-keys"
    RETIRE_KEYS = "retire-keys"
    EXPORT_KEY = "export-key"
    REWRAP_KEYS = "rewrap-keys"
    ADJUST_SETTLEMENTS = "adjust-settlements"
    RESOLVE_SUSPICION = "resolve-suspicion"
    REGISTER_TERMINAL = "register-terminal"
    BLOCK_TERMINAL = "block-terminal"
    UNBLOCK_TERMINAL = "unblock-terminal"
    UNLOCK_TERMINAL = "unlock-terminal"
    OPEN_INSTITUTION = "open-institution"
    TRUST_ISSUER = "trust-issuer"


class ChangeState(StrEnum):
    """How a change stands. EXPIRED is never written: it follows from the time."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Verb(StrEnum):
    """What can be done to a change."""

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


TRANSITIONS: Final[Mapping[ChangeState, Mapping[Verb, ChangeState]]] = {
    ChangeState.WAITING: {
        Verb.APPROVE: ChangeState.APPROVED,
        Verb.REFUSE: ChangeState.REFUSED,
        Verb.WITHDRAW: ChangeState.WITHDRAWN,
    },
    ChangeState.APPROVED: {},
    ChangeState.REFUSED: {},
    ChangeState.WITHDRAWN: {},
    ChangeState.EXPIRED: {},
}
"""What may follow what. A state with nothing behind it is final."""

_FINAL: Final[Mapping[ChangeState, Refusal]] = {
    ChangeState.APPROVED: Refusal.CHANGE_APPROVED,
    ChangeState.REFUSED: Refusal.CHANGE_REFUSED,
    ChangeState.WITHDRAWN: Refusal.CHANGE_WITHDRAWN,
    ChangeState.EXPIRED: Refusal.CHANGE_EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided a change, when and why; `record`: the audit record that says so."""

    officer: str
    at: datetime
    reason: str
    record: int


@dataclass(frozen=True, slots=True)
class Change:
    """A proposed change. `digest` names the signed words; `record` the record they stand in."""

    number: int
    kind: Kind
    content: Content
    maker: str
    made_at: datetime
    expires_at: datetime
    reason: str
    digest: str
    record: int
    state: ChangeState = ChangeState.WAITING
    decision: Decision | None = None

    def standing(self, now: datetime) -> ChangeState:
        """Return the state at an instant: a waiting change is expired from `expires_at` on."""
        if self.state is ChangeState.WAITING and now >= self.expires_at:
            return ChangeState.EXPIRED
        return self.state

    def after(self, verb: Verb, decision: Decision) -> "Change":
        """Return the decided change. Raises: Refused by the name of the state it stands in."""
        standing = self.standing(decision.at)
        following = TRANSITIONS[standing].get(verb)
        if following is None:
            raise Refused(_FINAL[standing], f"change {self.number} cannot be {_DONE[verb]}")
        return replace(self, state=following, decision=decision)


_DONE: Final = {Verb.APPROVE: "approved", Verb.REFUSE: "refused", Verb.WITHDRAW: "withdrawn"}
