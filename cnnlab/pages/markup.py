"""HTML and SVG from values: all text is escaped, so that no name in a record can become markup."""

from __future__ import annotations

import html
from collections.abc import Iterable

VOID = ("meta", "br", "col")


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Content = str | Iterable["Content"] | None


def tag(name: str, /, *children: Content, **attributes: object) -> Markup:
    """An element. `class_` is class, other underscores are dashes; None and False leave an attribute out.

    >>> tag("p", "a < b", tag("b", "c"), class_="x", hidden=None)
    '<p class="x">a &lt; b<b>c</b></p>'
    """
    kept = {key: value for key, value in attributes.items() if value is not None and value is not False}
    opened = "".join(f" {_name(key)}{_value(value)}" for key, value in kept.items())
    if name in VOID:
        return Markup(f"<{name}{opened}>")
    return Markup(f"<{name}{opened}>{join(children)}</{name}>")


def join(children: Content) -> Markup:
    """Text escaped, markup as it is, lists one after the other."""
    if children is None:
        return Markup("")
    if isinstance(children, Markup):
        return children
    if isinstance(children, str):
        return Markup(html.escape(printable(children), quote=False))
    return Markup("".join(join(child) for child in children))


def printable(text: str) -> str:
    """Without what no document may hold: control characters and lone surrogates."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)
    return shown.encode("utf-8", "replace").decode()


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-") if key not in ("viewBox",) else key


def _value(value: object) -> str:
    if value is True:
        return ""
    text = f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
    return f'="{html.escape(printable(text))}"'
