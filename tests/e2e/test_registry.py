"""The registry's and the card office's commands as officers type them."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from switch.model.ids import BEIJING
from switch.security.public_signature import PublicSigner
from tests.e2e.test_office import Desk


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Desk:
    made = Desk(tmp_path, database_url)
    made.run("seed", "--members", "3", "--institutions", "2")
    for name in ("li", "wang"):
        roles = [word for role in ("officers", "registry", "cards", "keys")
                 for word in ("--role", role)]  # fmt: skip
        key_file = str(made.folder / "keys" / name)
        made.run("officer", "add", name, *roles, "--key-file", key_file)
    return made


def approved(desk: Desk, number: int, *words: str) -> None:
    """Li proposes, Wang approves."""
    desk.run(*words, "--reason", "依据文件", *desk.by("li"), says="待复核")
    desk.run("change", "approve", str(number), *desk.by("wang"), says="approved")


def today() -> str:
    return datetime.now(UTC).astimezone(BEIJING).date().isoformat()


def test_terminals_institutions_and_issuers_go_through_two_hands(desk: Desk) -> None:
    code = desk.json("terminal", "list")[0]["institution"]
    terminal = f"{code}0099"
    approved(desk, 1, "terminal", "register", terminal, code)
    (found,) = desk.json("terminal", "list", terminal)
    assert (found["terminal_class"], found["active"], found["keys"]) == ("institution", True, None)
    approved(desk, 2, "terminal", "block", terminal)
    approved(desk, 3, "terminal", "unblock", terminal)
    approved(desk, 4, "terminal", "unlock", terminal)
    desk.run("terminal", "list", says=terminal)
    desk.run("terminal", "block", "a b", "--reason", "x", *desk.by("li"), status=2)
    approved(desk, 5, "institution", "open", code, "--from", today(), "--to", "2099-12-31")
    opened: list[dict[str, Any]] = desk.json("institution", "opened", "330199")
    assert {"code": code, "until": "2099-12-31"}.items() <= next(
        one for one in opened if one["code"] == code
    ).items()
    desk.run("institution", "opened", "330199", says="are opened to 330199")
    key = PublicSigner.p256(hashlib.sha256(b"issuer").digest()).public_key.hex()
    approved(desk, 6, "voucher", "trust", "nhsa", key, "--from", today(), "--algorithm", "P256")
    assert desk.json("voucher", "issuers")[0]["public_key"] == key
    desk.run("voucher", "issuers", says="nhsa P256")
    desk.run(
        *("voucher", "trust", "nhsa", "12", "--from", today(), "--reason", "x"), *desk.by("li"),
        status=2, says="128 lower-case",
    )  # fmt: skip
    desk.run("audit", says="")


def test_suspicions_are_listed_and_one_that_is_none_is_refused(desk: Desk) -> None:
    assert desk.json("suspicion", "list") == []
    desk.run("suspicion", "list", says="疑点")
    words = ("suspicion", "resolve", "--verdict", "clone", "--reason", "x", *desk.by("li"))
    desk.run(*words, "nobody", status=2, says="is no suspicion")
    desk.run(*words, "000100000001/7", says="待复核")
    desk.run("change", "approve", "1", *desk.by("wang"), status=1, says="NO_SUCH_SUSPICION")
