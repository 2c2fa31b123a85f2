"""The pages of a month on a real history: from the region down to a settlement's working."""

import re
import zipfile
from pathlib import Path

import pytest

from switch.cli.report_pages import pages
from switch.config import Settings
from tests.fix_province import KEK
from tests.integration.clearing.fix_clearing import HOME, Clearing


@pytest.fixture
def written(office: Clearing, tmp_path: Path) -> Path:
    """The folder of the month's pages."""
    kek = tmp_path / "kek"
    kek.write_text(f"{KEK.kek_id}:{bytes(range(16)).hex()}\n", "ascii")
    settings = Settings(data_dir=tmp_path, database_url=office.ledger.province.url, kek_file=kek)
    folder = tmp_path / "pages"
    month = office.first_day().strftime("%Y-%m")
    assert pages(settings, HOME, month, folder, workings=2) == 0
    return folder


def test_every_page_is_whole_and_leads_to_a_working(office: Clearing, written: Path) -> None:
    index = (written / "index.html").read_text("utf-8")
    links = re.findall(r'href="([^"]+\.html)"', index)
    assert links
    assert {path.name for path in written.glob("*.html")} == {"index.html", *links}
    for text in (path.read_text("utf-8") for path in written.glob("*.html")):
        assert text.endswith("</html>\n")
        assert not re.search(r'(src|href)="https?:', text)
    code = office.ledger.province.people["institutions"]["ningbo_community"]["code"]
    page = (written / f"{code}.html").read_text("utf-8")
    assert page.count("<details>") == 2
    acts = office.ledger.province.one("SELECT count(*) FROM act WHERE institution = %s", code)[0]
    assert f"{acts:,} 笔 acts" in page


def test_the_workbook_holds_the_amounts_as_numbers(office: Clearing, written: Path) -> None:
    (book,) = written.glob("*.xlsx")
    with zipfile.ZipFile(book) as parts:
        sheet = parts.read("xl/worksheets/sheet2.xml").decode()
    cells = [float(one) for one in re.findall(r"<v>(-?\d+\.\d+|-?\d{3,})</v>", sheet)]
    largest = office.ledger.province.one(
        "SELECT sum(amount_fen)::bigint FROM flow WHERE region_care = %s"
        " GROUP BY institution, region_insured, insurance, clearing_type, payer"
        " ORDER BY 1 DESC LIMIT 1", HOME,
    )[0]  # fmt: skip
    assert largest in {round(cell * 100) for cell in cells}
