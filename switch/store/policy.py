"""Policy under maker and checker: frozen by its hash when proposed, in force when approved."""

from collections.abc import Mapping
from datetime import date, datetime

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.model.ids import RegionCode
from switch.office.activation import Activation, PolicyActivation, genesis_content
from switch.office.canonical import Content
from switch.office.change import Change, Decision, Kind
from switch.office.judge import activation_of
from switch.office.refusal import Refusal, Refused
from switch.store.office import Registrar, Signer
from switch.store.rule_books import Texts, keep_book, put_in_force


def propose_activation(
    registrar: Registrar,
    signer: Signer,
    region: RegionCode,
    texts: Texts,
    active_from: date,
    reason: str,
    at: datetime,
) -> Change:
    """Keep a book and propose it for its region from a business day on; return the change.

    Raises: Refused; ValueError for a book that is none, or of another region.
    """
    with registrar.connection.transaction():
        book_hash = keep_book(registrar.connection, region, texts, at)
        wanted = PolicyActivation(region, book_hash, active_from)
        return registrar.propose(signer, Kind.ACTIVATE_POLICY, wanted.content(), reason, at)


def activate(conn: Connection[TupleRow], change: Change, decision: Decision) -> None:
    """Put an approved book in force: the effect of `activate-policy`. Raises: Refused."""
    try:
        put_in_force(conn, activation_of(change, decision))
    except (LookupError, ValueError) as error:
        raise Refused(Refusal.BOOK_NOT_KEPT, str(error)) from error


def begin(
    registrar: Registrar,
    books: Mapping[RegionCode, Texts],
    active_from: date,
    at: datetime,
    more: Content,
) -> None:
    """Put the books that an empty database begins with in force: its genesis, signed by nobody.

    `more`: what else it says: the keys that stand, the filings that nobody asked for.

    Raises: Refused when the office has records already; ValueError as `propose_activation`.
    """
    conn = registrar.connection
    with conn.transaction():
        first = [
            PolicyActivation(region, keep_book(conn, region, texts, at), active_from)
            for region, texts in books.items()
        ]
        registrar.begin({**genesis_content(first), **more}, at)
        for one in first:
            put_in_force(conn, Activation(one.region, one.hash, active_from, record=1, change=0))
