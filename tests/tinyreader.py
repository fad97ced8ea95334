"""What a small reader of feature maps shows: two architectures, three pictures, numbers about twelve tested ones."""

import numpy as np
import pandas as pd

from artpose_lib.explain.reader import ReaderModel, ReaderPicture

CATCH = "document.title='caught'"
HOSTILE = f"""St "Sebastian"</script><script>{CATCH}</script><img src=x onerror="{CATCH}">'&"""
CLASSES = ["Pieta", "Sebastian", HOSTILE]
SIZE, LAYERS, FILTERS = 64, ("one", "two", "three", "four", "five"), (4, 6, 8, 10, 230)
TESTED = 12
MEANINGS = {"Strength": "How loud it is.", HOSTILE: HOSTILE}


def network(filters=FILTERS, seed=0):
    """Five small convolutions, halving the picture between them."""
    import keras

    keras.utils.set_random_seed(seed)
    pictures = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    tensor = keras.layers.Rescaling(1 / 255)(pictures)
    for number, (layer, count) in enumerate(zip(LAYERS, filters, strict=True)):
        if number:
            tensor = keras.layers.MaxPooling2D()(tensor)
        tensor = keras.layers.Conv2D(count, 3, padding="same", activation="relu", name=layer,
                                     bias_initializer=keras.initializers.RandomNormal(0.2))(tensor)
    return keras.Model(pictures, tensor)


def picture(key, seed=0, caption="A saint", label="Sebastian", boxes=((0.25, 0.25, 0.75, 1),), height=90, width=60):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return ReaderPicture(key, image, caption, label, boxes)


def peak(*facts):
    return dict(zip(("picture", "row", "column", "activation"), facts, strict=True))


def table(count, side, seed=0):
    """A table as `filter_tables` makes it, of random numbers and with some that could not be measured."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"auc_{name}": rng.random(count) for name in CLASSES})
    aucs = frame.to_numpy()
    peaks = [[peak(int(number), int(rng.integers(side)), int(rng.integers(side)), 9.5 - place)
              for place, number in enumerate(rng.permutation(TESTED)[:9])] for _ in range(count)]
    peaks[0], peaks[1] = [], [peak(0, 0, side - 1, 2.5), peak(1, side // 2, side // 2, 1.5)]
    frame = frame.assign(
        strength=100 * rng.random(count), heard=TESTED, selectivity=aucs.max(axis=1),
        best_class=np.array(CLASSES)[aucs.argmax(axis=1)], p=0.001, inside=rng.random(count), inside_others=0.3,
        box_share=0.5,
        importance=rng.random(count), x=rng.random(count), y=rng.random(count), returning=10 * rng.random(count),
        correlation_before_after=rng.random(count),
        **{f"importance_{name}": rng.normal(size=count) for name in CLASSES}, strongest=peaks)
    frame.loc[2, ["inside", "inside_others", "box_share", "correlation_before_after", "x", "y", "returning"]] = np.nan
    return frame.rename_axis("filter")


def contents():
    """Models, pictures and tested pictures, as `write_reader` takes them. The block "two" was not measured."""
    tables = {layer: table(count, SIZE >> number, number)
              for number, (layer, count) in enumerate(zip(LAYERS, FILTERS, strict=True)) if layer != "two"}
    models = [ReaderModel("alpha", "Alpha", LAYERS, {"fine-tuned": network(), "ImageNet": network(seed=1)}, tables,
                          range(TESTED)),
              ReaderModel("beta", HOSTILE, LAYERS, {"ImageNet": network((3, 3, 3, 3, 2048), 2)})]
    pictures = [picture("first"), picture("second", 1, HOSTILE * 3, HOSTILE, ()),
                picture("third", 2, "Another saint", height=40, width=80)]
    tested = [picture(f"t{number}", number, HOSTILE if number == 1 else f"Work {number}") for number in range(TESTED)]
    return models, pictures, [*tested[:-1], ReaderPicture("closed", None, "A closed work")]


def optimised():
    """Pictures for some filters of the first model's block "three", as `add_optimised` takes them: one colour each."""
    colours = np.random.default_rng(0).integers(0, 256, (2, FILTERS[2], 1, 1, 3), dtype=np.uint8)
    drawn = np.broadcast_to(colours, (2, FILTERS[2], 20, 20, 3))
    return {("fine-tuned", "three"): {filter: drawn[0, filter] for filter in (1, 4, 6)},
            ("ImageNet", "three"): {filter: drawn[1, filter] for filter in (1, 4)}}
