"""Every bad input of the cases is refused at its field; what only looks odd is taken."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from switch.model.fault import Fault, FaultReason
from switch.wire.decode import decode
from tests.fix_wire import RECEIVED_AT, call_of, clear, good_requests, line_message, put

CASES = Path(__file__).parent / "cases"


def cases(name: str) -> list[Any]:
    loaded = tomllib.loads((CASES / name).read_text("utf-8"))["case"]
    return [pytest.param(case, id=case["name"]) for case in loaded]


def spoiled(case: dict[str, Any]) -> tuple[str, bytes, datetime]:
    """Return the method, body and time of a case."""
    message: Any = good_requests()[case["method"]]
    if "lines" in case:
        del message.claim.lines[:]
        message.claim.lines.extend(line_message(n + 1) for n in range(case["lines"]))
        message.claim.total_fen = 2_468 * case["lines"]
    if "clear" in case:
        clear(message, case["clear"])
    for path, value in case.get("put", {}).items():
        put(message, path, value)
    body = message.SerializeToString() + bytes.fromhex(case.get("raw", ""))
    return case["method"], body, case.get("received_at", RECEIVED_AT)


@pytest.mark.parametrize("case", cases("bad_input.toml"))
def test_bad_input_is_refused_at_its_field(case: dict[str, Any]) -> None:
    method, body, received_at = spoiled(case)
    with pytest.raises(Fault) as caught:
        decode(method, call_of(method, body, received_at))
    fault = caught.value
    assert fault.reason == case.get("reason", FaultReason.MALFORMED)
    assert fault.field == case["field"]
    assert case["says"] in fault.text
    assert case.get("never_says", "\0") not in fault.text


@pytest.mark.parametrize("case", cases("good_input.toml"))
def test_what_only_looks_odd_is_taken(case: dict[str, Any]) -> None:
    method, body, received_at = spoiled(case)
    decode(method, call_of(method, body, received_at))


def test_every_spoiled_request_was_good_before() -> None:
    for method, message in good_requests().items():
        decode(method, call_of(method, message.SerializeToString()))


def test_a_method_of_another_contract_is_not_implemented() -> None:
    with pytest.raises(Fault) as caught:
        decode("/medswitch.v1.SettlementService/Replace", call_of("Replace", b""))
    assert caught.value.reason is FaultReason.UNIMPLEMENTED
