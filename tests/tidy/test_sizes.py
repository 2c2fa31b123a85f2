"""A function is read on one screen; a module of more than 400 lines is two nouns."""

import ast

from tests.tidy.tree import Module, modules, parsed

FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 400
JUDGED = ("switch", "clients", "loadtest")


def long_functions(module: Module) -> list[str]:
    return [
        f"{module.place}:{node.lineno}: {node.name} has {lines} lines"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]


def test_check_sees_a_planted_long_function() -> None:
    longest = "def f():\n" + "    pass\n" * (FUNCTION_LINES_MAX - 1)
    assert long_functions(parsed(longest)) == []
    assert len(long_functions(parsed(longest + "    pass\n"))) == 1


def test_functions_fit_a_screen() -> None:
    assert [found for module in modules(*JUDGED) for found in long_functions(module)] == []


def test_modules_are_one_noun() -> None:
    sizes = {module.place: len(module.text.splitlines()) for module in modules(*JUDGED)}
    assert {p: n for p, n in sizes.items() if n > MODULE_LINES_MAX} == {}
