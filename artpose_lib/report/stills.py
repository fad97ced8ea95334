"""A still picture of each figure of a built book, which stands until a reader points at it, by a headless Chromium or
Chrome: a page opens at once, is printed as it is, and shows its figures without scripts."""

import hashlib
import html
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

WIDTHS = {"wide": (620, 0), "phone": (358, 100)}  # the column's pixels, and by how many the script makes figures higher
PHONE = 499  # pixels of a window that the script takes for a phone's, at most
# What `plotting.Shown` writes: an empty place, the script with its figure, and what stands there without scripts.
FIGURE = re.compile(r'<div class="plotly-graph-div"[^>]*>[^<]*</div><script>((?:(?!</script>).)*'
                    r"\?\.firstChild, (\{(?:(?!</script>).)*\})\);)</script><noscript>.*?</noscript>", re.S)
DRAW = """(async (figures, widths) => {
  const drawn = [];
  for (const {data, layout} of figures)
    for (const [width, more] of widths) {
      const height = layout.height + more;
      drawn.push(await Plotly.toImage({data, layout: {...layout, height}}, {format: "svg", width, height}));
    }
  document.body.textContent = JSON.stringify(drawn);
})([%s], %s);"""


def run_headless(browser: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a Chromium or Chrome without a window, and wait for it."""
    root = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
    return subprocess.run([browser, "--headless", *root, *options], capture_output=True, encoding="utf-8",
                          errors="replace", check=False)


def draw_stills(pages: Path, browser: str) -> None:
    """Put into the place of each figure of the built pages in a folder what it looks like, and its script into a file
    that is loaded when a reader points at it.

    The files lie in _static/stills; those that an earlier build left are used again. Where the browser fails pages stay
    as they are.
    """
    folder, used = pages / "_static" / "stills", set()
    folder.mkdir(exist_ok=True)
    texts = {page: page.read_text(encoding="utf-8") for page in pages.glob("book/**/*.html")}
    figures = {_name(figure): figure for text in texts.values() for figure in FIGURE.finditer(text)}
    missing = {name: figure for name, figure in figures.items() if not (folder / f"{name}.js").exists()}
    drawn = iter(_draw([figure[2] for figure in missing.values()], pages, browser))
    for (name, figure), *stills in zip(missing.items(), *[drawn] * len(WIDTHS), strict=False):
        for kind, still in zip(WIDTHS, stills, strict=True):
            (folder / f"{name}-{kind}.svg").write_text(still, encoding="utf-8")
        (folder / f"{name}.js").write_text(figure[1], encoding="utf-8")
    for page, text in texts.items():
        def show(figure: re.Match[str], place: Path = page.parent) -> str:
            if not (folder / f"{_name(figure)}.js").exists():
                return figure[0]
            path, height = os.path.relpath(folder / _name(figure), place), json.loads(figure[2])["layout"]["height"]
            return (f'<div class="plotly-graph-div" style="--height: {height}px" data-figure="{path}.js"><picture>'
                    f'<source media="(max-width: {PHONE}px)" srcset="{path}-phone.svg">'
                    f'<img loading="lazy" alt="" src="{path}-wide.svg"></picture></div>')

        text = FIGURE.sub(show, text)
        used |= set(re.findall(r"/stills/([\w-]+\.\w+)", text))
        page.write_text(text, encoding="utf-8")
    for file in folder.iterdir():
        if file.name not in used:
            file.unlink()


def _name(figure: re.Match[str]) -> str:
    return hashlib.sha256(figure[1].encode()).hexdigest()[:12]


def _draw(figures: Sequence[str], pages: Path, browser: str) -> list[str]:
    """The SVGs of each figure, as many as there are WIDTHS, or nothing where the browser fails."""
    if not figures:
        return []
    with tempfile.NamedTemporaryFile("w", suffix=".html", dir=pages, encoding="utf-8") as page:
        page.write(f'<!doctype html><meta charset="utf-8"><body><script src="_static/plotly.min.js"></script>'
                   f"<script>{DRAW % (','.join(figures), json.dumps([*WIDTHS.values()]))}</script></body>")
        page.flush()
        drawn = run_headless(browser, "--virtual-time-budget=600000", "--dump-dom", Path(page.name).as_uri()).stdout
    found = re.search(r"<body>(\[.*\])</body>", drawn, re.S)
    return [unquote(address.partition(",")[2]) for address in json.loads(html.unescape(found[1]))] if found else []
