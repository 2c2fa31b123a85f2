"""`medswitch policy diff A B`: what of two policies differs, from when, in words."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from switch.cli.policy_books import read_book
from switch.compare.changes import Change, Difference, compare
from switch.compare.conditions import said
from switch.config import Settings
from switch.pages import words
from switch.rules.book import RuleBook

ITEM = "item "


def diff(settings: Settings, before: str, after: str, *, as_json: bool) -> int:
    """Print the changes; return 0 when there are none, 1 when there are, 2 for no policy."""
    try:
        ours, theirs = read_book(settings, before), read_book(settings, after)
    except (ValueError, OSError) as error:
        print(f"medswitch: {error}", file=sys.stderr)
        return 2
    changes = compare(ours, theirs)
    if as_json:
        print(json.dumps(_report(ours, theirs, changes), ensure_ascii=False, indent=1))
    else:
        show(ours, theirs, changes)
    return 1 if changes else 0


def show(ours: RuleBook, theirs: RuleBook, changes: Sequence[Change]) -> None:
    """Print the changes for people, one table an insurance."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    console.print(Text(f"旧 old {ours.region} {ours.hash[:16]}…", "dim"))
    console.print(Text(f"新 new {theirs.region} {theirs.hash[:16]}…", "dim"))
    if not changes:
        console.print(Text("✔ 相同 the same", "green"))
        return
    for insurance in dict.fromkeys(change.insurance for change in changes):
        console.print(_table(insurance, [one for one in changes if one.insurance == insurance]))
    values = sum(not d.of_source for change in changes for d in change.differences)
    sources = sum(d.of_source for change in changes for d in change.differences)
    console.print(f"{values} 处数值 values, {sources} 处依据 sources", style="bold")


def _table(insurance: str, changes: Sequence[Change]) -> Table:
    title = said(words.named(words.INSURANCES, insurance)) if insurance else "目录 Catalogue"
    table = Table(
        title=f"{title} {insurance}".strip(), title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD,
    )  # fmt: skip
    table.add_column("类别 Kinds", max_width=24, overflow="fold")
    table.add_column("规则 Rule", max_width=34, overflow="fold")
    table.add_column("自–至 From–to", no_wrap=True)
    table.add_column("项 What", overflow="fold")
    table.add_column("旧 → 新 Old → new", overflow="fold")
    for change in changes:
        place: tuple[str | Text, ...] = (_kinds(change), _rule(change), _days(change))
        for name, values in _rows(change):
            table.add_row(*place, name, values)
            place = ("", "", "")
        table.add_section()
    return table


def _rows(change: Change) -> Iterator[tuple[Text, Text]]:
    """Yield what differs and how; a rule that one side lacks is told as a whole."""
    if change.before and change.after:
        for one in change.differences:
            yield Text(one.name, "dim" if one.of_source else ""), _values(one)
        return
    added = not change.before
    values = Text("\n").join(
        Text(f"{one.name}: {one.after if added else one.before}", "dim" if one.of_source else "")
        for one in change.differences
    )
    values.stylize("green" if added else "red")
    yield Text("新增 added" if added else "取消 removed", "bold"), values


def _kinds(change: Change) -> str:
    return "\n".join(f"{kind} {words.named(words.KINDS, kind)[0]}" for kind in change.kinds)


def _rule(change: Change) -> Text:
    kind, _, _ = change.key.partition(" ")
    named = change.key.removeprefix(ITEM) if change.key.startswith(ITEM) else (
        said(words.named(words.RULES, kind))
    )  # fmt: skip
    text = Text(named)
    ids = [one for one in dict.fromkeys((change.before, change.after)) if one]
    return text.append("\n" + " → ".join(ids), "cyan")


def _days(change: Change) -> str:
    return f"{change.since}\n– {change.until or '…'}"


def _values(one: Difference) -> Text:
    old = Text("没有 absent", "dim") if one.before is None else Text(one.before, "red")
    new = Text("没有 absent", "dim") if one.after is None else Text(one.after, "green")
    return old + Text(" → ") + new


def _report(ours: RuleBook, theirs: RuleBook, changes: Sequence[Change]) -> dict[str, Any]:
    return {
        "before": {"region": ours.region, "hash": ours.hash},
        "after": {"region": theirs.region, "hash": theirs.hash},
        "same": not changes,
        "changes": [
            {
                "insurance": one.insurance,
                "kinds": list(one.kinds),
                "rule": one.key,
                "before": one.before,
                "after": one.after,
                "since": one.since.isoformat(),
                "until": None if one.until is None else one.until.isoformat(),
                "values": [
                    {"name": d.name, "before": d.before, "after": d.after} for d in one.differences
                ],
            }
            for one in changes
        ],
    }
