"""The fixture that imports a few rows."""

from pathlib import Path
from typing import Any

import pytest

from duebook.imports.import_report import ImportReport
from duebook.imports.services.import_orders import import_orders
from tests.factories import day
from tests.imports.importing import Importing


@pytest.fixture
def importing(tmp_path: Path) -> Importing:
    """Imports rows given as one text without the header's line break."""

    def run(header: str, *rows: str, **options: Any) -> ImportReport:
        path = tmp_path / "orders.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return import_orders(path=path, **{"currency": "USD", "on": day(), **options})

    return run
