"""The software vault: what it serves, refuses and never shows."""

import copy
import json
import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from switch.model.key import KeyFunction, KeyKind, KeyState, KeyTier
from switch.security import card_proof, keys
from switch.security.card_proof import CardOperation
from switch.security.custody import KekAlgorithm, KeyEncryptionKey, KeyRecord, KeySlot, unwrap, wrap
from switch.security.errors import (
    KeyNotLive,
    KeyUnwrapFailed,
    MacMismatch,
    NonceExpired,
    NonceMismatch,
    RegionNotServed,
    TerminalKeyNotHeld,
    VaultInconsistent,
)
from switch.security.mac import request_message, signin_message, verify_session_check
from switch.security.port import SoftwareTierKey
from switch.security.seal import sm3
from switch.security.suite import Suite
from switch.security.tree import TierKeys
from switch.security.vault import SoftwareVault

VECTORS = Path(__file__).parents[2] / "vectors" / "constructions.json"
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
KEK_KEY = bytes(range(16))
KEK = KeyEncryptionKey("kek-1", KekAlgorithm.SM4_GCM, KEK_KEY)
NONCE = bytes(12)
SEAL_KEY = bytes(range(100, 116))
DIGEST = sm3(b"journal")
LIVE = KeyState.LIVE


@dataclass(frozen=True)
class Known:
    """One case of the vectors, with the keys of its tree."""

    suite: Suite
    card: dict[str, Any]
    terminal: dict[str, Any]

    def raw(self, name: str) -> bytes:
        return bytes.fromhex(self.card.get(name) or self.terminal[name])

    def key(self, function: KeyFunction, tier: KeyTier) -> bytes:
        key = self.raw(f"ministry_{function.lower()}")
        if tier is not KeyTier.MINISTRY:
            key = keys.province_key(self.suite, key, "330200")
        if tier is KeyTier.CITY:
            key = keys.city_key(self.suite, key, "330200")
        return key

    def record(
        self,
        function: KeyFunction,
        tier: KeyTier,
        state: KeyState = LIVE,
        version: int = 1,
        key: bytes | None = None,
    ) -> KeyRecord:
        scope = {KeyTier.PROVINCE: "330000", KeyTier.CITY: "330200"}.get(tier, "")
        key_id = f"{tier}-{function}-{version}"
        slot = KeySlot(key_id, KeyKind.TIER, tier, scope, function, self.suite, version)
        return wrap(KEK, slot, key or self.key(function, tier), NONCE, state)

    def both(self, *tiers: KeyTier, state: KeyState = LIVE, version: int = 1) -> list[KeyRecord]:
        functions = (KeyFunction.AUTH, KeyFunction.TAC)
        return [
            self.record(function, tier, state, version) for function in functions for tier in tiers
        ]

    def tmk(self, state: KeyState = LIVE, version: int = 3) -> KeyRecord:
        terminal_id = self.terminal["terminal_id"]
        slot = KeySlot(
            f"{terminal_id}-{version}",
            KeyKind.TERMINAL,
            KeyTier.NONE,
            terminal_id,
            KeyFunction.TMK,
            self.suite,
            version,
        )
        return wrap(KEK, slot, self.raw("tmk"), NONCE, state)

    def verify_auth(self, vault: SoftwareVault, version: int = 1, **other: bytes) -> None:
        vault.verify_card_auth(
            other.get("identifier", self.raw("card_identifier")),
            self.suite,
            version,
            self.card["atc"],
            self.raw("challenge_presettle"),
            other.get("proof", self.raw("auth_presettle")),
        )

    def verify_tac(self, vault: SoftwareVault, version: int = 1, total_fen: int = 0) -> None:
        vault.verify_tac(
            self.raw("card_identifier"),
            self.suite,
            version,
            self.card["settle_atc"],
            total_fen or self.card["total_fen"],
            self.card["fund_plus_account_fen"],
            self.raw("time_bcd"),
            self.raw("challenge_settle"),
            self.raw("tac"),
        )


KNOWN = [
    Known(Suite[case["suite"].replace("-", "_")], case["card"], case["terminal"]) for case in CASES
]
SM4 = KNOWN[0]


@pytest.fixture(params=KNOWN, ids=lambda known: known.suite.name)
def known(request: pytest.FixtureRequest) -> Known:
    found: Known = request.param
    return found


def vault_key(function: KeyFunction, version: int, key: bytes, state: KeyState = LIVE) -> KeyRecord:
    slot = KeySlot(
        f"{function}-{version}", KeyKind.VAULT, KeyTier.NONE, "", function, Suite.SM4, version
    )
    return wrap(KEK, slot, key, NONCE, state)


def vault_of(*records: KeyRecord) -> SoftwareVault:
    return SoftwareVault(KEK, records)


TIERS = [
    (KeyTier.MINISTRY,),
    (KeyTier.PROVINCE,),
    (KeyTier.CITY,),
    (KeyTier.CITY, KeyTier.MINISTRY),
    (KeyTier.CITY, KeyTier.PROVINCE, KeyTier.MINISTRY),
]


@pytest.mark.parametrize("tiers", TIERS, ids="+".join)
def test_whichever_tier_is_held_serves_the_card(known: Known, tiers: tuple[KeyTier, ...]) -> None:
    vault = vault_of(*known.both(*tiers))
    for _ in range(2):  # derived, then cached
        known.verify_auth(vault)
        known.verify_tac(vault)
    assert vault.serves("330200", known.suite, 1)
    assert vault.serves("330299", known.suite, 1)
    assert vault.live_versions("330200", known.suite) == (1,)


def test_a_wrong_proof_is_refused(known: Known) -> None:
    vault = vault_of(*known.both(KeyTier.MINISTRY))
    right = known.raw("auth_presettle")
    for proof in (b"", right[:7], right + b"\0", bytes(8), known.raw("auth_read_member")):
        with pytest.raises(MacMismatch):
            known.verify_auth(vault, proof=proof)
    with pytest.raises(MacMismatch):
        known.verify_tac(vault, total_fen=1)


def test_a_cryptogram_is_no_tac(known: Known) -> None:
    """Each function has a tree of its own: an AUTH key under TAC's name proves nothing."""
    auth = known.key(KeyFunction.AUTH, KeyTier.MINISTRY)
    vault = vault_of(known.record(KeyFunction.TAC, KeyTier.MINISTRY, key=auth))
    with pytest.raises(MacMismatch):
        known.verify_tac(vault)


@pytest.mark.parametrize(
    ("tier", "region", "served"),
    [
        (KeyTier.MINISTRY, "110101", True),
        (KeyTier.PROVINCE, "330100", True),
        (KeyTier.PROVINCE, "340100", False),
        (KeyTier.CITY, "330281", True),
        (KeyTier.CITY, "330100", False),
    ],
)
def test_a_key_serves_its_own_regions(tier: KeyTier, region: str, *, served: bool) -> None:
    vault = vault_of(*SM4.both(tier))
    assert vault.serves(region, Suite.SM4, 1) is served
    identifier = bytes.fromhex(region) + SM4.raw("card_identifier")[3:]
    refusal = MacMismatch if served else RegionNotServed
    with pytest.raises(refusal):
        SM4.verify_auth(vault, identifier=identifier)


def test_a_region_is_served_by_suite_and_for_both_functions() -> None:
    vault = vault_of(SM4.record(KeyFunction.AUTH, KeyTier.PROVINCE))
    assert not vault.serves("330200", Suite.SM4, 1)
    SM4.verify_auth(vault)
    with pytest.raises(RegionNotServed, match="330200: no TAC key of SM4"):
        SM4.verify_tac(vault)
    with pytest.raises(RegionNotServed):
        KNOWN[1].verify_auth(vault)
    assert vault.live_versions("330200", Suite.AES_128) == ()
    with pytest.raises(ValueError, match="six digits"):
        vault.serves("3302", Suite.SM4, 1)


@pytest.mark.parametrize("state", [KeyState.PENDING, KeyState.RETIRED])
def test_a_key_that_is_not_live_is_refused(state: KeyState) -> None:
    vault = vault_of(*SM4.both(KeyTier.CITY, state=state), *SM4.both(KeyTier.CITY, version=2))
    with pytest.raises(KeyNotLive, match="version 1"):
        SM4.verify_auth(vault)
    with pytest.raises(KeyNotLive, match="version 1"):
        SM4.verify_tac(vault)
    with pytest.raises(KeyNotLive, match="version 3"):
        SM4.verify_auth(vault, version=3)
    SM4.verify_auth(vault, version=2)
    assert vault.live_versions("330200", Suite.SM4) == (2,)


def test_a_retired_key_above_takes_its_branch_out_of_use() -> None:
    """A version names a whole tree."""
    retired = SM4.both(KeyTier.MINISTRY, state=KeyState.RETIRED)
    vault = vault_of(*retired, *SM4.both(KeyTier.CITY))
    assert not vault.serves("330200", Suite.SM4, 1)
    with pytest.raises(KeyNotLive):
        SM4.verify_auth(vault)


def test_retiring_a_key_acts_at_once() -> None:
    """The city's derived key is cached; it goes with the key it came from."""
    record = SM4.record(KeyFunction.AUTH, KeyTier.PROVINCE)
    vault = vault_of(record, SM4.record(KeyFunction.TAC, KeyTier.PROVINCE))
    SM4.verify_auth(vault)
    vault.add(record.in_state(KeyState.RETIRED))
    with pytest.raises(KeyNotLive):
        SM4.verify_auth(vault)
    SM4.verify_tac(vault)
    vault.add(record)
    SM4.verify_auth(vault)


def test_a_malformed_card_is_refused_unshown() -> None:
    vault = vault_of(*SM4.both(KeyTier.MINISTRY))
    identifier = SM4.raw("card_identifier")
    for wrong in (b"", identifier[:15], b"\xff" + identifier[1:]):
        with pytest.raises(ValueError, match="card identifier") as caught:
            SM4.verify_auth(vault, identifier=wrong)
        assert not wrong or wrong.hex() not in str(caught.value).lower()


def test_each_held_child_is_checked_against_its_parent(known: Known) -> None:
    foreign = bytes(range(1, 17))
    auth = KeyFunction.AUTH
    for above, below in (
        (KeyTier.MINISTRY, KeyTier.PROVINCE),
        (KeyTier.MINISTRY, KeyTier.CITY),
        (KeyTier.PROVINCE, KeyTier.CITY),
    ):
        parent, child = known.record(auth, above), known.record(auth, below, key=foreign)
        for records in ((parent, child), (child, parent)):
            with pytest.raises(VaultInconsistent) as caught:
                vault_of(*records)
            assert str(caught.value) == f"{child.slot.key_id} is not the child of {above}-AUTH-1"
        # Of another version, function or province there is nothing to compare with.
        vault_of(child, known.record(auth, above, version=2))


def test_a_refused_addition_changes_nothing() -> None:
    vault = vault_of(*SM4.both(KeyTier.MINISTRY))
    foreign = SM4.record(KeyFunction.AUTH, KeyTier.CITY, key=bytes(range(1, 17)))
    with pytest.raises(VaultInconsistent):
        vault.add(foreign)
    SM4.verify_auth(vault)


def test_two_records_for_one_key_are_refused() -> None:
    record = SM4.record(KeyFunction.AUTH, KeyTier.CITY)
    slot = KeySlot("other", KeyKind.TIER, KeyTier.CITY, "330200", KeyFunction.AUTH, Suite.SM4, 1)
    same_place = wrap(KEK, slot, SM4.key(KeyFunction.AUTH, KeyTier.CITY), NONCE, LIVE)
    with pytest.raises(VaultInconsistent, match="two records"):
        vault_of(record, record)
    with pytest.raises(VaultInconsistent, match="same place"):
        vault_of(record, same_place)
    for function in (KeyFunction.NONCE, KeyFunction.SEAL):
        one = vault_key(function, 1, SEAL_KEY)
        slot = KeySlot("other", KeyKind.VAULT, KeyTier.NONE, "", function, Suite.SM4, 1)
        with pytest.raises(VaultInconsistent, match="two records"):
            vault_of(one, wrap(KEK, slot, SEAL_KEY, NONCE, LIVE))


def test_the_wrong_kek_opens_nothing() -> None:
    wrong = KeyEncryptionKey("kek-1", KekAlgorithm.SM4_GCM, bytes(16))
    with pytest.raises(KeyUnwrapFailed, match="city-AUTH-1"):
        SoftwareVault(wrong, SM4.both(KeyTier.CITY))
    # Terminal keys are opened when first used.
    vault = SoftwareVault(wrong, [SM4.tmk()])
    with pytest.raises(KeyUnwrapFailed, match="H330201000010001-3"):
        vault.signin_key("H330201000010001", 3)


def test_a_terminals_keys_are_derived(known: Known) -> None:
    vault = vault_of(known.tmk())
    terminal = known.terminal
    terminal_id = terminal["terminal_id"]
    assert vault.holds_terminal_key(terminal_id, 3)
    signin = vault.signin_key(terminal_id, 3)
    assert signin.suite is known.suite
    message = signin_message(terminal_id, known.suite, 3, known.raw("signin_body"))
    signin.verify(message, known.raw("signin_mac"))
    session_id = known.raw("session_id")
    nonces = (known.raw("nonce_t"), known.raw("nonce_s"))
    session = vault.session_key(terminal_id, 3, *nonces, session_id)
    verify_session_check(session, session_id, known.raw("session_check"))
    call = (terminal["method"], terminal_id, session_id, terminal["seq"])
    message = request_message(*call, known.raw("body"))
    session.verify(message, known.raw("request_mac"))


def test_a_terminal_key_is_handed_in_later_retired_and_replaced() -> None:
    vault = vault_of()
    terminal_id = SM4.terminal["terminal_id"]
    with pytest.raises(TerminalKeyNotHeld, match=terminal_id):
        vault.signin_key(terminal_id, 3)
    assert not vault.holds_terminal_key(terminal_id, 3)
    vault.add(SM4.tmk(KeyState.PENDING))
    with pytest.raises(KeyNotLive, match="pending"):
        vault.signin_key(terminal_id, 3)
    vault.add(SM4.tmk())
    vault.add(SM4.tmk(version=4))
    before = vault.signin_key(terminal_id, 3).compute(b"")
    assert vault.signin_key(terminal_id, 4).compute(b"") != before
    vault.add(SM4.tmk(KeyState.RETIRED))
    for _ in range(2):
        with pytest.raises(KeyNotLive, match="retired"):
            vault.signin_key(terminal_id, 3)
    with pytest.raises(KeyNotLive):
        vault.session_key(terminal_id, 3, bytes(16), bytes(16), bytes(16))


def test_a_terminal_keys_place_is_not_taken_over() -> None:
    vault = vault_of(SM4.tmk())
    slot = KeySlot(
        "other",
        KeyKind.TERMINAL,
        KeyTier.NONE,
        SM4.terminal["terminal_id"],
        KeyFunction.TMK,
        Suite.AES_128,
        3,
    )
    with pytest.raises(VaultInconsistent, match="other has the place of"):
        vault.add(wrap(KEK, slot, SEAL_KEY, NONCE, LIVE))


def test_the_settle_nonce_is_under_the_newest_key_and_good_under_any_live_one(
    known: Known,
) -> None:
    old = vault_key(KeyFunction.NONCE, 1, known.raw("nonce_key"))
    new = vault_key(KeyFunction.NONCE, 2, SEAL_KEY)
    bound = (
        known.raw("card_identifier"),
        known.terminal["terminal_id"],
        known.card["total_fen"],
    )
    expiry_ms = known.card["nonce_expiry_ms"]
    before = vault_of(old).settle_nonce(*bound, expiry_ms)
    assert before == known.raw("settle_nonce")
    vault = vault_of(old, new)
    after = vault.settle_nonce(*bound, expiry_ms)
    assert after != before
    for nonce in (before, after):
        vault.verify_settle_nonce(*bound, expiry_ms - 1, nonce)
        with pytest.raises(NonceExpired):
            vault.verify_settle_nonce(*bound, expiry_ms, nonce)
    vault.add(old.in_state(KeyState.RETIRED))
    with pytest.raises(NonceMismatch):
        vault.verify_settle_nonce(*bound, expiry_ms - 1, before)
    with pytest.raises(KeyNotLive, match="NONCE"):
        vault_of(old.in_state(KeyState.PENDING)).settle_nonce(*bound, expiry_ms)
    with pytest.raises(NonceMismatch):
        vault_of().verify_settle_nonce(*bound, expiry_ms - 1, before)


def test_seals_are_made_by_live_keys_and_verified_by_retired_ones() -> None:
    one, two = vault_key(KeyFunction.SEAL, 1, SEAL_KEY), vault_key(KeyFunction.SEAL, 2, KEK_KEY)
    vault = vault_of(one)
    assert vault.seal_version == 1
    seal = vault.seal(1, 7, b"", [DIGEST])
    vault.add(two)
    vault.add(one.in_state(KeyState.RETIRED))
    assert vault.seal_version == 2
    vault.verify_seal(1, 7, b"", [DIGEST], seal)
    vault.verify_seal(2, 8, seal, [DIGEST], vault.seal(2, 8, seal, [DIGEST]))
    with pytest.raises(MacMismatch):
        vault.verify_seal(2, 7, b"", [DIGEST], seal)
    with pytest.raises(MacMismatch):
        vault.verify_seal(1, 8, b"", [DIGEST], seal)
    attempts: Iterable[tuple[Callable[[], object], str]] = (
        (lambda: vault.seal(1, 9, seal, []), "retired"),
        (lambda: vault.seal(3, 9, seal, []), "not held"),
        (lambda: vault.verify_seal(3, 9, seal, [], seal), "not held"),
        (lambda: vault_of(one.in_state(KeyState.PENDING)).seal(1, 1, b"", []), "not yet"),
        (lambda: vault_of(one.in_state(KeyState.RETIRED)).seal_version, "no live SEAL"),
    )
    for attempt, said in attempts:
        with pytest.raises(KeyNotLive, match=said):
            attempt()


def test_a_child_leaves_only_wrapped_and_is_the_parents_child(known: Known) -> None:
    transport = KeyEncryptionKey("transport-1", KekAlgorithm.AES_256_GCM, bytes(range(32)))
    vault = vault_of(known.record(KeyFunction.AUTH, KeyTier.MINISTRY))
    province = vault.export_child("ministry-AUTH-1", "p33", "330281", transport, NONCE)
    assert (province.slot.tier, province.slot.scope) == (KeyTier.PROVINCE, "330000")
    assert province.state is KeyState.PENDING
    assert unwrap(transport, province) == known.raw("province_auth")
    assert province.kcv == known.raw("province_auth_kcv")
    vault = vault_of(known.record(KeyFunction.AUTH, KeyTier.PROVINCE))
    city = vault.export_child("province-AUTH-1", "c3302", "330281", transport, NONCE)
    assert (city.slot.tier, city.slot.scope) == (KeyTier.CITY, "330200")
    assert unwrap(transport, city) == known.raw("city_auth")


def test_what_may_not_be_exported_is_refused() -> None:
    vault = vault_of(
        SM4.record(KeyFunction.AUTH, KeyTier.PROVINCE),
        SM4.record(KeyFunction.AUTH, KeyTier.CITY),
        SM4.record(KeyFunction.TAC, KeyTier.CITY, KeyState.RETIRED),
        vault_key(KeyFunction.SEAL, 1, SEAL_KEY),
    )
    for parent_id, region in (("province-AUTH-1", "340100"), ("city-AUTH-1", "330200")):
        with pytest.raises(ValueError, match="no child"):
            vault.export_child(parent_id, "child", region, KEK, NONCE)
    for parent_id in ("city-TAC-1", "SEAL-1", "unknown"):
        with pytest.raises(KeyNotLive, match=parent_id):
            vault.export_child(parent_id, "child", "330200", KEK, NONCE)


def test_nothing_shows_a_key() -> None:
    known = SM4
    records = [*known.both(*TIERS[-1]), known.tmk(), vault_key(KeyFunction.SEAL, 1, SEAL_KEY)]
    vault = vault_of(*records)
    known.verify_tac(vault)
    terminal_id = known.terminal["terminal_id"]
    shown = [vault, vault.signin_key(terminal_id, 3), *records]
    tiers = TierKeys([(one, SoftwareTierKey(known.suite, unwrap(KEK, one))) for one in records[:6]])
    shown.append(tiers)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: known.verify_auth(vault, proof=bytes(8)),
        lambda: known.verify_auth(vault, version=9),
        lambda: vault.signin_key(terminal_id, 9),
        lambda: vault.export_child("city-AUTH-1", "child", "330200", KEK, NONCE),
        lambda: vault.add(known.record(KeyFunction.AUTH, KeyTier.CITY, key=SEAL_KEY)),
    )
    for attempt in attempts:
        with pytest.raises(Exception) as caught:
            attempt()
        shown.append(caught.value)
    text = " ".join(f"{thing!r} {thing!s}" for thing in shown).lower()
    secrets = [KEK_KEY, SEAL_KEY, known.raw("tmk"), known.raw("card_identifier")]
    secrets += [known.key(record.slot.function, record.slot.tier) for record in records[:6]]
    secrets += [known.raw("signin_key"), known.raw("card_tac_key"), known.raw("tac")]
    for secret in secrets:
        assert secret.hex() not in text
        assert repr(secret).lower() not in text
    for holder in (vault, tiers):
        for attempt_copy in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="holds a key"):
                attempt_copy(holder)


def test_the_fictitious_card_works_end_to_end() -> None:
    """The industry's example card, signed as a software card signs, under a province's key."""
    identifier = bytes.fromhex("639900D15600000500BF7C7A48FB4966")
    slot = KeySlot("p63", KeyKind.TIER, KeyTier.PROVINCE, "630000", KeyFunction.TAC, Suite.SM4, 1)
    province = bytes(range(16, 32))
    vault = vault_of(wrap(KEK, slot, province, NONCE, LIVE))
    city = keys.city_key(Suite.SM4, province, "639900")
    key = keys.transaction_key(Suite.SM4, keys.card_key(Suite.SM4, city, identifier), 1)
    challenge = card_proof.challenge(
        CardOperation.SETTLE, "T1", "H33020100001201812010830000001", 500, bytes(16)
    )
    signed = (500, 300, bytes(7), challenge)
    tac = card_proof.card_proof(Suite.SM4, key, card_proof.card_tac_message(identifier, 1, *signed))
    vault.verify_tac(identifier, Suite.SM4, 1, 1, *signed, tac)
    with pytest.raises(MacMismatch):
        vault.verify_tac(identifier, Suite.SM4, 1, 2, *signed, tac)


def test_a_whole_set_of_keys_takes_the_place_of_another() -> None:
    """What a running switch does when keys have changed: terminals' are asked for anew."""
    old = SM4.both(KeyTier.PROVINCE)
    vault = vault_of(*old, SM4.tmk(), vault_key(KeyFunction.SEAL, 1, SEAL_KEY))
    terminal_id = SM4.terminal["terminal_id"]
    SM4.verify_auth(vault)
    vault.signin_key(terminal_id, 3)
    vault.replace(
        [*(one.in_state(KeyState.RETIRED) for one in old), *SM4.both(KeyTier.CITY, version=2)]
    )
    with pytest.raises(KeyNotLive):
        SM4.verify_auth(vault)
    SM4.verify_auth(vault, version=2)
    with pytest.raises(TerminalKeyNotHeld):
        vault.signin_key(terminal_id, 3)
    with pytest.raises(KeyNotLive):
        _ = vault.seal_version
    foreign = SM4.record(KeyFunction.AUTH, KeyTier.CITY, version=2, key=bytes(range(1, 17)))
    with pytest.raises(VaultInconsistent):
        vault.replace([*SM4.both(KeyTier.PROVINCE, version=2), foreign])
    SM4.verify_auth(vault, version=2)


@pytest.mark.parametrize("state", list(KeyState))
def test_an_ended_terminal_key_only_says_that_it_has_ended(state: KeyState) -> None:
    vault = vault_of(SM4.tmk(state))
    terminal_id = SM4.terminal["terminal_id"]
    ended = state in {KeyState.RETIRED, KeyState.SUSPENDED}
    if state is not KeyState.LIVE:
        with pytest.raises(KeyNotLive):
            vault.signin_key(terminal_id, 3)
    if not ended:
        with pytest.raises(KeyNotLive):
            vault.signin_key(terminal_id, 3, refusing=True)
        return
    live = vault_of(SM4.tmk()).signin_key(terminal_id, 3)
    assert vault.signin_key(terminal_id, 3, refusing=True).compute(b"x") == live.compute(b"x")
    with pytest.raises(KeyNotLive):
        vault.session_key(terminal_id, 3, bytes(16), bytes(16), bytes(16))


@pytest.mark.parametrize(
    ("key_id", "place"),
    [
        ("ministry/AUTH/SM4/1", "ministry/AUTH/SM4"),
        ("province/330000/TAC/AES_128/12", "province/330000/TAC/AES_128"),
        ("city/330200/AUTH/TDES/2", "city/330200/AUTH/TDES"),
        ("terminal/H330201000010001/SM4/2", "terminal/H330201000010001"),
        ("vault/SEAL/3", "vault/SEAL"),
        ("transport/zhejiang.test-1/1", "transport/zhejiang.test-1"),
    ],
)
def test_a_key_id_says_its_whole_place(key_id: str, place: str) -> None:
    slot = KeySlot.named(key_id)
    assert (slot.key_id, slot.place) == (key_id, place)
    assert slot.version == int(key_id.rpartition("/")[2])


@pytest.mark.parametrize(
    "key_id",
    ["", "ministry/AUTH/SM4", "ministry/AUTH/SM4/0", "ministry/AUTH/SM4/01", "ministry/AUTH/SM9/1",
     "ministry/TMK/SM4/1", "province/330200/AUTH/SM4/1", "city/330299/AUTH/SM4/1",
     "vault/AUTH/1", "vault/SEAL/SM4/1", "terminal/bad id/SM4/1", "transport/Big/1",
     "transport//1", "x/1", "ministry/AUTH/SM4/9999999999"],
)  # fmt: skip
def test_a_name_that_is_no_key_is_refused(key_id: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        KeySlot.named(key_id)
