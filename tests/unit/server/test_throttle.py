from datetime import timedelta

import pytest

from switch.model.ids import TerminalId
from switch.server.rights import FREE_MISUSES, LOCK_LONGEST, Lock
from switch.server.throttle import GUESSES_AT_ONCE, Alarms, Throttle, address_of
from tests.fix_server import NOW

T1 = TerminalId("T1")


def test_address_is_denied_guesses_and_earns_them_again() -> None:
    throttle = Throttle()
    assert all(throttle.take("ipv4:10.0.0.7", NOW) for _ in range(GUESSES_AT_ONCE))
    assert not throttle.take("ipv4:10.0.0.7", NOW)
    assert throttle.take("ipv4:10.0.0.8", NOW)
    assert throttle.take("ipv4:10.0.0.7", NOW + timedelta(milliseconds=50))
    assert not throttle.take("ipv4:10.0.0.7", NOW + timedelta(milliseconds=50))


def test_flood_of_denied_guesses_does_not_keep_the_bucket_empty() -> None:
    throttle = Throttle()
    for ms in range(10_000):
        throttle.take("a", NOW + timedelta(milliseconds=ms))
    granted = sum(
        throttle.take("a", NOW + timedelta(milliseconds=ms)) for ms in range(10_000, 11_000)
    )
    assert granted == 20


def test_guess_given_back_costs_nothing() -> None:
    throttle = Throttle()
    for _ in range(10 * GUESSES_AT_ONCE):
        assert throttle.take("a", NOW)
        throttle.give_back("a")


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:10.0.0.7:51234", "ipv4:10.0.0.7"),
        ("ipv6:%5B::1%5D:51234", "ipv6:%5B::1%5D"),
        ("ipv6:[::1]:51234", "ipv6:[::1]"),
        ("unix:/run/x.sock", "unix"),
        ("", ""),
    ],
)
def test_address_is_the_peer_without_its_port(peer: str, address: str) -> None:
    assert address_of(peer) == address


def test_alarm_tells_each_kind_once_in_ten_seconds_and_counts_all() -> None:
    alarms = Alarms()
    asked: list[str] = []

    def peer() -> str:
        asked.append("")
        return "ipv4:10.0.0.7:1"

    for _ in range(100):
        alarms.refused("mac_mismatch", peer, "T1", NOW)
    alarms.refused("mac_mismatch", peer, "T1", NOW + timedelta(seconds=10))
    assert alarms.counts["mac_mismatch"] == 101
    assert len(asked) == 2


def test_proven_misuse_locks_with_doubling_back_off_and_is_forgiven() -> None:
    lock = Lock()
    for _ in range(FREE_MISUSES):
        lock.misused(T1, NOW)
    assert not lock.locks(T1, NOW)
    lock.misused(T1, NOW)
    assert lock.locks(T1, NOW)
    assert not lock.locks(T1, NOW + timedelta(seconds=1))
    lock.misused(T1, NOW)
    assert lock.locks(T1, NOW + timedelta(seconds=1))
    for _ in range(100):
        lock.misused(T1, NOW)
    assert lock.locks(T1, NOW + LOCK_LONGEST - timedelta(seconds=1))
    assert not lock.locks(T1, NOW + LOCK_LONGEST)
    later = NOW + timedelta(minutes=11)
    lock.misused(T1, later)
    assert not lock.locks(T1, later)
    assert not lock.locks(TerminalId("T2"), NOW)
