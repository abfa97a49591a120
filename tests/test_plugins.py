"""A user's own kinds, from a module that `plugins=` names: their schema, their weights, and what goes wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from plugin_modules import Write, forget, modules
from sample_networks import CONV, faults, model, network
from stderr_lines import stderr_lines
from tiny_run import SMALL

import cnnlab as package
from cnnlab import plugins
from cnnlab.blame import LOADED
from cnnlab.blocks import KINDS, Block
from cnnlab.errors import UserError
from cnnlab.network.build import build
from cnnlab.network.graph import graph
from cnnlab.settings import Shape

OWN = '''
import torch
from pydantic import Field
from torch import nn
from cnnlab.blocks import Block, Conv
from cnnlab.blocks.block import Width
from cnnlab.settings import Settings

class Part(Settings):
    of: int

class Scaled(nn.Module):
    def __init__(self, channels, by, fail):
        super().__init__()
        self.gain = nn.Parameter(torch.full((channels, 1, 1), by))
        self.noise = nn.Parameter(torch.randn(channels, 1, 1))
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.sign = torch.tensor([1.0])
        self.fail = fail
        nn.init.zeros_(self.conv.weight)

    def forward(self, x):
        if self.fail == "forward":
            return x.nothing
        if self.fail in ("cut", "cut in training" if self.training else "cut"):
            x = x[:1]
        if self.fail == "flat":
            return x.sum((1, 2, 3))
        if self.fail == "raise in training" and self.training:
            raise ValueError("no such thing")
        return None if self.fail == "none" else x * self.gain * self.sign + self.conv(x) + self.noise

class LayerScale(Block):
    """x times a number for each channel."""
    by: float = 0.5
    """where it starts"""
    fail: str = ""
    sizes: list[int] = Field(default_factory=lambda: [1, 2])
    table: dict[str, int] = Field(default_factory=dict)
    parts: list[Part] = Field(default_factory=list)

    def build(self, shape):
        if self.fail == "build":
            raise KeyError("no such thing")
        return [] if self.fail == "list" else Scaled(shape[0], self.by, self.fail)

class Wide(Block):
    block: str = "widened"
    channels: Width

    def build(self, shape):
        return Conv(channels=self.channels, act="none").build(shape)
'''
SCALE = {"block": "layer_scale", "by": 0.25}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module where Python looks for it; afterwards all is as if nothing had been loaded."""
    monkeypatch.chdir(tmp_path)
    with modules(tmp_path) as write:
        yield write


@pytest.fixture
def own(write: Write) -> Write:
    write("own_blocks", OWN)
    assert plugins.load_plugins(["own_blocks"]) == []
    return write


def test_its_fields_are_its_schema(own: Write) -> None:
    assert [str(f) for f in graph(network(model({"c": CONV, "s": SCALE})), (1, 8, 8)).faults] == []
    (said,) = faults(model({"c": CONV, "s": SCALE | {"buy": 3}}))
    assert said == "model.body.s.buy: layer_scale has no such setting; did you mean 'by'?"
    (said,) = faults(model({"c": CONV, "s": {"block": "layer_scal"}}))
    assert said == "model.body.s.block: there is no kind of block 'layer_scal'; did you mean 'layer_scale'?"
    (said,) = faults(model({"c": {"block": "widened", "channels": 0}}))
    assert said == "model.body.c.channels: should be at least 1, not 0"


def test_it_takes_the_words_that_its_types_say(own: Write) -> None:
    found = network(
        model({"c": {"block": "widened", "channels": 8}, "d": {"block": "widened", "channels": "classes"}}, width=2.0)
    )
    assert [stage.copies[0].channels for stage in found.body] == [16, 10]


def test_its_fields_may_be_lists_and_mappings(own: Write) -> None:
    scale = SCALE | {"sizes": [3], "table": {"a": 1}, "parts": [{"of": 1}]}
    found = network(model({"c": CONV, "s": scale, "t": SCALE, "o": {"block": "sequential", "body": {"s": scale}}}))
    assert graph(found, (1, 8, 8)).faults == ()
    assert found.body[1].copies[0].sizes == [3]
    plain = found.plain()["body"][1][1][0]
    assert (plain["table"], plain["parts"]) == ({"a": 1}, [{"of": 1}])
    wrong = SCALE | {"sizes": 3, "table": {"a": "b"}, "parts": [{"off": 1}]}
    assert faults(model({"c": CONV, "s": wrong})) == [
        "model.body.s.sizes: should be a list, not 3",
        "model.body.s.table: should be a whole number, not 'b'",
        "model.body.s.parts: 'of' is missing",
        "model.body.s.parts: 'off' is not a setting of it",
    ]


def test_its_shape_and_cost_need_no_code(own: Write) -> None:
    layer = graph(network(model({"c": CONV, "s": SCALE})), (1, 8, 8)).layers[1]
    assert (layer.kind, layer.shape, layer.params, layer.receptive_field) == ("layer_scale", (8, 8, 8), 600, (5, 5))


def test_its_weights_start_as_its_own_code_says(own: Write) -> None:
    module = build(network(model({"c": CONV, "s": SCALE})), (1, 8, 8)).body.s[0]
    assert torch.equal(module.gain, torch.full((8, 1, 1), 0.25))
    assert not module.conv.weight.any()
    assert module.conv.bias.any()
    assert module.sign.device.type == "cpu"


def test_it_starts_from_a_stream_of_its_own(own: Write) -> None:
    def noise(body: dict, seed: int = 0) -> torch.Tensor:
        return build(network(model(body)), (1, 8, 8), seed).body.s[0].noise

    first = noise({"c": CONV, "s": SCALE})
    assert torch.equal(first, noise({"c": CONV, "x": CONV, "s": SCALE | {"by": 0.1}, "y": SCALE}))
    assert not torch.equal(first, noise({"c": CONV, "s": SCALE}, seed=1))


@pytest.mark.parametrize(
    ("fail", "told"),
    [
        ("list", "its build() returns list, not a torch module (own_blocks.py:42)"),
        ("none", "its forward() returns NoneType, not a tensor"),
        ("build", "KeyError: 'no such thing' (own_blocks.py:44)"),
        ("forward", "AttributeError: 'Tensor' object has no attribute 'nothing' (own_blocks.py:24)"),
        ("cut", "its forward() makes (1, 1, 8, 8) of (2, 1, 8, 8); the first axis, the images, has to stay"),
        ("flat", "its forward() makes (2,) of (2, 1, 8, 8); the first axis, the images, has to stay"),
    ],
)
def test_what_goes_wrong_in_it_is_told_with_its_line(own: Write, fail: str, told: str) -> None:
    for body, at in (
        ({"s": SCALE | {"fail": fail}}, "model.body.s"),
        ({"o": {"block": "sequential", "body": {"s": SCALE | {"fail": fail}}}}, "model.body.o.body.s"),
    ):
        (fault,) = graph(network(model(body)), (1, 8, 8)).faults
        assert fault.message == told
        assert at.startswith(fault.path)


@pytest.mark.parametrize(
    ("fail", "told"),
    [
        ("cut in training", "plugins: in training, a block of theirs makes 1 images of 2"),
        ("raise in training", "model.body.x: in training, ValueError: no such thing (own_blocks.py:30)"),
    ],
)
def test_what_goes_wrong_in_it_only_in_training_is_told_before_that(
    own: Write, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], fail: str, told: str
) -> None:
    block = f"model.body.x={{block: layer_scale, after: s2, fail: {fail}}}"
    assert cnnlab(*SMALL, "plugins=own_blocks", block) == 2
    assert told in stderr_lines(capsys)[0]


NONE = "bad has no class in it that derives from one of cnnlab's, such as Block, or is a callback"
BAD = {
    "x = 1 / 0": "bad cannot be imported: ZeroDivisionError: division by zero (bad.py:1)",
    "x = (": "bad cannot be imported: SyntaxError: '(' was never closed (bad.py:1)",
    "raise SystemExit(3)": "bad cannot be imported: SystemExit: 3 (bad.py:1)",
    "import not_there_at_all": "bad needs not_there_at_all",
    "x = 1": NONE,
    "from cnnlab.blocks import Conv": NONE,
    "from pytorch_lightning.callbacks import Timer": NONE,
    OWN.replace('"widened"', '"conv"'): (
        "bad.Wide: there is a kind of block 'conv' already; give it another `block` (bad.py:48)"
    ),
    OWN.replace("fail: str", "first: int = 1\n    fail: str"): (
        "bad.LayerScale.first: every block takes first; give this setting another name (bad.py:37)"
    ),
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_module_that_cannot_be_used_says_why_and_adds_nothing(write: Write, text: str) -> None:
    write("bad", text)
    before = dict(KINDS)
    assert [str(fault) for fault in plugins.load_plugins(["bad"], {"block": ["first"]})] == [f"plugins: {BAD[text]}"]
    assert before == KINDS


FLAWED = """
from typing import ClassVar
from cnnlab.blocks import Block, Conv

class Plain(Block):
    by = 0.5
    sizes: list[int] = [1, 2]
    note: ClassVar[str] = "no setting"

    @property
    def twice(self):
        return 2 * self.by

    def build(self):
        return None

class Half(Block):
    by: float = 0.5

class Between(Block):
    by: float = 0.5

class Whole(Between):
    block: str = "conv"

    def build(self, shape, *rest):
        return Conv(channels=1).build(shape)

class First(Whole):
    block: str = "mine"

class Second(Whole):
    block: str = "mine"
"""


def test_all_that_is_wrong_with_a_modules_classes_is_told_at_once(write: Write) -> None:
    write("bad", FLAWED)
    before = dict(KINDS)
    assert [fault.message for fault in plugins.load_plugins(["bad"])] == [
        "bad.Plain.by: a setting needs a type; write by: float = 0.5 (bad.py:6)",
        "bad.Plain.sizes: its default [1, 2] can be changed in place; write a tuple, as in tuple[int, ...] = (1, 2), "
        "or Field(default_factory=list) (bad.py:7)",
        "bad.Plain.build should take (self, shape), not (self) (bad.py:14)",
        "bad.Half needs a method build(self, shape) (bad.py:17)",
        "bad.Whole: there is a kind of block 'conv' already; give it another `block` (bad.py:24)",
        "bad.Second is called 'mine' as First is; give it another `block` (bad.py:32)",
    ]
    assert before == KINDS


def test_a_class_that_another_module_brought_is_named(own: Write) -> None:
    write = own
    write("more", "from own_blocks import *\nclass Mine(LayerScale):\n    block: str = 'widened'\n")
    (fault,) = plugins.load_plugins(["more"])
    said = "there is a kind of block 'widened' already, own_blocks.Wide; give it another `block` (more.py:3)"
    assert fault.message == f"more.Mine: {said}"
    write("third", "from own_blocks import LayerScale\nclass Mine(LayerScale):\n    more: int = 1\n")
    assert plugins.load_plugins(["third"]) == []
    assert KINDS["mine"].model_fields.keys() == KINDS["layer_scale"].model_fields.keys() | {"more"}


def test_a_setting_without_a_type_is_told_in_python_too() -> None:
    class Untyped(Block):
        by = 0.5

        def build(self, shape: Shape) -> torch.nn.Module:
            return torch.nn.Identity()

    with pytest.raises(TypeError, match=r"Untyped.by: a setting needs a type; write by: float = 0.5"):
        Untyped()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("not_here", "plugins: there is no module 'not_here' here, nor is one installed"),
        ("not_here.blocks", "plugins: there is no module 'not_here.blocks' here, nor is one installed"),
        ("a b", "plugins: 'a b' is no module's name, such as my_blocks (of a file my_blocks.py)"),
        ("../x", "plugins: '../x' is no module's name, such as my_blocks (of a file my_blocks.py)"),
    ],
)
def test_a_name_that_is_no_module(write: Write, name: str, told: str) -> None:
    assert [str(fault) for fault in plugins.load_plugins([name])] == [told]


def test_only_the_command_line_and_the_users_own_config_name_them(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write, tmp_path: Path
) -> None:
    write("marks", f"open({str(tmp_path / 'ran')!r}, 'w').close()\n{OWN}")
    (tmp_path / "mine" / "debug").mkdir(parents=True)
    file = tmp_path / "mine" / "debug" / "evil.yaml"
    file.write_text("# @package _global_\nplugins: [marks]\n")
    assert cnnlab("-cd", str(tmp_path / "mine"), "debug=evil", "task=summary") == 2
    assert "plugins: only the command line and your own config.yaml name plugins" in stderr_lines(capsys)[0]
    file.write_text("# @package plugins\nx: marks\n")
    assert cnnlab("-cd", str(tmp_path / "mine"), "debug=evil", "task=summary") == 2
    assert not (tmp_path / "ran").exists()
    assert cnnlab("plugins=marks", "model.body.x={block: layer_scale}", "task=summary") == 0
    assert (tmp_path / "ran").exists()


def test_blocks_of_a_module_that_cannot_be_imported_are_not_told_as_unknown(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    write("bad", "x = 1 / 0")
    assert cnnlab("plugins=bad", "model.body.x={block: own}", "task=summary") == 2
    assert stderr_lines(capsys)[0] == (
        "command line  plugins: bad cannot be imported: ZeroDivisionError: division by zero (bad.py:1)"
    )


@pytest.mark.usefixtures("no_pictures")
def test_somebodys_run_imports_nothing_unless_it_is_named_again(
    cnnlab: Callable[..., int], own: Write, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    block = "model.body.x={block: layer_scale, after: s2}"
    assert cnnlab(*SMALL, "plugins=own_blocks", block, f"hydra.run.dir={folder}") == 0
    assert package.load(folder, plugins=["own_blocks"])(torch.zeros(1, 28, 28, dtype=torch.uint8)).shape == (1, 10)
    forget(tmp_path)
    with pytest.raises(UserError) as caught:
        package.load(folder)
    (fault,) = caught.value.faults
    assert fault.message.endswith("; it was made with plugins=own_blocks, whose code is run only if you name them, too")
    assert not LOADED


COUNTS = """
from pathlib import Path
from pytorch_lightning import Callback

class Counts(Callback):
    def __init__(self, file):
        self.file, self.steps = Path(file), 0

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.steps += 1

    def on_train_end(self, trainer, module):
        self.file.write_text(f"{self.steps} steps, {module.global_step}")
"""


def test_callbacks_of_ones_own_take_part_in_training(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write, tmp_path: Path
) -> None:
    write("counting", COUNTS)
    words = [*SMALL, "callbacks.c._target_=counting.Counts", f"callbacks.c.file={tmp_path}/steps", "seed=0,1", "-m"]
    assert cnnlab(*words) == 2
    assert "callbacks.c._target_: should be a class of pytorch_lightning.callbacks, or" in stderr_lines(capsys)[0]
    assert cnnlab(*words, "plugins=counting") == 0
    assert (tmp_path / "steps").read_text() == "6 steps, 6"
    assert cnnlab(*SMALL, "plugins=counting", "callbacks.c._target_=counting.Counts") == 2
    assert "callbacks.c: Counts cannot be made: " in stderr_lines(capsys)[-1]
