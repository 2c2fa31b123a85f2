"""What proposals about terminals and institutions share."""

from pathlib import Path

import typer

from switch.office.canonical import Content
from switch.office.change import Kind


def propose(
    context: typer.Context,
    kind: Kind,
    content: Content,
    officer: str,
    key_file: Path,
    reason: str,
    passphrase_file: Path | None,
) -> None:
    """Propose a change and say for whom it waits. Raises: Refused, ConfigError."""
    from switch.cli.acting import open_office, read_signer, tell_proposed, time_of

    signer = read_signer(officer, key_file, passphrase_file)
    with open_office(context.obj) as registrar:
        change = registrar.propose(signer, kind, content, reason, time_of(registrar))
    tell_proposed(change)
