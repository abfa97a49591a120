"""A run from its command to its record, on real images."""

from __future__ import annotations

import json
import math
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from forked_cli import running, wait_for
from PIL import Image
from plugin_modules import modules
from tiny_run import CONF, SMALL, result

from cnnlab.cli.main import main

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("no_pictures")
TIMES = {"seconds", "images_per_second", "started", "finished", "resumed", "peak_memory_mb", "git", "times_checksum"}


def rows(folder: Path) -> list[dict[str, Any]]:
    """metrics.jsonl without what depends on the clock."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in TIMES} for line in lines]


def weights(folder: Path, name: str = "last") -> dict[str, torch.Tensor]:
    return torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)["state_dict"]


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small run, with its pictures."""
    folder = tmp_path_factory.mktemp("run") / "lenet"
    assert main(CONF, [*SMALL, "seed=3", "augment=flip_crop", f"hydra.run.dir={folder}"]) == 0
    return folder


def test_a_run_leaves_its_whole_record(trained: Path) -> None:
    found = result(trained)
    assert found["status"] == "ok"
    assert (found["model"], found["data"], found["seed"]) == ("lenet", "fashion_mini", 3)
    assert found["params"] == 61706
    assert found["macs"] == 416520
    assert found["best/epoch"] in (1, 2)
    assert found["overrides"][0] == "model=lenet"
    assert "seed" not in found["variant"]
    network = json.loads((trained / "network.json").read_text())
    assert [layer["name"] for layer in network["layers"]][:2] == ["body.c1", "body.s2"]
    of_val = {"val/loss", "val/acc", "val/balanced_acc", "val/f1", "val/acc5"}
    assert set(rows(trained)[0]) == {"epoch", "train/loss", "train/acc", *of_val, "lr", "step"}
    assert (found["monitor"], found["monitor_mode"], found["best/monitor"]) == ("val/acc", "max", found["best/val_acc"])
    assert found["data/majority"] == found["data/val_majority"] == 0.1
    for part, acc in (("test", found["test/acc"]), ("val", found["best/val_acc"])):  # of each class as many images
        recall = found[f"{part}/per_class"]
        assert list(recall)[:2] == ["T-shirt/top", "Trouser"]
        assert sum(recall.values()) / 10 == pytest.approx(acc)
    assert found["test/balanced_acc"] == pytest.approx(found["test/acc"])
    for name in ("overview.png", "curves.png", "confusion.png", "run.log", "checkpoints/previous.ckpt"):
        assert (trained / name).exists(), name


def test_the_test_accuracy_is_that_of_the_checkpoint_that_validation_chose(
    trained: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("task=test", f"ckpt_path={trained}", "format=json") == 0
    tested = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert tested["test/acc"] == pytest.approx(result(trained)["test/acc"])
    assert tested["checkpoint"].endswith("best.ckpt")
    assert tested["images"] == 2000


def test_the_saved_configuration_makes_the_same_run_again(trained: Path, cnnlab: Callable[..., int]) -> None:
    config = yaml.safe_load((trained / "config.yaml").read_text())
    assert config["threads"] == 1
    assert config["trainer"]["precision"] == "32"
    assert config["data"]["size"] == [28, 28]
    folder = Path("again")
    assert cnnlab(f"--config-path={trained}", f"hydra.run.dir={folder}") == 0
    assert result(folder)["identity"] == result(trained)["identity"]
    assert equal(weights(folder), weights(trained))


def test_a_finished_run_is_not_trained_again(
    trained: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    before = (trained / "result.json").read_bytes()
    assert cnnlab(*SMALL, "seed=3", "augment=flip_crop", f"hydra.run.dir={trained}") == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert (trained / "result.json").read_bytes() == before


def test_another_experiment_is_refused(
    trained: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*SMALL, "seed=4", "augment=flip_crop", f"hydra.run.dir={trained}") == 2
    assert "holds another experiment" in capsys.readouterr().err


def test_names_tags_and_folders_are_not_part_of_the_identity(trained: Path, cnnlab: Callable[..., int]) -> None:
    same = [*SMALL, "seed=3", "augment=flip_crop"]
    assert cnnlab(*same, "name=x y", "tags=[a]", f"hydra.run.dir={trained}", "trainer.progress=false") == 0


def test_another_normalisation_is_another_experiment(
    trained: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*SMALL, "seed=3", "augment=flip_crop", "data.mean=0.5", f"hydra.run.dir={trained}") == 2
    assert "holds another experiment" in capsys.readouterr().err


STEPS = 3  # of an epoch: 300 images in batches of 128
PAUSES = f'''
import time
from pathlib import Path
from pytorch_lightning import Callback

class Pauses(Callback):
    """Stays in the middle of the second epoch while there is a file `pause`."""

    def on_before_optimizer_step(self, trainer, module, optimizer):
        while trainer.global_step == {STEPS} + 1 and Path("pause").exists():
            Path("paused").touch()
            time.sleep(0.01)
'''


@pytest.fixture
def pauses(tmp_path: Path) -> Iterator[None]:
    with modules(tmp_path) as write:
        write("pauses", PAUSES)
        yield


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        ("lenet", ["model.norm=batch", "ema.decay=0.8", "data.sampler=balanced", "checkpoint.monitor=val/f1"]),
        pytest.param("resnet18", ["model.width=0.125"], marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_goes_on_as_if_it_had_not_been(
    cnnlab: Callable[..., int], pauses: None, model: str, changes: list[str]
) -> None:
    """kill -9 in the middle of an epoch; dropout, augmentation, batch norm and the weights' average at work."""
    words = [*SMALL, f"model={model}", *changes, "model.dropout=0.3", "augment=flip_crop", "trainer.max_epochs=4"]
    words += ["plugins=pauses", "callbacks.p._target_=pauses.Pauses"]
    straight, broken, pause = Path("straight"), Path("broken"), Path("pause")
    pause.touch()
    with running(*words, f"hydra.run.dir={broken}") as process:
        wait_for(process, Path("paused").exists)
        process.kill()
    pause.unlink()
    assert len(rows(broken)) == 1
    assert not (broken / "result.json").exists()
    for folder in (straight, broken):
        assert cnnlab(*words, f"hydra.run.dir={folder}") == 0
    assert rows(broken) == rows(straight)
    assert equal(weights(broken), weights(straight))
    assert equal(weights(broken, "best"), weights(straight, "best"))
    ends = [
        {k: v for k, v in result(folder).items() if k not in {*TIMES, "overrides"}} for folder in (broken, straight)
    ]
    assert ends[0] == ends[1]
    assert result(broken)["resumed"] == 1


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)]
)
def test_a_signal_saves_within_the_epoch_and_ends_the_run_as_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("run")
    words = ["trainer.max_epochs=500", "data.batch_size=5", f"hydra.run.dir={folder}"]
    with running(*SMALL, *words) as process:
        wait_for(process, (folder / "checkpoints" / "last.ckpt").exists)
        os.kill(process.pid, number)
    assert process.exitcode == code
    assert result(folder)["status"] == "interrupted"
    held = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["cnnlab"]
    assert held["epochs"] == len(rows(folder))
    assert held["steps"] == held["progress"]["step"] or held["steps"] == 0


@pytest.mark.slow
def test_the_same_command_takes_up_an_interrupted_run(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*SMALL, "trainer.max_epochs=12", "data.subset=100"]
    with running(*words) as process:
        wait_for(process, lambda: list(Path("outputs").glob("*/checkpoints/last.ckpt")))
        process.kill()
    assert cnnlab(*words) == 0
    said = capsys.readouterr().out
    assert "taking up the killed run" in said
    assert "going on after epoch" in said
    assert len(list(Path("outputs").iterdir())) == 1


def test_a_diverged_run_says_where_it_began(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["optimizer.lr=1e20", "trainer.gradient_clip_val=null", "optimizer.weight_decay=0.0"]
    assert cnnlab(*SMALL, *words, "hydra.run.dir=run") == 3
    found, said = result(Path("run")), " ".join(capsys.readouterr().out.split())
    assert found["status"] == "diverged"
    assert "the loss is not finite any more (epoch 1" in said
    assert re.search(r"it began with the (output|gradient|weights) of model\.(body|head)\.\w+, epoch 1, step \d", said)
    assert "it began" in found["error"]


@pytest.mark.parametrize("every", ["1", pytest.param("1steps", marks=pytest.mark.slow)])
def test_no_checkpoint_holds_what_is_not_finite(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], every: str
) -> None:
    words = [*SMALL, "optimizer.lr=1e9", "data.batch_size=8", f"checkpoint.every={every}", "hydra.run.dir=run"]
    assert cnnlab(*words) == 3
    said = " ".join(capsys.readouterr().out.split())
    for file in Path("run/checkpoints").glob("*.ckpt"):
        state = torch.load(file, weights_only=True)["state_dict"]
        assert all(value.isfinite().all() for value in state.values())
        assert "The checkpoint of" in said
    assert ("The checkpoint of" in said) == any(Path("run/checkpoints").glob("*.ckpt"))
    assert cnnlab(*words) == 3
    assert "finished: diverged. Nothing to do." in capsys.readouterr().out


def test_a_last_step_to_infinity_is_no_end_of_a_run(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """No loss has seen what it led to, but validation's."""
    words = ["data.batch_size=300", "trainer.max_epochs=1", "optimizer.lr=1e30", "trainer.gradient_clip_val=null"]
    assert cnnlab(*SMALL, *words, "hydra.run.dir=run") == 3
    assert "validation loss is not finite" in capsys.readouterr().out
    assert "it began with the" in result(Path("run"))["error"]


@pytest.mark.slow
def test_one_epoch_that_learned_is_not_called_flat(cnnlab: Callable[..., int]) -> None:
    assert cnnlab(*SMALL, "trainer.max_epochs=1", "data.subset=600", "hydra.run.dir=run") == 0
    assert result(Path("run"))["warnings"] == []


def test_a_flat_loss_is_told_and_is_no_failure(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path("run")
    assert cnnlab(*SMALL, "model=d2l/lenet", "optimizer.lr=1e-4", f"hydra.run.dir={folder}") == 0
    found = result(folder)
    assert found["status"] == "ok"
    assert "not learning" in found["warnings"][0]
    assert "not learning" in capsys.readouterr().out
    assert rows(folder)[-1]["train/loss"] > 0.98 * math.log(10)


def test_no_value_of_the_environment_reaches_a_file(
    cnnlab: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_TEST_SECRET", "hunter2-hunter2")
    folder = Path("run")
    words = ["tags=[${oc.env:CNNLAB_TEST_SECRET}]", "trainer.max_epochs=1", f"hydra.run.dir={folder}"]
    assert cnnlab(*SMALL, *words) == 0
    for file in folder.rglob("*"):
        assert file.is_dir() or b"hunter2-hunter2" not in file.read_bytes(), file


@pytest.mark.slow
def test_one_seed_gives_one_result_and_another_a_different_one(cnnlab: Callable[..., int]) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert cnnlab(*SMALL, "trainer.max_epochs=1", f"seed={seed}", f"hydra.run.dir={name}") == 0
    assert equal(weights(Path("a")), weights(Path("b")))
    assert not equal(weights(Path("a")), weights(Path("c")))


@pytest.mark.slow
def test_gradients_of_several_batches_make_the_step_of_one_large_batch(cnnlab: Callable[..., int]) -> None:
    words = [*SMALL, "trainer.max_epochs=1", "data.subset=320", "trainer.gradient_clip_val=null"]
    assert cnnlab(*words, "data.batch_size=80", "hydra.run.dir=large") == 0
    assert cnnlab(*words, "data.batch_size=20", "trainer.accumulate_grad_batches=4", "hydra.run.dir=small") == 0
    large, small = weights(Path("large")), weights(Path("small"))
    assert all(torch.allclose(large[key], small[key], atol=1e-5) for key in large)


@pytest.mark.slow
def test_max_steps_ends_training(cnnlab: Callable[..., int]) -> None:
    assert cnnlab(*SMALL, "trainer.max_steps=4", "data.batch_size=100", "hydra.run.dir=run") == 0
    checkpoint = torch.load("run/checkpoints/last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 4


def test_max_steps_within_the_first_epoch_still_validates(cnnlab: Callable[..., int]) -> None:
    assert cnnlab(*SMALL, "trainer.max_steps=2", "data.batch_size=50", "hydra.run.dir=run") == 0
    (row,) = rows(Path("run"))
    assert row["val/acc"] == result(Path("run"))["best/val_acc"]


@pytest.mark.slow
def test_training_stops_early_and_a_killed_run_stops_where_it_would_have(cnnlab: Callable[..., int]) -> None:
    words = [*SMALL, "callbacks=early_stopping", "callbacks.early_stopping.patience=1", "trainer.max_epochs=40"]
    assert cnnlab(*words, "optimizer.lr=0.3", "hydra.run.dir=straight") == 0
    epochs = len(rows(Path("straight")))
    assert 2 < epochs < 40
    shutil.copytree("straight", "killed")
    for name in ("result.json", "checkpoints/best.ckpt", "checkpoints/last.ckpt"):
        Path("killed", name).unlink()
    held = torch.load("straight/checkpoints/previous.ckpt", weights_only=True)["cnnlab"]
    if held["best_epoch"] != held["epochs"]:  # as it was before the last epoch
        shutil.copy("straight/checkpoints/best.ckpt", "killed/checkpoints/best.ckpt")
    assert cnnlab(*words, "optimizer.lr=0.3", "hydra.run.dir=killed") == 0
    assert rows(Path("killed")) == rows(Path("straight"))
    shutil.copytree("straight", "stopped")
    Path("stopped/result.json").unlink()
    assert cnnlab(*words, "optimizer.lr=0.3", "hydra.run.dir=stopped") == 0
    assert rows(Path("stopped")) == rows(Path("straight"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["callbacks=early_stopping", "callbacks.early_stopping.patince=1"], "callbacks.early_stopping: EarlyStopping"),
        (["callbacks.t._target_=pytorch_lightning.callbacks.Timr"], "did you mean 'Timer'?"),
        (["callbacks.t._target_=os.system"], "should be a class of pytorch_lightning.callbacks"),
        (["callbacks.erly_stopping.patience=1", "callbacks=early_stopping"], "did you mean 'early_stopping'?"),
    ],
)
def test_callbacks_that_cannot_be_are_named(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert cnnlab(*SMALL, "data.subset=50", *words) == 2
    assert message in capsys.readouterr().err


def test_a_batch_norm_that_would_see_one_number_is_told_before_training(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["model.norm=batch", "data.size=12", "model.body.c3.padding=valid", "model.body.s4=null"]
    words += ["model.body.c1.padding=valid", "model.body.c3.kernel_size=4", "data.batch_size=1"]
    assert cnnlab(*SMALL, *words) == 2
    assert "batch norm at body.c3.0.norm would see a single number a channel" in capsys.readouterr().err


@pytest.mark.slow
def test_out_of_memory_says_what_would_fit(tmp_path: Path) -> None:
    def little() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, 3 * 10**9))

    words = ["model=lenet", "model.width=8", "model.body.c3=null", "model.body.s4=null", "data.size=64"]
    words += ["data.batch_size=8000", "trainer.precision=32", "threads=1", "hydra.run.dir=run"]
    command = [sys.executable, str(ROOT / "run.py"), *words]
    ended = subprocess.run(command, cwd=tmp_path, preexec_fn=little, capture_output=True, text=True)
    assert ended.returncode == 4, ended.stderr
    assert re.search(r"out of memory at data.batch_size=8000; data.batch_size=\d+ fits", ended.stdout)
    assert result(tmp_path / "run")["status"] == "failed"


def test_a_disk_without_room_for_the_checkpoints_is_told_before_training(
    cnnlab: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**6))
    assert cnnlab(*SMALL) == 4
    assert "has 1.0 MB free; checkpoints of this network need 2.0 MB" in capsys.readouterr().err


def test_nothing_is_left_behind_where_the_data_are_missing(cnnlab: Callable[..., int]) -> None:
    Path("empty").mkdir()
    assert cnnlab("data=mnist", "data.dir=empty", "data.download=false") == 2
    assert not Path("outputs").exists()
    assert os.listdir("empty") == []


def test_other_images_are_another_experiment(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    for name, shade in (("dark", 0), ("light", 100)):
        for kind in ("a", "b"):
            (Path(name) / kind).mkdir(parents=True)
            for i in range(20):
                image = Image.new("L", (12, 12), shade + i + 60 * (kind == "b"))
                image.save(Path(name) / kind / f"{i}.png")
    words = ["data=folder", "data.shape=[1,12,12]", "trainer.max_epochs=1", "threads=1", "hydra.run.dir=run"]
    assert cnnlab(*words, "data.dir=dark") == 0
    assert cnnlab(*words, "data.dir=light") == 2
    assert "holds another experiment" in capsys.readouterr().err


@pytest.mark.slow
def test_a_reader_who_leaves_does_not_end_training(tmp_path: Path) -> None:
    words = [*SMALL, "data.subset=100", "hydra.run.dir=run"]
    with subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), *words], cwd=tmp_path, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
    assert process.returncode == 0
    assert result(tmp_path / "run")["status"] == "ok"


def test_a_summary_leaves_a_runs_record_alone(
    trained: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    before = (trained / "network.json").read_bytes()
    assert cnnlab("task=summary", "model=resnet18", f"hydra.run.dir={trained}") == 2
    assert "whose record stays" in capsys.readouterr().err
    assert (trained / "network.json").read_bytes() == before


def test_a_rate_from_the_environment_stays_out_of_the_record(
    cnnlab: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CNNLAB_TEST_RATE", "0.0123")
    words = [*SMALL, "trainer.max_epochs=1", 'optimizer.lr="${oc.decode:${oc.env:CNNLAB_TEST_RATE}}"']
    assert cnnlab(*words, "hydra.run.dir=run") == 0
    assert yaml.safe_load(Path("run/config.yaml").read_text())["optimizer"]["lr"] == "${oc.env:CNNLAB_TEST_RATE}"
    monkeypatch.delenv("CNNLAB_TEST_RATE")
    assert cnnlab("task=test", "ckpt_path=run", "format=json") == 0
