"""The board on which a person cleans a collection: a widget that shows pictures and takes decisions, and its state as
HTML that the book can carry.

`board.js` sends what the person does; Python appends it to decisions.csv, reads that file again and answers with a page
of cards. So a reload, a new kernel and another person's board show the same.
"""

import getpass
from html import escape
from itertools import groupby
from pathlib import Path

import anywidget
import numpy as np
import pandas as pd
import traitlets
from PIL import Image, ImageDraw

from artpose_lib.curate.cards import Cards, count_cards, describe_decision
from artpose_lib.curate.findings import inspect_pictures
from artpose_lib.data.decisions import COLUMNS, FILE, Decision, append_decision
from artpose_lib.data.metadata import DataError, parse_boxes
from artpose_lib.data.pictures import PictureError, shrink_picture
from artpose_lib.model import blazepose
from artpose_lib.web import asset, contact_sheet, display_live, encode_jpeg

THUMBNAIL, ENLARGED = 320, 1200  # pixels of the longer side of what is sent to the browser
MOST_PICTURES, MOST_DECISIONS = 60, 200  # of the static page, so that a large collection does not swell the book
SIDE = 280  # pixels of a tile, of which the page shows half: sharp on any screen
ACCENT = "#e8590c"  # as in chooser.css
GREY = "#777777"


class CurationBoard(anywidget.AnyWidget):
    """A live board in a notebook, and its state as a static page where no kernel runs.

    Parameters: `folder` holds metadata.csv, and decisions.csv once there is one; `who` decides (None: the name of the
    account); `found` comes from `inspect_pictures` (None: computed, without a network); `open_only` leaves pictures
    without an open licence out of the static page; `weights` is a folder that may hold BlazePose's networks, which
    propose boxes.
    Raises DataError where the folder or its decisions.csv cannot be read.
    """

    _esm = "\n".join(asset(name) for name in ("dom.js", "boxes.js", "board.js"))
    _css = asset("board.css")
    where = traitlets.Unicode().tag(sync=True)  # which collection: under this name a browser keeps what is begun

    def __init__(self, folder: str | Path, who: str | None = None, found: pd.DataFrame | None = None,
                 open_only: bool = False, weights: str | None = None):
        self.folder, self.who, self.open_only = Path(folder), who or getpass.getuser(), open_only
        self.weights = weights
        self.cards = Cards(self.folder, inspect_pictures(self.folder) if found is None else found)
        self.cards.list_cards()  # a broken decisions.csv raises here, and not in the browser
        super().__init__(where=str(self.folder.resolve()))
        self.on_msg(self._receive)

    def _ipython_display_(self) -> None:
        display_live(self, render_static_page(self.cards, self.open_only))

    def _receive(self, _widget, message: dict, _buffers) -> None:
        try:
            answer = self._answer(message)
        except (ValueError, OSError) as error:  # DataError, PictureError, a file that is gone
            answer = {"error": str(error)}
        self.send({"ask": message.get("ask")} | answer)

    def _answer(self, message: dict) -> dict:
        """What `do` asks for: "enlarge"; "show", with the arguments of `Cards.find_page`; "decide", and show as well.

        With `propose` an enlarged picture brings `proposed`, boxes that nobody has drawn yet. Cards that are asked for
        by name come without pictures: the browser has theirs.
        """
        if message["do"] == "enlarge":
            name = message["file_name"]
            shown = self._show(name, ENLARGED)
            wanted = message.get("propose") and "image" in shown
            return shown | {"proposed": blazepose.propose_boxes(self.folder / name, self.weights)} if wanted else shown
        done = self._decide(message) if message["do"] == "decide" else {}
        asked = {key: message[key] for key in ("filters", "begun", "names", "after", "before") if key in message}
        page = self.cards.find_page(**asked)
        if not asked.get("names"):
            page["cards"] = [card | self._show(card["file_name"], THUMBNAIL) for card in page["cards"]]
        return page | done

    def _show(self, name: str, side: int) -> dict:
        """A picture as a data URI, `image`, and the `size` of the whole; or the `error` why it cannot be shown."""
        try:
            image, size = shrink_picture(self.folder / name, side)
        except (PictureError, OSError) as error:
            return {"error": getattr(error, "strerror", None) or str(error)}
        return {"image": encode_jpeg(np.asarray(image), side), "size": size}

    def _decide(self, message: dict) -> dict:
        """Write a decision down; returns the picture that it is about (`name`) and what was done (`said`)."""
        name, action, value = message["file_name"], message["action"], message.get("value", "")
        if action == "undo":
            name, said = self._find_last(name)
        else:
            said = {"keep": "Kept", "drop": "Dropped", "box": "Boxes saved"}.get(action, f"Now {value}")
        decision = Decision(name, action, value, message.get("why", ""), self.who)
        try:
            card = self.cards.list_cards()[self.cards.places[name]]
            if message.get("seen") not in (None, card["decided"]):  # in another tab, or by somebody else
                done = "; ".join(card["decided"]) or "all is taken back"
                raise DataError(f"{card['title']} was decided meanwhile: {done}. Nothing is written. Look, and decide "
                                "again if you still want to.")
            if action == "pose" and value == card["pose"]:
                raise DataError(f"{name} has the pose {value} already. Keep it with K.")
            append_decision(self.folder, decision)
        except OSError as error:
            raise DataError(f"{name}: nothing is decided, because {self.folder / FILE} cannot be written "
                                f"({error.strerror}). Make that possible and decide again.") from error
        return {"name": name, "said": said}

    def _find_last(self, name: str) -> tuple[str, str]:
        """The decision to take back: the last one on the picture, or with no name the last one of this person. A
        picture on which somebody else decided later is passed over: an undo would take theirs."""
        decided_later = set()
        for decision in reversed(self.cards.read_decisions()):
            wanted = decision.file_name == name if name else decision.who == self.who
            if wanted and decision.file_name in self.cards.places and decision.file_name not in decided_later:
                return decision.file_name, f"Taken back: {describe_decision(decision)}"
            decided_later.add(decision.file_name)
        raise DataError(f"No decision on {name} stands." if name else "No decision of yours stands.")


def render_static_page(cards: Cards, open_only: bool) -> str:
    """Counts, thumbnails of what was flagged or decided (grey if not to publish, if `open_only`), decisions: HTML."""
    now = cards.list_cards()
    counts = count_cards(now)
    stages = counts["decision"]
    kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(counts["finding"].items())
                      if kind not in ("any", "none"))
    decided, boxes = len(now) - stages["undecided"], stages["boxes drawn"]
    html = f"<p>{decided:,} of {len(now):,} pictures are decided" + (
        f": {stages['kept']:,} kept, {stages['dropped']:,} dropped, {stages['pose changed']:,} given another pose"
        * bool(decided)) + f", boxes drawn on {boxes:,}" * bool(boxes) + (
        f".</p><p>Findings: {escape(kinds) or 'none'}.</p>")
    sections = {
        "Groups of one picture or work": [card for card in now if card["group"]],
        "Other findings": [card for card in now if card["flags"] and not card["group"]],
        "Decided without a finding": [card for card in now if card["decided"] and not card["flags"]]}
    left = MOST_PICTURES
    for title, found in sections.items():
        shown, more = found[:left], max(0, len(found) - left)
        left -= len(shown)
        html += f'<p class="artpose-name">{title} ({len(found):,} pictures)</p>' * bool(found)
        for _, together in groupby(shown, key=lambda card: card["group"]):
            images, captions = zip(*(_tile(card, cards, open_only) for card in together), strict=True)
            html += contact_sheet(images, captions, height=SIDE // 2).data
        html += f"<p>{more:,} more are not shown.</p>" * bool(more)
    return f'<div class="artpose-view artpose-curation">{html}{_render_table(cards.read_decisions())}</div>'


def _tile(card: dict, cards: Cards, open_only: bool) -> tuple[np.ndarray, str]:
    """A picture with its boxes in the middle of a grey square, uint8 RGB (SIDE, SIDE, 3), and its caption."""
    stage, kinds = card["filters"]["decision"][0], ", ".join(flag["kind"] for flag in card["flags"])
    parts = [f"Group {card['group']}" if card["group"] else "", ", ".join(filter(None, (card["title"], card["by"]))),
             "" if card["title"].startswith(card["pose"]) else card["pose"],
             "" if stage == "undecided" else stage.capitalize(), kinds.capitalize()]
    tile, word = Image.new("RGB", (SIDE, SIDE), GREY), ""
    if open_only and card["file_name"] not in cards.publishable:
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
    return np.asarray(tile), ". ".join(filter(None, parts))


def _render_table(decisions: list[Decision]) -> str:
    if not decisions:
        return ""
    latest = decisions[:-MOST_DECISIONS - 1:-1]
    with pd.option_context("display.max_colwidth", None):
        table = pd.DataFrame(map(vars, latest), columns=COLUMNS).to_html(index=False, border=0, justify="left")
    older = len(decisions) - len(latest)
    return (f'<p class="artpose-name">Decisions that stand</p><div style="overflow-x: auto" tabindex="0" role="region" '
            f'aria-label="Decisions">{table}</div>' + f"<p>{older:,} older ones are not listed.</p>" * bool(older))
