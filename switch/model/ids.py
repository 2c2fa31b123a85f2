"""One NewType per id, with the checks of its shape.

Shapes: design sections 3-5; the national message id of 30 characters is the request id.
"""

import re
import zlib
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, NewType

RequestId = NewType("RequestId", str)
"""institution (12) ‖ yyyyMMddHHmmss Beijing time (14) ‖ sequence (4): 30 characters."""
InstitutionCode = NewType("InstitutionCode", str)
TerminalId = NewType("TerminalId", str)
SessionId = NewType("SessionId", bytes)
MemberId = NewType("MemberId", str)
"""The person number (`psn_no`): bucket (4 digits) ‖ serial. Not the identity number."""
SocialSecurityNumber = NewType("SocialSecurityNumber", str)
CardIdentifier = NewType("CardIdentifier", bytes)
RegionCode = NewType("RegionCode", str)
"""A pooling region (`insuplc_admdvs`), six digits."""
JournalId = NewType("JournalId", int)
"""lane (24 bits) ‖ batch (28) ‖ position (11)."""
SettlementId = NewType("SettlementId", str)
"""business day (8) ‖ journal id (19 digits): 27 characters (`setl_id`)."""
Account = NewType("Account", str)

BEIJING: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Beijing keeps one offset without summer time; a fixed offset needs no time-zone database."""

MUNICIPALITIES: Final = frozenset({"11", "12", "31", "50"})
"""Provinces that are one city each: Beijing, Tianjin, Shanghai, Chongqing."""

BUCKET_COUNT: Final = 1024
LANE_MAX: Final = 2**24 - 1
BATCH_MAX: Final = 2**28 - 1
POSITION_MAX: Final = 2**11 - 1
SHARE_STEP: Final = 2**8
"""A request's further journals stand so many positions apart: its batch has no more requests."""

_REQUEST_ID: Final = re.compile(r"[A-Z0-9]{12}[0-9]{18}")
_TERMINAL_ID: Final = re.compile(r"[A-Z0-9]{1,32}")
_REGION: Final = re.compile(r"[1-9][0-9]{5}")
_MEMBER_ID: Final = re.compile(r"(0[0-9]{3}|10[01][0-9]|102[0-3])[0-9A-Z]{4,20}")
_VISIT_ID: Final = re.compile(r"(0[0-9]{3}|10[01][0-9]|102[0-3])V[0-9]{19}")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"


def parse_request_id(text: str) -> RequestId:
    """Return the request id. Raises: ValueError naming what is wrong with it."""
    if not _REQUEST_ID.fullmatch(text):
        raise ValueError(
            "a request id is institution (12 of A-Z 0-9), yyyyMMddHHmmss (14) and sequence (4)"
        )
    request_time(RequestId(text))
    return RequestId(text)


OFFICE: Final = InstitutionCode("OFFICE000000")
"""How request ids of the office's corrections begin, where a terminal's institution stands."""


def make_request_id(institution: InstitutionCode, at: datetime, sequence: int) -> RequestId:
    """Return the id of a new request; `sequence` counts within one second, 0..9999."""
    return parse_request_id(f"{institution}{at.astimezone(BEIJING):%Y%m%d%H%M%S}{sequence:04d}")


def request_institution(request_id: RequestId) -> InstitutionCode:
    """Return the institution that made a request."""
    return InstitutionCode(request_id[:12])


def request_time(request_id: RequestId) -> datetime:
    """Return the instant written in a request id. Raises: ValueError when it is no time."""
    text = request_id[12:26]
    local = datetime(
        int(text[0:4]), int(text[4:6]), int(text[6:8]),
        int(text[8:10]), int(text[10:12]), int(text[12:14]), tzinfo=BEIJING,
    )  # fmt: skip
    if local.year == 1:
        raise ValueError("the year is 2 or later: in UTC the first one begins before time does")
    return local.astimezone(UTC)


def request_day(request_id: RequestId) -> date:
    """Return the Beijing date written in a request id; the register is partitioned by it."""
    text = request_id[12:20]
    return date(int(text[0:4]), int(text[4:6]), int(text[6:8]))


def parse_terminal_id(text: str) -> TerminalId:
    """Return the terminal id. Raises: ValueError."""
    if not _TERMINAL_ID.fullmatch(text):
        raise ValueError("a terminal id is 1..32 of A-Z 0-9")
    return TerminalId(text)


def parse_region(text: str) -> RegionCode:
    """Return the region code. Raises: ValueError."""
    if not _REGION.fullmatch(text):
        raise ValueError("a region code is six digits")
    return RegionCode(text)


def city_of(region: str) -> str:
    """Return the city a region belongs to, by its first four digits; …99 codes belong to theirs.

    A municipality's districts (01) and counties (02) are one city. A county that is directly under
    its province (90) is one by itself: six digits.
    Source: GB/T 2260, administrative divisions.
    """
    if region[:2] in MUNICIPALITIES:
        return f"{region[:2]}01"
    return region if region[2:4] == "90" else region[:4]


def parse_member_id(text: str) -> MemberId:
    """Return the person number. Raises: ValueError."""
    if not _MEMBER_ID.fullmatch(text):
        raise ValueError(
            "a person number is a bucket (0000..1023) and a serial of 4..20 characters"
        )
    return MemberId(text)


def bucket_of_member(member_id: MemberId) -> int:
    """Return the bucket 0..1023 that a person's rows live in; the person number carries it.

    Every message that names the person so names the shard, without a look-up.
    """
    return int(member_id[:4])


def visit_id(bucket: int, journal: JournalId) -> str:
    """Return the id of a visit registered at a place in a batch: bucket, V, and 19 digits."""
    return f"{bucket:04d}V{journal:019d}"


def is_visit_id(text: str) -> bool:
    """Say whether a visit's id is one of ours, and no institution's own word."""
    return len(text) == 24 and _VISIT_ID.fullmatch(text) is not None


def parse_visit_id(text: str) -> str:
    """Return the visit id. Raises: ValueError."""
    if not is_visit_id(text):
        raise ValueError("a visit's id is the one that Register gave: 24 characters")
    return text


def bucket_of_visit(visit: str) -> int:
    """Return the bucket that a visit's rows live in: its person's, which its id carries."""
    return int(visit[:4])


def bucket_of_person(number: SocialSecurityNumber) -> int:
    """Return the bucket given to a person on first enrolment: CRC-32 of the number, modulo 1024.

    It never changes: a pure hash, the same in every process and on every engine.
    """
    return zlib.crc32(number.encode("ascii")) % BUCKET_COUNT


def social_security_check_digit(first_17: str) -> str:
    """Return the 18th character of a citizen number (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return _CHECK_DIGITS[total % 11]


def parse_social_security_number(text: str) -> SocialSecurityNumber:
    """Return the 18-character number. Raises: ValueError without repeating the number."""
    well_formed = len(text) == 18 and text.isascii() and text[:17].isdigit()
    if not well_formed or text[17] != social_security_check_digit(text[:17]):
        raise ValueError("a social security number is 17 digits and a GB 11643 check digit")
    return SocialSecurityNumber(text)


def parse_card_identifier(value: bytes) -> CardIdentifier:
    """Return the 16-byte card identifier: region (6 digits) ‖ D156000005 ‖ 8 bytes.

    Raises: ValueError without repeating the identifier.
    """
    text = value.hex().upper()
    if len(value) != 16 or not text[:6].isdigit() or text[6:16] != "D156000005":
        raise ValueError("a card identifier is 16 bytes: region, D156000005, chip serial")
    return CardIdentifier(value)


def card_region(identifier: CardIdentifier) -> RegionCode:
    """Return the region that issued a card: it chooses the key, never the insurance."""
    return RegionCode(identifier.hex()[:6])


def journal_id(lane: int, batch: int, position: int) -> JournalId:
    """Return the id of a journal. Raises: ValueError when a part leaves its bits."""
    if not (0 < lane <= LANE_MAX and 0 < batch <= BATCH_MAX and 0 <= position <= POSITION_MAX):
        raise ValueError(f"lane {lane}, batch {batch}, position {position}: out of their bits")
    return JournalId(lane << 39 | batch << 11 | position)


def journal_lane(journal: JournalId) -> tuple[int, int, int]:
    """Return (lane, batch, position) of a journal id."""
    return journal >> 39, journal >> 11 & BATCH_MAX, journal & POSITION_MAX


def settlement_id(day: date, journal: JournalId) -> SettlementId:
    """Return the settlement id that names a journal and its partition."""
    return SettlementId(f"{day:%Y%m%d}{journal:019d}")


def parse_settlement_id(text: str) -> tuple[date, JournalId]:
    """Return (business day, journal id). Raises: ValueError."""
    if len(text) != 27 or not text.isascii() or not text.isdigit():
        raise ValueError("a settlement id is 27 digits: business day and journal id")
    return date(int(text[:4]), int(text[4:6]), int(text[6:8])), JournalId(int(text[8:]))


def masked(text: str) -> str:
    """Return an id for logs: its first four and last two characters, the rest starred."""
    return text if len(text) <= 6 else f"{text[:4]}{'*' * (len(text) - 6)}{text[-2:]}"
