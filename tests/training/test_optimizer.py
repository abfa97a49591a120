"""What all optimizers have in common: factors by names, and what training refuses."""

from __future__ import annotations

import pytest

from cnnlab.training.optimizer import GRADIENTS, REFUSED
from cnnlab.training.optimizers import OPTIMIZERS


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_what_cannot_train_here_is_refused_with_its_reason(kind: str) -> None:
    record, (fault,) = OPTIMIZERS.read({"kind": kind}, "optimizer")
    assert record is None
    assert GRADIENTS in fault.message


def test_what_has_no_weight_decay_takes_no_factors_of_it() -> None:
    (fault,) = OPTIMIZERS.read({"kind": "rprop", "weight_decay_factors": {"body": 0.0}}, "optimizer")[1]
    said = "this optimizer has no weight_decay that they could change; leave them out"
    assert str(fault) == f"optimizer.weight_decay_factors: {said}"
