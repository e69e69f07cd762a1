"""The result: one line for each work, with its floor, the ratio, and what the ratio must be."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One measured thing; ``target`` is the least ratio, or with ``at_most`` the largest value."""

    work: str
    measured: float
    unit: str
    floor: str = ""
    floor_measured: float | None = None
    ratio: float | None = None
    target: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def compared(self) -> float:
        """What the target is about: the ratio, or the value where there is no floor."""
        return self.measured if self.ratio is None else self.ratio

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        return self.compared <= self.target if self.at_most else self.compared >= self.target


def as_text(lines: Sequence[Line]) -> str:
    """The table for people, which is also Markdown."""
    rows = [("work", "measured", "floor", "ratio", "target", "", "note")]
    for line in lines:
        floor = f"{line.floor} {_number(line.floor_measured)}" if line.floor_measured is not None else ""
        sign = "≤" if line.at_most else "≥"
        target = f"{sign} {line.target:g}" if line.target is not None else ""
        met = {None: "", True: "met", False: "MISSED"}[line.is_met]
        ratio = f"{line.ratio:.2f}" if line.ratio is not None else ""
        rows.append(
            (line.work, f"{_number(line.measured)} {line.unit}", floor, ratio, target, met, line.note)
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    text.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in text)


def write_json(path: Path, lines: Sequence[Line], facts: dict[str, object]) -> None:
    """The same for programs."""
    rows = [{**asdict(line), "met": line.is_met} for line in lines]
    path.write_text(json.dumps({"facts": facts, "lines": rows}, indent=2) + "\n", encoding="utf-8")


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
