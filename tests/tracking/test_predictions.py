import csv
from pathlib import Path

import pytest
from rich.console import Console

from cnnlab.tracking.predictions import Prediction, table, write_csv


def printed(*arguments: object, **keywords: object) -> str:
    width = keywords.pop("width", 100)
    console = Console(width=width, force_terminal=False)  # type: ignore[arg-type]
    with console.capture() as capture:
        console.print(table(*arguments, width, **keywords))  # type: ignore[arg-type]
    return capture.get()


def test_the_file_has_a_row_an_image_and_a_column_a_class(tmp_path: Path) -> None:
    write_csv(tmp_path / "p.csv", [Prediction("a.png", [0.2, 0.8])], ["cat", "dog"])
    assert (tmp_path / "p.csv").read_text() == (
        "image,predicted,probability,cat,dog\na.png,dog,0.800000,0.200000,0.800000\n"
    )


@pytest.mark.parametrize("name", ["=1+2", "+1", "-1", "@x", "  =1", "\t=1", "\r=1", "\n=1"])
def test_a_name_that_a_spreadsheet_would_run_is_made_inert(tmp_path: Path, name: str) -> None:
    write_csv(tmp_path / "p.csv", [Prediction(name, [1.0])], [name])
    with (tmp_path / "p.csv").open(newline="") as file:
        head, row = csv.reader(file)
    assert head[3] == row[0] == row[1] == "'" + name.replace("\r", " ")


def test_commas_quotes_lines_and_broken_names_come_back(tmp_path: Path) -> None:
    names = ['say "a, b"', "two\nlines", "日本", "caf\udce9"]
    write_csv(tmp_path / "p.csv", [Prediction("a", [0.25] * 4)], names)
    with (tmp_path / "p.csv").open(newline="", encoding="utf-8") as file:
        head, row = csv.reader(file)
    assert head[3:] == [*names[:3], "caf\\udce9"]
    assert row[1] == names[0]  # the first of equals


def test_the_table_shows_the_likeliest_classes_in_order() -> None:
    text = printed([Prediction("a.png", [0.1, 0.6, 0.3, 0.0])], ["cat", "dog", "cow", "owl"])
    assert text.splitlines()[1].split() == ["a.png", "60.0", "%", "dog", "30.0", "%", "cow", "10.0", "%", "cat"]


def test_a_long_list_is_cut_and_says_so() -> None:
    text = printed([Prediction(f"{n}.png", [0.5, 0.5]) for n in range(1234)], ["cat", "dog"], limit=3)
    assert len(text.splitlines()) == 5
    assert text.splitlines()[-1].strip() == "… and 1,231 more"


def test_names_are_no_markup_and_no_orders_to_the_terminal() -> None:
    text = printed([Prediction("[red]a[/red]\x1b[31m\udce9", [1.0])], ["[bold]cat"])
    assert "[red]a[/red]?[31m?" in text
    assert "[bold]cat" in text
    assert "\x1b" not in text


LONG = "/home/somebody/pictures of a long summer/" + "another folder/" * 6 + "cat 1.png"


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_the_predicted_class_and_the_end_of_the_path_are_shown_whatever_the_width(width: int) -> None:
    classes = ["Egyptian cat", "tiger cat", "a longhaired black and tan dachshund"]
    text = printed([Prediction(LONG, [0.516, 0.3, 0.184])], classes, width=width)
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    assert "51.6 % Egyptian cat" in words or ("51.6 %" in words and "Egyptian" in words and "cat" in words)
    assert "1.png" in text
    assert ("tiger cat" in text) == (width >= 80)


def test_a_class_whose_name_is_longer_than_the_line_goes_on_in_the_next() -> None:
    name = "a very long name of a class that goes on and on"
    text = printed([Prediction("a.png", [1.0])], [name], width=30)
    assert "…" not in text
    assert all(word in text for word in name.split())
