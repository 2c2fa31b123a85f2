"""Terminals, institutions and issuers of vouchers under maker and checker: what a change says."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from switch.model.ids import InstitutionCode, TerminalId, parse_terminal_id
from switch.model.terminal import TerminalClass
from switch.office.canonical import Content
from switch.office.officer import require_keys

_INSTITUTION: Final = re.compile(r"[A-Z0-9]{12}")


@dataclass(frozen=True, slots=True)
class NewTerminal:
    """A terminal of an institution or agency: the content of `register-terminal`."""

    terminal_id: TerminalId
    institution: InstitutionCode
    terminal_class: TerminalClass

    def content(self) -> Content:
        """Return it as a change says it."""
        return {
            "terminal_id": self.terminal_id,
            "institution": self.institution,
            "class": self.terminal_class.value,
        }

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return what a change says. Raises: ValueError."""
        require_keys(content, "terminal_id", "institution", "class")
        return cls(
            parse_terminal_id(str(content["terminal_id"])),
            _code(content["institution"]),
            TerminalClass(str(content["class"])),
        )


@dataclass(frozen=True, slots=True)
class NamedTerminal:
    """A terminal: the content of `block-terminal`, `unblock-terminal` and `unlock-terminal`."""

    terminal_id: TerminalId

    def content(self) -> Content:
        """Return it as a change says it."""
        return {"terminal_id": self.terminal_id}

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return what a change says. Raises: ValueError."""
        require_keys(content, "terminal_id")
        return cls(parse_terminal_id(str(content["terminal_id"])))


@dataclass(frozen=True, slots=True)
class Opening:
    """An institution opened for patients of other cities: the content of `open-institution`.

    Both days included; `until` None: until another change. Before `since` it is not opened.
    """

    institution: InstitutionCode
    since: date
    until: date | None

    def content(self) -> Content:
        """Return it as a change says it."""
        return {
            "institution": self.institution,
            "since": self.since.isoformat(),
            "until": "" if self.until is None else self.until.isoformat(),
        }

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return what a change says. Raises: ValueError."""
        require_keys(content, "institution", "since", "until")
        since, until = _day(content["since"]), str(content["until"])
        last = _day(until) if until else None
        if last is not None and last < since:
            raise ValueError(f"the last day, {last}, lies before the first, {since}")
        return cls(_code(content["institution"]), since, last)


def _code(value: object) -> InstitutionCode:
    if not _INSTITUTION.fullmatch(str(value)):
        raise ValueError("an institution is named by 12 of A-Z 0-9")
    return InstitutionCode(str(value))


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{str(value)[:12]!r} is no day; write yyyy-mm-dd") from None
