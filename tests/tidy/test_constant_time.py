"""What is secret until it is compared is compared in constant time: never by `==`.

Measured time cannot prove it on a shared machine: a comparison that ends early saves nanoseconds.
"""

import ast

import pytest

from tests.tidy.tree import Module, modules, parsed

SECRET = {
    "mac", "macs", "proof", "cryptogram", "tac", "check", "expected", "leading", "kcv", "seal",
    "request_mac", "reply_mac", "frame_mac", "computed",
}  # fmt: skip
JUDGED = ("switch/security", "switch/server", "switch/device", "clients")


def faults(module: Module) -> list[str]:
    return [
        f"{module.place}:{node.lineno}: compared by == : {ast.unparse(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
        and any(_is_secret(side) for side in (node.left, *node.comparators))
        and not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))
    ]


def _is_secret(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in SECRET
        case ast.Subscript(value=value) | ast.Call(func=ast.Attribute(value=value)):
            return _is_secret(value)
        case _:
            return False


@pytest.mark.parametrize(
    "text", ["mac == other", "x if self.mac != got else y", "mac[:8] == leading", "a == b.kcv"]
)
def test_check_sees_a_planted_comparison(text: str) -> None:
    assert len(faults(parsed(text))) == 1


@pytest.mark.parametrize("text", ["mac == b''", "compare_digest(mac, other)", "size == 8"])
def test_check_lets_others_pass(text: str) -> None:
    assert faults(parsed(text)) == []


def test_no_secret_is_compared_by_its_first_difference() -> None:
    assert [found for module in modules(*JUDGED) for found in faults(module)] == []


def test_every_verifying_function_uses_the_constant_time_comparison() -> None:
    text = "".join(module.text for module in modules("switch/security"))
    assert text.count("compare_digest(") >= 6
