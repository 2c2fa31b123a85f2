"""Case and policy files on disk: the only part of the cases that opens any.

A case file names its policies by paths beside it; without any, the shipped books hold. Policies of
several regions may stand together: files of one region make one book.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from switch.cases.run import CaseResult, run_cases
from switch.rules.adjudicate import Rules
from switch.rules.book import RuleBook
from switch.rules.source import parse_toml


def read_policies(paths: list[Path]) -> Rules:
    """Return the rules of policy files, a book a region.

    Raises: ValueError naming file, line and rule; OSError for a file that cannot be read.
    """
    texts: dict[str, dict[str, str]] = {}
    for path in paths:
        text = _text(path)
        region = str(parse_toml(str(path), text).get("region", ""))
        texts.setdefault(region, {})[str(path)] = text
    books = [RuleBook.parse(one) for one in texts.values()]
    return Rules({book.region: book for book in books}, {})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8; save the file as UTF-8 ({error})") from error


def run_file(path: Path, shipped: Callable[[], Rules]) -> Iterator[CaseResult]:
    """Yield the result of each case of a file; the shipped rules are read only if it names none.

    Raises: ValueError for a file that is no case file, OSError for one that cannot be read.
    """
    document: Mapping[str, Any] = parse_toml(str(path), _text(path))
    named = document.get("policy", [])
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise ValueError(f"{path}: policy is {named!r}; write the paths of policy files")
    rules = read_policies([path.parent.joinpath(name) for name in names]) if names else shipped()
    yield from run_cases(document, rules, path.name)
