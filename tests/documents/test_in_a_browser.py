"""Every HTML page as a reader opens it: in a real browser, on a desk and on a phone, in light and in dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, browse, find_browser
from full_report import FULL, with_texts
from nasty import NASTY
from stage_times import record, result, saved

import resnet_inspect as ri
from resnet_inspect.render import render

pytestmark = [
    pytest.mark.skipif(find_browser() is None, reason="no Chromium here; apt-get install chromium"),
    pytest.mark.xdist_group("browser"),
]
DESK, PHONE = 1400, 390


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_browser()
    assert program
    with browse(program, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def pages() -> dict[str, str]:
    """Each kind of page by a name."""
    two = saved(record(result(), result("resnet50d", whole_ms=9.0)))
    slower = saved(record(result(whole_ms=9.0)))
    return {
        "one net": ri.make_report("resnet50").to_html(),
        "a net of many blocks": ri.make_report("resnet152", device="a100", batch_size=32).to_html(),
        "two nets": ri.make_report(["resnet50", "resnet50d"]).to_html(),
        "a Record": ri.make_report(records=two).to_html(),
        "a verdict": ri.make_report(records=[saved(record(result())), slower]).to_html(),
        "a table": ri.reconcile("resnet50").to_html(),
        "prose": ri.explain("resnet50").to_html(),
        **{
            text: render(with_texts(FULL, text), "html", command=text)
            for text in map(NASTY.get, ("element", "attribute"))
            if text
        },
    }


def test_a_page_fits_its_window_and_asks_for_nothing(browser: Browser, tmp_path: Path) -> None:
    for name, written in pages().items():
        page = tmp_path / "page.html"
        page.write_text(written, encoding="utf-8")
        for width in (DESK, PHONE):
            for dark in (False, True):
                view = browser.view(page, width, dark)
                where = f"{name}, {width} pixels, {'dark' if dark else 'light'}"
                assert (view.console, view.requests, view.overflow) == ((), (), 0), where
                assert (view.cut, view.aside <= 1) == ((), True), where


def test_the_browser_would_tell(browser: Browser, tmp_path: Path) -> None:
    """A page that does what none may do."""
    page = tmp_path / "page.html"
    page.write_text(
        "<!doctype html><div style='width: 2000px'>wide</div><svg width='9'><text>long</text></svg>"
        "<img src='none.png'><script>console.error(1)</script>",
        encoding="utf-8",
    )
    view = browser.view(page, DESK, dark=False)
    assert view.overflow == 2000 - DESK + 8, "and the margin"
    assert view.cut == ("long",)
    assert view.aside > DESK / 4
    assert any("none.png" in url for url in view.requests)
    assert any("console" in message or "error" in message for message in view.console)
