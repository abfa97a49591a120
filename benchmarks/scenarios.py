"""Sweeps to be made up, and what is true of them: what the verdicts are measured on."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.simulated import Outcome
from cnnlab.comparison.verdicts import Verdict

IMAGES = 2000
ALPHA = 0.05
POINT = 0.01

Draw = Callable[[random.Random], float]
Ask = Callable[[Mapping[str, str]], Outcome]
Truth = Callable[[Verdict], float]


@dataclass(frozen=True)
class Scenario:
    """Sweeps of one kind, and what is true of them."""

    name: str
    keys: Mapping[str, Sequence[str]]
    ask: Callable[[random.Random], Ask]
    """a new sweep: how its runs end"""
    truth: Truth
    """a claim's true difference, as it is judged"""
    study: Mapping[str, Any] | None = None
    families: tuple[str, ...] = ("claims",)
    power: bool = False
    """whether the point is how often the verdict is right"""
    epochs: int = 3
    limit: float = ALPHA
    """the share of wrong verdicts that is promised at the most"""
    looks: tuple[int, ...] = ()
    """numbers of seeds after which it is looked at: what a look settles stays"""


def grid(value: float) -> float:
    """An accuracy as 2000 images give it."""
    return round(min(1.0, max(0.0, value)) * IMAGES) / IMAGES


def normal(sd: float = 0.006) -> Draw:
    return lambda rng: rng.gauss(0, sd)


def skewed(scale: float = 0.04) -> Draw:
    """Bounded above and skewed: most runs near the best, some well below (mean 0, standard deviation 0.16 · scale)."""
    a, b = 4.0, 1.2
    return lambda rng: scale * (rng.betavariate(a, b) - a / (a + b))


def accuracies(
    arms: Mapping[str, float],
    noise: Draw | Mapping[str, Draw],
    key: str = "model.norm",
    *,
    base: float = 0.86,
    shared: float = 0.5,
    end: Callable[[random.Random, str], str | None] = lambda rng, arm: "ok",
    add: Callable[[Mapping[str, str]], float] = lambda at: 0.0,
) -> Callable[[random.Random], Ask]:
    """Runs whose accuracy is the arm's, plus what the seed brings to all arms, plus the run's own part."""

    def sweep(rng: random.Random) -> Ask:
        seeds: dict[str, float] = {}

        def run(at: Mapping[str, str]) -> Outcome:
            arm = at.get(key, "")
            draw = noise[arm] if isinstance(noise, Mapping) else noise
            both = seeds.setdefault(at["seed"], (noise if callable(noise) else draw)(rng))
            own = math.sqrt(1 - shared**2) * draw(rng) + (shared * both if callable(noise) else 0.0)
            status = end(rng, arm)
            if status != "ok":
                return Outcome(status=status, curve=[0.5], error="made up")
            acc = grid(base + arms.get(arm, 0.0) + add(at) + own)
            return Outcome(acc=acc, curve=[0.6, 0.7, acc])

        return run

    return sweep


def seeds(n: int) -> list[str]:
    return [str(seed) for seed in range(n)]


def arms_of(truths: Mapping[str, float]) -> Truth:
    return lambda one: truths[one.question.arm] - truths[one.question.reference or "none"]


def two(name: str, effect: float, noise: Draw | Mapping[str, Draw], n: int = 5, **more: Any) -> Scenario:
    """Two arms, a plain sweep; the default claim and margin."""
    truths = {"none": 0.0, "batch": effect}
    end = more.pop("end", None)
    ask = accuracies(truths, noise, **({"end": end} if end else {}), **more.pop("runs", {}))
    return Scenario(name, {"model.norm": ["none", "batch"], "seed": seeds(n)}, ask, arms_of(truths), **more)


def claimed(name: str, effect: float, claim: Mapping[str, Any], noise: Draw, n: int = 5, **more: Any) -> Scenario:
    """Two arms and one claim of a study."""
    study = {"claims": [{"factor": "model.norm", "arm": "batch", **claim}]}
    return two(name, effect, noise, n, study=study, **more)


def lost(share_: float, status: str) -> Callable[[random.Random, str], str | None]:
    return lambda rng, arm: status if rng.random() < share_ else "ok"


def to_target(name: str, later: float, expect: str) -> Scenario:
    """Epochs to a target, right-censored at a budget of 12; one arm needs `later` more on average."""

    def sweep(rng: random.Random) -> Ask:
        def run(at: Mapping[str, str]) -> Outcome:
            needed = 7 + rng.gauss(0, 2.2) + (later if at["model.norm"] == "batch" else 0.0)
            curve = [0.85 if epoch >= needed else 0.5 for epoch in range(1, 13)]
            return Outcome(acc=0.86, curve=curve)

        return run

    study = {
        "claims": [
            {
                "factor": "model.norm",
                "arm": "batch",
                "metric": "epochs to val/acc >= 0.8",
                "expect": expect,
                "margin": 1,
            }
        ]
    }
    keys = {"model.norm": ["none", "batch"], "seed": seeds(5)}
    return Scenario(name, keys, sweep, lambda one: later, study, epochs=12)


def ratio(name: str, factor: float, expect: str) -> Scenario:
    """A positive number with a log-normal spread, compared as a ratio."""

    def sweep(rng: random.Random) -> Ask:
        def run(at: Mapping[str, str]) -> Outcome:
            value = rng.lognormvariate(math.log(factor) if at["model.norm"] == "batch" else 0.0, 0.4)
            return Outcome(acc=0.8, curve=[0.6, 0.7, 0.8], extra={"grad/first_to_last": value})

        return run

    claim = {"factor": "model.norm", "arm": "batch", "metric": "grad/first_to_last", "expect": expect, "scale": "log"}
    study = {"metrics": ["gradients"], "claims": [{**claim, "margin": 1.5}]}
    keys = {"model.norm": ["none", "batch"], "seed": seeds(5)}
    return Scenario(name, keys, sweep, lambda one: math.log(factor), study)


def largest(name: str) -> Scenario:
    """The largest usable learning rate of two arms that are alike, on a grid of factors of two."""

    def sweep(rng: random.Random) -> Ask:
        limits: dict[tuple[str, str], float] = {}

        def run(at: Mapping[str, str]) -> Outcome:
            limit = limits.setdefault((at["model.norm"], at["seed"]), rng.lognormvariate(math.log(0.25), 0.7))
            fine = float(at["optimizer.lr"]) <= limit
            return Outcome(acc=0.85 if fine else None, status="ok" if fine else "diverged", curve=[0.6, 0.7, 0.85])

        return run

    metric = "largest optimizer.lr with test/acc >= 0.7"
    claim = {"factor": "model.norm", "arm": "batch", "metric": metric, "expect": "different", "margin": 1.5}
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.05", "0.1", "0.2", "0.4", "0.8"], "seed": seeds(5)}
    return Scenario(name, keys, sweep, lambda one: 0.0, {"claims": [claim]})


def tuned() -> Scenario:
    """Two arms that are alike, each at its own best of four learning rates."""
    ask = accuracies({}, normal(), add=lambda at: -0.01 * abs(math.log2(float(at["optimizer.lr"]) / 0.1)))
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.05", "0.1", "0.2", "0.4"], "seed": seeds(5)}
    return Scenario(
        "each arm at its own best of 4 rates, no effect",
        keys,
        ask,
        lambda one: 0.0,
        {"tuned": ["optimizer.lr"]},
        ("claims", "equal settings"),
    )


def factorial(name: str, together: float) -> Scenario:
    """Two by three arms with main effects of a point, and `together` more where both are changed."""

    def add(at: Mapping[str, str]) -> float:
        changed = at["model.norm"] == "batch", at["optimizer.lr"] != "0.05"
        return POINT * changed[0] + 0.5 * POINT * changed[1] + together * all(changed)

    def truth(one: Verdict) -> float:
        if one.question.family == "interactions":
            return together
        if one.question.claim.factor == ("model.norm",):
            return POINT + together * 2 / 3
        return 0.5 * POINT + together / 2

    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.05", "0.1", "0.2"], "seed": seeds(5)}
    return Scenario(name, keys, accuracies({}, skewed(), add=add), truth, families=("claims", "interactions"))


def many(name: str, truths: Mapping[str, float], n: int = 5) -> Scenario:
    keys = {"model.norm": list(truths), "seed": seeds(n)}
    return Scenario(name, keys, accuracies(truths, skewed()), arms_of(truths))


def nearly_perfect(rng: random.Random) -> float:
    """Errors on a task that is nearly solved: half of the runs make none at all."""
    return -sum(rng.random() < 0.35 for _ in range(2)) / IMAGES


ALIKE = {"none": 0.0, **{f"kind{number}": 0.0 for number in range(1, 7)}}
MIXED = {"none": 0.0, "kind1": 0.0, "kind2": POINT, "kind3": 0.0, "kind4": -POINT, "kind5": 2 * POINT}
LOPSIDED = 0.1
"""what is promised where one arm's accuracies are skewed and spread three times as far as the other's: the differences
are skewed then too, which five numbers cannot show"""
WIDER = {"none": skewed(0.03), "batch": skewed(0.09)}


def tail(scale: float = 0.006) -> Draw:
    """Bounded above, with a long tail below: an exponential one (mean 0)."""
    return lambda rng: scale * (1 - rng.expovariate(1.0))


def dropping(rng: random.Random) -> float:
    """One run in five drops by five points (mean 0)."""
    return rng.gauss(0, 0.001) + 0.01 - 0.05 * (rng.random() < 0.2)


STEADY_LIMIT, DROPS_LIMIT = 0.17, 0.4
"""what the page says of such arms in place of a promise, with room for the draw"""
LOOKS = (3, 5, 10, 20)
STEADY = {"none": normal(0.0002), "batch": tail()}
WIDE_TAIL = {"none": normal(0.0002), "batch": tail(0.012)}
DROPS = {"none": normal(0.001), "batch": dropping}

SCENARIOS = (
    two("no effect, 3 seeds", 0.0, normal(), 3),
    two("no effect, 5 seeds", 0.0, normal()),
    two("no effect, 10 seeds", 0.0, normal(), 10),
    two("no effect, skewed", 0.0, skewed()),
    two("no effect, skewed, one arm's spread three times the other's", 0.0, WIDER, limit=LOPSIDED),
    two("a difference of the margin, 5 seeds", POINT, normal(0.002)),
    two("a difference of the margin, skewed", POINT, skewed(0.015)),
    two(
        "a difference of the margin, skewed, unequal spread",
        -POINT,
        {"none": skewed(0.01), "batch": skewed(0.03)},
        limit=LOPSIDED,
    ),
    two("no effect, a fifth of the runs failed", 0.0, skewed(), 6, end=lost(0.2, "failed")),
    two("no effect, a fifth of the runs missing", 0.0, skewed(), 6, end=lost(0.2, "waiting")),
    two(
        "no effect, a third of the runs diverged",
        0.0,
        skewed(),
        6,
        end=lost(0.33, "diverged"),
        families=("claims", "divergence"),
    ),
    two("no effect, nearly perfect: ties everywhere", 0.0, nearly_perfect, runs={"base": 1.0, "shared": 0.0}),
    claimed("higher: no effect", 0.0, {"expect": "higher"}, skewed()),
    claimed("higher: the margin", POINT, {"expect": "higher"}, skewed(0.015)),
    claimed("lower: no effect", 0.0, {"expect": "lower"}, skewed()),
    claimed("equal: the margin", POINT, {"expect": "equal"}, skewed(0.015)),
    claimed("equal: minus the margin", -POINT, {"expect": "equal"}, normal(0.003)),
    claimed("one arm against a number that is its mean", 0.0, {"value": 0.86, "expect": "different"}, normal()),
    many("7 arms, no effect", ALIKE),
    many("6 arms, some differ by the margin or twice it", MIXED),
    factorial("2 × 3 arms, main effects, no interaction", 0.0),
    factorial("2 × 3 arms, an interaction of the margin", POINT),
    tuned(),
    to_target("epochs to a target, no effect", 0.0, "different"),
    to_target("epochs to a target, one more", 1.0, "lower"),
    ratio("a ratio, no effect", 1.0, "different"),
    ratio("a ratio of the margin", 1.5, "higher"),
    largest("the largest usable rate, no effect"),
    two("looks at 3, 5, 10 and 20 seeds, no effect", 0.0, normal(), 20, looks=LOOKS),
    two("looks at 3, 5, 10 and 20 seeds, a difference of the margin", POINT, normal(), 20, looks=LOOKS),
    claimed("looks at 3, 5, 10 and 20 seeds, equal: the margin", POINT, {"expect": "equal"}, normal(), 20, looks=LOOKS),
    two("one arm steady, the other with a long tail", 0.0, STEADY, limit=STEADY_LIMIT),
    two(
        "one arm steady, the other with a long tail, the margin",
        -POINT,
        {**STEADY, "batch": tail(0.012)},
        limit=STEADY_LIMIT,
    ),
    two("one arm drops 5 points in one run of five", 0.0, DROPS, limit=DROPS_LIMIT),
    two("power: looks at 3, 5, 10 and 20 seeds, 1 point", POINT, normal(), 20, looks=LOOKS, power=True),
    two("power: an effect of 2 points, 5 seeds", 2 * POINT, normal(), power=True),
    two("power: what 5 seeds could have shown", 3.761 / math.sqrt(5) * 0.006 * math.sqrt(1.5), normal(), power=True),
    two("power: no effect, 5 seeds, small spread", 0.0, normal(0.003), power=True),
)
