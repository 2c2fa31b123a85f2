"""A term taken apart: every value it holds, under a name that says what it is and for whom.

Nothing is left out: a field that is not known here by name is shown under its own. So two terms
are the same exactly when their facets are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, Final

from switch.compare.conditions import filing, in_words, said
from switch.pages import words
from switch.pages.words import Words, money_text, number_text, rate_text
from switch.rules.condition import Condition, Table
from switch.rules.rounding import Rounding
from switch.rules.terms import Term
from switch.rules.terms_benefit import ENDLESS, Band, Meter

Facets = Mapping[str, str]
"""Name of a value → the value, both in words."""

ORDER: Final = "先后 order"
"""The facet that lists the rows of a table in order: the first that holds counts."""

_NAMES: Final[Mapping[str, Words]] = {
    "covered": ("纳入支付", "covered"),
    "injuries": ("可支付的致伤原因", "causes covered"),
    "clearing_type": ("清算类别", "clearing type"),
    "amounts": ("金额", "amount"),
    "widths": ("宽度", "width"),
    "least_fen": ("至少", "at least"),
    "ordinals_bp": ("各次住院比例", "share by admission"),
    "period_max": ("期内最高", "most in the period"),
    "period_meter": ("期内累计", "sum of the period"),
    "meter": ("累计", "sum"),
    "position": ("分段计量", "bands run over"),
    "highest": ("最高级别累计", "highest level's sum"),
    "after": ("在比例之后扣", "taken after the ratio"),
    "rates": ("支付比例", "ratio"),
    "bands": ("支付比例", "ratio"),
    "pays": ("支付比例", "ratio"),
    "rate_bp": ("比例", "ratio"),
    "bears_bp": ("负担比例", "bears"),
    "rounding": ("取整", "rounding"),
    "payer": ("付款方", "payer"),
    "order": ("次序", "order"),
    "base": ("计算基数", "base"),
    "cap": ("限额", "cap"),
    "cap_meter": ("限额累计", "cap's sum"),
    "without_groups": ("不含项目组", "without groups"),
    "limit_on": ("限制对象", "limit on"),
    "excess": ("超出部分", "excess"),
    "further_disease_fen": ("每增一病种另加", "more a further disease"),
    "most_fen": ("最高", "most"),
    "from_zero": ("自首分起计", "from the first fen"),
    "of_fund": ("按基金支付分段", "edges of the fund's payment"),
    "form": ("形式", "form"),
    "ratio_form": ("比例调整形式", "form on ratios"),
    "ratio_bp": ("比例调整", "off ratios"),
    "flat": ("影响的单列项目组", "groups apart touched"),
    "of": ("占", "share of"),
    "without": ("不含部分", "without parts"),
    "relieves": ("减轻部分", "relieves"),
    "by_day": ("按住院日", "for each day of the stay"),
    "rows": ("行", "row"),
    "segments": ("段", "segment"),
    "uses": ("使用", "use"),
    "bands touched": ("影响的段", "bands touched"),
    "filing": ("备案", "filing"),
    "filing_on": ("备案日", "filing in force on"),
    "filing_required": ("须备案", "filing required"),
    "opened": ("机构须开通", "institution must be opened"),
    "of_total": ("按总费用", "of the whole bill"),
    "payers": ("影响的付款方", "payers touched"),
    "account": ("账户", "account"),
    "parts": ("可付部分", "parts"),
    "limit_fen": ("每次最高", "at most a bill"),
    "amount_fen": ("定额", "quota"),
    "names": ("病种", "disease"),
    "apart": ("各病种单独结算", "each disease by itself"),
    "areas": ("方式", "mode"),
    "waiting": ("等待期", "waiting"),
    "gap_days": ("断保可续天数", "gap allowed, days"),
    "grace_days": ("宽限天数", "grace, days"),
    "newborn_days": ("新生儿参保天数", "newborn, days"),
    "suspending": ("停待遇身份", "suspending standings"),
    "prescribed": ("无处方", "without prescription"),
    "catalogue": ("目录取自", "catalogue of"),
    "ratios": ("先付比例取自", "ratios of"),
    "first_pay": ("按类先付", "first pay by class"),
    "uncatalogued": ("目录外", "not in the catalogue"),
    "groups": ("项目组", "groups"),
    "counts": ("计入", "counts for"),
    "capped": ("受限额", "capped"),
    "policy": ("政策日", "policy of"),
    "enrolment": ("参保日", "enrolment of"),
    "year": ("年度日", "year of"),
    "age": ("年龄日", "age on"),
    "month": ("年度首月", "first month"),
    "day": ("年度首日", "first day"),
    "accepted": ("身份证可结算", "identity number accepted"),
    "item_class": ("类别", "class"),
    "first_pay_bp": ("先行自付", "first self-pay"),
    "ceiling_e4": ("价格上限", "price ceiling"),
    "limit_per": ("上限单位", "limit per"),
    "open": ("开放渠道", "channels open"),
    "working_days": ("可报销工作日", "working days claimable"),
    "holidays": ("节假日", "holidays"),
    "workdays": ("调休工作日", "working weekend days"),
    "locks": ("疑似复制即封锁", "locks on a suspicion"),
}  # fmt: skip
_SELECTORS: Final = ("filing", "at", "account", "part", "classes", "categories", "condition")
"""Fields that say which row a row of a list is; the others are its values."""
_UNIT_OF: Final = {"amounts": "fen", "widths": "fen", "cap": "fen", "period_max": "fen",
                   "pays": "bp"}  # fmt: skip
_EXCEPTIONS: Final = {"ratios": "first_pay_bp", "ceilings": "ceiling_e4"}
_HIDDEN: Final = frozenset({"rule", "plain", "name"})
"""Which rule it is, what follows from the rest, and a ceiling's own id."""


def facets(term: Term | None) -> Facets:
    """Return every value of a term by name; a value that says "there is none" has one facet."""
    if term is None:
        return {"": "明示没有 none, as the rule says"}
    return dict(_fields(term, ""))


def item_facets(item: Any) -> Facets:
    """Return every value of a catalogue item by name."""
    return dict(_fields(item, ""))


def _fields(thing: Any, path: str) -> Iterator[tuple[str, str]]:
    for field in fields(thing):
        if field.name not in _HIDDEN:
            yield from _value(field.name, getattr(thing, field.name), path)


def _value(name: str, value: Any, path: str) -> Iterator[tuple[str, str]]:
    named = "bands touched" if name == "bands" and isinstance(value, frozenset) else name
    here = _path(path, said(words.named(_NAMES, named)))
    if isinstance(value, Table):
        yield from _table(name, value, here)
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        yield from _rows(value, here)
    elif isinstance(value, tuple) and value and _is_pair(value[0]):
        # An item's exceptions are of the same kind as the value they except from.
        name = _EXCEPTIONS.get(name, name)
        here = _path(path, said(words.named(_NAMES, name)))
        for condition, cell in value:
            yield from _cell(name, cell, f"{here} [{in_words(condition) or '其他 any'}]")
    elif isinstance(value, Mapping):
        for key in value:
            yield from _cell(name, value[key], f"{here} [{key}]")
    else:
        yield here, _text(name, value)


def _path(path: str, name: str) -> str:
    return f"{path} › {name}" if path else name


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], Condition)


def _table(name: str, table: Table[Any], here: str) -> Iterator[tuple[str, str]]:
    named = [in_words(condition) or "其他 any" for condition, _ in table.rows]
    for row, (_, cell) in zip(named, table.rows, strict=True):
        # One cell for everybody needs no row.
        yield from _cell(name, cell, here if named == ["其他 any"] else f"{here} [{row}]")
    if len(named) > 1:
        yield _path(here, ORDER), "；".join(named)


def _cell(name: str, cell: Any, here: str) -> Iterator[tuple[str, str]]:
    if isinstance(cell, tuple) and cell and isinstance(cell[0], Band):
        yield from _bands(cell, here)
    elif isinstance(cell, Mapping):
        for key in cell:
            yield f"{here} [{key}]", _text(name, cell[key])
    elif is_dataclass(cell):
        yield from _fields(cell, here)
    else:
        yield here, _text(name, cell)


def _bands(bands: tuple[Band, ...], here: str) -> Iterator[tuple[str, str]]:
    for number, band in enumerate(bands, start=1):
        upper = "" if band.upper_fen == ENDLESS else money_text(band.upper_fen)
        stretch = f"{money_text(band.lower_fen)}–{upper}"
        paid = rate_text(band.rate_bp)
        for fund, rate_bp in band.others:
            paid += f" + {fund} {rate_text(rate_bp)}"
        alone = len(bands) == 1 and band.lower_fen == 0
        place = here if alone else f"{here} 第 {number} 段 band"
        yield place, paid if alone else f"{stretch}: {paid}"


def _rows(rows: tuple[Any, ...], here: str) -> Iterator[tuple[str, str]]:
    """Yield the rows of a list, each under what it is for; rows of the same, numbered."""
    seen: dict[str, int] = {}
    labels = []
    for row in rows:
        label = _label(row)
        seen[label] = seen.get(label, 0) + 1
        labels.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
        for field in fields(row):
            if field.name not in _HIDDEN and field.name not in _SELECTORS:
                yield from _value(field.name, getattr(row, field.name), f"{here} [{labels[-1]}]")
    if len(labels) > 1:
        yield _path(here, ORDER), "；".join(labels)


def _label(row: Any) -> str:
    found = []
    for name in _SELECTORS:
        value = getattr(row, name, None)
        if isinstance(value, Condition):
            found.append(in_words(value))
        elif name == "filing" and isinstance(value, str):
            found.append(filing(value))
        elif value:
            found.append(_text(name, value))
    return "，".join(one for one in found if one) or "其他 any"


def _text(name: str, value: Any) -> str:
    unit = _UNIT_OF.get(name) or name.rpartition("_")[2]
    match value:
        case None:
            return "无 none"
        case bool():
            return "是 yes" if value else "否 no"
        case int() if unit == "fen":
            return "不限 no limit" if value == ENDLESS else money_text(value)
        case int() if unit == "bp":
            return rate_text(value)
        case int() if unit == "e4":
            return number_text(value)
        case Meter():
            disease = "，按病种 by disease" if value.by_disease else ""
            counted = " + ".join(said(words.named(words.COUNTS, one)) for one in value.counts)
            period = said(words.named(words.PERIODS, value.period))
            return f"{value.name}: {counted}，{period}{disease}"
        case Rounding():
            part = "个人 person" if value.of_person else "付款方 payer"
            per = "合计 sum" if value.of_sum else "各段 band"
            return f"{value.mode}, {value.step_fen} 分 fen, {part}, {per}"
        case frozenset():
            return ", ".join(sorted(str(one) for one in value)) or "无 none"
        case tuple():
            return ", ".join(_item(name, one) for one in value) or "无 none"
        case date():
            return value.isoformat()
        case str() if value in words.FUNDS:
            return f"{value} {said(words.FUNDS[value])}"
        case _:
            return str(value) or "无 none"


def _item(name: str, one: Any) -> str:
    """Return one of a list of plain values: a word, a ratio, or a bill part with its share."""
    if isinstance(one, tuple):
        part, share_bp = one
        share = "" if share_bp == 10_000 else f" × {rate_text(share_bp)}"
        return f"{said(words.named(words.COUNTS, part))}{share}"
    if isinstance(one, str):
        return said(words.named(words.COUNTS, one))
    return _text(name, one)
