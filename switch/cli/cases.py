"""`medswitch policy check` and `policy test`: policies and cases from files, without a database."""

import json
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from switch.cases.files import read_policies, run_file
from switch.cases.run import CaseResult, Outcome
from switch.model.decision import Decision, Step
from switch.model.money import yuan_text
from switch.pages.words import rate_text
from switch.rules.adjudicate import Rules
from switch.rules.book import RuleBook
from switch.rules.catalogue import Catalogue
from switch.rules.plan import Plan

_WIDTH: Final = 150
"""Columns of a working that is not shown on a terminal, so that rule names stay whole."""


def shipped_rules() -> Rules:
    """Return the policies and the catalogue that come with the package."""
    from switch.store.rule_books import load_shipped, shipped_catalogue

    books: dict[str, RuleBook] = {
        region: RuleBook.parse(texts) for region, texts in load_shipped().items()
    }
    catalogue = Catalogue.parse("330000", shipped_catalogue("330000"))
    return Rules(books, {"330000": catalogue})


def check(files: Sequence[Path]) -> int:
    """Load policy files and print what they hold; return 0, or 2 when they are refused."""
    try:
        rules = read_policies(list(files)) if files else shipped_rules()
    except (ValueError, OSError) as error:
        print(f"medswitch: {error}", file=sys.stderr)
        return 2
    console = Console()
    for region, book in sorted(rules.books.items()):
        console.print(_held(region, book))
    return 0


def _held(region: str, book: RuleBook) -> Table:
    table = Table(
        title=f"{region} · {book.hash[:16]}…", title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD,
    )  # fmt: skip
    for column in ("险种 Insurance", "类别 Kind", "自 From", "状态 State"):
        table.add_column(column)
    for (insurance, kind), (days, held) in sorted(book.plans.items()):
        for number, (day, one) in enumerate(zip(days, held, strict=True)):
            if number and type(one) is type(held[number - 1]) and not isinstance(one, Plan):
                continue
            state = (
                Text("有效 held", "green")
                if isinstance(one, Plan)
                else Text("无政策 none", "dim")
                if one is None
                else Text("不予支付 not covered", "yellow")
            )
            table.add_row(insurance, kind, day.isoformat(), state)
    return table


def run_case_files(files: Sequence[Path], *, as_json: bool, working: bool) -> int:
    """Run case files and print what holds; return 0, 1 when a case fails, 2 when a file is none."""
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console = Console(soft_wrap=True, width=_WIDTH)
    shipped = cache(shipped_rules)
    failed = unreadable = total = 0
    report: list[dict[str, Any]] = []
    for path in files:
        try:
            results = list(run_file(path, shipped))
        except (ValueError, OSError) as error:
            unreadable += 1
            report.append({"file": str(path), "error": str(error)})
            if not as_json:
                print(f"medswitch: {error}", file=sys.stderr)
            continue
        total += len(results)
        failed += sum(not one.holds for one in results)
        report += [_as_json(path, one) for one in results]
        if not as_json:
            for one in results:
                _show(console, path, one, working=working)
    if as_json:
        print(json.dumps(
            {"cases": total, "failed": failed, "unreadable": unreadable, "results": report},
            ensure_ascii=False, indent=1,
        ))  # fmt: skip
    else:
        style = "bold red" if failed or unreadable else "bold green"
        console.print(f"{total - failed} hold, {failed} fail, {unreadable} unreadable", style=style)
    return 2 if unreadable else 1 if failed else 0


def _show(console: Console, path: Path, result: CaseResult, *, working: bool) -> None:
    mark = Text("✔ ", "green") if result.holds else Text("✘ ", "bold red")
    console.print(mark + Text(f"{path.name}: {result.name}"))
    if result.fault:
        console.print(Text(f"    {result.fault}", "red"))
    for outcome in result.outcomes:
        for one in outcome.differences:
            label = f"{outcome.label}: " if outcome.label else ""
            console.print(
                Text(f"    {label}{one.field}: expected {one.expected}, found {one.found}", "red")
            )
        if working or outcome.differences:
            _show_working(console, outcome)


def _show_working(console: Console, outcome: Outcome) -> None:
    if not isinstance(outcome.decision, Decision):
        return
    table = Table(box=box.SIMPLE_HEAD, title=outcome.label or None, title_justify="left")
    table.add_column("规则 Rule")
    for column in ("基数 Base", "比例 Rate", "限额 Limit", "结果 Result", "余 Left"):
        table.add_column(column, justify="right")
    table.add_column("说明 Note")
    for step in outcome.decision.working:
        table.add_row(*_cells(step))
    console.print(table)


def _cells(step: Step) -> tuple[str, ...]:
    return (
        step.rule,
        yuan_text(step.base_fen),
        "" if step.rate_bp is None else rate_text(step.rate_bp),
        "" if step.limit_fen is None else yuan_text(step.limit_fen),
        yuan_text(step.result_fen),
        "" if step.left_fen is None else yuan_text(step.left_fen),
        f"{step.note_zh} {step.note_en}".strip() + (f" · {step.line}" if step.line else ""),
    )


def _as_json(path: Path, result: CaseResult) -> dict[str, Any]:
    return {
        "file": str(path),
        "case": result.name,
        "holds": result.holds,
        **({"fault": result.fault} if result.fault else {}),
        "settlements": [_outcome_json(one) for one in result.outcomes],
    }


def _outcome_json(outcome: Outcome) -> Mapping[str, Any]:
    found = outcome.decision
    differences = [
        {"field": one.field, "expected": one.expected, "found": one.found}
        for one in outcome.differences
    ]
    if not isinstance(found, Decision):
        return {"decline": found.code.name, "facts": dict(found.facts), "differences": differences}
    split = found.split
    return {
        "total_fen": split.total_fen,
        "own_fen": split.own_expense_fen,
        "over_fen": split.over_limit_fen,
        "first_fen": split.first_self_pay_fen,
        "in_scope_fen": split.in_scope_fen,
        "deductible_fen": split.deductible_fen,
        "payers_fen": {str(payer.fund): payer.amount_fen for payer in split.payers},
        "hospital_fen": split.hospital_fen,
        "current_fen": split.account_current_fen,
        "earlier_fen": split.account_earlier_fen,
        "relative_fen": split.account_relative_fen,
        "cash_fen": split.cash_fen,
        "parts_fen": dict(found.parts),
        "moved": {key: dict(changes) for key, changes in found.deltas.items()},
        "differences": differences,
    }
