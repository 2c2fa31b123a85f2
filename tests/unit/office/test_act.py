"""The text of an act: what is signed, kept, and read back."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest

from switch.office.act import (
    Act,
    Decide,
    Enrol,
    Genesis,
    Propose,
    body_of,
    digest_of,
    link_of,
    read_body,
    signed_bytes,
)
from switch.office.change import LIFE, Kind, Verb
from tests.fix_office import AT, KEYS, POLICY, activation, key_of

AFTER = "cd" * 32
PROPOSE = Propose(
    AT, AFTER, "li", 7, Kind.ACTIVATE_POLICY, activation(), AT + LIFE, '年度调整 "2027"'
)
ACTS: list[Act] = [
    Genesis(AT, "", {"rule_books": []}),
    Enrol(AT, AFTER, "li", key_of("li").public_key, frozenset({POLICY, KEYS})),
    PROPOSE,
    *(Decide(AT, AFTER, "wang", 7, verb, "ab" * 32, "") for verb in Verb),
]


@pytest.mark.parametrize("act", ACTS)
def test_an_act_comes_back_from_its_text(act: Act) -> None:
    assert read_body(body_of(act)) == act


def test_the_text_of_a_proposal_is_as_the_documentation_shows_it() -> None:
    assert body_of(PROPOSE) == (
        '{"act":"propose","after":"' + AFTER + '","at":"2026-11-25T02:00:00.000000Z","change":7,'
        '"content":{"active_from":"2026-11-25","hash":"' + "ab" * 32 + '","region":"330299"},'
        '"expires_at":"2026-12-02T02:00:00.000000Z","kind":"activate-policy","officer":"li",'
        '"reason":"年度调整 \\"2027\\""}'
    )


def test_signed_bytes_begin_with_the_label() -> None:
    body = body_of(PROPOSE)
    assert signed_bytes(body) == b"medswitch/change/v1\x00" + body.encode()
    assert digest_of(body) == hashlib.sha256(signed_bytes(body)).hexdigest()
    assert link_of(body, b"s") == hashlib.sha256(signed_bytes(body) + b"s").hexdigest()


def test_an_instant_is_written_in_utc_wherever_it_was_taken() -> None:
    beijing = AT.astimezone(timezone(timedelta(hours=8)))
    assert body_of(replace(PROPOSE, at=beijing)) == body_of(PROPOSE)


def test_no_two_acts_have_one_text() -> None:
    assert len({body_of(act) for act in ACTS}) == len(ACTS)


CHANGED: list[tuple[Act, str, Any]] = [
    (ACTS[1], "officer", "Li Na"),
    (ACTS[1], "public_key", "AB" * 32),
    (ACTS[1], "public_key", "ab"),
    (ACTS[1], "roles", []),
    (ACTS[1], "roles", ["policy", "keys"]),
    (ACTS[1], "roles", ["keys", "keys"]),
    (ACTS[1], "roles", ["emperor"]),
    (ACTS[1], "act", "genesis"),
    (ACTS[1], "act", 1),
    (ACTS[2], "act", "approve"),
    (ACTS[2], "at", "2026-11-25T02:00:00Z"),
    (ACTS[2], "at", "2026-11-25T02:00:00.000000"),
    (ACTS[2], "at", "2026-11-25T10:00:00.000000+08:00"),
    (ACTS[2], "at", "soon"),
    (ACTS[2], "change", "7"),
    (ACTS[2], "change", True),
    (ACTS[2], "kind", "abolish-policy"),
    (ACTS[2], "content", []),
    (ACTS[2], "reason", None),
    (ACTS[2], "more", 1),
    (ACTS[3], "act", "bless"),
    (ACTS[3], "proposal", 0),
]


@pytest.mark.parametrize(("act", "name", "value"), CHANGED)
def test_what_is_no_act_is_refused(act: Act, name: str, value: Any) -> None:
    fields = json.loads(body_of(act)) | {name: value}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    with pytest.raises(ValueError, match=r"."):
        read_body(text)
