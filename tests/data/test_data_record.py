from __future__ import annotations

import json

from cnnlab.data.data_record import DataNotes, DataRecord, LeftOut, Oddity
from cnnlab.data.dataset import open_dataset
from cnnlab.data.sources.synthetic import Synthetic


def test_data_json_counts_the_images_of_each_class_by_part() -> None:
    data = Synthetic(shape=(1, 8, 8), classes=2, samples=40, names=("cat", "dog"))
    plain = open_dataset(data).record("synthetic", "0" * 32).plain()
    assert plain["images"] == {"train": 36, "val": 4, "test": 8}
    assert plain["classes"] == {
        "cat": {"train": 18, "val": 2, "test": 4},
        "dog": {"train": 18, "val": 2, "test": 4},
    }


def test_what_was_noticed_stands_beside_the_classes() -> None:
    notes = DataNotes((LeftOut("is cut off", 1, ("cat/a.jpg",)),), (Oddity("equal_images", "2 are equal", 2),), (3, 9))
    plain = json.loads(json.dumps(DataRecord("0", "folder", ("cat",), {"train": (4,)}, notes).plain()))
    assert plain["left_out"] == [{"reason": "is cut off", "count": 1, "examples": ["cat/a.jpg"]}]
    odd = {"kind": "equal_images", "message": "2 are equal", "count": 2, "examples": [], "weakens": True}
    assert plain["odd"] == [odd]
    assert plain["value_range"] == [3, 9]
