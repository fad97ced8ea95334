import io
import re
import shutil
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from conftest import html_pages
from PIL import Image

from artpose_lib.report import sphinx_ext
from artpose_lib.report.book import PAPER
from artpose_lib.report.plotting import show


def assert_figures_are_drawn(page):
    """The one that is pointed at, and all others are still pictures."""
    figures = page.locator(".plotly-graph-div")
    if visible := [figures.nth(number) for number in range(figures.count()) if figures.nth(number).is_visible()]:
        visible[0].hover()
        visible[0].locator(".main-svg").first.wait_for()
    assert figures.count() == page.locator(".plotly-graph-div:is(.js-plotly-plot, :has(> picture))").count()


def test_every_page_opens_soon_without_a_complaint_and_fits_a_desk_and_a_phone(pages, chromium):
    complaints, loaded, early = [], set(), set()
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: "ABORTED" in request.failure  # a still that is not waited for any longer
            or complaints.append(f"not loaded: {request.url}"))
    page.on("request", lambda request: loaded.add(request.url.split("?")[0].split("#")[0].removeprefix("file://")))
    page.on("load", lambda _: early.update(loaded))  # what a reader waits for: Plotly comes when the page is idle
    for path in html_pages(pages):
        page.goto("about:blank")  # nothing that the page before still waits for is counted
        loaded.clear(), early.clear()
        page.set_viewport_size({"width": 1200, "height": 900})
        page.goto(path.as_uri(), wait_until="networkidle")  # index.html sends on to the first page
        assert complaints == [], f"{path.name}: {complaints}"
        assert not any(file.endswith("plotly.min.js") for file in early), path.name
        files = {Path(file).name: Path(file).stat().st_size for file in loaded if not file.endswith("plotly.min.js")}
        assert sum(files.values()) <= 1_200_000 and "fontawesome.js" not in files, path.name
        if path.stem == "09_feature_maps":
            assert {"4.png", "4.js", "plotly_lazy.js"} <= set(files)
            icon = page.locator(".fa-bars:visible").first  # without the icons' script of 1.5 MB
            assert icon.evaluate("icon => getComputedStyle(icon, '::before').content").strip('"') == "\uf0c9"
        assert_figures_are_drawn(page)
        told = page.inner_text("body")
        assert not re.search(r"\d\s%|\bnan\b|finetuned|MAX_EPOCHS", told), path.name  # no names of code
        for media, width in (("screen", 1200), ("screen", 390), ("print", PAPER)):
            page.emulate_media(media=media)
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function("""[...document.querySelectorAll('.js-plotly-plot')].every((one) => !one.offsetWidth
                || one.querySelector('.main-svg').clientWidth === one.offsetWidth)""")  # a little later
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{path.name} is {wide} pixels wider than {width} of the {media}"
        page.emulate_media(media="screen")
        assert complaints == [], f"{path.name}: {complaints}"
    context.close()


def test_a_figure_tells_at_once_that_it_is_loading_and_data_are_saved_where_a_reader_wishes(pages, chromium):
    page, loaded = chromium.new_context(offline=True).new_page(), []
    page.add_init_script("Object.defineProperty(navigator, 'connection', {value: {saveData: true}})")
    page.on("request", lambda request: loaded.append(request.url))
    page.goto((pages / "book" / "chapters" / "06_experiment_1.html").as_uri(), wait_until="networkidle")
    figure = page.locator("[data-figure]:visible").first
    figure.scroll_into_view_if_needed()
    figure.evaluate("""one => one.addEventListener('pointerover', () => setTimeout(() => {
        window.sign ??= getComputedStyle(one, '::after').content }))""")
    assert not any("plotly.min.js" in one for one in loaded)
    figure.hover()
    assert "Loading" in page.evaluate("window.sign")
    figure.locator(".main-svg").first.wait_for()
    page.wait_for_function("!document.querySelector('[aria-busy], [data-figures]')")
    page.context.close()


def test_search_shows_a_line_of_each_page_from_disk(pages, chromium):
    page, complaints = chromium.new_context(offline=True).new_page(), []
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.goto(f"{(pages / 'search.html').as_uri()}?q=contrapposto", wait_until="networkidle")
    page.locator("#search-results p.context", has_text="weight on one leg").first.wait_for()
    assert complaints == []
    page.context.close()


def test_on_paper_all_views_of_a_choice_show_their_figures(pages, chromium):
    page = chromium.new_context(offline=True).new_page()
    page.goto((pages / "book" / "chapters" / "06_experiment_1.html").as_uri())
    page.pdf()  # as a browser's menu does, with nothing scrolled or pointed at
    page.emulate_media(media="print")
    assert_stills_are_seen(page)
    panels = page.locator(".artpose-chooser > .artpose-panel")
    assert all(panels.nth(number).is_visible() for number in range(panels.count()))
    heights = panels.locator(".artpose-figure img").evaluate_all("all => all.map((one) => one.offsetHeight)")
    assert max(heights) < 400  # two fit a sheet
    assert not page.locator(".artpose-chooser > .artpose-controls, details.hide").first.is_visible()
    page.context.close()


def test_without_scripts_each_figure_is_a_still_picture(pages, chromium):
    page = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}).new_page()
    page.goto((pages / "book" / "chapters" / "06_experiment_1.html").as_uri())
    assert_stills_are_seen(page)
    page.context.close()


def assert_stills_are_seen(page):
    stills = page.locator(".plotly-graph-div img")
    assert stills.count() == page.locator(".artpose-figure").count() > 0
    seen = "all => all.every((one) => one.naturalWidth && one.offsetWidth && one.offsetWidth <= innerWidth)"
    assert stills.evaluate_all(seen)


def test_figures_without_a_still_are_drawn_before_the_page_is_printed(tmp_path, chromium):
    for script in (sphinx_ext.LAZY_JS, sphinx_ext.PLOTLY_JS):
        shutil.copy(script, tmp_path)
    figure = show(go.Figure(layout={"height": 300}), "A figure.")._repr_mimebundle_()["text/html"]
    (tmp_path / "page.html").write_text(f'<script src="plotly_lazy.js"></script><p style="height: 4000px"></p>{figure}')
    page = chromium.new_page()
    drawn = "document.querySelectorAll('.js-plotly-plot').length"
    page.add_init_script(f"window.print = () => {{ window.onPaper = {drawn}; }}")
    page.goto((tmp_path / "page.html").as_uri())
    page.keyboard.press("Control+p")
    page.wait_for_function("window.onPaper === 1")
    page.close()


def test_heads_of_tables_stay_in_sight_below_the_pages_bar(pages, chromium):
    page = chromium.new_context(viewport={"width": 1200, "height": 900}).new_page()
    page.goto((pages / "book" / "chapters" / "11_claims.html").as_uri())
    page.evaluate("scrollTo(0, 2000)")
    bar, head = (page.locator(one).first.bounding_box() for one in (".bd-header-article", ".artpose-claims thead th"))
    assert 0 <= head["y"] - bar["height"] <= 2
    page.context.close()


def test_a_page_without_plotly_is_printed_without_figures(tmp_path, chromium):
    shutil.copy(sphinx_ext.LAZY_JS, tmp_path)
    (tmp_path / "page.html").write_text('<script src="plotly_lazy.js"></script>')
    page = chromium.new_page()
    page.add_init_script("window.print = () => { window.onPaper = true; }")
    page.goto((tmp_path / "page.html").as_uri())
    page.keyboard.press("Control+p")
    page.wait_for_function("window.onPaper")
    page.close()


def test_a_dark_system_gets_dark_pages_with_dark_figures_that_are_light_on_paper(pages, chromium):
    page = chromium.new_context(offline=True, color_scheme="dark").new_page()
    page.add_init_script("""addEventListener('DOMContentLoaded', () => {
        window.first = document.documentElement.dataset.theme })""")
    page.goto((pages / "book" / "chapters" / "06_experiment_1.html").as_uri())
    assert page.evaluate("window.first") == "dark"  # before it is seen
    ground = page.locator(".cell_output .text_html").first.evaluate("one => getComputedStyle(one).backgroundColor")
    assert ground == "rgba(0, 0, 0, 0)"
    figure = page.locator(".plotly-graph-div:visible").first
    figure.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    pixels = np.asarray(Image.open(io.BytesIO(figure.screenshot())).convert("L"))
    assert np.median(pixels) < 30 and pixels.max() > 180  # pale on the page's own dark
    page.emulate_media(media="print")
    assert figure.evaluate("one => getComputedStyle(one).filter") == "none"
    assert page.locator("article p").first.evaluate("one => getComputedStyle(one).color") == "rgb(26, 26, 26)"
    page.context.close()


def test_every_link_to_a_feature_map_shows_one(pages, chromium):
    """Of the chapter's prose, tables and tour: a map that is not flat, in sight, and no complaint."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900}, offline=True)
    page = context.new_page()
    page.goto((pages / "book" / "chapters" / "09_feature_maps.html").as_uri())
    page.wait_for_selector(".artpose-maps:not([aria-busy]) .maps-figures canvas")
    for table in page.locator("details.maps-all").all():
        table.locator("summary").click()
    listed, elsewhere = (page.locator(f"a[href^='#'][href*='/']{where}:visible").evaluate_all(
        "all => all.map((one) => one.hash)") for where in (":is(.maps-all *)", ":not(.maps-all *)"))
    assert len(elsewhere) >= 5 and listed
    for address in [*listed[:10], *dict.fromkeys(elsewhere)]:  # a table lists one block's
        page.evaluate("scrollTo(0, 0)")
        page.locator(f"a[href='{address}']:visible").first.click()
        shown = page.locator(".maps-stage .maps-name", has_text=f"Filter {address.split('/')[2]} ")
        shown.wait_for()
        page.wait_for_selector(".artpose-maps:not([aria-busy])")
        caption = page.locator(".maps-figures figcaption").nth(1)
        assert "drawn black" not in caption.inner_text() and page.get_by_role("alert").inner_text() == "", address
        frame = page.locator(".maps-figures .maps-frame").first.bounding_box()
        assert frame["y"] >= 0 and frame["y"] + frame["height"] <= 900, address
    context.close()


def test_a_drawing_is_answered_and_the_filters_that_spoke_lead_to_their_maps(pages, chromium):
    context = chromium.new_context(viewport={"width": 1200, "height": 900}, offline=True)
    page, complaints = context.new_page(), []
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.goto((pages / "book" / "try.html").as_uri())
    page.get_by_role("button", name="Reclining").click()
    spoke = page.locator(".try-spoke li a")
    spoke.first.wait_for()
    assert spoke.count() == 5 and page.get_by_role("alert").inner_text() == ""
    name = spoke.first.inner_text()
    with context.expect_page() as opened:  # beside the answer, which stays
        spoke.first.click()
    opened.value.locator(".maps-stage .maps-name", has_text=f"{name} of 1280").wait_for()
    assert complaints == []
    context.close()
