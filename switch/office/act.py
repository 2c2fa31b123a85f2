"""Acts: what is done at the office, each as one canonical text that is signed and kept.

Signed bytes: "medswitch/change/v1" ‖ 0x00 ‖ the text in UTF-8. `after` names the record before, so
every signature stands for all that was recorded before it: not even who holds the seal key can take
a record out. A decision names the proposal, too: who approves signs the content, not a number.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, assert_never

from switch.office.canonical import Content, canonical, parse_canonical
from switch.office.change import Kind, Verb
from switch.office.key_change import parse_kcv, parse_key
from switch.office.officer import (
    Role,
    parse_name,
    parse_public_key,
    parse_roles,
    require_keys,
    role_words,
)

LABEL: Final = b"medswitch/change/v1\0"


@dataclass(frozen=True, slots=True)
class Genesis:
    """What stood before there was anybody to sign: the first record of an empty database."""

    at: datetime
    after: str
    content: Content


@dataclass(frozen=True, slots=True)
class Enrol:
    """A founder enrols, under the founder's own key."""

    at: datetime
    after: str
    officer: str
    public_key: bytes
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Propose:
    """An officer, the maker, proposes a change."""

    at: datetime
    after: str
    officer: str
    change: int
    kind: Kind
    content: Content
    expires_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Decide:
    """A checker approves or refuses a change, or its maker withdraws it."""

    at: datetime
    after: str
    officer: str
    change: int
    verb: Verb
    proposal: str
    reason: str


@dataclass(frozen=True, slots=True)
class Contribute:
    """A custodian enters one component of a key: which of how many, and its check value."""

    at: datetime
    after: str
    officer: str
    key: str
    part: int
    of: int
    kcv: str


Act = Genesis | Enrol | Contribute | Propose | Decide


def body_of(act: Act) -> str:
    """Return the text of an act. Raises: ValueError for content that has no canonical text."""
    fields: dict[str, Any] = {"at": _written(act.at), "after": act.after}
    match act:
        case Genesis():
            fields |= {"act": "genesis", "content": act.content}
        case Enrol():
            key, roles = act.public_key.hex(), role_words(act.roles)
            fields |= {"act": "enrol", "officer": act.officer, "public_key": key, "roles": roles}
        case Contribute():
            fields |= {
                "act": "component", "officer": act.officer, "key": act.key, "part": act.part,
                "of": act.of, "kcv": act.kcv,
            }  # fmt: skip
        case Propose():
            fields |= {
                "act": "propose", "officer": act.officer, "change": act.change,
                "kind": act.kind.value, "content": act.content,
                "expires_at": _written(act.expires_at), "reason": act.reason,
            }  # fmt: skip
        case Decide():
            fields |= {
                "act": act.verb.value, "officer": act.officer, "change": act.change,
                "proposal": act.proposal, "reason": act.reason,
            }  # fmt: skip
        case _:
            assert_never(act)
    return canonical(fields)


def read_body(body: str) -> Act:
    """Return the act of a text. Raises: ValueError unless it is the text of that act, exactly."""
    fields = parse_canonical(body)
    act = _read(fields)
    if body_of(act) != body:
        raise ValueError("not the canonical text of an act")
    return act


def signed_bytes(body: str) -> bytes:
    """Return what an officer signs of an act."""
    return LABEL + body.encode()


def digest_of(body: str) -> str:
    """Return what names a proposal: the SHA-256 of its signed bytes, hex."""
    return hashlib.sha256(signed_bytes(body)).hexdigest()


def link_of(body: str, signature: bytes) -> str:
    """Return what names a record to the next one: the SHA-256 of its signed bytes and signature."""
    return hashlib.sha256(signed_bytes(body) + signature).hexdigest()


def _read(fields: dict[str, Any]) -> Act:
    word = _text(fields.get("act"))
    match word:
        case "genesis":
            require_keys(fields, "act", "at", "after", "content")
            return Genesis(*_head(fields), _object(fields["content"]))
        case "enrol":
            require_keys(fields, "act", "at", "after", "officer", "public_key", "roles")
            return Enrol(
                *_head(fields),
                parse_name(fields["officer"]),
                parse_public_key(fields["public_key"]),
                parse_roles(fields["roles"]),
            )
        case "component":
            require_keys(fields, "act", "at", "after", "officer", "key", "part", "of", "kcv")
            return Contribute(
                *_head(fields),
                parse_name(fields["officer"]),
                parse_key(fields["key"]),
                _whole(fields["part"]),
                _whole(fields["of"]),
                parse_kcv(fields["kcv"]),
            )
        case "propose":
            require_keys(
                fields,
                "act",
                "at",
                "after",
                "officer",
                "change",
                "kind",
                "content",
                "expires_at",
                "reason",
            )
            return Propose(
                *_head(fields),
                parse_name(fields["officer"]),
                _whole(fields["change"]),
                Kind(fields["kind"]),
                _object(fields["content"]),
                _instant(fields["expires_at"]),
                _text(fields["reason"]),
            )
        case _:
            require_keys(fields, "act", "at", "after", "officer", "change", "proposal", "reason")
            return Decide(
                *_head(fields),
                parse_name(fields["officer"]),
                _whole(fields["change"]),
                Verb(word),
                _text(fields["proposal"]),
                _text(fields["reason"]),
            )


def _head(fields: dict[str, Any]) -> tuple[datetime, str]:
    return _instant(fields["at"]), _text(fields["after"])


def _written(at: datetime) -> str:
    """Return an instant as UTC with microseconds, the finest that PostgreSQL keeps."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _instant(text: object) -> datetime:
    return datetime.fromisoformat(_text(text)).astimezone(UTC)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no number")
    return value


def _object(value: object) -> Content:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no object")
    return value
