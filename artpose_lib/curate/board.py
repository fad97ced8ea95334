"""The board on which a person cleans a collection: a widget that shows pictures and takes decisions.

`board.js` sends what the person does; Python appends it to decisions.csv, reads that file again and answers with a page
of cards. So a reload, a new kernel and another person's board show the same.
"""

import getpass
from pathlib import Path

import anywidget
import numpy as np
import pandas as pd
import traitlets

from artpose_lib.curate.cards import Cards, describe_decision, shrink_picture
from artpose_lib.curate.findings import inspect_pictures
from artpose_lib.curate.page import render_static_page
from artpose_lib.data.decisions import FILE, Decision, DecisionError, active_decisions, append_decision, read_decisions
from artpose_lib.data.pictures import PictureError
from artpose_lib.web import asset, encode_jpeg

THUMBNAIL, ENLARGED = 320, 1200  # pixels of the longer side of what is sent to the browser


class CurationBoard(anywidget.AnyWidget):
    """A live board in a notebook, and its state as a static page where no kernel runs, in one display bundle.

    Parameters: `folder` holds metadata.csv, and decisions.csv once there is one; `who` decides (None: the name of the
    account); `found` comes from `inspect_pictures` (None: computed, without features); `open_only` leaves pictures
    without an open licence out of the static page.
    Raises DataError where the folder cannot be read, and DecisionError where its decisions.csv cannot.
    """

    _esm = "\n".join(asset(name) for name in ("dom.js", "boxes.js", "board.js"))
    _css = asset("board.css")
    where = traitlets.Unicode().tag(sync=True)  # which collection: under this name a browser keeps what is begun

    def __init__(self, folder: str | Path, who: str | None = None, found: pd.DataFrame | None = None,
                 open_only: bool = False):
        self.folder, self.who, self.open_only = Path(folder), who or getpass.getuser(), open_only
        self.cards = Cards(self.folder, inspect_pictures(self.folder) if found is None else found)
        self.cards.list_cards()  # a broken decisions.csv raises here, and not in the browser
        super().__init__(where=str(self.folder.resolve()))
        self.on_msg(self._receive)

    def _repr_mimebundle_(self, **options):
        data, metadata = super()._repr_mimebundle_(**options)
        return data | {"text/html": render_static_page(self.cards, self.open_only)}, metadata

    def _receive(self, _widget, message: dict, _buffers) -> None:
        try:
            answer = self._answer(message)
        except (ValueError, OSError) as error:  # DecisionError, PictureError, a file that is gone
            answer = {"error": str(error)}
        self.send({"ask": message.get("ask")} | answer)

    def _answer(self, message: dict) -> dict:
        """What `do` asks for: "enlarge"; "show", with the arguments of `Cards.find_page`; "decide", and show as well.

        Cards that are asked for by name come without pictures: the browser has theirs.
        """
        if message["do"] == "enlarge":
            return self._encode(message["file_name"], ENLARGED)
        done = self._decide(message) if message["do"] == "decide" else {}
        asked = {key: message[key] for key in ("filters", "begun", "names", "after", "before") if key in message}
        page = self.cards.find_page(**asked)
        if not asked.get("names"):
            page["cards"] = [card | self._show_thumbnail(card["file_name"]) for card in page["cards"]]
        return page | done

    def _show_thumbnail(self, name: str) -> dict:
        """As `_encode`, or the `fault` why a picture cannot be shown."""
        try:
            return self._encode(name, THUMBNAIL)
        except (PictureError, OSError) as error:
            return {"fault": getattr(error, "strerror", None) or str(error)}

    def _encode(self, name: str, side: int) -> dict:
        """A picture as a data URI, `image`, and the `size` of the whole picture."""
        image, size = shrink_picture(self.folder / name, side)
        return {"image": encode_jpeg(np.asarray(image), side), "size": size}

    def _decide(self, message: dict) -> dict:
        """Write a decision down; returns the picture that it is about (`name`) and what was done (`said`)."""
        name, action, value = message["file_name"], message["action"], message.get("value", "")
        if action == "undo":
            name, said = self._find_last(name)
        else:
            said = {"keep": "Kept", "drop": "Dropped", "box": "Boxes saved"}.get(action, f"Now {value}")
        decision = Decision(name, action, value, message.get("why", ""), self.who)
        if action == "pose" and value == self.cards.list_cards()[self.cards.places[name]]["pose"]:
            raise DecisionError(f"{name} has the pose {value} already. Keep it with K.")
        try:
            append_decision(self.folder, decision)
        except OSError as error:
            raise DecisionError(f"{name}: nothing is decided, because {self.folder / FILE} cannot be written "
                                f"({error.strerror}). Make that possible and decide again.") from error
        return {"name": name, "said": said}

    def _find_last(self, name: str) -> tuple[str, str]:
        """The decision to take back: the last one on the picture, or with no name the last one of this person.

        A picture on which somebody else decided later is passed over: an undo would take theirs.
        """
        decided_later = set()
        for decision in reversed(active_decisions(read_decisions(self.folder))):
            wanted = decision.file_name == name if name else decision.who == self.who
            if wanted and decision.file_name in self.cards.places and decision.file_name not in decided_later:
                return decision.file_name, f"Taken back: {describe_decision(decision)}"
            decided_later.add(decision.file_name)
        raise DecisionError(f"No decision on {name} stands." if name else "No decision of yours stands.")
