"""Of a block's channels those are shown that differ most, on one scale, as large as there is room for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from cnnlab.inspection import feature_maps as module
from cnnlab.inspection.feature_maps import Fineness, _maps, _scale, _units, feature_maps, filters
from cnnlab.inspection.look import Kernels


def test_channels_that_differ_most_are_chosen_in_their_order() -> None:
    out = torch.zeros(2, 5, 4, 4)
    out[:, 3, 0, 0], out[:, 1, 0, 0] = 9.0, 5.0
    images, note = _maps(out, Fineness(maps=2, side=16))
    assert len(images) == 2
    assert note.startswith("channels 1, 3; 0 to ")
    assert _maps(out, Fineness(maps=5, side=16))[1].startswith("all channels; ")


def test_a_scale_is_from_zero_or_to_both_sides_of_it() -> None:
    assert _scale(torch.tensor([0.0, 2.0])) == (0.0, torch.quantile(torch.tensor([0.0, 2.0]).double(), 0.998).item())
    low, high = _scale(torch.tensor([-4.0, 2.0]))
    assert low == -high < 0


def test_rows_of_numbers_are_cut_and_say_so() -> None:
    assert _units(torch.rand(1, 300), Fineness(1, 1))[1].startswith("the first 256 of them; ")
    assert not _units(torch.rand(1, 30), Fineness(1, 1))[1].startswith("the first")


def test_where_there_is_less_room_maps_are_coarser(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    look = SimpleNamespace(layers=(), maps={"body.a": torch.rand(2, 16, 48, 48)}, shown=[SimpleNamespace(name="x")] * 2)
    sizes = []
    for room in (10**6, 20_000, 5_000):
        monkeypatch.setattr(module, "ROOM", room)
        sizes.append(sum(map(len, feature_maps(look))))  # type: ignore[arg-type]
        assert sizes[-1] <= room
    assert sizes == sorted(set(sizes), reverse=True)


def test_filters_beyond_the_limit_are_counted() -> None:
    _, text = filters(Kernels("body.stem.0.conv", torch.randn(100, 3, 5, 7)))  # type: ignore[misc]
    assert "body.stem.0.conv: 100 filters of 3×5×7 weights; gray is 0; 36 more are not shown" in str(text)
    images, text = filters(Kernels("c", torch.randn(2, 4, 3, 3)))  # type: ignore[misc]
    assert str(images).count("<img") == 8
    assert "filter 1, channel 3: " in str(images)
