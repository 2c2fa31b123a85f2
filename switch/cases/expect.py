"""What a case expects, in our words or the national interface's, and where a decision differs.

Must not know: how a decision came about.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from switch.cases.fields import Fields, fen_of
from switch.cases.history import read_sums
from switch.cases.scene import Person
from switch.model.codes import FundPayType
from switch.model.decision import Decision, Decline
from switch.model.money import yuan_text
from switch.model.reply import ReplyCode
from switch.rules.words import PARTS


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which a decision is not what the case expects; texts for people."""

    field: str
    expected: str
    found: str


Amount = Callable[[Decision, Person], int]


def _funds(*kinds: FundPayType) -> Amount:
    return lambda decision, _: sum(
        payer.amount_fen for payer in decision.split.payers if payer.fund in kinds
    )


_BASIC: Final = (FundPayType.EMPLOYEE_POOLED, FundPayType.RESIDENT_POOLED)
_ASSISTANCE: Final = (
    FundPayType.ASSISTANCE, FundPayType.ASSISTANCE_2, FundPayType.ASSISTANCE_3,
    FundPayType.ASSISTANCE_4,
)  # fmt: skip
_NAMED: Final = (
    *_BASIC, *_ASSISTANCE, FundPayType.CIVIL_SERVANT, FundPayType.ENTERPRISE,
    FundPayType.RESIDENT_CRITICAL_ILLNESS, FundPayType.LARGE_AMOUNT, FundPayType.DISABLED,
)  # fmt: skip

_AMOUNTS: Final[Mapping[str, Amount]] = {
    "total": lambda d, _: d.split.total_fen,
    "own": lambda d, _: d.split.own_expense_fen,
    "over": lambda d, _: d.split.over_limit_fen,
    "first": lambda d, _: d.split.first_self_pay_fen,
    "in_scope": lambda d, _: d.split.in_scope_fen,
    "deductible": lambda d, _: d.split.deductible_fen,
    "fund": lambda d, _: d.split.fund_fen,
    "basic": _funds(*_BASIC),
    "hospital": lambda d, _: d.split.hospital_fen,
    "person": lambda d, _: d.split.person_fen,
    "account": lambda d, _: d.split.account_fen,
    "current": lambda d, _: d.split.account_current_fen,
    "earlier": lambda d, _: d.split.account_earlier_fen,
    "relative": lambda d, _: d.split.account_relative_fen,
    "cash": lambda d, _: d.split.cash_fen,
    "balance": lambda _, p: p.member.account_current_fen + p.member.account_earlier_fen,
    "balance_current": lambda _, p: p.member.account_current_fen,
    "balance_earlier": lambda _, p: p.member.account_earlier_fen,
}
NATIONAL: Final[Mapping[str, Amount]] = {
    "medfee_sumamt": _AMOUNTS["total"],
    "fulamt_ownpay_amt": _AMOUNTS["own"],
    "overlmt_selfpay": _AMOUNTS["over"],
    "preselfpay_amt": _AMOUNTS["first"],
    "inscp_scp_amt": _AMOUNTS["in_scope"],
    "act_pay_dedc": _AMOUNTS["deductible"],
    "hifp_pay": _AMOUNTS["basic"],
    "cvlserv_pay": _funds(FundPayType.CIVIL_SERVANT),
    "hifes_pay": _funds(FundPayType.ENTERPRISE),
    "hifmi_pay": _funds(FundPayType.RESIDENT_CRITICAL_ILLNESS),
    "hifob_pay": _funds(FundPayType.LARGE_AMOUNT),
    "hifdm_pay": _funds(FundPayType.DISABLED),
    "maf_pay": _funds(*_ASSISTANCE),
    "oth_pay": _funds(*(fund for fund in FundPayType if fund not in _NAMED)),
    "fund_pay_sumamt": _AMOUNTS["fund"],
    "psn_part_amt": _AMOUNTS["person"],
    "acct_pay": _AMOUNTS["account"],
    "acct_mulaid_pay": _AMOUNTS["relative"],
    "psn_cash_pay": _AMOUNTS["cash"],
    "hosp_part_amt": _AMOUNTS["hospital"],
    "balc": _AMOUNTS["balance"],
}
"""Fields of the national settlement reply (domain facts 1.4), for a case taken from one."""

_LINE_PARTS: Final = {
    "own": "own_expense_fen",
    "over": "over_limit_fen",
    "first": "first_self_pay_fen",
    "in_scope": "in_scope_fen",
}
_DECLINES: Final = tuple(
    code.name
    for code in ReplyCode
    if ReplyCode.IDENTITY_NOT_ACCEPTED <= code <= ReplyCode.SPECIAL_DISEASE_NOT_LISTED
)
"""What adjudication may decline for, in order of precedence."""
_OTHERS: Final = (
    "payers", "parts", "moved", "accumulators", "lines", "decline", "facts", "year", "filing",
    "ruled_on", "clearing_type", "working", "notes",
)  # fmt: skip


def compare(
    expect: Fields,
    found: Decision | Decline,
    after: Person,
    names: Mapping[str, bool],
) -> list[Difference]:
    """Return every field that differs; an empty list: the case holds.

    `after` is the person once the bill is settled; `names` the sums the policy keeps.
    Raises: ValueError for a field that is none, or an amount that is no yuan.
    """
    if not expect.names:
        expect.fail("nothing is expected; name at least one field")
    if expect.has("decline") and (beside := sorted(expect.names - {"decline", "facts"})):
        expect.fail(f"{beside} stand beside decline, which has only facts")
    if isinstance(found, Decline) or expect.has("decline"):
        return _compare_decline(expect, found)
    differences: list[Difference] = []

    def amount(field: str, expected: int, actual: int) -> None:
        if expected != actual:
            differences.append(Difference(field, yuan_text(expected), yuan_text(actual)))

    for field, of in {**_AMOUNTS, **NATIONAL}.items():
        if expect.has(field):
            amount(field, expect.fen(field), of(found, after))
    for part, value in expect.table("parts").items():
        if part not in PARTS:
            expect.fail(f"parts names {part!r}; known are {', '.join(PARTS)}")
        amount(f"parts.{part}", fen_of(value, part, expect.where), found.parts[part])
    if expect.has("payers"):
        payers = {str(payer.fund): int(payer.amount_fen) for payer in found.split.payers}
        wanted = {
            fund: fen_of(value, fund, expect.where)
            for fund, value in expect.table("payers").items()
        }
        for fund in sorted({*payers, *wanted}):
            amount(f"payers.{fund}", wanted.get(fund, 0), payers.get(fund, 0))
    differences += _compare_sums(expect, found, after, names)
    differences += _compare_lines(expect, found)
    differences += _compare_words(expect, found)
    expect.done(_OTHERS)
    return differences


def _compare_decline(expect: Fields, found: Decision | Decline) -> list[Difference]:
    code = expect.take("decline", "")
    if code not in {"", True, *_DECLINES}:
        expect.fail(f"decline is {code!r}; write true, or one of {', '.join(_DECLINES)}")
    if isinstance(found, Decision):
        return [Difference("decline", str(code), "settled")]
    if code is not True and code != found.code.name:
        facts = ", ".join(f"{key} {value}" for key, value in found.facts.items())
        return [Difference("decline", code or "settled", f"{found.code.name} ({facts})")]
    wanted = expect.table("facts")
    return [
        Difference(f"facts.{key}", str(value), found.facts.get(key, "-"))
        for key, value in wanted.items()
        if found.facts.get(key) != str(value)
    ]


def _compare_sums(
    expect: Fields, found: Decision, after: Person, names: Mapping[str, bool]
) -> list[Difference]:
    differences = []
    deltas = next(iter(found.deltas.values()), {})
    for name, value in read_sums(expect.table("moved"), names, "moved", expect.where).items():
        if deltas.get(name, 0) != value:
            differences.append(_sum_difference(f"moved.{name}", value, deltas.get(name, 0)))
    sums = read_sums(expect.table("accumulators"), names, "accumulators", expect.where)
    held = after.member.accumulators.get(_year(found), {})
    for name, value in sums.items():
        if held.get(name, 0) != value:
            differences.append(_sum_difference(f"accumulators.{name}", value, held.get(name, 0)))
    return differences


def _year(found: Decision) -> str:
    """Return the key of the insurance year whose sums a decision moved, or only read."""
    return next(iter(found.deltas), "") or min(found.consulted, default="").partition("#")[0]


def _sum_difference(field: str, expected: int, found: int) -> Difference:
    return Difference(field, f"{yuan_text(expected)} ({expected})", f"{yuan_text(found)} ({found})")


def _compare_lines(expect: Fields, found: Decision) -> list[Difference]:
    differences = []
    lines = {line.number: line for line in found.lines}
    for position, one in enumerate(expect.tables("lines"), 1):
        number = one.whole("number", position)
        if number not in lines:
            one.fail(f"the bill has no line {number}")
        for field, attribute in _LINE_PARTS.items():
            actual = getattr(lines[number], attribute)
            if one.has(field) and one.fen(field) != actual:
                differences.append(
                    Difference(f"lines.{number}.{field}", yuan_text(one.fen(field)),
                               yuan_text(actual))
                )  # fmt: skip
        one.done()
    return differences


def _compare_words(expect: Fields, found: Decision) -> list[Difference]:
    words: dict[str, Any] = {
        "filing": found.filing_id,
        "ruled_on": found.ruled_on,
        "clearing_type": found.clearing_type,
    }
    differences = [
        Difference(field, str(expect.take(field)), str(value))
        for field, value in words.items()
        if expect.has(field) and expect.take(field) != value
    ]
    year, wanted = _year(found), str(expect.take("year", ""))
    if wanted and wanted not in {year, year.rpartition("/")[2]}:
        differences.append(Difference("year", wanted, year))
    rules = {step.rule.partition("@")[0] for step in found.working}
    differences += [
        Difference("working", rule, "no step of this rule")
        for rule in expect.words("working")
        if rule not in rules
    ]
    notes = {note for step in found.working for note in (step.note_zh, step.note_en)}
    differences += [
        Difference("notes", note, "no step says so")
        for note in expect.words("notes")
        if note not in notes
    ]
    return differences
