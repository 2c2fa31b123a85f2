"""The options that commands of the office share. Light: `medswitch --help` reads this."""

from pathlib import Path
from typing import Annotated

import typer

OfficerName = Annotated[str, typer.Option("--officer", help="经办人 Who acts: an officer's name.")]
KeyFile = Annotated[
    Path, typer.Option("--key-file", help="The acting officer's private key, encrypted.")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        help="The key file's passphrase; else MEDSWITCH_PASSPHRASE, else it is asked for."
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="理由 Why; kept with the change.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
