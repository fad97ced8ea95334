import sys

import plotly.graph_objects as go
import pytest

from artpose_lib.report import stills
from artpose_lib.report.plotting import show


@pytest.fixture
def page(tmp_path):
    """A built page with one figure, in the folder of a book's pages."""
    page = tmp_path / "book" / "chapters" / "00_intro.html"
    page.parent.mkdir(parents=True)
    (tmp_path / "_static").mkdir()
    figure = show(go.Figure(layout={"height": 300, "title": "</script><b>"}), "A figure.")
    page.write_text(f"<p>before</p>{figure._repr_mimebundle_()['text/html']}<p>after</p>")
    return page


def make_browser(folder, body):
    """A program that prints a page with this body."""
    path = folder / "chromium"
    path.write_text(f"#!{sys.executable}\nprint('<html><body>{body}</body></html>')\n")
    path.chmod(0o755)
    return str(path)


def test_a_figure_gets_what_it_looks_like_and_keeps_it(page, tmp_path):
    stills.draw_stills(tmp_path, make_browser(tmp_path, '["data:image/svg+xml,%3Csvg%3E&amp;%3C/svg%3E", "data:,"]'))
    phone, wide, script = sorted((tmp_path / "_static" / "stills").iterdir())
    assert wide.read_text() == "<svg>&</svg>" and "Plotly.newPlot" in script.read_text()
    shown = page.read_text()
    assert (f'srcset="../../_static/stills/{phone.name}"><img loading="lazy" alt="" '
            f'src="../../_static/stills/{wide.name}">') in shown
    assert f'data-figure="../../_static/stills/{script.name}"' in shown and "Plotly.newPlot" not in shown
    assert shown.startswith("<p>before</p>") and shown.endswith("<p>after</p>") and "<noscript>" not in shown
    (wide.parent / "of an older book.svg").touch()
    stills.draw_stills(tmp_path, "no browser is asked again")
    assert sorted(wide.parent.iterdir()) == [phone, wide, script] and page.read_text() == shown


@pytest.mark.parametrize("body", ["", "[", "ERROR"])
def test_a_browser_that_fails_leaves_a_page_as_it_is(page, tmp_path, body):
    before = page.read_text()
    stills.draw_stills(tmp_path, make_browser(tmp_path, body))
    assert page.read_text() == before and not list((tmp_path / "_static" / "stills").iterdir())
