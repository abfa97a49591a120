"""Lightning's callbacks: each is taken and acts, or is refused with what to use in its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import pytorch_lightning.callbacks as lightning
from plugin_modules import modules
from stderr_lines import stderr_lines
from tiny_run import SMALL

from cnnlab.metrics.keys import ROW
from cnnlab.training.lightning_callbacks import MONITORED, REFUSED, TAKEN, refusal

DOCS = Path(__file__).parent.parent.parent / "docs"
TINY = [*SMALL, "data.subset=100", "hydra.run.dir=run"]
TARGET = "_target_: pytorch_lightning.callbacks"


def rows() -> list[dict]:
    return [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]


def test_every_callback_of_this_lightning_is_taken_or_refused() -> None:
    """A class that a new version brings is tried, and entered in one of the two."""
    assert sorted(lightning.__all__) == sorted([*TAKEN, *REFUSED])
    assert not set(TAKEN) & set(REFUSED)


def test_the_table_stands_in_the_documentation() -> None:
    text = (DOCS / "environment.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in text.splitlines() if "|" in line}
    assert {f"`{name}`": reason for name, reason in REFUSED.items()}.items() <= rows.items()
    assert {f"`{name}`" for name in TAKEN} <= rows.keys()


@pytest.mark.parametrize("name", REFUSED)
def test_one_that_would_not_act_is_refused_at_its_own_place(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert cnnlab(*TINY, f"+callbacks.mine={{{TARGET}.{name}, pruning_fn: l1_unstructured}}") == 2
    assert stderr_lines(capsys) == [f"command line  callbacks.mine._target_: {refusal(name)}"]
    assert not Path("run").exists()


DERIVED = """
import pytorch_lightning.callbacks as lightning

class Averages(lightning.StochasticWeightAveraging):
    pass

class Logs(lightning.Callback):
    def on_train_epoch_end(self, trainer, module):
        module.log("own", 0.5)
"""


@pytest.fixture
def derived(tmp_path: Path) -> Iterator[None]:
    with modules(tmp_path) as write:
        write("derived", DERIVED)
        yield


def test_so_is_one_of_ones_own_that_derives_from_it(
    cnnlab: Callable[..., int], derived: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*TINY, "plugins=derived", "callbacks.mine={_target_: derived.Averages, swa_lrs: 0.1}") == 2
    (said,) = stderr_lines(capsys)
    start = "command line  callbacks.mine._target_: Averages is a StochasticWeightAveraging, which would not act here: "
    assert said.startswith(start)
    assert said.endswith("ema.decay averages them")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("monitor: val/f11", "callbacks.s.monitor: no epoch has a 'val/f11'; there are"),
        ("monitor: val/acc", "callbacks.s.mode: val/acc is better the higher it is; write mode: max"),
        ("monitor: val/loss, mode: max", "callbacks.s.mode: val/loss is better the lower it is; write mode: min"),
        ("monitor: val/loss, mode: most", "callbacks.s: EarlyStopping cannot be made: `mode` can be"),
    ],
)
def test_early_stopping_on_what_is_not_there_or_the_wrong_way_round_is_told_before_training(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], settings: str, message: str
) -> None:
    assert cnnlab(*TINY, f"callbacks.s={{{TARGET}.EarlyStopping, {settings}}}") == 2
    (said, *_) = stderr_lines(capsys)
    assert said.startswith(f"command line  {message}")
    assert not Path("run/metrics.jsonl").exists()


def test_what_only_the_first_epoch_shows_is_told_then(
    cnnlab: Callable[..., int], derived: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "plugins=derived",
        "callbacks.l._target_=derived.Logs",
        f"callbacks.s={{{TARGET}.EarlyStopping, monitor: onw}}",
    ]
    assert cnnlab(*TINY, *words) == 2
    (said,) = stderr_lines(capsys)
    assert said.startswith("command line  callbacks.s.monitor: no epoch has a 'onw'; there are lr, own, ")
    assert said.endswith("; did you mean 'own'?")
    assert len(rows()) <= 1


@pytest.mark.parametrize("key", sorted({*MONITORED} - {"seconds", "images_per_second", "epoch"}))
def test_early_stopping_stops_on_every_key_it_may_watch(
    cnnlab: Callable[..., int], no_pictures: None, key: str
) -> None:
    """A threshold that any value reaches: it stops after the first epoch, and would after none without it."""
    way = "mode: max, stopping_threshold: -1" if ROW[key].better > 0 else "mode: min, stopping_threshold: 1e9"
    stop = f"callbacks.s={{{TARGET}.EarlyStopping, monitor: {key}, {way}}}"
    assert cnnlab(*TINY, "trainer.max_epochs=9", stop) == 0
    assert len(rows()) == 1


def test_early_stopping_has_the_patience_it_is_given(cnnlab: Callable[..., int], no_pictures: None) -> None:
    stop = f"callbacks.s={{{TARGET}.EarlyStopping, monitor: val/loss, min_delta: 1e9, patience: 2}}"
    assert cnnlab(*TINY, "trainer.max_epochs=9", stop) == 0
    assert len(rows()) == 3


@pytest.mark.parametrize("interval", ["step", "epoch"])
def test_a_timer_ends_training(cnnlab: Callable[..., int], no_pictures: None, interval: str) -> None:
    timer = f"callbacks.t={{{TARGET}.Timer, duration: {{milliseconds: 1}}, interval: {interval}}}"
    assert cnnlab(*TINY, "trainer.max_epochs=9", "data.batch_size=10", timer) == 0
    assert [row["epoch"] for row in rows()] == [1]
    assert rows()[0]["step"] == (1 if interval == "step" else 10)
    assert json.loads(Path("run/result.json").read_text())["status"] == "ok"


def test_a_timer_without_a_time_is_told(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab(*TINY, f"callbacks.t={{{TARGET}.Timer}}") == 2
    assert "callbacks.t.duration: says after how long training ends" in capsys.readouterr().err
