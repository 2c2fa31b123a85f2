"""`medswitch migrate` and `medswitch seed`; and the database every command opens."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from switch.config import Settings, make_kek
from switch.model.ids import BEIJING


@contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """Yield the URL of a migrated database: the one that was named, or the embedded one.

    Must run on the main thread before any event loop.
    """
    from switch.store.embedded import EmbeddedPostgres
    from switch.store.migrate import upgrade

    if settings.database_url:
        upgrade(settings.database_url)
        yield settings.database_url
        return
    server = EmbeddedPostgres(settings.data_dir, die_with_parent=False)
    with server:
        url = server.start()
        print(
            f"medswitch: embedded PostgreSQL {server.version} in {settings.data_dir}; production "
            "points --database-url at a PostgreSQL that somebody patches",
            file=sys.stderr,
        )
        upgrade(url)
        yield url


def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    with open_database(settings):
        print("the schema is up to date")


def seed(
    settings: Settings, members: int, institutions: int, terminals_each: int, random_seed: int
) -> None:
    """Load a synthetic province of `members` people."""
    from switch.seed import Size
    from switch.seed import seed as load

    kek = make_kek(settings, secrets.token_bytes(16))
    today = datetime.now(UTC).astimezone(BEIJING).date()
    with open_database(settings) as url:
        seeded = load(
            url,
            Size(members, institutions, terminals_each),
            random_seed=random_seed,
            data_dir=settings.data_dir,
            kek=kek,
            today=today,
        )
    print(seeded)
