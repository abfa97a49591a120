"""What no change may move unsaid: the identities of the networks that ship, and the weights that they start from."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from goldens.record import COMMANDS, SHOWN, load, machine, model, plain_network, plain_of_command, run_of, weights
from sample_networks import EVERY, FEW, NAMES

LARGE = 20_000_000
"""values from which a network's weights take long to start"""
GOLDEN = load("models.json")


def sized(name: str) -> Any:
    large = GOLDEN["models"][name]["weights"]["values"] > LARGE
    return pytest.param(name, marks=[pytest.mark.slow] * (large or name not in FEW))


def test_every_network_that_ships_has_its_golden() -> None:
    assert sorted(GOLDEN["models"]) == NAMES


@pytest.mark.parametrize("name", EVERY)
def test_a_network_keeps_its_fingerprint_and_its_identity(name: str) -> None:
    golden = {key: value for key, value in GOLDEN["models"][name].items() if key != "weights"}
    assert model(name) == golden


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_fingerprint_hashes_stays_the_same(name: str) -> None:
    """Where the test above fails, this one says by what."""
    assert plain_network(run_of((f"model={name}",))) == load("plain.json")[name]


@pytest.mark.parametrize("name", [sized(name) for name in NAMES])
def test_a_network_starts_from_the_weights_that_it_always_started_from(name: str) -> None:
    golden, found = GOLDEN["models"][name]["weights"], weights(name)
    assert (found["names"], found["values"]) == (golden["names"], golden["values"])
    if torch.__version__.partition("+")[0] == GOLDEN["torch"]:
        assert found["sums"] == pytest.approx(golden["sums"], abs=1e-3)
    if machine() == {key: GOLDEN[key] for key in machine()}:
        assert found["bits"] == golden["bits"]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_line_keeps_its_identity_and_its_variant(words: str) -> None:
    assert plain_of_command(words) == load("runs.json")[words]
