"""What import-linter cannot say of packages that may be absent: who may know whom.

The layers themselves stand in pyproject.toml; this is about the outside.
"""

import pytest

from tests.tidy.tree import PURE, Module, imports, modules, parsed, switch_packages

OUTSIDE = (
    *("grpc", "google", "medswitch", "sqlalchemy", "alembic", "psycopg", "structlog", "logging"),
    *("asyncio", "threading", "time", "random", "secrets", "os", "io", "pathlib", "shutil"),
    *("socket", "ssl", "subprocess", "tempfile", "importlib"),
)
"""What the pure packages may not import: the outside comes in through `pipeline/ports.py`."""

CLIENT_MAY_SEE = (
    "switch.model",
    "switch.wire",
    *(
        f"switch.security.{name}"
        for name in (
            *("suite", "mac", "kdf", "keys", "card_proof", "errors"),
            *("public_signature", "voucher"),
        )
    ),
)
"""A terminal may share the words and the arithmetic that vectors judge, not our idea of right: no
vault, no rules, no ledger."""


def faults(module: Module, forbidden: tuple[str, ...], but: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{module.place}:{line}: imports {name}"
        for line, name in imports(module)
        if _below(name, forbidden) and not _below(name, but)
    ]


def _below(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize(
    "text", ["import os", "import grpc.aio", "def f():\n    from random import choice"]
)
def test_check_sees_a_planted_import(text: str) -> None:
    assert len(faults(parsed(text), OUTSIDE)) == 1


def test_check_reads_relative_imports() -> None:
    planted = parsed("from ..store import lane", "switch/pipeline/settle.py")
    assert faults(planted, ("switch.store",)) == [
        "switch/pipeline/settle.py:1: imports switch.store.lane"
    ]


def test_pure_packages_see_no_outside() -> None:
    found = [f for m in modules(*switch_packages(PURE)) for f in faults(m, OUTSIDE)]
    assert found == []


def test_only_security_imports_cryptography() -> None:
    judged = (m for m in modules("switch") if not m.name.startswith("switch.security"))
    assert [f for m in judged for f in faults(m, ("cryptography",))] == []


def test_store_never_sees_the_wire() -> None:
    forbidden = ("switch.wire", "medswitch", "grpc", "google")
    assert [f for m in modules("switch/store") for f in faults(m, forbidden)] == []


def test_clients_see_the_wire_and_never_the_switch() -> None:
    judged = modules("clients", "loadtest")
    assert [f for m in judged for f in faults(m, ("switch",), CLIENT_MAY_SEE)] == []
