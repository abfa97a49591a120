"""Our networks are torchvision's: the names and shapes of its weights, and what it computes with equal ones.

All networks and their differences: python tests/equality/measure.py; here those that take a second.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from equality.measure import ALIKE, PAIRS, ROOT, TOLERANCE, Pair, compare, installed, made, read

from cnnlab.network.build import blank
from cnnlab.weights.names import recognise
from cnnlab.weights.transfer import as_kernels

QUICK_NAMES = (
    "efficientnet_b0 googlenet mobilenet_v2 resnet18 squeezenet1_1 shufflenet_v2_x0_5 mnasnet0_5 mobilenet_v3_small "
    "regnet_y_400mf convnext_tiny efficientnet_v2_s"
)
QUICK = [pair for pair in PAIRS if pair.name in QUICK_NAMES.split()]
DEEPER = "resnet101 resnet152 resnext101_32x8d resnext101_64x4d wide_resnet101_2 densenet161 densenet169 densenet201"
NAMED = [pair for pair in (*PAIRS, *ALIKE) if pair.name not in DEEPER.split()]
"""all but those that only repeat more often what another has"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What torchvision's networks are and do. It has a folder of its own; pip fetches it the first time."""
    try:
        installed()
    except subprocess.CalledProcessError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"torchvision is not here and pip cannot fetch it: {error.stderr.strip().splitlines()[-1]}")
    folder = tmp_path_factory.mktemp("torchvision")
    made(QUICK, folder, shapes=NAMED)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("pair", NAMED, ids=lambda pair: pair.name)
def test_the_names_and_shapes_of_its_weights_are_ours(pair: Pair, theirs: Path) -> None:
    shapes = torch.load(theirs / f"{pair.name}.shapes.pt", weights_only=True)
    names = recognise(shapes)[1]
    translated = {names[key]: shape for key, shape in shapes.items()}
    assert len(translated) == len(shapes)
    own = blank(read(pair), (3, *pair.size)).state_dict()
    with torch.device("meta"):
        kernels = {key: as_kernels(torch.empty(shape), own.get(key)) for key, shape in translated.items()}
    assert {key: list(tensor.shape) for key, tensor in kernels.items()} == {
        key: list(tensor.shape) for key, tensor in own.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("pair", QUICK, ids=lambda pair: pair.name)
def test_equal_weights_compute_the_same(pair: Pair, theirs: Path) -> None:
    found = compare(pair, theirs / f"{pair.name}.pt")
    for dtype, limit in TOLERANCE.items():
        assert max(found[dtype].values()) <= limit, found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change"),
    [("googlenet", "model.norm={kind: batch, eps: 1e-5}"), ("resnet18", "model.body.pool.block=avg_pool")],
)
def test_a_network_that_is_another_is_found_out(name: str, change: str, theirs: Path) -> None:
    pair = next(pair for pair in QUICK if pair.name == name)
    found = compare(replace(pair, overrides=(change,)), theirs / f"{name}.pt")
    for dtype, limit in TOLERANCE.items():
        assert min(found[dtype].values()) > limit, found


def test_the_page_of_all_differences_has_every_network() -> None:
    page = (ROOT / "docs" / "equality.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")][2:]
    assert [row[0] for row in rows] == [pair.name for pair in PAIRS]
    assert max(float(number) for row in rows for number in row[2:5]) <= TOLERANCE["float32"]
    assert max(float(number) for row in rows for number in row[5:]) <= TOLERANCE["float64"]
