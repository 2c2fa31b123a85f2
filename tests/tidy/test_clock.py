"""Pure code is given `now` and `on`: what it decides today it decides again tomorrow."""

import ast

import pytest

from tests.tidy.tree import PURE, Module, imports, modules, parsed, switch_packages

CLOCKS = {"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"}
ZONED = {"fromtimestamp"}
"""Pure when a zone is given: then it only converts."""


def faults(module: Module) -> list[str]:
    found = [
        f"{module.place}:{line}: imports {name}"
        for line, name in imports(module)
        if name.partition(".")[0] == "time"
    ]
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in CLOCKS:
                given_zone = attr in ZONED and len(node.args) + len(node.keywords) > 1
                if _last_word(owner) in {"datetime", "date"} and not given_zone:
                    found.append(f"{module.place}:{node.lineno}: reads the clock by {attr}()")
            case _:
                pass
    return found


def _last_word(node: ast.expr) -> str:
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word
        case _:
            return ""


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from time import monotonic",
        "datetime.now(UTC)",
        "datetime.datetime.now()",
        "date.today()",
        "datetime.fromtimestamp(1)",
    ],
)
def test_check_sees_a_planted_clock(text: str) -> None:
    assert len(faults(parsed(text))) == 1


@pytest.mark.parametrize("text", ["clock.now()", "datetime.fromtimestamp(1, UTC)"])
def test_check_lets_a_given_clock_pass(text: str) -> None:
    assert faults(parsed(text)) == []


def test_pure_packages_read_no_clock() -> None:
    assert [f for module in modules(*switch_packages(PURE)) for f in faults(module)] == []
