"""Code tables of the national interface that the switch reads (domain facts 1.5)."""

from enum import StrEnum
from typing import Final


class Insurance(StrEnum):
    """`insutype`: the insurance a claim is settled under."""

    EMPLOYEE = "310"
    RESIDENT = "390"


class Kind(StrEnum):
    """`med_type`: the kind of care."""

    OUTPATIENT = "11"
    REGISTRATION = "12"
    EMERGENCY = "13"
    SPECIAL_DISEASE = "14"
    INPATIENT = "21"
    DAY_SURGERY = "28"
    PHARMACY = "41"


class InjuryCause(StrEnum):
    """Why care was needed; anything but NONE belongs to another payer."""

    NONE = "none"
    WORK = "work"
    THIRD_PARTY = "third_party"


class MemberClass(StrEnum):
    """The member's class within an insurance (`psn_type`, grouped)."""

    IN_SERVICE = "in_service"
    RETIRED = "retired"
    ADULT = "adult"
    MINOR = "minor"


class Level(StrEnum):
    """Institution level that benefits depend on (`hosp_lv`, grouped)."""

    COMMUNITY = "community"
    PRIMARY = "primary"
    SECONDARY = "secondary"
    TERTIARY = "tertiary"
    PHARMACY = "pharmacy"


class FilingKind(StrEnum):
    """What a filing permits: care elsewhere (2501) or a special disease (2503)."""

    REFERRAL = "referral"
    RESIDENCE = "residence"
    TEMPORARY = "temporary"
    STUDENT = "student"
    SPECIAL_DISEASE = "special_disease"


class CardStatus(StrEnum):
    """The card's status in the registry (domain facts 3.3, 3.6)."""

    NORMAL = "normal"
    TEMPORARILY_LOST = "temporarily_lost"
    LOST = "lost"
    CANCELLED = "cancelled"
    LOCKED_PERSON = "locked_person"
    LOCKED_EMPLOYER = "locked_employer"


class FundPayType(StrEnum):
    """`fund_pay_type`: the payers of a settlement and the accounts beside them."""

    EMPLOYEE_POOLED = "310100"
    EMPLOYEE_ACCOUNT = "310200"
    CIVIL_SERVANT = "320100"
    LARGE_AMOUNT = "330100"
    ENTERPRISE = "370100"
    RESIDENT_POOLED = "390100"
    RESIDENT_CRITICAL_ILLNESS = "390200"
    ASSISTANCE = "610100"
    COMMERCIAL = "620100"
    HOSPITAL = "999996"
    OTHER = "999997"


POOLED_FUND: Final = {
    Insurance.EMPLOYEE: FundPayType.EMPLOYEE_POOLED,
    Insurance.RESIDENT: FundPayType.RESIDENT_POOLED,
}
"""The basic fund of each insurance (`hifp_pay`)."""
