"""Invariant 16 for keys: what is held, and in which state, follows from the records.

Every approved change of keys is made again on the ring of keys that the ones before it come to,
from the keys that the genesis names: so two live versions were two, and a retired key stayed so.
Key bytes are not the records' matter: the vault proves each by its record, tag and check value.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from switch.audit.findings import RECORDS, Violation
from switch.model.key import KeyState
from switch.office.change import Change, ChangeState, Kind
from switch.office.judge import Office
from switch.office.key_change import GenesisKeys, KeyExport, KeyLoad, KeyMove
from switch.office.key_ring import MOVES, Held, after_load, after_move, check_export
from switch.office.refusal import Refused
from switch.security.custody import KeySlot
from switch.store.keys import digest_of

_KINDS: Final = frozenset({Kind.LOAD_KEYS, Kind.EXPORT_KEY, *MOVES})


def check_keys(office: Office, live: Mapping[str, Held]) -> Iterator[Violation]:
    """The keys that live are what the records come to: none more, none less, none other."""
    changes = sorted(
        (one for one in office.changes.values() if _took_effect(one)),
        key=lambda one: 0 if one.decision is None else one.decision.record,
    )
    try:
        genesis = GenesisKeys.read(office.genesis)
    except ValueError as error:
        yield Violation(RECORDS, "keys", f"its genesis cannot be read: {error}")
        return
    ring: dict[str, Held] = {}
    if genesis is not None:
        for one in genesis.keys:
            place = KeySlot.named(one.key).place
            ring[one.key] = Held(one.key, place, one.kcv, KeyState.LIVE, one.ends_on)
        yield from _first_terminals(genesis, changes, live, ring)
    for change in changes:
        try:
            ring = _after(ring, change)
        except (Refused, ValueError) as error:
            yield Violation(RECORDS, f"change {change.number}", f"could not take effect: {error}")
    yield from _compare(ring, live)


def _first_terminals(
    genesis: GenesisKeys, changes: Iterable[Change], live: Mapping[str, Held], ring: dict[str, Held]
) -> Iterator[Violation]:
    """The terminals' keys that no change loaded are those that the genesis counted, and as it says.

    They enter the ring as they were then: live.
    """
    loaded = {
        one.key
        for change in changes
        if change.kind is Kind.LOAD_KEYS
        for one in KeyLoad.read(change.content).keys
    }
    first = [
        held for key, held in live.items() if key.startswith("terminal/") and key not in loaded
    ]
    count, digest = digest_of((one.key, bytes.fromhex(one.kcv), one.ends_on) for one in first)
    if (count, digest) != (genesis.terminals, genesis.digest):
        yield Violation(
            RECORDS, "terminal keys",
            f"the genesis names {genesis.terminals}, and not the {count} that no change loaded",
        )  # fmt: skip
    ring |= {
        one.key: Held(one.key, one.place, one.kcv, KeyState.LIVE, one.ends_on) for one in first
    }


def _after(ring: dict[str, Held], change: Change) -> dict[str, Held]:
    """Return the ring after an approved change. Raises: Refused, ValueError."""
    match change.kind:
        case Kind.LOAD_KEYS:
            load = KeyLoad.read(change.content)
            return after_load(ring, load, lambda key: KeySlot.named(key).place)
        case Kind.EXPORT_KEY:
            check_export(ring, KeyExport.read(change.content))
            return ring
        case _:
            return after_move(ring, KeyMove.read(change.content), MOVES[change.kind])


def _took_effect(change: Change) -> bool:
    return change.kind in _KINDS and change.state is ChangeState.APPROVED


def _compare(ring: Mapping[str, Held], live: Mapping[str, Held]) -> Iterator[Violation]:
    for key in sorted(ring.keys() | live.keys()):
        said, found = ring.get(key), live.get(key)
        if found is None:
            yield Violation(RECORDS, f"key {key}", "has a record and no row")
        elif said is None:
            yield Violation(RECORDS, f"key {key}", "has a row and no record")
        elif said != found:
            for field in ("place", "kcv", "state", "ends_on"):
                ours, theirs = getattr(said, field), getattr(found, field)
                if ours != theirs:
                    yield Violation(
                        RECORDS, f"key {key}",
                        f"its records come to {field} {ours}, its row says {theirs}",
                    )  # fmt: skip
