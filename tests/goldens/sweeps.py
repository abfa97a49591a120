"""Sweeps that were made up, one or several of each kind of verdict that there is, and of each reason for none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulated_arms import LOST, NORM, reaching

from benchmarks.simulated import Outcome, write_sweep

SWEEPS: dict[str, Callable[[Path], list[Path]]] = {}
"""what writes each into a folder, and the folders to compare"""

Ends = Sequence[float | Outcome]
Claims = Sequence[Mapping[str, Any]]

NONE = [0.800, 0.812, 0.791, 0.805, 0.799]
SPREAD = [0.002, -0.001, 0.0, 0.001, -0.002]
EXPECTED = ("different", "higher", "lower", "equal")
NORMS = ("none", "batch")
RATES = {"model.norm": list(NORMS), "optimizer.lr": ["0.1", "0.2", "0.4"], "seed": ["0", "1", "2"]}
TO_TARGET = {**NORM, "metric": "epochs to val/acc >= 0.7"}
DIVERGED = {**NORM, "metric": "diverged"}


def shifted(by: float, spread: float = 1.0) -> list[float]:
    return [round(value + by + spread * one, 6) for value, one in zip(NONE, SPREAD, strict=True)]


FAR, NEAR, SAME, LOWER, LITTLE_LOWER = (shifted(by) for by in (0.05, 0.005, 0.0, -0.05, -0.005))
WIDE, OPEN = shifted(0.005, 16), shifted(0.01, 8)


def add(case: str, keys: Mapping[str, Sequence[str]], end: Callable[[Mapping[str, str]], Outcome],
        claims: Claims = (), epochs: int = 8, **study: Any) -> None:  # fmt: skip
    study = {**study, "claims": list(claims)}
    SWEEPS[case] = lambda folder: [write_sweep(folder / "sweep", keys, end, study=study, epochs=epochs)]


def arms(case: str, none: Ends, batch: Ends, claims: Claims, **study: Any) -> None:
    """A run a seed of two arms: its test accuracy, or how it ended."""
    ends = {"none": none, "batch": batch}

    def end(at: Mapping[str, str]) -> Outcome:
        found = ends[at["model.norm"]][int(at["seed"])]
        return found if isinstance(found, Outcome) else Outcome(acc=found, curve=(found - 0.1, found - 0.01))

    add(case, {"model.norm": NORMS, "seed": [str(seed) for seed in range(len(none))]}, end, claims, **study)


def each(claim: Mapping[str, Any] = NORM, **more: Any) -> list[dict[str, Any]]:
    """The claim with each expectation; as controls, so that none corrects another."""
    return [{**claim, "expect": expect, "control": True, **more} for expect in EXPECTED]


def extra(values: Sequence[float], key: str) -> list[Outcome]:
    return [Outcome(acc=0.8, extra={key: value}) for value in values]


# -- pairs of seeds: supported, refuted, too small to matter, undecided
for word, ends in {"far": FAR, "near": NEAR, "same": SAME, "wide": WIDE, "open": OPEN, "lower": LOWER,
                   "little_lower": LITTLE_LOWER}.items():  # fmt: skip
    arms(f"paired_{word}", NONE, ends, each())
arms("paired_corrected", NONE, shifted(0.004, 1.6), [{**NORM, "margin": 0.001 + 0.0001 * at} for at in range(4)])
arms("paired_alpha", NONE, shifted(0.004, 1.6), [{**NORM, "margin": 0.001}], alpha=0.001)
arms("paired_alike", [0.8] * 5, [0.8] * 5, each())
arms("against_a_number", NONE, FAR, [claim for value in (0.7, 0.85, 0.9) for claim in each(value=value)])
arms("ratio", extra([10, 20, 30], "seconds"), extra([20, 41, 59], "seconds"),
     each(metric="seconds", scale="log"))  # fmt: skip
arms("loss", extra([0.6, 0.62, 0.58], "test/loss"), extra([0.3, 0.33, 0.29], "test/loss"),
     each(metric="test/loss", margin=0.05))  # fmt: skip
arms("families", NONE, [*FAR[:4], LOST], [NORM, {**NORM, "expect": "lower", "control": True}])
arms("words_and_question", NONE, FAR, [{**NORM, "expect": "higher", "says": "it helps"}],
     question="Does it help?", source="nobody", name="helps", show=["test/loss", "params"])  # fmt: skip

# -- none: one seed, no spread, pairs that are missing, nothing yet
arms("one_seed", [0.8], [0.9], each())
arms("no_spread", extra([0.5] * 3, "test/loss"), extra([0.5] * 3, "test/loss"), each(metric="test/loss", margin=0.1))
arms("a_pair_is_missing", NONE, [*FAR[:4], Outcome(status="failed", error="no memory left")], each())
arms("waiting", NONE, [*FAR[:3], Outcome(status="waiting"), Outcome(status=None)], each())
arms("no_pair", [0.8], [Outcome(status="waiting")], each())
arms("nothing_yet", [Outcome(status="waiting")] * 3, [Outcome(status="waiting")] * 3, [*each(), DIVERGED])
arms("stopped", NONE, [*FAR[:4], Outcome(status="interrupted")], [NORM])

# -- runs that diverged: survivors decide nothing
for word, ends in {"same": SAME, "far": FAR, "lower": LOWER}.items():
    arms(f"survivors_{word}", NONE, [*ends[:4], LOST], each())
arms("survivors_of_the_reference", [*NONE[:4], LOST], SAME, each())
arms("survivors_against_a_number", NONE, [*FAR[:2], LOST, LOST, FAR[4]], each(value=0.7))
arms("survivors_barred", NONE, [*shifted(0.012, 8)[:4], LOST], each())
arms("survivors_loss", [LOST, *extra([0.62, 0.58, 0.6], "test/loss")], extra([0.3, 0.33, 0.29, 0.31], "test/loss"),
     each(metric="test/loss", margin=0.05))  # fmt: skip
arms("all_diverged", NONE, [LOST] * 5, [NORM])

# -- rates of divergence
for none, batch in ((0, 5), (2, 3), (5, 0), (1, 0), (3, 3), (0, 0)):
    ends = [[LOST] * lost + NONE[lost:] for lost in (none, batch)]
    arms(f"rates_{batch}_of_5_and_{none}", *ends, each(DIVERGED))
for value, lost in ((0.1, 3), (0.1, 1), (0.8, 0), (0.5, 5)):
    arms(f"rate_{lost}_of_5_against_{value}", NONE, [LOST] * lost + NONE[lost:], each(DIVERGED, value=value))
add("rates_of_several_runs_a_seed", {"model.norm": NORMS, "optimizer.lr": list("1234"), "seed": list("01234")},
    lambda at: LOST if at["model.norm"] == "batch" and at["optimizer.lr"] == "4" else Outcome(acc=0.8),
    [*each(DIVERGED), *each(DIVERGED, value=0.1)])  # fmt: skip

# -- counts
for count in (90, 100, 109, 110):
    claims = [*each(metric="params"), *each(metric="params", margin=10)]
    arms(f"counts_{count}", extra([100], "params"), extra([count], "params"), claims)
arms("counts_against_a_number", extra([5], "params"), extra([5], "params"), each(metric="params", value=6))
arms("counts_of_a_ratio", [Outcome(acc=0.8, extra={"macs": 2, "params": 10})],
     [Outcome(acc=0.8, extra={"macs": 3, "params": 10})], each(metric="macs / params", margin=0.1))  # fmt: skip
arms("counts_edited", extra([100, 101], "params"), extra([100, 100], "params"), each(metric="params"))

# -- bounds: runs that never got there within the budget, values at an end of the grid
BUDGETS: dict[str, tuple[list[int | None], list[int | None]]] = {
    "sooner": ([6, 7, 7], [2, 3, 2]),
    "later": ([2, 3, 2], [6, 7, 7]),
    "reference_cut": ([None, None, 8], [2, 3, 2]),
    "arm_cut": ([2, 3, 2, 3], [None] * 4),
    "one_cut": ([8, 8, None, 8], [8, 8, 8, 8]),
    "nobody": ([None] * 4, [None] * 4),
    "small": ([2, 2, 3, 2, 7], [3, 3, 4, 3, None]),
    "barred": ([6, 8, 8, 5], [8, 7, 4, None]),
}
for word, (none, batch) in BUDGETS.items():
    arms(f"bound_{word}", reaching(*none), reaching(*batch), [*each(TO_TARGET), *each(TO_TARGET, margin=2)])
arms("bound_against_a_number", reaching(2, 2, 2), reaching(None, None, None), each(TO_TARGET, value=4))
arms("bound_in_seconds", reaching(6, 7, 7, 7, 6), [*reaching(2, 3, 2), LOST, LOST],
     each(metric="seconds to val/acc >= 0.7", margin=2))  # fmt: skip
arms("bound_diverged", reaching(2, 3, 2), [Outcome(status="diverged", curve=(0.3, 0.4))] * 3, each(TO_TARGET))
arms("bound_in_a_ratio", [replace(run, extra={"params": 100}) for run in reaching(7, 8, 7, 8)],
     [replace(run, extra={"params": 1000}) for run in reaching(8, None, None, 8)],
     each(metric="epochs to val/acc >= 0.7 / params", margin=0.001))  # fmt: skip


def at_rate(at: Mapping[str, str]) -> Outcome:
    most = 1.6 if at["model.norm"] == "batch" else 0.1 if at["seed"] == "0" else 0.4
    return Outcome(acc=0.8 if float(at["optimizer.lr"]) <= most else 0.1)


add("bound_of_a_grid", {"model.norm": NORMS, "optimizer.lr": ["0.1", "0.4", "1.6"], "seed": list("0123")}, at_rate,
    each(metric="largest optimizer.lr with test/acc >= 0.5"))  # fmt: skip


# -- several factors: held, averaged over, tuned; what depends on what; no claims at all
def tuned(at: Mapping[str, str]) -> Outcome:
    best = {"none": (0.7, 0.6, 0.5), "batch": (0.5, 0.8, 0.7)}[at["model.norm"]][
        RATES["optimizer.lr"].index(at["optimizer.lr"])
    ]
    return Outcome(acc=round(1 - best + 0.01 * int(at["seed"]) * (at["model.norm"] == "none"), 6), curve=(best,))


INTERACTION = {"factor": ["model.norm", "optimizer.lr"], "arm": ["batch", 0.2]}
add("tuned", RATES, tuned, [NORM, {**NORM, "where": {"optimizer.lr": 0.4}}], tuned=["optimizer.lr"])
add("tuned_provisional", RATES, lambda at: tuned(at) if at["optimizer.lr"] == "0.1" else Outcome(status="waiting"),
    [NORM], tuned=["optimizer.lr"])  # fmt: skip
add("tuned_untold", RATES, lambda at: Outcome(acc=0.8), [NORM], tuned=["optimizer.lr"])
add("averaged_and_held", RATES, tuned, [NORM, {**NORM, "expect": "higher", "where": {"optimizer.lr": 0.2}}])
add("interactions", RATES, tuned, each(INTERACTION))
add("interaction_diverged", RATES, lambda at: LOST if list(at.values()) == ["none", "0.1", "2"] else tuned(at),
    each(INTERACTION))  # fmt: skip
add("without_claims", RATES, tuned)
add("untrained", {"model.norm": NORMS, "seed": ["0"]},
    lambda at: Outcome(acc=None, extra={"params": len(at["model.norm"])}))  # fmt: skip
add("a_claim_at_fault", RATES, tuned, [{**NORM, "arm": "nothing"}, NORM])
add("another_budget", {"model.norm": NORMS, "seed": list("01234")},
    lambda at: Outcome(acc=0.8 + int(at["seed"]) / 1000, config={"trainer.max_epochs": 9, "threads": 2}
                       if at["model.norm"] == "batch" and at["seed"] == "3" else {}), [NORM])  # fmt: skip
SWEEPS["never_side_by_side"] = lambda folder: [
    write_sweep(folder / norm, {"model.norm": [norm], "optimizer.lr": [rate], "seed": ["0"]},
                lambda _: Outcome(acc=0.8), study={"claims": [{**NORM, "where": {"optimizer.lr": 0.4}}]})
    for norm, rate in (("none", "0.4"), ("batch", "0.1"))
]  # fmt: skip
SWEEPS["several_sweeps"] = lambda folder: [
    write_sweep(folder / norm, {"model.norm": [norm], "seed": list("01234")},
                lambda at: Outcome(acc=(FAR if at["model.norm"] == "batch" else NONE)[int(at["seed"])]))
    for norm in NORMS
]  # fmt: skip
