"""The answers others published: tests/vectors/published.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from switch.security.custody import KekAlgorithm, KeyEncryptionKey
from switch.security.mac import compute_mac
from switch.security.seal import Sm3, hmac_sm3, sm3
from switch.security.suite import BlockCipher, Suite, cmac_function

VECTORS = Path(__file__).parents[2] / "vectors" / "published.json"
PUBLISHED: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))


def cases(group: str) -> pytest.MarkDecorator:
    found = PUBLISHED[group]
    ids = [f"{case.get('suite', '')} {case['origin']} #{at}" for at, case in enumerate(found)]
    return pytest.mark.parametrize("case", found, ids=ids)


def raw(case: dict[str, str], name: str) -> bytes:
    return bytes.fromhex(case[name])


@cases("block")
def test_block(case: dict[str, str]) -> None:
    cipher = BlockCipher(Suite[case["suite"]], raw(case, "key"))
    assert cipher.encrypt(raw(case, "plain")) == raw(case, "answer")


@pytest.mark.slow
def test_sm4_a_million_times() -> None:
    """GB/T 32907-2016, annex A, example 2; it also proves that a kept encryptor has no memory."""
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    cipher = BlockCipher(Suite.SM4, block)
    for _ in range(1_000_000):
        block = cipher.encrypt(block)
    assert block.hex() == "595298c7c6fd271f0402f804c33d3f66"


@cases("cmac")
def test_cmac(case: dict[str, str]) -> None:
    cmac = cmac_function(Suite[case["suite"]], raw(case, "key"))
    assert cmac(raw(case, "message")) == raw(case, "answer")


@cases("retail_mac")
def test_retail_mac(case: dict[str, str]) -> None:
    assert compute_mac(Suite.TDES, raw(case, "key"), raw(case, "message")) == raw(case, "answer")


@cases("sm3")
def test_sm3(case: dict[str, str]) -> None:
    message = raw(case, "message")
    assert sm3(message) == raw(case, "answer")
    running = Sm3()
    running.update(message[:2])
    running.update(message[2:])
    assert running.digest() == raw(case, "answer")


@cases("hmac_sm3")
def test_hmac_sm3(case: dict[str, str]) -> None:
    assert hmac_sm3(raw(case, "key"), raw(case, "message")) == raw(case, "answer")


@cases("gcm")
def test_sm4_gcm(case: dict[str, str]) -> None:
    kek = KeyEncryptionKey("rfc8998", KekAlgorithm.SM4_GCM, raw(case, "key"))
    nonce, associated = raw(case, "nonce"), raw(case, "associated")
    assert kek.seal(raw(case, "plain"), nonce, associated) == raw(case, "answer")
    assert kek.open(raw(case, "answer"), nonce, associated) == raw(case, "plain")
