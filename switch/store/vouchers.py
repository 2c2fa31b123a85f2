"""E-vouchers: which have settled, whose issuers are trusted, and the office's word on those."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.model.claim import VoucherEvidence
from switch.model.ids import MemberId, bucket_of_member
from switch.model.voucher import VoucherIssuer, VoucherUse
from switch.office.change import Change, Decision
from switch.office.voucher import TrustedIssuer
from switch.pipeline.view import View
from switch.store.channel import Channel, Statement

_USED: Final = Statement(
    "vouchers",
    """
SELECT u.member_id, u.nonce FROM unnest($1::int[], $2::text[], $3::text[]) AS k(bucket, id, nonce)
JOIN voucher_use u ON u.bucket = k.bucket AND u.member_id = k.id AND u.nonce = k.nonce
""",
    ("int[]", "text[]", "text[]"),
)
_ISSUERS: Final = """
SELECT issuer, algorithm, public_key, since, until FROM medswitch.voucher_issuer
"""
_TRUST: Final = """
INSERT INTO medswitch.voucher_issuer AS v (issuer, algorithm, public_key, since, until)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (issuer) DO UPDATE SET algorithm = excluded.algorithm,
    public_key = excluded.public_key, since = excluded.since, until = excluded.until
"""
_EPOCH: Final = "UPDATE medswitch.epoch SET epoch = epoch + 1"


async def read_vouchers(channel: Channel, view: View, shown: Collection[VoucherEvidence]) -> None:
    """Add which of the tokens have settled; a settlement with one made a version of its person."""
    keys = [
        (bucket_of_member(person), person, one.nonce.hex())
        for one in shown
        if (person := view.persons.get(one.social_security_number)) is not None
    ]
    columns = [[key[nth] for key in keys] for nth in range(3)]
    for member_id, nonce in await channel.ask(_USED, *columns):
        view.vouchers.add((MemberId(member_id), bytes.fromhex(nonce)))


def voucher_row(use: VoucherUse) -> Mapping[str, Any]:
    """Return a use's row: column → JSON value."""
    return {
        "bucket": bucket_of_member(use.member_id),
        "member_id": use.member_id,
        "nonce": use.nonce.hex(),
        "version": use.version,
        "request_id": use.request_id,
    }


def load_issuers(connection: Connection[TupleRow]) -> dict[str, VoucherIssuer]:
    """Return every issuer by its name."""
    return {row[0]: VoucherIssuer(*row) for row in connection.execute(_ISSUERS)}


def save_issuer(connection: Connection[TupleRow], one: VoucherIssuer) -> None:
    """Keep an issuer, in place of the key it had; the caller bumps the epoch."""
    values = (one.issuer, one.algorithm, one.public_key, one.since, one.until)
    connection.execute(_TRUST, values)


def trust(connection: Connection[TupleRow], change: Change, _: Decision) -> None:
    """Trust an issuer: the effect of `trust-issuer`. Raises: psycopg.Error."""
    save_issuer(connection, TrustedIssuer.read(change.content).issuer)
    connection.execute(_EPOCH)
