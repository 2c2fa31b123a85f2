"""The list for fund staff: each settlement that should have come out otherwise, why, by how much.

Amounts are differences: above zero, the payer owes more than it paid; below, it gets back.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from switch.pages import words
from switch.pages.words import Words, money_text
from switch.reassess.past import Finding
from switch.reassess.post import payers

_PAYERS: Final[dict[str, Words]] = {
    **words.FUNDS,
    "hospital": words.HOSPITAL,
    **words.ACCOUNTS,
    "cash": words.CASH,
}
NOTHING: Final = "无人受影响 Nobody is affected.\n"


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the list as JSON values; amounts in fen."""
    return {
        "settlements": [
            {
                "member": one.member,
                "settlement": one.settlement,
                "request": one.settled.request_id,
                "on": one.settled.claim.service_on.isoformat(),
                "institution": one.settled.institution.code,
                "causes": list(one.causes),
                "before": payers(one.before),
                "after": payers(one.after),
                "change": _changes(one),
                "postable": not one.refused,
                "why_not": one.refused,
            }
            for one in findings
        ],
        "change": _sum(findings),
        "by_institution": {
            code: _sum([one for one in findings if one.settled.institution.code == code])
            for code in sorted({one.settled.institution.code for one in findings})
        },
    }


def as_text(findings: Sequence[Finding]) -> str:
    """Return the list as text that explains itself."""
    return "".join(f"{line}\n" for line in _lines(findings)) if findings else NOTHING


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    people = {one.member for one in findings}
    yield f"{len(findings)} 笔结算 settlements, {len(people)} 人 persons"
    yield "每行：现应付 − 原支付，正数为补付，负数为退回"
    yield "Each line: what a payer owes now less what it paid; above zero it pays more, below it"
    yield "gets back. Cash goes through the hospital: below zero, it hands that to the patient."
    for one in findings:
        yield ""
        yield (
            f"{one.settlement}  {one.settled.claim.service_on}  参保人 person {one.member}  "
            f"{one.settled.institution.code}"
        )
        yield f"  原因 why: {'; '.join(map(_cause, one.causes))}"
        if one.before.total != one.after.total:
            yield (f"  总额 total: {money_text(one.before.total)} → {money_text(one.after.total)}")
        for payer, change in _changes(one).items():
            if payer != "total":
                yield _amount(payer, change)
        if one.refused:
            yield f"  不能入账 cannot be posted: {one.refused}"
    yield ""
    yield "合计 In all:"
    for payer, change in _sum(findings).items():
        if payer != "total":
            yield _amount(payer, change)
    if any(one.refused for one in findings):
        yield "标明不能入账的须人工处理 What cannot be posted is for people to mend, as it says."


def _cause(cause: str) -> str:
    if cause == "sums":
        return "前次更正改变了累计 an earlier correction moved the sums"
    return cause


def _amount(payer: str, change: int) -> str:
    zh, en = words.named(_PAYERS, payer)
    sign = "+" if change > 0 else ""
    return f"  {sign + money_text(change):>14}  {zh} {en}"


def _changes(one: Finding) -> dict[str, int]:
    """Return what each payer owes more, the whole bill too; who owes the same is left out."""
    before, after = payers(one.before), payers(one.after)
    names = [*before, *(name for name in after if name not in before)]
    changes = {name: after.get(name, 0) - before.get(name, 0) for name in names}
    return {name: change for name, change in changes.items() if change}


def _sum(findings: Sequence[Finding]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for one in findings:
        for name, change in _changes(one).items():
            sums[name] = sums.get(name, 0) + change
    return {name: change for name, change in sums.items() if change}
