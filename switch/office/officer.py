"""Officers 经办人: who they are, what each may do, and how their circle may change.

The founding: until two officers hold the role `officers`, people enrol themselves. From then on
the circle changes by maker and checker only, and never falls below those two.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from switch.office.canonical import Content
from switch.office.refusal import Refusal, Refused

FOUNDERS: Final = 2
PUBLIC_KEY_BYTES: Final = 32
"""Ed25519 (RFC 8032)."""

_NAME: Final = re.compile(r"[a-z][a-z0-9.-]{1,31}")


class Role(StrEnum):
    """What an officer may propose and check."""

    OFFICERS = "officers"
    POLICY = "policy"
    KEYS = "keys"
    CARDS = "cards"
    FILINGS = "filings"
    CLEARING = "clearing"
    REGISTRY = "registry"
    """Terminals and institutions."""


class OfficerState(StrEnum):
    """A retired officer signs nothing more; the name stays taken, for old signatures bear it."""

    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Officer:
    """One person with one key pair; the private half is in that person's hands only."""

    name: str
    public_key: bytes
    roles: frozenset[Role]
    state: OfficerState = OfficerState.ACTIVE

    def may(self, role: Role) -> bool:
        """Say whether the officer acts in a role today."""
        return self.state is OfficerState.ACTIVE and role in self.roles


Officers = Mapping[str, Officer]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Somebody becomes an officer: the content of `enrol-officer`."""

    name: str
    public_key: bytes
    roles: frozenset[Role]

    def content(self) -> Content:
        """Return the enrolment as a change says it."""
        key, roles = self.public_key.hex(), role_words(self.roles)
        return {"name": self.name, "public_key": key, "roles": roles}

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the enrolment a change says. Raises: ValueError."""
        require_keys(content, "name", "public_key", "roles")
        return cls(
            parse_name(content["name"]),
            parse_public_key(content["public_key"]),
            parse_roles(content["roles"]),
        )


@dataclass(frozen=True, slots=True)
class NewRoles:
    """An officer's roles from now on: the content of `change-roles`."""

    name: str
    roles: frozenset[Role]

    def content(self) -> Content:
        """Return the roles as a change says them."""
        return {"name": self.name, "roles": role_words(self.roles)}

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the roles a change says. Raises: ValueError."""
        require_keys(content, "name", "roles")
        return cls(parse_name(content["name"]), parse_roles(content["roles"]))


@dataclass(frozen=True, slots=True)
class Retirement:
    """An officer stops for ever: the content of `retire-officer`."""

    name: str

    def content(self) -> Content:
        """Return the retirement as a change says it."""
        return {"name": self.name}

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the retirement a change says. Raises: ValueError."""
        require_keys(content, "name")
        return cls(parse_name(content["name"]))


def is_founding(officers: Officers) -> bool:
    """Say whether people still enrol themselves."""
    return _governors(officers) < FOUNDERS


def enrolled(officers: Officers, one: Enrolment) -> Officer:
    """Return the new officer. Raises: Refused for a name or a key that was ever used."""
    if one.name in officers:
        raise Refused(Refusal.NAME_TAKEN, f"there is, or was, an officer {one.name}")
    for other in officers.values():
        if other.public_key == one.public_key:
            raise Refused(Refusal.KEY_TAKEN, f"that key is {other.name}'s: one person, one key")
    return Officer(one.name, one.public_key, one.roles)


def with_roles(officers: Officers, change: NewRoles) -> Officer:
    """Return the officer with other roles. Raises: Refused."""
    after = replace(active_officer(officers, change.name), roles=change.roles)
    _require_governed(officers, after)
    return after


def retired(officers: Officers, change: Retirement) -> Officer:
    """Return the officer, retired. Raises: Refused."""
    after = replace(active_officer(officers, change.name), state=OfficerState.RETIRED)
    _require_governed(officers, after)
    return after


def active_officer(officers: Officers, name: str) -> Officer:
    """Return an officer who may act. Raises: Refused."""
    found = officers.get(name)
    if found is None:
        raise Refused(Refusal.NOT_AN_OFFICER, f"{name} was never enrolled")
    if found.state is not OfficerState.ACTIVE:
        raise Refused(Refusal.OFFICER_RETIRED, f"{name} has retired")
    return found


def parse_name(text: object) -> str:
    """Return an officer's name. Raises: ValueError."""
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        raise ValueError("an officer's name is 2..32 of a-z 0-9 . - and begins with a letter")
    return text


def parse_public_key(text: object) -> bytes:
    """Return the 32 bytes of a public key in lower-case hex. Raises: ValueError."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError(f"a public key is {PUBLIC_KEY_BYTES} bytes in lower-case hex")
    return bytes.fromhex(text)


def parse_roles(words: object) -> frozenset[Role]:
    """Return roles from their sorted words. Raises: ValueError."""
    if not isinstance(words, list) or not words:
        raise ValueError("an officer has at least one role")
    roles = frozenset(map(Role, words))
    if words != role_words(roles):
        raise ValueError("roles stand sorted, each once")
    return roles


def role_words(roles: frozenset[Role]) -> list[str]:
    """Return roles as they are written: sorted."""
    return sorted(role.value for role in roles)


def require_keys(content: object, *keys: str) -> None:
    """Accept an object with exactly these keys. Raises: ValueError."""
    if not isinstance(content, Mapping) or set(content) != set(keys):
        raise ValueError(f"{content!r} is no object that says {', '.join(keys)} and no more")


def _governors(officers: Officers) -> int:
    return sum(one.may(Role.OFFICERS) for one in officers.values())


def _require_governed(officers: Officers, after: Officer) -> None:
    if _governors({**officers, after.name: after}) < FOUNDERS:
        raise Refused(
            Refusal.TOO_FEW_OFFICERS,
            f"without {after.name} fewer than {FOUNDERS} officers could enrol others: "
            "enrol another one first",
        )
