"""Runs every hostile case and prints the totals, as docs/door.md has them.

    python tests/hostile/measure.py [WORD …]        only cases whose names have one of these words
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile.process import Worker
from hostile.recipes import RECIPES
from hostile.suite import SECONDS, attempt, wrongs


def main(words: list[str]) -> int:
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        worker = Worker(root)
        worker.run(root, ["task=summary"])
        worker.ready()
        chosen = [one for one in RECIPES if not words or any(word in one.name for word in words)]
        outcomes, bad = [], 0
        for number, one in enumerate(chosen):
            case = root / f"case{number}"
            outcome = attempt(worker, case, one.files, one.argv)
            outcomes.append(outcome)
            wrong = wrongs(case, outcome, root / "home") + ([f"{outcome.seconds:.1f} s"] if outcome.seconds > SECONDS else [])
            bad += bool(wrong)
            if wrong or words:
                print(f"--- {one.name}: {wrong}\n{outcome.said[:600]}", flush=True)
        worker.close()
        slowest, largest = max(one.seconds for one in outcomes), max(one.mb for one in outcomes)
        total = sum(one.seconds for one in outcomes)
        print(f"{len(outcomes)} recipes, {bad} wrong; {total:.0f} s, slowest {slowest:.2f} s, most memory {largest:.0f} MB")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
