"""`seed=auto`: seeds that are added in rounds, and the numbers of them after which a sweep is looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cnnlab.errors import Fault, UserError
from cnnlab.override import Override
from cnnlab.sweep.grid import SEED

LOOKS, AUTO = "looks", "auto"
USUAL = (3, 5, 10, 20)
MOST_LOOKS = 20
MOST_SEEDS = 1000


@dataclass(frozen=True)
class SeedWords:
    """The overrides of a command line with the seeds written out, and the looks that are declared."""

    words: list[str]
    looks: tuple[int, ...] = ()


def read_seed_words(words: Sequence[str]) -> SeedWords:
    """Write `seed=auto` and `looks=[…]` out. UserError for looks that go backwards, or seeds beside them.

    >>> read_seed_words(["model=lenet", "seed=auto", "looks=[2,3]"])
    SeedWords(words=['model=lenet', 'seed=0,1,2'], looks=(2, 3))
    """
    read = [(word, Override.read(word)) for word in words]
    asked = [one.value for _, one in read if one.key == LOOKS]
    seeds = [one.value for _, one in read if one.key == SEED]
    if not asked and AUTO not in seeds:
        return SeedWords(list(words))
    looks = _looks(asked[-1] or "") if asked else USUAL
    if any(value != AUTO for value in seeds):
        message = f"looks say how many seeds there are, 0 to {looks[-1] - 1}; leave the seeds out, or write seed=auto"
        raise UserError(Fault(SEED, message))
    kept = [word for word, one in read if one.key not in (LOOKS, SEED)]
    return SeedWords([*kept, f"{SEED}={','.join(map(str, range(looks[-1])))}"], looks)


def _looks(text: str) -> tuple[int, ...]:
    numbers = re.fullmatch(r"\[?\s*(\d+(?:\s*,\s*\d+)*)\s*\]?", text)
    looks = tuple(map(int, numbers[1].split(","))) if numbers else ()
    rising = all(a < b for a, b in pairwise(looks))
    if not looks or not rising or looks[0] < 2 or looks[-1] > MOST_SEEDS or len(looks) > MOST_LOOKS:
        usual = ",".join(map(str, USUAL))
        range_ = f"from 2 to {MOST_SEEDS:,}, at most {MOST_LOOKS} of them"
        message = f"should be growing numbers of seeds, {range_}: looks=[{usual}], not {text}"
        raise UserError(Fault(LOOKS, message))
    return looks
