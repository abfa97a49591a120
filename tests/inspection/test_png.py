"""Arrays become PNG images whose pixels are the numbers."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from cnnlab.inspection.png import CLEAR, LEVELS, photo, rgb, tiles


def read(uri: str) -> Image.Image:
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_photo_is_the_image_itself() -> None:
    image = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    assert np.array_equal(np.asarray(read(photo(image))).transpose(2, 0, 1), image)
    assert np.array_equal(np.asarray(read(photo(image[:1]))), image[0])
    assert np.array_equal(np.asarray(read(photo(image[:2]))), image[:2].mean(0).astype(np.uint8))


def test_tiles_stand_beside_and_below_each_other_with_a_clear_gap() -> None:
    maps = [np.full((20, 30), value) for value in (0.0, 0.5, 1.0)]
    pixels = np.asarray(read(tiles(maps, 0.0, 1.0, columns=2)))
    assert pixels.shape == (41, 61)
    assert (pixels[:20, :30] == 0).all()
    assert (pixels[:20, 31:] == LEVELS // 2).all()
    assert (pixels[21:, :30] == LEVELS).all()
    assert (pixels[20] == CLEAR).all()
    assert (pixels[21:, 31:] == CLEAR).all()


def test_small_maps_are_made_larger_unless_there_is_no_gap() -> None:
    assert read(tiles([np.zeros((5, 4))], 0.0, 1.0, columns=1)).size == (16, 20)
    assert read(tiles([np.zeros((5, 4))], 0.0, 1.0, columns=1, gap=0)).size == (4, 5)


def test_zero_is_white_where_there_is_anything_below_it_and_numbers_beyond_the_scale_stay_at_its_ends() -> None:
    image = read(tiles([np.array([[-9.0, -1.0, 0.0, 1.0, 9.0]])], -1.0, 1.0, columns=1, gap=0))
    assert np.asarray(image).tolist() == [[0, 0, LEVELS // 2, LEVELS, LEVELS]]
    blue, _, white, _, red = np.asarray(image.convert("RGB"))[0].tolist()
    assert min(white) > 240
    assert blue[2] > blue[0]
    assert red[0] > red[2]


def test_a_kernel_over_three_channels_is_a_color_and_zero_is_gray() -> None:
    kernel = np.stack([np.full((2, 2), value) for value in (-1.0, 0.0, 1.0)])
    assert np.asarray(read(rgb(kernel, 1.0)))[0, 0].tolist() == [0, 128, 255]
