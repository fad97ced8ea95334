import re
import shutil
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import plotly
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artpose_lib.report.plotting import show
from artpose_lib.web import choose, contact_sheet

WIDGET = "application/vnd.jupyter.widget-view+json"
CATCH = "document.title='caught'"
HOSTILE = f"""St "Sebastian"</script><script>{CATCH}</script><img src=x onerror="{CATCH}">'&"""


def picture(seed=0, height=12, width=12):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def scatter(title="one"):
    return show(go.Figure(go.Scatter(y=[1, 2]), layout_title_text=title), alt=title)


@pytest.mark.parametrize("make", [
    lambda: contact_sheet([picture()], [HOSTILE]).data,
    lambda: choose(HOSTILE, {HOSTILE: scatter(HOSTILE), "sheet": contact_sheet([picture()], [HOSTILE])}).html,
], ids=["sheet", "choice"])
def test_hostile_text_shows_as_text(make):
    html = make()
    assert "<script>document.title" not in html
    assert "<img src=x" not in html
    assert html.count("<script") == html.count("</script>")
    assert HOSTILE in unescape(html)


def test_a_sheet_shows_every_picture_with_its_caption():
    html = contact_sheet([picture(0), picture(1, 30, 20)], ["a Tanagra", "a Pietà"], height=99).data
    assert re.findall("<figcaption>(.*?)</figcaption>", html) == ["a Tanagra", "a Pietà"]
    assert re.findall('alt="(.*?)" src="data:image/jpeg;base64,', html) == ["a Tanagra", "a Pietà"]
    assert "height: 99px" in html


def test_a_sheet_does_not_carry_pictures_larger_than_it_shows():
    large = picture(0, 800, 400)
    assert len(contact_sheet([large], [""], height=20).data) < len(contact_sheet([large], [""], height=200).data) / 10


def test_every_picture_needs_a_caption():
    with pytest.raises(ValueError):
        contact_sheet([picture()], [])


def views():
    return {"loss": scatter(), "table": pd.DataFrame({"accuracy": [0.5]}), "sheet": contact_sheet([picture()], ["x"])}


def test_a_bundle_has_a_widget_and_the_same_html_each_time():
    view = choose("Model", views())
    bundle = view._repr_mimebundle_()
    assert {WIDGET, "text/html"} <= set(bundle)
    assert bundle["text/html"] == view.html == view._repr_html_()


def test_a_page_loads_nothing_from_elsewhere():
    sources = re.findall(r'(?:src|href)="(.*?)"|url\((.*?)\)|@import|import\(|fetch\(', choose("Model", views()).html)
    assert all(source.startswith("data:") for source, _ in sources)


def test_one_page_may_hold_many_choices():
    html = choose("Model", {"a": scatter(), "b": scatter("two")}).html + choose("Other", {"a": scatter()}).html
    assert html.count("Plotly.newPlot(") == 3 and not re.search(r'<[^>]* id="', html)


def test_a_choice_shows_the_chosen_view_in_a_live_notebook():
    live = choose("Model", views()).live()
    dropdown, panel = live.children
    assert "application/vnd.plotly.v1+json" in panel.outputs[0]["data"]
    dropdown.value = "table"
    assert "accuracy" in panel.outputs[0]["data"]["text/html"]


def test_a_choice_may_hold_a_choice():
    inner = choose("Seed", {"40": scatter()})
    assert inner.html in choose("Model", {"VGG16": inner}).html


@settings(max_examples=30, deadline=None)
@given(name=st.text(min_size=1, max_size=20))
def test_any_name_shows_as_it_is(name):
    html = choose(name, {name: contact_sheet([], [])}).html
    assert unescape(re.search("<option>(.*?)</option>", html, re.DOTALL).group(1)) == name


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if not shutil.which("chromium"):
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Opens fragments of HTML as a page from disk, without a network; the test fails for any error on the page."""
    contexts, errors = [], []

    def open_page(*fragments, **options):
        plotly_js = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
        file = tmp_path / "page.html"
        file.write_text('<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
                        f'<title>safe</title><script src="{plotly_js.as_uri()}"></script>' + "".join(fragments),
                        encoding="utf-8")
        contexts.append(browser.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.mark.browser
def test_a_choice_shows_one_view_at_its_full_width(open_page):
    page = open_page(choose(HOSTILE, {"loss": scatter(), HOSTILE: scatter(HOSTILE), "table": views()["table"]}).html)
    assert page.locator(".artpose-panel:visible").count() == 1
    page.set_viewport_size({"width": 500, "height": 600})
    page.locator("select").select_option(index=1)
    figure = page.locator(".js-plotly-plot:visible")
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg')[3].clientWidth < 500")
    assert figure.count() == 1
    page.locator("select").select_option("table")
    assert page.locator(".artpose-panel:visible").inner_text().split() == ["accuracy", "0", "0.5"]
    assert page.title() == "safe"


@pytest.mark.browser
def test_nothing_is_hidden_without_javascript(open_page):
    page = open_page(choose("Model", views()).html, java_script_enabled=False)
    assert page.locator(".artpose-panel:visible").count() == len(views())
    assert page.locator("select:visible").count() == 0


@pytest.mark.browser
def test_a_narrow_page_does_not_scroll_sideways(open_page):
    page = open_page(choose("A rather long label for a narrow page", {"a long name " * 8: scatter()}).html,
                     contact_sheet([picture(0, 100, 400)], ["wide"]).data, viewport={"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
