"""The width of text, without a font at hand: that in DejaVu Sans, the widest of the usual sans serifs."""

from __future__ import annotations

from functools import cache

WIDTHS = {
    28: "'ijl",
    30: "IJ",
    34: " ,./:;\\|·",
    40: "()-[]ft",
    43: "!r",
    50: '"*_`–',
    53: "sz",
    56: "?Lc",
    60: "Fkvxy",
    62: "Taeo",
    64: "$0123456789ESYbdghnpqu{}",
    68: "P",
    72: "ABCKRVXZ",
    76: "HNU",
    80: "&DGOQ",
    84: "#+<=>^w~×→",
    92: "M",
    100: "%@m…",
    102: "W",
}
"""hundredths of the font's size -> characters; others count as 100"""
OF = {char: width / 100 for width, chars in WIDTHS.items() for char in chars}
BOLD = 0.09
"""by which a bold character is wider, of the font's size"""


@cache
def width(words: str, size: float, bold: bool = False) -> float:
    """At most, in the unit of `size`."""
    return size * sum(OF.get(char, 1.0) + BOLD * bold for char in words)
