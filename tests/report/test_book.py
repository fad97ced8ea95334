import io
import re
import sys
from asyncio import CancelledError
from html.parser import HTMLParser
from pathlib import Path

import jupytext
import nbformat
import pytest
from conftest import ROOT, html_pages
from markdown_it import MarkdownIt

from artpose_lib.files import claim
from artpose_lib.report import book, sphinx_ext
from artpose_lib.report.fingerprint import LIBRARY, fingerprint, library_files
from artpose_lib.train.study import open_study

CHAPTER = '''# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["parameters"]
name = "x"
count = 1

# %%
print(name * count)

# %%
assert count < 9, "too many"
'''


@pytest.fixture
def chapter(tmp_path):
    path = tmp_path / "notebooks" / "01_try.py"
    path.parent.mkdir()
    path.write_text(CHAPTER)
    return path


def texts(path):
    notebook = nbformat.read(path, as_version=4)
    return [output["text"] for cell in notebook.cells for output in cell.get("outputs", []) if "text" in output]


def test_a_chapter_is_found_by_number_or_name(chapter):
    root = chapter.parents[1]
    assert {book.find_chapter(root, name) for name in ("1", "01", "01_try", "01_try.py")} == {chapter}
    with pytest.raises(book.ChapterError, match='no chapter "7"; there are 01_try'):
        book.find_chapter(root, "7")


def test_parameters_take_the_type_of_their_default(chapter):
    assert book.convert_parameters(chapter, {"name": "1", "count": "3"}) == {"name": "1", "count": 3}
    with pytest.raises(book.ChapterError, match='no parameter "cuont"; it has name, count'):
        book.convert_parameters(chapter, {"cuont": "3"})
    with pytest.raises(book.ChapterError, match='count is of type int, and "many" is not'):
        book.convert_parameters(chapter, {"count": "many"})


def test_a_chapter_runs_with_its_parameters_and_comes_back_folded(chapter, tmp_path):
    out = tmp_path / "out" / "01_try.ipynb"
    book.execute(chapter, out, {"count": 3}, "the mark")
    assert texts(out) == ["xxx\n"]
    assert book.read_fingerprint(out) == "the mark"
    cells = [cell for cell in nbformat.read(out, as_version=4).cells if cell.cell_type == "code"]
    assert all({"hide-input", "remove-cell"} & set(cell.metadata.tags) for cell in cells)
    assert all(cell.outputs or "hide-input" not in cell.metadata.tags for cell in cells)  # no fold over nothing
    assert [path.name for path in out.parent.iterdir()] == ["01_try.ipynb"]


def test_a_chapter_runs_in_this_python_wherever_it_lies_and_whatever_is_installed(chapter, tmp_path, monkeypatch):
    """A foreign kernel under the same name, start-up files of one's own, and braces, which papermill would fill in."""
    startup = tmp_path.parent / f"{tmp_path.name}-ipython" / "profile_default" / "startup" / "own.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("import sys\nsys.prefix = 'own'\n")
    monkeypatch.setenv("IPYTHONDIR", str(startup.parents[2]))
    foreign = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    foreign.parent.mkdir(parents=True)
    foreign.write_text('{"argv": ["false", "{connection_file}"], "display_name": "foreign", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    there = tmp_path.rename(f"{tmp_path} {{name}} {{0}} {{") / "notebooks" / chapter.name
    there.write_text(CHAPTER + "\n# %%\nimport sys\nprint(sys.prefix, 'Пьета')\n")
    monkeypatch.chdir(there.parents[1])
    out = Path("{out}") / "01_try.ipynb"
    book.execute(there, out, {"name": "{y}"})
    assert texts(out) == ["{y}\n", f"{sys.prefix} Пьета\n"]


def test_a_control_stays_as_html_alone(chapter, tmp_path):
    chapter.write_text(CHAPTER + "\n# %%\nfrom artpose_lib.web import choose\nfrom IPython.display import HTML\n"
                                 "choose('Which', {'one': HTML('<p>first</p>')})\n")
    out = tmp_path / "out" / "01_try.ipynb"
    book.execute(chapter, out, {})
    notebook = nbformat.read(out, as_version=4)
    assert "widgets" not in notebook.metadata
    kinds = [set(output.data) for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert kinds == [{"text/html"}]


def test_a_chapter_that_stops_says_why_and_leaves_the_last_good_one(chapter, tmp_path):
    out = tmp_path / "out" / "01_try.ipynb"
    book.execute(chapter, out, {}, "good")
    with pytest.raises(book.ChapterError, match="01_try stopped: AssertionError: too many"):
        book.execute(chapter, out, {"count": 10}, "bad")
    assert book.read_fingerprint(out) == "good" and texts(out) == ["x\n"]
    assert (out.parent / "01_try.failed.ipynb").exists()
    book.execute(chapter, out, {}, "good again")
    assert [path.name for path in out.parent.iterdir()] == ["01_try.ipynb"]
    chapter.write_text(CHAPTER + "\n# %%\nimport os\nos.kill(os.getpid(), 9)\n")
    with pytest.raises(book.ChapterError, match="01_try stopped: its kernel died, perhaps out of memory"):
        book.execute(chapter, out, {})
    assert texts(out.with_suffix(".failed.ipynb")) == ["x\n"]


def test_what_one_process_makes_another_leaves_alone_and_says_so(chapter):
    root = chapter.parents[1]
    out = book.locate_executed(root, chapter)
    own, left, maps = out.with_name(f".partial-{out.name}-a"), *(
        root / "book" / name for name in ("chapters/.partial-02_try.ipynb-a", "_static/.partial-maps-a"))
    with claim(out):
        for folder in (own, left, maps):
            folder.mkdir(parents=True)
        with pytest.raises(book.ChapterError, match="01_try.ipynb is being made by another run"):
            book.execute_changed(root, {})
    assert own.exists() and not left.exists() and not maps.exists()


@pytest.mark.parametrize("error", [SystemExit(1), CancelledError()])
def test_whatever_ends_a_chapter_ends_the_book(chapter, monkeypatch, error):
    def end(*_):
        raise error

    monkeypatch.setattr(book, "execute", end)
    with pytest.raises(type(error)):
        book.execute_changed(chapter.parents[1], {})


def test_a_book_in_another_folder_has_all_that_it_is_made_of_and_keeps_what_ran_there(chapter, tmp_path):
    root, out = chapter.parents[1], tmp_path / "out"
    for name in ("_toc.yml", "_config.yml", "book/intro.md", "book/_static/a.css", "book/_static/maps/1.png",
                 "book/chapters/01_try.ipynb", "benchmarks/results/step.json", "out/book/chapters/01_try.ipynb"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    assert book.copy_report(root, out) == out
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == {
        "_toc.yml", "_config.yml", "book/intro.md", "book/_static/a.css", "benchmarks/results/step.json",
        "notebooks/01_try.py", "book/chapters/01_try.ipynb"}
    assert (out / "book/chapters/01_try.ipynb").read_text().startswith("out")


def test_only_what_has_changed_is_run(chapter, capsys):
    root = chapter.parents[1]
    assert book.execute_changed(root, {"count": 2}) == 1
    assert book.execute_changed(root, {"count": 2}) == 0
    assert "nothing changed" in capsys.readouterr().err
    assert book.execute_changed(root, {"count": 3}) == 1
    chapter.write_text(CHAPTER + "\n# %%\nprint('more')\n")
    assert book.execute_changed(root, {"count": 3}) == 1


def test_two_chapters_run_at_a_time(chapter, capsys):
    """Each waits until the other has begun."""
    for own, other in ("ab", "ba"):
        chapter.with_name(f"0{'ab'.index(own) + 1}_try.py").write_text(CHAPTER + f"""
# %%
import pathlib, sys, time
pathlib.Path("{own}").touch()
ends = time.monotonic() + 60
while not pathlib.Path("{other}").exists():
    assert time.monotonic() < ends
    time.sleep(0.05)
print("trial 1/1", file=sys.stderr)
print("the last", file=sys.stderr, end="")
""")
    assert book.execute_changed(chapter.parents[1], {"profile": "quick"}) == 2
    said = capsys.readouterr().err.splitlines()
    assert {"01_try: running", "01_try: trial 1/1", "02_try: trial 1/1", "02_try: the last"} <= set(said)
    assert ["done in" in line for line in said].count(True) == 2


def test_a_terminal_gets_a_bar_with_the_last_line(chapter, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(book, "execute", lambda *given: given[-1]("trial 1/2"))
    assert book.execute_changed(chapter.parents[1], {}) == 1
    assert re.search(r"0/1 .*01_try: trial 1/2", terminal.getvalue()) and "01_try: done in 0 s\n" in terminal.getvalue()


def test_new_pictures_or_weights_change_the_fingerprint(chapter, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    before = fingerprint(chapter, {"data": str(folder)})
    (folder / "a.jpg").write_bytes(b"1")
    assert fingerprint(chapter, {"data": str(folder)}) != before


def test_new_optimised_pictures_change_the_chapter_that_shows_them_alone(chapter, tmp_path):
    stored = tmp_path / "results" / "visualised-1" / "trial" / "layer" / "0000.webp"
    stored.parent.mkdir(parents=True)
    for text, changes in (("", 1), ("from artpose_lib.explain import optimised\n", 2)):
        chapter.write_text(CHAPTER + text)
        marks = {fingerprint(chapter, {"results": str(tmp_path / "results")})
                 for pictures in ("a", "two") if stored.write_text(pictures)}
        assert len(marks) == changes


def test_a_chapter_with_the_appendix_depends_on_what_was_measured(chapter):
    measured = chapter.parents[1] / "benchmarks" / "results" / "simulations.json"
    measured.parent.mkdir(parents=True)
    for text, changes in (("", 1), ("import appendix\n", 2)):
        chapter.write_text(CHAPTER + text)
        assert len({fingerprint(chapter, {}) for n in "12" if measured.write_text(n)}) == changes


def test_a_chapter_depends_on_what_it_uses_of_the_library_alone():
    """One colour of the board runs the chapter with the board again, and none of the others."""
    files = {chapter.stem: {path.relative_to(LIBRARY).as_posix() for path in library_files(chapter)}
             for chapter in book.chapters(ROOT)}
    assert [stem for stem, names in files.items() if "web/board.css" in names] == ["02_curating"]
    assert all({"report/book.py", "train/study.py", "model/backbones.py", "data/thesis/table_a_1.csv"} <= names
               for names in files.values())
    assert [stem for stem, names in files.items() if "collect/harvest.py" in names] == ["01_collecting"]


def test_where_trials_are_trained_does_not_change_the_fingerprint(chapter):
    marks = {fingerprint(chapter, {"cluster": cluster}) for cluster in ("", "tcp://10.0.0.1:8786")}
    assert len(marks) == 1


def test_outside_a_clone_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(book.ChapterError, match="run artpose in a clone"):
        book.book_root()


def test_the_book_is_printed_by_the_browser_that_is_there(tmp_path, monkeypatch):
    page = tmp_path / "_build" / "singlehtml" / "book" / "chapters" / "00_intro.html"
    monkeypatch.setattr(book, "build", lambda root, builder: page.parents[2] / "index.html")
    page.parent.mkdir(parents=True)
    page.touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(book.ChapterError, match="a PDF takes one of chromium, .* or make the book without"):
        book.find_browser()
    chrome = tmp_path / "google-chrome"
    chrome.write_text(f"#!{sys.executable}\nimport sys\nfor one in sys.argv:\n    name, _, value = one.partition('=')\n"
                      "    if name == '--print-to-pdf':\n        open(value, 'w').write(sys.argv[-1])\n")
    chrome.chmod(0o755)
    assert book.print_pdf(tmp_path, book.find_browser()).read_text() == page.as_uri()
    chrome.write_text(f"#!{sys.executable}\nraise SystemExit('no display')\n")
    with pytest.raises(book.ChapterError, match="no display"):
        book.print_pdf(tmp_path, str(chrome))


def test_a_chapter_built_by_github_links_to_its_notebook():
    html = sphinx_ext.link_notebook("book/chapters/06_experiment_1", "owner/name", "a/b")
    assert re.findall('href="([^"]+)"', html) == [
        "https://colab.research.google.com/github/owner/name/blob/a%2Fb/notebooks/06_experiment_1.ipynb",
        "https://mybinder.org/v2/gh/owner/name/a%2Fb?urlpath=lab%2Ftree%2Fnotebooks%2F06_experiment_1.ipynb"]


def test_search_texts_keep_sections_and_words_alone(colours, tmp_path):
    banner = MarkdownIt().render(open_study(str(colours), profile="smoke", results=str(tmp_path)).banner())
    assert "ran on" in banner
    page = ('<nav>menu</nav><div role="main">.md <article class="bd-article"><section id="a" class="x">'
            f'<h1>One<a class="headerlink">#</a></h1>{banner}<details class="hide">code</details>'
            '<p>two &lt;b&gt;</p><dl><dt>word</dt><dd><em>th</em>ree</dd>'
            '<dt id="b" class="x">term</dt><dd>meaning</dd></dl></section></article></div>')
    told = 'One two &lt;b&gt; word three <dt id="b">term meaning </dt>'
    assert sphinx_ext.extract_text(page) == f'<div role="main"><section id="a">{told} </section></div>'
    assert sphinx_ext.extract_text("<p>none</p>") == ""


def test_style_sheet_keeps_the_rules_of_classes_that_are_named():
    css = ("/* .a { } */p{a:b}.used,.gone{c:d}.gone:not(.used){e:f}a:not(.gone) b:is(.gone,.used){g:h}"
           "@media print{.gone{i:j}.used .gone{k:l}}@font-face{src:url(x.woff2)}to{left:1.5em}")
    assert sphinx_ext.keep_used(css, {"used"}) == (
        "p{a:b}.used{c:d}a:not(.gone) b:is(.gone,.used){g:h}@media print{}@font-face{src:url(x.woff2)}to{left:1.5em}")


# The chapters themselves.

@pytest.mark.parametrize("chapter", book.chapters(ROOT), ids=lambda path: path.stem)
def test_the_paired_notebook_is_the_chapter_without_outputs(chapter):
    """Where this fails: make notebooks."""
    source, pair = ([(cell.cell_type, cell.source, cell.get("outputs") or []) for cell in jupytext.read(path).cells]
                    for path in (chapter, chapter.with_suffix(".ipynb")))
    assert source == pair


@pytest.mark.parametrize("chapter", book.chapters(ROOT), ids=lambda path: path.stem)
def test_a_chapter_tells_and_the_library_does(chapter):
    code = "\n".join(cell.source for cell in jupytext.read(chapter).cells if cell.cell_type == "code")
    assert not re.search(r"^\s*class ", code, re.M)
    for function in re.findall(r"^def .*\n((?:[ \t]+.*\n?)+)", code, re.M):
        assert len(function.strip().splitlines()) <= 12
    parameters = list(book.read_parameters(chapter))
    assert parameters[:6] == ["data", "weights", "profile", "results", "classes", "cluster"]
    assert re.search(r"(study|places\[name\])\.banner\(\)", code)


def test_hostile_labels_and_titles_show_as_text(colours, tmp_path):
    """Through the chapter on the data set, which shows all that comes with pictures."""
    hostile = "<script>document.title='caught'</script>"
    rows = [f'{path.relative_to(colours)},{hostile if path.parent.name == "red" else path.parent.name},"{hostile}"'
            for path in sorted(colours.rglob("*.png"))]
    (colours / "metadata.csv").write_text("file_name,label,TITLE\n" + "\n".join([*rows, f"{hostile},blue,x"]))
    out = tmp_path / "03_data.ipynb"
    try:
        book.execute(ROOT / "notebooks" / "03_data.py", out, {"data": str(colours), "profile": "smoke"})
    finally:
        (colours / "metadata.csv").unlink()
    shown = [data for cell in nbformat.read(out, as_version=4).cells for output in cell.get("outputs", [])
             for kind, data in output.get("data", {}).items() if kind in {"text/html", "text/markdown"}]
    assert any("document.title" in text for text in shown)
    assert not any(hostile in text for text in shown)


class Addresses(HTMLParser):
    """Every address that a browser fetches to show a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        wanted = {"script": "src", "img": "src", "iframe": "src", "source": "src"}.get(tag)
        if tag == "link" and attributes.get("rel") in {"stylesheet", "preload", "icon", "shortcut icon"}:
            wanted = "href"
        if wanted and attributes.get(wanted):
            self.found.append(attributes[wanted])


def test_the_book_needs_nothing_from_outside(pages):
    html = html_pages(pages)
    assert {"00_intro.html", "glossary.html", "12_discussion.html"} <= {path.name for path in html}
    for page in html:
        addresses = Addresses()
        addresses.feed(page.read_text(encoding="utf-8"))
        for address in addresses.found:
            assert not re.match(r"(https?:)?//", address), f"{page.name} fetches {address}"
            if not address.startswith("data:"):
                assert (page.parent / address.split("?")[0]).exists(), f"{page.name} lacks {address}"


def test_the_readme_answers_as_the_first_page_does(pages):
    """Where this fails, the reference edition has changed: put the first page's answer into the README."""
    first = nbformat.read(pages / ".." / ".." / "book" / "chapters" / "00_intro.ipynb", as_version=4)
    told = [output.data["text/markdown"] for cell in first.cells for output in cell.get("outputs", [])
            if "text/markdown" in output.get("data", {})]
    assert " ".join(told[0].split()) in " ".join((ROOT / "README.md").read_text().split())


def test_formulas_need_no_script(pages):
    text = (pages / "book" / "chapters" / "05_models.html").read_text(encoding="utf-8")
    assert "<math" in text and not re.search("<script[^>]*mathjax", text, re.IGNORECASE)


def test_each_chapter_says_what_it_ran_on_and_shows_no_code_unasked(pages):
    for chapter in book.chapters(ROOT):
        text = (pages / "book" / "chapters" / f"{chapter.stem}.html").read_text(encoding="utf-8")
        assert "What this ran on" in text and "Profile <code" in text
        assert "drawn pictures" in text
        assert "Traceback" not in text
        assert not re.search(r"\s–[a-z]{3}", text), "an option's two hyphens have become a dash"
        assert text.count("<details") >= text.count('class="cell_input') > 0
