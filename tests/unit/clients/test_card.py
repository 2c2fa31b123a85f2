"""The software card answers as `tests/vectors/constructions.json` says, in every suite."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from clients.card import CardFace, IdentityNumber, SoftwareCard
from clients.issuer import Issuer, issuer_of, read_issuer, terminal_key
from switch.model.ids import (
    CardIdentifier,
    InstitutionCode,
    SocialSecurityNumber,
    TerminalId,
)
from switch.security.card_proof import CardOperation
from switch.security.suite import Suite

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "constructions.json").read_text())
NUMBER = SocialSecurityNumber("330106199001011234")
SEED = "00112233445566778899aabbccddeeff"

cases = pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["suite"])


def issuer(case: dict[str, Any]) -> Issuer:
    suite, card = str(case["terminal"]["suite_id"]), case["card"]
    return issuer_of(
        {
            "note": "test use",
            "ministry": {
                "AUTH": {suite: card["ministry_auth"]},
                "TAC": {suite: card["ministry_tac"]},
            },
            "key_version": 1,
            "terminal_seed": SEED,
        }
    )


def face(identifier: str) -> CardFace:
    return CardFace(
        CardIdentifier(bytes.fromhex(identifier)),
        "A12345678",
        NUMBER,
        "2.00",
        date(2015, 1, 1),
        date(2025, 1, 1),
    )


def personalised(case: dict[str, Any], atc: int) -> SoftwareCard:
    suite = Suite(case["terminal"]["suite_id"])
    return issuer(case).personalise(face(case["card"]["card_identifier"]), suite, atc)


@cases
def test_issuer_derives_the_cards_keys(case: dict[str, Any]) -> None:
    made, card = issuer(case), case["card"]
    suite = Suite(case["terminal"]["suite_id"])
    for function in ("auth", "tac"):
        key = made.card_key(function.upper(), suite, face(card["card_identifier"]))
        assert key.hex() == card[f"card_{function}_key"]


@cases
def test_cryptogram_is_the_known_answer(case: dict[str, Any]) -> None:
    terminal_id, card = case["terminal"]["terminal_id"], case["card"]
    for operation, total, answer in (
        (CardOperation.READ_MEMBER, 0, card["auth_read_member"]),
        (CardOperation.PRESETTLE, card["total_fen"], card["auth_presettle"]),
    ):
        made = personalised(case, card["atc"] - 1)
        evidence = made.prove(operation, terminal_id, card["request_id"], total)
        assert (evidence.card.proof.hex(), evidence.card.atc) == (answer, card["atc"])
        assert evidence.card.signed_at == ""


@cases
def test_tac_is_the_known_answer(case: dict[str, Any]) -> None:
    card = case["card"]
    made = personalised(case, card["settle_atc"] - 1)
    evidence = made.sign(
        case["terminal"]["terminal_id"],
        card["request_id"],
        card["total_fen"],
        card["fund_plus_account_fen"],
        datetime(2018, 12, 1, 0, 30, tzinfo=UTC),
        bytes.fromhex(card["settle_nonce"]),
    )
    assert evidence.card.proof.hex() == card["tac"]
    assert evidence.card.signed_at == card["time_bcd"] == "20181201083000"


def test_counter_rises_with_each_operation() -> None:
    card = personalised(VECTORS["cases"][0], 0)
    for atc in (1, 2, 3):
        shown = card.prove(CardOperation.READ_MEMBER, "T1", "R", 0)
        assert shown.card.atc == card.atc == atc


def test_card_and_issuer_show_no_key() -> None:
    made, card = issuer(VECTORS["cases"][0]), personalised(VECTORS["cases"][0], 0)
    terminal = made.terminal(TerminalId("T1"), InstitutionCode("H33020000001"))
    shown = f"{made!r} {card!r} {terminal!r}"
    for secret in (SEED, VECTORS["cases"][0]["card"]["card_auth_key"], terminal.master_key.hex()):
        assert secret not in shown
        assert str(bytes.fromhex(secret)) not in shown


def test_terminal_keys_differ_by_terminal_suite_and_version() -> None:
    seed = bytes.fromhex(SEED)
    keys = {
        terminal_key(seed, terminal, suite, version)
        for terminal in ("T1", "T2")
        for suite in Suite
        for version in (1, 2)
    }
    assert len(keys) == 12


def test_identity_number_states_itself_only() -> None:
    credential = IdentityNumber(NUMBER)
    for shown in (
        credential.prove(CardOperation.PRESETTLE, "T1", "R", 1),
        credential.sign("T1", "R", 1, 1, datetime(2018, 12, 1, tzinfo=UTC), b""),
    ):
        assert shown.identity.social_security_number == NUMBER
        assert not shown.HasField("card")
    assert NUMBER not in repr(credential)


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({}, "ministry"),
        ({"ministry": {"AUTH": {"1": "zz"}, "TAC": {}}}, "ministry.AUTH.1 is not hexadecimal"),
        ({"ministry": {"AUTH": {"1": "00"}, "TAC": {}}}, "ministry.AUTH.1 has 1 bytes"),
        ({"ministry": {"AUTH": {}, "TAC": {}}, "key_version": 1}, "terminal_seed"),
    ],
)
def test_bad_issuer_file_names_what_is_wrong(
    stated: dict[str, Any], told: str, tmp_path: Path
) -> None:
    (tmp_path / "issuer.json").write_text(json.dumps(stated))
    with pytest.raises(ValueError, match=told):
        read_issuer(tmp_path / "issuer.json")
