"""The static reader as a person uses it, from disk and without a network."""

import io
import re
from html import escape
from unittest.mock import patch

import ipywidgets as widgets
import numpy as np
import pandas as pd
import pytest
import tinyreader
from PIL import Image
from tinyreader import CLASSES, HOSTILE, LAYERS, MEANINGS, SIZE, TESTED

from artpose_lib import web
from artpose_lib.data.pictures import resize
from artpose_lib.explain.maps import feature_maps, receptive_field, sprite
from artpose_lib.explain.optimised import add_optimised, measure_kept
from artpose_lib.explain.reader import write_reader

TURQUOISE = (26, 242, 242)
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>safe</title>
    <meta name="viewport" content="width=device-width, initial-scale=1"><style>:root { color-scheme: light dark }
    body { margin: 0; font: 16px sans-serif; background: Canvas; color: CanvasText } a { color: inherit }
    @media print { div { overflow: visible !important } }</style>
    <main><h1>Maps</h1><p><a href="VIEW">a view</a> <a href="OTHER">another</a> <a href="#end">the end</a></p>
    READER<h2 id="end">End</h2><p style="margin-top: 3000px">On <a href="VIEW">this torso</a></p></main></html>"""


@pytest.fixture(scope="module")
def given():
    return tinyreader.contents()


@pytest.fixture(scope="module")
def site(tmp_path_factory, given):
    """A small book, its files where Sphinx puts them: the chapter's page that shows the maps."""
    root = tmp_path_factory.mktemp("site")
    reader = write_reader(root / "_static" / "maps", *given, MEANINGS)
    add_optimised(reader, root / "_static" / "maps", given[0][0], tinyreader.optimised())
    page = root / "book" / "chapters" / "maps.html"
    page.parent.mkdir(parents=True)
    page.write_text(PAGE.replace("VIEW", reader.link("alpha", "three", 6, "third")).replace(
        "OTHER", reader.link("alpha", "one", 1, "first", "ImageNet")).replace("READER", reader.html), encoding="utf-8")
    reader.tell([("a torso", "#alpha/3/7/third", HOSTILE), ("a tree", "#alpha/4/2/first", "It is green.")])
    page.with_name("tour.html").write_text(PAGE.replace("READER", reader.html), encoding="utf-8")
    return page


def sample(locator, side):
    """The pixels of a map where they stand on the screen, int (side, side, 3); a page from disk cannot read its own."""
    pixels = np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)
    rows, columns = (((np.arange(side) + 0.5) * length / side).astype(int) for length in pixels.shape[:2])
    return pixels[rows][:, columns]


def within(inner, outer):
    """A box as fractions of another: x, y, width and height."""
    a, b = inner.bounding_box(), outer.bounding_box()
    return ((a["x"] - b["x"]) / b["width"], (a["y"] - b["y"]) / b["height"],
            a["width"] / b["width"], a["height"] / b["height"])


class View:
    """The page as a person uses it."""

    def __init__(self, page, site, given):
        self.page, self.site, self.given, self.requests, self.errors = page, site, given, [], []
        self.tables = given[0][0].tables  # what was measured on the first model, by the block's name
        self.root = page.locator(".artpose-maps")
        self.slider = page.get_by_role("slider", name="Filter", exact=True)
        self.grid = page.get_by_role("listbox", name=re.compile("^All"))
        self.plane = page.get_by_role("listbox", name="Filters on a plane")
        self.marked = self.grid.locator("[aria-selected=true]")
        self.alert, self.loudest = page.get_by_role("alert"), page.locator(".maps-stage a.maps-quiet")
        self.captions = self.root.locator(".maps-figures figcaption:not(.maps-quiet)")
        self.rows = self.root.locator(".maps-scroll tbody tr")
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, hash=""):
        self.page.goto("about:blank")
        self.page.goto(self.site.as_uri() + hash)
        return self.wait()

    def wait(self):
        self.page.wait_for_selector(".artpose-maps:not([aria-busy]) :is(.maps-figures canvas, noscript figure)")
        return self

    def in_sight(self, *locators):
        """Whether they stand within the window."""
        boxes, window = [locator.bounding_box() for locator in locators], self.page.viewport_size
        return all(box["y"] >= 0 and box["y"] + box["height"] <= window["height"] for box in boxes)

    def rest(self):
        """Until what follows a step has followed; returns the address."""
        self.page.wait_for_timeout(400)
        return self.page.evaluate("location.hash")

    def press(self, key):
        self.page.keyboard.press(key)
        return self.filter

    def choose(self, group, name):
        self.page.get_by_role("group", name=group, exact=True).get_by_role("radio", name=name).check()
        return self.wait()

    def chosen(self, name):
        return self.page.get_by_role("radio", name=name).is_checked()

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name):
        self.page.get_by_role("link", name=name).click()

    def sort(self, value):
        self.page.get_by_role("combobox", name="Sort by").select_option(value)
        return self.wait()

    def filters(self, count):
        """The first filters of the order, as the slider meets them from where it is."""
        self.slider.focus()
        return [self.filter, *(self.press("ArrowRight") for _ in range(count - 1))]

    def unfold(self, *texts):
        for text in texts:
            self.page.get_by_text(text).click()
        return self

    @property
    def filter(self):
        """The number of the filter that is shown, from 0."""
        return int(re.match(r"Filter (\d+) of", self.root.locator(".maps-stage .maps-name").inner_text()).group(1)) - 1

    def boxes(self, shown):
        self.page.get_by_label("Boxes around the figures").set_checked(shown)
        return self

    def seen(self, frame, side, strength=70):
        self.page.get_by_label("Squares, not smoothed").check()
        self.page.get_by_label("Map over the picture").fill(str(strength))
        return sample(self.page.locator(".maps-frame").nth(frame), side)

    def draw(self, title="fine-tuned", picture=0, block=5, model=0):
        """The sprite of a network of the first or second model."""
        image = resize(self.given[1][picture].image, SIZE)[np.newaxis]
        layer = LAYERS[block - 1]
        return sprite(next(feature_maps(self.given[0][model].networks[title], image, [layer]))[layer])

    def check_map(self, frame, filter, *shown, **others):
        drawn = self.draw(*shown, **others)
        np.testing.assert_allclose(self.seen(frame, drawn.side).max(axis=2), drawn.map(filter), atol=2)
        return drawn


@pytest.fixture
def view(chromium, site, given):
    """Opens the page without a network. The test fails for any request outside the site, and any error on the page."""
    views = []

    def view(hash="", **options):
        context = chromium.new_context(offline=True, **{"viewport": {"width": 1200, "height": 900}} | options)
        context.set_default_timeout(20_000)
        views.append(View(context.new_page(), site, given))
        return views[-1].open(hash)

    yield view
    for shown in views:
        shown.page.context.close()
        assert shown.errors == []
        assert {url for url in shown.requests if site.parents[2].as_uri() not in url} <= {"about:blank"}


def digits(value):
    return f"{float(f'{value:.3g}'):g}"


# What is shown.


def test_the_slider_goes_from_filter_to_filter_by_keys(view):
    page = view().boxes(False)
    for key, filter in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 229), ("ArrowRight", 229),
                        ("Home", 0), ("PageUp", 23), ("PageDown", 0)):
        page.slider.focus()
        assert page.press(key) == filter
        drawn = page.check_map(1, filter)
        low, high = digits(drawn.low[filter]), digits(drawn.high[filter])
        assert page.captions.nth(1).inner_text() == "fine-tuned: 4 × 4 answers, " + (
            f"from {low} (black) to {high} (white)" if low != high else f"all {low} (drawn black)")
    assert page.slider.get_attribute("aria-valuetext") == "filter 1 of 230"
    page.button("Next filter").click()
    assert page.filter == 1 and page.button("Previous filter").is_enabled()


def test_an_address_opens_its_view_and_what_is_chosen_is_told_and_follows_in_it(view):
    page = view("#alpha/3/4/third")
    assert page.filter == 3 and page.captions.first.inner_text() == "Another saint"
    length = page.page.evaluate("history.length")
    assert page.page.evaluate("document.activeElement.type") == "range"
    page.press("ArrowRight")
    assert page.rest() == "#alpha/3/5/third"
    told, measured = page.root.locator("[role=status].maps-unseen").inner_text(), page.tables["three"].loc[4]
    rank = (page.tables["three"]["importance"] > measured.importance).sum() + 1
    for part in ("Filter 5 of 8, block 3 of Alpha, Another saint. fine-tuned: 16 × 16 answers, from",
                 f"Strength: {digits(measured.strength)} ",
                 f"Selectivity: {digits(measured.selectivity)} for {measured.best_class}, p = 0.001.",
                 f"Importance: {digits(measured.importance)} {rank}", "most important of 8.",
                 f"Inside the figure: {100 * float(digits(measured.inside)):.0f}% where boxes cover 50%; "
                 "in other pictures' boxes of that size 30%."):
        assert part in told
    page.choose("Weights", "ImageNet")
    assert page.rest() == "#alpha/3/5/third/imagenet"
    assert page.page.evaluate("history.length") == length


def test_choices_are_made_by_arrow_keys_and_show_their_maps(view):
    page = view().boxes(False)
    for group, key, label in (("Block", "ArrowLeft", "Block 4, four: 10 filters of 8 by 8"),
                              ("Weights", "ArrowRight", "ImageNet"),
                              ("Picture", "ArrowLeft", "Sebastian: Another saint"),
                              ("Picture", "ArrowLeft", HOSTILE * 3), ("Model", "ArrowRight", HOSTILE)):
        if group == "Model":
            page.check_map(1, 0, "ImageNet", picture=1, block=4)
        page.page.get_by_role("group", name=group, exact=True).locator("input:checked").focus()
        page.page.keyboard.press(key)
        assert page.wait().page.evaluate("document.activeElement.checked && document.activeElement.ariaLabel") == label
    assert page.rest() == "#beta/4/1/second"
    page.check_map(1, 0, "ImageNet", picture=1, block=4, model=1)
    assert page.page.get_by_role("group", name="Weights", exact=True).count() == 0  # there is one network


def test_side_by_side_shows_the_same_filter_of_each_network(view):
    page = view("#alpha/2/3/third").boxes(False).choose("Weights", "side by side")
    assert page.rest() == "#alpha/2/3/third/side-by-side"
    for frame, title in enumerate(("fine-tuned", "ImageNet"), 1):
        page.check_map(frame, 2, title, picture=2, block=2)
        assert f"{title}: 32 × 32" in page.captions.nth(frame).inner_text()
    assert page.open("#alpha/2/3/third/side-by-side").captions.count() == 3


def test_the_map_lies_over_the_picture_as_strongly_as_is_wished(view):
    page = view("#alpha/1/2/third").boxes(False)
    plain, over = page.seen(0, 64, strength=0), page.seen(0, 64, strength=100)
    alpha = np.asarray(page.draw(picture=2, block=1).map(1)) / 255
    expected = plain + (np.array(TURQUOISE) - plain) * alpha[:, :, None]
    assert alpha.max() == 1 and np.abs(plain - over).max() > 50
    assert np.quantile(np.abs(expected - over), 0.9) <= 12  # at the edges of the map's pixels two of them mix
    assert page.root.locator(".maps-percent").inner_text() == "100%"


def test_boxes_are_shown_where_there_are_any_and_hidden_on_request(view):
    page = view("#alpha/3/1/first")
    drawn = page.root.locator(".maps-figures rect")
    assert within(drawn.first, page.root.locator(".maps-frame").first) == pytest.approx((1/4, 1/4, 1/2, 3/4), abs=0.01)
    page.boxes(False)
    assert drawn.count() == 2 and not drawn.first.is_visible()
    page.choose("Picture", HOSTILE)
    assert drawn.count() == 0 and not page.page.get_by_label("Boxes around the figures").is_visible()


# The order.


def order(values, ascending=False):
    """Filters by three-digit values, ties and what is not measured in the order of their numbers, the latter last."""
    values = pd.Series([float(f"{value:.3g}") for value in values])
    return values.sort_values(ascending=ascending, kind="stable", na_position="last").index.tolist()


def test_filters_are_sorted_by_every_number(view):
    page = view("#alpha/3/1/first")
    measured, here = page.tables["three"], order(page.draw(block=3).high)
    for value, column in {"strength": "strength", "selectivity": "selectivity", "auc:1": f"auc_{CLASSES[1]}",
                          "inside": "inside", "correlation_before_after": "correlation_before_after",
                          "importance": "importance", "drop:2": f"importance_{CLASSES[2]}"}.items():
        assert page.sort(value).filters(8) == order(measured[column], ascending="correlation" in value), value
    assert page.sort("here").filters(8) == here
    page.button("Reverse the order").click()
    assert page.wait().filters(8) == here[::-1]
    assert page.sort("number").filters(8) == list(range(8))


def test_a_block_that_was_not_measured_is_sorted_by_what_is_known(view):
    page = view("#alpha/3/1/first").sort("inside").choose("Block", "Block 2")
    assert page.filters(3) == [0, 1, 2]
    assert "What the filters were sorted by was not measured in this block" in page.alert.inner_text()
    options = page.page.get_by_role("combobox", name="Sort by").locator("option")
    assert options.evaluate_all("all => all.filter((one) => !one.disabled).map((one) => one.text)") == [
        "number", "highest answer here"]
    assert "importance (not measured)" in options.all_inner_texts()
    assert page.root.locator(".maps-numbers, .maps-strongest, .maps-explained").locator("visible=true").count() == 0


def test_the_grid_selects_by_click_and_by_keys_and_keeps_the_current_filter_in_sight(view):
    page = view().sort("inside")
    expected = order(page.tables["five"]["inside"])
    labels = page.grid.get_by_role("option").evaluate_all("tiles => tiles.map((tile) => tile.ariaLabel)")
    assert labels == [f"filter {filter + 1}" for filter in expected]
    page.grid.scroll_into_view_if_needed()
    cell = page.marked.bounding_box()
    columns = int(page.grid.bounding_box()["width"] / cell["width"])
    page.grid.click(position={"x": 2.5 * cell["width"], "y": 1.5 * cell["height"]})
    assert page.filter == expected[columns + 2]
    for key, place in (("ArrowDown", 2 * columns + 2), ("ArrowLeft", 2 * columns + 1), ("End", 229), ("Home", 0),
                       ("ArrowUp", 0)):
        assert page.press(key) == expected[place]
        mark, box = page.marked.bounding_box(), page.grid.bounding_box()
        assert box["y"] - 2 <= mark["y"] and mark["y"] + mark["height"] <= box["y"] + box["height"] + 2
        assert page.marked.get_attribute("aria-label") == labels[place]
        assert page.marked.get_attribute("id") == page.grid.get_attribute("aria-activedescendant")


def test_the_grid_shows_the_maps_in_the_order_that_is_chosen(view):
    page = view("#alpha/3/1/first").sort("importance")
    expected, drawn = order(page.tables["three"]["importance"]), page.draw(block=3)
    for place in range(1, 8):  # the first is under the mark
        tile = sample(page.grid.get_by_role("option").nth(place), drawn.side).max(axis=2)
        assert np.mean(np.abs(tile - drawn.map(expected[place])) <= 2) > 0.9


# Addresses.


def test_links_in_the_prose_switch_the_view_and_back_leads_back(view):
    page = view()
    page.slider.focus()
    page.press("ArrowRight")
    page.link("a view")  # before the address has followed the step
    page.page.get_by_text("Filter 7 of 8 in block 3").wait_for()
    page.link("another")
    page.page.get_by_text("Filter 2 of 4 in block 1").wait_for()
    assert page.chosen("ImageNet") and page.root.locator(".maps-stage .maps-name").bounding_box()["y"] >= 0
    for shown in ("Filter 7 of 8 in block 3", "Filter 2 of 230 in block 5"):
        page.page.go_back()
        page.page.get_by_text(shown).wait_for()
    assert page.rest() == "#alpha/5/2/first"
    for _ in range(2):  # the same link again
        page.link("a view")
        page.page.get_by_text("Filter 7 of 8 in block 3").wait_for()
        assert page.press("ArrowLeft") == 5
    page.link("the end")  # another anchor of the page
    assert page.rest() == "#end"
    assert page.filter == 5 and not page.alert.is_visible()


def test_back_leads_to_the_sentence(view):
    page = view(viewport={"width": 390, "height": 844})
    page.page.get_by_text("On this torso").scroll_into_view_if_needed()
    left = page.page.evaluate("scrollY")
    assert left > 3000
    page.link("this torso")
    page.page.get_by_text("Filter 7 of 8 in block 3").wait_for()
    assert page.in_sight(page.slider, page.root.locator(".maps-frame").first)
    page.press("ArrowRight")
    page.rest()
    page.page.go_back()
    page.page.get_by_text("of 230 in block 5").wait_for()
    assert page.page.evaluate("scrollY") == pytest.approx(left, abs=2)


def test_the_tour_opens_on_its_first_view_and_tells_of_each(view, site):
    page = view()
    page.page.goto(site.with_name("tour.html").as_uri())
    page.wait()
    told = page.root.locator(".maps-tour span:visible")
    assert page.filter == 6 and told.all_inner_texts() == [HOSTILE] and page.page.title() == "safe"
    page.link("a tree")
    page.page.get_by_text("Filter 2 of 10 in block 4").wait_for()
    assert told.all_inner_texts() == ["It is green."]
    page.press("ArrowRight")
    assert told.count() == 0


def test_an_address_that_names_no_view_is_told_and_ignored(view):
    page = view("#gamma/1/1/first")  # already when it opens
    assert page.alert.inner_text().startswith("This page has no view “#gamma/1/1/first”: there is no model “gamma”, "
                                              "but alpha, beta.")
    assert page.in_sight(page.alert, page.slider)
    assert page.filter == 0 and page.chosen("Block 5")
    assert page.rest() == "#gamma/1/1/first"  # a page does not change an address by itself
    page.choose("Block", "Block 4")
    for hash in ("#alpha/6/1/first", "#alpha/1/5/first", "#alpha/1/0/first", "#alpha/1/1.5/first", "#alpha/1/1/nobody",
                 "#gamma/1/1/first", "#alpha/1/1", "#alpha/1/1/first/random", "#beta/1/1/first/side-by-side",
                 "#alpha/1/1/first/imagenet/more", "#a/<img src=x>"):
        assert not page.alert.is_visible()
        page.page.evaluate("hash => { location.hash = hash; }", hash)
        page.page.wait_for_selector("[role=alert]:visible")
        assert page.alert.inner_text().startswith("This page has no view “#")
        assert page.filter == 0 and page.chosen("Block 4")
        page.choose("Weights", "ImageNet").choose("Weights", "fine-tuned")


# Pictures and table.


def test_the_nine_strongest_pictures_are_cropped_to_what_the_filter_sees(view):
    page = view("#alpha/4/2/first")
    crops = page.root.locator(".maps-strongest .maps-crop")
    size, stride, offset = receptive_field(page.given[0][0].networks["fine-tuned"], "four")
    for number, (row, column) in enumerate([(0, 7), (4, 4)]):
        left, top = offset + column * stride, offset + row * stride
        x0, y0, x1, y1 = np.clip([left, top, left + size, top + size], 0, SIZE) / SIZE
        image = crops.nth(number).locator("img")
        assert within(crops.nth(number), image) == pytest.approx((x0, y0, x1 - x0, y1 - y0), abs=0.02)
        box = image.bounding_box()
        assert box["width"] / box["height"] == pytest.approx(60 / 90, rel=0.03)  # not distorted
    page.page.get_by_label("Whole pictures").check()
    assert within(crops.nth(1).locator("span"), crops.nth(1)) == pytest.approx((x0, y0, x1 - x0, y1 - y0), abs=0.03)
    assert page.open("#alpha/5/1/first").page.get_by_text("is heard in no picture").is_visible()
    assert crops.count() == 0
    closed = next(filter for filter, peaks in page.tables["five"]["strongest"].items()
                  if filter > 1 and any(peak["picture"] == TESTED - 1 for peak in peaks))
    page.open(f"#alpha/5/{closed + 1}/first")
    assert (crops.count(), crops.locator("img").count()) == (9, 8)
    assert page.page.get_by_text("Its licence keeps this picture from being shown.").count() == 1


def test_the_table_is_searched_and_sorted_and_its_rows_lead_to_views(view):
    page = view("#alpha/5/1/first/imagenet").unfold("All 230 filters of block 5 as a table")
    numbers, best = page.rows.locator("td:first-child"), page.tables["five"]["best_class"]
    for listed, more in ((100, "List 100 more"), (200, "List 30 more")):
        page.button(more).wait_for()
        assert page.rows.count() == listed
        page.button(more).click()
    assert page.rows.count() == 230 and page.page.get_by_role("button", name=re.compile("^List")).count() == 0
    search = page.page.get_by_role("searchbox", name="Search by number or class")
    search.fill("23")
    assert numbers.all_inner_texts() == ["23", "230"]
    search.fill("SEBast")
    named = [index for index, name in best.items() if "sebast" in name.lower()]
    assert page.page.get_by_text(f"{len(named)} found, {min(len(named), 100)} listed").is_visible()
    assert numbers.all_inner_texts() == [str(index + 1) for index in named[:100]]
    search.fill("pieta")
    pieta = [index for index in order(page.tables["five"]["strength"]) if best[index] == "Pieta"]
    heading = page.page.get_by_role("columnheader", name="Strength")
    for sorted_, expected in (("descending", pieta), ("ascending", pieta[::-1])):
        page.button("Strength").click()
        page.wait()
        assert numbers.all_inner_texts() == [str(index + 1) for index in expected]
        assert heading.get_attribute("aria-sort") == sorted_
    links = page.rows.locator("a")  # a filter that is silent in all pictures has none
    href = links.first.get_attribute("href")
    links.first.click()
    page.wait()
    assert page.rest() == href and re.fullmatch(r"#alpha/5/\d+/\w+/imagenet", href)
    assert page.rows.filter(has=page.page.locator(f"a[href='{href}']")).get_attribute("aria-current") == "true"
    assert "drawn black" not in page.captions.nth(1).inner_text() and not page.loudest.is_visible()


def test_what_a_filter_would_like_to_see_stands_beside_its_map_and_its_strongest_pictures(view):
    page, made = view("#alpha/3/2/first"), tinyreader.optimised()
    beside = page.root.locator(".maps-optimised figure:has(img), .maps-strongest li:has(> img)")
    places = set()
    for filter in (1, 4, 6, 0):
        titles = [title for title in ("fine-tuned", "ImageNet") if filter in made[title, "three"]]
        page.page.get_by_role("spinbutton", name="Go to filter").fill(str(filter + 1))
        page.press("Enter")
        page.rest()
        assert beside.all_inner_texts() == 2 * [f"What it would like to see, {title}" for title in titles]
        for picture, title in zip(beside.locator("img").all(), titles * 2, strict=True):
            picture.scroll_into_view_if_needed()
            assert np.abs(sample(picture, 5) - made[title, "three"][filter][0, 0]).max() < 25
        places.add(tuple(page.root.locator(place).first.bounding_box()["height"]
                         for place in (".maps-frame", ".maps-stage")))
    assert len(places) == 1  # nothing moves, though the last has no such picture
    loaded = [url.split("/maps/")[1] for url in page.requests if "optimised" in url]
    assert "alpha/3-optimised.js" in loaded and "alpha/fine-tuned/3-optimised.webp" not in loaded


def test_filters_are_sorted_by_how_they_answer_to_the_picture_made_for_them_before_training(view):
    page, made, layer = view("#alpha/3/2/first"), tinyreader.optimised(), "three"
    kept = measure_kept(page.given[0][0].networks["fine-tuned"], layer, made["ImageNet", layer],
                        made["fine-tuned", layer])
    told = page.root.locator(".maps-numbers > dl div").last
    assert told.inner_text().startswith("To its earlier picture") and f"{kept[1]:.0%}" in told.inner_text()
    assert page.sort("kept").filters(3) == [*sorted(kept, key=kept.get), 0]
    page.unfold("All 8 filters of block 3 as a table").rows.last.wait_for()
    cells = page.rows.locator("td:last-child").all_inner_texts()
    assert cells == [*(f"{share:.0%}" for share in sorted(kept.values())), *["–"] * 6]
    page.choose("Block", "Block 4")
    assert "What the filters were sorted by was not measured" in page.alert.inner_text()


def test_the_plane_tells_of_the_filter_that_is_pointed_at_and_opens_it(view):
    page = view("#alpha/3/1/third")
    assert not any("places" in url for url in page.requests)
    page.unfold("All 8 filters of block 3 by what they answer to")
    dots, placed = page.plane.get_by_role("option"), page.tables["three"].dropna(subset=["x"])
    dots.first.wait_for()
    made = tinyreader.optimised()["fine-tuned", "three"]
    drawn = page.plane.locator(".maps-drawn")
    assert drawn.evaluate_all("all => all.map((one) => Number(one.id.split('-').pop()) - 1)") == list(made)
    for dot, filter in zip(drawn.all(), made, strict=True):
        assert np.abs(sample(dot, 5)[2, 2] - made[filter][0, 0]).max() < 25
    assert [within(dot, page.plane)[:2] for dot in dots.all()] == [
        pytest.approx((row.x, row.y), abs=0.03) for row in placed.itertuples()]
    for filter in placed.index:
        row, box = placed.loc[filter], page.plane.bounding_box()
        page.plane.hover(position={"x": row.x * box["width"], "y": row.y * box["height"]})
        told = (f"Filter {filter + 1}: answers most to {row.best_class} (selectivity "
                f"{digits(row.selectivity)}, p = 0.001)")
        assert page.page.locator(".maps-told").inner_text().startswith(
            f"{told}; {float(digits(row.inside)):.0%} of its energy inside the figure.")
    page.plane.focus()
    seen = [filter + 1]
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        for _ in placed.index:
            page.page.keyboard.press(key)
            seen.append(int(page.plane.get_attribute("aria-activedescendant").split("-")[-1]))
    assert len(set(seen)) > 4 and placed["x"].idxmin() + 1 in seen  # as far as that arrow leads
    left = page.page.evaluate("scrollY")
    page.page.keyboard.press("Enter")
    page.page.get_by_text(f"Filter {seen[-1]} of 8 in block 3").wait_for()
    assert page.in_sight(page.slider) and page.plane.locator("[aria-selected=true]").count() == 1
    page.page.go_back()
    page.page.get_by_text("Filter 1 of 8 in block 3").wait_for()
    assert page.rest() == "#alpha/3/1/third" and page.page.evaluate("scrollY") == pytest.approx(left, abs=2)


# Loading.


def test_only_what_is_chosen_is_loaded(view):
    page = view()

    def loaded():
        return {url.split("/maps/")[1] for url in page.requests if re.search("/maps/(alpha|beta)", url)}

    first = loaded()
    assert first == {"alpha/5.js", "alpha/fine-tuned/first/5.js", "alpha/fine-tuned/first/5.png"}
    page.choose("Block", "Block 1")
    assert loaded() - first == {"alpha/1.js", "alpha/fine-tuned/first/1.js", "alpha/fine-tuned/first/1.png"}


def test_the_last_of_several_quick_choices_is_shown(view):
    page = view()
    page.page.evaluate("() => { for (const block of [1, 2, 3, 4]) location.hash = `#alpha/${block}/1/first`; }")
    page.page.get_by_text("of 10 in block 4").wait_for()


def test_two_thousand_filters_are_at_hand(view):
    page = view("#beta/5/1/first")
    page.slider.focus()
    assert page.press("End") == 2047
    page.unfold("All 2048 filters of block 5 as a table").rows.last.wait_for()
    assert page.rows.count() == 100 and page.grid.get_by_role("option").count() == 2048
    milliseconds = page.page.evaluate("""() => {
        const started = performance.now(), slider = document.querySelector(".maps-steps input");
        for (const value of [5, 900, 2000, 40]) { slider.value = value; slider.oninput(); document.body.offsetTop; }
        return (performance.now() - started) / 4; }""")
    assert milliseconds < 50


def test_a_file_that_is_missing_is_told_and_the_last_view_stays(view, site):
    (site.parents[2] / "_static" / "maps" / "alpha" / "imagenet" / "third" / "1.png").unlink()
    page = view("#alpha/1/3/third")
    page.page.get_by_role("radio", name="ImageNet").click()
    page.page.wait_for_selector("[role=alert]:visible")
    assert page.alert.inner_text() == "../../_static/maps/alpha/imagenet/third/1.png could not be loaded."
    assert page.chosen("fine-tuned") and page.filter == 2
    assert page.errors.pop()  # the browser's own complaint


# An editor such as VS Code shows a notebook's outputs in a frame of another origin, whose base is the notebook's
# folder. It puts their HTML there, and runs a copy of each script at the end of its output.

EDITOR = """<!doctype html><base href="https://editor.invalid/notebooks/"><title>safe</title><body><script>
    function show(html) {
      const output = document.body.appendChild(document.createElement("div"));
      output.innerHTML = html;
      for (const { text, type } of [...output.getElementsByTagName("script")])
        output.appendChild(Object.assign(document.createElement("script"), { text, type })).remove();
    }</script>"""


def test_an_editors_frame_shows_all_but_the_maps_and_says_where_they_are(chromium, site):
    errors, page = [], chromium.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content("<iframe sandbox='allow-scripts' srcdoc=\"" + escape(EDITOR) + "\" width=900 height=900></iframe>")
    frame = page.frame_locator("iframe")

    def show(html):
        frame.locator("body").evaluate("(_, html) => show(html)", html)

    show(re.search("<div class=.artpose-maps.*</script></div>", site.read_text(), re.DOTALL).group())
    frame.get_by_text("in a live notebook the explorer below shows them").wait_for()
    assert frame.locator(".artpose-maps input:visible").count() == 0
    show(web.choose("Table", {"one": pd.DataFrame({"accuracy": [0.5]}), "two": web.contact_sheet([], [])}).html)
    assert frame.locator(".artpose-panel:visible").count() == 1
    frame.locator("select:visible").select_option("two")
    assert not frame.get_by_text("accuracy").is_visible()
    with patch.object(web, "display") as display:
        widget = widgets.HTML()
        web.display_live(widget, "<p>Run the cell.</p>")
    show(display.call_args_list[0].args[0]["text/html"])
    assert frame.get_by_text("Run the cell.").is_visible()
    show(f"<div class='artpose-{widget.model_id}'></div>")  # where the widget stands
    assert not frame.get_by_text("Run the cell.").is_visible()
    assert errors == []
    page.close()


# For everyone.


def test_nothing_of_hostile_texts_is_run(view):
    page = view("#beta/5/3/second")
    page.open("#alpha/4/2/second").choose("Weights", "side by side").sort("auc:2")
    page.unfold("All 10 filters of block 4 as a table", "by what they answer to", "What the numbers mean")
    page.plane.get_by_role("option").first.wait_for()
    assert page.page.title() == "safe"
    assert page.captions.first.inner_text() == HOSTILE * 3
    assert page.root.locator(".maps-classes th[scope=row]").all_inner_texts() == CLASSES
    assert page.root.locator(".maps-explained dt").all_inner_texts() == list(MEANINGS)
    assert page.page.get_by_role("radio", name=HOSTILE).first.is_visible()
    assert page.page.locator("img[onerror], .artpose-maps script[src]").count() == 0


def test_a_desk_sees_everything_at_once(view):
    page = view("#alpha/4/2/third")
    assert page.in_sight(page.slider, page.grid, *page.root.locator(".maps-frame, fieldset:visible").all())
    for model in ("#beta/5/100/first", "#alpha/5/9/second/side-by-side"):
        page.open(model)
        assert page.in_sight(page.slider, page.grid, *page.root.locator(".maps-frame").all())


def test_a_phone_keeps_slider_and_maps_in_sight_and_a_swipe_scrolls(view):
    page = view("#alpha/5/100/first", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    touch = page.page.context.new_cdp_session(page.page)
    before = page.page.evaluate("scrollY")
    box = page.slider.bounding_box()
    x, y = box["x"] + 20, box["y"] + box["height"] / 2

    def drag(*points):
        for kind, point in zip(["touchStart", *["touchMove"] * (len(points) - 1)], points, strict=True):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [dict(zip("xy", point, strict=True))]})
            page.page.wait_for_timeout(30)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.page.wait_for_timeout(100)

    drag(*[(x, y - 12 * step) for step in range(12)])
    assert page.page.evaluate("scrollY") > before + 50 and page.filter == 99
    page.page.evaluate("document.querySelector('.maps-strongest').scrollIntoView()")
    page.page.wait_for_timeout(100)
    assert page.in_sight(page.slider, *page.root.locator(".maps-frame").all())
    y = page.slider.bounding_box()["y"] + box["height"] / 2
    drag((x, y), (x + 15, y), (x + 30, y))
    assert page.filter < 99
    moved = page.filter
    drag((x + 60, y))  # a touch
    assert page.filter > moved


def test_a_filter_is_typed_and_what_is_none_is_refused(view):
    page = view()
    number = page.page.get_by_role("spinbutton", name="Go to filter")
    for typed, filter in (("57", 56), ("999", 56), ("", 56), ("1.5", 56), ("230", 229)):
        number.fill(typed)
        assert page.press("Enter") == filter
    page.slider.focus()
    assert page.press("ArrowLeft") == 228 and number.input_value() == "229"


def test_a_click_enlarges_and_keys_go_on(view):
    page = view("#alpha/3/4/first")
    frame = page.root.locator(".maps-figures .maps-frame").first
    small = frame.bounding_box()["height"]
    frame.click()
    assert frame.bounding_box()["height"] > 1.2 * small and page.press("ArrowRight") == 4
    page.page.keyboard.press("Escape")
    assert frame.bounding_box()["height"] == small and not page.page.get_by_role("dialog").is_visible()
    page.button("Enlarge").click()
    page.button("Close").click()
    assert page.press("ArrowRight") == 5 or page.filter == 4  # the focus may be elsewhere
    assert page.in_sight(frame, page.slider)


def test_a_kept_view_stays_beside_the_next(view):
    page = view("#alpha/3/4/first").boxes(False)
    kept, strength = page.root.locator(".maps-kept .maps-frame"), 100
    before = page.seen(0, 16, strength)
    page.button("Keep this view beside the next").click()
    page.link("this torso")
    page.page.get_by_text("Filter 7 of 8 in block 3").wait_for()
    assert np.abs(sample(kept, 16) - before).mean() < 12
    assert page.captions.last.inner_text() == "Kept: filter 4 of block 3, Alpha fine-tuned, Sebastian: A saint"
    page.button("Let go of the kept view").click()
    assert not kept.is_visible()


def test_what_is_chosen_is_seen_in_forced_colours_and_controls_are_not_printed(view):
    page = view("#alpha/3/2/first", forced_colors="active")
    outlines = page.root.locator(".maps-block .maps-option").evaluate_all(
        "all => all.map((one) => getComputedStyle(one).outlineStyle)")
    assert outlines == ["none", "none", "solid", "none", "none"]
    page.page.emulate_media(media="print", forced_colors="none")
    assert not page.slider.is_visible() and not page.grid.is_visible()
    assert page.root.locator(".maps-frame").first.is_visible() and page.root.locator(".maps-classes").is_visible()
    beside = page.root.locator(".maps-crop").evaluate_all("""crops => crops.map((crop) => {
        crop.scrollIntoView({ block: "center" });
        const { x, y } = crop.getBoundingClientRect();
        return document.elementFromPoint(x + 5, y - 5) === crop.querySelector("img"); })""")
    assert beside and not any(beside)  # on paper no part of the page scrolls, and crops are crops still


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_needs_no_scrolling_sideways(view, width):
    page = view(viewport={"width": width, "height": 844}, has_touch=True, is_mobile=True)
    page.unfold("All 230 filters of block 5 as a table", "by what they answer to", "What the numbers mean")
    page.choose("Picture", HOSTILE)
    for group, name in (("Block", "Block 3"), ("Weights", "ImageNet"), ("Weights", "side by side"), ("Model", HOSTILE)):
        page.choose(group, name)
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    page.button("Next filter").tap()
    assert page.filter == 1


def test_every_control_is_reached_by_tab_in_the_order_of_the_page(view):
    page = view("#alpha/3/2/first").unfold("All 8 filters of block 3 as a table")
    page.page.get_by_role("link", name="the end").focus()
    for wanted in ("Sebastian: A saint", "Alpha", "fine-tuned", "Block 3", "Previous filter", "Filter", "Next filter",
                   "Go to filter", "Enlarge", "Sort by", "Reverse", "Map over the picture", "Squares", "Boxes", "Keep",
                   "All 8 filters of block 3", "What the numbers mean", "Whole pictures",
                   "All 8 filters of block 3 as a table", "Search",
                   "Table of the filters", "All 8 filters of block 3 by what"):
        name = ""
        while not name.startswith(wanted):
            page.page.keyboard.press("Tab")
            name, inside, outlined = page.page.evaluate("""() => {
                const element = document.activeElement, label = element.labels?.[0]?.innerText.trim();
                return [element.ariaLabel || label || element.innerText, Boolean(element.closest(".artpose-maps")),
                    [element, element.parentElement].some((one) => getComputedStyle(one).outlineStyle !== "none")];
            }""")
            assert inside and outlined, wanted


def test_without_javascript_a_contact_sheet_stands_there(view):
    shown = view(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = shown.page
    images = page.locator(".artpose-maps img:visible")
    assert images.count() == 3  # the first picture, and the last block of each model
    for image in images.all():
        image.scroll_into_view_if_needed()
        assert image.get_attribute("loading") == "lazy"
        assert min(image.bounding_box()["width"], image.bounding_box()["height"]) > 100
    captions = page.locator(".artpose-maps figcaption").all_inner_texts()
    assert captions[0] == "A saint" and "All 230 filters of five" in captions[1] and HOSTILE in captions[2]
    assert page.locator("input:visible, button:visible, select:visible, canvas:visible").count() == 0
    page.wait_for_load_state("networkidle")
    loaded = [url.split("/maps/")[1] for url in shown.requests if "/maps/" in url]
    assert sorted(loaded) == ["alpha/fine-tuned/first/5.png", "beta/imagenet/first/5.png", "pictures/first.jpg"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(("theme", "width"), [("light", 1200), ("dark", 390)])
def test_axe_finds_nothing_to_complain_about(view, theme, width):
    axe = pytest.importorskip("axe_playwright_python.base").AXE_FILE_PATH.read_text(encoding="utf-8")
    page = view("#alpha/3/2/first", viewport={"width": width, "height": 900}, color_scheme=theme)
    page.unfold("What the numbers mean", "All 8 filters of block 3 as a table", "by what they answer to")
    page.page.evaluate(axe)
    for hash in ("#alpha/3/2/first/side-by-side", "#beta/4/2/second", "#nowhere/at/all/"):
        page.page.evaluate("hash => { location.hash = hash; }", hash)
        page.rest()
        found = page.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        assert len(found["passes"]) > 10
        assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found["violations"]] == []
