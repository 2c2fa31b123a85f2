"""Invariant 16 of the registry: what records changed of terminals and institutions stands so.

What no record named was there before there was an office: nothing says what it must be.
"""

from collections.abc import Iterator
from typing import Any, Final

from switch.audit.findings import RECORDS, Violation
from switch.audit.rows import OfficeRows
from switch.office.change import Change, ChangeState, Kind
from switch.office.judge import Office
from switch.office.registry import NamedTerminal, NewTerminal, Opening
from switch.office.voucher import TrustedIssuer

_TERMINAL: Final = ("terminal_id", "institution", "class", "active", "unlocked_at")
_ISSUER: Final = ("issuer", "algorithm", "public_key", "since", "until")
_OPENED: Final = ("code", "cross_city_since", "cross_city_until")


def check_registry(office: Office, rows: OfficeRows) -> Iterator[Violation]:
    """Each column that a record set says what the last such record set it to."""
    terminals: dict[str, dict[str, Any]] = {}
    opened: dict[str, dict[str, Any]] = {}
    issuers: dict[str, dict[str, Any]] = {}
    for change in _approved(office):
        if change.kind is Kind.TRUST_ISSUER:
            one = TrustedIssuer.read(change.content).issuer
            issuers[one.issuer] = {name: getattr(one, name) for name in _ISSUER}
        else:
            _take(change, terminals, opened)
    for what, columns, said, live in (
        ("terminal", _TERMINAL, terminals, rows.terminals),
        ("institution", _OPENED, opened, rows.institutions),
        ("issuer", _ISSUER, issuers, rows.issuers),
    ):
        for name, expected in sorted(said.items()):
            row = live.get(name)
            if row is None:
                yield Violation(RECORDS, f"{what} {name}", "has a record and no row")
                continue
            stands = dict(zip(columns, row, strict=True))
            for column, value in expected.items():
                if stands[column] != value:
                    detail = f"its records come to {column} {value!r}, its row says"
                    yield Violation(RECORDS, f"{what} {name}", f"{detail} {stands[column]!r}")


def _approved(office: Office) -> list[Change]:
    """Return what was approved, in the order in which it took effect."""
    done = [one for one in office.changes.values() if one.state is ChangeState.APPROVED]
    return sorted(done, key=lambda one: 0 if one.decision is None else one.decision.record)


def _take(
    change: Change, terminals: dict[str, dict[str, Any]], opened: dict[str, dict[str, Any]]
) -> None:
    match change.kind:
        case Kind.REGISTER_TERMINAL:
            new = NewTerminal.read(change.content)
            terminals[new.terminal_id] = {
                "institution": new.institution,
                "class": new.terminal_class.value,
                "active": True,
            }
        case Kind.BLOCK_TERMINAL | Kind.UNBLOCK_TERMINAL:
            name = NamedTerminal.read(change.content).terminal_id
            active = change.kind is Kind.UNBLOCK_TERMINAL
            terminals.setdefault(name, {})["active"] = active
        case Kind.UNLOCK_TERMINAL:
            name = NamedTerminal.read(change.content).terminal_id
            at = None if change.decision is None else change.decision.at
            terminals.setdefault(name, {})["unlocked_at"] = at
        case Kind.OPEN_INSTITUTION:
            wanted = Opening.read(change.content)
            opened[wanted.institution] = {
                "cross_city_since": wanted.since,
                "cross_city_until": wanted.until,
            }
        case _:
            pass
