"""The program: settings from flags, environment and file, handed to each command."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from switch.cli import (
    anchor,
    bench,
    change,
    clearing,
    institution,
    key,
    officer,
    policy,
    suspicion,
    terminal,
    voucher,
)
from switch.cli.options import PassphraseFile
from switch.config import FILE_VARIABLE, LOG_LEVELS, Settings, load

_DEFAULTS = Settings()


class Scenario(StrEnum):
    """What `medswitch demo` shows."""

    CASES = "cases"
    STAY = "stay"


app = typer.Typer(
    name="medswitch",
    help="医保结算清算平台 · the clearing switch for medical settlement by card.",
    epilog=(
        "A setting is a flag, or MEDSWITCH_NAME in the environment, or `name = value` in the TOML "
        "file; a flag wins over the environment, the environment over the file. "
        "Begin with `medswitch demo`."
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(officer.app, name="officer")
app.add_typer(change.app, name="change")
app.add_typer(policy.app, name="policy")
app.add_typer(clearing.app, name="clearing")
app.add_typer(key.app, name="key")
app.add_typer(anchor.app, name="anchor")
app.add_typer(suspicion.app, name="suspicion")
app.add_typer(terminal.app, name="terminal")
app.add_typer(institution.app, name="institution")
app.add_typer(voucher.app, name="voucher")

message_app = typer.Typer(
    help="国家接口报文 · messages of the national interface.", no_args_is_help=True
)
app.add_typer(message_app, name="message")
app.add_typer(bench.app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"medswitch {version('medswitch')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(envvar=FILE_VARIABLE, help="TOML file of settings.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the embedded database and keys.", show_default=str(_DEFAULTS.data_dir)
        ),
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="A PostgreSQL 15 or newer; none: the embedded one.")
    ] = None,
    kek_file: Annotated[
        Path | None,
        typer.Option(
            help="The key-encryption key, `id:hex`.", show_default="kek in the data folder"
        ),
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(LOG_LEVELS)}.", show_default=_DEFAULTS.log_level),
    ] = None,
    version: Annotated[  # noqa: ARG001 - typer calls `_version`
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and exit.")
    ] = False,
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
    listen: Annotated[
        str | None, typer.Option(help="Address and port.", show_default=_DEFAULTS.listen)
    ] = None,
    reuse_port: Annotated[
        bool | None,
        typer.Option("--reuse-port", help="Share the port with more processes of this switch."),
    ] = None,
    reflection: Annotated[
        bool | None, typer.Option(help="Serve gRPC reflection.", show_default="reflection")
    ] = None,
    session_life_s: Annotated[
        int | None,
        typer.Option(
            help="How long a sign-in lasts, seconds.",
            show_default=f"{_DEFAULTS.session_life_s}, the most",
        ),
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="PEM file of the server's certificates; none: no TLS.")
    ] = None,
    tls_private_key: Annotated[Path | None, typer.Option(help="PEM file of its key.")] = None,
    tls_client_authorities: Annotated[
        Path | None, typer.Option(help="PEM file: callers show a certificate of these.")
    ] = None,
    log_calls: Annotated[
        bool | None, typer.Option("--log-calls", help="Log each call, not only refusals.")
    ] = None,
    port_file: Annotated[
        Path | None, typer.Option(help="Write the port here once calls are answered.")
    ] = None,
) -> None:
    """Run the switch until SIGTERM or SIGINT, then drain."""
    from switch.cli.serve import serve as run

    settings = _settings(
        context,
        listen=listen,
        reuse_port=reuse_port,
        reflection=reflection,
        session_life_s=session_life_s,
        tls_certificate=tls_certificate,
        tls_private_key=tls_private_key,
        tls_client_authorities=tls_client_authorities,
        log_calls=log_calls,
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
    members: Annotated[int, typer.Option(min=0, help="How many people.")] = 10_000,
    institutions: Annotated[
        int, typer.Option(min=0, help="How many hospitals and pharmacies.")
    ] = 40,
    terminals_each: Annotated[
        int, typer.Option(min=1, max=9_999, help="Terminals of each institution.")
    ] = 2,
    catalogue_items: Annotated[
        int, typer.Option(min=0, help="Generated items beside the shipped catalogue.")
    ] = 0,
    random_seed: Annotated[int, typer.Option(help="Same seed, same province.")] = 20181201,
) -> None:
    """Load a synthetic province: people, cards, accounts, filings, institutions, terminals."""
    from switch.cli.database import seed as run
    from switch.seed import Size

    size = Size(members, institutions, terminals_each, catalogue_items)
    run(_settings(context), size, random_seed)


@app.command()
def demo(
    context: typer.Context,
    scenario: Annotated[
        Scenario, typer.Option(help="The 21 cases, or one long stay of 12,000 lines.")
    ] = Scenario.CASES,
) -> None:
    """Start the switch, load the demonstration province, run its cases, audit."""
    from switch.cli.demo import demo as run

    raise typer.Exit(run(_settings(context), scenario.value))


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


@app.command("close-day")
def close_day(
    context: typer.Context,
    region: Annotated[str, typer.Argument(help="统筹区 The pooling region, six digits.")],
    day: Annotated[
        str, typer.Argument(help="业务日 2026-11-25; none: each that is over and not closed.")
    ] = "",
    officer: Annotated[str | None, typer.Option(help="经办人 Who closes; none: only look.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="The officer's private key.")] = None,
    passphrase_file: PassphraseFile = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    accept_differences: Annotated[
        bool, typer.Option(help="Close although differences are open; the closing says so.")
    ] = False,
    files: Annotated[Path | None, typer.Option(help="Write the day's files here.")] = None,
) -> None:
    """Walk through a business day: totals, differences, what blocks closing, closing, files."""
    from switch.cli.close_day import close_period

    who = None
    if officer is not None and key_file is not None:
        who = (officer, key_file, passphrase_file)
    raise typer.Exit(
        close_period(
            _settings(context), region, day, who, yes=yes, accept=accept_differences, folder=files
        )
    )


@message_app.command("check")
def message_check(
    files: Annotated[list[Path], typer.Argument(help="Files of messages; `-`: standard input.")],
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object instead of tables.")
    ] = False,
) -> None:
    """Check the identities of national replies; exit 1 when one fails, 2 when one is unreadable."""
    from switch.cli.message import check as run

    raise typer.Exit(run(files, as_json=json))


@app.command()
def explain(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="A settlement id or a request id.")],
    html: Annotated[Path | None, typer.Option(help="Write the page to hand out here.")] = None,
) -> None:
    """Say why a settlement's amounts are what they are; exit 1 when they do not recompute."""
    from switch.cli.explain import explain as run

    raise typer.Exit(run(_settings(context), number, html))


@app.command()
def reassess(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Option(help="TOML: lines audited down, entitlements found wrong.")
    ] = None,
    filing: Annotated[
        list[str] | None, typer.Option(help="A filing taken for the past, by its id; repeatable.")
    ] = None,
    filings: Annotated[
        bool, typer.Option("--filings", help="Every filing taken for days before it was taken.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")] = False,
    propose: Annotated[
        bool, typer.Option("--propose", help="Propose that it be posted; another approves.")
    ] = False,
    officer: Annotated[str, typer.Option(help="With --propose: who proposes.")] = "",
    key_file: Annotated[Path | None, typer.Option(help="With --propose: the private key.")] = None,
    passphrase_file: Annotated[Path | None, typer.Option(help="Of the key file.")] = None,
    reason: Annotated[str, typer.Option(help="With --propose: why.")] = "",
) -> None:
    """List who is affected by what was found later, and by how much; exit 1 when anybody is."""
    from switch.cli.reassess import propose_findings
    from switch.cli.reassess import reassess as run

    if propose and (not officer or key_file is None):
        raise typer.BadParameter("--propose takes --officer and --key-file")
    wanted = (filing or []) if filing or filings else None
    findings = run(context.obj, file, wanted, json_wanted=json)
    if findings is None:
        raise typer.Exit(2)
    if propose and key_file is not None:
        raise typer.Exit(
            propose_findings(context.obj, findings, officer, key_file, passphrase_file, reason)
        )
    raise typer.Exit(1 if findings else 0)


def _settings(context: typer.Context, **flags: object) -> Settings:
    from dataclasses import replace

    settings: Settings = context.obj
    return replace(settings, **{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]


def main() -> None:
    """Run the command line; what a person can mend is a sentence, no trace.

    Exit status: 1 when an act is refused, 2 for what cannot be used.
    """
    try:
        app()
    except Exception as error:
        from switch.cli.refusals import sentence_of
        from switch.office.refusal import Refused

        sentence = sentence_of(error)
        if sentence is None:
            raise
        print(f"medswitch: {sentence}", file=sys.stderr)
        sys.exit(1 if isinstance(error, Refused) else 2)
