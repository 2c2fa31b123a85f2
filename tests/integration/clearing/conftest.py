"""The office that clears the history."""

from collections.abc import Iterator

import pytest

from tests.fix_ledger import Ledger
from tests.integration.clearing.fix_clearing import Clearing, clearing


@pytest.fixture
def office(ledger: Ledger) -> Iterator[Clearing]:
    """A ledger with a history and officers who clear."""
    with clearing(ledger) as made:
        yield made
