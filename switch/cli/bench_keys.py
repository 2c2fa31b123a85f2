"""`medswitch bench keys`: what the cryptography of a settlement costs, in µs of processor time.

Cold: the key of the card's city is derived anew from the tier that is held, as after a start.
Cached: as for every card of a city but the first.
"""

import gc
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from switch.cli.acting import console
from switch.config import Settings
from switch.device.home import open_home
from switch.model.key import KeyFunction, KeyState, KeyTier
from switch.security import card_proof
from switch.security.custody import KekAlgorithm, KeyEncryptionKey, KeyRecord, KeySlot, wrap
from switch.security.keys import card_key, city_key, province_key, transaction_key
from switch.security.mac import MacKey, request_message
from switch.security.port import KeyHome
from switch.security.seal import sm3
from switch.security.suite import Suite
from switch.security.vault import SoftwareVault

BODY_BYTES: Final = 400
"""About a Settle of five lines."""
CARD: Final = bytes.fromhex("330200d15600000581b0a39b484ccef0")
REGION: Final = "330200"
SETTLEMENTS_PER_S: Final = 1_291
"""Whole settlements a second on two cores, from the README's load test: what shares are of."""
_PER_ROUND_NS: Final = 10_000_000
_ATC: Final = 41
_PATH: Final = "/medswitch.v1.SettlementService/Settle"
_TERMINAL: Final = "H330201000010001"


@dataclass(slots=True)
class Measured:
    """One thing that is done, and its µs in each round."""

    name: str
    zh: str
    suite: str
    work: Callable[[], object]
    times: int = 1
    us: list[float] = field(default_factory=list)


def bench_keys(settings: Settings, rounds: int, *, device: bool, as_json: bool) -> None:
    """Measure and print. `device`: the AES tier keys stand in the configured PKCS#11 token."""
    home = open_home(settings) if device else _software()
    put: list[KeyRecord] = []
    try:
        rows = measure(list(_everything(home, put, device=device)), rounds)
    finally:
        for record in put:
            _take_out(home, record)
    if as_json:
        print(json.dumps([_figures(row) for row in rows], indent=1, ensure_ascii=False))
    else:
        show(rows, console())


def measure(rows: Sequence[Measured], rounds: int) -> Sequence[Measured]:
    """Return the rows with their rounds, interleaved so that none has the quiet minute."""
    for row in rows:
        row.times = max(1, _PER_ROUND_NS // max(1, _run(row)))
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for row in rows:
                row.us.append(_run(row) / row.times / 1_000)
    finally:
        gc.enable()
    return rows


def show(rows: Sequence[Measured], out: Console) -> None:
    """Print the figures for people."""
    table = Table(
        title="µs 处理器时间 processor's time", title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD,
    )  # fmt: skip
    for column in ("算法 Suite", "事项 What", "中位 Median", "最少 Least"):
        table.add_column(column, justify="right" if "M" in column or "L" in column else "left")
    for row in rows:
        what = f"{row.zh} {row.name}"
        table.add_row(row.suite, what, f"{median(row.us):.1f}", f"{min(row.us):.1f}")
    out.print(table)
    settlement_us = 2_000_000 // SETTLEMENTS_PER_S  # of two cores
    for suite in ("SM4", "AES_128"):
        spent = _visit_us(rows, suite)
        if spent:
            out.print(
                f"{suite}: 一次结算的密码运算 cryptography of a settlement {spent:.0f} µs, "
                f"{spent / settlement_us:.1%} of {settlement_us} µs"
            )


def _visit_us(rows: Sequence[Measured], suite: str) -> float:
    """Return a settlement's part: its MACs both ways, the nonce, the TAC and its part of a seal."""
    by_name = {row.name: median(row.us) for row in rows if row.suite in {suite, "SM4"}}
    by_name |= {row.name: median(row.us) for row in rows if row.suite == suite}
    try:
        return (
            2 * by_name["MAC of a request"]
            + by_name["settle nonce verified"]
            + by_name["card validated, city key cached"]
            + by_name["seal of a batch of one"]
        )
    except KeyError:
        return 0.0


def _run(row: Measured) -> int:
    work = row.work
    start = time.thread_time_ns()
    for _ in range(row.times):
        work()
    return time.thread_time_ns() - start


def _take_out(home: KeyHome, record: KeyRecord) -> None:
    """Leave no key of a benchmark in a token."""
    from switch.device.pkcs11 import Pkcs11Home

    if isinstance(home, Pkcs11Home):
        home.drop(record)


def _software() -> KeyHome:
    return KeyEncryptionKey("kek-bench", KekAlgorithm.SM4_GCM, os.urandom(16))


def _everything(home: KeyHome, put: list[KeyRecord], *, device: bool) -> Iterator[Measured]:
    suites = (Suite.AES_128,) if device else (Suite.SM4, Suite.AES_128, Suite.TDES)
    for suite in suites:
        if not device:
            yield from _terminal(home, suite)
        yield from _cards(home, suite, put)
    if not device:
        yield from _vault(home)


def _terminal(home: KeyHome, suite: Suite) -> Iterator[Measured]:
    slot = KeySlot.named(f"terminal/{_TERMINAL}/{suite.name}/1")
    vault = SoftwareVault(home, [_wrapped(home, slot, os.urandom(16))])
    nonce, session = os.urandom(16), os.urandom(16)
    key = vault.session_key(_TERMINAL, 1, nonce, nonce, session)
    message = request_message(_PATH, _TERMINAL, session, 7, bytes(BODY_BYTES))
    mac = key.compute(message)
    name = suite.name
    yield Measured("MAC of a request", "报文 MAC", name, lambda: key.verify(message, mac))
    yield Measured(
        "session key derived", "会话密钥", name,
        lambda: vault.session_key(_TERMINAL, 1, nonce, nonce, session),
    )  # fmt: skip


def _cards(home: KeyHome, suite: Suite, put: list[KeyRecord]) -> Iterator[Measured]:
    ministry = os.urandom(16)
    version = 999_999_999  # In a token, a label that no real key has.
    challenge, name = os.urandom(16), suite.name
    message = card_proof.card_auth_message(CARD, _ATC, challenge)
    province = province_key(suite, ministry, REGION)
    card = card_key(suite, city_key(suite, province, REGION), CARD)
    proof = card_proof.card_proof(suite, transaction_key(suite, card, _ATC), message)
    keys = {
        KeyTier.MINISTRY: ("ministry/", ministry),
        KeyTier.PROVINCE: ("province/330000/", province),
        KeyTier.CITY: (f"city/{REGION}/", city_key(suite, province, REGION)),
    }
    for tier, (place, key) in keys.items():
        slots = [KeySlot.named(f"{place}{f}/{name}/{version}") for f in ("AUTH", "TAC")]
        records = [home.housed(_wrapped(home, slot, key)) for slot in slots]
        put += records
        vault = SoftwareVault(home, records)

        def validate(vault: SoftwareVault = vault) -> None:
            vault.verify_card_auth(CARD, suite, version, _ATC, challenge, proof)

        def cold(vault: SoftwareVault = vault) -> None:
            vault.forget_cities()
            vault.verify_card_auth(CARD, suite, version, _ATC, challenge, proof)

        yield Measured(f"card validated, cold, {tier} key", f"验卡(冷, {tier})", name, cold)
        if tier is KeyTier.CITY:
            yield Measured(
                "card validated, city key cached", "验卡(城市密钥在缓存)", name, validate
            )  # fmt: skip


def _vault(home: KeyHome) -> Iterator[Measured]:
    slots = [KeySlot.named(f"vault/{f}/1") for f in (KeyFunction.NONCE, KeyFunction.SEAL)]
    vault = SoftwareVault(home, [_wrapped(home, slot, os.urandom(16)) for slot in slots])
    nonce = vault.settle_nonce(CARD, _TERMINAL, 2_800, 1_000)
    digests, key = [sm3(b"journal")], MacKey(Suite.SM4, os.urandom(16))
    record = _wrapped(home, KeySlot.named(f"terminal/{_TERMINAL}/SM4/1"), os.urandom(16))

    def unwrapped() -> None:
        SoftwareVault(home, [record]).signin_key(_TERMINAL, 1)

    yield Measured(
        "settle nonce verified", "结算随机数", "SM4",
        lambda: vault.verify_settle_nonce(CARD, _TERMINAL, 2_800, 1, nonce),
    )  # fmt: skip
    yield Measured(
        "seal of a batch of one", "批次封签", "SM4", lambda: vault.seal(1, 1, bytes(32), digests)
    )
    yield Measured("MAC of 16 bytes", "最短 MAC", "SM4", lambda: key.compute(bytes(16)))
    yield Measured("terminal key unwrapped and used", "终端主密钥解包", "SM4", unwrapped)


def _wrapped(home: KeyHome, slot: KeySlot, key: bytes) -> KeyRecord:
    return wrap(home, slot, key, os.urandom(12), KeyState.LIVE)


def _figures(row: Measured) -> dict[str, object]:
    return {
        "suite": row.suite,
        "what": row.name,
        "median_us": round(median(row.us), 2),
        "least_us": round(min(row.us), 2),
    }
