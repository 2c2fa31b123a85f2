"""`python -m loadtest`: seed, serve, load, stop, audit; exit 1 when the run does not balance.

`python -m loadtest kill` does the same with a kill -9 of the switch in the middle of the load: the
switch is started again on the same data, and every settlement that was answered must be there,
once. A switch that somebody else kills meanwhile is started again, too.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from loadtest import check, machine, report
from loadtest.options import Options, read_options
from loadtest.outage import Outage
from loadtest.processes import ROOT, Driver, Medswitch, RunFailed, Switch, serving

console: Final = Console(width=110)


def main(arguments: Sequence[str]) -> int:
    """Make a run and return the exit status."""
    options = read_options(arguments, __doc__)
    folder = options.data_dir
    if folder is None:
        # Not in /tmp, which may be memory: a commit there would be durable in name only.
        (ROOT / "var").mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="loadtest-", dir=ROOT / "var"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        result = run(options, folder)
    except RunFailed as failure:
        console.print(f"[bold red]No run:[/bold red] {failure}\nfiles: {shown(folder)}")
        return 2
    except KeyboardInterrupt:
        console.print(f"given up; files: {shown(folder)}")
        return 130
    report.append(result, options.results)
    report.show(result, console)
    console.print(f"one line more in {shown(options.results)}", style="dim")
    if result["void"]:
        console.print("[bold red]VOID: this run does not balance[/bold red]")
        for problem in result["problems"]:
            console.print(f"  {problem}", markup=False)
        console.print(f"files: {shown(folder)}")
        return 1
    console.print(
        f"[bold green]balanced[/]: {result['answers']:,} answers, each in the ledger once, "
        "nothing else there; audit clean"
    )
    if options.data_dir is None:
        shutil.rmtree(folder)
    return 0


def shown(path: Path) -> Path:
    """Return a path as somebody would type it here."""
    path = path.resolve()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def run(options: Options, folder: Path) -> dict[str, Any]:
    """Return a run's result. Raises: RunFailed."""
    medswitch = Medswitch(folder, options.database_url)
    medswitch.seed(options)
    answers, figures = folder / "answers.jsonl", folder / "figures.json"
    answers.unlink(missing_ok=True)
    since = datetime.now(UTC)
    with serving(medswitch) as switch:
        url = medswitch.database()
        surroundings: dict[str, Any] = {
            "commit": machine.commit(),
            "machine": machine.machine(folder),
            "database": machine.database_settings(url),
        }
        driver = Driver(options, _given(options, medswitch, switch), folder / "locust.log")
        try:
            console.print(f"{options.terminals} terminals sign in at {switch.address}")
            driver.wait_until_load()
            console.print(
                f"load: {options.seconds:.0f} s, {options.users} cashiers; "
                f"the switch is process {switch.pid}, and may be killed"
            )
            outage = Outage(switch, options.kill_after, console.print)
            driver.wait(outage.mind)
        finally:
            driver.end()
        measured = json.loads(figures.read_text("utf-8"))
        surroundings |= {"batches": machine.batches(url, since), "kill": outage.told}
        posted, twice = check.read_journals(url, since)
    problems = [*measured["wrong"], *measured_problems(measured), *outage.problems]
    answered = check.read_answered(answers)
    problems += check.differences(posted, twice, answered, measured["reversed_unseen"])
    if status := medswitch.audit(answers):
        problems.append(f"medswitch audit ended with {status}")
    return report.result_of(options, measured, surroundings, problems)


def measured_problems(figures: dict[str, Any]) -> list[str]:
    """Return why figures say nothing though everything balances."""
    found = []
    if figures["wrong_count"] > len(figures["wrong"]):
        found.append(f"{figures['wrong_count']} broken promises in all")
    if not figures["answers"]:
        found.append("nothing was answered")
    return found


def _given(options: Options, medswitch: Medswitch, switch: Switch) -> dict[str, str]:
    """Return the locustfile's own options. The cost of a switch that is killed is not measured."""
    measured = 0 if options.kills else 1
    return {
        "switch": switch.address,
        "province": str(medswitch.folder.resolve()),
        "answers": str((medswitch.folder / "answers.jsonl").resolve()),
        "figures": str((medswitch.folder / "figures.json").resolve()),
        "load-seconds": str(options.seconds),
        "members": str(options.members),
        "terminals": str(options.terminals),
        "arrivals": str(options.rate),
        "seed": str(options.seed),
        "switch-pid": str(switch.pid * measured),
        "postmaster-pid": str(medswitch.postmaster_pid() * measured),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
