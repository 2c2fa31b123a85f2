"""Connections of the switch: one role, bounded waits, and durability that is checked, not hoped.

A lane's connection plans without hash joins and sequential scans: its statements join a few keys
to primary keys, and a plan made on an empty table must not be kept for a full one.
"""

from typing import Final

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

RUNTIME_ROLE: Final = "medswitch_runtime"
SERVER_VERSION_MIN: Final = 150000
DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")
NOT_DURABLE: Final = frozenset({"off", "local"})

# A peer that vanished without a word is found out in seconds, not in the kernel's quarter of an
# hour. The address may say otherwise; none of it concerns a Unix socket.
_PATIENCE: Final = {
    "connect_timeout": 3,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}

_SETTINGS: Final = {
    "search_path": "medswitch, pg_temp",
    "lock_timeout": "1s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "2s",
    "timezone": "UTC",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


class NotDurable(Exception):
    """The server would answer before it is durable; the message says which setting to mend."""


async def connect(url: str, *, durable: bool = True) -> AsyncConnection[TupleRow]:
    """Return an autocommit connection in the runtime role.

    `durable` False is for tests on a throw-away server only. Raises: NotDurable, psycopg.Error.
    """
    stated = conninfo_to_dict(url)
    patience = {name: value for name, value in _PATIENCE.items() if name not in stated}
    connection = await AsyncConnection.connect(
        make_conninfo(url, **patience), autocommit=True, prepare_threshold=0
    )
    try:
        await _prepare(connection, durable=durable)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _prepare(connection: AsyncConnection[TupleRow], *, durable: bool) -> None:
    if connection.info.server_version < SERVER_VERSION_MIN:
        raise NotDurable(f"PostgreSQL {connection.info.server_version} is older than 15")
    if durable:
        await _check_durable(connection)
    # One round trip for all: a lane that was cut off is soon back.
    await connection.execute(
        "SELECT set_config(k.name, k.value, false)"
        " FROM unnest(%s::text[], %s::text[]) AS k(name, value)",
        (list(_SETTINGS), list(_SETTINGS.values())),
    )
    await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(RUNTIME_ROLE)))


async def _check_durable(connection: AsyncConnection[TupleRow]) -> None:
    cursor = await connection.execute(
        "SELECT k.name, current_setting(k.name) FROM unnest(%s::text[]) AS k(name)",
        (list(DURABLE),),
    )
    for name, value in await cursor.fetchall():
        if value in NOT_DURABLE:
            raise NotDurable(f"{name} is off on this server: a reply would not mean posted")


def transient(error: psycopg.Error) -> bool:
    """Say whether the server rolled a call back for a reason that may pass.

    40001 serialization, 40P01 deadlock, 55P03 lock timeout, 57014 statement timeout,
    MS001 a request id or an original was taken meanwhile.
    """
    return error.sqlstate in {"40001", "40P01", "55P03", "57014", "MS001"}


def exhausted(error: psycopg.Error) -> bool:
    """Say whether the server rolled a call back because it can write nothing at all just now.

    Class 53: disk, memory or connections used up; 25006: it has become a standby.
    """
    state = error.sqlstate or ""
    return state.startswith("53") or state == "25006"


def number_taken(error: psycopg.Error) -> bool:
    """Say whether a batch of this lane and number stands already.

    23505: every other key of the posting function is inserted ON CONFLICT DO NOTHING, or is made
    of the lane's and the batch's number.
    """
    return error.sqlstate == "23505"


def lost(error: psycopg.Error) -> bool:
    """Say whether an error leaves the outcome open: the connection broke or the server fell."""
    state = error.sqlstate
    return state is None or state.startswith(("08", "57P")) or state in {"58000", "XX000"}
