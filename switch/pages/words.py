"""The words of the field for people: (Chinese, English) of every code that a page shows.

Must not know: any policy, any amount.
"""

from collections.abc import Mapping
from typing import Final

from switch.model.codes import FundPayType, InjuryCause, Insurance, Kind, Level, MemberClass
from switch.model.money import yuan_text
from switch.rules.words import PARTS

Words = tuple[str, str]

FUNDS: Final[Mapping[str, Words]] = {
    FundPayType.EMPLOYEE_POOLED: ("职工医保统筹基金", "Employees' pooling fund"),
    FundPayType.EMPLOYEE_MATERNITY: ("职工生育待遇基金", "Employees' maternity benefit"),
    FundPayType.EMPLOYEE_ACCOUNT: ("职工个人账户", "Employees' personal account"),
    FundPayType.CIVIL_SERVANT: ("公务员医疗补助", "Civil servants' allowance"),
    FundPayType.LARGE_AMOUNT: ("大额医疗费用补助", "Large-amount fund"),
    FundPayType.VETERAN: ("离休人员医疗保障", "Retired veteran cadres' fund"),
    FundPayType.DISABLED: ("残疾军人医疗补助", "Disabled servicemen's fund"),
    FundPayType.ENTERPRISE: ("企业补充医疗保险", "Enterprise supplement"),
    FundPayType.RESIDENT_POOLED: ("居民医保统筹基金", "Residents' pooling fund"),
    FundPayType.RESIDENT_CRITICAL_ILLNESS: ("居民大病保险", "Residents' critical illness"),
    FundPayType.MATERNITY: ("生育保险基金", "Maternity insurance fund"),
    FundPayType.ASSISTANCE: ("医疗救助", "Medical assistance"),
    FundPayType.ASSISTANCE_2: ("医疗救助（二）", "Medical assistance 2"),
    FundPayType.ASSISTANCE_3: ("医疗救助（三）", "Medical assistance 3"),
    FundPayType.ASSISTANCE_4: ("医疗救助（四）", "Medical assistance 4"),
    FundPayType.COMMERCIAL: ("城市商业补充保险", "City commercial insurance"),
    FundPayType.HOSPITAL: ("医院负担", "Hospital"),
    FundPayType.OTHER: ("其他支付", "Another payer"),
    FundPayType.LOCAL: ("地方补充基金", "Local fund"),
}

INSURANCES: Final[Mapping[str, Words]] = {
    Insurance.EMPLOYEE: ("职工基本医疗保险", "Employees' basic insurance"),
    Insurance.CIVIL_SERVANT: ("公务员医疗补助", "Civil servants' allowance"),
    Insurance.LARGE_AMOUNT: ("大额医疗费用补助", "Large-amount insurance"),
    Insurance.VETERAN: ("离休人员医疗保障", "Retired veteran cadres' cover"),
    Insurance.DISABLED: ("残疾军人医疗补助", "Disabled servicemen's cover"),
    Insurance.RED_ARMY: ("老红军医疗保障", "Red Army veterans' cover"),
    Insurance.ENTERPRISE: ("企业补充医疗保险", "Enterprise supplement"),
    Insurance.RURAL: ("新型农村合作医疗", "Rural cooperative insurance"),
    Insurance.RESIDENT: ("城乡居民基本医疗保险", "Residents' basic insurance"),
    Insurance.URBAN_RESIDENT: ("城镇居民基本医疗保险", "Urban residents' insurance"),
    Insurance.CRITICAL_ILLNESS: ("城乡居民大病保险", "Critical illness insurance"),
    Insurance.OTHER_SPECIAL: ("其他特殊人员医疗保障", "Other special cover"),
    Insurance.LONG_TERM_CARE: ("长期护理保险", "Long-term care insurance"),
    Insurance.MATERNITY: ("生育保险", "Maternity insurance"),
}

KINDS: Final[Mapping[str, Words]] = {
    Kind.OUTPATIENT: ("普通门诊", "Outpatient"),
    Kind.REGISTRATION: ("门诊挂号", "Registration"),
    Kind.EMERGENCY: ("急诊", "Emergency"),
    Kind.SPECIAL_DISEASE: ("门诊慢特病", "Special disease"),
    Kind.CHRONIC_DISEASE: ("门诊慢性病", "Chronic disease"),
    Kind.MAJOR_DISEASE: ("门诊特殊病", "Major disease"),
    Kind.SPECIAL_DRUG: ("特殊药品", "Special drugs"),
    Kind.CHINESE_MEDICINE: ("中医门诊", "Chinese medicine"),
    Kind.ACCIDENT_OUTPATIENT: ("意外伤害门诊", "Accident, outpatient"),
    Kind.INPATIENT: ("普通住院", "Inpatient"),
    Kind.INJURY_INPATIENT: ("外伤住院", "Injury, inpatient"),
    Kind.TRANSFERRED_INPATIENT: ("转外诊治住院", "Transferred inpatient"),
    Kind.EMERGENCY_INPATIENT: ("急诊转住院", "Emergency to inpatient"),
    Kind.ELSEWHERE_INPATIENT: ("异地住院", "Inpatient elsewhere"),
    Kind.SINGLE_DISEASE: ("单病种住院", "Single-disease stay"),
    Kind.OWN_CHOICE: ("自主就医", "Own choice of hospital"),
    Kind.DAY_SURGERY: ("日间手术", "Day surgery"),
    Kind.PHARMACY: ("定点药店购药", "Pharmacy"),
    Kind.MATERNITY_OUTPATIENT: ("生育门诊", "Maternity, outpatient"),
    Kind.MATERNITY_INPATIENT: ("生育住院", "Maternity, inpatient"),
    Kind.FAMILY_PLANNING: ("计划生育手术", "Family planning"),
    Kind.CARE: ("护理", "Care"),
    Kind.ACCIDENT: ("意外伤害", "Accident"),
    Kind.FAMILY_SICKBED: ("家庭病床", "Family sickbed"),
}

LEVELS: Final[Mapping[str, Words]] = {
    Level.COMMUNITY: ("社区卫生服务机构", "Community"),
    Level.VILLAGE: ("村卫生室", "Village"),
    Level.TOWNSHIP: ("乡镇卫生院", "Township"),
    Level.PRIMARY: ("一级", "Primary"),
    Level.SECONDARY: ("二级", "Secondary"),
    Level.TERTIARY: ("三级", "Tertiary"),
    Level.UNGRADED: ("未定级", "Ungraded"),
    Level.PHARMACY: ("零售药店", "Pharmacy"),
}
_GRADES: Final[Mapping[str, Words]] = {
    "special": ("特等", "special"),
    "a": ("甲等", "A"),
    "b": ("乙等", "B"),
    "c": ("丙等", "C"),
}

CLASSES: Final[Mapping[str, Words]] = {
    MemberClass.IN_SERVICE: ("在职", "In service"),
    MemberClass.FLEXIBLE: ("灵活就业", "Flexible work"),
    MemberClass.RETIRED: ("退休", "Retired"),
    MemberClass.VETERAN: ("离休", "Veteran cadre"),
    MemberClass.ADULT: ("成年居民", "Adult resident"),
    MemberClass.ELDERLY: ("老年居民", "Elderly resident"),
    MemberClass.MINOR: ("未成年", "Minor"),
    MemberClass.STUDENT: ("学生", "Student"),
    MemberClass.NEWBORN: ("新生儿", "Newborn"),
}

INJURIES: Final[Mapping[str, Words]] = {
    InjuryCause.NONE: ("非外伤或无第三方责任", "No third party liable"),
    InjuryCause.WORK: ("工伤", "Accident at work"),
    InjuryCause.THIRD_PARTY: ("第三方责任", "Third party"),
}

SEXES: Final[Mapping[str, Words]] = {"1": ("男", "male"), "2": ("女", "female")}

ACCOUNTS: Final[Mapping[str, Words]] = {
    "current": ("当年账户", "Current-year account"),
    "earlier": ("历年账户", "Earlier-years account"),
    "relative": ("家庭共济账户", "Relatives' account"),
}
CASH: Final = ("现金", "Cash")
HOSPITAL: Final = ("医院负担", "Borne by the hospital")
IN_SCOPE: Final = ("政策范围内", "In scope")
BY_FUND: Final = ("基金按比例支付", "Shared by the fund")
BURDEN: Final = ("个人负担", "Borne by the person")

PERIODS: Final[Mapping[str, Words]] = {
    "visit": ("本次", "this visit"),
    "day": ("当日", "this day"),
    "stay": ("本次住院", "this stay"),
    "month": ("本月", "this month"),
    "quarter": ("本季度", "this quarter"),
    "year": ("本医保年度", "this insurance year"),
}

COUNTS: Final[Mapping[str, Words]] = {
    **PARTS,
    "total": ("总费用", "Total"),
    "in_scope": ("政策范围内费用", "Expense in scope"),
    "after_deductible": ("起付线以上费用", "Expense above the deductible"),
    "fund": ("基本医保基金支付", "Paid by the basic fund"),
    "all_funds": ("各项基金支付", "Paid by all funds"),
    "person": ("个人负担", "Borne by the person"),
    "deductible_highest": ("最高级别起付线", "Highest deductible used"),
    "admissions": ("住院次数", "Admissions"),
    "visits": ("就诊次数", "Visits"),
    "quota_base": ("定额内费用", "Within a hospital's quota"),
    "payer_base": ("补充保障计算基数", "Base of a further payer"),
    "payer_paid": ("补充保障支付", "Paid by a further payer"),
}

EVIDENCE: Final[Mapping[str, Words]] = {
    "stated": ("文件明文", "stated in the text"),
    "seen_on": ("据来源所见", "described as in force"),
    "assumed": ("暂按推定", "assumed"),
}

RULES: Final[Mapping[str, Words]] = {
    "catalogue": ("就医地目录", "Catalogue of the place of care"),
    "cover": ("待遇范围", "Cover"),
    "dates": ("适用日期", "Deciding days"),
    "year": ("医保年度", "Insurance year"),
    "entitlement": ("待遇资格", "Entitlement"),
    "identity": ("身份证结算", "Identity number"),
    "scope": ("目录外项目", "Scope"),
    "cross_city": ("异地就医", "Care in another city"),
    "special_disease_list": ("门诊慢特病病种", "Special diseases"),
    "special_disease_modes": ("慢特病结算方式", "Special-disease modes"),
    "flat": ("单列支付", "Settled apart"),
    "segments": ("基金前分段", "Segments before the fund"),
    "deductible": ("起付线", "Deductible"),
    "bands": ("分段支付比例", "Bands"),
    "adjustments": ("比例调整", "Adjustments"),
    "ceiling": ("封顶线", "Ceiling"),
    "hospital": ("医院负担", "Hospital's part"),
    "payer": ("补充保障", "Further payer"),
    "account": ("账户支付", "Accounts"),
    "accumulator": ("年度累计", "Yearly sum"),
    "default": ("系统默认", "Built-in default"),
}


def named(table: Mapping[str, Words], code: str) -> Words:
    """Return the words of a code; the code itself where there are none."""
    return table.get(code) or (code, "")


def level(code: str) -> Words:
    """Return the words of an institution's level, with its grade."""
    if code in LEVELS:
        return LEVELS[code]
    base, _, grade = code.rpartition("_")
    if base not in LEVELS or grade not in _GRADES:
        return code, ""
    (zh, en), (more_zh, more_en) = LEVELS[base], _GRADES[grade]
    return f"{zh}{more_zh}", f"{en} {more_en}"


def rate_text(rate_bp: int) -> str:
    """Return a ratio in percent, with as many decimals as it has."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}%" if not rest else f"{whole}.{rest:02d}".rstrip("0") + "%"


def number_text(value_e4: int) -> str:
    """Return a number kept in 1/10,000 with as many decimals as it has."""
    sign = "-" if value_e4 < 0 else ""
    whole, rest = divmod(abs(value_e4), 10_000)
    return f"{sign}{whole:,}" + (f".{rest:04d}".rstrip("0") if rest else "")


def money_text(amount_fen: int | None) -> str:
    """Return an amount in yuan; "" for none."""
    return "" if amount_fen is None else yuan_text(amount_fen)
