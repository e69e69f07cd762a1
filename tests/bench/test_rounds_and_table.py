"""Taking turns, and saying what came of it."""

import itertools
import json
from pathlib import Path

from bench.rounds import Measured, Taken, repeat, take_turns
from bench.table import Line, as_text, write_json


def test_every_work_takes_its_turn_in_each_round() -> None:
    order: list[str] = []

    def work(name: str, rates: list[float]):
        given = itertools.chain([1.0], rates)

        def run(_seconds: float) -> Taken:
            order.append(name)
            return Taken(int(next(given)), 1.0, [5.0])

        return run

    works = {"a": work("a", [30, 10, 20]), "b": work("b", [1, 2, 3])}
    measured = take_turns(works, rounds=3, seconds=0.1, say=lambda _: None)

    assert order == ["a", "b", "a", "b", "b", "a", "a", "b"]
    assert (measured["a"].rate, measured["a"].lowest, measured["a"].highest) == (20, 10, 30)
    assert measured["b"].rate == 2


def test_each_call_is_counted_and_timed() -> None:
    calls: list[int] = []

    taken = repeat(lambda: calls.append(1), at_a_time=500)(0.01)

    assert taken.count == 500 * len(calls)
    assert len(taken.each_ms) == len(calls)
    assert taken.seconds >= 0.01


def test_percentiles_are_of_all_single_times() -> None:
    measured = Measured([Taken(50, 1.0, list(map(float, range(50)))), Taken(50, 1.0, [99.0] * 50)])

    assert measured.percentile_ms(25) == 25.0
    assert measured.percentile_ms(99) == 99.0
    assert measured.median_of_rounds_ms() == (24.5 + 99.0) / 2


def test_a_target_is_met_by_the_ratio_or_by_the_value() -> None:
    assert Line("x", 50, "/s", "F1", 100, 0.5, target=0.35).is_met is True
    assert Line("x", 30, "/s", "F1", 100, 0.3, target=0.35).is_met is False
    assert Line("x", 6, "", target=6, at_most=True).is_met is True
    assert Line("x", 61, "ms", target=60, at_most=True).is_met is False
    assert Line("x", 1, "/s").is_met is None


def test_the_table_is_for_people_and_for_programs(tmp_path: Path) -> None:
    lines = [
        Line("record", 1234, "/s", "F1", 2000, 0.617, target=0.35),
        Line("p99", 70, "ms", target=60, at_most=True),
    ]

    text = as_text(lines)
    write_json(tmp_path / "bench.json", lines, {"invoices": 10})

    written = json.loads((tmp_path / "bench.json").read_text())
    assert "| record | 1,234 /s | F1 2,000 | 0.62  | ≥ 0.35 | met    |" in text
    assert "| p99    | 70.0 ms  |          |       | ≤ 60   | MISSED |" in text
    assert written["facts"] == {"invoices": 10}
    assert [(line["work"], line["met"]) for line in written["lines"]] == [("record", True), ("p99", False)]
