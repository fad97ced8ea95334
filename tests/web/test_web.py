import re
from html import unescape
from unittest.mock import patch

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artpose_lib import web
from artpose_lib.report.plotting import show
from artpose_lib.web import choose, contact_sheet

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


def test_a_widget_stands_beside_the_html_that_takes_its_place():
    view = choose("Model", views())
    with patch.object(web, "display") as display:
        view._ipython_display_()
    still, live = (call.args[0] for call in display.call_args_list)
    assert view.html in still["text/html"] and live[web.WIDGET]["model_id"] in still["text/html"]


def test_a_page_loads_nothing_from_elsewhere():
    sources = re.findall(r'(?:src|href)="(.*?)"|url\((.*?)\)|@import|import\(|fetch\(', choose("Model", views()).html)
    assert all(source.startswith("data:") for source, _ in sources)


def test_one_page_may_hold_many_choices():
    html = choose("Model", {"a": scatter(), "b": scatter("two")}).html + choose("Other", {"a": scatter()}).html
    assert html.count("Plotly.newPlot(") == 3 and not re.search(r'<[^>]* id="', html)


def test_a_choice_shows_the_chosen_view_in_a_live_notebook():
    dropdown, panels = choose("Model", views()).live().children
    assert dropdown.options == ("loss", "table", "sheet") and panels.selected_index == 0
    shown = [view.outputs[0]["data"] for view in panels.children]
    assert "application/vnd.plotly.v1+json" in shown[0] and "accuracy" in shown[1]["text/html"]


@settings(max_examples=30, deadline=None)
@given(name=st.text(min_size=1, max_size=20))
def test_any_name_shows_as_it_is(name):
    html = choose(name, {name: contact_sheet([], [])}).html
    assert unescape(re.search("<option>(.*?)</option>", html, re.DOTALL).group(1)) == name
