"""SQL is written, not built: values go beside it, names through psycopg's `sql.Identifier`."""

import ast
import re

import pytest

from tests.tidy.tree import Module, modules, parsed

SQL = re.compile(
    r"\b(select\s|insert\s+into\b|update\s+[\w.{}]+\s+set\b|delete\s+from\b|truncate\s|grant\s"
    r"|(create|drop|alter)\s+(table|database|index|role|function|schema|type)\b|with\s+\w+\s+as\b)",
    re.IGNORECASE,
)
RUNS = {"execute", "executemany", "exec_driver_sql", "text", "SQL", "copy"}


def faults(module: Module) -> list[str]:
    found: set[int] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.expr) and _built(node) and SQL.search(_words(node)):
            found.add(node.lineno)
        match node:
            case ast.Call(func=ast.Attribute(attr=word) | ast.Name(id=word), args=[first, *_]):
                if word in RUNS and _built(first):
                    found.add(first.lineno)
            case _:
                pass
    return [f"{module.place}:{line}: SQL built by formatting" for line in sorted(found)]


def _built(node: ast.expr) -> bool:
    match node:
        case ast.JoinedStr(values=parts):
            return any(isinstance(part, ast.FormattedValue) for part in parts)
        case ast.BinOp(left=left, op=ast.Mod()):
            return isinstance(left, ast.Constant | ast.JoinedStr) and _words(left) != ""
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return not (_is_text(left) and _is_text(right)) and _words(node) != ""
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="format")):
            return True
        case _:
            return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _words(node: ast.expr) -> str:
    """Return the constant text in an expression, with {} where something is put in."""
    parts = [
        "{}" if isinstance(n, ast.FormattedValue) else str(n.value)
        for n in ast.walk(node)
        if isinstance(n, ast.FormattedValue)
        or (isinstance(n, ast.Constant) and isinstance(n.value, str))
    ]
    return "".join(parts) if any(part != "{}" for part in parts) else ""


@pytest.mark.parametrize(
    "text",
    [
        'c.execute(f"select * from {t}")',
        'q = f"delete from {t}"',
        'q = "select * from %s" % t',
        'q = "select * from " + t',
        'q = "insert into {} values (1)".format(t)',
        'c.execute(f"{anything} x")',
        'sql.SQL(f"select {x}")',
    ],
)
def test_check_sees_planted_sql(text: str) -> None:
    assert len(faults(parsed(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        'c.execute("select 1 from t where a = %s", [a])',
        'c.execute(sql.SQL("create database {}").format(sql.Identifier(n)))',
        'raise E(f"batch {n} is full")',
        'c.execute("select 1 " + "from t")',
    ],
)
def test_check_lets_written_sql_pass(text: str) -> None:
    assert faults(parsed(text)) == []


def test_store_builds_no_sql() -> None:
    assert [f for module in modules("switch/store") for f in faults(module)] == []
