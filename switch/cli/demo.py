"""`medswitch demo`: the cases, then the audit, then where to go on."""

from dataclasses import replace

from rich.console import Console

from switch.cli.audit import audit
from switch.cli.database import open_database
from switch.config import DEFAULT_DATA_DIR, Settings
from switch.demo.run import fresh_folder, run_cases


def demo(settings: Settings) -> int:
    """Run the demonstration; return 0 only when every case came out and the audit is clean."""
    if settings.data_dir == DEFAULT_DATA_DIR:
        settings = replace(settings, data_dir=DEFAULT_DATA_DIR.with_name("medswitch-demo"))
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    if not settings.database_url:
        fresh_folder(settings.data_dir)
    with open_database(settings) as url:
        wrong = run_cases(settings, url, console)
        broken = audit(replace(settings, database_url=url), None, as_json=False)
    if wrong:
        console.print(f"[bold red]{wrong} steps came out other than expected[/]")
    else:
        console.print("[bold green]全部符合预期 · every case came out as expected[/]")
    console.print(
        f"\n数据 data: {settings.data_dir}\n继续 go on:\n"
        f"  medswitch --data-dir {settings.data_dir} serve     # 启动平台 the switch, port 50051\n"
        f"  medswitch --data-dir {settings.data_dir} audit     # 再次核对 the invariants again\n"
        "  README.md                                   # 十行完成首笔结算 a first settlement\n"
    )
    return 1 if wrong or broken else 0
