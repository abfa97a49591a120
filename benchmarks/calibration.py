"""What the verdicts are worth: how often they are wrong, over thousands of sweeps whose truth is known.

    python -m benchmarks.calibration                       every scenario, 2000 sweeps each: about 20 minutes
    python -m benchmarks.calibration --sweeps 200 skewed   those whose name has the word

Each sweep is made up, written to disk as the records of a real one, and read and judged as `task=report` does. A row of
the table is a kind of verdict in a scenario: the share of sweeps in which at least one verdict of that kind was wrong,
with Clopper and Pearson's 95 % interval, beside the share that is promised at the most.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from benchmarks.scenarios import ALPHA, SCENARIOS, Scenario
from benchmarks.simulated import write_sweep
from cnnlab.comparison.comparison import compare
from cnnlab.comparison.statistics import share
from cnnlab.comparison.verdicts import Verdict

SURE = 0.999
"""the level at which a promise counts as broken: some fifty are read at once"""


@dataclass
class Tally:
    """Counts of sweeps, by family and kind of verdict."""

    sweeps: int = 0
    wrong: dict[tuple[str, str], int] = field(default_factory=dict)
    could: dict[tuple[str, str], bool] = field(default_factory=dict)
    right: dict[str, int] = field(default_factory=dict)
    covered: int = 0
    intervals: int = 0


def mistaken(one: Verdict, true: float) -> str | None:
    """The kind of verdict that would be wrong about this claim; None where neither can be."""
    margin, slack = one.margin or 0.0, 1e-9
    match one.question.claim.expect:
        case "different":
            holds, fails = true != 0, abs(true) < margin - slack
        case "higher":
            holds, fails = true > 0, true < margin - slack
        case "lower":
            holds, fails = true < 0, true > -margin + slack
        case "equal":
            holds, fails = abs(true) < margin - slack, abs(true) > margin + slack
    return "supported" if not holds else "refuted" if not fails else None


def measure(scenario: Scenario, sweeps: int, seed: int, folder: Path) -> Tally:
    """Make up, write, read and judge so many sweeps."""
    tally = Tally()
    for number in range(sweeps):
        rng = random.Random(f"{seed} {scenario.name} {number}")
        home = write_sweep(
            folder / str(number), scenario.keys, scenario.ask(rng), study=scenario.study, epochs=scenario.epochs,
            looks=scenario.looks,
        )  # fmt: skip
        count(scenario, compare([home]).judged, tally)
        rmtree(home)
    return tally


def count(scenario: Scenario, judged: Sequence[Verdict], tally: Tally) -> None:
    tally.sweeps += 1
    wrong: set[tuple[str, str]] = set()
    for one in judged:
        family = one.question.family
        if family not in scenario.families:
            continue
        true = 0.0 if family == "divergence" else scenario.truth(one)
        kind = mistaken(one, true)
        if kind:
            tally.could[(family, kind)] = True
            wrong |= {(family, kind)} if one.answer == kind else set()
        tally.right[one.answer or "none"] = tally.right.get(one.answer or "none", 0) + 1
        if one.estimate and one.question.metric.text == "test/acc" and not scenario.study:
            tally.intervals += 1
            # of looks the interval of the level of the look at which it ended, as the page has it for one claim
            evidence = getattr(one, "evidence", None)
            chance = evidence.look.level(ALPHA) if scenario.looks and evidence else 0.05
            low, high = one.estimate.interval(1 - chance)
            tally.covered += low - 1e-12 <= true <= high + 1e-12
    for key in wrong:
        tally.wrong[key] = tally.wrong.get(key, 0) + 1


def rows(scenario: Scenario, tally: Tally) -> list[list[str]]:
    """The scenario's rows of the table."""
    found = []
    for family, kind in sorted(tally.could):
        wrong = tally.wrong.get((family, kind), 0)
        fine = "yes" if share(wrong, tally.sweeps, SURE)[0] <= scenario.limit else "NO"
        promised = f"≤ {100 * scenario.limit:.0f} %"
        found.append([scenario.name, family, f"wrongly {kind}", promised, *measured(wrong, tally.sweeps), fine])
    if tally.intervals:
        fine = "yes" if share(tally.covered, tally.intervals, SURE)[1] >= 1 - scenario.limit else "NO"
        promised = f"≥ {100 * (1 - scenario.limit):.0f} %"
        cells = measured(tally.covered, tally.intervals)
        found.append([scenario.name, "95 % interval", "holds the truth", promised, *cells, fine])
    if scenario.power:
        judged = sum(tally.right.values())
        for verdict in ("supported", "refuted", "inconclusive"):
            found.append([scenario.name, "verdicts", verdict, "", *measured(tally.right.get(verdict, 0), judged), ""])
    return found


def measured(count: int, of: int) -> list[str]:
    """A share and its interval, as cells."""
    low, high = share(count, of)
    return [percent(count / of), f"{percent(low)} to {percent(high)}"]


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


HEADINGS = ("scenario", "family", "verdict", "promised", "measured", "95 % interval of that", "holds")


def main(argv: Sequence[str]) -> int:
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser("python -m benchmarks.calibration", description=description)
    parser.add_argument("words", nargs="*", help="scenarios whose name has all of these words; none: all of them")
    parser.add_argument("--sweeps", type=int, default=2000, metavar="N", help="made-up sweeps a scenario")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    chosen = [one for one in SCENARIOS if all(word in one.name for word in options.words)]
    print(f"{options.sweeps} sweeps a scenario, seed {options.seed}, {date.today()}\n")
    print(f"| {' | '.join(HEADINGS)} |\n|---|---|---|--:|--:|--:|---|", flush=True)
    broken = 0
    shm = Path("/dev/shm")
    with TemporaryDirectory(prefix="cnnlab-calibration-", dir=shm if shm.is_dir() else None) as folder:
        for scenario in chosen:
            for row in rows(scenario, measure(scenario, options.sweeps, options.seed, Path(folder))):
                print(f"| {' | '.join(row)} |", flush=True)
                broken += row[-1] == "NO"
    print(f"\n{broken or 'no'} promise{'s' if broken != 1 else ''} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
