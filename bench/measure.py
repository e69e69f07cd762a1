"""What is measured, and what it has to reach. Import this only once DATABASE_URL names the database."""

import argparse
import os
import platform
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import django
import psycopg

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bench import bulk, floor, pages  # noqa: E402
from bench.books import build_books  # noqa: E402
from bench.charges import ChargeBench  # noqa: E402
from bench.clearing import build_charges, clearing_lines, measure_clearing  # noqa: E402
from bench.commissions import CommissionBench  # noqa: E402
from bench.crowd import CLIENTS, crowd  # noqa: E402
from bench.database import Server  # noqa: E402
from bench.http_load import load, post  # noqa: E402
from bench.partner_books import build_partner_books  # noqa: E402
from bench.rounds import Measured, Taken, Work, repeat, take_turns  # noqa: E402
from bench.scene import ACTOR, AMOUNT, BATCH, OpenOne, Scene, use_database  # noqa: E402
from bench.sites import Sites, running_sites  # noqa: E402
from bench.staff_session import FORMS, payment_posts, sign_in, signed_in_client  # noqa: E402
from bench.table import Line  # noqa: E402
from duebook.imports.services import import_orders  # noqa: E402
from duebook.jobs.schema import migrate  # noqa: E402
from duebook.reports.services.verify_books import verify_books  # noqa: E402
from duebook.staff.queries import today  # noqa: E402

SMALL_INVOICES = 1000
SMALLER = 10
PAID_PART = 0.86
"""Of the invoices in the books so many have a payment."""
ORDERS_AND_PAYMENTS = ("process", "size", "crowd", "charges", "http", "pages", "import")
WARM_CALLS = 20
PAGE_TIMES = 12
POSTED = frozenset({302})
SHOWN = frozenset({200})
F16_SCRIPT = """\\set n random(1, {most})
SELECT bench_floor((SELECT invoice_id FROM bench_open WHERE n = :n), gen_random_uuid()::text);
"""


class Bench:
    """One run: the databases, the works, the table."""

    def __init__(
        self, server: Server, folder: Path, options: argparse.Namespace, *, say: Callable[[str], None]
    ) -> None:
        self._server = server
        self._folder = folder
        self._options = options
        self._say = say
        self._big = f"bench_{options.invoices}"
        self._small = f"bench_{SMALL_INVOICES}_small"
        self._earning = f"bench_{options.partners}_partners_{options.entries}"

    def run(self) -> list[Line]:
        """Measure what was asked for."""
        call_command("collectstatic", interactive=False, verbosity=0)
        lines: list[Line] = []
        if self._wants(*ORDERS_AND_PAYMENTS):
            lines += self._orders_and_payments()
        if self._wants("commissions"):
            lines += self._commissions()
        if self._wants("clearing"):
            lines += self._clearing()
        connection.close()
        return lines

    def _orders_and_payments(self) -> list[Line]:
        for name, invoices in ((self._small, SMALL_INVOICES), (self._big, self._options.invoices)):
            self._build(name, f"{invoices:,} invoices", partial(build_books, invoices=invoices))
        use_database(self._big)
        lines: list[Line] = []
        with self._server.connect(self._big) as rows:
            scene = Scene(rows, today())
            self._create_floor(rows, scene)
            works = {"F1": repeat(scene.floor(rows, floor.NAME))}
            if self._wants("process", "size"):
                lines += self._in_process(works, scene)
            if self._wants("crowd"):
                lines += self._crowd(scene)
            if self._wants("charges"):
                self._say("charging cards")
                lines += self._charging(rows, scene).run()
            if self._wants("http", "pages", "charges"):
                with running_sites(self._folder, self._server.url_of(self._big)) as sites:
                    if self._wants("http"):
                        lines += self._over_http(scene, sites)
                    if self._wants("charges"):
                        lines += self._charging(rows, scene).over_http(sites)
                    if self._wants("pages"):
                        lines += self._pages(rows, scene, sites)
            if self._wants("import"):
                lines += self._imports(rows, scene)
        return [*lines, self._verified("findings of verify afterwards")]

    def _commissions(self) -> list[Line]:
        options = self._options
        self._build(
            self._earning,
            f"{options.partners:,} partners and {options.entries:,} commission entries",
            partial(build_partner_books, partners=options.partners, entries=options.entries),
        )
        use_database(self._earning)
        with self._server.connect(self._earning) as rows:
            lines = CommissionBench(
                rows=rows,
                today=today(),
                rounds=options.rounds,
                rehearsed=options.rehearsed,
                turns=self._turns,
                say=self._say,
            ).run()
        return [*lines, self._verified("findings of verify in the books with partners")]

    def _clearing(self) -> list[Line]:
        measured = []
        for charges in (self._options.charges // SMALLER, self._options.charges):
            name = f"bench_{charges}_charges"
            invoices = round(charges / PAID_PART)
            self._build(name, f"{charges:,} charges", partial(build_charges, invoices=invoices))
            use_database(name)
            measured.append(measure_clearing())
        small, big = measured
        return [*clearing_lines(big, small), self._verified("findings of verify in the books with charges")]

    def _verified(self, work: str) -> Line:
        self._say("verifying the books")
        return Line(work, len(verify_books()), "", target=0, at_most=True)

    def facts(self) -> dict[str, object]:
        """On what it was measured."""
        return {
            "invoices": self._options.invoices,
            "rounds": self._options.rounds,
            "seconds": self._options.seconds,
            "import_rows": self._options.import_rows,
            "partners": self._options.partners,
            "entries": self._options.entries,
            "rehearsed": self._options.rehearsed,
            "processors": os.cpu_count(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "django": django.__version__,
            "psycopg": psycopg.__version__,
        }

    def _wants(self, *sections: str) -> bool:
        return any(section in self._options.only for section in sections)

    def _build(self, name: str, what: str, build: Callable[..., None]) -> None:
        if self._server.has(name):
            self._say(f"using the books in {name}")
            return
        self._say(f"building books with {what}")
        self._server.create(name)
        use_database(name)
        migrate(verbosity=0)
        with self._server.connect(name) as rows:
            build(rows, today=today().isoformat(), say=self._say)

    def _create_floor(self, rows: psycopg.Connection, scene: Scene) -> None:
        one = scene.any()
        written = floor.rows_of_a_payment(
            wanted=scene.wanted(one), request_key="the floor's pattern", actor=ACTOR
        )
        floor.create_floor(written, AMOUNT)
        rows.execute("DROP TABLE IF EXISTS bench_open")
        rows.execute("CREATE TABLE bench_open (n int PRIMARY KEY, invoice_id bigint NOT NULL)")
        with rows.cursor().copy("COPY bench_open FROM STDIN") as copy:
            for n, each in enumerate(scene.invoices, start=1):
                copy.write_row((n, each.invoice_id))
        rows.execute("ANALYZE bench_open")

    def _turns(self, works: Mapping[str, Work]) -> dict[str, Measured]:
        return take_turns(works, rounds=self._options.rounds, seconds=self._options.seconds, say=self._say)

    # In this process

    def _in_process(self, floor_works: dict[str, Work], scene: Scene) -> list[Line]:
        self._say("in process")
        works = {
            **floor_works,
            "record": repeat(scene.record),
            "preview": repeat(scene.preview),
            "batch": repeat(scene.record_batch, at_a_time=BATCH),
            "small": self._in_small(scene),
        }
        measured = self._turns(works)
        one = measured["F1"].rate
        record = measured["record"].rate
        with CaptureQueriesContext(connection) as queries:
            scene.record()
        return [
            _ratio("record one payment, in process", measured["record"], "F1", one, target=0.35),
            Line("  its round trips, with BEGIN and COMMIT", len(queries), "", target=6, at_most=True),
            _ratio("preview a payment, in process", measured["preview"], "F1", one),
            _ratio(f"record a batch of {BATCH}", measured["batch"], "F1", one, target=3.0),
            Line(
                f"record with {self._options.invoices:,} invoices",
                record,
                "/s",
                f"{SMALL_INVOICES:,} invoices",
                measured["small"].rate,
                record / measured["small"].rate,
                target=0.9,
            ),
        ]

    def _in_small(self, scene: Scene) -> Work:
        """Recording in the small database; going there and back is not counted."""
        with self._server.connect(self._small) as rows:
            small = Scene(rows, today())
        timed = repeat(small.record)

        def work(seconds: float) -> Taken:
            use_database(self._small)
            for _ in range(WARM_CALLS):
                small.record()
            taken = timed(seconds)
            use_database(self._big)
            for _ in range(WARM_CALLS):
                scene.record()
            return taken

        return work

    def _crowd(self, scene: Scene) -> list[Line]:
        self._say(f"{CLIENTS} clients on one invoice")
        results = [crowd(scene) for _ in range(self._options.rounds)]
        wrong = sum(1 for each in results if not each.is_right)
        middle = sorted(results, key=lambda each: each.one_rate / each.many_rate)[len(results) // 2]
        return [
            Line(
                f"{CLIENTS} clients on one invoice",
                middle.one_rate,
                "/s",
                f"{CLIENTS} invoices",
                middle.many_rate,
                middle.one_rate / middle.many_rate,
                note=f"{middle.recorded} recorded, {middle.refused} refused as paid",
            ),
            Line("  runs with an error or over-application", wrong, "", target=0, at_most=True),
        ]

    def _charging(self, rows: psycopg.Connection, scene: Scene) -> ChargeBench:
        return ChargeBench(
            rows=rows,
            scene=scene,
            seconds=self._options.seconds,
            rounds=self._options.rounds,
            turns=self._turns,
            say=self._say,
        )

    # Over HTTP

    def _over_http(self, scene: Scene, sites: Sites) -> list[Line]:
        self._say("over HTTP")
        next_post = payment_posts(sites.duebook, sign_in(), _of_different_contacts(scene))
        keys = iter(range(10**9))
        run = os.getpid()

        def next_bare() -> bytes:
            return post("/pay", f"invoice={scene.any().invoice_id}&key=bare-{run}-{next(keys)}")

        script = self._folder / "f16.sql"
        script.write_text(F16_SCRIPT.format(most=len(scene.invoices)))
        works: dict[str, Work] = {}
        for connections in (1, 8):
            works[f"H{connections}"] = load(
                sites.bare, connections=connections, next_request=next_bare, expected=SHOWN
            )
            works[f"post{connections}"] = load(
                sites.duebook, connections=connections, next_request=next_post, expected=POSTED
            )
        works["F16"] = self._f16(script)
        # Each of the server's threads has to plan its statements once.
        for name in ("H8", "post8"):
            works[name](3)
        measured = self._turns(works)
        eight = measured["post8"]
        single = measured["post1"]
        return [
            _ratio("POST a payment, 8 connections", eight, "H", measured["H8"].rate, target=0.4),
            Line("  its p99", eight.percentile_ms(99), "ms", target=60, at_most=True),
            _ratio("POST a payment, 1 connection", single, "H", measured["H1"].rate),
            Line("  its p50", single.percentile_ms(50), "ms", target=8, at_most=True),
            _ratio("the whole machine over HTTP", eight, "F16", measured["F16"].rate, target=0.2),
        ]

    def _f16(self, script: Path) -> Work:
        def work(seconds: float) -> Taken:
            rate = self._server.pgbench(self._big, script, clients=16, seconds=seconds)
            return Taken(round(rate * seconds), seconds)

        return work

    # Pages

    def _pages(self, rows: psycopg.Connection, scene: Scene, sites: Sites) -> list[Line]:
        self._say("pages")
        pages.create_bare_tables(rows)
        cookies = sign_in()
        addresses = pages.addresses(scene)
        works = {
            name: load(
                sites.duebook,
                connections=1,
                next_request=pages.requests_of(paths, cookies),
                expected=SHOWN,
            )
            for name, paths in addresses.items()
        }
        bare = pages.requests_of(iter(lambda: "/page", ""), "")
        works["P"] = load(sites.bare, connections=1, next_request=bare, expected=SHOWN)
        measured = self._turns(works)
        floor_ms = measured["P"].median_of_rounds_ms()
        big = self._costs(scene)
        with self._server.connect(self._small) as small_rows:
            small_scene = Scene(small_rows, today())
        use_database(self._small)
        small = self._costs(small_scene)
        use_database(self._big)
        lines = []
        for name in addresses:
            took = measured[name].median_of_rounds_ms()
            lines += [
                Line(name, took, "ms", "P", floor_ms, took / floor_ms, target=1.5, at_most=True),
                Line(
                    f"  its slowest statement ({big[name].queries} in all)",
                    big[name].slowest_ms,
                    "ms",
                    target=20,
                    at_most=True,
                    note=f"{small[name].queries} statements with {SMALL_INVOICES:,} invoices",
                ),
            ]
        return lines

    def _costs(self, scene: Scene) -> dict[str, pages.PageCost]:
        return pages.costs(signed_in_client(), pages.addresses(scene), times=PAGE_TIMES)

    # Imports

    def _imports(self, rows: psycopg.Connection, scene: Scene) -> list[Line]:
        lines = []
        # The books are verified once, at the end of the run.
        setattr(import_orders, "verify_books", list)  # noqa: B010 - not a name that the module offers
        for kind in (bulk.ORDERS, bulk.PAID_ORDERS):
            self._say(f"import of {kind.name}")
            count = self._options.import_rows
            pattern = self._folder / "pattern.csv"
            prefix = f"pattern-{kind.name}-{os.getpid()}"
            bulk.write_file(pattern, kind, rows=count, today=scene.today, prefix=prefix)
            bulk.timed_import(pattern, scene.today)
            works = {
                "C": bulk.floor_work(rows, kind, prefix=prefix),
                "import": bulk.import_work(self._folder, kind, rows=count, today=scene.today),
            }
            measured = self._turns(works)
            lines.append(
                _ratio(f"import {kind.name}", measured["import"], "C", measured["C"].rate, target=0.5)
            )
        return lines


def _ratio(
    work: str, measured: Measured, floor_name: str, floor_rate: float, *, target: float | None = None
) -> Line:
    spread = f"{measured.lowest:,.0f} to {measured.highest:,.0f}"
    return Line(
        work,
        measured.rate,
        "/s",
        floor_name,
        floor_rate,
        measured.rate / floor_rate,
        target,
        note=spread,
    )


def _of_different_contacts(scene: Scene) -> list[OpenOne]:
    """One open invoice of each of some contacts."""
    by_contact = {one.contact_id: one for one in scene.invoices[: 20 * FORMS]}
    return list(by_contact.values())
