"""`medswitch migrate` and `medswitch seed`; and the database every command opens."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from switch.config import Settings
from switch.device.home import make_home
from switch.model.ids import BEIJING

if TYPE_CHECKING:
    from switch.seed import Size
    from switch.store.embedded import EmbeddedPostgres


@contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """Yield the URL of a migrated database: the one that was named, or the embedded one.

    Raises: psycopg.Error; for the embedded one BinariesNotFound, EmbeddedPostgresError,
    NamespaceRefused, OSError.
    """
    with open_server(settings) as (url, _):
        yield url


@contextmanager
def open_server(settings: Settings) -> Iterator[tuple[str, "EmbeddedPostgres | None"]]:
    """Yield the same, and the embedded server when it is that. Raises: as `open_database`."""
    from switch.store.embedded import EmbeddedPostgres
    from switch.store.migrate import upgrade

    if settings.database_url:
        upgrade(settings.database_url)
        yield settings.database_url, None
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
        yield url, server


def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    with open_database(settings):
        print("数据库已是最新版本 the schema is up to date")


def seed(settings: Settings, size: "Size", random_seed: int) -> None:
    """Load a synthetic province."""
    from switch.seed import seed as load

    kek = make_home(settings, secrets.token_bytes(32))
    today = datetime.now(UTC).astimezone(BEIJING).date()
    with open_database(settings) as url:
        seeded = load(
            url,
            size,
            random_seed=random_seed,
            data_dir=settings.data_dir,
            kek=kek,
            today=today,
        )
    print(f"已载入 loaded: {seeded}")
    command = command_of(settings)
    print(
        f"数据 data: {settings.data_dir} (issuer.json, cards.csv, terminals.csv: test keys)\n"
        f"继续 go on:\n"
        f"  {command} serve     # 启动平台 the switch, at {settings.listen}\n"
        f"  {command} audit     # 核对不变式 the invariants"
    )


def command_of(settings: Settings) -> str:
    """Return the command as it was called, with what finds the same data again."""
    called = Path(sys.argv[0])
    python = shown(Path(sys.executable))
    name = f"{python} -m switch" if called.name == "__main__.py" else str(shown(called))
    words = [name, "--data-dir", str(settings.data_dir)]
    if settings.database_url:
        words += ["--database-url", "..."]
    if settings.kek_file is not None:
        words += ["--kek-file", str(settings.kek_file)]
    return " ".join(words)


def shown(path: Path) -> Path:
    """Return a path as somebody would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
