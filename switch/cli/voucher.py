"""`medswitch voucher …`: whose e-vouchers are trusted, under maker and checker."""

from datetime import datetime
from typing import Annotated

import typer

from switch.cli.options import KeyFile, OfficerName, PassphraseFile, Reason
from switch.cli.registry import propose
from switch.config import ConfigError
from switch.office.change import Kind
from switch.office.voucher import TrustedIssuer

app = typer.Typer(
    name="voucher",
    help="电子凭证 · e-vouchers: issuers and their public keys.",
    no_args_is_help=True,
)
_DAY = ["%Y-%m-%d"]


@app.command()
def issuers(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """List the issuers whose e-vouchers are taken."""
    from switch.cli.acting import open_office, show_json
    from switch.store.vouchers import load_issuers

    with open_office(context.obj) as registrar:
        found = [TrustedIssuer(one) for one in load_issuers(registrar.connection).values()]
    if json:
        show_json([dict(one.content()) for one in found])
        return
    for one in found:
        print(" ".join(str(value) for value in one.content().values()))


@app.command()
def trust(
    context: typer.Context,
    issuer: Annotated[str, typer.Argument(help="签发方 The issuer's name, as its tokens say it.")],
    public_key: Annotated[str, typer.Argument(help="公钥 x and y, 128 hexadecimal digits.")],
    since: Annotated[datetime, typer.Option("--from", formats=_DAY, help="The first day.")],
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    algorithm: Annotated[str, typer.Option(help="SM2 or P256.")] = "SM2",
    until: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="The last day.")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose an issuer: once another officer approves, its tokens settle; its old key does not."""
    content = {
        "issuer": issuer,
        "algorithm": algorithm,
        "public_key": public_key.lower(),
        "since": since.date().isoformat(),
        "until": "" if until is None else until.date().isoformat(),
    }
    try:
        wanted = TrustedIssuer.read(content)
    except ValueError as error:
        raise ConfigError(f"{issuer} is no issuer: {error}") from error
    propose(
        context, Kind.TRUST_ISSUER, wanted.content(), officer, key_file, reason, passphrase_file
    )
