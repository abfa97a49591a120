"""Mirrors cnnlab/data/batches.py , augmenter.py and changes.py, against plain implementations image by image."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats

from cnnlab.data.augmentation import AugmentSettings
from cnnlab.data.batches import Batches, prepare
from cnnlab.data.draws import draws
from cnnlab.data.splits import Split

ALL = AugmentSettings(flip=True, shift=2, cutout=3)


def split(count=50, shape=(3, 8, 9)):
    """Random images; the label is the sample's place."""
    return Split((draws(count * np.prod(shape), "pixels") % 256).to(torch.uint8).view(-1, *shape), torch.arange(count))


def batches(data, batch_size=16, **options):
    channels = data.x.shape[1]
    return Batches(data, batch_size, mean=(100.0,) * channels, std=(50.0,) * channels, **options)


def epoch_of(feed, epoch=0):
    feed.start_epoch(epoch)
    parts = [feed.batch(step) for step in range(len(feed))]
    return torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])


def by_sample(feed, epoch=0):
    x, y = epoch_of(feed, epoch)
    return x[y.argsort()]


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [
        (50, 16, [16, 16, 16, 2]),
        (48, 16, [16] * 3),
        (49, 16, [16, 16, 17]),
        (3, 16, [3]),
        (1, 16, [1]),
        (3, 1, [1] * 3),
        (17, 16, [17]),
    ],
)
def test_the_last_batch_is_kept_and_a_single_image_joins_the_one_before(count, size, sizes):
    for shuffle in (False, True):
        feed = batches(split(count), size, shuffle=shuffle)
        assert len(feed) == len(sizes)
        assert [len(feed.batch(step)[1]) for step in range(len(feed))] == sizes


def test_a_step_beyond_the_epoch_is_an_index_error():
    with pytest.raises(IndexError, match="step 4 of an epoch of 4"):
        batches(split()).batch(4)


def test_evaluation_gives_the_images_in_order_normalised_by_channel():
    data = split()
    x, y = epoch_of(Batches(data, 16, mean=(10.0, 20.0, 30.0), std=(1.0, 2.0, 4.0)))
    mean, std = torch.tensor([10.0, 20, 30]).view(3, 1, 1), torch.tensor([1.0, 2, 4]).view(3, 1, 1)
    assert torch.equal(y, data.y)
    assert torch.allclose(x, (data.x.float() - mean) / std, atol=1e-5)


def test_every_sample_comes_once_an_epoch_in_another_order_each_epoch_and_seed():
    data = split()
    orders = [epoch_of(batches(data, shuffle=True, seed=seed), epoch)[1] for seed in (0, 1) for epoch in (0, 1)]
    assert all(order.sort().values.tolist() == list(range(50)) for order in orders)
    assert len({tuple(order.tolist()) for order in orders}) == 4


def test_images_keep_their_labels():
    data = split()
    x, y = epoch_of(batches(data, shuffle=True))
    assert torch.allclose(x, (data.x[y].float() - 100) / 50, atol=1e-5)


def test_an_epoch_does_not_depend_on_those_before():
    walked, jumped = (batches(split(), shuffle=True, augment=ALL, seed=4) for _ in range(2))
    for epoch in range(3):
        epoch_of(walked, epoch)
    for one, other in zip(epoch_of(walked, 3), epoch_of(jumped, 3), strict=True):
        assert torch.equal(one, other)


def test_order_and_augmentation_do_not_depend_on_the_batch_size():
    small, large = (batches(split(), size, shuffle=True, augment=ALL) for size in (7, 32))
    for one, other in zip(epoch_of(small, 2), epoch_of(large, 2), strict=True):
        assert torch.equal(one, other)


def test_augmentation_does_not_depend_on_the_order():
    ordered, mixed = (batches(split(), shuffle=shuffle, augment=ALL) for shuffle in (False, True))
    assert torch.equal(by_sample(ordered, 1), by_sample(mixed, 1))


def naive(data, augment, epoch, seed=0):
    """Each image by itself, in numpy, with the same draws."""
    count, (_, rows, columns) = len(data), data.x.shape[1:]
    draw = {k: draws(count, k, seed, epoch).tolist() for k in ("row", "column", "flip", "cut_row", "cut_column")}
    made = []
    for i, image in enumerate(data.x.numpy()):
        pad = augment.shift
        padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)))
        top, left = draw["row"][i] % (2 * pad + 1), draw["column"][i] % (2 * pad + 1)
        x = padded[:, top : top + rows, left : left + columns].astype(np.float32)
        if augment.flip and draw["flip"][i] % 2:
            x = x[:, :, ::-1]
        x = (x - 100) / 50
        if side := augment.cutout:
            top, left = (draw["cut_row"][i] % rows) - side // 2, (draw["cut_column"][i] % columns) - side // 2
            x[:, max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = 0
        made.append(x)
    return torch.from_numpy(np.stack(made))


@pytest.mark.parametrize(
    "augment",
    [
        AugmentSettings(flip=True),
        AugmentSettings(shift=2),
        AugmentSettings(shift=4, flip=True),
        AugmentSettings(cutout=4),
        AugmentSettings(cutout=3),
        AugmentSettings(cutout=40),
        ALL,
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(1, 6, 6), (3, 8, 9)])
def test_augmentation_is_what_it_is_image_by_image(augment, shape):
    data = split(40, shape)
    for epoch in (0, 1):
        made = by_sample(batches(data, 16, shuffle=True, augment=augment), epoch)
        assert torch.allclose(made, naive(data, augment, epoch), atol=1e-5)


def test_every_shift_is_as_likely():
    data = Split(torch.zeros(4000, 1, 7, 7, dtype=torch.uint8), torch.arange(4000))
    data.x[:, 0, 3, 3] = 255
    x = by_sample(batches(data, 512, augment=AugmentSettings(shift=2)))
    places = x.flatten(1).argmax(1)
    counts = torch.stack([places // 7 - 1, places % 7 - 1]).mul(torch.tensor([[5], [1]])).sum(0).bincount(minlength=25)
    assert len(counts) == 25
    assert stats.chisquare(counts).pvalue > 1e-4


def test_half_of_the_images_are_mirrored():
    data = Split(torch.zeros(2000, 1, 2, 2, dtype=torch.uint8), torch.arange(2000))
    data.x[..., 0] = 255
    mirrored = by_sample(batches(data, 512, augment=AugmentSettings(flip=True)))[:, 0, 0, 1] > 0
    assert stats.binomtest(int(mirrored.sum()), 2000).pvalue > 1e-4


def test_what_comes_in_at_the_border_is_the_raw_zero():
    data = Split(torch.full((30, 1, 5, 5), 255, dtype=torch.uint8), torch.arange(30))
    x = by_sample(batches(data, augment=AugmentSettings(shift=3)))
    assert x.unique().tolist() == pytest.approx([-2.0, (255 - 100) / 50])


def test_the_images_in_memory_stay_as_they_are():
    data = split()
    before = data.x.clone()
    by_sample(batches(data, augment=ALL))
    assert torch.equal(data.x, before)


def test_an_augmentation_that_changes_nothing_costs_nothing():
    assert batches(split(), augment=AugmentSettings()).augmenter is None


@pytest.mark.parametrize("augment", [None, ALL])
@pytest.mark.parametrize("size", [None, (4, 4), (16, 12)])
def test_batches_come_in_the_asked_memory_format_type_and_size(augment, size):
    x, y = batches(split(), augment=augment, size=size, memory_format=torch.channels_last).batch(1)
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert x.dtype == torch.float32
    assert y.dtype == torch.int64
    assert tuple(x.shape[2:]) == (size or (8, 9))


def test_resizing_is_bilinear_and_averages_when_it_shrinks():
    data = split(4, (1, 8, 8))
    raw = (data.x.float() - 100) / 50
    small, large = (epoch_of(batches(data, size=size))[0] for size in ((4, 4), (16, 16)))
    assert torch.allclose(small, F.interpolate(raw, (4, 4), mode="bilinear", antialias=True), atol=1e-5)
    assert torch.allclose(large, F.interpolate(raw, (16, 16), mode="bilinear"), atol=1e-5)


@pytest.mark.parametrize("size", [None, (12, 12)])
def test_prepared_images_are_those_of_evaluation(size):
    data = split(10)
    mean, std = (10.0, 20.0, 30.0), (1.0, 2.0, 4.0)
    assert torch.equal(prepare(data.x, mean, std, size), epoch_of(Batches(data, 16, mean, std, size=size))[0])


def test_colours_change_as_image_by_image():
    data, strengths = split(40), {"brightness": 0.3, "contrast": 0.4, "saturation": 0.5}
    feed = batches(data, augment=AugmentSettings(**strengths), seed=5)
    x = by_sample(feed, epoch=2) * 50 + 100
    for i, image in enumerate(data.x.double()):
        bright, contrast, saturation = (
            1 + strength * ((int(draws(40, kind, 5, 2)[i]) % 2**24) / 2**23 - 1) for kind, strength in strengths.items()
        )
        wanted = image * bright
        wanted = wanted.mean() + (wanted - wanted.mean()) * contrast
        gray = wanted.mean(0, keepdim=True)
        wanted = (gray + (wanted - gray) * saturation).clamp(0, 255)
        assert torch.allclose(x[i].double(), wanted, atol=0.01)


def test_gray_images_have_no_saturation_to_change():
    data = split(10, (1, 6, 6))
    feed = batches(data, augment=AugmentSettings(saturation=0.9))
    assert torch.equal(by_sample(feed), by_sample(batches(data)))
