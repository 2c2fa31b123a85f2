"""`medswitch bench keys`: every row is measured, and what it measures is right."""

import json

import pytest
from typer.testing import CliRunner

from switch.cli.program import app

SUITES = ("SM4", "AES_128", "TDES")


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], float]:
    done = CliRunner().invoke(app, ["bench", "keys", "--rounds", "2", "--json"])
    assert done.exit_code == 0, done.output
    return {(one["suite"], one["what"]): one["least_us"] for one in json.loads(done.stdout)}


def test_macs_and_cards_are_measured_in_every_suite(rows: dict[tuple[str, str], float]) -> None:
    for suite in SUITES:
        for what in ("MAC of a request", "card validated, city key cached",
                     "card validated, cold, ministry key", "session key derived"):  # fmt: skip
            assert rows[suite, what] > 0
        cold = [rows[suite, f"card validated, cold, {tier} key"] for tier in ("city", "ministry")]
        assert cold[0] < cold[1]


def test_the_table_says_what_part_of_a_settlement_it_is() -> None:
    done = CliRunner().invoke(app, ["bench", "keys", "--rounds", "2"])
    assert done.exit_code == 0
    assert "SM4: 一次结算的密码运算" in done.stdout
    assert "AES_128: 一次结算的密码运算" in done.stdout
