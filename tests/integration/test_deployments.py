"""A city, a province and the ministry run the same switch: only the keys they hold differ.

So the same tests run on each, with keys in software and, where there is one, in a PKCS#11 token.
"""

import os
from collections.abc import Callable
from datetime import date

import psycopg
import pytest

from clients.bill import bill, item
from clients.issuer import Issuer, read_issuer
from medswitch.v1 import reply_pb2
from switch.device.pkcs11 import Pkcs11Home
from switch.model.key import KeyKind, KeyState, KeyTier
from switch.security.custody import KeyRecord, KeySlot, rewrap, wrap
from switch.security.keys import city_key, province_key
from switch.security.port import KeyHome
from switch.security.suite import Suite
from switch.store.keys import all_records, save_keys
from tests.fix_province import KEK, Province, room
from tests.fix_token import PIN, TOKEN, Token

TIERS = [KeyTier.MINISTRY, KeyTier.PROVINCE, KeyTier.CITY]
SERVED = {
    "employee_in_service": set(TIERS),  # a card of Ningbo, SM4
    "aes_card_holder": set(TIERS),
    "tdes_card_holder": set(TIERS),
    "wenzhou_card_holder": {KeyTier.MINISTRY, KeyTier.PROVINCE},
    "shanghai_card_holder": {KeyTier.MINISTRY},
}
NOT_SERVED = "REPLY_CODE_CARD_REGION_NOT_SERVED"


def key_at(issuer: Issuer, tier: KeyTier, function: str, suite: Suite) -> tuple[str, bytes]:
    """The key of a deployment of a tier in Ningbo, and its id."""
    key = issuer.ministry[function][suite]
    if tier is KeyTier.MINISTRY:
        return f"ministry/{function}/{suite.name}/1", key
    key = province_key(suite, key, "330200")
    if tier is KeyTier.PROVINCE:
        return f"province/330000/{function}/{suite.name}/1", key
    return f"city/330200/{function}/{suite.name}/1", city_key(suite, key, "330200")


def hold(province: Province, tier: KeyTier, home: KeyHome) -> None:
    """Give the deployment the keys of a tier alone, and all its keys another home."""
    issuer = read_issuer(province.folder / "issuer.json")
    with psycopg.connect(province.url, autocommit=True) as connection:
        kept = [one for one in all_records(connection) if one.slot.kind is not KeyKind.TIER]
        records: list[KeyRecord] = [rewrap(one, KEK, home, os.urandom(12)) for one in kept]
        for function in ("AUTH", "TAC"):
            for suite in Suite:
                key_id, key = key_at(issuer, tier, function, suite)
                slot = KeySlot.named(key_id)
                record = wrap(home, slot, key, os.urandom(12), KeyState.LIVE)
                records.append(home.housed(record))
        connection.execute("DELETE FROM medswitch.vault_key")
        save_keys(connection, records)


@pytest.fixture(params=["software", "token"])
def home(request: pytest.FixtureRequest) -> KeyHome:
    if request.param == "software":
        return KEK
    token: Token = request.getfixturevalue("token")
    return Pkcs11Home.log_in(token.module, TOKEN, PIN, make=True)


@pytest.mark.parametrize("tier", TIERS)
async def test_cards_of_the_keys_held_settle_and_others_are_declined_by_name(
    province: Province, tier: KeyTier, home: KeyHome
) -> None:
    hold(province, tier, home)
    claim = bill("11", "330299", date(2018, 12, 3), [item("DEMO-AMLOD-TAB", "氨氯地平", 1, "1.00")])
    async with room(province, home=home) as counter:
        for who, served in SERVED.items():
            card = province.card(who)
            shown = await counter.presettle(claim, card)
            code = reply_pb2.ReplyCode.Name(shown.outcome.code)
            if tier not in served:
                assert (who, code) == (who, NOT_SERVED)
                assert shown.outcome.message_en
                continue
            assert (who, code) == (who, "REPLY_CODE_OK")
            settled = await counter.settle(counter.settle_body(claim, card, shown))
            assert reply_pb2.ReplyCode.Name(settled.outcome.code) == "REPLY_CODE_OK"


@pytest.mark.parametrize("tier", TIERS)
async def test_a_card_of_a_foreign_tree_is_refused_at_every_deployment(
    province: Province, tier: KeyTier, home: KeyHome, foreign: Callable[[str], Issuer]
) -> None:
    hold(province, tier, home)
    claim = bill("11", "330299", date(2018, 12, 3), [item("DEMO-AMLOD-TAB", "氨氯地平", 1, "1.00")])
    async with room(province, home=home) as counter:
        for who in ("employee_in_service", "aes_card_holder", "tdes_card_holder"):
            known = province.card(who)
            card = foreign(who).personalise(known.face, known.suite)
            shown = await counter.presettle(claim, card)
            assert reply_pb2.ReplyCode.Name(shown.outcome.code) == "REPLY_CODE_CARD_PROOF_INVALID"


@pytest.fixture
def foreign() -> Callable[[str], Issuer]:
    """The issuer of another country's tree."""

    def make(who: str) -> Issuer:
        ministry = {
            function: {suite: (who + function).encode().ljust(16, b"?")[:16] for suite in Suite}
            for function in ("AUTH", "TAC")
        }
        return Issuer(ministry, 1, bytes(range(16)))

    return make
