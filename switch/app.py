"""The composition root: builds every object of one process once, joins them, starts and stops."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import psycopg
import structlog

from switch.config import Settings
from switch.device.home import open_home
from switch.model.ids import TerminalId
from switch.model.stages import GetSettlement, Inquiry, Presettle, ReadMember, Recorded
from switch.pipeline.desk import Desk
from switch.pipeline.ports import Clock
from switch.pipeline.suspicion import Suspected
from switch.security.custody import KeyRecord
from switch.security.errors import KeyUnwrapFailed, VaultInconsistent
from switch.security.vault import SoftwareVault
from switch.server.books import Books
from switch.server.handlers import build_handlers
from switch.server.lifecycle import ServerLimits, SwitchServer, TlsFiles
from switch.server.pulse import pulse
from switch.store.aside import Aside, is_long
from switch.store.comparing import Reconciler
from switch.store.inquiry import InquiryWindow
from switch.store.key_days import watch_key_days
from switch.store.keys import load_keys, terminal_records
from switch.store.lane import Lane
from switch.store.postman import Postman
from switch.store.reference import ReferenceCache
from switch.store.sessions import Sessions
from switch.store.statement_desk import StatementDesk
from switch.store.terminals import TerminalBook
from switch.store.windows import cut_off
from switch.wire.codec import WireCodec

COLLECT_EVERY: Final = (25_000, 20, 100)
"""Container objects before the youngest generation is searched for cycles (Python: 700), and the
rounds of the next two. A batch of 64 makes some 20,000 of them, and hardly any cycle."""
_log = structlog.get_logger()


class SystemClock:
    """The machine's clock, the only one in production."""

    def now(self) -> datetime:
        """Return the present instant, UTC and aware."""
        return datetime.now(UTC)


class Windows:
    """The `Counter` port: what posts goes to the lane, what asks to the inquiry window.

    What is about a visit and its lines goes aside, so that it holds nobody else up.
    """

    def __init__(self, lane: Lane, inquiries: InquiryWindow, aside: Aside) -> None:
        self._lane = lane
        self._inquiries = inquiries
        self._aside = aside

    async def inquire(self, inquiry: Inquiry) -> bytes:
        """Answer what posts nothing; of a card that may be a clone, what records that."""
        try:
            if is_long(inquiry):
                return await self._aside.inquire(inquiry)
            return await self._inquiries.ask(inquiry)
        except Suspected:
            if not isinstance(inquiry, ReadMember | Presettle):
                raise
            return await self.post(inquiry)

    async def post(self, operation: Recorded) -> bytes:
        """Answer what is recorded, after the commit."""
        if is_long(operation):
            return await self._aside.post(operation)
        return await self._lane.post(operation)

    async def find(self, query: GetSettlement) -> bytes:
        """Answer GetSettlement."""
        return await self._inquiries.ask(query)


class TerminalKeys:
    """Hands the vault a terminal's key records when they are first needed."""

    def __init__(self, url: str, vault: SoftwareVault) -> None:
        self._url = url
        self._vault = vault

    async def load(self, terminal_id: TerminalId, key_version: int) -> None:
        """Give the vault a terminal's records as they stand: asked when the vault's do not fit."""
        del key_version  # all versions are read: they are two
        await asyncio.to_thread(self._load, terminal_id)

    def _load(self, terminal_id: TerminalId) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            for record in terminal_records(connection, terminal_id):
                self._vault.add(record)


def take_keys(vault: SoftwareVault, records: list[KeyRecord]) -> None:
    """Let the vault work with the keys as they stand now; with the old ones if these do not open.

    Whoever can break a key's row could as well have left its state alone: going on is no less
    safe, and a province goes on settling while somebody looks.
    """
    try:
        vault.replace(records)
    except (KeyUnwrapFailed, VaultInconsistent) as error:
        _log.error("keys_not_taken_over", why=str(error))
    else:
        _log.info("keys_taken_over", keys=len(records))


@asynccontextmanager
async def switch(
    settings: Settings, url: str, clock: Clock, *, durable: bool = True
) -> AsyncIterator[SwitchServer]:
    """Yield a running switch on a migrated database; drain and stop it on the way out.

    Raises: ConfigError, KeyUnwrapFailed, VaultInconsistent, psycopg.Error.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        vault = SoftwareVault(open_home(settings), load_keys(connection))
    codec = WireCodec()
    reference = ReferenceCache(url, clock, partial(take_keys, vault))
    sessions = Sessions(url, durable=durable)
    book = TerminalBook(url, durable=durable)
    lane, inquiries = _windows(url, vault, reference, clock, durable=durable)
    aside = Aside(partial(_beside, settings, url, clock, durable=durable))
    handlers = build_handlers(
        clock=clock,
        store=sessions,
        counter=Windows(lane, inquiries, aside),
        codec=codec,
        vault=vault,
        random_bytes=os.urandom,
        load_key=TerminalKeys(url, vault).load,
        book=book,
        session_life=timedelta(seconds=settings.session_life_s),
        books=Books(Reconciler(url, clock), StatementDesk(url, vault, clock)),
        calls_per_s_max=settings.terminal_calls_per_s,
        log_every=1 if settings.log_calls else 0,
    )
    server = SwitchServer(_limits(settings), handlers)
    await reference.fresh()
    async with AsyncExitStack() as way_out:  # each step is taken, whatever the one before came to
        way_out.push_async_callback(sessions.close)
        way_out.push_async_callback(book.close)
        way_out.push_async_callback(inquiries.stop)
        way_out.push_async_callback(lane.stop)
        way_out.push_async_callback(aside.stop)
        lane.start()
        inquiries.start()
        closer = asyncio.create_task(cut_off(url, clock), name="cut-off")
        way_out.callback(closer.cancel)
        watch = asyncio.create_task(watch_key_days(url, clock), name="key-days")
        way_out.callback(watch.cancel)
        way_out.push_async_callback(server.drain)
        await server.start()
        health = asyncio.create_task(pulse(server, partial(_is_ready, lane, reference)))
        way_out.callback(health.cancel)
        yield server


def _windows(
    url: str, vault: SoftwareVault, reference: ReferenceCache, clock: Clock, *, durable: bool
) -> tuple[Lane, InquiryWindow]:
    """Build a lane and an inquiry window, each with a connection of its own."""
    desk = Desk(vault, WireCodec())
    lane = Lane(Postman(url, vault, clock, durable=durable), desk, clock, reference.fresh)
    window = Postman(url, vault, clock, durable=durable)
    return lane, InquiryWindow(window, desk, clock, reference.recent)


def _beside(
    settings: Settings, url: str, clock: Clock, *, durable: bool
) -> tuple[Lane, InquiryWindow]:
    """Build a lane and a window for a thread of their own, which shares nothing that changes."""
    with psycopg.connect(url, autocommit=True) as connection:
        vault = SoftwareVault(open_home(settings), load_keys(connection))
    reference = ReferenceCache(url, clock, partial(take_keys, vault))
    return _windows(url, vault, reference, clock, durable=durable)


async def _is_ready(lane: Lane, reference: ReferenceCache) -> bool:
    """Say whether the lane works and the database takes connections and answers."""
    try:
        await reference.fresh()
    except psycopg.Error:
        return False
    return lane.works


async def run(settings: Settings, url: str, port_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT; `port_file` is written once calls are answered."""
    async with switch(settings, url, SystemClock()) as server:
        _rest_the_collector()

        def announce() -> None:
            if port_file is not None:
                port_file.write_text(f"{server.port}\n", encoding="ascii")

        await server.serve_until_signalled(announce=announce)


def _rest_the_collector() -> None:
    """Search for cycles seldom, and never again in what was loaded at the start.

    Reference counts free what a request leaves behind; searching cost a tenth of a settlement.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_EVERY)


def _limits(settings: Settings) -> ServerLimits:
    tls = None
    if settings.tls_certificate is not None and settings.tls_private_key is not None:
        tls = TlsFiles(
            settings.tls_certificate, settings.tls_private_key, settings.tls_client_authorities
        )
    return ServerLimits(
        listen=settings.listen,
        tls=tls,
        reuse_port=settings.reuse_port,
        reflection=settings.reflection,
    )
