from pathlib import Path

import numpy as np
import pandas as pd
import plotly
import plotly.graph_objects as go
import pytest

from artpose_lib.report import tables
from artpose_lib.report.plotting import show
from artpose_lib.report.verdicts import HOLDS, UNSETTLED
from artpose_lib.web import choose, contact_sheet

CATCH = "document.title='caught'"
HOSTILE = f"""St "Sebastian"</script><script>{CATCH}</script><img src=x onerror="{CATCH}">'&"""
TABLE, SHEET = pd.DataFrame({"accuracy": [0.5]}), contact_sheet([np.zeros((100, 400, 3), np.uint8)], ["wide"])


def scatter(title="one"):
    return show(go.Figure(go.Scatter(y=[1, 2]), layout_title_text=title), alt=title)


@pytest.fixture
def open_page(chromium, tmp_path):
    """Opens fragments of HTML as a page from disk, without a network; the test fails for any error on the page."""
    contexts, errors = [], []

    def open_page(*fragments, **options):
        plotly_js = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
        file = tmp_path / "page.html"
        file.write_text('<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
                        f'<title>safe</title><script src="{plotly_js.as_uri()}"></script>' + "".join(fragments),
                        encoding="utf-8")
        contexts.append(chromium.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def test_a_choice_shows_one_view_at_its_full_width(open_page):
    page = open_page(choose(HOSTILE, {"loss": scatter(), HOSTILE: scatter(HOSTILE), "table": TABLE}).html)
    assert page.locator(".artpose-panel:visible").count() == 1
    page.set_viewport_size({"width": 500, "height": 600})
    page.locator("select").select_option(index=1)
    figure = page.locator(".js-plotly-plot:visible")
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg')[3].clientWidth < 500")
    assert figure.count() == 1
    page.locator("select").select_option("table")
    assert page.locator(".artpose-panel:visible").inner_text().split() == ["accuracy", "0", "0.5"]
    assert page.title() == "safe"


def test_the_same_figure_stands_twice_on_a_page(open_page):
    page = open_page(*[scatter()._repr_mimebundle_()["text/html"]] * 2)
    assert page.locator(".js-plotly-plot .gtitle").all_text_contents() == ["one", "one"]


def test_nothing_is_hidden_without_javascript(open_page):
    page = open_page(choose("Model", {"loss": scatter(), "table": TABLE, "sheet": SHEET}).html,
                     java_script_enabled=False)
    assert page.locator(".artpose-panel:visible").count() == 3
    assert page.locator("select:visible").count() == 0


def test_a_narrow_page_does_not_scroll_sideways(open_page):
    page = open_page(choose("A rather long label for a narrow page", {"a long name " * 8: scatter()}).html, SHEET.data,
                     viewport={"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_claims_are_picked_by_verdict_and_section_and_all_seen_without_javascript(open_page):
    table = pd.DataFrame({"id": ["C1", "C2", "C3"], "section": ["Abstract", HOSTILE, HOSTILE], "quote": HOSTILE,
                          "page": "11_claims", "measured": HOSTILE, "verdict": [HOLDS, UNSETTLED, HOLDS],
                          "remark": ["", "more", HOSTILE]})
    html = tables.claims_table({HOSTILE: table})
    page = open_page(html, viewport={"width": 390, "height": 800})
    rows = page.locator("tbody tr:visible")
    assert rows.count() == 3 and page.title() == "safe"
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    assert rows.count() == 2 and page.locator("output").text_content() == "2 shown"
    page.locator("select").select_option(index=2)
    assert rows.count() == 1 and rows.first.get_attribute("id") == "C3"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    still = open_page(html, java_script_enabled=False)
    assert still.locator("tbody tr:visible").count() == 3
    assert still.locator("select:visible, input:visible").count() == 0
