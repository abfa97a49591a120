"""Which checkpoint a run goes on from, whatever happened to the files."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_run import CONF, SMALL

from cnnlab.cli.main import main
from cnnlab.errors import UserError
from cnnlab.training.checkpoint import CheckpointFolder, read_checkpoint


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoints of a run of three epochs."""
    folder = tmp_path_factory.mktemp("run") / "run"
    assert main(CONF, [*SMALL, "trainer.max_epochs=3", "data.subset=100", f"hydra.run.dir={folder}"]) == 0
    return folder / "checkpoints"


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "checkpoints"))


def shelf(folder: Path) -> CheckpointFolder:
    return CheckpointFolder(folder, read_checkpoint(folder / "best.ckpt")["cnnlab"]["identity"])


def test_the_newest_is_gone_on_from(folder: Path) -> None:
    found = shelf(folder).newest()
    assert found
    assert (found.path.name, found.at, str(found)) == ("last.ckpt", (3, 0), "epoch 3")


@pytest.mark.parametrize("hurt", [lambda raw: raw[: len(raw) // 2], lambda raw: b"", lambda raw: bytes(len(raw))])
def test_a_damaged_one_is_named_kept_aside_and_passed_by(folder: Path, hurt: Callable[[bytes], bytes]) -> None:
    last = folder / "last.ckpt"
    last.write_bytes(hurt(last.read_bytes()))
    here = shelf(folder)
    best = read_checkpoint(folder / "best.ckpt")["cnnlab"]["epochs"]
    found = here.newest()
    assert found
    assert found.at == (max(2, best), 0)
    assert str(last) in here.complaints[0]
    assert (folder / "last.damaged").exists()


def test_what_hurts_the_newest_leaves_the_best_to_go_on_from(folder: Path) -> None:
    """Both are of one epoch, and files apart: of one file under two names nothing would be left."""
    here = shelf(folder)
    best = read_checkpoint(folder / "best.ckpt")["cnnlab"]["epochs"]
    for name in ("last.ckpt", "previous.ckpt"):
        with (folder / name).open("r+b") as file:
            file.truncate(100)
    found = here.newest()
    assert found
    assert (found.path.name, found.at) == ("best.ckpt", (best, 0))


def test_a_best_one_is_known_by_what_it_holds(folder: Path) -> None:
    """best.ckpt changed places with a newer one that is not the best: what it is to hold is found elsewhere."""
    best, last = read_checkpoint(folder / "best.ckpt"), read_checkpoint(folder / "last.ckpt")
    here, epochs = shelf(folder), best["cnnlab"]["epochs"]
    last["cnnlab"] |= {"epochs": epochs + 1, "best_epoch": epochs}
    torch.save(last, folder / "best.ckpt")
    torch.save(best, folder / "last.ckpt")
    found = here.newest()
    assert found
    assert found.at == (epochs, 0)
    assert read_checkpoint(folder / "best.ckpt")["cnnlab"]["epochs"] == epochs


def test_no_flipped_bit_changes_what_is_read(folder: Path) -> None:
    """Each is found, or is in a byte that means nothing."""
    file, dice = folder / "previous.ckpt", random.Random(0)
    raw, wanted, found = file.read_bytes(), read_checkpoint(file), 0
    for _ in range(60):
        broken = bytearray(raw)
        broken[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
        file.write_bytes(broken)
        try:
            read = read_checkpoint(file)
        except UserError:
            found += 1
            continue
        assert read["cnnlab"] == wanted["cnnlab"]
        assert all(torch.equal(read["state_dict"][name], tensor) for name, tensor in wanted["state_dict"].items())
    assert found > 50


def test_names_do_not_matter(folder: Path) -> None:
    (folder / "last.ckpt").rename(folder / "x")
    (folder / "previous.ckpt").rename(folder / "last.ckpt")
    (folder / "x").rename(folder / "previous.ckpt")
    found = shelf(folder).newest()
    assert found
    assert (found.path.name, found.at) == ("previous.ckpt", (3, 0))


def test_one_of_another_run_is_passed_by(folder: Path) -> None:
    here = CheckpointFolder(folder, "another")
    assert here.newest() is None
    assert "belongs to another run" in here.complaints[0]


def test_without_the_best_one_that_is_the_best_takes_its_place(folder: Path) -> None:
    (folder / "best.ckpt").unlink()
    last = read_checkpoint(folder / "last.ckpt")["cnnlab"]
    here = CheckpointFolder(folder, last["identity"])
    found = here.newest()
    if last["best_epoch"] == 3:
        assert found
        assert read_checkpoint(folder / "best.ckpt")["cnnlab"]["epochs"] == 3
    else:
        assert found is None or found.best_epoch == found.at[0]


def test_plain_torch_reads_the_weights(folder: Path) -> None:
    state = torch.load(folder / "best.ckpt", weights_only=True)["state_dict"]
    assert state["body.c1.0.conv.weight"].shape == (6, 1, 5, 5)
