"""Another body under the same id is told by the field in which it differs."""

from typing import Any

import pytest

from switch.wire.differ import differing_field
from switch.wire.methods import PATHS
from tests.fix_wire import good_requests, put


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("claim.total_fen", 1, "claim.total_fen"),
        ("claim.use_account", False, "claim.use_account"),
        ("claim.lines[1].amount_fen", 1, "claim.lines[1].amount_fen"),
        ("claim.diagnoses", ["J06.9", "I11"], "claim.diagnoses[1]"),
        ("claim.diagnoses", ["J06.9"], "claim.diagnoses"),
        ("claim.prescription", {"number": "R1"}, "claim.prescription"),
        ("evidence.card.atc", 8, "evidence.card.atc"),
        ("evidence.identity", {"social_security_number": "1"}, "evidence.card"),
        ("expected.account_fen", 1, "expected.account_fen"),
        ("settle_nonce", "x", "settle_nonce"),
    ],
)
def test_the_field_that_differs_is_named(path: str, value: Any, field: str) -> None:
    one, other = good_requests()["Settle"], good_requests()["Settle"]
    put(other, path, value)
    bodies = one.SerializeToString(), other.SerializeToString()
    assert differing_field("Settle", *bodies) == field
    assert differing_field(PATHS["Settle"], *reversed(bodies)) == field


def test_the_first_field_of_the_contract_is_named_when_several_differ() -> None:
    one, other = good_requests()["Settle"], good_requests()["Settle"]
    put(other, "settle_nonce", "x")
    put(other, "claim.lines[2].code", "x")
    bodies = one.SerializeToString(), other.SerializeToString()
    assert differing_field("Settle", *bodies) == "claim.lines[2].code"


def test_lines_that_go_on_differ_as_a_list() -> None:
    one, other = good_requests()["Presettle"], good_requests()["Presettle"]
    bodies = one.SerializeToString(), other.SerializeToString() + b"\x0a\x03\x82\x01\x00"
    assert differing_field("Presettle", *bodies) == "claim.lines"


@pytest.mark.parametrize("method", good_requests())
def test_the_same_values_in_other_bytes_differ_in_their_encoding(method: str) -> None:
    body = good_requests()[method].SerializeToString()
    # An empty submessage at the front changes nothing but the bytes.
    head = b"\x12\x00" if method in {"Settle", "Cancel", "Reverse", "Presettle"} else b""
    assert differing_field(method, body, head + body) == "encoding"


def test_a_body_that_does_not_parse_differs_as_a_whole() -> None:
    assert differing_field("Cancel", b"\x0a", b"") == "body"
