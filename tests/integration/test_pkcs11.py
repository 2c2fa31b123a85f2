"""Keys in a PKCS#11 token: the same answers as in software, and nothing comes out."""

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pkcs11
import pytest
from pkcs11 import Attribute, ObjectClass

from switch.config import Settings
from switch.device.home import make_home, open_home
from switch.device.pkcs11 import Pkcs11Home, Pkcs11TierKey
from switch.model.key import KeyFunction, KeyKind, KeyState, KeyTier
from switch.security.custody import (
    KekAlgorithm,
    KeyEncryptionKey,
    KeyRecord,
    KeySlot,
    unwrap,
    wrap,
)
from switch.security.errors import KeyUnwrapFailed, MacMismatch, VaultInconsistent
from switch.security.kcv import tier_key_kcv
from switch.security.keys import province_key
from switch.security.suite import Suite
from switch.security.vault import SoftwareVault
from tests.fix_token import PIN, TOKEN, Token
from tests.unit.security.test_vault import KNOWN, NONCE, TIERS

AES = next(one for one in KNOWN if one.suite is Suite.AES_128)
SM4 = next(one for one in KNOWN if one.suite is Suite.SM4)
FOREIGN = bytes(range(1, 17))
_versions = count(100)


@pytest.fixture
def home(token: Token) -> Pkcs11Home:
    return Pkcs11Home.log_in(token.module, TOKEN, PIN, make=True)


def put(
    home: Pkcs11Home, tier: KeyTier, function: KeyFunction, version: int, key: bytes | None = None
) -> KeyRecord:
    """Put one key of the known tree into the token."""
    scope = {KeyTier.PROVINCE: "330000/", KeyTier.CITY: "330200/"}.get(tier, "")
    slot = KeySlot.named(f"{tier}/{scope}{function}/AES_128/{version}")
    record = wrap(home, slot, key or AES.key(function, tier), os.urandom(12), KeyState.LIVE)
    return home.housed(record)


def both(home: Pkcs11Home, tiers: tuple[KeyTier, ...], version: int) -> list[KeyRecord]:
    return [
        put(home, tier, function, version)
        for tier in tiers
        for function in (KeyFunction.AUTH, KeyFunction.TAC)
    ]


@pytest.mark.parametrize("tiers", TIERS, ids="+".join)
def test_the_token_verifies_what_the_card_signed(
    home: Pkcs11Home, tiers: tuple[KeyTier, ...]
) -> None:
    """The known answers, confirmed by a second implementation: SoftHSM's own AES."""
    version = next(_versions)
    records = both(home, tiers, version)
    assert all((one.wrapped, one.nonce) == (b"", b"") for one in records)
    vault = SoftwareVault(home, records)
    for _ in range(2):  # derived, then kept
        AES.verify_auth(vault, version)
        AES.verify_tac(vault, version)
    with pytest.raises(MacMismatch):
        AES.verify_auth(vault, version, proof=bytes(8))
    with pytest.raises(MacMismatch):
        AES.verify_tac(vault, version, total_fen=1)


def test_what_no_token_knows_rests_under_its_key_encryption_key(home: Pkcs11Home) -> None:
    """SM4 keys and terminal keys are opened into this process, each from its own record only."""
    records = [
        wrap(home, one.slot, key, os.urandom(12), KeyState.LIVE)
        for one, key in (
            (SM4.record(KeyFunction.AUTH, KeyTier.CITY), SM4.key(KeyFunction.AUTH, KeyTier.CITY)),
            (SM4.record(KeyFunction.TAC, KeyTier.CITY), SM4.key(KeyFunction.TAC, KeyTier.CITY)),
            (SM4.tmk(), SM4.raw("tmk")),
        )
    ]
    assert [home.housed(one) for one in records] == records
    vault = SoftwareVault(home, records)
    SM4.verify_auth(vault)
    SM4.verify_tac(vault)
    assert vault.signin_key(SM4.terminal["terminal_id"], 3).suite is Suite.SM4
    auth, tac, _ = records
    moved = KeyRecord(auth.slot, auth.state, tac.kek_id, tac.wrapped, tac.nonce, tac.kcv)
    with pytest.raises(KeyUnwrapFailed, match=auth.slot.key_id):
        unwrap(home, moved)
    for wrong in (b"", auth.wrapped[:-1], auth.wrapped + b"\0"):
        with pytest.raises(KeyUnwrapFailed):
            home.open(wrong, auth.nonce, b"")


def test_the_token_gives_no_key_out(home: Pkcs11Home) -> None:
    record = put(home, KeyTier.PROVINCE, KeyFunction.AUTH, next(_versions))
    held = home.held(record)
    assert isinstance(held, Pkcs11TierKey)
    child = held.derive(b"330200sx")
    for key in (held, child):
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            key._handle[Attribute.VALUE]
        # One block of ECB under it would be a child key.
        assert not key._handle[Attribute.ENCRYPT]
        assert not key._handle[Attribute.EXTRACTABLE]
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(key)
        assert repr(key) == "Pkcs11TierKey(AES_128, key hidden)"
    kek = home._session.get_key(object_class=ObjectClass.SECRET_KEY, label="medswitch-kek-1")
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        kek[Attribute.VALUE]
    assert PIN not in repr(home)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(home)
    with pytest.raises(KeyUnwrapFailed, match="does not leave"):
        held.wrap(home, record.slot, NONCE)


def test_a_child_leaves_only_under_a_transport_key(home: Pkcs11Home) -> None:
    version = next(_versions)
    ministry = put(home, KeyTier.MINISTRY, KeyFunction.TAC, version)
    vault = SoftwareVault(home, [ministry])
    transport = KeyEncryptionKey("transport/zhejiang/1", KekAlgorithm.SM4_GCM, FOREIGN)
    left = vault.export_child(ministry.slot.key_id, "child", "330200", transport, os.urandom(12))
    expected = province_key(Suite.AES_128, AES.key(KeyFunction.TAC, KeyTier.MINISTRY), "330000")
    assert unwrap(transport, left) == expected
    assert left.kcv == tier_key_kcv(Suite.AES_128, expected)


def test_a_token_that_holds_another_key_is_found_out(home: Pkcs11Home) -> None:
    version = next(_versions)
    parent = put(home, KeyTier.MINISTRY, KeyFunction.AUTH, version)
    stray = put(home, KeyTier.PROVINCE, KeyFunction.AUTH, version, FOREIGN)
    with pytest.raises(VaultInconsistent, match="is not the child of ministry/AUTH"):
        SoftwareVault(home, [parent, stray])
    right = KeyRecord(stray.slot, stray.state, stray.kek_id, b"", b"", parent.kcv)
    with pytest.raises(KeyUnwrapFailed, match="holds another key"):
        SoftwareVault(home, [right])
    absent = KeySlot.named(f"city/330200/AUTH/AES_128/{version}")
    missing = KeyRecord(absent, KeyState.LIVE, home.kek_id, b"", b"", parent.kcv)
    with pytest.raises(KeyUnwrapFailed, match="is not in"):
        SoftwareVault(home, [missing])


def test_threads_take_turns(home: Pkcs11Home) -> None:
    """SoftHSM 2.6.1 ends the process when two sessions work at once: here they may not."""
    version = next(_versions)
    vault = SoftwareVault(home, both(home, (KeyTier.PROVINCE,), version))

    def work(_: int) -> None:
        for _ in range(40):
            AES.verify_auth(vault, version)
            with pytest.raises(MacMismatch):
                AES.verify_auth(vault, version, proof=bytes(8))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def test_a_key_is_put_in_again_after_a_failed_approval(home: Pkcs11Home) -> None:
    version = next(_versions)
    put(home, KeyTier.CITY, KeyFunction.AUTH, version, FOREIGN)
    vault = SoftwareVault(home, both(home, (KeyTier.CITY,), version))
    AES.verify_auth(vault, version)


def test_settings_name_the_token_and_a_wrong_pin_is_never_told(token: Token) -> None:
    settings = Settings(
        pkcs11_module=token.module, pkcs11_token=TOKEN, pkcs11_pin_file=token.pin_file
    )
    made = make_home(settings, b"")
    assert open_home(settings).kek_id == made.kek_id == f"pkcs11/{TOKEN}/medswitch-kek-1"
    slot = KeySlot("seal", KeyKind.VAULT, KeyTier.NONE, "", KeyFunction.SEAL, Suite.SM4, 1)
    record = wrap(made, slot, FOREIGN, os.urandom(12))
    assert unwrap(open_home(settings), record) == FOREIGN
    # A process of its own: to this one the token has opened already.
    wrong = token.folder / "wrong"
    wrong.write_text("11112222\n", "utf-8")
    environment = token.environment | {"MEDSWITCH_PKCS11_PIN_FILE": str(wrong)}
    done = subprocess.run(
        [sys.executable, "-m", "switch", "officer", "list"],
        check=False, capture_output=True, text=True, env={**os.environ, **environment}, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "cannot be used: PinIncorrect" in done.stderr
    assert "11112222" not in done.stderr + done.stdout
