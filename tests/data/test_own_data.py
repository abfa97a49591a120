"""A data source and an augmentation of a user's own, in a module that `plugins=` names, trained on by run.py."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from plugin_modules import Write, modules
from stderr_lines import stderr_lines
from tiny_run import result

from cnnlab.data.dataset import open_dataset
from cnnlab.data.sources import SOURCES

ARRAYS = '''
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cnnlab.data import Augmentation, Entry, Source
from cnnlab.settings import Positive


class Arrays(Source):
    """NumPy files in a folder for each class: DIR/PART/CLASS/*.npy, values of 0 to `largest`."""

    largest: Positive = 1.0
    """what white is"""

    def entries(self) -> Iterator[Entry]:
        root = Path(self.dir or "")
        for file in sorted(root.glob("*/*/*.npy")):
            part, label = file.parts[-3:-1]
            yield Entry(str(file.relative_to(root)), label, part)

    def image(self, entry: Entry) -> np.ndarray:
        image = np.load(Path(self.dir or "") / entry.key)
        if image.max() > self.largest:
            raise ValueError(f"has values up to {image.max():g}, more than {self.largest:g}")
        return (255 / self.largest * image).astype(np.uint8)


class Noise(Augmentation):
    """Gray noise, drawn for each image."""

    strength: Positive = 8.0
    """largest change, of 0..255"""

    def build(self, shape):
        def change(x, chance):
            return x.float() + self.strength * (2 * chance.unit("level") - 1).view(-1, 1, 1, 1)

        return change


class Cropped(Augmentation):
    def build(self, shape):
        return lambda x, chance: x[:, :, 1:]
'''
SETTINGS = [
    "data.shape=[1,12,12]",
    "data.classes=3",
    "data.names=null",
    "model=lenet",
    "model.head.f5=null",
    "trainer.max_epochs=2",
]
RUN = [*SETTINGS, "data.source=arrays", "data.dir=arrays", "threads=1", "trainer.precision=32", "plugins=arrays"]


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    with modules(tmp_path) as write:
        yield write


@pytest.fixture
def arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write) -> Path:
    """A folder of such files: three classes of bars, told apart by where they stand."""
    monkeypatch.chdir(tmp_path)
    write("arrays", ARRAYS)
    rng = np.random.default_rng(0)
    for part, count in (("train", 30), ("test", 10)):
        for label in range(3):
            folder = tmp_path / "arrays" / part / f"bar{label}"
            folder.mkdir(parents=True)
            for number in range(count):
                image = rng.random((1, 12, 12)) * 0.3
                image[0, 4 * label : 4 * label + 4] += 0.7
                np.save(folder / f"{number:02d}.npy", image)
    return tmp_path / "arrays"


@pytest.mark.usefixtures("arrays", "no_pictures")
def test_a_source_of_ones_own_is_trained_on(cnnlab: Callable[..., int]) -> None:
    assert cnnlab(*RUN, "hydra.run.dir=run") == 0
    found = result(Path("run"))
    assert found["test/images"] == 30
    assert found["test/acc"] == 1.0
    data = SOURCES["arrays"](shape=(1, 12, 12), classes=3, dir="arrays")  # type: ignore[call-arg]
    opened = open_dataset(data)
    assert opened.names == ("bar0", "bar1", "bar2")
    assert [len(split) for split in (opened.train, opened.val, opened.test)] == [81, 9, 30]


@pytest.mark.usefixtures("arrays", "no_pictures")
def test_its_settings_are_the_groups_and_part_of_the_identity(cnnlab: Callable[..., int]) -> None:
    assert cnnlab(*RUN, "hydra.run.dir=run") == 0
    assert cnnlab(*RUN, "data.largest=2", "hydra.run.dir=other") == 0
    assert result(Path("run"))["identity"] != result(Path("other"))["identity"]


@pytest.mark.usefixtures("arrays")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data.largst=2"], "command line  data.largst: data has no such setting; did you mean 'largest'?"),
        (["data.largest=-1"], "command line  data.largest: should be above 0, not -1"),
        (
            ["data.largest=0.5", "task=train"],
            "command line  data.source: arrays: train/bar0/00.npy has values up to 0.999163, more than 0.5",
        ),
        (["data.classes=4"], "command line  data.classes: the files of arrays have 3 classes, not 4"),
        (
            ["data.shape=[1,12,10]"],
            "command line  data.source: arrays: train/bar0/00.npy is uint8 1×12×12, not uint8 1×12×10",
        ),
        (
            ["augment.noise={kind: noise, strenth: 3}"],
            "command line  augment.noise.strenth: noise has no such setting; did you mean 'strength'?",
        ),
        (
            ["augment.noise={kind: nois}"],
            "command line  augment.noise.kind: there is no augment 'nois'; did you mean 'noise'?",
        ),
        (
            ["augment.noise={strength: 3}"],
            "command line  augment.noise.kind: augment.noise needs this setting: one of …",
        ),
        (["augment.noise=3"], "command line  augment.noise: augment has no such setting; there are flip, shift, …"),
    ],
)
def test_what_is_wrong_with_them_is_told_as_of_shipped_ones(
    words: list[str], message: str, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*RUN, *words) == 2
    told = stderr_lines(capsys)
    start = message.partition("…")[0]
    assert any(line.startswith(start) for line in told), told
    assert not any("Traceback" in line for line in told)


@pytest.mark.usefixtures("arrays", "no_pictures")
def test_an_augmentation_of_ones_own_follows_the_short_form(cnnlab: Callable[..., int]) -> None:
    assert cnnlab(*RUN, "hydra.run.dir=plain") == 0
    assert cnnlab(*RUN, "augment.shift=1", "augment.noise={kind: noise, strength: 20}", "hydra.run.dir=run") == 0
    again = [*RUN, "augment.shift=1", "augment.noise={kind: noise, strength: 20}", "data.batch_size=40"]
    assert cnnlab(*again, "hydra.run.dir=again") == 0
    losses = [
        [json.loads(line)["train/loss"] for line in Path(folder, "metrics.jsonl").read_text().splitlines()]
        for folder in ("plain", "run")
    ]
    assert losses[0] != losses[1]
    config = Path("run/config.yaml").read_text()
    assert "noise:\n    kind: noise\n    strength: 20" in config


@pytest.mark.usefixtures("arrays")
def test_an_augmentation_that_changes_shapes_is_told_by_its_name(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*RUN, "augment.less={kind: cropped}", "hydra.run.dir=run") == 2
    assert "augment.less: made a batch of 81×1×11×12 of one of 81×1×12×12" in "\n".join(stderr_lines(capsys))


@pytest.mark.usefixtures("arrays")
def test_help_schema_and_explain_know_them(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("task=schema", "dir=schemas", "plugins=arrays") == 0
    data = json.loads(Path("schemas/data.json").read_text())
    assert "what white is" in json.dumps(data)
    assert "largest change, of 0..255" in json.dumps(json.loads(Path("schemas/augment.json").read_text()))
    capsys.readouterr()
    assert cnnlab(*RUN, "task=explain", "key=data.largest") == 0
    assert "what white is" in capsys.readouterr().out


WRONG = """
from cnnlab.data import Augmentation, Source
from cnnlab.data.splits import Parts, Split
import torch


class Nothing(Source):
    def read(self):
        return [1, 2]


class Floats(Source):
    def read(self):
        return Parts(Split(torch.zeros(9, 1, 12, 12), torch.zeros(9).long()))


class Number(Augmentation):
    def build(self, shape):
        return 3
"""


@pytest.mark.usefixtures("arrays")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data.source=nothing"], "its read() returns list, not Parts of uint8 images (N, C, H, W) and int64 labels"),
        (["data.source=floats"], "its train images are torch.float32 9×1×12×12"),
        (["augment.x={kind: number}"], "augment.x: its build() returns int, not a function of a batch and its Chance"),
    ],
)
def test_what_they_give_instead_is_told_with_their_line(
    words: list[str], message: str, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    write("wrong", WRONG)
    assert cnnlab(*RUN, "plugins=[arrays,wrong]", *words) == 2
    told = "\n".join(stderr_lines(capsys))
    assert message in told
    assert "wrong.py:" in told


@pytest.mark.usefixtures("arrays")
def test_a_source_without_a_way_to_read_is_told_before_anything_is_composed(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    write("wrong", "from cnnlab.data import Source\n\n\nclass Empty(Source):\n    size_of_it: int = 3\n")
    assert cnnlab(*RUN, "plugins=[arrays,wrong]") == 2
    told = "\n".join(stderr_lines(capsys))
    assert "wrong.Empty needs a method read(self), or else entries(self) and image(self, entry) (wrong.py:4)" in told
