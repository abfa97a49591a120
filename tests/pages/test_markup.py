"""No text becomes markup."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from cnnlab.pages.markup import Markup, join, tag

EVIL = '"><script>alert(1)</script>'


@given(st.text(), st.text())
def test_whatever_a_name_looks_like_it_is_read_back_as_text(content: str, value: str) -> None:
    element = ElementTree.fromstring(tag("p", content, title=value or None))
    assert list(element) == []
    assert set(element.attrib) <= {"title"}


def test_text_and_attributes_are_escaped() -> None:
    assert tag("p", EVIL, title=EVIL) == (
        '<p title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;">"&gt;&lt;script&gt;alert(1)&lt;/script&gt;</p>'
    )


def test_control_characters_and_lone_surrogates_are_replaced() -> None:
    assert join("a\x1b[2J\ud800b\n") == "a\ufffd[2J\ufffdb\n"


def test_markup_stays_as_it_is_and_lists_are_joined() -> None:
    assert join([Markup("<b>x</b>"), None, ["<", (tag("br"),)]]) == "<b>x</b>&lt;<br>"


def test_attributes_that_are_none_or_false_are_left_out() -> None:
    assert tag("rect", x=0) == '<rect x="0"></rect>'
    assert tag("details", open=True, hidden=False, title=None, class_="a", viewBox="0 0 1 1", data_t=1.04) == (
        '<details open class="a" viewBox="0 0 1 1" data-t="1"></details>'
    )
