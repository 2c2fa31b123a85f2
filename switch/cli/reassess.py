"""`medswitch reassess`: who is affected by what was found later, and proposing to post it."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psycopg

from switch.audit.reader import open_reader
from switch.cli.acting import open_office, read_signer, show_json, tell_proposed, time_of
from switch.cli.database import open_database
from switch.config import Settings
from switch.office.adjustment import ITEMS_MAX
from switch.reassess.correction import BadCorrection, Corrections, parse_corrections
from switch.reassess.past import Finding, Past, filings_of_the_past
from switch.reassess.post import propose
from switch.reassess.report import as_json, as_text


def reassess(
    settings: Settings, file: Path | None, filings: Sequence[str] | None, *, json_wanted: bool
) -> list[Finding] | None:
    """Print who is affected, and return the findings; None for corrections that are none."""
    try:
        text = "" if file is None else file.read_text(encoding="utf-8")
        corrections = parse_corrections(text)
        with open_database(settings) as url:
            findings = _findings(url, corrections, filings)
    except (BadCorrection, LookupError, ValueError, OSError) as error:
        print(f"medswitch: {error}", file=sys.stderr)
        return None
    if json_wanted:
        show_json(as_json(findings))
    else:
        print(as_text(findings), end="")
    return findings


def _findings(url: str, corrections: Corrections, filings: Sequence[str] | None) -> list[Finding]:
    with psycopg.connect(url, autocommit=True) as connection:
        if filings is not None:
            found = filings_of_the_past(connection, filings)
            corrections = replace(corrections, filings=found)
    with open_reader(url) as connection:
        return list(Past(connection, corrections).findings())


def propose_findings(
    settings: Settings,
    findings: Sequence[Finding],
    officer: str,
    key_file: Path,
    passphrase_file: Path | None,
    reason: str,
) -> int:
    """Propose that what can be posted be posted; return 0, or 2 when there is nothing to post."""
    postable = [one for one in findings if not one.refused]
    if not postable:
        print("medswitch: 没有可入账的更正 nothing here can be posted", file=sys.stderr)
        return 2
    # Whole persons: a later settlement of his rests on the earlier one.
    last = next(
        (n for n in range(min(ITEMS_MAX, len(postable)), 0, -1)
         if n == len(postable) or postable[n].member != postable[n - 1].member), 0,
    )  # fmt: skip
    if not last:
        print(f"medswitch: one person has more than {ITEMS_MAX} corrections", file=sys.stderr)
        return 2
    signer = read_signer(officer, key_file, passphrase_file)
    with open_office(settings) as registrar:
        change = propose(registrar, signer, postable[:last], reason, time_of(registrar))
    tell_proposed(change)
    if last < len(postable):
        print(f"其余另提 {len(postable) - last} more: run it again when this one is decided")
    return 0
