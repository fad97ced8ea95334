"""The curation board where no kernel runs: what was found and decided, as HTML that the book can carry."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from artpose_lib.curate.cards import Cards, count_cards, shrink_picture
from artpose_lib.data.boxes import parse_boxes
from artpose_lib.data.decisions import COLUMNS, Decision, active_decisions, read_decisions
from artpose_lib.data.licences import is_open
from artpose_lib.data.pictures import PictureError
from artpose_lib.web import contact_sheet

MOST_PICTURES, MOST_DECISIONS = 60, 200  # what a page carries, so that a large collection does not swell the book
SIDE = 280  # pixels of a tile, of which the page shows half: sharp on any screen
ACCENT = "#e8590c"  # as in chooser.css
GREY = "#777777"


def render_static_page(cards: Cards, open_only: bool) -> str:
    """Counts, thumbnails of all that was flagged or decided, and the decisions, as HTML.

    Parameters: `open_only` puts a grey tile in the place of a picture whose licence is not open; where the collection
    has no column `licence`, all are shown. Raises DecisionError.
    """
    now, decisions = cards.list_cards(), active_decisions(read_decisions(cards.folder))
    sections = {
        "Groups of one picture or work": [card for card in now if card["group"]],
        "Other findings": [card for card in now if card["flags"] and not card["group"]],
        "Decided without a finding": [card for card in now if card["decided"] and not card["flags"]]}
    html, left = _summarise(now), MOST_PICTURES
    for title, found in sections.items():
        html += _render_section(title, found, left, cards, open_only)
        left = max(0, left - len(found))
    return f'<div class="artpose-view artpose-curation">{html}{_render_table(decisions)}</div>'


def _summarise(now: Sequence[dict]) -> str:
    found = count_cards(now)
    stages = found["decision"]
    kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(found["finding"].items())
                      if kind not in ("any", "none"))
    return (f"<p>{len(now) - stages['undecided']:,} of {len(now):,} pictures are decided: {stages['kept']:,} kept, "
            f"{stages['dropped']:,} dropped, {stages['pose changed']:,} given another pose. Boxes are drawn on "
            f"{stages['boxes drawn']:,}.</p><p>Findings: {escape(kinds) or 'none'}.</p>")


def _render_section(title: str, found: Sequence[dict], most: int, cards: Cards, open_only: bool) -> str:
    if not found:
        return ""
    html, shown = f'<p class="artpose-name">{title} ({len(found):,} pictures)</p>', found[:most]
    if shown:
        images, captions = zip(*(_tile(card, cards, open_only) for card in shown), strict=True)
        html += contact_sheet(images, captions, height=SIDE // 2).data
    return html + f"<p>{len(found) - most:,} more are not shown.</p>" * (len(found) > most)


def _tile(card: dict, cards: Cards, open_only: bool) -> tuple[np.ndarray, str]:
    """A picture with its boxes in the middle of a grey square, uint8 RGB (SIDE, SIDE, 3), and its caption."""
    parts = [f"Group {card['group']}"] * bool(card["group"])
    parts += [", ".join(filter(None, (card["title"], card["by"]))), f"{card['pose']}, {card['filters']['decision'][0]}"]
    parts += [", ".join(flag["kind"] for flag in card["flags"])] * bool(card["flags"])
    tile, word = Image.new("RGB", (SIDE, SIDE), GREY), ""
    if open_only and "licence" in cards.metadata and not is_open(card["licence"]):
        word = "not published"
        parts.append(f"Licence: {card['licence'] or 'not known'}")
    else:
        try:
            image, size = shrink_picture(cards.folder / card["file_name"], SIDE)
            for box in parse_boxes(card["boxes"]):
                corners = [image.width / size[0] * value for value in box]
                ImageDraw.Draw(image).rectangle(corners, outline=ACCENT, width=3)
            tile.paste(image, ((SIDE - image.width) // 2, (SIDE - image.height) // 2))
        except (PictureError, OSError):
            word = "unreadable"
    ImageDraw.Draw(tile).text((SIDE / 2, SIDE / 2), word, fill="white", anchor="mm", font_size=26)
    return np.asarray(tile), ". ".join(parts)


def _render_table(decisions: Sequence[Decision]) -> str:
    if not decisions:
        return "<p>Nothing is decided yet.</p>"
    latest = decisions[:-MOST_DECISIONS - 1:-1]
    with pd.option_context("display.max_colwidth", None):
        table = pd.DataFrame(map(vars, latest), columns=COLUMNS).to_html(index=False, border=0, justify="left")
    older = len(decisions) - len(latest)
    return (f'<p class="artpose-name">Decisions that stand</p><div style="overflow-x: auto" tabindex="0" role="region" '
            f'aria-label="Decisions">{table}</div>' + f"<p>{older:,} older ones are not listed.</p>" * bool(older))
