"""Why an act is refused: each reason has a name, which is shown, tested and audited by."""

from enum import StrEnum


class Refusal(StrEnum):
    """The reasons. A refused act has changed nothing."""

    NOT_AN_OFFICER = "NOT_AN_OFFICER"
    OFFICER_RETIRED = "OFFICER_RETIRED"
    OTHER_KEY = "OTHER_KEY"
    """The signature is not by the key that the officer was enrolled with."""
    ROLE_MISSING = "ROLE_MISSING"
    SAME_OFFICER = "SAME_OFFICER"
    """Who proposed a change may withdraw it, never approve or refuse it."""
    NOT_THE_MAKER = "NOT_THE_MAKER"
    MAKER_LOST_ROLE = "MAKER_LOST_ROLE"
    REASON_MISSING = "REASON_MISSING"
    NO_SUCH_CHANGE = "NO_SUCH_CHANGE"
    CHANGE_APPROVED = "CHANGE_APPROVED"
    CHANGE_REFUSED = "CHANGE_REFUSED"
    CHANGE_WITHDRAWN = "CHANGE_WITHDRAWN"
    CHANGE_EXPIRED = "CHANGE_EXPIRED"
    OTHER_PROPOSAL = "OTHER_PROPOSAL"
    """The decision is about other words than those that were proposed."""
    RECORDS_BROKEN = "RECORDS_BROKEN"
    """What is kept of a proposal, or the last record, is not what was signed: run the audit."""
    NUMBER_NOT_NEXT = "NUMBER_NOT_NEXT"
    LIFE_OUT_OF_BOUNDS = "LIFE_OUT_OF_BOUNDS"
    TIME_WENT_BACK = "TIME_WENT_BACK"
    BAD_CONTENT = "BAD_CONTENT"
    NOT_THE_FIRST_RECORD = "NOT_THE_FIRST_RECORD"
    FOUNDING_OVER = "FOUNDING_OVER"
    NAME_TAKEN = "NAME_TAKEN"
    KEY_TAKEN = "KEY_TAKEN"
    TOO_FEW_OFFICERS = "TOO_FEW_OFFICERS"
    """Two who may enrol must remain, or nobody could ever be enrolled again."""
    DAY_PAST = "DAY_PAST"
    NO_SUCH_SUSPICION = "NO_SUCH_SUSPICION"
    """There is none of that number, or it has been resolved."""
    NO_SUCH_PLACE = "NO_SUCH_PLACE"
    """No such institution or agency."""
    NO_SUCH_TERMINAL = "NO_SUCH_TERMINAL"
    """There is none, or it stands so already."""
    TERMINAL_TAKEN = "TERMINAL_TAKEN"
    BOOK_NOT_KEPT = "BOOK_NOT_KEPT"
    """The rule book is not kept, or its texts are no longer those that were proposed."""


class Refused(Exception):
    """An act that may not be; the message says what, which value, what to do."""

    def __init__(self, reason: Refusal, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason
