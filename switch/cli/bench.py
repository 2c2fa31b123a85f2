"""`medswitch bench …`: what the switch's own work costs on this machine."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

_TREE = Path(__file__).resolve().parents[2]

app = typer.Typer(name="bench", invoke_without_command=True)


@app.callback()
def whole(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="In about two minutes.")] = False,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Interleaved; the median counts.")
    ] = None,
    calls: Annotated[int | None, typer.Option(min=1, help="Of each segment of a round.")] = None,
) -> None:
    """测速 · settlements beside the bare stack and pgbench; `rules`, `keys`: these alone."""
    if context.invoked_subcommand is not None:
        return
    if not (_TREE / "loadtest" / "bench").is_dir():
        typer.echo("the benchmark comes with the source tree: run `make bench` there", err=True)
        raise typer.Exit(2)
    command = [sys.executable, "-m", "loadtest.bench", *(["--quick"] if quick else [])]
    command += [] if rounds is None else ["--rounds", str(rounds)]
    command += [] if calls is None else ["--calls", str(calls)]
    raise typer.Exit(subprocess.run(command, cwd=_TREE, check=False).returncode)


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
