"""`make bench`: builds the books, measures in turns, prints one table."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from bench.database import running_server
from bench.table import as_text, write_json


def main() -> int:
    """Run the benchmark; exits with 1 when a target is missed."""
    options = _options()
    folder = options.home or Path(tempfile.mkdtemp(prefix="duebook-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    started = time.monotonic()
    with running_server(folder) as server:
        os.environ["DUEBOOK_HOME"] = str(folder)
        os.environ["DUEBOOK_INSECURE_LOOPBACK"] = "1"
        os.environ["DATABASE_URL"] = server.url_of(f"bench_{options.invoices}")
        os.environ["DJANGO_SETTINGS_MODULE"] = "duebook.project.settings"
        from bench.measure import Bench

        bench = Bench(server, folder, options, say=_say)
        lines = bench.run()
    print(as_text(lines))
    _say(f"{time.monotonic() - started:.0f} s in all")
    if options.json:
        write_json(options.json, lines, bench.facts())
    if options.home is None:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(line.is_met is not False for line in lines) else 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench",
        description="Measure Duebook against floors taken in the same run: F1, F16, H, C and P.",
    )
    parser.add_argument("--invoices", type=int, default=100_000, help="20 %% of them open (default 100,000)")
    parser.add_argument(
        "--rounds", type=int, default=5, help="how often everything takes its turn (default 5)"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="of each work in a round (default 2)")
    parser.add_argument("--import-rows", type=int, default=20_000, help="of one import (default 20,000)")
    parser.add_argument(
        "--partners", type=int, default=5000, help="of the books with partners (default 5,000)"
    )
    parser.add_argument("--entries", type=int, default=1_000_000, help="of commissions (default 1,000,000)")
    parser.add_argument(
        "--rehearsed", type=int, default=100_000, help="payments of one rehearsal (default 100,000)"
    )
    parser.add_argument(
        "--charges", type=int, default=200_000, help="of the books about card clearing (default 200,000)"
    )
    parser.add_argument("--only", action="append", choices=SECTIONS, help="measure only this; repeatable")
    parser.add_argument("--json", type=Path, help="write the table to this file, too")
    parser.add_argument("--home", type=Path, help="keep the databases here and use those that are here")
    options = parser.parse_args()
    options.only = options.only or list(SECTIONS)
    return options


SECTIONS = ("process", "size", "crowd", "charges", "http", "pages", "import", "commissions", "clearing")

if __name__ == "__main__":
    sys.exit(main())
