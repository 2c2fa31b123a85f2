"""The page of a benchmark: throughput, latency, whose processor time; one file, nothing fetched."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from loadtest.bench.figures import Value

TARGETS: Final[Mapping[str, tuple[str, float]]] = {
    "settle_over_echo": ("at least", 0.8),
    "stream_over_echo": ("at least", 1.5),
    "settle_over_tpcb": ("at least", 1.0),
    "p99_settle_over_echo_at_half": ("at most", 3.0),
    "mac_card_share": ("at most", 0.2),
    "rss_mib": ("at most", 250.0),
}
WORKS: Final = ("echo", "presettle", "settle", "stream")
_COLOURS: Final = {"client": "#94a3b8", "switch": "#2563eb", "postgres": "#0f766e"}
_WIDTH: Final = 640
_STYLE: Final = (
    "body{font:15px system-ui,sans-serif;margin:2rem auto;max-width:60rem;color:#172033}"
    "td,th{padding:.2rem .8rem;text-align:right}td:first-child,th:first-child{text-align:left}"
    ".missed{color:#b91c1c}.met{color:#15803d}svg text{font-size:12px}"
)


def render(found: Sequence[Value], surroundings: Mapping[str, Any]) -> str:
    """Return the page."""
    named = {one.name: one for one in found}
    parts = [
        _bars("Calls a second", [(w, named[f"{w}_per_s"]) for w in WORKS if f"{w}_per_s" in named]),
        _cost(named),
        _bars(
            "Latency at 64 in flight, p99, µs",
            [(w, named[f"{w}_p99_us"]) for w in WORKS if f"{w}_p99_us" in named],
        ),
        _table(found),
        f"<pre>{escape(_lines(surroundings))}</pre>",
    ]
    return (
        f"<!DOCTYPE html>\n<html lang='en'><meta charset='utf-8'><title>medswitch bench</title>"
        f"<style>{_STYLE}</style><h1>medswitch bench</h1>{''.join(parts)}</html>\n"
    )


def verdict(one: Value) -> str:
    """Return how a result stands to its target, "" where it has none."""
    target = TARGETS.get(one.name)
    if target is None:
        return ""
    word, bound = target
    met = one.value >= bound if word == "at least" else one.value <= bound
    return f"{'met' if met else 'missed'}: {word} {bound:g}"


def table(found: Sequence[Value]) -> Iterator[str]:
    """Yield the results as lines of text."""
    for one in found:
        spread = f"{one.low:,.2f} … {one.high:,.2f}"
        yield f"{one.name:<32}{one.value:>12,.2f} {one.unit:<6} {spread:<28} {verdict(one)}"


def _table(found: Sequence[Value]) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.name)}<td>{one.value:,.3f}<td>{one.low:,.3f}<td>{one.high:,.3f}"
        f"<td>{escape(one.unit)}<td class='{verdict(one).partition(':')[0]}'>{verdict(one)}"
        for one in found
    )
    head = "<tr><th>result<th>median<th>lowest<th>highest<th>unit<th>target"
    return f"<h2>Results</h2><table>{head}{rows}</table>"


def _bars(title: str, rows: Sequence[tuple[str, Value]]) -> str:
    most = max((one.high for _, one in rows), default=0.0) or 1.0
    marks = []
    for number, (label, one) in enumerate(rows):
        y, width = number * 30, int(_WIDTH * one.value / most)
        low, high = int(_WIDTH * one.low / most), int(_WIDTH * one.high / most)
        marks.append(
            f"<text x='0' y='{y + 18}'>{escape(label)}</text>"
            f"<rect x='90' y='{y + 4}' width='{width}' height='18' fill='#2563eb' rx='2'/>"
            f"<line x1='{90 + low}' x2='{90 + high}' y1='{y + 13}' y2='{y + 13}' stroke='#172033'/>"
            f"<text x='{100 + high}' y='{y + 18}'>{one.value:,.0f}</text>"
        )
    height = 30 * len(rows)
    return (
        f"<h2>{escape(title)}</h2><svg viewBox='0 0 {_WIDTH + 180} {height}' role='img'>"
        f"{''.join(marks)}</svg>"
    )


def _cost(named: Mapping[str, Value]) -> str:
    """Return stacked bars: what a call costs each process."""
    costs = {
        work: {p: named[f"{work}_{p}_cpu_us"].value for p in _COLOURS
               if f"{work}_{p}_cpu_us" in named}
        for work in WORKS
    }  # fmt: skip
    most = max((sum(parts.values()) for parts in costs.values()), default=0.0) or 1.0
    marks = []
    for number, (work, parts) in enumerate(costs.items()):
        y, x = number * 30, 90
        marks.append(f"<text x='0' y='{y + 18}'>{work}</text>")
        for process, us in parts.items():
            width = int(_WIDTH * us / most)
            marks.append(
                f"<rect x='{x}' y='{y + 4}' width='{width}' height='18' "
                f"fill='{_COLOURS[process]}'><title>{process} {us:,.0f} µs</title></rect>"
            )
            x += width
        told = " + ".join(f"{process} {us:,.0f}" for process, us in parts.items())
        marks.append(f"<text x='{x + 8}' y='{y + 18}'>{told}</text>")
    return (
        "<h2>Processor time a call, µs</h2>"
        f"<svg viewBox='0 0 {_WIDTH + 420} {30 * len(costs)}' role='img'>{''.join(marks)}</svg>"
    )


def _lines(surroundings: Mapping[str, Any]) -> str:
    return "\n".join(f"{key}: {value}" for key, value in surroundings.items())
