"""`medswitch demo`: the cases, then the audit, then where to go on."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console

from switch.cli.audit import audit
from switch.cli.database import command_of, open_database, shown
from switch.config import DEFAULT_DATA_DIR, Settings
from switch.demo.run import ANSWERS, fresh_folder, run_cases, run_scenario
from switch.demo.table import WIDTH_MAX

SCENARIOS: Final = {"cases": run_cases, "stay": run_scenario}
"""The eighteen cases; a long stay with all that happens in one."""


def demo(settings: Settings, scenario: str) -> int:
    """Run the demonstration; return 0 only when every case came out and the audit is clean."""
    if settings.data_dir == DEFAULT_DATA_DIR:
        settings = replace(settings, data_dir=DEFAULT_DATA_DIR.with_name("medswitch-demo"))
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_MAX)
    if not settings.database_url:
        fresh_folder(settings.data_dir)
    with open_database(settings) as url:
        wrong = SCENARIOS[scenario](settings, url, console)
        answers = settings.data_dir / ANSWERS
        broken = audit(replace(settings, database_url=url), answers, as_json=False)
    if wrong:
        console.print(f"[bold red]{wrong} 步不符合预期 steps came out other than expected[/]")
    else:
        console.print("[bold green]全部符合预期 · every case came out as expected[/]")
    command = command_of(settings)
    python = shown(Path(sys.executable))
    console.print(
        f"\n数据 data: {settings.data_dir}\n继续 go on:\n"
        f"  {command} serve    # 启动平台 the switch, at {settings.listen}\n"
        f"  {python} clients/first_settlement.py    # 另开窗口，首笔结算 in another window\n"
        f"  {command} audit    # 再次核对 the invariants again\n"
        "README.md 说明其余 tells the rest\n",
        markup=False,
        soft_wrap=True,
    )
    return 1 if wrong or broken else 0
