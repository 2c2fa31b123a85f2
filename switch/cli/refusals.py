"""What a person can mend is a sentence; anything else is our mistake and keeps its trace."""

import psycopg
from sqlalchemy.exc import DBAPIError

from switch.audit.answered import NotAnAnswer
from switch.clearing.policy import NotHeld
from switch.config import ConfigError
from switch.demo.run import NoDemonstration
from switch.device.refused import DeviceRefused
from switch.office.refusal import Refused
from switch.security.errors import KcvMismatch, KeyNotLive, KeyUnwrapFailed, VaultInconsistent
from switch.seed.province import NotEmpty
from switch.server.lifecycle import AddressRefused
from switch.store.binaries import BinariesNotFound
from switch.store.cluster import EmbeddedPostgresError
from switch.store.connection import NotDurable
from switch.store.postmaster import NamespaceRefused

_OUR_WORDS = (
    AddressRefused,
    BinariesNotFound,
    ConfigError,
    DeviceRefused,
    EmbeddedPostgresError,
    KcvMismatch,
    KeyNotLive,
    KeyUnwrapFailed,
    NamespaceRefused,
    NoDemonstration,
    NotAnAnswer,
    NotDurable,
    NotEmpty,
    NotHeld,
    OSError,
    Refused,
    VaultInconsistent,
)


def sentence_of(error: BaseException) -> str | None:
    """Return what to tell about an error, None for one that nobody expected."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, _OUR_WORDS):
        return str(error)
    if isinstance(error, psycopg.OperationalError):
        return f"the database cannot be used: {' '.join(str(error).split())}"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return f"the database's role may not do that: {error.diag.message_primary}"
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        # Its own message would quote the URL, and with it a password.
        return "database_url cannot be read: give postgresql://user@host:port/database"
    return None
