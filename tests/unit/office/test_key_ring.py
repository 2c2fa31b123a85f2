"""The ring of keys: what a change of keys may say, and what it may make of those that are held."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from switch.model.key import TRANSITIONS, KeyState
from switch.office.change import Kind
from switch.office.key_change import (
    GenesisKeys,
    KeyExport,
    KeyFace,
    KeyLoad,
    KeyMove,
    KeyRewrap,
    Origin,
    Part,
    complete,
    with_part,
)
from switch.office.key_ring import Held, after_load, after_move, check_export, check_parts
from switch.office.refusal import Refusal, Refused
from tests.fix_office import Ledger, founded

KEY, PLACE = "ministry/AUTH/SM4/1", "ministry/AUTH/SM4"
FACE = KeyFace(KEY, "0a1b2c")
STATES = list(KeyState)


def place_of(key: str) -> str:
    return key.rpartition("/")[0]


def held(version: int, state: KeyState, place: str = PLACE) -> Held:
    return Held(f"{place}/{version}", place, "0a1b2c", state)


def ring(*keys: Held) -> dict[str, Held]:
    return {one.key: one for one in keys}


def reason(caught: pytest.ExceptionInfo[Refused]) -> Refusal:
    return caught.value.reason


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("to", STATES)
def test_a_key_moves_as_the_table_says(before: KeyState, to: KeyState) -> None:
    keys = ring(held(1, before), held(2, KeyState.LIVE))
    if to in TRANSITIONS[before]:
        assert after_move(keys, KeyMove((KEY,)), to)[KEY].state is to
        return
    with pytest.raises(Refused) as caught:
        after_move(keys, KeyMove((KEY,)), to)
    assert reason(caught) is Refusal.KEY_STATE
    assert keys[KEY].state is before


def test_two_versions_are_live_and_no_third() -> None:
    two = ring(held(1, KeyState.LIVE), held(2, KeyState.LIVE), held(3, KeyState.PENDING))
    move = KeyMove((f"{PLACE}/3",))
    with pytest.raises(Refused) as caught:
        after_move(two, move, KeyState.LIVE)
    assert reason(caught) is Refusal.TOO_MANY_LIVE
    one = after_move(two, KeyMove((KEY,)), KeyState.SUSPENDED)
    assert after_move(one, move, KeyState.LIVE)[f"{PLACE}/3"].state is KeyState.LIVE
    with pytest.raises(Refused) as caught:
        after_load(two, KeyLoad((KeyFace(f"{PLACE}/4", "000000"),), Origin.GENERATED, live=True),
                   place_of)  # fmt: skip
    assert reason(caught) is Refusal.TOO_MANY_LIVE
    other = KeyLoad((KeyFace("ministry/TAC/SM4/1", "000000"),), Origin.GENERATED, live=True)
    assert len(after_load(two, other, place_of)) == 4


@pytest.mark.parametrize("place", ["vault/SEAL", "vault/NONCE"])
def test_what_every_settlement_needs_is_never_without_a_live_key(place: str) -> None:
    for state in (KeyState.SUSPENDED, KeyState.RETIRED):
        with pytest.raises(Refused) as caught:
            after_move(ring(held(1, KeyState.LIVE, place)), KeyMove((f"{place}/1",)), state)
        assert reason(caught) is Refusal.LAST_LIVE_KEY
        two = ring(held(1, KeyState.LIVE, place), held(2, KeyState.LIVE, place))
        after_move(two, KeyMove((f"{place}/1",)), state)


def test_a_key_id_is_used_once_for_ever() -> None:
    for state in STATES:
        with pytest.raises(Refused) as caught:
            after_load(ring(held(1, state)), KeyLoad((FACE,), Origin.WRAPPED), place_of)
        assert reason(caught) is Refusal.KEY_EXISTS


def test_a_move_is_all_or_nothing_and_of_keys_that_are_held() -> None:
    keys = ring(held(1, KeyState.PENDING), held(2, KeyState.RETIRED))
    with pytest.raises(Refused):
        after_move(keys, KeyMove((KEY, f"{PLACE}/2")), KeyState.LIVE)
    assert keys[KEY].state is KeyState.PENDING
    with pytest.raises(Refused) as caught:
        after_move(keys, KeyMove(("ministry/TAC/SM4/1",)), KeyState.LIVE)
    assert reason(caught) is Refusal.NO_SUCH_KEY


def test_an_export_needs_both_keys_live() -> None:
    transport = "transport/zhejiang/1"
    export = KeyExport(KEY, "province/330000/AUTH/SM4/1", "0a1b2c", transport)
    carried = Held(transport, "transport/zhejiang", "000000", KeyState.LIVE)
    check_export(ring(held(1, KeyState.LIVE), carried), export)
    for keys in (
        ring(held(1, KeyState.PENDING), carried),
        ring(held(1, KeyState.LIVE), replace(carried, state=KeyState.SUSPENDED)),
        ring(held(1, KeyState.LIVE)),
    ):
        with pytest.raises(Refused):
            check_export(keys, export)


def parts(*officers: str, of: int = 3) -> tuple[Part, ...]:
    return tuple(Part(n, of, name, "000000") for n, name in enumerate(officers, start=1))


def test_components_make_a_key_when_all_lie_ready() -> None:
    load = KeyLoad((FACE,), Origin.COMPONENTS, ("li", "wang", "chen"))
    check_parts(load, parts("li", "wang", "chen"))
    for wrong in ((), parts("li", "wang"), parts("li", "chen", "wang"), parts("li", "wang", "sun")):
        with pytest.raises(Refused) as caught:
            check_parts(load, wrong)
        assert reason(caught) is Refusal.COMPONENTS


def test_a_component_takes_the_place_of_the_same_and_another_number_begins_anew() -> None:
    two = parts("li", "wang")
    again = with_part(two, Part(2, 3, "chen", "ffffff"))
    assert [one.officer for one in again] == ["li", "chen"]
    assert not complete(again)
    assert complete(with_part(again, Part(3, 3, "sun", "000000")))
    assert with_part(two, Part(1, 2, "sun", "000000")) == (Part(1, 2, "sun", "000000"),)
    assert not complete(())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"keys": []}, "each once"),
        ({"keys": [FACE.content()] * 2}, "each once"),
        ({"keys": {}}, "is no list"),
        ({"keys": [{"key": KEY}]}, "no object that says"),
        ({"keys": [FACE.content() | {"key": "a key"}]}, "a key is named like"),
        ({"keys": [FACE.content() | {"kcv": "0A1B2C"}]}, "6 lower-case hex digits"),
        ({"keys": [FACE.content() | {"kcv": "0a1b2c3d"}]}, "6 lower-case hex digits"),
        ({"keys": [FACE.content() | {"ends_on": "soon"}]}, "is no day"),
        ({"origin": "found"}, "not a valid Origin"),
        ({"live": 1}, "true or false"),
        ({"custodians": ["li", "wang"]}, "has no custodians"),
        ({"origin": "components"}, "2 to 5 components"),
        ({"origin": "components", "custodians": ["li"]}, "2 to 5 components"),
        ({"origin": "components", "custodians": ["li", "li"]}, "2 to 5 components"),
        ({"origin": "components", "custodians": list("abcdef")}, "an officer's name"),
        ({"origin": "components", "custodians": ["li", "wang"],
          "keys": [FACE.content(), KeyFace("x/2", "000000").content()]}, "make one key"),
    ],
)  # fmt: skip
def test_a_load_that_means_nothing_is_refused(content: dict[str, Any], says: str) -> None:
    sound = dict(KeyLoad((FACE,), Origin.GENERATED).content())
    with pytest.raises(ValueError, match=says):
        KeyLoad.read(sound | content)


def test_what_a_change_says_reads_back() -> None:
    load = KeyLoad(
        (KeyFace(KEY, "0a1b2c", date(2030, 1, 31)),), Origin.COMPONENTS, ("li", "wang"), live=True
    )
    export = KeyExport(KEY, "city/330200/AUTH/SM4/1", "0a1b2c", "transport/ningbo/1")
    genesis = GenesisKeys((FACE,), 7, "ab" * 32)
    assert KeyLoad.read(load.content()) == load
    assert KeyMove.read(KeyMove((KEY,)).content()) == KeyMove((KEY,))
    assert KeyExport.read(export.content()) == export
    assert GenesisKeys.read(genesis.content()) == genesis
    assert GenesisKeys.read({"rule_books": []}) is None
    rewrap = KeyRewrap("kek-1", "pkcs11/token/kek-1", "0a1b2c")
    assert KeyRewrap.read(rewrap.content()) == rewrap
    with pytest.raises(ValueError, match="the old one's name"):
        KeyRewrap.read({**rewrap.content(), "new": "kek-1"})
    with pytest.raises(ValueError, match="a count and a digest"):
        GenesisKeys.read({**genesis.content(), "terminal_keys": {"count": 7, "digest": "x"}})


def keepers() -> Ledger:
    """An office whose li, wang, chen and sun hold the role keys."""
    ledger = founded()
    for name in ("chen", "sun"):
        content = {"name": name, "public_key": name.encode().hex().ljust(64, "0"),
                   "roles": ["keys"]}  # fmt: skip
        ledger.approve("wang", ledger.propose("li", Kind.ENROL_OFFICER, content).number)
    for name in ("li", "wang"):
        content = {"name": name, "roles": ["keys", "officers", "policy"]}
        ledger.approve(
            "wang" if name == "li" else "li",
            ledger.propose(name, Kind.CHANGE_ROLES, content).number,
        )
    return ledger


def test_custodians_hold_the_role_and_one_component_each() -> None:
    ledger = keepers()
    with pytest.raises(Refused) as caught:
        founded().contribute("li", KEY, 1, 2)
    assert reason(caught) is Refusal.ROLE_MISSING
    ledger.contribute("li", KEY, 1, 2)
    for part, of, refusal in (
        (2, 2, Refusal.SAME_OFFICER), (3, 2, Refusal.COMPONENTS), (0, 2, Refusal.COMPONENTS),
        (1, 1, Refusal.COMPONENTS), (1, 6, Refusal.COMPONENTS),
    ):  # fmt: skip
        with pytest.raises(Refused) as caught:
            ledger.contribute("li", KEY, part, of)
        assert reason(caught) is refusal
    load = dict(KeyLoad((FACE,), Origin.COMPONENTS, ("li", "wang")).content())
    with pytest.raises(Refused) as caught:
        ledger.propose("chen", Kind.LOAD_KEYS, load)
    assert reason(caught) is Refusal.COMPONENTS
    ledger.contribute("wang", KEY, 2, 2)
    waiting = ledger.propose("chen", Kind.LOAD_KEYS, load)
    ledger.contribute("sun", KEY, 2, 2)  # exchanged behind the proposal
    with pytest.raises(Refused) as caught:
        ledger.approve("li", waiting.number)
    assert reason(caught) is Refusal.COMPONENTS
    ledger.contribute("wang", KEY, 2, 2)
    ledger.approve("li", waiting.number)
    assert ledger.office.parts[KEY] == ()


def test_a_rewrapping_lets_ceremonies_begin_again() -> None:
    ledger = keepers()
    ledger.contribute("li", KEY, 1, 2)
    content = KeyRewrap("kek-1", "kek-2", "0a1b2c").content()
    ledger.approve("wang", ledger.propose("li", Kind.REWRAP_KEYS, content).number)
    ledger.contribute("li", KEY, 2, 2)  # nobody knows two; and of the first nothing is left


def test_keys_take_the_role_of_keys() -> None:
    ledger = founded()
    for kind, content in (
        (Kind.LOAD_KEYS, KeyLoad((FACE,), Origin.GENERATED).content()),
        (Kind.RETIRE_KEYS, KeyMove((KEY,)).content()),
        (Kind.EXPORT_KEY, KeyExport(KEY, "c/1", "000000", "transport/x/1").content()),
    ):
        with pytest.raises(Refused) as caught:
            ledger.propose("li", kind, content)
        assert reason(caught) is Refusal.ROLE_MISSING
