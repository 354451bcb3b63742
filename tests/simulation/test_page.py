"""The page: whole, closed, without scripts or addresses, its plots in words as well."""

import re
from html.parser import HTMLParser

import pytest
from tests.simulation.world import played, scenario

from reflecta.simulation import Report
from reflecta.simulation.page import page
from reflecta.simulation.plots import Plot, draw

VOID = {"meta", "line", "rect"}


class Tags(HTMLParser):
    """Checks that every tag is closed in its turn, and keeps attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report() -> Report:
    """Give a small run."""
    return played(scenario(size=4, days=1))


def test_the_page_is_well_formed_and_asks_for_nothing(report: Report) -> None:
    text, tags = page(report, "reflecta simulate --size <4>"), Tags()
    tags.feed(text)
    assert tags.open == []
    assert "<script" not in text
    assert not [name for name, _ in tags.attributes if name in {"src", "href"} or name.startswith("on")]
    assert "reflecta simulate --size &lt;4&gt;" in text


def test_every_plot_is_told_in_words_and_as_a_table(report: Report) -> None:
    text = page(report, "")
    assert text.count('role="img"') == text.count("<details>") == len(re.findall(r'aria-label="[^"]{10,}', text)) == 5


def test_bars_are_as_high_as_their_values() -> None:
    svg = draw(Plot(title="T", axis=("x", "y"), labels=["a", "b"], series={"s": [4, 2]}))
    heights = [float(height) for height in re.findall(r'<rect[^>]*height="([\d.]+)"', svg)]
    assert heights[0] == pytest.approx(2 * heights[1])


def test_a_plot_of_nothing_says_so() -> None:
    assert "T: nothing." in draw(Plot(title="T", axis=("x", "y"), labels=["a"], series={"s": [0]}))


def test_a_name_cannot_become_markup() -> None:
    assert "<b>" not in draw(Plot(title="<b>", axis=("<b>", "<b>"), labels=["<b>"], series={"<b>": [1], "c": [2]}))
