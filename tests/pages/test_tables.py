"""Tables whose first column heads its rows."""

from __future__ import annotations

import pytest

from cnnlab.pages.tables import TableCell, TableRow, meter, table


def test_cells_say_that_they_differ_and_rows_have_attributes() -> None:
    rows = [["a", "1", TableCell("2", differs=True, title="more")], TableRow(["<b>", "3"], {"data_block": "body.x"})]
    assert table(["", "x", "y"], rows, caption="of two") == (
        '<table class="numbers"><caption>of two</caption>'
        '<thead><tr><th scope="col"></th><th scope="col">x</th><th scope="col">y</th></tr></thead><tbody>'
        '<tr><th scope="row">a</th><td>1</td><td class="differs" title="more">2</td></tr>'
        '<tr data-block="body.x"><th scope="row">&lt;b&gt;</th><td>3</td></tr></tbody></table>'
    )


def test_a_row_of_one_cell_is_a_heading_across_all_columns() -> None:
    assert '<tr><th colspan="2" scope="rowgroup" class="quiet">of the head</th></tr>' in table(
        ["", "x"], [["of the head"], ["a", "1"]]
    )


def test_without_headings_it_is_a_list_of_properties() -> None:
    assert table([], [["device", "cpu"]], numbers=False) == (
        '<table class="properties"><tbody><tr><th scope="row">device</th><td>cpu</td></tr></tbody></table>'
    )


@pytest.mark.parametrize(("share", "width"), [(0.256, "25.6%"), (-1.0, "0.0%"), (7.0, "100.0%")])
def test_a_meter_is_never_longer_than_its_room(share: float, width: str) -> None:
    assert meter(share) == f'<span class="meter" style="--w: {width}"></span>'
