"""Mirrors cnnlab/training/{optimizer,optimizers,torch_optim,muon}.py: what the group `optimizer` builds."""

from __future__ import annotations

import inspect
import io
import pickle
import sys
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
import torch
from stderr_lines import stderr_lines
from tiny_run import SMALL, result
from torch import Tensor, nn

from cnnlab.errors import UserError
from cnnlab.training.muon import is_matrix
from cnnlab.training.optimizer import REFUSED, Optimizer
from cnnlab.training.optimizers import OPTIMIZERS, Adam, Muon, Sgd
from cnnlab.training.torch_optim import IMPLEMENTATION
from cnnlab.training.tuning import built, groups

Run = Callable[..., int]
TORCHS = {
    name.lower(): cls
    for name, cls in vars(torch.optim).items()
    if isinstance(cls, type) and issubclass(cls, torch.optim.Optimizer) and cls is not torch.optim.Optimizer
}


def test_every_class_of_torch_optim_is_there_or_refused_with_a_reason() -> None:
    assert {*OPTIMIZERS, *REFUSED} == {*TORCHS}
    for kind, reason in REFUSED.items():
        assert OPTIMIZERS.read({"kind": kind}, "optimizer")[1][0].message == reason


@pytest.mark.parametrize("kind", sorted(OPTIMIZERS.library))
def test_settings_are_those_of_torchs_signature(kind: str) -> None:
    record = OPTIMIZERS.library[kind]
    arguments = inspect.signature(TORCHS[kind]).parameters
    theirs = {n: p.default for n, p in arguments.items() if n not in ("params", *IMPLEMENTATION)}
    ours = {n: i.default for n, i in record.model_fields.items() if n == "lr" or n not in Optimizer.model_fields}
    assert ours == theirs
    assert all(info.description for name, info in record.model_fields.items() if name != "kind")


def test_naming_one_and_checking_it_imports_no_torch() -> None:
    code = (
        "import sys; from cnnlab.training.optimizers import OPTIMIZERS; "
        "OPTIMIZERS.read({'kind': 'rmsprop', 'alpha': 0.9}, 'optimizer'); print('torch' in sys.modules)"
    )
    import subprocess

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"alfa": 0.9}, "optimizer.alfa: rmsprop has no such setting; did you mean 'alpha'?"),
        ({"lr": 0}, "optimizer.lr: should be above 0, not 0"),
        ({"weight_decay": -1.0}, "optimizer.weight_decay: should be at least 0, not -1.0"),
        ({"centered": 1}, "optimizer.centered: should be true or false, not 1"),
        ({"foreach": True}, "optimizer.foreach: rmsprop has no such setting; there are"),
    ],
)
def test_settings_are_checked_against_it(settings: dict[str, Any], told: str) -> None:
    (fault,) = OPTIMIZERS.read({"kind": "rmsprop", **settings}, "optimizer")[1]
    assert str(fault).startswith(told)


def test_a_value_that_torch_itself_refuses_is_told_before_training(
    cnnlab: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*SMALL, "optimizer=rmsprop", "optimizer.alpha=-1") == 2
    assert stderr_lines(capsys) == ["command line  optimizer: rmsprop cannot be made: Invalid alpha value: -1.0"]


def test_what_has_no_weight_decay_takes_no_factors_of_it() -> None:
    (fault,) = OPTIMIZERS.read({"kind": "rprop", "weight_decay_factors": {"body": 0.0}}, "optimizer")[1]
    said = "this optimizer has no weight_decay that they could change; leave them out"
    assert str(fault) == f"optimizer.weight_decay_factors: {said}"


def test_a_record_of_torchs_is_told_and_sent_as_the_others_are() -> None:
    record = OPTIMIZERS["rmsprop"](kind="rmsprop", lr=0.5)
    assert pickle.loads(pickle.dumps(record)) == record
    assert record.model_dump()["alpha"] == 0.99


def weights() -> list[tuple[str, nn.Parameter]]:
    torch.manual_seed(0)
    shapes = {"body.a.weight": (4, 3, 3, 3), "body.a.bias": (4,), "body.g.gain": (4, 1, 1), "head.weight": (5, 4)}
    return [(name, nn.Parameter(torch.randn(shape))) for name, shape in shapes.items()]


def learn(optimizer: torch.optim.Optimizer, named: list[tuple[str, nn.Parameter]], first: int, last: int) -> None:
    for step in range(first, last):
        for place, (_, weight) in enumerate(named):
            torch.manual_seed(100 * step + place)
            weight.grad = torch.randn(weight.shape)
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * group["lr_factor"]
        optimizer.step()


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


def test_the_rate_of_muon_is_that_of_the_step_and_its_factors_count() -> None:
    named = weights()
    optimizer = built(Muon(lr=1.0, weight_decay=0.0, lr_factors={"head": 0.0}), named)
    learn(optimizer, named, 0, 2)
    changed = {name: not torch.equal(now, start) for (name, now), (_, start) in zip(named, weights(), strict=True)}
    assert changed == {"body.a.weight": True, "body.a.bias": True, "body.g.gain": True, "head.weight": False}


def test_muon_takes_kernels_as_matrices_with_a_row_each_and_adamw_takes_the_rest() -> None:
    named = dict(weights())
    assert [name for name, weight in named.items() if is_matrix(weight)] == ["body.a.weight", "head.weight"]
    flat = nn.Parameter(named["body.a.weight"].detach().flatten(1).clone())
    theirs = torch.optim.Muon([flat], 0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    rest = nn.Parameter(named["body.a.bias"].detach().clone())
    adamw = torch.optim.AdamW([rest], 0.01, weight_decay=0.1)
    ours = built(Muon(lr=0.01), list(named.items()))
    for _ in range(3):
        gradients = [torch.randn(weight.shape) for weight in named.values()]
        for weight, gradient in zip(named.values(), gradients, strict=True):
            weight.grad = gradient
        flat.grad, rest.grad = gradients[0].flatten(1), gradients[1]
        for optimizer in (ours, theirs, adamw):
            optimizer.step()
    assert torch.equal(named["body.a.weight"].flatten(1), flat)
    assert torch.equal(named["body.a.bias"], rest)


def test_muon_leaves_what_is_frozen_and_takes_any_order_of_memory() -> None:
    named = weights()
    kernels = nn.Parameter(torch.randn(4, 3, 3, 3).contiguous(memory_format=torch.channels_last))
    still = kernels.detach().clone()
    optimizer = built(Muon(lr=0.01), [("kernels", kernels), *named])
    learn(optimizer, named, 0, 2)
    assert torch.equal(kernels, still)
    kernels.grad = torch.randn(4, 3, 3, 3)
    optimizer.step()
    assert not torch.equal(kernels, still)
    assert kernels.is_contiguous(memory_format=torch.channels_last)


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
