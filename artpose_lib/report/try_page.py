"""The page "Try a picture": what it loads, written beside it before the book is built."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from artpose_lib.classify.final import train_final
from artpose_lib.classify.web_model import HEAD, NETWORK, describe_head, write_script, write_scripts
from artpose_lib.data.pictures import read_ahead, resize
from artpose_lib.draw.artwork import SAMPLES, Artwork
from artpose_lib.files import digest, say, whole
from artpose_lib.model.backbones import BACKBONES, WeightsMissing, build_backbone
from artpose_lib.report.fingerprint import fingerprint
from artpose_lib.report.plotting import COLOURS
from artpose_lib.report.reference import Edition, open_edition
from artpose_lib.train.records import likeliest_class
from artpose_lib.train.study import Study, open_study
from artpose_lib.web import asset, encode_jpeg

if TYPE_CHECKING:  # Keras takes seconds to import
    import keras

DRAWN, SHARE = 12, 30  # drawings of each pose that filters are asked about: at most, and one for so many of a profile's
SHOWN = 3  # of these, beside a filter
SAMPLE_HEIGHT, SMALL_HEIGHT = 320, 96  # pixels of a drawing: of one to try, and beside a filter
MARK = "README.txt"


def write_try(root: Path, parameters: dict[str, str]) -> None:
    """Write what the page loads into book/_static/try, unless it is there for these parameters of the chapters.

    Of the run's pictures it trains the final model; the reference editions' heads stand before that. Where the network
    has no weights here there is no head, and the page says so.
    """
    folder, kept = root / "book" / "_static" / "try", sorted(root.glob(f"book/reference/*/{HEAD}"))
    mark = "".join([fingerprint(Path(__file__).with_name("book.py"), parameters), *(digest(path)[:8] for path in kept)])
    if (folder / MARK).exists() and (folder / MARK).read_text(encoding="ascii").endswith(mark):
        return
    say("the page that answers to pictures: training its network's last layer")
    study, heads = open_study(**parameters), []
    with whole(folder, replace=True, option="--out") as new:
        new.mkdir()
        editions = [open_edition(path.parent, study.results) for path in kept]
        write_page(new, [tell_of_drawings(of) for of in editions if len(of.read("on_drawings"))])
        try:
            network = build_backbone(NETWORK, BACKBONES[NETWORK].input_size, "imagenet", study.weights_dir)
            heads = [json.loads(path.read_text("ascii")) for path in kept]
            own = describe_head(train_final(study, NETWORK), "own", "", study.weights_dir)
            if study.embedded:
                own["card"]["sentences"] += [tell_of_art(of) for of in editions if len(of.read("drawings"))]
            heads.append(own)
            write_scripts(new, network, heads)
            write_filters(new, study, network, root / "book" / "_static" / "maps")
        except WeightsMissing:
            write_script(new / "try_heads.js", "HEADS", [])
        (new / MARK).write_text(f"For the page Try a picture. Each change replaces this folder: {mark}", "ascii")


def tell_of_art(edition: Edition) -> str:
    """How often a head that learned from drawings names an edition's artworks rightly (`drawings.teach_art`)."""
    found = edition.read("drawings").query("model == 'drawings' and art == 0")
    right = (likeliest_class(found) == found["label"]).mean()
    return f"Of {len(found)} artworks, a head that learned from drawings alone names {right:.0%} rightly."


def tell_of_drawings(edition: Edition) -> str:
    """How often a head that learned from an edition's artworks names drawings rightly (`drawings.teach_drawings`)."""
    found = edition.read("on_drawings")
    right = found.loc[found["called"] == found["label"], "pictures"].sum() / found["pictures"].sum()
    return ("A drawing is no artwork, and each is called here by the pose that it was drawn as: a head that learned "
            f"from {len(edition.dataset)} artworks names {right:.0%} of {found['pictures'].sum()} drawings so.")


def write_page(folder: Path, notes: Sequence[str] = ()) -> None:
    """Write the page's script and style, and the drawings to try with notes on them, into a folder."""
    script = "\n".join(map(asset, ("dom.js", "try.js")))
    (folder / "page.js").write_text(f'(function () {{\n"use strict";\n{script}\n}})();\n', "utf-8")
    (folder / "page.css").write_text(asset("try.css"), "utf-8")
    samples = [{"title": pose, "picture": encode_jpeg(_draw(pose, seed), SAMPLE_HEIGHT)}
               for pose, seed in SAMPLES.items()]
    write_script(folder / "drawings.js", "TRY", {"colours": COLOURS, "samples": samples, "note": " ".join(notes)})


def write_filters(folder: Path, study: Study, network: "keras.Model", maps: Path) -> None:
    """Write what `ask_drawings` finds, kept with the study's results, and the address of each filter in the reader of
    feature maps that lies in the folder `maps`: in the picture in which it answers most. None where there is no such
    network.
    """
    from artpose_lib.explain.networks import IMAGENET  # both import Keras
    from artpose_lib.explain.reader import slug, write_address

    each = min(DRAWN, study.profile.pictures // SHARE)
    path = study.results / "drawings" / f"{NETWORK}-{study.fingerprint_weights(NETWORK)}-{each}.json"
    if not path.exists():
        with whole(path) as new:
            new.write_text(json.dumps(ask_drawings(network, each)), "ascii")
    found = json.loads(path.read_text("ascii"))
    ranges = sorted((maps / slug(NETWORK) / slug(IMAGENET)).glob("*/5.js"))
    texts = [one.read_text("ascii") for one in ranges]
    highs = [next(iter(json.loads(text[text.index('{"'):text.rindex(")")]).values()))["high"] for text in texts]
    pictures = [ranges[np.argmax(own)].parent.name for own in zip(*highs, strict=True)]
    found["addresses"] = [write_address(slug(NETWORK), 5, number, picture, slug(IMAGENET))
                          for number, picture in enumerate(pictures, 1)]
    write_script(folder / "filters.js", "FILTERS", found)


def ask_drawings(network: "keras.Model", each: int) -> dict:
    """Which drawings, `each` of every pose, the filters of a network's last layer answer to most, as JSON-ready values.

    `drawings` have a title and a picture, `channels` for each filter up to SHOWN drawings, those first in which it
    answers most on average: their numbers, and the place where, row by row. Of drawings in which it is silent, none.
    """
    from artpose_lib.explain.maps import feature_maps

    asked = [(pose, 100 + number) for pose in SAMPLES for number in range(each)]
    drawings = list(read_ahead(lambda one: _draw(*one), asked))
    squares = np.stack([resize(drawing, network.input_shape[1]) for drawing in drawings])
    last = network.layers[-1].name
    maps = np.stack([found[last] for found in feature_maps(network, squares, [last])])
    answers = maps.reshape(len(maps), -1, maps.shape[-1])  # (drawings, places, filters)
    means, places = answers.mean(axis=1), answers.argmax(axis=1)  # (drawings, filters)
    most = np.argsort(-means, axis=0, kind="stable")[:SHOWN].T
    channels = [[[int(one), int(places[one, channel])] for one in own if means[one, channel] > 0]
                for channel, own in enumerate(most)]
    shown = [{"title": pose, "picture": encode_jpeg(drawing, SMALL_HEIGHT)}
             for (pose, _), drawing in zip(asked, drawings, strict=True)]
    return {"drawings": shown, "channels": channels}


def _draw(pose: str, seed: int) -> np.ndarray:
    return Artwork(pose, np.random.default_rng(seed)).paint()
