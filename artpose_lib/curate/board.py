"""The board on which a person cleans a collection: a widget that shows pictures and takes decisions.

Decisions lie on disk alone. `board.js` sends what the person does; Python appends it to decisions.csv, reads that file
again and answers with a page of cards. So a reload, a new kernel and another person's board show the same.
"""

import getpass
import io
from pathlib import Path

import anywidget
import pandas as pd
import traitlets

from artpose_lib.curate.cards import Cards, describe_decision, shrink_picture
from artpose_lib.curate.findings import inspect_pictures
from artpose_lib.curate.page import render_static_page
from artpose_lib.data.boxes import parse_boxes
from artpose_lib.data.decisions import FILE, Decision, DecisionError, active_decisions, append_decision, read_decisions
from artpose_lib.data.pictures import PictureError
from artpose_lib.web import asset

THUMBNAIL, ENLARGED = 320, 1200  # pixels of the longer side of what is sent to the browser


class CurationBoard(anywidget.AnyWidget):
    """A live board in a notebook, and its state as a static page where no kernel runs, in one display bundle.

    Parameters: `folder` holds metadata.csv, and decisions.csv once there is one; `who` decides (None: the name of the
    account); `found` comes from `inspect_pictures` (None: computed, without features); `open_only` leaves pictures
    without an open licence out of the static page, so that it may be published.
    Raises DataError where the folder cannot be read, and DecisionError where its decisions.csv cannot.
    """

    _esm = "\n".join(asset(name) for name in ("dom.js", "boxes.js", "board.js"))
    _css = asset("board.css")
    where = traitlets.Unicode().tag(sync=True)  # which collection: under this name a browser keeps what is begun

    def __init__(self, folder: str | Path, who: str | None = None, found: pd.DataFrame | None = None,
                 open_only: bool = False):
        self.folder, self.open_only = Path(folder), open_only
        self.who = who or getpass.getuser()
        self.found = inspect_pictures(self.folder) if found is None else found
        self.cards = Cards(self.folder, self.found)
        self.cards.list_cards()  # a broken decisions.csv raises here, and not in the browser
        super().__init__(where=str(self.folder.resolve()))
        self.on_msg(self._receive)

    @property
    def html(self) -> str:
        """The board's state as it is now, as a static page: what the book shows."""
        return render_static_page(self.cards, self.open_only)

    def _repr_mimebundle_(self, **options):
        data, metadata = super()._repr_mimebundle_(**options)
        return data | {"text/html": self.html}, metadata

    def _receive(self, _widget, message: dict, _buffers) -> None:
        try:
            answer, pictures = self._answer(message)
        except (ValueError, OSError) as error:  # DecisionError, PictureError, a file that is gone
            answer, pictures = {"error": str(error)}, []
        self.send({"ask": message.get("ask")} | answer, pictures)

    def _answer(self, message: dict) -> tuple[dict, list[bytes]]:
        """An answer and the JPEGs that go with it. Cards that a message names come without: the browser has theirs.

        `do` is "enlarge"; "show", with the arguments of `Cards.find_page`; or "decide", which then shows as well.
        """
        if message["do"] == "enlarge":
            picture, size = _encode_jpeg(self.folder / self._refuse_unknown(message["file_name"]), ENLARGED)
            return {"size": size}, [picture]
        done = self._decide(message) if message["do"] == "decide" else {}
        asked = {key: message[key] for key in ("filters", "begun", "names", "after", "before") if key in message}
        page = self.cards.find_page(**asked)
        return page | done, [] if asked.get("names") else [self._thumbnail(card) for card in page["cards"]]

    def _thumbnail(self, card: dict) -> bytes:
        """A small JPEG; the card gets the `size` of the whole picture, or the `fault` why it cannot be shown."""
        try:
            picture, card["size"] = _encode_jpeg(self.folder / card["file_name"], THUMBNAIL)
            return picture
        except (PictureError, OSError) as error:
            card["fault"] = getattr(error, "strerror", None) or str(error)
            return b""

    def _decide(self, message: dict) -> dict:
        """Write a decision down; returns the picture that it is about (`name`) and what was done (`said`)."""
        name, action, value = message["file_name"], message["action"], message.get("value", "")
        if action == "undo":
            name, said = self._find_last(name)
        else:
            said = {"keep": "Kept", "drop": "Dropped", "box": "Boxes saved"}.get(action, f"Now {value}")
        decision = Decision(self._refuse_unknown(name), action, value, message.get("why", ""), self.who)
        if action == "box":
            _refuse_outside(value, shrink_picture(self.folder / name, 1)[1])
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

    def _refuse_unknown(self, name: str) -> str:
        if name not in self.cards.places:
            raise DecisionError(f'"{name}" is no picture of this collection. Reload the page.')
        return name


def _refuse_outside(boxes: str, size: tuple[int, int]) -> None:
    for box in parse_boxes(boxes):
        if box[2] > size[0] or box[3] > size[1]:
            raise DecisionError(f"The box {box} reaches out of the picture, which has {size[0]} x {size[1]} pixels.")


def _encode_jpeg(path: Path, side: int) -> tuple[bytes, tuple[int, int]]:
    image, size = shrink_picture(path, side)
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=85)
    return jpeg.getvalue(), size
