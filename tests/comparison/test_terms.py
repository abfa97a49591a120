"""Which differences between runs are asked for, which bear on no result, and which make them not comparable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cnnlab.comparison.terms import remarks, unequal
from cnnlab.comparison.trial import Trial

CONFIG = {
    "seed": 0, "threads": 1, "name": "a", "dir": "/here", "label_smoothing": 0.0, "logger": {"kind": "csv"},
    "model": {"norm": "none", "body": {"c1": {"block": "conv", "channels": 6}}},
    "data": {"source": "mnist", "dir": "/data", "download": True, "size": [28, 28], "batch_size": 128},
    "optimizer": {"kind": "sgd", "lr": 0.05}, "scheduler": {"kind": "one_cycle"},
    "trainer": {"max_epochs": 3, "precision": "32", "accelerator": "cpu", "progress": True},
}  # fmt: skip
VERSIONS = {"torch": "2.13.0", "cnnlab": "0.1.0"}


def run(folder: str, *words: str, versions: Any = VERSIONS, result: Any = (), git: Any = None, **config: Any) -> Trial:
    """A run with these words on its command line and these settings, by dotted path."""
    found = {key: dict(value) if isinstance(value, dict) else value for key, value in CONFIG.items()}
    for key, value in config.items():
        group, _, inner = key.partition(".")
        found[group] = {**found[group], inner: value} if inner else value  # type: ignore[dict-item]
    facts = {"versions": versions, "git": git}
    return Trial(Path(folder), folder, {}, "0", "ok", words=words, facts=facts, result=dict(result), config=found)


NOT_ASKED = [
    ((), {"trainer.max_epochs": 9}, "trainer.max_epochs is 3 in a and 9 in b"),
    ((), {"threads": 2}, "threads is 1 in a and 2 in b"),
    ((), {"label_smoothing": 0.1}, "loss.label_smoothing is 0.0 in a and 0.1 in b"),
    ((), {"data.source": "cifar10"}, 'data.source is "mnist" in a and "cifar10" in b'),
    ((), {"data.size": [32, 32]}, "data.size is [28, 28] in a and [32, 32] in b"),
    ((), {"versions": {**VERSIONS, "torch": "2.9.0"}}, 'versions.torch is "2.13.0" in a and "2.9.0" in b'),
    (("optimizer.lr=0.1",), {"optimizer.lr": 0.1, "optimizer.kind": "adam"},
     'optimizer.kind is "sgd" in a and "adam" in b'),
    (("optimizer.l=1",), {"optimizer.lr": 0.1}, "optimizer.lr is 0.05 in a and 0.1 in b"),
    (("model=vgg",), {"data.batch_size": 64}, "data.batch_size is 128 in a and 64 in b"),
    (("experiment=big",), {"threads": 4}, "threads is 1 in a and 4 in b"),
    (("variant=fast",), {"trainer.precision": "bf16"}, 'trainer.precision is "32" in a and "bf16" in b'),
    (("experiment=big",), {"versions": {**VERSIONS, "cnnlab": "0.2.0"}},
     'versions.cnnlab is "0.1.0" in a and "0.2.0" in b'),
    (("seed=1", "name=b"), {"seed": 1, "name": "b", "threads": 2}, "threads is 1 in a and 2 in b"),
    ((), {"ema": 0.9}, "ema is not set in a and 0.9 in b"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "changed", "message"), NOT_ASKED)
def test_what_nobody_asked_for_is_named_with_both_values(words: tuple, changed: dict, message: str) -> None:
    assert unequal([run("a"), run("b", *words, **changed)]) == [message]


ASKED = [
    ((), {"seed": 1, "name": "b", "dir": "/there", "logger": {"kind": "wandb"}, "trainer.progress": False}),
    ((), {"data.dir": "/elsewhere", "data.download": False}),
    (("threads=2",), {"threads": 2}),
    (("optimizer.lr=0.1",), {"optimizer.lr": 0.1}),
    (("+ema=0.9",), {"ema": 0.9}),
    (("optimizer=adam",), {"optimizer": {"kind": "adam", "lr": 0.001}}),
    (("model=vgg",), {"model": {"body": {}}, "data.size": [32, 32]}),
    (("model.body.c1.block=residual",), {"model.body": {"c1": {"block": "residual", "channels": 6, "stride": 1}}}),
    (("experiment=big",), {"trainer.max_epochs": 90, "optimizer.lr": 1.0, "label_smoothing": 0.1}),
    (("trainer.precision=bf16",), {"trainer.precision": "bf16"}),
]


@pytest.mark.parametrize(("words", "changed"), ASKED)
def test_what_was_asked_for_and_what_bears_on_no_result_is_no_difference(words: tuple, changed: dict) -> None:
    assert unequal([run("a"), run("b", *words, **changed)]) == []


def test_words_that_both_have_ask_for_nothing() -> None:
    both = "optimizer.lr=0.1"
    assert unequal([run("a", both), run("b", both, **{"optimizer.lr": 0.1})]) == [
        "optimizer.lr is 0.05 in a and 0.1 in b"
    ]


def test_the_runs_of_one_arm_are_on_equal_terms_also_in_what_the_arm_is_about() -> None:
    """The file of the model was edited between two seeds: its arm would be two networks."""
    lenet = run("lenet")
    old, new = (
        run(f"vgg_seed={seed}", "model=vgg", f"seed={seed}", seed=seed, model={"width": width})
        for seed, width in ((0, 64), (1, 32))
    )
    assert unequal([lenet, old, new]) == ["model.width is 64 in vgg_seed=0 and 32 in vgg_seed=1"]


def test_a_run_without_any_record_is_compared_with_nothing() -> None:
    blank = Trial(Path("c"), "c", {}, "0", "ok")
    assert unequal([blank, run("a"), run("b")]) == []


def test_revisions_devices_and_changes_are_remarked_and_not_refused() -> None:
    runs = [
        run("a", git={"commit": "a" * 40, "dirty": True}, result={"device": "cpu"}),
        run("b", git={"commit": "b" * 40}, result={"device": "H100"}),
    ]
    assert unequal(runs) == []
    assert remarks(runs) == [
        "the runs were made by different revisions of cnnlab's source: aaaaaaaaa, bbbbbbbbb",
        "the runs were made on different devices: H100, cpu",
        "cnnlab's source had changes that no commit holds",
    ]
    assert remarks(runs[1:]) == []
