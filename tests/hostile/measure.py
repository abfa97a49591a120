"""Runs every hostile case and prints the totals, as docs/untrusted.md has them.

python tests/hostile/measure.py [WORD …]        only cases whose names have one of these words, with what they said
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile.files import CASES
from hostile.process import Outcome
from hostile.recipes import RECIPES
from hostile.suite import SECONDS, Suite


def tried(kind: str, cases: Iterable[tuple[str, Callable[[], tuple[Outcome, list[str]]]]], words: list[str]) -> bool:
    """Whether all of them ended as they should; those that took long are named, which depends on the machine."""
    outcomes, bad = [], 0
    for name, run in cases:
        if words and not any(word in name for word in words):
            continue
        outcome, wrong = run()
        outcomes.append(outcome)
        bad += bool(wrong)
        if outcome.seconds > SECONDS:
            print(f"--- {name}: {outcome.seconds:.1f} s")
        if wrong or words:
            print(f"--- {name}: {wrong}\n{outcome.said[:600]}", flush=True)
    if outcomes:
        total, slowest = sum(one.seconds for one in outcomes), max(one.seconds for one in outcomes)
        largest = max(one.mb for one in outcomes)
        took = f"{total:.0f} s, the slowest {slowest:.2f} s, the most memory {largest:.0f} MB"
        print(f"{len(outcomes)} {kind}, {bad} not as they should; {took}", flush=True)
    return not bad


def main(words: list[str]) -> int:
    with TemporaryDirectory() as folder:
        suite = Suite(Path(folder).resolve())
        suite.train()
        recipes = [(one.name, lambda one=one: suite.recipe(one)) for one in RECIPES]
        files = [(name, lambda name=name: suite.file(name)) for name in CASES]
        good = [tried("recipes", recipes, words), tried("files", files, words)]
        suite.close()
    return not all(good)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
