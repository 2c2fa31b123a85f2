"""The repository as its checks see it: folders, modules, syntax trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

PURE = (
    "model",
    "security",
    "cards",
    "rules",
    "ledger",
    "office",
    "clearing",
    "recon",
    "pipeline",
    "national",
)
"""The packages of `switch` that see no outside."""

MONEY = ("model", "cards", "rules", "cases", "ledger", "clearing", "recon", "pipeline", "national")
"""The packages in which a fraction would be money."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module of ours, read and parsed."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def place(self) -> str:
        """Its path from the root, for messages."""
        return self.path.relative_to(ROOT).as_posix() if self.path.is_absolute() else str(self.path)

    @property
    def name(self) -> str:
        """Its dotted name."""
        return self.place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def parsed(text: str, path: str = "planted.py") -> Module:
    """Return a module that is not in the tree, to try a check on."""
    return Module(Path(path), text, ast.parse(text))


def modules(*folders: str) -> Iterator[Module]:
    """Every module below the folders that exist, in order of name."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text("utf-8")
            yield Module(path, text, ast.parse(text, str(path)))


def switch_packages(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the folders of packages of `switch`."""
    return tuple(f"switch/{name}" for name in names)


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a module imports, wherever in it."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = module.name.split(".")
                package = module.path.name == "__init__.py"
                kept = parent[: len(parent) - node.level + package]
                base = ".".join([*kept, base]).rstrip(".")
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
