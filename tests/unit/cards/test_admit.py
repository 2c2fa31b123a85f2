from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from switch.cards.admit import TAC_SKEW, check_form, check_registry, check_signed_time
from switch.model.claim import CardEvidence
from switch.model.codes import CardStatus
from switch.model.ids import BEIJING, CardIdentifier, MemberId, SocialSecurityNumber
from switch.model.member import Card, Member
from switch.model.money import CARD_AMOUNT_FEN_MAX, Fen
from switch.model.reply import ReplyCode

TODAY = date(2018, 12, 1)
NOW = datetime(2018, 12, 1, 4, tzinfo=UTC)
CARD = Card(
    CardIdentifier(bytes.fromhex("330200D15600000581B0A39B484CCEF0")),
    "A00000001", 1, 1, "3.00", date(2016, 1, 1), date(2026, 1, 1),
)  # fmt: skip
EVIDENCE = CardEvidence(
    "medswitch-1", CARD.identifier, CARD.number, SocialSecurityNumber("11010519491231002X"),
    CARD.specification, CARD.issued_on, CARD.expires_on, 8, bytes(8),
)  # fmt: skip
MEMBER = Member(
    member_id=MemberId("00010001"), bucket=1, version=3,
    social_security_number=EVIDENCE.social_security_number, name="测试甲", sex="1",
    born_on=date(1949, 12, 31), card=CARD, card_status=CardStatus.NORMAL, locked_since=None,
    locked_until=None, atc=7, account_current_fen=Fen(0), account_earlier_fen=Fen(0),
    enrolments=(), filings=(), accumulators={},
)  # fmt: skip


def code(evidence: CardEvidence = EVIDENCE, card: Card = CARD, member: Member = MEMBER) -> object:
    declined = check_registry(evidence, card, member, TODAY)
    return None if declined is None else declined.code


def test_a_good_card_passes() -> None:
    assert check_form(EVIDENCE, CARD_AMOUNT_FEN_MAX) is None
    assert code() is None


@pytest.mark.parametrize(
    ("evidence", "total", "expected"),
    [
        (replace(EVIDENCE, identifier=CardIdentifier(bytes(16))), 1, ReplyCode.CARD_MALFORMED),
        (replace(EVIDENCE, scheme="pboc"), 1, ReplyCode.CARD_SCHEME_UNKNOWN),
        (EVIDENCE, CARD_AMOUNT_FEN_MAX + 1, ReplyCode.AMOUNT_ABOVE_CARD_LIMIT),
    ],
)
def test_form(evidence: CardEvidence, total: int, expected: ReplyCode) -> None:
    declined = check_form(evidence, total)
    assert declined is not None
    assert declined.code is expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "A00000002"),
        ("social_security_number", "110105194912310010"),
        ("specification", "2.00"),
        ("issued_on", date(2016, 1, 2)),
        ("expires_on", date(2026, 1, 2)),
    ],
)
def test_what_the_card_says_must_agree_with_the_registry(field: str, value: object) -> None:
    changed = replace(EVIDENCE, **{field: value})  # type: ignore[arg-type] # one field at a time
    assert code(changed) is ReplyCode.CARD_DATA_DIFFERS


@pytest.mark.parametrize(
    ("issued", "expires", "expected"),
    [
        (TODAY, TODAY, None),
        (TODAY + timedelta(1), TODAY + timedelta(9), ReplyCode.CARD_NOT_YET_VALID),
        (TODAY - timedelta(9), TODAY - timedelta(1), ReplyCode.CARD_EXPIRED),
    ],
)
def test_validity_includes_both_days(issued: date, expires: date, expected: object) -> None:
    card = replace(CARD, issued_on=issued, expires_on=expires)
    evidence = replace(EVIDENCE, issued_on=issued, expires_on=expires)
    assert code(evidence, card, replace(MEMBER, card=card)) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (CardStatus.TEMPORARILY_LOST, ReplyCode.CARD_TEMPORARILY_LOST),
        (CardStatus.LOST, ReplyCode.CARD_LOST),
        (CardStatus.CANCELLED, ReplyCode.CARD_CANCELLED),
        (CardStatus.LOCKED_PERSON, ReplyCode.CARD_LOCKED_PERSON),
        (CardStatus.LOCKED_EMPLOYER, ReplyCode.CARD_LOCKED_EMPLOYER),
    ],
)
def test_each_status_has_its_code(status: CardStatus, expected: ReplyCode) -> None:
    assert code(member=replace(MEMBER, card_status=status)) is expected


@pytest.mark.parametrize(
    ("since", "until", "locked"),
    [
        (TODAY, TODAY, True),
        (TODAY + timedelta(1), None, False),
        (None, TODAY - timedelta(1), False),
        (None, None, True),
    ],
)
def test_a_lock_holds_between_its_dates(
    since: date | None, until: date | None, locked: bool
) -> None:
    member = replace(
        MEMBER, card_status=CardStatus.LOCKED_PERSON, locked_since=since, locked_until=until
    )
    assert (code(member=member) is not None) is locked


@pytest.mark.parametrize(("atc", "passes"), [(6, False), (7, False), (8, True), (900, True)])
def test_the_counter_only_rises(atc: int, passes: bool) -> None:
    assert (code(replace(EVIDENCE, atc=atc)) is None) is passes


def test_a_replaced_card_is_dead_even_if_its_data_look_current() -> None:
    other = CardIdentifier(bytes.fromhex("330200D15600000581B0A39B484CCEF1"))
    member = replace(MEMBER, card=replace(CARD, identifier=other))
    assert code(member=member) is ReplyCode.CARD_REPLACED


@pytest.mark.parametrize("minutes", [-11, -10, 0, 10, 11])
def test_the_card_signs_within_ten_minutes_of_now(minutes: int) -> None:
    signed = (NOW + timedelta(minutes=minutes)).astimezone(BEIJING).strftime("%Y%m%d%H%M%S")
    passes = abs(timedelta(minutes=minutes)) <= TAC_SKEW
    assert (check_signed_time(signed, NOW) is None) is passes


@pytest.mark.parametrize(
    "text", ["", "2018120108300", "20181301083000", "00010101000000", "x" * 14]
)
def test_a_time_that_is_none_is_declined(text: str) -> None:
    declined = check_signed_time(text, NOW)
    assert declined is not None
    assert declined.code is ReplyCode.CARD_TIME
