"""`cnnlab.source`: what it takes is what `cnnlab.build` takes."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnnlab
from cnnlab import UserError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_name_with_settings_or_a_network_that_was_built() -> None:
    source = cnnlab.source("resnet18", norm="none", classes=10, shape=(3, 32, 32))
    assert "BatchNorm" not in source
    net = cnnlab.build("resnet18", norm="none", classes=10, shape=(3, 32, 32))
    assert cnnlab.source(net) == source


def test_without_a_size_it_is_imagenets_or_the_networks_own() -> None:
    assert "Images (B, 3, 224, 224) -> logits (B, 1000)" in cnnlab.source("squeezenet1_1")
    assert "Images (B, 3, 299, 299)" in cnnlab.source("inception_v3")


def test_a_misspelled_setting_is_told_as_everywhere() -> None:
    with pytest.raises(UserError) as caught:
        cnnlab.source("resnet18", nrom="none")
    assert "did you mean 'norm'" in str(caught.value.faults[0])
