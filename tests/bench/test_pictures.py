"""Figures as pictures and tables: everything in them is said in words, too."""

from xml.etree import ElementTree as ET

from bench.pictures.bars import Bar, bars
from bench.pictures.lines import Line, lines
from bench.results import Row
from bench.tables import markdown

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = [Bar("slow & steady", 330.0, "theirs"), Bar("ours", 0.5, "ours"), Bar("the limit", 0.25, "limit")]


def test_a_picture_is_well_formed_and_says_its_figures_to_who_cannot_see_it() -> None:
    picture = ET.fromstring(bars("Title", "Below it", "µs", FIGURES))  # noqa: S314 -- we wrote it
    assert picture.get("role") == "img"
    assert picture.findtext(f"{SVG}title") == "Title"
    assert picture.findtext(f"{SVG}desc") == "the limit: 0.25 µs; ours: 0.5 µs; slow & steady: 330 µs"


def test_the_least_is_on_top_and_ten_times_as_much_is_one_step_longer() -> None:
    tenfold = [Bar("c", 100.0, "theirs"), Bar("a", 1.0, "theirs"), Bar("b", 10.0, "ours")]
    picture = ET.fromstring(bars("Title", "", "µs", tenfold))  # noqa: S314
    drawn = [rect for rect in picture.iter(f"{SVG}rect") if rect.get("class") in {"ours", "theirs"}]
    tops = [float(rect.get("y", "nan")) for rect in drawn]
    widths = [float(rect.get("width", "nan")) for rect in drawn]
    assert tops == sorted(tops)
    assert [rect.get("class") for rect in drawn] == ["theirs", "ours", "theirs"]
    assert abs((widths[2] - widths[1]) - (widths[1] - widths[0])) < 1


def test_a_table_has_its_words_left_and_its_figures_right() -> None:
    rows: list[Row] = [{"who": "ours", "count": 1234567, "share": 0.5}]
    assert markdown(rows, {"who": "Who", "count": "How many"}) == (
        "| Who | How many |\n| --- | ---: |\n| ours | 1,234,567 |\n"
    )


def test_a_line_that_is_flat_is_drawn_flat_and_one_that_doubles_is_twice_as_high() -> None:
    flat, growing = Line("flat", [(10.0, 4.0), (1000.0, 4.0)]), Line("growing", [(10.0, 4.0), (1000.0, 8.0)])
    picture = ET.fromstring(lines("Title", "", "rooms", "ms", [flat, growing]))  # noqa: S314
    dots = [(float(dot.get("cx", "nan")), float(dot.get("cy", "nan"))) for dot in picture.iter(f"{SVG}circle")]
    floor = max(float(line.get("y1", "nan")) for line in picture.iter(f"{SVG}line"))
    assert dots[0][1] == dots[1][1] == dots[2][1]
    assert abs((floor - dots[3][1]) - 2 * (floor - dots[2][1])) < 1
    assert dots[0][0] < dots[1][0]
    assert picture.findtext(f"{SVG}desc") == (
        "flat: 4.0 ms at 10, 4.0 ms at 1,000; growing: 4.0 ms at 10, 8.0 ms at 1,000"
    )
