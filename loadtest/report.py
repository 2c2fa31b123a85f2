"""A run's result: one JSON line to compare by, and a table to read."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from loadtest.options import Options

_LATENCIES: Final = ("p50", "p90", "p99", "p99_9", "max")
_ORDER: Final = ("visit", "presettle", "settle", "query", "repeat", "cancel", "reverse")


def result_of(
    options: Options,
    figures: Mapping[str, Any],
    surroundings: Mapping[str, Any],
    problems: list[str],
) -> dict[str, Any]:
    """Return the result as JSON values. `problems`: why the run is void, if it is."""
    settle, echo = operation(figures, "settle", "settle"), operation(figures, "echo", "echo")
    comparable = options.rate == 0 and settle and echo and not surroundings["kill"]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "void": bool(problems),
        "problems": problems,
        **surroundings,
        "options": {
            "seconds": options.seconds,
            "members": options.members,
            "terminals": options.terminals,
            "users": options.users,
            "rate": options.rate or "closed",
            "seed": options.seed,
            "kill_after": options.kill_after,
        },
        "settle_per_s": settle.get("per_s"),
        "settle_us": _latencies(settle),
        "echo_per_s": echo.get("per_s"),
        "echo_us": _latencies(echo),
        # In an open run both have the rate of the arrivals: their ratio would say nothing.
        "settle_over_echo": round(settle["per_s"] / echo["per_s"], 3) if comparable else None,
        **figures,
    }


def operation(figures: Mapping[str, Any], work: str, name: str) -> Mapping[str, Any]:
    """Return the figures of an operation in a kind of work, empty when it was not measured."""
    found: Mapping[str, Any] = figures["work"].get(work, {}).get("operations", {}).get(name, {})
    return found


def _latencies(operation: Mapping[str, Any]) -> dict[str, int]:
    return {name: operation[name] for name in _LATENCIES if name in operation}


def cpu_us_per_call(figures: Mapping[str, Any], work: str) -> dict[str, int]:
    """Return what one call of a kind of work cost each process, in µs."""
    of = figures["work"].get(work, {})
    calls = sum(o["count"] for name, o in of.get("operations", {}).items() if name != "visit")
    return {process: int(s * 1_000_000 / calls) for process, s in of["cpu_s"].items() if calls}


def append(result: Mapping[str, Any], path: Path) -> None:
    """Append the result as one line."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result, ensure_ascii=False) + "\n")


def show(result: Mapping[str, Any], console: Console) -> None:
    """Print the result for people: latencies in ms, as nobody reads five digits."""
    for name in ("machine", "database", "batches"):
        console.print(f"{name}: " + ", ".join(f"{k} {v}" for k, v in result[name].items()))
    rate = result["options"]["rate"]
    shape = f"{rate:,.0f} arrivals a second" if rate != "closed" else "closed: as fast as answered"
    table = Table(title=f"latency in ms from the intended start; {shape}", title_justify="left")
    for column in ("work", "call", "calls", "a second", *(_title(one) for one in _LATENCIES)):
        table.add_column(column, justify="left" if column in {"work", "call"} else "right")
    for work, of in result["work"].items():
        for number, (name, o) in enumerate(sorted(of["operations"].items(), key=_place)):
            table.add_row(
                "" if number else work,
                name,
                f"{o['count']:,}",
                f"{o['per_s']:,.1f}",
                *(_ms(o[one]) for one in _LATENCIES),
            )
        table.add_section()
    console.print(table)
    for work in result["work"]:
        if result["kill"]:
            break  # Half of it was another process's.
        if cost := cpu_us_per_call(result, work):
            said = ", ".join(f"{process} {us} µs" for process, us in cost.items())
            console.print(f"processor time a call, {work}: {said}")
    for name in ("declines", "faults", "resolved", "kill"):
        if result.get(name):
            console.print(f"{name}: " + ", ".join(f"{k} {v}" for k, v in result[name].items()))
    if result["kill"]:
        console.print("killed on the way: what counts is the balance, not the figures")
        return
    for name in ("settle", "echo"):
        if result[f"{name}_per_s"] is not None:
            console.print(_line(name, result))
    if result["settle_over_echo"] is not None:
        console.print(f"[bold]settle / echo: {result['settle_over_echo']:.2f}[/bold]")


def _line(name: str, result: Mapping[str, Any]) -> str:
    latencies = result[f"{name}_us"]
    told = ", ".join(f"{_title(one)} {_ms(latencies[one])} ms" for one in ("p50", "p99"))
    return f"[bold]{name:<6} {result[f'{name}_per_s']:>9,.1f}/s   {told}[/bold]"


def _title(column: str) -> str:
    return column.replace("_", ".")


def _ms(us: int) -> str:
    """Return microseconds as milliseconds of three digits or so, rounded half up."""
    tenths = (us + 50) // 100
    return f"{tenths // 10:,}.{tenths % 10}"


def _place(operation: tuple[str, Any]) -> tuple[int, str]:
    """Order operations as a visit meets them, the whole visit first."""
    name = operation[0]
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)
