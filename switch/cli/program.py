"""The program: settings from flags, environment and file, handed to each command."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from switch.cli import bench, policy
from switch.config import ConfigError, Settings, load

app = typer.Typer(
    name="medswitch",
    help="医保结算清算平台 · the clearing switch for medical settlement by card.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.add_typer(policy.app)
app.add_typer(bench.app)


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
    """Check the fifteen invariants over the whole database; exit 1 when one is broken."""
    from switch.cli.audit import audit as run

    raise typer.Exit(run(_settings(context), answered, as_json=json))


@app.command()
def explain(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="A settlement id or a request id.")],
    html: Annotated[Path | None, typer.Option(help="Write the page to hand out here.")] = None,
) -> None:
    """Say why a settlement's amounts are what they are; exit 1 when they do not recompute."""
    from switch.cli.explain import explain as run

    raise typer.Exit(run(_settings(context), number, html))


def _settings(context: typer.Context, **flags: object) -> Settings:
    from dataclasses import replace

    settings: Settings = context.obj
    return replace(settings, **{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]


def main() -> None:
    """Run the command line; a setting that cannot be used is a sentence, not a traceback."""
    try:
        app()
    except ConfigError as error:
        print(f"medswitch: {error}", file=sys.stderr)
        sys.exit(2)
