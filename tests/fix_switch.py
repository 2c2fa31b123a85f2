"""A whole switch in a thread of this process, over the demonstration province: two are replicas.

Everything is real but durability: lanes, vault, gRPC over sockets. Terminals and cards are those of
the province, or ones that a test makes.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from clients.card import CardFace, SoftwareCard
from clients.issuer import Issuer, read_issuer
from clients.link import TerminalIdentity
from clients.outbox import Outbox
from clients.terminal import TerminalClient
from switch.app import SystemClock, switch
from switch.config import Settings
from switch.model.ids import CardIdentifier, InstitutionCode, TerminalId
from switch.office.change import Change, Kind, Verb
from switch.office.key_change import KeyFace, KeyLoad, Origin
from switch.office.officer import Role
from switch.security.custody import KeyRecord, KeySlot, wrap
from switch.security.suite import Suite
from switch.security.vault import SoftwareVault
from switch.store.effects import effects
from switch.store.key_office import nonce, propose_load, propose_move
from switch.store.keys import load_keys
from switch.store.office import Registrar
from tests.fix_office import key_of, signer_of
from tests.fix_province import KEK, Province

LI, WANG = signer_of("li"), signer_of("wang")


@contextmanager
def replica(province: Province, folder: Path) -> Iterator[str]:
    """Serve the province; yield the address."""
    kek = folder / "kek"
    kek.write_text(f"kek-test:{bytes(range(16)).hex()}\n", "ascii")
    settings = Settings(data_dir=folder, kek_file=kek, listen="localhost:0", reflection=False)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    way = switch(settings, province.url, SystemClock(), durable=False)
    try:
        server = asyncio.run_coroutine_threadsafe(way.__aenter__(), loop).result(30)
        try:
            yield f"localhost:{server.port}"
        finally:
            asyncio.run_coroutine_threadsafe(way.__aexit__(None, None, None), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class KeyOffice:
    """Li and wang, who hold `officers` and `keys`, at the office of a running province."""

    province: Province

    def __post_init__(self) -> None:
        with self._open() as registrar:
            for signer in (LI, WANG):
                roles = frozenset({Role.OFFICERS, Role.KEYS})
                registrar.enrol(signer, key_of(signer.name).public_key, roles, _now())

    def load(self, keys: dict[str, bytes], *, live: bool = True) -> None:
        """Let keys in, as they arrive under a transport key."""
        records: list[KeyRecord] = [
            wrap(KEK, KeySlot.named(key), octets, nonce()) for key, octets in keys.items()
        ]
        faces = tuple(KeyFace(one.slot.key_id, one.kcv.hex()) for one in records)
        load = KeyLoad(faces, Origin.WRAPPED, live=live)
        self._approved(lambda r: propose_load(r, KEK, LI, load, records, "drill", _now()))

    def move(self, kind: Kind, *keys: str) -> None:
        """Put keys in another state."""
        self._approved(lambda r: propose_move(r, LI, kind, keys, "drill", _now()))

    def _approved(self, propose: Callable[[Registrar], Change]) -> None:
        with self._open() as registrar:
            number = propose(registrar).number
            registrar.decide(WANG, Verb.APPROVE, number, "", _now())

    @contextmanager
    def _open(self) -> Iterator[Registrar]:
        with psycopg.connect(self.province.url, autocommit=True) as connection:
            vault = SoftwareVault(KEK, load_keys(connection))
            yield Registrar(connection, vault, effects(KEK))


@dataclass
class Town:
    """The people and terminals of the province, with keys of any version."""

    province: Province
    folder: Path
    issuer: Issuer = field(init=False)

    def __post_init__(self) -> None:
        self.issuer = read_issuer(self.province.folder / "issuer.json")

    def identity(self, name: str, version: int = 1, key: bytes | None = None) -> TerminalIdentity:
        stated = self.province.people["terminals"][name]
        terminal, institution = stated["terminal_id"], stated["institution"]
        known = self.issuer.terminal(
            TerminalId(terminal), InstitutionCode(institution), Suite(stated["suite"])
        )
        if key is None:
            return known
        return TerminalIdentity(
            known.terminal_id, known.institution, known.suite, version, key
        )  # fmt: skip

    def client(
        self, identity: TerminalIdentity, address: str, number: int = 0, attempts_max: int = 3
    ) -> TerminalClient:
        """A terminal's client; `number` sets its share of its institution's request numbers."""
        outbox = Outbox(
            self.folder / f"outbox-{identity.terminal_id}-{number}", identity.institution, _now,
            range(number * 500, number * 500 + 500),
        )  # fmt: skip
        return TerminalClient(
            address, identity, outbox, attempts_max=attempts_max, sleep=lambda _: None
        )  # fmt: skip

    def card(self, who: str, issuer: Issuer | None = None) -> SoftwareCard:
        stated: dict[str, Any] = self.province.people["people"][who]
        card = stated["card"]
        face = CardFace(
            CardIdentifier(bytes.fromhex(card["identifier"])),
            card["number"],
            stated["social_security_number"],
            card["specification"],
            datetime.fromisoformat(card["issued_on"]).date(),
            datetime.fromisoformat(card["expires_on"]).date(),
        )
        # It counts on from now, so that it may be made again and still only rise.
        counter = time.time_ns() // 1_000_000
        return (issuer or self.issuer).personalise(face, Suite(card["suite"]), counter)


def _now() -> datetime:
    return datetime.now(UTC)
