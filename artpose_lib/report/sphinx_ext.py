"""What the book needs from Sphinx to open without a network, and soon: its own copy of plotly.js, loaded when a figure
comes into sight, a search that needs no server, and none of the theme's scripts, styles and icons that it can do
without. In a book that GitHub builds, each chapter links to its notebook in Colab and Binder."""

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from urllib.parse import quote

import plotly
from bs4 import BeautifulSoup
from fontTools import subset
from sphinx.application import Sphinx
from sphinx.util.fileutil import copy_asset_file

from artpose_lib import web

PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
LAZY_JS, TEXTS_JS = (Path(web.__file__).with_name(name) for name in ("plotly_lazy.js", "search_texts.js"))
# The theme's icons come as a font and once more as a script of 1.5 MB: the font will do.
ICON_SCRIPT = re.compile(r'\s*<(?:script|link)\b[^>]*fontawesome\.js[^>]*>(?:</script>)?')
WORD = re.compile(r"[\w-]+")
RULE = re.compile(r"([^{};]+)\{([^{}]*)\}")  # of a style sheet without comments, the innermost
# By itself the theme asks the system for light or dark once the page is loaded, and shows it light until then.
DARK = """((root) => {
  root.mode ||= "auto";
  root.theme ||= matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
})(document.documentElement.dataset)"""
PICTURE = re.compile('src="data:image/jpeg;base64,([^"]+)"')
PRINTED = "singlehtml"  # the builder of the one page that becomes the PDF


def _choose_scripts(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Add what loads Plotly where there are figures, and remove what no page uses, such as a script from the web."""
    app.add_js_file(None, body=DARK, priority=100)
    if "Plotly.newPlot" in context.get("body", ""):
        app.add_js_file((PLOTLY_JS if app.builder.name == PRINTED else LAZY_JS).name, priority=100)
    if pagename == "search":
        app.add_js_file(TEXTS_JS.name, priority=100)
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind]
                         if not re.search("thebe|sphinx-design|design-tabs", str(vars(file)).lower())]
    if pagename.startswith("book/chapters/") and "GITHUB_REPOSITORY" in os.environ:  # which GitHub sets
        context["body"] += link_notebook(pagename, os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_REF_NAME"])


def link_notebook(pagename: str, repository: str, branch: str) -> str:
    """Where a chapter's notebook opens in Colab and in Binder, as HTML; `repository` is "owner/name" on GitHub."""
    path, branch = f"notebooks/{Path(pagename).name}.ipynb", quote(branch, safe="")
    colab = f"https://colab.research.google.com/github/{repository}/blob/{branch}/{path}"
    binder = f"https://mybinder.org/v2/gh/{repository}/{branch}?urlpath={quote(f'lab/tree/{path}', safe='')}"
    links = f'<a href="{colab}">Colab</a> or <a href="{binder}">Binder</a>'
    return f'<p class="artpose-run">Run this chapter in {links}.</p>'


def extract_text(page: str) -> str:
    """The main part of a page as HTML without code, scripts and pictures: its sections, its terms with what they mean,
    and their text."""
    soup = BeautifulSoup(page, "html.parser")
    main = soup.select_one("article.bd-article") or soup.select_one('[role="main"]')
    if not main:
        return ""
    for tag in main.select("script, style, svg, select, details.hide, .headerlink"):
        tag.decompose()
    for banner in main.find_all("summary", string=re.compile("ran on")):
        banner.parent.decompose()  # the same words on every page
    for meaning in main.select("dt[id] + dd"):
        meaning.find_previous_sibling("dt").extend([" ", meaning.extract()])  # a search finds the term, and shows both
    for tag in main.find_all(True):
        tag.attrs = {"id": tag["id"]} if "id" in tag.attrs and tag.name in ("section", "dt") else {}
        if tag.name in ("p", "li", "dt", "dd", "td", "th", "figcaption", "summary", "h1", "h2", "h3"):
            tag.insert_after(" ")  # what stands below begins another word
        if not tag.attrs:
            tag.unwrap()
    return f'<div role="main">{" ".join(main.decode_contents().split())}</div>'


def keep_used(css: str, words: set[str]) -> str:
    """A style sheet without comments and without the rules for classes that are not among the words of pages and
    scripts. Names with "bs-" stay, which Bootstrap puts together."""
    def is_used(selector: str) -> bool:
        certain = re.sub(r":(not|is|where|has)\((?:[^()]|\([^()]*\))*\)", "", selector)
        return words.issuperset(re.findall(r"\.((?!bs-)[a-zA-Z_][\w-]*)", certain))

    def keep(rule: re.Match[str]) -> str:
        used = [one for one in re.split(r",(?![^(]*\))", rule[1]) if is_used(one)]
        return f"{','.join(used)}{{{rule[2]}}}" if used else ""

    return RULE.sub(keep, re.sub(r"/\*.*?\*/", "", css, flags=re.S))


def _strip_theme(static: Path, words: set[str]) -> None:
    """Take out of the theme's style sheet, 0.4 MB, and its icons' font, 0.2 MB, what no page and no script names."""
    style, font = static / "styles" / "pydata-sphinx-theme.css", static / "vendor/fontawesome/webfonts/fa-solid-900.ttf"
    for script in [*static.glob("*.js"), *(static / "scripts").glob("*.js")]:
        words |= set(WORD.findall(script.read_text(encoding="utf-8")))
    css = re.sub(r"url\(\S*?fa-solid-900\.woff2\)[^,]*,", "", keep_used(style.read_text(encoding="utf-8"), words))
    style.write_text(css, encoding="utf-8")
    icons = ",".join(re.findall(r'content:"\\([0-9a-f]{4})"', css))
    subset.main([str(font), f"--unicodes={icons}", f"--output-file={font}"])


def store_pictures(text: str, page: Path, folder: Path) -> str:
    """The text of a page whose pictures are files in a folder, which it loads when they come into sight."""
    def store(picture: re.Match[str]) -> str:
        content = base64.b64decode(picture[1])
        file = folder / f"{hashlib.sha256(content).hexdigest()[:12]}.jpg"
        file.write_bytes(content)
        return f'loading="lazy" src="{os.path.relpath(file, page.parent)}"'

    return PICTURE.sub(store, text)


def _finish(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None:
        return
    static, texts, words = Path(app.outdir) / "_static", {}, set()
    for script in (PLOTLY_JS, LAZY_JS):
        copy_asset_file(script, static)
    pictures, used = static / "pictures", set()
    pictures.mkdir(exist_ok=True)
    for page in sorted(Path(app.outdir).rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        words |= set(WORD.findall(text))
        texts[page.relative_to(app.outdir).as_posix()] = extract_text(text)
        short = store_pictures(ICON_SCRIPT.sub("", text), page, pictures)
        used |= set(re.findall(r"/pictures/(\w+\.jpg)", short))
        if app.builder.name == PRINTED:  # Sphinx takes that page to stand above its folder
            short = short.replace('="_static/', '="../../_static/')
        if short != text:
            page.write_text(short, encoding="utf-8")
    (static / TEXTS_JS.name).write_text(f"{TEXTS_JS.read_text(encoding='utf-8')}keepTexts({json.dumps(texts)});\n")
    _strip_theme(static, words)
    for file in [*(static / "scripts").glob("fontawesome.js*"), *pictures.iterdir()]:
        if file.name not in used:
            file.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", _choose_scripts, priority=900)  # after all others have added theirs
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
