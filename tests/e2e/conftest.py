"""The live server of the terminal tests."""

from collections.abc import Iterator

import pytest

from tests.fix_live import LiveServer


@pytest.fixture
def live(database_url: str) -> Iterator[LiveServer]:
    """A live server over a fresh database; `start` it."""
    made = LiveServer(database_url)
    yield made
    made.close()
