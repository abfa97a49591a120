"""What the groups `trainer`, `checkpoint` and `callbacks` may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cnnlab.training.settings import CheckpointInterval, CheckpointSettings, TrainerSettings, read_callbacks

PACKAGE = "pytorch_lightning.callbacks"


@pytest.mark.parametrize("said", [32, "32", "32-true"])
def test_precisions_ways_of_writing_are_one_value(said: Any) -> None:
    assert TrainerSettings(precision=said).precision == "32"
    assert TrainerSettings(precision="bf16-mixed").precision == "bf16"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"precision": 16}, "should be auto, 32 or bf16, not 16"),
        ({"devices": 0}, "should be a number of devices or auto, not 0"),
        ({"devices": True}, "should be a number of devices or auto, not true"),
    ],
)
def test_what_a_trainer_cannot_do_is_told_with_what_it_can(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TrainerSettings(**settings)


@pytest.mark.parametrize(
    ("said", "epochs", "steps"), [(1, 1, None), (5, 5, None), ("100steps", 1, 100), ("1 step", 1, 1)]
)
def test_a_checkpoint_is_due_after_epochs_or_steps(said: Any, epochs: int, steps: int | None) -> None:
    assert CheckpointSettings(every=said).every == CheckpointInterval(epochs, steps)


@pytest.mark.parametrize("said", [0, -1, True, 1.5, "0steps", "steps", "100 epochs"])
def test_other_ways_to_say_when_a_checkpoint_is_due_are_told(said: Any) -> None:
    with pytest.raises(ValidationError, match="should be a number of epochs, or of steps as in 100steps"):
        CheckpointSettings(every=said)


def test_callbacks_are_kept_by_their_names_and_null_takes_one_out() -> None:
    timer = {"_target_": f"{PACKAGE}.Timer", "duration": "00:00:01:00"}
    assert read_callbacks({"timer": timer, "other": None}, "callbacks") == ({"timer": timer}, [])


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        (3, "callbacks", "should be a mapping from names to callbacks, not 3"),
        ({"t": {"duration": 1}}, "callbacks.t", "there is no callback 't' (a new one needs its class: _target_: "),
        ({"t": {"_target_": "os.system"}}, "callbacks.t._target_", f"should be a class of {PACKAGE}, or a callback of"),
        ({"t": {"_target_": f"{PACKAGE}.os.system"}}, "callbacks.t._target_", f"should be a class of {PACKAGE}, or"),
        ({"t": {"_target_": f"{PACKAGE}.ModelCheckpoint"}}, "callbacks.t._target_", "ModelCheckpoint would not act"),
        (
            {"t": {"_target_": f"{PACKAGE}.EarlyStopping", "monitor": "val/acc", "mode": "max", "dirpath": "/"}},
            "callbacks.t.dirpath",
            "a run writes into its own folder alone; leave it out",
        ),
    ],
)  # fmt: skip
def test_a_callback_that_cannot_be_is_one_fault(raw: Any, path: str, message: str) -> None:
    read, (fault,) = read_callbacks(raw, "callbacks")
    assert read is None
    assert fault.path == path
    assert fault.message.startswith(message)
