"""An anchor kept outside tells a history that was made anew from the one that was."""

import pytest

from switch.office.refusal import Refused
from switch.store.anchor import NotAnAnchor, check_anchor, make_anchor, read_anchor
from tests.fix_office import key_of, signer_of
from tests.integration.clearing.fix_clearing import HOME, Clearing, day


def broken(office: Clearing, text: str) -> str:
    return " | ".join(check_anchor(office.conn, read_anchor(text)))


def test_an_anchor_stands_while_the_chains_grow(office: Clearing) -> None:
    office.close(day(office.first_day()))
    text = make_anchor(office.conn, signer_of("li"), office.now)
    assert broken(office, text) == ""
    office.pass_days(following := office.open_day(HOME))
    office.close(day(following))
    assert broken(office, text) == ""
    assert read_anchor(text, key_of("li").public_key).by == "li"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE batch SET seal = sha256(seal)", "bears another seal"),
        ("DELETE FROM batch WHERE batch > 1", "is gone"),
        ("DELETE FROM audit_record", "audit record 3 is gone"),
        ("UPDATE clearing_act SET seal = sha256(seal)", "clearing act 1 bears another seal"),
        ("UPDATE officer SET public_key = sha256(public_key)", "is not known here by the key"),
    ],
)  # fmt: skip
def test_a_chain_that_is_another_is_named(office: Clearing, statement: str, told: str) -> None:
    office.close(day(office.first_day()))
    text = make_anchor(office.conn, signer_of("li"), office.now)
    office.ledger.break_it(statement)
    assert told in broken(office, text)


def test_an_anchor_is_what_an_officer_signed(office: Clearing) -> None:
    text = make_anchor(office.conn, signer_of("li"), office.now)
    body, signature = text.splitlines()
    other = body.replace('"by":"li"', '"by":"wang"')
    for forged in (
        text.replace(signature, "00" * 64), f"{other}\n{signature}\n", body, "", "{}\n00\n",
        f"{body} \n{signature}\n",
    ):  # fmt: skip
        with pytest.raises(NotAnAnchor):
            read_anchor(forged)
    with pytest.raises(NotAnAnchor, match="another key"):
        read_anchor(text, key_of("wang").public_key)
    with pytest.raises(Refused):
        make_anchor(office.conn, signer_of("nobody"), office.now)
