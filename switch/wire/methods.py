"""Names of methods: the whole path on the wire, the short name elsewhere, national numbers."""

from typing import Final

READ_MEMBER: Final = "ReadMember"
PRESETTLE: Final = "Presettle"
SETTLE: Final = "Settle"
CANCEL: Final = "Cancel"
REVERSE: Final = "Reverse"
GET_SETTLEMENT: Final = "GetSettlement"
FILE: Final = "File"
WITHDRAW: Final = "Withdraw"
LIST_FILINGS: Final = "ListFilings"
REGISTER: Final = "Register"
UPDATE: Final = "Update"
UPLOAD_LINES: Final = "UploadLines"
WITHDRAW_LINES: Final = "WithdrawLines"
DISCHARGE: Final = "Discharge"
CANCEL_VISIT: Final = "CancelVisit"
GET_VISIT: Final = "GetVisit"
REPORT_LOST: Final = "ReportLost"
CONFIRM_LOST: Final = "ConfirmLost"
RELEASE: Final = "Release"
REPLACE: Final = "Replace"
LOCK_CARD: Final = "LockCard"
UNLOCK_CARD: Final = "UnlockCard"
GET_CARD: Final = "GetCard"
GET_HOLDER: Final = "GetHolder"

ORIGINAL_METHODS: Final = {
    SETTLE: SETTLE,
    CANCEL: CANCEL,
    REVERSE: REVERSE,
    "2207": SETTLE,
    "2304": SETTLE,
    "2102": SETTLE,
    "2208": CANCEL,
    "2305": CANCEL,
    "2103": CANCEL,
    "2601": REVERSE,
}
"""How an original's method may be named (`oinfno`), and what it is called here."""


# fmt: off
_SERVICES: Final = {
    "SettlementService": (READ_MEMBER, PRESETTLE, SETTLE, CANCEL, REVERSE, GET_SETTLEMENT),
    "FilingService": (FILE, WITHDRAW, LIST_FILINGS),
    "VisitService": (
        REGISTER, UPDATE, UPLOAD_LINES, WITHDRAW_LINES, DISCHARGE, CANCEL_VISIT, GET_VISIT,
    ),
    "CardService": (
        REPORT_LOST, CONFIRM_LOST, RELEASE, REPLACE, LOCK_CARD, UNLOCK_CARD, GET_CARD, GET_HOLDER,
    ),
}
# fmt: on
PATHS: Final = {
    name: f"/medswitch.v1.{service}/{name}"
    for service, names in _SERVICES.items()
    for name in names
}
"""Short name → whole path. The register keeps the short name, so each is of one service only."""


def short_name(method: str) -> str:
    """Return the last part of a method's path; a short name stays as it is."""
    return method.rpartition("/")[2]
