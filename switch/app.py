"""The composition root: builds every object of one process once, joins them, starts and stops."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg

from switch.config import Settings, read_kek
from switch.model.ids import TerminalId
from switch.model.stages import GetSettlement, Inquiry, Presettle, ReadMember, Recorded
from switch.pipeline.desk import Desk
from switch.pipeline.ports import Clock
from switch.pipeline.suspicion import Suspected
from switch.security.vault import SoftwareVault
from switch.server.handlers import build_handlers
from switch.server.lifecycle import ServerLimits, SwitchServer, TlsFiles
from switch.server.pulse import pulse
from switch.store.inquiry import InquiryWindow
from switch.store.keys import load_keys, terminal_records
from switch.store.lane import Lane
from switch.store.postman import Postman
from switch.store.reference import ReferenceCache
from switch.store.sessions import Sessions
from switch.store.terminals import TerminalBook
from switch.store.windows import cut_off
from switch.wire.codec import WireCodec


class SystemClock:
    """The machine's clock, the only one in production."""

    def now(self) -> datetime:
        """Return the present instant, UTC and aware."""
        return datetime.now(UTC)


class Windows:
    """The `Counter` port: what posts goes to the lane, what asks to the inquiry window."""

    def __init__(self, lane: Lane, inquiries: InquiryWindow) -> None:
        self._lane = lane
        self._inquiries = inquiries

    async def inquire(self, inquiry: Inquiry) -> bytes:
        """Answer what posts nothing; of a card that may be a clone, what records that."""
        try:
            return await self._inquiries.ask(inquiry)
        except Suspected:
            if not isinstance(inquiry, ReadMember | Presettle):
                raise
            return await self._lane.post(inquiry)

    async def post(self, operation: Recorded) -> bytes:
        """Answer Settle, Cancel or Reverse, after the commit."""
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
        """Give the vault a terminal's records unless it holds that version."""
        if not self._vault.holds_terminal_key(terminal_id, key_version):
            await asyncio.to_thread(self._load, terminal_id)

    def _load(self, terminal_id: TerminalId) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            for record in terminal_records(connection, terminal_id):
                self._vault.add(record)


@asynccontextmanager
async def switch(
    settings: Settings, url: str, clock: Clock, *, durable: bool = True
) -> AsyncIterator[SwitchServer]:
    """Yield a running switch on a migrated database; drain and stop it on the way out.

    Raises: ConfigError, KeyUnwrapFailed, VaultInconsistent, psycopg.Error.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        vault = SoftwareVault(read_kek(settings), load_keys(connection))
    codec = WireCodec()
    desk = Desk(vault, codec)
    reference = ReferenceCache(url, clock)
    sessions = Sessions(url, durable=durable)
    book = TerminalBook(url, durable=durable)
    lane = Lane(Postman(url, vault, clock, durable=durable), desk, clock, reference.fresh)
    inquiries = InquiryWindow(
        Postman(url, vault, clock, durable=durable), desk, clock, reference.recent
    )
    handlers = build_handlers(
        clock=clock,
        store=sessions,
        counter=Windows(lane, inquiries),
        codec=codec,
        vault=vault,
        random_bytes=os.urandom,
        load_key=TerminalKeys(url, vault).load,
        book=book,
        session_life=timedelta(seconds=settings.session_life_s),
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
        lane.start()
        inquiries.start()
        closer = asyncio.create_task(cut_off(url, clock), name="cut-off")
        way_out.callback(closer.cancel)
        way_out.push_async_callback(server.drain)
        await server.start()
        health = asyncio.create_task(pulse(server, partial(_is_ready, lane, reference)))
        way_out.callback(health.cancel)
        yield server


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

        def announce() -> None:
            if port_file is not None:
                port_file.write_text(f"{server.port}\n", encoding="ascii")

        await server.serve_until_signalled(announce=announce)


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
