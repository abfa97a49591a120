"""Mirrors cnnlab/data/source.py, sources/__init__.py, augmentation.py and the YAMLs of the groups data and augment."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cnnlab.data.augmentation import AugmentSettings, read_augment
from cnnlab.data.sources import SOURCES, read_source

CONF = Path(__file__).parents[2] / "conf"
GOOD = {"source": "mnist", "shape": [1, 28, 28], "classes": 10}


def faults(**change):
    return [str(fault) for fault in read_source(GOOD | change)[1]]


def record(**change):
    settings, found = read_source(GOOD | change)
    assert settings, found
    return settings


@pytest.mark.parametrize("path", sorted((CONF / "data").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_data_yaml_says_every_setting_and_is_valid(path):
    raw = yaml.safe_load(path.read_text())
    settings, found = read_source(raw)
    assert settings
    assert not found
    assert list(raw) == list(type(settings).model_fields)
    needs_a_folder = ["data.dir"] if path.stem == "folder" else []
    assert [fault.path for fault in settings.mismatches()] == needs_a_folder
    assert path.read_text().startswith("# ")
    assert f"python run.py data={path.stem}" in path.read_text()


def test_there_is_one_yaml_for_every_source():
    assert sorted(p.stem for p in (CONF / "data").glob("*.yaml")) == sorted(SOURCES)


@pytest.mark.parametrize("path", sorted((CONF / "augment").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_augment_yaml_is_valid_and_only_none_changes_nothing(path):
    raw = yaml.safe_load(path.read_text())
    settings, found = read_augment(raw)
    assert settings
    assert not found
    assert (settings == AugmentSettings()) == (path.stem == "none")


def test_composing_needs_neither_torch_nor_numpy():
    code = (
        "import cnnlab.data.augmentation, cnnlab.data.sources, sys; print({'torch', 'numpy', 'PIL'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sauce": 1}, "data.sauce: data has no such setting; did you mean 'source'?"),
        (
            {"source": "cifar"},
            "data.source: should be one of fashion_mini, fashion_mnist, mnist, cifar10, cifar100, folder, synthetic, "
            "not 'cifar'; did you mean 'cifar10'?",
        ),
        (
            {"shape": [28, 28]},
            "data.shape: should be three whole numbers (channels, rows, columns), not [28, 28]",
        ),
        (
            {"shape": [1, 28, 0]},
            "data.shape: should be three whole numbers (channels, rows, columns), not [1, 28, 0]",
        ),
        ({"shape": 28}, "data.shape: should be three whole numbers (channels, rows, columns), not 28"),
        ({"classes": 0}, "data.classes: should be at least 1, not 0"),
        ({"classes": "ten"}, "data.classes: should be a whole number, not 'ten'"),
        (
            {"classes": None},
            "data.classes: mnist needs a number of classes; only a folder's can be counted (null)",
        ),
        ({"names": [0, 1]}, "data.names: should be a list of class names in quotes, not [0, 1]"),
        ({"names": "cat"}, "data.names: should be a list of class names in quotes, not 'cat'"),
        (
            {"size": "big"},
            "data.size: should be auto, null, a whole number or a pair (rows, columns), not 'big'",
        ),
        (
            {"size": [1, 2, 3]},
            "data.size: should be auto, null, a whole number or a pair (rows, columns), not [1, 2, 3]",
        ),
        ({"size": 0}, "data.size: should be auto, null, a whole number or a pair (rows, columns), not 0"),
        ({"size": True}, "data.size: should be auto, null, a whole number or a pair (rows, columns), not true"),
        ({"batch_size": 0}, "data.batch_size: should be at least 1, not 0"),
        ({"batch_size": 1.5}, "data.batch_size: should be a whole number, not 1.5"),
        ({"subset": 0}, "data.subset: should be at least 1, not 0"),
        ({"val_fraction": 0.0}, "data.val_fraction: should be above 0, not 0.0"),
        ({"val_fraction": 1.0}, "data.val_fraction: should be below 1, not 1.0"),
        ({"mean": "x"}, "data.mean: should be a number from 0 to 1, or one for each channel, not 'x'"),
        ({"mean": [123.7]}, "data.mean: should be a number from 0 to 1, or one for each channel, not [123.7]"),
        ({"mean": [0.1, 0.2]}, "data.mean: has 2 numbers, images have 1 channel"),
        ({"std": 0}, "data.std: should be above 0, images are divided by it; not [0.0]"),
        ({"dir": 3}, "data.dir: should be text, not 3"),
        ({"download": "yes"}, "data.download: should be true or false, not 'yes'"),
        (
            {"samples": 100},
            "data.samples: mnist has a number of images of its own; write data.subset=100 for fewer",
        ),
        ({"source": "synthetic"}, "data.samples: synthetic data need a number of training images"),
        (
            {"source": "fashion_mini", "dir": "x"},
            "data.dir: fashion_mini reads no folder; leave it null",
        ),
    ],
)
def test_a_wrong_setting_is_one_fault_in_a_sentence(change, message):
    assert faults(**change) == [message]


def test_all_faults_are_told_at_once():
    assert len(faults(shape=3, batch_size=0, size="x", sauce=1)) == 4


def test_one_mean_stands_for_all_channels():
    assert record(source="cifar10", shape=[3, 32, 32], mean=0.5, std=[0.2, 0.3, 1]).mean == (0.5, 0.5, 0.5)
    assert record().mean is None


@pytest.mark.parametrize(("size", "pair"), [(32, (32, 32)), ([32, 40], (32, 40)), ("auto", "auto"), (None, None)])
def test_size_is_auto_nothing_a_number_or_a_pair(size, pair):
    assert record(size=size).size == pair


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ["a", "b"]}, "data.names: there are 2 names for 10 classes"),
        ({"names": ["a", "b", "a"], "classes": 3}, "data.names: two classes have one name: a"),
        (
            {"source": "fashion_mini", "shape": [1, 12, 12]},
            "data.shape: fashion_mini has 1×28×28 images, not 1×12×12; to resize them write data.size=12",
        ),
        ({"source": "fashion_mini", "shape": [3, 28, 28]}, "data.shape: fashion_mini has 1×28×28 images, not 3×28×28"),
        ({"source": "fashion_mini", "classes": 100}, "data.classes: fashion_mini has 10 classes, not 100"),
        (
            {"source": "folder", "dir": "x", "shape": [4, 8, 8]},
            "data.shape: files are read as 1 channel (gray) or 3 (RGB), not 4",
        ),
        (
            {"source": "folder"},
            "data.dir: say where the images lie: a directory that has a directory for each class",
        ),
    ],
)
def test_what_only_matters_once_images_are_read_is_told_apart(change, message):
    assert [str(fault) for fault in record(**change).mismatches()] == [message]


def test_the_numbers_of_an_augmentation_are_checked():
    _, found = read_augment({"flip": 1, "shift": -1, "cut": 3})
    assert [str(fault) for fault in found] == [
        "augment.flip: should be true or false, not 1",
        "augment.shift: should be at least 0, not -1",
        "augment.cut: augment has no such setting; did you mean 'cutout'?",
    ]
