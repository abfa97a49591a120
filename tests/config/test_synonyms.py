"""The words of other programs lead to settings that there are."""

from __future__ import annotations

import pytest

from cnnlab.blocks import KINDS
from cnnlab.config.synonyms import INSTEAD, SYNONYMS, with_our_word
from cnnlab.config.table import paths
from cnnlab.errors import Fault, FaultKind

SETTINGS = {*paths(), *(path.rpartition(".")[2] for path in paths())}
OF_BLOCKS = {name for kind in KINDS.values() for name in kind.model_fields}
ELSEWHERE = {"hydra.run.dir"}


@pytest.mark.parametrize("word", SYNONYMS)
def test_every_word_of_ours_is_a_setting(word: str) -> None:
    groups = {"model", "data", "optimizer", "scheduler", "loss", "augment"}
    assert set(SYNONYMS[word]) <= SETTINGS | OF_BLOCKS | ELSEWHERE | groups


@pytest.mark.parametrize("word", INSTEAD)
def test_what_has_no_setting_in_its_place_is_no_setting_of_ours(word: str) -> None:
    assert word not in SYNONYMS
    assert word not in paths()


def test_the_word_of_the_same_record_comes_before_one_elsewhere() -> None:
    fault = Fault.unknown(FaultKind.UNKNOWN_SETTING, "x.learning_rate", "unknown", "learning_rate", ["lr", "kind"])
    assert with_our_word(fault).suggestion == "lr"


def test_a_setting_of_a_block_is_not_looked_for_outside_of_blocks() -> None:
    path = "model.body.c1.batch_size"
    fault = Fault.unknown(FaultKind.UNKNOWN_SETTING, path, "unknown", "batch_size", ["channels"])
    assert with_our_word(fault) == fault


def test_a_fault_that_has_the_word_keeps_it_alone() -> None:
    fault = Fault.unknown(FaultKind.UNKNOWN_SETTING, "trainer.lr", "unknown", "lr", ["max_epochs"])
    assert with_our_word(with_our_word(fault)) == with_our_word(fault)
    assert with_our_word(fault).message == "unknown; did you mean 'optimizer.lr'?"


def test_faults_of_other_kinds_stay_as_they_are() -> None:
    fault = Fault.unknown(FaultKind.UNKNOWN_CHOICE, "model", "there is no model 'lr'", "lr", ["lenet"])
    assert with_our_word(fault) is fault
