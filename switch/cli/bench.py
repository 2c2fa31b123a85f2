"""`medswitch bench …`: what the switch's own work costs on this machine."""

from typing import Annotated

import typer

app = typer.Typer(name="bench", help="测速 · benchmarks: rules.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """测速 · benchmarks: rules."""


@app.command("rules")
def rules(
    rounds: Annotated[int, typer.Option(min=2, help="Rounds, each through every row.")] = 15,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object instead of a table.")
    ] = False,
) -> None:
    """Measure adjudication: an outpatient bill and a stay, by lines and size of the catalogue."""
    from switch.cli.bench_rules import bench_rules as run

    run(rounds, as_json=json)
