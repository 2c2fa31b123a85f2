"""The chain of clearing acts: what was closed and answered, sealed one over the other.

Written under one lock, in the transaction of what the act comes to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.clearing.statement import Line, Statement
from switch.ledger.digest import canonical_json
from switch.office.officer import Role, active_officer
from switch.office.refusal import Refusal, Refused
from switch.security.errors import SignatureMismatch
from switch.security.seal import sm3
from switch.security.signature import verify_signature
from switch.store.office import Signer, load_officers
from switch.store.posting import Sealer

CHAIN: Final = 1 << 52
"""Above every number of a lane and a batch, so no link of theirs is one of ours."""

_LOCK: Final = "SELECT pg_advisory_xact_lock(20181205)"
_HEAD: Final = "SELECT number, seal FROM medswitch.clearing_act ORDER BY number DESC LIMIT 1"
_ADD: Final = """
INSERT INTO medswitch.clearing_act (number, body, signature, seal_version, seal)
VALUES (%s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class SealedAct:
    """An act as it is written."""

    number: int
    body: str
    signature: bytes
    seal_version: int
    seal: bytes


def lock(conn: Connection[TupleRow]) -> None:
    """Wait until no other clearing act is under way; held to the end of the transaction."""
    conn.execute(_LOCK)


def next_act(
    conn: Connection[TupleRow],
    sealer: Sealer,
    content: Mapping[str, Any],
    signer: Signer | None = None,
) -> SealedAct:
    """Return an act sealed over the last one; an officer's is signed. Raises: Refused."""
    head = conn.execute(_HEAD).fetchone()
    number, previous = (1, b"") if head is None else (head[0] + 1, head[1])
    body, version = canonical_json(content), sealer.seal_version
    signature = b"" if signer is None else _signed(conn, body, signer)
    seal = sealer.seal(version, CHAIN | number, previous, act_digests(body, signature))
    return SealedAct(number, body, signature, version, seal)


def add_act(
    conn: Connection[TupleRow], sealer: Sealer, content: Mapping[str, Any], signer: Signer
) -> int:
    """Write an officer's act and return its number. The lock is held. Raises: Refused."""
    act = next_act(conn, sealer, content, signer)
    row = (act.number, act.body, act.signature, act.seal_version, act.seal)
    conn.execute(_ADD, row)
    return act.number


def signed_act(body: str) -> bytes:
    """Return the bytes an officer signs of an act: no other text of his is one of these."""
    return b"medswitch/clearing-act/v1\0" + body.encode("utf-8")


def act_digests(body: str, signature: bytes) -> list[bytes]:
    """Return what an act's seal covers beside its number and the seal before."""
    return [sm3(signed_act(body)), signature]


def _signed(conn: Connection[TupleRow], body: str, signer: Signer) -> bytes:
    """Return the signature of an officer who may clear, by the key he is known by."""
    officer = active_officer(load_officers(conn), signer.name)
    if not officer.may(Role.CLEARING):
        raise Refused(Refusal.ROLE_MISSING, f"clearing takes the role clearing: {signer.name}")
    signature = signer.sign(signed_act(body))
    try:
        verify_signature(officer.public_key, signed_act(body), signature)
    except SignatureMismatch:
        raise Refused(Refusal.OTHER_KEY, f"{signer.name} was enrolled with another key") from None
    return signature


def statement_digest(period: str, version: int, one: Statement) -> bytes:
    """Return SM3 over a statement: what an institution confirms."""
    return lines_digest(
        [period, version, one.region, one.institution, one.rate_bp, one.withheld_fen], one.lines
    )


def lines_digest(head: Sequence[str | int], lines: Sequence[Line]) -> bytes:
    """Return SM3 over a statement's head and lines, each a line of text, fields parted by tabs."""
    rows = [head] + [
        [
            line.region_insured, line.insurance, line.clearing_type, line.payer, line.count,
            line.amount_fen,
        ]
        for line in lines
    ]  # fmt: skip
    return sm3("\n".join("\t".join(map(str, row)) for row in rows).encode("utf-8"))
