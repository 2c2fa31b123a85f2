"""Code tables of the national interface that the switch reads (domain facts 1.5)."""

from enum import StrEnum
from typing import Final


class Insurance(StrEnum):
    """`insutype`: the insurance a claim is settled under."""

    EMPLOYEE = "310"
    CIVIL_SERVANT = "320"
    LARGE_AMOUNT = "330"
    VETERAN = "340"
    DISABLED = "350"
    RED_ARMY = "360"
    ENTERPRISE = "370"
    RURAL = "380"
    RESIDENT = "390"
    URBAN_RESIDENT = "391"
    CRITICAL_ILLNESS = "392"
    OTHER_SPECIAL = "399"
    LONG_TERM_CARE = "410"
    MATERNITY = "510"


class Kind(StrEnum):
    """`med_type`: the kind of care. 9901 to 9909 are local: a policy gives them a meaning."""

    OUTPATIENT = "11"
    REGISTRATION = "12"
    EMERGENCY = "13"
    SPECIAL_DISEASE = "14"
    CHRONIC_DISEASE = "140104"
    MAJOR_DISEASE = "140201"
    SPECIAL_DRUG = "15"
    CHINESE_MEDICINE = "16"
    ACCIDENT_OUTPATIENT = "19"
    INPATIENT = "21"
    INJURY_INPATIENT = "22"
    TRANSFERRED_INPATIENT = "23"
    EMERGENCY_INPATIENT = "24"
    ELSEWHERE_INPATIENT = "25"
    SINGLE_DISEASE = "26"
    OWN_CHOICE = "27"
    DAY_SURGERY = "28"
    PHARMACY = "41"
    MATERNITY_OUTPATIENT = "51"
    MATERNITY_INPATIENT = "52"
    FAMILY_PLANNING = "53"
    CARE = "61"
    ACCIDENT = "81"
    FAMILY_SICKBED = "9901"
    LOCAL_2 = "9902"
    LOCAL_3 = "9903"
    LOCAL_4 = "9904"
    LOCAL_5 = "9905"
    LOCAL_6 = "9906"
    LOCAL_7 = "9907"
    LOCAL_8 = "9908"
    LOCAL_9 = "9909"


INPATIENT_KINDS: Final = frozenset(
    {
        Kind.INPATIENT, Kind.INJURY_INPATIENT, Kind.TRANSFERRED_INPATIENT,
        Kind.EMERGENCY_INPATIENT, Kind.ELSEWHERE_INPATIENT, Kind.SINGLE_DISEASE,
        Kind.OWN_CHOICE, Kind.DAY_SURGERY, Kind.MATERNITY_INPATIENT,
    }
)  # fmt: skip
"""Kinds with a stay. Care of these kinds is never refused for a special disease."""

SPECIAL_KINDS: Final = frozenset({Kind.SPECIAL_DISEASE, Kind.CHRONIC_DISEASE, Kind.MAJOR_DISEASE})
"""Kinds that are wholly for a special disease (门诊慢特病)."""

EMERGENCY_KINDS: Final = frozenset({Kind.EMERGENCY, Kind.EMERGENCY_INPATIENT})


class InjuryCause(StrEnum):
    """Why care was needed; anything but NONE belongs to another payer."""

    NONE = "none"
    WORK = "work"
    THIRD_PARTY = "third_party"


class MemberClass(StrEnum):
    """The member's class within an insurance (`psn_type`, grouped)."""

    IN_SERVICE = "in_service"
    FLEXIBLE = "flexible"
    RETIRED = "retired"
    VETERAN = "veteran"
    ADULT = "adult"
    ELDERLY = "elderly"
    MINOR = "minor"
    STUDENT = "student"
    NEWBORN = "newborn"


class Level(StrEnum):
    """Institution level that benefits depend on (`hosp_lv`): a grade, or a group of grades."""

    COMMUNITY = "community"
    VILLAGE = "village"
    TOWNSHIP = "township"
    PRIMARY = "primary"
    PRIMARY_A = "primary_a"
    PRIMARY_B = "primary_b"
    PRIMARY_C = "primary_c"
    SECONDARY = "secondary"
    SECONDARY_A = "secondary_a"
    SECONDARY_B = "secondary_b"
    SECONDARY_C = "secondary_c"
    TERTIARY = "tertiary"
    TERTIARY_SPECIAL = "tertiary_special"
    TERTIARY_A = "tertiary_a"
    TERTIARY_B = "tertiary_b"
    TERTIARY_C = "tertiary_c"
    UNGRADED = "ungraded"
    PHARMACY = "pharmacy"


class FilingKind(StrEnum):
    """What a filing permits: care elsewhere (2501), a special disease (2503), a chosen
    institution (2505), a relative's account (共济).
    """

    REFERRAL = "referral"
    RESIDENCE = "residence"
    TEMPORARY = "temporary"
    STUDENT = "student"
    SPECIAL_DISEASE = "special_disease"
    DESIGNATED = "designated"
    FAMILY = "family"


CROSS_CITY_FILINGS: Final = frozenset(
    {FilingKind.REFERRAL, FilingKind.RESIDENCE, FilingKind.TEMPORARY, FilingKind.STUDENT}
)
"""Filings for care in another city; each is for a place."""


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
    EMPLOYEE_MATERNITY = "310103"
    EMPLOYEE_ACCOUNT = "310200"
    CIVIL_SERVANT = "320100"
    LARGE_AMOUNT = "330100"
    VETERAN = "340100"
    DISABLED = "350100"
    ENTERPRISE = "370100"
    RESIDENT_POOLED = "390100"
    RESIDENT_CRITICAL_ILLNESS = "390200"
    MATERNITY = "510100"
    ASSISTANCE = "610100"
    ASSISTANCE_2 = "610102"
    ASSISTANCE_3 = "610103"
    ASSISTANCE_4 = "610104"
    COMMERCIAL = "620100"
    HOSPITAL = "999996"
    OTHER = "999997"
    LOCAL = "999901"


POOLED_FUND: Final = {
    Insurance.EMPLOYEE: FundPayType.EMPLOYEE_POOLED,
    Insurance.RESIDENT: FundPayType.RESIDENT_POOLED,
}
"""The basic fund of each insurance (`hifp_pay`)."""
