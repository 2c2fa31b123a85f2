"""The tests of a row in words: for whom, where and when it holds."""

from collections.abc import Iterable, Mapping
from typing import Final

from switch.pages import words
from switch.pages.words import Words
from switch.rules.condition import AGE_MAX, ORDINAL_MAX, Condition
from switch.rules.words import CLASSES, LEVELS

_AREAS: Final[Mapping[str, Words]] = {
    "home": ("参保地市内", "home"),
    "province": ("省内异地", "province"),
    "national": ("跨省", "national"),
}
_FILINGS: Final[Mapping[str, Words]] = {
    "none": ("未备案", "no filing"),
    "referral": ("转院备案", "referral"),
    "residence": ("异地安置备案", "residence"),
    "temporary": ("临时外出备案", "temporary"),
    "student": ("异地就学备案", "student"),
    "special_disease": ("慢特病备案", "special disease"),
}
_YES: Final[Mapping[str, Words]] = {"yes": ("急诊", "emergency"), "no": ("非急诊", "no emergency")}
_NAMES: Final[Mapping[str, Words]] = {
    "kind": ("类别", "kind"),
    "insurance": ("险种", "insurance"),
    "institution": ("机构", "institution"),
    "disease": ("病种", "disease"),
    "diagnoses": ("诊断", "diagnosis"),
    "place": ("就医地", "place"),
    "standings": ("身份", "standing"),
    "tags": ("机构标记", "tag"),
    "holding": ("持有", "holding"),
    "filed": ("已备案病种", "filed disease"),
}
_PLAIN: Final[Mapping[str, Mapping[str, Words]]] = {
    "sex": words.SEXES,
    "area": _AREAS,
    "filing": _FILINGS,
    "emergency": _YES,
}
_LEVELS: Final = frozenset({"level", "deductible_level", "prescriber_level"})


def filing(word: str) -> str:
    """Return a kind of filing in words."""
    return said(words.named(_FILINGS, word))


def said(both: Words) -> str:
    """Return Chinese and English, one after the other."""
    return " ".join(both).strip()


def in_words(condition: Condition) -> str:
    """Return the tests of a row, "" for a row that holds for everybody."""
    tests = [_one_of(name, allowed) for name, allowed in condition.one_of]
    if condition.age is not None:
        least, below = condition.age
        tests.append(
            f"{least} 岁以上 from {least}" if below == AGE_MAX
            else f"不满 {below} 岁 below {below}" if least == 0
            else f"{least}–{below - 1} 岁 years"
        )  # fmt: skip
    if condition.ordinal is not None:
        first, last = condition.ordinal
        end = "起 on" if last >= ORDINAL_MAX else "" if last == first else f"–{last}"
        tests.append(f"第 {first}{end} 次 admission")
    tests += [_named(name, allowed) for name, allowed in condition.some_of]
    tests += [f"非 not {_named(name, refused)}" for name, refused in condition.none_of]
    tests += [_named(name, prefixes, "…") for name, prefixes in condition.begins]
    return "，".join(tests)


def _one_of(name: str, allowed: frozenset[str]) -> str:
    if name in _LEVELS:
        return "/".join(said(words.level(one)) for one in _folded(allowed, LEVELS))
    if name == "member_class":
        return "/".join(said(words.named(words.CLASSES, one)) for one in _folded(allowed, CLASSES))
    if name in _PLAIN:
        return "/".join(said(words.named(_PLAIN[name], one)) for one in sorted(allowed))
    return _named(name, allowed)


def _named(name: str, allowed: Iterable[str], more: str = "") -> str:
    return f"{said(words.named(_NAMES, name))} {'/'.join(sorted(allowed))}{more}"


def _folded(allowed: frozenset[str], tree: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the words as a policy writes them: a word for all that it takes in."""
    found: list[str] = []
    left = set(allowed)
    for word, taken in sorted(
        tree.items(), key=lambda one: (-len(one[1]), list(tree).index(one[0]))
    ):
        if taken <= left:
            found.append(word)
            left -= taken
    return found
