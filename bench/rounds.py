"""Taking turns: every work runs for a moment in each round, so that a noisy minute falls on all alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Work = Callable[[float], "Taken"]
"""Runs for about so many seconds and says what it took."""


@dataclass(frozen=True)
class Taken:
    """How many in how many seconds, and how long each took where that was noted."""

    count: int
    seconds: float
    each_ms: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.count / self.seconds


@dataclass
class Measured:
    """What all rounds of one work took."""

    taken: list[Taken] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median of the rounds, a second."""
        return statistics.median(one.rate for one in self.taken)

    @property
    def lowest(self) -> float:
        return min(one.rate for one in self.taken)

    @property
    def highest(self) -> float:
        return max(one.rate for one in self.taken)

    def percentile_ms(self, percent: float) -> float:
        """Of all single times of all rounds."""
        times = sorted(ms for one in self.taken for ms in one.each_ms)
        return times[min(len(times) - 1, int(len(times) * percent / 100))] if times else 0.0

    def median_of_rounds_ms(self) -> float:
        """The median over the rounds of each round's median time."""
        return statistics.median(statistics.median(one.each_ms) for one in self.taken)


def repeat(once: Callable[[], object], *, at_a_time: int = 1) -> Work:
    """The work of calling a function again and again; each call does ``at_a_time``."""

    def work(seconds: float) -> Taken:
        each = []
        started = now = time.perf_counter()
        while now - started < seconds:
            once()
            before, now = now, time.perf_counter()
            each.append(1000 * (now - before))
        return Taken(len(each) * at_a_time, now - started, each)

    return work


def take_turns(
    works: Mapping[str, Work], *, rounds: int, seconds: float, say: Callable[[str], None]
) -> dict[str, Measured]:
    """Run each work once to warm it up, then all of them in each round, every other round backwards."""
    measured = {name: Measured() for name in works}
    for work in works.values():
        work(min(0.5, seconds))
    for number in range(rounds):
        names = list(works)
        for name in names if number % 2 == 0 else reversed(names):
            measured[name].taken.append(works[name](seconds))
        say(f"  round {number + 1} of {rounds}")
    return measured
