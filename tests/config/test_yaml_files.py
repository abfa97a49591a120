"""YAML files that a user got wrong: told with file, line and column, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from stderr_lines import cut, stderr_lines

BODY = "  c1: {block: conv, channels: 6}\n"
HEAD = "head:\n  pool: {block: global_avg_pool}\n  out: {block: linear, features: classes}\n"
NET = f"body:\n{BODY}{HEAD}"

FILES: dict[str, tuple[str | bytes, list[str]]] = {
    "a bracket too few": (
        "body: {c1: {block: conv\nhead: 3\n",
        ["mine/model/net.yaml:2:5  is not YAML: expected ',' or '}', but got ':'"],
    ),
    "a tab": ("body:\n\tc1: {block: conv}\n", ["mine/model/net.yaml:2:1  is not YAML: a tab; indent with spaces"]),
    "a block twice": (
        f"body:\n{BODY}{BODY}{HEAD}",
        ["mine/model/net.yaml:3:3  is not YAML: c1 stands there twice"],
    ),
    "a tag": (
        "body: !!python/object/apply:os.system [echo]\n",
        ["mine/model/net.yaml:1:7  the tag 'tag:yaml.org,2002:python/object/apply:os.system': values are …"],
    ),
    "two documents": (
        f"{NET}---\n{NET}",
        ["mine/model/net.yaml:6:1  is not YAML: a second document begins; a file holds one"],
    ),
    "another encoding": (
        f"{NET}# caf\xe9\n".encode("latin1"),
        ["mine/model/net.yaml:6:1  is not UTF-8 text; save the file in that encoding"],
    ),
    "control characters": (
        NET.encode() + b"norm: \x1b[31m\0\n",
        ["mine/model/net.yaml:6:7  is not YAML: it has the character U+001B in it, which no text needs; leave it out"],
    ),
    "half of a character, as a control": (
        NET.encode() + b"norm: a\x7f\n",
        ["mine/model/net.yaml:6:8  is not YAML: it has the character U+007F in it, which no text needs; leave it out"],
    ),
    "a missing value in quotes": (
        f'{NET}norm: "???"\nact: ???\n',
        [
            "mine/model/net.yaml:6:7  norm: ??? stands for a value that is missing, in quotes too; write …",
            "mine/model/net.yaml:7:6  act: ??? stands …",
        ],
    ),
    "defaults that are no list": (
        f"defaults: lenet\n{NET}",
        ["mine/model/net.yaml:1:1  defaults: should be a list of files, as in [lenet, _self_]"],
    ),
    "defaults of other things": (
        f"defaults: [lenet, null, {{a: 1, b: 2}}, lenet, lenet, _self_]\n{NET}",
        [
            "mine/model/net.yaml:1:19  defaults: should list files, each as NAME or as GROUP: NAME",
            "mine/model/net.yaml:1:25  defaults: should list files, …",
            "mine/model/net.yaml:1:39  defaults: lists lenet twice",
        ],
    ),
    "a parent that is not there": (
        f"defaults:\n- lenett\n- _self_\n{NET}",
        ["mine/model/net.yaml:2:3  model: model/net.yaml lists model/lenett in its defaults, but there is no model …"],
    ),
    "itself for a parent": (
        f"{NET}defaults: [net, _self_]\n",
        [
            "mine/model/net.yaml:6:1  defaults: they lead through more than 100 files, or back to this one; list each "
            "parent once"
        ],
    ),
    "an alias in itself": (
        "body: &a {c1: *a}\n",
        ["mine/model/net.yaml:1:7  the anchor &a: a file says everything where it stands; leave it out"],
    ),
    "aliases without end": (
        "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)),
        ["mine/model/net.yaml:1:5  the anchor &a0: a file says everything where it stands; leave it out"],
    ),
    "a list": ("- a\n- b\n", ["mine/model/net.yaml:1:1  should be a mapping of settings, NAME: VALUE"]),
    "a word": ("hello", ["mine/model/net.yaml:1:1  should be a mapping of settings, NAME: VALUE"]),
    "nothing": (
        "# to do\n",
        ["mine/model/net.yaml  model.body: a model needs this setting", "mine/model/net.yaml  model.head: …"],
    ),
    "names that are no text": (
        "body:\n  1: {block: conv}\n  on: {block: conv}\n  null: {block: conv}\n",
        [
            "mine/model/net.yaml:2:3  '1', which YAML reads as int, cannot be a name; put it in quotes, …",
            "mine/model/net.yaml:3:3  'on', which YAML reads as bool, cannot be a name; …",
            "mine/model/net.yaml:4:3  'null', which YAML reads as null, cannot be a name; …",
            "mine/model/net.yaml  model.head: a model needs this setting",
        ],
    ),
    "a number for a name, and what else is wrong": (
        f"body:\n  1: {{block: conv, channels: 3}}\n  c: {{block: conv, chanels: 3}}\n{HEAD}",
        [
            "mine/model/net.yaml:2:3  '1', which YAML reads as int, cannot be a name; …",
            "mine/model/net.yaml:3:20  model.body.c.chanels: conv has no such setting; did you mean 'channels'?",
        ],
    ),
    "off": (
        f"norm: off\n{NET}",
        [
            "mine/model/net.yaml:1:7  off is read as false; "
            "write false, none for nothing, or 'off' in quotes for the word"
        ],
    ),
    "a level too deep": (
        "model: {body: {}}\n",
        [
            "mine/model/net.yaml  model.body: a model needs this setting",
            "mine/model/net.yaml  model.head: a model needs this setting",
            "mine/model/net.yaml:1:1  model.model: a model has no such setting; …",
        ],
    ),
    "typos everywhere": (
        "nrm: 3\nact: rellu\nbody:\n  c1: {block: conv, channels: six, strid: 2}\n"
        f"  c2: {{blok: conv}}\n  c4: {{block: convv}}\n{HEAD}",
        [
            "mine/model/net.yaml:2:1  model.act: should be one of …",
            "mine/model/net.yaml:1:1  model.nrm: a model has no such setting; did you mean 'norm'?",
            "mine/model/net.yaml:4:21  model.body.c1.channels: should be a whole number, not 'six'",
            "mine/model/net.yaml:4:36  model.body.c1.strid: conv has no such setting; did you mean 'stride'?",
            "mine/model/net.yaml:5:3  model.body.c2: there is no block 'c2' …",
            "mine/model/net.yaml:6:8  model.body.c4.block: there is no kind of block 'convv'; did you mean 'conv'?",
        ],
    ),
    "a block in a block": (
        f"body:\n  s: {{block: sequential, body: {{a: {{block: conv, channels: 3, kernal: 3}}}}}}\n{HEAD}",
        ["mine/model/net.yaml:2:63  model.body.s.body.a.kernal: conv has no such setting; did you mean 'kernel_size'?"],
    ),
    "a class to make": (
        f"_target_: os.system\n{NET}",
        ["mine/model/net.yaml:1:1  _target_: a file makes no objects; only callbacks name classes"],
    ),
    "an interpolation": (
        f"{NET}norm: ${{nope}}\n",
        ["mine/model/net.yaml:6:1  model.norm: ${nope} names no setting; …"],
    ),
    "interpolations of what is not a setting": (
        f"{NET}norm: ${{nope\nact: ${{oc.env:HOME}}\n",
        [
            "mine/model/net.yaml:6:7  a ${…} that is not the path of a setting, as in ${optimizer.lr}",
            "mine/model/net.yaml:7:6  ${oc.env:…}: a file refers to settings alone, …",
        ],
    ),
    "defaults that are not there": (
        f"defaults: [lenett, _self_]\n{NET}",
        [
            "mine/model/net.yaml:1:12  model: model/net.yaml lists model/lenett in its defaults, "
            "but there is no model 'lenett'; did you mean 'lenet'?",
        ],
    ),
    "a header without a value": (f"# @package\n{NET}", ["mine/model/net.yaml:1:1  expected header format: …"]),
    "Hydra's own settings": (
        "# @package _global_\nhydra: {job_logging: {handlers: {x: {(): os.system}}}}\n",
        [
            "mine/model/net.yaml:1:1  @package _global_: a file of model/ sets model alone; leave that line out",
            "mine/model/net.yaml:2:1  hydra: only the project's own config.yaml and the command line may …",
        ],
    ),
    "Hydra's own place": (
        "# @package hydra\nrun: {dir: /tmp/elsewhere}\n",
        ["mine/model/net.yaml:1:1  hydra: only the project's own config.yaml and the command line may …"],
    ),
    "values that are not what they look like, and a typo": (
        f"body:\n  c1: {{block: conv, channels: 010, bias: no, kernel_size: 12:30}}\n  c2: {{block: convv}}\n{HEAD}",
        [
            "mine/model/net.yaml:2:31  010 is read as 8, in base 8; write 8, or '010' in quotes",
            "mine/model/net.yaml:2:42  no is read as false; …",
            "mine/model/net.yaml:2:59  12:30 is read as 750, in base 60; write 750, or '12:30' in quotes",
            "mine/model/net.yaml:3:8  model.body.c2.block: there is no kind of block 'convv'; did you mean 'conv'?",
        ],
    ),
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], None]:
    """Write a file in the user's own folder of configuration, `mine`."""

    def to(name: str, content: str | bytes) -> None:
        file = tmp_path / "mine" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    return to


Write = Callable[[str, "str | bytes"], None]


@pytest.mark.parametrize(("content", "messages"), FILES.values(), ids=FILES)
def test_a_wrong_file_is_told_with_its_line(
    cnnlab: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    write: Write,
    content: str | bytes,
    messages: list[str],
) -> None:
    write("model/net.yaml", content)
    assert cnnlab("-cd", "mine", "model=net") == 2
    assert cut(stderr_lines(capsys), messages) == messages


@pytest.mark.parametrize("listed", ["override /hydra/job_logging", "override hydra/job_logging"])
def test_a_network_cannot_choose_hydras_own_files(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write, listed: str
) -> None:
    write("hydra/job_logging/theirs.yaml", "version: 1\nhandlers: {x: {(): os.getcwd}}\n")
    write("model/net.yaml", f"# @package _global_\ndefaults: [{listed}: theirs]\nmodel: {{body: {{}}, head: {{}}}}\n")
    assert cnnlab("-cd", "mine", "model=net") == 2
    assert any("hydra: only the project's own config.yaml" in said for said in stderr_lines(capsys))


def test_two_wrong_files_and_an_override_are_told_at_once(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    write("model/net.yaml", "body: [")
    write("optimizer/mine.yaml", "kind: sgd\nkind: adam\n")
    assert cnnlab("-cd", "mine", "model=net", "optimizer=mine", "optimizer.lr=-1", "seed=-1") == 2
    assert stderr_lines(capsys) == [
        "mine/model/net.yaml:1:8  is not YAML: expected the node content, but found '<stream end>'",
        "mine/optimizer/mine.yaml:2:1  is not YAML: kind stands there twice",
        "command line  seed: should be at least 0, not -1",
    ]


def test_a_broken_file_that_is_not_asked_for_is_left_alone(cnnlab: Callable[..., int], write: Write) -> None:
    write("model/broken.yaml", "{{{")
    write("model/net.yaml", NET)
    assert cnnlab("-cd", "mine", "model=net", "task=summary") == 0


def test_a_file_may_begin_with_a_byte_order_mark(cnnlab: Callable[..., int], write: Write) -> None:
    write("model/net.yaml", b"\xef\xbb\xbf" + NET.encode())
    assert cnnlab("-cd", "mine", "model=net", "task=summary") == 0


def test_a_parent_that_lands_in_the_wrong_place_is_told_how_to_be_listed(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    write("model/d2l/mine.yaml", "defaults: [d2l/lenet, _self_]\nbody: {c1: {channels: 8}}\n")
    assert cnnlab("-cd", "mine", "model=d2l/mine") == 2
    (said,) = stderr_lines(capsys)
    assert said.endswith("lists d2l/lenet in its defaults, which lands at model.d2l; write /model/d2l/lenet@_here_")
    write("model/d2l/mine.yaml", "defaults: [/model/d2l/lenet@_here_, _self_]\nbody: {c1: {channels: 8}}\n")
    assert cnnlab("-cd", "mine", "model=d2l/mine", "task=summary") == 0


def test_a_configuration_without_groups_is_told_what_to_list(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    write("config.yaml", "")
    assert cnnlab("-cd", "mine") == 2
    groups = ("model", "data", "augment", "optimizer", "scheduler", "loss", "trainer", "callbacks")
    assert stderr_lines(capsys) == [
        f"{name}: the defaults of config.yaml should list `- {name}: FILE`" for name in groups
    ]


GROUPS = (
    "{model: lenet}, {data: fashion_mini}, {augment: none}, {optimizer: sgd}, {scheduler: one_cycle}, "
    "{trainer: default}, {callbacks: none}, {loss: cross_entropy}"
)


def test_a_configuration_that_opens_no_groups_is_told_so(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    write("config.yaml", f"defaults: [_self_, {GROUPS}]\n")
    assert cnnlab("-cd", "mine", "model.norm=none") == 2
    assert stderr_lines(capsys) == [
        "command line  model.norm: no file spells this setting; "
        "to allow it, list `- cnnlab` in the defaults of config.yaml"
    ]


def test_a_configuration_that_lists_what_is_not_there_is_told(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    write("config.yaml", f"defaults: [_self_, cnnlab, {GROUPS.replace('lenet', 'lenett')}]\n")
    assert cnnlab("-cd", "mine") == 2
    assert stderr_lines(capsys) == [
        "mine/config.yaml:1:28  config.yaml lists model/lenett in its defaults, "
        "but there is no model 'lenett'; did you mean 'lenet'?"
    ]
