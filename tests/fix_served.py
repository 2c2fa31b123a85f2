"""The whole switch on a socket, and answers that get lost on their way."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from clients.province import Province as Files
from clients.terminal import TerminalClient
from switch.app import SystemClock, switch
from switch.config import Settings
from switch.server.authenticate import Proven
from tests.fix_province import KEK, Province


class Served:
    """The whole switch on a socket, in a thread of its own, over the demonstration province."""

    def __init__(self, province: Province, folder: Path) -> None:
        self.province = province
        self.files = Files(province.folder)
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self._clients: list[TerminalClient] = []
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)

    async def _start(self) -> int:
        key_file = self._folder / "kek"
        key_file.write_text(f"{KEK.kek_id}:{bytes(range(16)).hex()}", "ascii")
        settings = Settings(listen="127.0.0.1:0", kek_file=key_file, data_dir=self._folder)
        server = await self._stack.enter_async_context(
            switch(settings, self.province.url, SystemClock(), durable=False)
        )
        return int(server.port)

    def counter(self, name: str) -> TerminalClient:
        """Return the client of a terminal; its outbox is a file of this test's."""
        self.files.folder = self._folder
        made = self.files.counter(name, f"127.0.0.1:{self.port}")
        self._clients.append(made)
        return made

    def close(self) -> None:
        """Close clients and switch."""
        for client in self._clients:
            client.close()
        asyncio.run_coroutine_threadsafe(self._stack.aclose(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def whole(province: Province, tmp_path: Path) -> Iterator[Served]:
    """A running switch."""
    made = Served(province, tmp_path)
    yield made
    made.close()


def lost(method: str, times: int) -> Callable[[Proven, int, bytes], bytes]:
    """Return a `sign` under which the first replies of a method are no replies."""
    right, left = Proven.sign, [None] * times

    def sign(proven: Proven, status: int, body: bytes) -> bytes:
        mac = right(proven, status, body)
        if proven.call.received.method.endswith(method) and left:
            left.pop()
            return bytes([mac[0] ^ 1]) + mac[1:]
        return mac

    return sign
