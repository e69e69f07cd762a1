"""The processor's book: one SQLite file, one connection, one writer at a time.

Every change of state is one transaction, and the answer kept for its idempotency key is part of it. Instants
are texts of one width in UTC, so their order as texts is their order in time.
"""

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS customers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS cards (
    token TEXT PRIMARY KEY, customer TEXT NOT NULL REFERENCES customers, behaviour TEXT NOT NULL,
    brand TEXT NOT NULL, last_four TEXT NOT NULL, exp_month INTEGER NOT NULL, exp_year INTEGER NOT NULL,
    fingerprint TEXT NOT NULL, forgotten INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS setups (
    id TEXT PRIMARY KEY, customer TEXT NOT NULL REFERENCES customers, reference TEXT NOT NULL,
    return_url TEXT NOT NULL, outcome TEXT NOT NULL, card TEXT REFERENCES cards,
    decline TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS charges (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL,
    reference TEXT NOT NULL, amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), currency TEXT NOT NULL,
    customer TEXT NOT NULL REFERENCES customers, card TEXT NOT NULL REFERENCES cards,
    description TEXT NOT NULL, outcome TEXT NOT NULL, decline TEXT NOT NULL DEFAULT '',
    captured_minor INTEGER NOT NULL DEFAULT 0 CHECK (captured_minor IN (0, amount_minor)),
    refunded_minor INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND captured_minor),
    fee_minor INTEGER NOT NULL DEFAULT 0, voided INTEGER NOT NULL DEFAULT 0,
    settlement TEXT REFERENCES settlements, created_at TEXT NOT NULL,
    CHECK ((outcome = 'succeeded') = (captured_minor > 0))
);
CREATE TABLE IF NOT EXISTS ways_back (
    charge TEXT PRIMARY KEY REFERENCES charges (id), return_url TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS debts (
    charge TEXT PRIMARY KEY REFERENCES charges (id), debts TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS charges_by_time ON charges (created_at);
CREATE TABLE IF NOT EXISTS refunds (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    charge TEXT NOT NULL REFERENCES charges (id), key TEXT NOT NULL, reference TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('refund', 'void')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), currency TEXT NOT NULL,
    settlement TEXT REFERENCES settlements, created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_of_charge ON refunds (charge);
CREATE TABLE IF NOT EXISTS refund_failures (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    refund TEXT NOT NULL UNIQUE REFERENCES refunds (id), charge TEXT NOT NULL REFERENCES charges (id),
    amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, reason TEXT NOT NULL,
    settlement TEXT REFERENCES settlements, failed_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS disputes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    charge TEXT NOT NULL UNIQUE REFERENCES charges (id),
    outcome TEXT NOT NULL CHECK (outcome IN ('open', 'won', 'lost')), amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL, fee_minor INTEGER NOT NULL, reason TEXT NOT NULL,
    settlement TEXT REFERENCES settlements, opened_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS settlements (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, currency TEXT NOT NULL, gross_minor INTEGER NOT NULL,
    fee_minor INTEGER NOT NULL, net_minor INTEGER NOT NULL CHECK (net_minor = gross_minor - fee_minor),
    paid_on TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS settlement_lines (
    settlement TEXT NOT NULL REFERENCES settlements, object_id TEXT NOT NULL UNIQUE,
    gross_minor INTEGER NOT NULL, fee_minor INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS settlement_returns (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE REFERENCES settlements,
    amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, reason TEXT NOT NULL, returned_on TEXT NOT NULL,
    settlement TEXT REFERENCES settlements
);
CREATE TABLE IF NOT EXISTS movements (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL,
    object_id TEXT NOT NULL UNIQUE, charge TEXT NOT NULL REFERENCES charges (id), reference TEXT NOT NULL,
    key TEXT NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
    object_kind TEXT NOT NULL, object_id TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL REFERENCES events (id),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0, status INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS keys (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, body TEXT NOT NULL, first_at TEXT NOT NULL
);
"""


class Book:
    """Opened once by the process that owns it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._lock = threading.Lock()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.executescript(SCHEMA)
        with self.transaction() as db:
            for name, value in {
                "account": new_id("acct"),
                "fingerprint_salt": secrets.token_hex(32),
                "clock_offset_seconds": "0",
            }.items():
                db.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, value))

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done inside happens, or nothing does."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def new_id(prefix: str) -> str:
    """A name that no other book gives either."""
    return f"{prefix}_{secrets.token_hex(12)}"


def setting(db: sqlite3.Connection, name: str, default: str = "") -> str:
    """What was set by that name."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return default if row is None else str(row["value"])


def set_setting(db: sqlite3.Connection, name: str, value: str) -> None:
    """Set it, whether or not it was."""
    db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))


def virtual_now(db: sqlite3.Connection) -> datetime:
    """The book's clock: the machine's, and what it was advanced by."""
    return datetime.now(UTC) + timedelta(seconds=float(setting(db, "clock_offset_seconds")))


def instant(moment: datetime) -> str:
    """As the book writes it: 2026-01-31T09:30:00.000000Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
