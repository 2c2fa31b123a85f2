"""`medswitch policy …`: what a policy says, whether its cases hold, and what is in force when."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from switch.cli.options import KeyFile, OfficerName, PassphraseFile, Reason
from switch.config import ConfigError
from switch.model.ids import parse_region

app = typer.Typer(
    name="policy",
    help="政策 · policies: check, test, diff, simulate, activate.",
    no_args_is_help=True,
)


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Policy files; none: those that are shipped.")
    ] = None,
) -> None:
    """Load policies and say what they hold from when; a fault names file, line and rule."""
    from switch.cli.cases import check as run

    raise typer.Exit(run(files or []))


@app.command("test")
def run_cases(
    files: Annotated[list[Path], typer.Argument(help="Case files (docs/cases.md).")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    working: Annotated[
        bool, typer.Option(help="Show the working of every case, not only of those that fail.")
    ] = False,
) -> None:
    """Run cases through adjudication; needs no database. Exit 1 when one does not hold."""
    from switch.cli.cases import run_case_files as run

    raise typer.Exit(run(files, as_json=json, working=working))


@app.command()
def activate(
    context: typer.Context,
    region: Annotated[str, typer.Argument(help="统筹区 The pooling region, six digits.")],
    files: Annotated[list[Path], typer.Argument(help="The whole book: its TOML files.")],
    active_from: Annotated[
        datetime,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="启用日 The first business day, not before today."
        ),
    ],
    officer: OfficerName,
    key_file: KeyFile,
    reason: Reason,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Propose a rule book; once another officer approves it, it rules from that day on."""
    from switch.cli.acting import open_office, read_signer, tell_proposed, time_of
    from switch.store.policy import propose_activation

    texts = _read(files)
    signer = read_signer(officer, key_file, passphrase_file)
    with open_office(context.obj) as registrar:
        try:
            change = propose_activation(
                registrar,
                signer,
                parse_region(region),
                texts,
                active_from.date(),
                reason,
                time_of(registrar),
            )
        except ValueError as error:
            raise ConfigError(f"no rule book of {region}: {error}") from error
    print(f"政策 rule book {change.content['hash']} of {region} from {active_from:%Y-%m-%d}")
    tell_proposed(change)


def _read(files: list[Path]) -> dict[str, str]:
    """Return a book's texts by file name. Raises: ConfigError."""
    texts: dict[str, str] = {}
    for file in files:
        if file.name in texts:
            raise ConfigError(f"two files are named {file.name}: rule ids are told apart by file")
        try:
            texts[file.name] = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file} cannot be read: {error}") from error
    return texts


@app.command()
def diff(
    context: typer.Context,
    before: Annotated[
        str, typer.Argument(help="File, folder, shipped:REGION, active:REGION or hash:DIGITS.")
    ],
    after: Annotated[str, typer.Argument(help="The same, of the newer policy.")],
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object instead of tables.")
    ] = False,
) -> None:
    """Say which value of which rule differs from when; exit 0 the same, 1 different."""
    from switch.cli.policy_diff import diff as run

    raise typer.Exit(run(context.obj, before, after, as_json=json))


_DAY = ["%Y-%m-%d"]


@app.command()
def simulate(
    context: typer.Context,
    policy: Annotated[
        list[str],
        typer.Option(help="Candidate: file, folder, shipped:REGION, hash:DIGITS; repeatable."),
    ],
    since: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="First business day.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="Last business day.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write a page with charts here.")] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object instead of tables.")
    ] = False,
) -> None:
    """Decide posted settlements again under a candidate, and say who would gain or lose."""
    from switch.cli.policy_simulate import simulate_policy as run

    raise typer.Exit(
        run(
            context.obj, policy, since and since.date(), until and until.date(),
            jobs=jobs, html=html, json_wanted=json,
        )
    )  # fmt: skip
