"""The page says everything, to nobody but the person it is handed to, and needs nothing else."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from switch.explain.page import render
from switch.explain.statement import RuledStep, Undone
from switch.explain.tell import title_of
from switch.model.decision import Step
from switch.model.money import Fen
from switch.pages.words import money_text
from switch.rules.adjudicate import Rules
from switch.rules.book import RuleBook
from switch.rules.plan import Plan
from tests.unit.explain.fix_statement import (
    NUMBER,
    SITUATIONS,
    Situation,
    hostile,
    outpatient,
    special,
    statement_of,
)
from tests.unit.rules.fix_rules import shipped_rules

VOID = {"meta", "br"}


class Parsed(HTMLParser):
    """Text and tags of a page; refuses one that is not nested well."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.rows: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "tr":
            self.rows.append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data
            if "tr" in self._open:
                self.rows[-1] += f"{data} "


each = pytest.mark.parametrize(
    "situation", [pytest.param(one, id=name) for name, one in SITUATIONS]
)


@each
def test_every_step_appears_with_its_rule_source_and_amounts(situation: Situation) -> None:
    statement = statement_of(situation)
    rows = Parsed(render(statement)).rows
    assert len(statement.steps) == len(statement.decision.working) > 0
    left = iter(rows)
    for ruled in statement.steps:  # in order
        step = ruled.step
        told = [
            title_of(ruled)[0], ruled.rule_id, str(ruled.since), ruled.source, ruled.note,
            money_text(step.base_fen), money_text(step.result_fen), money_text(step.limit_fen),
            money_text(step.left_fen),
        ]  # fmt: skip
        assert any(all(one in row for one in told) for row in left), ruled


@each
def test_every_line_payer_and_sum_appears(situation: Situation) -> None:
    statement = statement_of(situation)
    said = Parsed(render(statement)).text
    for line in statement.lines:
        assert line.code in said
        assert money_text(line.amount_fen) in said
        for reason in line.reasons:
            assert reason.words[0] in said
    for payer in statement.decision.split.payers:
        assert money_text(payer.amount_fen) in said
    for one in statement.sums:
        assert one.name in said
        assert one.before + one.moved == one.after
    assert statement.decision.rule_book in said
    assert NUMBER in said


@each
def test_no_name_number_or_birthday_of_the_person_is_in_the_page(situation: Situation) -> None:
    claim, member, institution = situation
    member = replace(member, name="测试某某")
    page = render(statement_of((claim, member, institution)))
    for secret in (
        member.name, member.member_id, member.social_security_number, member.card.number,
        member.card.identifier.hex(), member.born_on.isoformat(),
    ):  # fmt: skip
        assert secret not in page


@each
def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(situation: Situation) -> None:
    parsed = Parsed(render(statement_of(situation)))
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(parsed.tags)
    for name, value in parsed.attributes:
        assert not name.startswith("on")
        assert name not in {"src", "href"}
        assert name == "xmlns" or "//" not in (value or "")


def test_what_others_wrote_is_escaped() -> None:
    page = render(statement_of(hostile()))
    assert "<script" not in page
    assert "<b>&" not in page
    assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#x27;&lt;b&gt;" in page


@pytest.mark.parametrize(("kind", "says"), [("cancellation", "已撤销"), ("reversal", "已冲正")])
def test_an_undone_settlement_says_so_and_by_which_request(kind: str, says: str) -> None:
    undone = Undone(kind, "H33029900001201812010800000009")
    page = render(statement_of(outpatient(), undone=undone))
    assert says in page
    assert undone.by in page
    assert says not in render(statement_of(outpatient()))


def test_a_difference_stands_on_the_page_instead_of_the_proof() -> None:
    proof = "Computed again from the stored bill"
    good = render(statement_of(outpatient()))
    bad = render(statement_of(outpatient(), difference="cash_fen is 1, stored 2"))
    assert proof in good
    assert proof not in bad
    assert "cash_fen is 1, stored 2" in bad


def test_reasons_name_limit_and_ratio() -> None:
    statement = statement_of(outpatient())
    said = Parsed(render(statement)).text
    assert "超限价自付 Over the price ceiling：限 limit 600.00，200.00" in said
    assert "目录外 not in the catalogue" in said
    by_number: dict[int, Any] = {line.number: line for line in statement.lines}
    assert by_number[4].item is None
    assert [reason.rate_bp for reason in by_number[3].reasons] == [10_000]


def test_a_withdrawal_names_the_line_it_takes_off() -> None:
    (situation,) = [one for name, one in SITUATIONS if name == "withdrawn"]
    statement = statement_of(situation)
    assert "冲减第 1 行" in render(statement)
    assert statement.lines[0].scope is not None
    assert statement.lines[0].scope.in_scope_fen == 3_000
    assert statement.lines[1].scope is None


def test_a_special_disease_and_urgency_are_named() -> None:
    said = Parsed(render(statement_of(special()))).text
    names = shipped_rules().books["330299"].held("310", "14", special()[0].service_on)
    assert isinstance(names, Plan)
    assert names.special_diseases is not None
    assert names.special_diseases.names["M00500"][0] in said
    assert "急诊 Emergency是 yes" in said
    assert "备案 Filing" in said


def test_a_bill_of_nothing_has_no_shares_and_moves_no_sum() -> None:
    claim, member, institution = outpatient()
    lines = (replace(claim.lines[3], amount_fen=Fen(0)),)
    nothing = replace(claim, lines=lines, total_fen=Fen(0), use_account=False)
    statement = replace(statement_of((nothing, member, institution)), sums=())
    page = render(statement)
    assert "No sum was read or moved" in page
    assert "<svg" not in page
    assert "100%" not in Parsed(page).rows[-1]


def test_a_step_of_no_file_is_called_by_its_default() -> None:
    statement = statement_of(outpatient())
    step = Step("default", 100, 40, note_zh="", note_en="")
    ruled = RuledStep(step, "default", "default", None, "", "", "")
    page = render(replace(statement, steps=(ruled,)))
    assert "系统默认" in page
    assert "default@" not in page


BARE = """
region = "330299"
[given]
since = 2010-01-01
source = "notice"
insurances = ["310"]
kinds = ["11"]
[[rule]]
id = "bands"
type = "bands"
fund = [80]
[[item]]
code = "X1"
zh = "甲"
class = "A"
"""


def test_what_a_policy_leaves_out_is_explained_by_the_default() -> None:
    """No scope rule: what no catalogue holds is own expense; the item is the policy's own."""
    rules = Rules({"330299": RuleBook.parse({"bare.toml": BARE})}, {})
    claim, member, institution = outpatient()
    lines = (replace(claim.lines[0], code="X1"), claim.lines[3])
    total = sum(line.amount_fen for line in lines)
    bill = replace(claim, lines=lines, total_fen=Fen(total))
    statement = statement_of((bill, member, institution), rules=rules)
    kinds = {ruled.step.line: ruled.kind_of_rule for ruled in statement.steps if ruled.step.line}
    assert kinds == {1: "catalogue", 4: "default"}
    assert "甲" in render(statement)
    assert "目录外项目" in render(statement)


def test_sums_of_a_meter_that_no_plan_holds_keep_their_name() -> None:
    statement = statement_of(outpatient())
    one = statement.sums[0]
    page = render(replace(statement, sums=(replace(one, in_times=True, after=2, of="2018-12"),)))
    assert "2 次" in page
    assert " · 2018-12" in page
