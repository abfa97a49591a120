"""Mirrors cnnlab/data/dataset.py, sources/synthetic.py, sources/fashion_mini.py and fashion_mini/."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from cnnlab.data import fashion_mini
from cnnlab.data.dataset import mean_std, open_dataset
from cnnlab.data.fashion_mini.make import arrays
from cnnlab.data.sources import SOURCES
from cnnlab.data.sources.mnist import DEBIAN, FashionMnist
from cnnlab.data.sources.synthetic import Synthetic
from cnnlab.errors import UserError

NO_DEBIAN = pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's package dataset-fashion-mnist is not here")


def mini(**change):
    raw = {"source": "fashion_mini", "shape": (1, 28, 28), "classes": 10} | change
    return SOURCES[raw["source"]](**raw)


def synthetic(**change):
    return Synthetic(**{"shape": (3, 8, 8), "classes": 4, "samples": 200} | change)


def digest(split):
    return hashlib.sha256(split.x.numpy().tobytes() + split.y.numpy().tobytes()).hexdigest()[:16]


def messages(settings):
    with pytest.raises(UserError) as caught:
        open_dataset(settings, 0)
    return str(caught.value).splitlines()


def test_fashion_mini_has_as_many_images_of_each_class_in_each_split():
    data = open_dataset(mini(), 0)
    for split, count in ((data.train, 900), (data.val, 100), (data.test, 200)):
        assert split.y.bincount().tolist() == [count] * 10
        assert split.x.shape == (10 * count, 1, 28, 28)
        assert split.x.dtype == torch.uint8
    assert data.names == tuple("0123456789")


def test_no_image_is_in_two_splits():
    data = open_dataset(mini(), 0)
    kinds = [{image.numpy().tobytes() for image in split.x} for split in (data.train, data.val)]
    assert not kinds[0] & kinds[1]
    assert sum(map(len, kinds)) == 10_000


@NO_DEBIAN
def test_fashion_mini_made_again_is_the_same():
    full = FashionMnist(dir=str(DEBIAN), shape=(1, 28, 28), classes=10).read()
    made = arrays(full)
    with np.load(fashion_mini.FILE, allow_pickle=False) as shipped:
        assert sorted(shipped) == sorted(made)
        assert all(np.array_equal(shipped[key], made[key]) for key in made)
        assert np.array_equal(shipped["train_x"], full.train.x[shipped["train_index"].astype(int), 0])


@NO_DEBIAN
def test_the_whole_of_fashion_mnist_has_its_published_mean_and_spread():
    data = open_dataset(mini(source="fashion_mnist", dir=str(DEBIAN)), 0)
    assert data.mean[0] / 255 == pytest.approx(0.2860, abs=2e-3)
    assert data.std[0] / 255 == pytest.approx(0.3530, abs=2e-3)
    assert len(data.train) == 54_000


def test_fashion_mini_looks_like_the_whole():
    data = open_dataset(mini(), 0)
    assert data.mean[0] / 255 == pytest.approx(0.2860, abs=5e-3)
    assert data.std[0] / 255 == pytest.approx(0.3530, abs=5e-3)


def test_the_licence_travels_with_the_images():
    text = fashion_mini.FILE.with_name("LICENSE").read_text()
    assert "MIT License" in text
    assert "2017 Zalando SE" in text
    assert 4_000_000 < fashion_mini.FILE.stat().st_size < 6_000_000


def test_mean_and_spread_are_those_of_the_images_trained_on():
    data = open_dataset(mini(subset=100), 0)
    values = data.train.x.double()
    assert data.mean == pytest.approx((values.mean().item(),))
    assert data.std == pytest.approx((values.std(correction=0).item(),))


def test_mean_and_spread_may_be_those_that_weights_were_trained_with():
    own = open_dataset(mini(), 0)
    data = open_dataset(mini(mean=0.5), 0)
    assert (data.mean, data.std) == ((127.5,), own.std)
    assert open_dataset(mini(std=[0.2]), 0).std == pytest.approx((51.0,))


def test_a_constant_channel_does_not_divide_by_zero():
    x = torch.zeros(5, 2, 3, 3, dtype=torch.uint8)
    x[:, 0] = 7
    assert mean_std(x) == ((7.0, 0.0), (1.0, 1.0))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_splits_in_another_process():
    code = (
        "import hashlib\nfrom cnnlab.data.dataset import open_dataset\n"
        "from cnnlab.data.sources.fashion_mini import FashionMini\n"
        "d = open_dataset(FashionMini(shape=(1, 28, 28), classes=10, subset=500), 5)\n"
        "for s in (d.train, d.val, d.test):\n"
        "    print(hashlib.sha256(s.x.numpy().tobytes() + s.y.numpy().tobytes()).hexdigest()[:16])"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
    torch.manual_seed(1)
    data = open_dataset(mini(subset=500), 5)
    assert other == [digest(split) for split in (data.train, data.val, data.test)]


def test_another_seed_validates_on_other_images_and_tests_on_the_same():
    first, second = open_dataset(mini(), 0), open_dataset(mini(), 1)
    assert digest(first.val) != digest(second.val)
    assert digest(first.test) == digest(second.test)


def test_a_subset_is_balanced_and_leaves_the_validation_images_alone():
    whole, part = open_dataset(mini(), 3), open_dataset(mini(subset=250), 3)
    assert part.train.y.bincount().tolist() == [25] * 10
    assert digest(part.val) == digest(whole.val)
    assert digest(part.test) == digest(whole.test)


def test_a_subset_larger_than_what_there_is_is_a_fault():
    assert messages(mini(subset=9001)) == ["data.subset: asks for 9001 images, but there are 9000 to train on"]


def test_names_are_the_users_where_given():
    names = tuple("abcdefghij")
    assert open_dataset(mini(names=names), 0).names == names


def test_settings_that_do_not_fit_the_data_are_told_together_before_anything_is_read():
    assert messages(mini(shape=(3, 32, 32), classes=5, names=("a",))) == [
        "data.shape: fashion_mini has 1×28×28 images, not 3×32×32",
        "data.classes: fashion_mini has 10 classes, not 5",
        "data.names: there are 1 names for 5 classes",
    ]


def test_synthetic_images_have_any_shape_and_are_the_same_each_time():
    data, again = (
        open_dataset(synthetic(shape=(2, 5, 7), classes=3), 0),
        open_dataset(synthetic(shape=(2, 5, 7), classes=3), 0),
    )
    assert data.train.x.shape[1:] == (2, 5, 7)
    assert (len(data.train) + len(data.val), len(data.test)) == (200, 40)
    assert digest(data.train) == digest(again.train)


def test_synthetic_images_can_be_learned_but_not_from_one_pixel():
    data = open_dataset(synthetic(classes=10, samples=1000), 0)
    means = torch.stack([data.train.x[data.train.y == c].float().mean(0) for c in range(10)])
    guess = (data.test.x[:, None].float() - means).flatten(2).norm(dim=2).argmin(1)
    one = (data.test.x[:, None, 0, 0, 0].float() - means[:, 0, 0, 0]).abs().argmin(1)
    assert (guess == data.test.y).float().mean() > 0.9
    assert (one == data.test.y).float().mean() < 0.6


def test_the_yamls_names_are_those_of_the_data():
    raw = yaml.safe_load((Path(__file__).parents[2] / "conf/data/fashion_mini.yaml").read_text())
    data = open_dataset(SOURCES[raw["source"]](**raw), 0)
    assert data.names[9] == "Ankle boot"
    assert len(data.names) == 10
