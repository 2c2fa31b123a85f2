"""`medswitch message check`: national messages from files, each identity as a table or as JSON."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from switch.national import Report
from switch.national import check as check_all
from switch.national.amounts import yuan
from switch.national.finding import IDENTITIES, Finding
from switch.national.message import Other
from switch.national.report import Checked
from switch.national.words import Note, State

SHOWN_MAX = 20
"""Findings shown in full of each identity of one message; `--json` has them all."""
STDIN = Path("-")

_STATES = {
    State.HOLDS: ("✔ 成立 holds", "green"),
    State.FAILS: ("✘ 不成立 fails", "bold red"),
    State.UNDECIDED: ("– 不可判 not decidable", "yellow"),
}
_KINDS = {
    "request": "结算请求 settle request",
    "presettle": "预结算 presettle",
    "settle": "结算 settle",
    "cancel": "撤销 cancel",
    "lines": "费用明细 fee lines",
    "lines request": "明细上传请求 lines request",
    "totals request": "对总账请求 3201 request",
    "totals": "对总账回执 3201 reply",
    "other": "其他报文 other message",
}


def check(files: Sequence[Path], *, as_json: bool) -> int:
    """Check the messages of all files, print the report, and return the exit status.

    0: all hold or cannot be decided; 1: something fails; 2: something could not be read.
    """
    report = check_all((str(file), _bytes(file)) for file in files)
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        console = Console()
        show(report, console if console.is_terminal else Console(width=140))
    return report.status


def _bytes(file: Path) -> bytes | Note:
    try:
        return sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Note(f"文件读不出：{why}", f"the file cannot be read: {why}")


def show(report: Report, console: Console) -> None:
    """Print the report for people: a table a message, then what could not be read."""
    for checked in report.checked:
        _show_message(checked, console)
    for one in report.unreadable:
        where = f"{one.file}:{one.line}" if one.line else one.file
        line = Text("✘ 读不出 unreadable ", "bold red").append(f"{where} ", "bold")
        console.print(line.append(f"{one.why.zh} · {one.why.en}", "not bold"))
    counts = Text(f"{len(report.checked)} 条报文 messages")
    for state, (word, style) in _STATES.items():
        counts.append(" · ").append(f"{word} {report.count(state)}", style)
    console.print(counts)


def _show_message(checked: Checked, console: Console) -> None:
    place = checked.message.place
    title = Text(f"{_KINDS[checked.kind]}  ", "bold")
    title.append("  ".join(f"{name} {value}" for name, value in checked.ids.items()), "not bold")
    console.print(title)
    console.print(Text(f"{place.file}:{place.line}  {place.path}", "dim"))
    if isinstance(checked.message, Other):
        said = f"  {checked.message.said}" if checked.message.said else ""
        console.print(Text(f"  无可核金额 no amounts to check{said}\n", "dim"))
        return
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("#", justify="right")
    table.add_column("恒等式 Identity")
    table.add_column("结果 Result", no_wrap=True)
    table.add_column("两边与差额 Both sides, difference (元 yuan)", overflow="fold")
    for same in _grouped(checked.findings):
        _add_rows(table, same)
    console.print(table)


def _grouped(findings: Sequence[Finding]) -> Iterator[list[Finding]]:
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.identity].append(finding)
    yield from groups.values()


def _add_rows(table: Table, same: list[Finding]) -> None:
    """One finding is one row; of many on fee lines, a row of counts and those that do not hold."""
    identity = IDENTITIES[same[0].identity]
    name = Text(identity.zh).append(f"\n{identity.en}", "dim")
    if len(same) == 1:
        table.add_row(identity.number, name, _state(same[0].state), _detail(same[0]))
        return
    counts = Text()
    for state in State:
        number = sum(one.state is state for one in same)
        if number:
            counts.append("\n" if counts else "").append_text(_state(state)).append(f" {number}")
    rest = [one for one in same if one.state is not State.HOLDS]
    details = Text("\n").join(_detail(one) for one in rest[:SHOWN_MAX])
    if len(rest) > SHOWN_MAX:
        details.append(f"\n另有 and {len(rest) - SHOWN_MAX:,} more")
    table.add_row(identity.number, name, counts, details)


def _state(state: State) -> Text:
    word, style = _STATES[state]
    return Text(word, style)


def _detail(finding: Finding) -> Text:
    text = Text(f"{finding.subject}: " if finding.subject else "", "bold")
    parts = []
    if finding.left is not None and finding.right is not None:
        equal = "=" if finding.state is State.HOLDS else "≠"
        parts.append(f"{yuan(finding.left)} {equal} {_right(finding)}")
        if finding.difference:
            parts.append(f"差额 difference {yuan(finding.difference)}")
    else:
        parts += [_term(t.field, t.value, t.expected) for t in finding.terms]
    if finding.missing:
        parts.append(f"缺 missing: {', '.join(finding.missing)}")
    parts += [note.zh if note.zh == note.en else f"{note.zh} · {note.en}" for note in finding.notes]
    return text.append("\n".join(parts), "not bold")


def _right(finding: Finding) -> str:
    given = [term for term in finding.terms if term.value]
    right = yuan(finding.right or 0)
    if finding.identity.startswith("line-") and finding.identity != "line-parts":
        return f"{right} ({', '.join(f'{t.field} {yuan(t.value)}' for t in given)})"
    if finding.state is State.FAILS and given:
        return f"{' + '.join(f'{t.field} {yuan(t.value)}' for t in given)} = {right}"
    return f"{' + '.join(yuan(term.value) for term in given)} = {right}" if given[1:] else right


def _term(field: str, value: int, expected: int | None) -> str:
    if expected is None:
        return f"{field} {yuan(value)}"
    difference = yuan(value - expected)
    return f"{field} {yuan(value)} ≠ {yuan(expected)}, 差额 difference {difference}"
