"""Money is whole fen: where it is computed there is no float and no true division."""

import ast

import pytest

from tests.tidy.tree import MONEY, Module, modules, parsed, switch_packages


def faults(module: Module) -> list[str]:
    return [
        f"{module.place}:{node.lineno}: {word}"
        for node in ast.walk(module.tree)
        if (word := _fraction(node)) is not None
        if isinstance(node, ast.expr | ast.stmt)
    ]


def _fraction(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=float() | complex()):
            return "a float constant"
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            return "a true division: use // and say who bears the remainder"
        case ast.Name(id="float" | "Decimal" | "Fraction"):
            return "a number that is no int"
        case _:
            return None


@pytest.mark.parametrize("text", ["a = 0.5", "a = b / c", "a /= 2", "float(a)", "x: float"])
def test_check_sees_a_planted_fraction(text: str) -> None:
    assert len(faults(parsed(text))) == 1


def test_money_is_computed_in_integers() -> None:
    assert [f for module in modules(*switch_packages(MONEY)) for f in faults(module)] == []
