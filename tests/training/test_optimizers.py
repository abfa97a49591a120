"""What the group `optimizer` builds: torch's optimizers, which go on from a checkpoint as if they had not stopped."""

from __future__ import annotations

import io
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
import torch
from optimizer_steps import learn, weights
from tiny_run import SMALL, result
from torch import Tensor, nn

from cnnlab.errors import UserError
from cnnlab.training.optimizer import Optimizer
from cnnlab.training.optimizers import OPTIMIZERS, Adam, Sgd
from cnnlab.training.tuning import built, groups

Run = Callable[..., int]


FACTORS = {"lr_factors": {"body": 0.1}, "weight_decay_factors": {"*.bias": 0.0}}


@pytest.mark.parametrize("kind", sorted(OPTIMIZERS))
def test_each_one_goes_on_from_what_a_checkpoint_holds_as_if_it_had_not_stopped(kind: str) -> None:
    cls = OPTIMIZERS[kind]
    factors = FACTORS if "weight_decay" in cls.model_fields else {"lr_factors": FACTORS["lr_factors"]}
    record = cls(lr=0.01, **factors)
    whole, stopped = weights(), weights()
    learn(built(record, whole), whole, 0, 6)
    before = built(record, stopped)
    learn(before, stopped, 0, 3)
    file = io.BytesIO()
    torch.save(before.state_dict(), file)
    file.seek(0)
    after = built(record, stopped)
    after.load_state_dict(torch.load(file, weights_only=True))
    learn(after, stopped, 3, 6)
    for (name, one), (_, other), (_, start) in zip(whole, stopped, weights(), strict=True):
        assert torch.equal(one, other), name
        assert not torch.equal(one, start), name


def test_sgd_and_adam_are_torchs_own() -> None:
    (group,) = groups([("w", nn.Parameter(torch.zeros(1)))], Sgd(lr=0.1))
    assert {key: group[key] for key in ("lr_factor", "weight_decay")} == {"lr_factor": 1.0, "weight_decay": 5e-4}
    assert isinstance(built(Sgd(lr=0.1, momentum=0.0), [("w", nn.Parameter(torch.zeros(1)))]), torch.optim.SGD)
    assert type(built(Adam(lr=0.1), [("w", nn.Parameter(torch.zeros(1)))])) is torch.optim.Adam


class Lossy(Optimizer):
    """Forgets all groups but the first."""

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return torch.optim.SGD(groups[:1], self.lr)


class Wrong(Optimizer):
    def build(self, groups: list[dict[str, Any]]) -> Tensor:  # type: ignore[override]
        return torch.zeros(1)


@pytest.mark.parametrize(
    ("cls", "told"),
    [
        (Lossy, "optimizer: the optimizer that its build() returns lacks some of the groups; hand them on as they are"),
        (Wrong, "optimizer: its build() returns Tensor, not one of torch's optimizers (test_optimizers.py:"),
    ],
)
def test_what_is_no_optimizer_of_all_weights_is_told(cls: type[Optimizer], told: str) -> None:
    with pytest.raises(UserError) as caught:
        built(cls(lr=0.1, lr_factors={"head": 0.1}), weights())
    assert str(caught.value).startswith(told)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(OPTIMIZERS))
def test_each_one_trains_lenet_for_an_epoch_by_its_name(
    cnnlab: Run, kind: str, tmp_path: Path, no_pictures: None
) -> None:
    small = [word for word in SMALL if "max_epochs" not in word]
    assert cnnlab(*small, "trainer.max_epochs=1", f"optimizer={kind}", "hydra.run.dir=run") == 0
    found = result(tmp_path / "run")
    assert found["status"] == "ok"
    assert isfinite(found["test/loss"])  # at torch's own rate, which is large for some
