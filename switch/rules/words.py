"""The words that policies are written in: levels, classes, bill parts, what a sum may count.

Must not know: any policy. A policy that uses another word is refused at loading.
"""

from collections.abc import Mapping
from typing import Final

from switch.model.codes import CROSS_CITY_FILINGS, Kind, Level, MemberClass

LEVELS: Final[Mapping[str, frozenset[str]]] = {
    level: frozenset(other for other in Level if other == level or other.startswith(f"{level}_"))
    for level in Level
}
"""Level → the grades it takes in: "tertiary" is every tertiary grade, "tertiary_a" only itself."""

_UNDER: Final[Mapping[str, str]] = {
    MemberClass.FLEXIBLE: MemberClass.IN_SERVICE,
    MemberClass.ELDERLY: MemberClass.ADULT,
    MemberClass.STUDENT: MemberClass.MINOR,
    MemberClass.NEWBORN: MemberClass.MINOR,
}

CLASSES: Final[Mapping[str, frozenset[str]]] = {
    one: frozenset(other for other in MemberClass if one in {other, _UNDER.get(other)})
    for one in MemberClass
}
"""Class → the classes it takes in: "minor" is students and newborns too."""

BASIC_CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "310": ("in_service", "retired"),
    "380": ("adult", "minor"),
    "390": ("adult", "minor"),
    "391": ("adult", "minor"),
}
"""The classes of an insurance that a table must not leave out."""

AREAS: Final = ("home", "province", "national")
"""Where care is given as seen from the insured city: in it, in its province, outside."""

FILING: Final = "filing"
"""The type of rule that is for kinds of filing instead of kinds of care."""

STAY: Final = "stay"
"""The type of rule for the edges of a stay: read where visits are kept, not by adjudication."""

CARDS: Final = frozenset({"card_channels", "card_loss", "card_clone"})
"""The types of rule that are for cards instead of kinds of care."""

FILINGS: Final = CROSS_CITY_FILINGS | {"none"}
"""Kinds of cross-city filing, and none."""

PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "own_expense": ("自费", "Own expense"),
    "over_limit": ("超限价自付", "Over the price ceiling"),
    "first_self_pay": ("先行自付", "First self-pay"),
    "cross_city_first_pay": ("异地先行自付", "First pay for care in another city"),
    "account_segment": ("账户段", "Account segment"),
    "self_segment": ("自负段", "Self segment"),
    "deductible": ("起付线", "Deductible"),
    "share": ("共付自付", "Co-pay"),
    "above_ceiling": ("封顶线以上", "Above the ceiling"),
}
"""The bill parts a person bears, by the words that rules use; together they are all he bears."""

LINE_PARTS: Final = ("own_expense", "over_limit", "first_self_pay")
"""The bill parts that are known of every line."""

OUTSIDE_SCOPE: Final = (*LINE_PARTS, "cross_city_first_pay")
"""The bill parts that are not of what is in scope."""

COUNTS: Final = frozenset(
    {
        "total",
        "in_scope",
        "after_deductible",
        "fund",
        "all_funds",
        "person",
        "deductible_highest",
        "admissions",
        "visits",
        "payer_base",
        "payer_paid",
        "quota_base",
        *PARTS,
    }
)
"""What an accumulator may count, beside every bill part: `in_scope` with segments and deductible,
`after_deductible` without; `fund` the basic fund's payment, `all_funds` with further payers,
`person` what the person bears at the end; `admissions` and `visits` are counted in times."""

PERIODS: Final = ("visit", "day", "stay", "month", "quarter", "year")
"""How long a sum runs. `visit` begins anew with every bill; `year` is the insurance year."""

COUNTED_IN_TIMES: Final = frozenset({"admissions", "visits"})

BASIC_FUND: Final = "basic"
"""The basic fund, whichever it is, where a rule names whose ratio falls."""

ADMISSIONS: Final = "admissions"
"""The usual name of the meter that counts a year's admissions."""

KINDS: Final = frozenset(Kind)
