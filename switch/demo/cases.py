"""The demonstration's cases as data: what to do, and what must come out, in yuan."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Amounts:
    """Every part of a settlement in fen; a part that a case does not name is zero."""

    total: int = 0
    own_expense: int = 0
    over_limit: int = 0
    first_self_pay: int = 0
    in_scope: int = 0
    deductible: int = 0
    fund: tuple[tuple[str, int], ...] = ()
    hospital: int = 0
    account: int = 0
    cash: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a case. `amounts` None: the step has no settlement to compare."""

    do: str
    who: str
    at: str
    kind: str
    on: date
    admitted: date | None
    disease: str
    lines: tuple[tuple[str, str, str], ...]
    amounts: Amounts | None
    code: str
    balance: int | None
    more: Mapping[str, Any] = field(default_factory=dict)
    rest: Amounts | None = None
    """What of a part refund remains."""


@dataclass(frozen=True, slots=True)
class Case:
    """A numbered case and its steps, in order."""

    number: int
    zh: str
    en: str
    steps: tuple[Step, ...]


def load_cases() -> tuple[Case, ...]:
    """Return the shipped cases. Raises: ValueError naming a case that cannot be read."""
    text = (files("switch.demo") / "cases.toml").read_text(encoding="utf-8")
    return tuple(
        Case(c["number"], c["zh"], c["en"], tuple(_step(c["number"], s) for s in c["step"]))
        for c in tomllib.loads(text)["case"]
    )


_FIELDS = frozenset(
    {"do", "who", "at", "kind", "on", "admitted", "disease", "lines", "expect", "rest"}
)


def _step(case: int, stated: Mapping[str, Any]) -> Step:
    expect, rest = dict(stated.get("expect", {})), dict(stated.get("rest", {}))
    code = expect.pop("code", "")
    balance = expect.pop("balance", None)
    return Step(
        do=stated["do"],
        who=stated.get("who", ""),
        at=stated.get("at", ""),
        kind=stated.get("kind", ""),
        on=stated.get("on", date.min),
        admitted=stated.get("admitted"),
        disease=stated.get("disease", ""),
        lines=tuple((c, str(q), p) for c, q, p in stated.get("lines", ())),
        amounts=_amounts(case, expect) if expect else None,
        code=code,
        balance=None if balance is None else fen(balance),
        rest=_amounts(case, rest) if rest else None,
        more={name: value for name, value in stated.items() if name not in _FIELDS},
    )


def _amounts(case: int, expect: dict[str, Any]) -> Amounts:
    funds = expect.pop("fund", {})
    try:
        return Amounts(
            fund=tuple(sorted((fund, fen(amount)) for fund, amount in funds.items())),
            **{name: fen(amount) for name, amount in expect.items()},
        )
    except TypeError as error:
        raise ValueError(f"case {case}: {error}") from None


def fen(yuan: str) -> int:
    """Return an amount of yuan with two decimals as fen. Raises: ValueError."""
    amount = Decimal(yuan) * 100
    if amount != amount.to_integral_value():
        raise ValueError(f"{yuan} yuan has parts of a fen")
    return int(amount)
