"""The rotation drill: every key exchanged under load, nobody refused; then the old ones retired.

Half of the terminals and half of the cards stay on the old version, half come on the new one. Two
replicas answer throughout.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from clients.bill import bill, item
from clients.card import SoftwareCard
from clients.faults import OutcomeUnknown, SwitchFault
from clients.issuer import Issuer
from clients.terminal import TerminalClient
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.audit import audit_database
from switch.office.change import Kind
from switch.security.keys import province_key
from switch.security.suite import Suite
from tests.fix_province import KEK, Province
from tests.fix_switch import KeyOffice, Town, replica

OLD_CARDS = ("employee_in_service", "employee_retired")
NEW_CARDS = ("referral_patient", "lost_answer_patient")
TERMINALS = ("ningbo_community_1", "ningbo_secondary_1", "ningbo_community_2", "ningbo_tertiary_1")
TREES = ("AUTH", "TAC")


def fresh(name: str) -> bytes:
    return sha256(name.encode()).digest()[:16]


@dataclass
class Till:
    """A terminal that serves one patient after the other until it is told to close."""

    client: TerminalClient
    card: SoftwareCard
    closing: threading.Event
    codes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def work(self) -> None:
        claim = bill(
            "11", "330299", date(2018, 12, 3), [item("DEMO-AMLOD-TAB", "氨氯地平", 1, "1.00")]
        )  # fmt: skip
        while not self.closing.is_set():
            try:
                shown = self.client.presettle(claim, self.card)
                self._count(shown.outcome.code)
                if shown.outcome.code == reply_pb2.REPLY_CODE_OK:
                    settled = self.client.settle(claim, self.card, shown)
                    self._count(settled.outcome.code)
            except Exception as error:  # noqa: BLE001 - whatever it is, the drill has failed
                self.faults.append(repr(error))
                return

    def _count(self, code: reply_pb2.ReplyCode.ValueType) -> None:
        self.codes[reply_pb2.ReplyCode.Name(code)] += 1


@dataclass
class Street:
    """Tills at work, each in a thread."""

    tills: list[Till] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def open(self, client: TerminalClient, card: SoftwareCard) -> Till:
        till = Till(client, card, threading.Event())
        thread = threading.Thread(target=till.work)
        self.tills.append(till)
        self.threads.append(thread)
        thread.start()
        return till

    def settled(self) -> int:
        return sum(till.codes["REPLY_CODE_OK"] for till in self.tills)

    def wait_for(self, more: int) -> None:
        """Let them serve so many more, all of them together."""
        wanted, until = self.settled() + more, time.monotonic() + 30
        while self.settled() < wanted and time.monotonic() < until:
            assert [till.faults for till in self.tills if till.faults] == []
            time.sleep(0.02)
        assert self.settled() >= wanted

    def close(self) -> None:
        for till in self.tills:
            till.closing.set()
        for thread in self.threads:
            thread.join(30)


@pytest.fixture
def street() -> Iterator[Street]:
    made = Street()
    yield made
    made.close()


def new_tree() -> Issuer:
    """The ministry's second tree, and what its card factory writes from then on."""
    ministry = {
        function: {suite: fresh(f"{function}/{suite}/2") for suite in Suite} for function in TREES
    }
    return Issuer(ministry, 2, fresh("no terminal's seed"))


def reissue(province: Province, people: tuple[str, ...]) -> None:
    """The registry after people's cards were exchanged: same number, another key version."""
    with psycopg.connect(province.url, autocommit=True) as connection:
        for who in people:
            identifier = bytes.fromhex(province.people["people"][who]["card"]["identifier"])
            connection.execute(
                "UPDATE medswitch.card SET key_version = 2 WHERE identifier = %s", (identifier,)
            )


def test_keys_are_exchanged_under_load_and_the_old_ones_retired(
    province: Province, tmp_path: Path, street: Street
) -> None:
    town, office, second = Town(province, tmp_path), KeyOffice(province), new_tree()
    provinces = {
        f"province/330000/{function}/SM4/2": province_key(
            Suite.SM4, second.ministry[function][Suite.SM4], "330000"
        )
        for function in TREES
    }  # fmt: skip
    old = [town.identity(name) for name in TERMINALS[:2]]
    new = [town.identity(name, 2, fresh(name)) for name in TERMINALS[2:]]
    tmks = {f"terminal/{one.terminal_id}/SM4/2": fresh(name)
            for one, name in zip(new, TERMINALS[2:], strict=True)}  # fmt: skip
    with ExitStack() as stack:
        addresses = [stack.enter_context(replica(province, tmp_path)) for _ in range(2)]
        # Everybody on version 1; these stay on it until it ends.
        for n, (identity, who) in enumerate(zip(old, OLD_CARDS, strict=True)):
            street.open(town.client(identity, addresses[n], n), town.card(who))
        street.wait_for(12)
        # The new keys come in, and into use, while they serve.
        office.load(provinces, live=False)
        office.move(Kind.ACTIVATE_KEYS, *provinces)
        office.load(tmks)
        office.load({"vault/NONCE/2": fresh("nonce"), "vault/SEAL/2": fresh("seal")})
        street.wait_for(12)
        reissue(province, NEW_CARDS)
        for n, (identity, who) in enumerate(zip(new, NEW_CARDS, strict=True), start=2):
            street.open(town.client(identity, addresses[n % 2], n), town.card(who, second))
        street.wait_for(40)
        # Old and new cards at old and new terminals alike: no till has refused anybody.
        street.close()
        assert [till.faults for till in street.tills] == [[]] * 4
        assert {code for till in street.tills for code in till.codes} == {"REPLY_CODE_OK"}
        assert all(till.codes["REPLY_CODE_OK"] >= 4 for till in street.tills)
        _retire(province, office, town, second, addresses)
    with psycopg.connect(province.url) as connection:
        used = connection.execute("SELECT DISTINCT seal_version FROM medswitch.batch").fetchall()
    assert {row[0] for row in used} == {1, 2}
    report = audit_database(province.url, KEK)
    assert report.violations(16) == ()
    assert report.violations(5) == ()
    assert report.violations(8) == ()


def _retire(
    province: Province, office: KeyOffice, town: Town, second: Issuer, addresses: list[str]
) -> None:
    """End the old versions: who still uses one is told so by name, everybody else goes on."""
    at_old = town.client(town.identity(TERMINALS[0]), addresses[0], 4)
    at_new = town.client(town.identity(TERMINALS[2], 2, fresh(TERMINALS[2])), addresses[1], 5)
    old_card, new_card = town.card(OLD_CARDS[0]), town.card(NEW_CARDS[0], second)
    claim = bill(
        "11", "330299", date(2018, 12, 3), [item("DEMO-AMLOD-TAB", "氨氯地平", 1, "1.00")]
    )  # fmt: skip
    shown = at_old.presettle(claim, old_card)
    entry = at_old.prepare(claim, old_card, shown)
    office.move(
        Kind.RETIRE_KEYS, "province/330000/AUTH/SM4/1", "province/330000/TAC/SM4/1",
        "vault/NONCE/1", "vault/SEAL/1",
    )  # fmt: skip
    # A settlement that was proven before is proven again inside its posting: nothing slips through.
    outcome = at_old.post(entry, settlement_pb2.SettleResponse).outcome
    assert reply_pb2.ReplyCode.Name(outcome.code) == "REPLY_CODE_CARD_KEY_NOT_LIVE"
    assert "key" in outcome.message_en
    assert outcome.next == reply_pb2.NEXT_CARD_OFFICE
    assert at_new.read_member(new_card).outcome.code == reply_pb2.REPLY_CODE_OK
    time.sleep(1.1)  # an inquiry may be answered under keys compared a second ago
    code = at_new.read_member(old_card).outcome.code
    assert reply_pb2.ReplyCode.Name(code) == "REPLY_CODE_CARD_KEY_NOT_LIVE"
    # The terminal's old key: its session ends, and it is told under that key what to do.
    office.move(Kind.RETIRE_KEYS, f"terminal/{town.identity(TERMINALS[2]).terminal_id}/SM4/1")
    stale = town.client(town.identity(TERMINALS[2]), addresses[0], 6)
    with pytest.raises(SwitchFault) as caught:
        stale.sign_in()
    assert caught.value.reason == "TERMINAL_KEY_ENDED"
    assert caught.value.action == "stop"
    assert "live versions: 2" in caught.value.text
    assert at_new.settle(claim, new_card, at_new.presettle(claim, new_card)).outcome.code == (
        reply_pb2.REPLY_CODE_OK
    )
    for client in (at_old, at_new, stale):
        client.close()


def test_a_suspended_terminal_key_stops_its_sessions_at_once_and_comes_back(
    province: Province, tmp_path: Path
) -> None:
    town, office = Town(province, tmp_path), KeyOffice(province)
    identity = town.identity(TERMINALS[0])
    key = f"terminal/{identity.terminal_id}/SM4/1"
    card = town.card(OLD_CARDS[0])
    claim = bill(
        "11", "330299", date(2018, 12, 3), [item("DEMO-AMLOD-TAB", "氨氯地平", 1, "1.00")]
    )  # fmt: skip
    with replica(province, tmp_path) as address, town.client(identity, address) as client:
        shown = client.presettle(claim, card)
        entry = client.prepare(claim, card, shown)
        office.move(Kind.SUSPEND_KEYS, key)
        with pytest.raises((SwitchFault, OutcomeUnknown)):
            client.send(entry)  # refused inside its posting; then no new session is given
        with pytest.raises(SwitchFault, match="TERMINAL_KEY_ENDED"):
            client.sign_in()
        office.move(Kind.ACTIVATE_KEYS, key)
        time.sleep(1.1)
        client.sign_in()
        assert client.read_member(card).outcome.code == reply_pb2.REPLY_CODE_OK
    with psycopg.connect(province.url) as connection:
        row = connection.execute("SELECT count(*) FROM medswitch.journal WHERE kind <> 'opening'")
        assert row.fetchone() == (0,)


def test_a_stranger_key_of_the_right_version_opens_nothing(
    province: Province, tmp_path: Path
) -> None:
    """Another ministry's card with our version number: its proof is wrong, and says no more."""
    town = Town(province, tmp_path)
    foreign = replace(new_tree(), key_version=1)
    with (
        replica(province, tmp_path) as address,
        town.client(town.identity(TERMINALS[0]), address) as client,
    ):
        code = client.read_member(town.card(OLD_CARDS[0], foreign)).outcome.code
    assert reply_pb2.ReplyCode.Name(code) == "REPLY_CODE_CARD_PROOF_INVALID"
