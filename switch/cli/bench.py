"""`medswitch bench …`: what the switch's own work costs on this machine."""

from typing import Annotated

import typer

app = typer.Typer(name="bench", help="测速 · benchmarks: rules, keys.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """测速 · benchmarks: rules, keys."""


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


@app.command("keys")
def keys(
    context: typer.Context,
    rounds: Annotated[int, typer.Option(min=2, help="Rounds, each through every row.")] = 15,
    device: Annotated[
        bool, typer.Option("--device", help="AES tier keys in the configured PKCS#11 token.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object instead of a table.")
    ] = False,
) -> None:
    """Measure MACs, card validation cold and cached, nonce and seal, in SM4, AES and TDES."""
    from switch.cli.bench_keys import bench_keys as run

    run(context.obj, rounds, device=device, as_json=json)
