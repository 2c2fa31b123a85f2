"""The program: settings from flags, environment and file, handed to each command."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from switch.cli import change, officer, policy
from switch.config import ConfigError, Settings, load
from switch.office.refusal import Refused

app = typer.Typer(
    name="medswitch",
    help="医保结算清算平台 · the clearing switch for medical settlement by card.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(officer.app, name="officer")
app.add_typer(change.app, name="change")
app.add_typer(policy.app, name="policy")


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the embedded database and keys.")
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="A PostgreSQL 15 or newer; none: the embedded one.")
    ] = None,
    kek_file: Annotated[Path | None, typer.Option(help="The key-encryption key, `id:hex`.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Read the settings that every command shares."""
    context.obj = load(
        {
            "data_dir": data_dir,
            "database_url": database_url,
            "kek_file": kek_file,
            "log_level": log_level,
        },
        file=config,
    )


@app.command()
def serve(
    context: typer.Context,
    listen: Annotated[str | None, typer.Option(help="Address and port.")] = None,
    reflection: Annotated[bool | None, typer.Option(help="Serve gRPC reflection.")] = None,
    session_life_s: Annotated[
        int | None, typer.Option(help="How long a sign-in lasts, seconds; at most a day.")
    ] = None,
    port_file: Annotated[
        Path | None, typer.Option(help="Write the port here once calls are answered.")
    ] = None,
) -> None:
    """Run the switch until SIGTERM or SIGINT, then drain."""
    from switch.cli.serve import serve as run

    settings = _settings(
        context, listen=listen, reflection=reflection, session_life_s=session_life_s
    )
    run(settings, port_file)


@app.command()
def migrate(context: typer.Context) -> None:
    """Bring the database to the newest schema."""
    from switch.cli.database import migrate as run

    run(_settings(context))


@app.command()
def seed(
    context: typer.Context,
    members: Annotated[int, typer.Option(help="How many people.")] = 10_000,
    institutions: Annotated[int, typer.Option(help="How many hospitals and pharmacies.")] = 40,
    terminals_each: Annotated[int, typer.Option(help="Terminals of each institution.")] = 2,
    random_seed: Annotated[int, typer.Option(help="Same seed, same province.")] = 20181201,
) -> None:
    """Load a synthetic province: people, cards, accounts, filings, institutions, terminals."""
    from switch.cli.database import seed as run

    run(_settings(context), members, institutions, terminals_each, random_seed)


@app.command()
def demo(context: typer.Context) -> None:
    """Start the switch, load the demonstration province, run its cases, audit."""
    from switch.cli.demo import demo as run

    raise typer.Exit(run(_settings(context)))


@app.command()
def audit(
    context: typer.Context,
    answered: Annotated[
        Path | None, typer.Option(help="Answers a client kept, one JSON object a line.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object instead of a table.")
    ] = False,
) -> None:
    """Check the invariants over the whole database; exit 1 when one is broken."""
    from switch.cli.audit import audit as run

    raise typer.Exit(run(_settings(context), answered, as_json=json))


def _settings(context: typer.Context, **flags: object) -> Settings:
    from dataclasses import replace

    settings: Settings = context.obj
    return replace(settings, **{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]


def main() -> None:
    """Run the command line; what cannot be used or may not be is a sentence, not a traceback.

    Exit status: 1 when an act is refused or something is wrong with what is there, 2 for a command
    line that cannot be used.
    """
    try:
        app()
    except Refused as refused:
        print(f"medswitch: {refused}", file=sys.stderr)
        sys.exit(1)
    except ConfigError as error:
        print(f"medswitch: {error}", file=sys.stderr)
        sys.exit(2)
