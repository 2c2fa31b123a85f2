"""The live server of the terminal tests, and the demonstration province behind a real process."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clients.province import Province
from switch.cli.database import open_database
from switch.config import Settings, make_kek
from switch.demo.run import serving
from switch.model.ids import BEIJING
from switch.seed import demonstration
from tests.fix_live import LiveServer

_RECORDED = """
SELECT (SELECT count(*) FROM medswitch.request), (SELECT count(*) FROM medswitch.journal),
    (SELECT sum(version) FROM medswitch.member), (SELECT sum(atc) FROM medswitch.member)
"""


@pytest.fixture
def live(database_url: str) -> Iterator[LiveServer]:
    """A live server over a fresh database; `start` it."""
    made = LiveServer(database_url)
    yield made
    made.close()


@dataclass(frozen=True)
class Served:
    """A switch in a process of its own, on its own durable PostgreSQL."""

    province: Province
    address: str
    url: str

    def recorded(self) -> tuple[Any, ...]:
        """What changes with anything that is recorded or posted."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(_RECORDED).fetchone() or ()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demonstration province, served as `medswitch serve` does; one for a session's tests."""
    folder = tmp_path_factory.mktemp("served") / "medswitch-demo"
    settings = Settings(data_dir=folder)
    kek = make_kek(settings, bytes(range(16)))
    today = datetime.now(UTC).astimezone(BEIJING).date()
    with open_database(settings) as url:
        demonstration(url, random_seed=1, data_dir=folder, kek=kek, today=today)
        with serving(settings) as port:
            yield Served(Province(Path(folder)), f"127.0.0.1:{port}", url)
