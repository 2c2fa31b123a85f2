"""The ring of keys: what is held, in which state, and what a change may make of it.

Asked when a change is proposed, when it is approved, and whenever the records are audited. Must not
know key bytes: a key is its id, its place and its check value.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from switch.model.key import LIVE_VERSIONS_MAX, TRANSITIONS, KeyState
from switch.office.change import Kind
from switch.office.key_change import KeyExport, KeyLoad, KeyMove, Part, complete
from switch.office.refusal import Refusal, Refused

MOVES: Final[Mapping[Kind, KeyState]] = {
    Kind.ACTIVATE_KEYS: KeyState.LIVE,
    Kind.SUSPEND_KEYS: KeyState.SUSPENDED,
    Kind.RETIRE_KEYS: KeyState.RETIRED,
}
"""The state that each kind of change moves keys to."""

NEEDED: Final = ("vault/SEAL", "vault/NONCE")
"""Places that never stand without a live key once they had one."""


@dataclass(frozen=True, slots=True)
class Held:
    """A key of the ring. `place`: what its versions share, such as city/330200/AUTH/SM4."""

    key: str
    place: str
    kcv: str
    state: KeyState
    ends_on: date | None = None


Ring = Mapping[str, Held]
PlaceOf = Callable[[str], str]
"""Return the place of a key id. Raises: ValueError for one that names none."""


def after_load(ring: Ring, load: KeyLoad, place_of: PlaceOf) -> dict[str, Held]:
    """Return the ring with the keys of a load. Raises: Refused; ValueError for an id of none."""
    after = dict(ring)
    for one in load.keys:
        if one.key in after:
            raise Refused(
                Refusal.KEY_EXISTS,
                f"there is, or was, a key {one.key}: its successor is another version",
            )
        state = KeyState.LIVE if load.live else KeyState.PENDING
        after[one.key] = Held(one.key, place_of(one.key), one.kcv, state, one.ends_on)
    _require_bounds(after, {after[one.key].place for one in load.keys})
    return after


def after_move(ring: Ring, move: KeyMove, to: KeyState) -> dict[str, Held]:
    """Return the ring with keys in another state. Raises: Refused."""
    after = dict(ring)
    for key in move.keys:
        held = known(ring, key)
        if to not in TRANSITIONS[held.state]:
            raise Refused(Refusal.KEY_STATE, f"{key} is {held.state}: it does not become {to}")
        after[key] = replace(held, state=to)
    _require_bounds(after, {after[key].place for key in move.keys})
    return after


def check_export(ring: Ring, export: KeyExport) -> None:
    """Accept an export of a live key's child under a live transport key. Raises: Refused."""
    for key in (export.parent, export.transport):
        held = known(ring, key)
        if held.state is not KeyState.LIVE:
            raise Refused(Refusal.KEY_STATE, f"{key} is {held.state}: an export needs it live")


def check_parts(load: KeyLoad, parts: Iterable[Part]) -> None:
    """Accept a load from the components that were entered, by those who entered them.

    Raises: Refused.
    """
    entered = tuple(parts)
    officers = tuple(one.officer for one in entered)
    if not complete(entered) or officers != load.custodians:
        of = f" of {entered[0].of}" if entered else ""
        raise Refused(
            Refusal.COMPONENTS,
            f"{load.keys[0].key}: {len(entered)}{of} components lie ready, by "
            f"{', '.join(officers) or 'nobody'}",
        )


def known(ring: Ring, key: str) -> Held:
    """Return a key of the ring. Raises: Refused."""
    held = ring.get(key)
    if held is None:
        raise Refused(Refusal.NO_SUCH_KEY, f"no key {key} is held")
    return held


def _require_bounds(ring: Ring, places: Iterable[str]) -> None:
    """Two live versions at most; and never none of what every settlement needs."""
    for place in sorted(places):
        live = sorted(
            one.key for one in ring.values() if one.place == place and one.state is KeyState.LIVE
        )
        if len(live) > LIVE_VERSIONS_MAX:
            raise Refused(
                Refusal.TOO_MANY_LIVE,
                f"{', '.join(live)} would all be live: {LIVE_VERSIONS_MAX} versions of a key are",
            )
        if not live and place in NEEDED:
            raise Refused(
                Refusal.LAST_LIVE_KEY, f"no live key would be left of {place}: rotate it first"
            )
