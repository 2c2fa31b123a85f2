"""Every answer in tests/vectors/constructions.json, for all three suites."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from switch.security import card_proof, kcv, kdf, keys, mac
from switch.security.card_proof import CardOperation
from switch.security.mac import MacKey
from switch.security.suite import Suite

VECTORS = Path(__file__).parents[2] / "vectors" / "constructions.json"
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
FUNCTIONS = ("auth", "tac")


class Answers:
    """One part of one case: bytes by name, and a note of what was asked for."""

    def __init__(self, part: dict[str, Any]) -> None:
        self.part = part
        self.asked: set[str] = set()

    def value(self, name: str) -> Any:
        self.asked.add(name)
        return self.part[name]

    def raw(self, name: str) -> bytes:
        return bytes.fromhex(self.value(name))


def answers_of(case: dict[str, Any], part: str) -> Iterator[Answers]:
    answers = Answers(case[part])
    yield answers
    assert answers.asked == set(case[part]), "an answer was not checked"


@pytest.fixture(params=CASES, ids=[case["suite"] for case in CASES])
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


@pytest.fixture
def suite(case: dict[str, Any]) -> Suite:
    return Suite[case["suite"].replace("-", "_")]


@pytest.fixture
def terminal(case: dict[str, Any]) -> Iterator[Answers]:
    yield from answers_of(case, "terminal")


@pytest.fixture
def card(case: dict[str, Any]) -> Iterator[Answers]:
    yield from answers_of(case, "card")


def check(suite: Suite, key: bytes, message: bytes, expected: bytes) -> None:
    assert mac.compute_mac(suite, key, message) == expected
    mac.verify_mac(suite, key, message, expected)


def test_terminal_answers_are_reproduced(suite: Suite, terminal: Answers) -> None:
    assert suite == terminal.value("suite_id")
    terminal_id = terminal.value("terminal_id")
    key_version = terminal.value("key_version")
    tmk = terminal.raw("tmk")
    assert kcv.mac_key_kcv(suite, tmk) == terminal.raw("tmk_kcv")

    context = kdf.signin_context(suite, key_version, terminal_id)
    derivation_key = kdf.DerivationKey(suite, tmk)
    signin_key = kdf.signin_key(derivation_key, context)
    assert signin_key == terminal.raw("signin_key")
    signin_mac = terminal.raw("signin_mac")
    signin_body = terminal.raw("signin_body")
    message = mac.signin_message(terminal_id, suite, key_version, signin_body)
    check(suite, signin_key, message, signin_mac)
    reply_body = terminal.raw("signin_reply_body")
    message = mac.signin_reply_message(terminal_id, signin_mac, 0, reply_body)
    check(suite, signin_key, message, terminal.raw("signin_reply_mac"))

    nonce_t, nonce_s = terminal.raw("nonce_t"), terminal.raw("nonce_s")
    session_id = terminal.raw("session_id")
    session_key = kdf.session_key(derivation_key, context, nonce_t, nonce_s, session_id)
    assert session_key == terminal.raw("session_key")
    opaque = MacKey(suite, session_key)
    assert mac.session_check(opaque, session_id) == terminal.raw("session_check")
    mac.verify_session_check(opaque, session_id, terminal.raw("session_check"))

    requests(suite, terminal, session_key)
    streams(suite, terminal, session_key)


def requests(suite: Suite, terminal: Answers, session_key: bytes) -> None:
    """Unary calls: request, reply, fault."""
    call = (
        terminal.value("method"),
        terminal.value("terminal_id"),
        terminal.raw("session_id"),
        terminal.value("seq"),
    )
    request_mac = terminal.raw("request_mac")
    body = terminal.raw("body")
    check(suite, session_key, mac.request_message(*call, body), request_mac)
    message = mac.reply_message(*call, request_mac, 0, terminal.raw("reply_body"))
    check(suite, session_key, message, terminal.raw("reply_mac"))
    status, body = terminal.value("fault_status"), terminal.raw("fault_body")
    message = mac.reply_message(*call, request_mac, status, body)
    check(suite, session_key, message, terminal.raw("fault_mac"))


def streams(suite: Suite, terminal: Answers, session_key: bytes) -> None:
    """Opening with an empty body, a frame, its answer, a streamed list's digest."""
    stream = (
        terminal.value("stream_method"),
        terminal.value("terminal_id"),
        terminal.raw("session_id"),
        terminal.value("opening_seq"),
    )
    message = mac.request_message(*stream, b"")
    check(suite, session_key, message, terminal.raw("opening_mac"))
    frame_mac, n = terminal.raw("frame_mac"), terminal.value("frame_n")
    message = mac.frame_message(*stream, n, terminal.raw("frame_body"))
    check(suite, session_key, message, frame_mac)
    reply = terminal.raw("frame_reply_body")
    message = mac.frame_reply_message(*stream, n, frame_mac, 0, reply)
    check(suite, session_key, message, terminal.raw("frame_reply_mac"))
    messages = [bytes.fromhex(listed) for listed in terminal.value("list_messages")]
    assert mac.list_digest_body(messages) == terminal.raw("list_digest_body")


def test_card_answers_are_reproduced(suite: Suite, card: Answers) -> None:
    identifier, region = card.raw("card_identifier"), card.value("region")
    ministry = {function: card.raw(f"ministry_{function}") for function in FUNCTIONS}
    province = {
        function: keys.province_key(suite, ministry[function], region) for function in FUNCTIONS
    }
    city = {function: keys.city_key(suite, province[function], region) for function in FUNCTIONS}
    assert province["auth"] == card.raw("province_auth")
    assert kcv.tier_key_kcv(suite, province["auth"]) == card.raw("province_auth_kcv")
    assert city["auth"] == card.raw("city_auth")
    assert kcv.tier_key_kcv(suite, city["auth"]) == card.raw("city_auth_kcv")
    chip = {function: keys.card_key(suite, city[function], identifier) for function in FUNCTIONS}
    assert chip["auth"] == card.raw("card_auth_key")
    assert chip["tac"] == card.raw("card_tac_key")
    atc, settle_atc = card.value("atc"), card.value("settle_atc")
    auth_key = keys.transaction_key(suite, chip["auth"], atc)
    assert auth_key == card.raw("transaction_auth_key")
    tac_key = keys.transaction_key(suite, chip["tac"], settle_atc)
    assert tac_key == card.raw("transaction_tac_key")

    request_id, total_fen = card.value("request_id"), card.value("total_fen")
    terminal_id = next(
        part["terminal"]["terminal_id"] for part in CASES if part["card"] is card.part
    )
    read = card_proof.challenge(CardOperation.READ_MEMBER, terminal_id, request_id, 0)
    assert read == card.raw("challenge_read_member")
    presettle = card_proof.challenge(CardOperation.PRESETTLE, terminal_id, request_id, total_fen)
    assert presettle == card.raw("challenge_presettle")
    for challenge, name in ((read, "auth_read_member"), (presettle, "auth_presettle")):
        message = card_proof.card_auth_message(identifier, atc, challenge)
        assert card_proof.card_proof(suite, auth_key, message) == card.raw(name)
        card_proof.verify_card_proof(suite, auth_key, message, card.raw(name))

    nonce_key = MacKey(Suite.SM4, card.raw("nonce_key"))
    expiry_ms = card.value("nonce_expiry_ms")
    nonce = card_proof.settle_nonce(nonce_key, identifier, terminal_id, total_fen, expiry_ms)
    assert nonce == card.raw("settle_nonce")
    card_proof.verify_settle_nonce(
        nonce_key, identifier, terminal_id, total_fen, expiry_ms - 1, nonce
    )
    settle = card_proof.challenge(CardOperation.SETTLE, terminal_id, request_id, total_fen, nonce)
    assert settle == card.raw("challenge_settle")
    message = card_proof.card_tac_message(
        identifier,
        settle_atc,
        total_fen,
        card.value("fund_plus_account_fen"),
        card.raw("time_bcd"),
        settle,
    )
    assert card_proof.card_proof(suite, tac_key, message) == card.raw("tac")
