"""What can be measured about every filter of a block, over the pictures of the test part."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from artpose_lib.explain.maps import map_batches

PERMUTATIONS = 999  # of the labels; the smallest p that they can show is 1 in 1,000
ROUNDS = 9  # in which they are dealt: 111 at a time take 11 MB for 6 classes and 2,048 filters
STRONGEST = 9  # pictures kept of each filter: three rows of three
COPIES = 15  # of a picture's maps, each with another filter at zero, a forward step; one more is left whole


class Peak(NamedTuple):
    """Where a filter answers loudest in a picture: the picture's number among those given, the row and the column of
    the map (all from 0), and the activation there."""

    picture: int
    row: int
    column: int
    activation: float


def filter_table(model, before, images: np.ndarray, labels: np.ndarray, classes: Sequence[str],
                 boxes: Sequence[np.ndarray], layer: str, seed: int, ablate: bool = True) -> pd.DataFrame:
    """The numbers of every filter of a layer, a row each, over some pictures: those of the test part.

    Parameters: `model` is a flat classifier that ends in a Dense layer with softmax, `before` the same network before
    fine-tuning (with or without its last layers); `images` uint8 RGB (n, size, size, 3); `labels` int (n,), each
    picture's place in `classes`; `boxes` for each picture its boxes as `box_fractions` gives them, float (k, 4), where
    k may be 0; `layer` a layer of both networks with feature maps; `seed` that of the permutations; `ablate` whether
    to measure importance, which takes most of the time; without it, importance is NaN.
    Returns a frame with an index `filter`, from 0, and these columns (a map's peak is its largest activation):

    strength: the mean peak.
    auc_<class>: how well the peak tells the class from the others, 0 to 1: the share of pairs, one picture of the class
        and one of another, in which the first has the higher peak, a tie counted as a half; 0.5 is chance. NaN where no
        picture is of the class.
    selectivity, best_class: the largest of these, and its class ("" where all pictures have the same peak).
    p: how often luck makes a filter of the block as selective as this one, 0.001 to 1; see `luck`.
    inside, box_share: the share of a map's energy that lies inside the boxes, and the boxes' share of the picture,
        which is what `inside` is where the energy is spread evenly. Energy is the squared activation: all blocks end in
        a ReLU, whose zero is silence. Both 0 to 1, and means over the pictures that have boxes and in which the filter
        is not silent; NaN where there is none.
    importance_<class>: by how much the class' logit falls when the filter is set to zero, in the picture of the class
        that the model is surest of; negative where it rises; see `importance`. NaN where no picture is of the class.
    importance: the mean of their absolute values.
    moved: the correlation (Pearson) of its maps before and after fine-tuning, over all places of all pictures, -1 to 1;
        1 is a filter that answers as ever. NaN where one of the two answers the same everywhere.
    strongest: a tuple of at most nine `Peak`, the highest first; pictures in which the filter answers the same
        everywhere are left out.

    Raises ValueError where the numbers of pictures, labels and boxes differ, where all pictures are of one class, or
    where the network has diverged.
    """
    labels, count = np.asarray(labels), len(classes)
    if not len(images) == len(labels) == len(boxes):
        raise ValueError(f"{len(images)} pictures, {len(labels)} labels and boxes of {len(boxes)} pictures")
    seen = _measured(model, before, images, boxes, layer)
    aucs = class_aucs(seen["peak"], labels, count)
    chosen = _surest(seen["probability"], labels) if ablate else [None] * count
    drops = importance(model, images, chosen, layer)
    best = np.where(np.ptp(seen["peak"], axis=0) > 0, np.array([*classes], object)[np.nanargmax(aucs, axis=0)], "")
    return pd.DataFrame({
        "strength": seen["peak"].mean(axis=0),
        **{f"auc_{name}": auc for name, auc in zip(classes, aucs, strict=True)},
        "selectivity": np.nanmax(aucs, axis=0), "best_class": best, "p": luck(seen["peak"], labels, count, seed),
        "inside": _mean(seen["inside"]), "box_share": _mean(seen["box_share"]),
        **{f"importance_{name}": drop for name, drop in zip(classes, drops, strict=True)},
        "importance": _mean(np.abs(drops)), "moved": _correlation(seen), "strongest": _strongest(seen),
    }).rename_axis("filter")


# --- the boxes

def box_mask(boxes: np.ndarray, side: int) -> np.ndarray:
    """How much of each cell of a map the boxes cover together, float64 (side, side), 0 to 1, exactly.

    `boxes` as `box_fractions` gives them; what lies outside the picture counts nothing. Nothing is rounded to whole
    cells: a map of 14 by 14 has cells wider than many a figure's arm.
    """
    boxes, edges = np.clip(boxes, 0, 1), np.arange(side + 1) / side
    # The edges of all cells and boxes cut the picture into rectangles that are wholly inside a box or wholly outside.
    xs, ys = (np.union1d(edges, boxes[:, axis::2]) for axis in (0, 1))
    x, y = ((cuts[:-1] + cuts[1:]) / 2 for cuts in (xs, ys))
    across = (boxes[:, :1] < x) & (x < boxes[:, 2:3])  # (k, columns)
    down = (boxes[:, 1:2] < y) & (y < boxes[:, 3:])  # (k, rows)
    covered = (down[:, :, None] & across[:, None]).any(axis=0) * np.diff(ys)[:, None] * np.diff(xs)
    for axis, cuts in ((0, ys), (1, xs)):
        covered = np.add.reduceat(covered, np.searchsorted(cuts, edges[:-1]), axis=axis)
    return np.minimum(covered * side ** 2, 1)  # a sum of shares may come out a last digit too large


# --- the classes

def class_aucs(peaks: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """The area under the ROC curve of every filter for every class against the others, float64 (count, filters).

    Parameters: `peaks` float (n, filters); `labels` int (n,) from 0 to count - 1. With m pictures of the class, whose
    ranks among all n add up to S, the area is (S - m (m + 1) / 2) / (m (n - m)) (Mann and Whitney 1947): ranks are
    taken once, and the rest is a product of matrices. NaN for a class without pictures.
    Raises ValueError where all pictures are of one class.
    """
    if len(np.unique(labels)) < 2:
        raise ValueError("all pictures are of one class: there is nothing to tell apart")
    return _aucs(rankdata(peaks, axis=0), _members(labels, count))


def luck(peaks: np.ndarray, labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """How often luck makes a filter as selective as each one is, float64 (filters,), 0.001 to 1.

    Of many filters and classes, some fit by chance. Here the labels are dealt out anew 999 times, each time the same to
    all filters, and the largest AUC of all filters and classes is noted. p is the share of the deals, the true one
    counted in, in which it comes up to the filter's own largest (Westfall and Young 1993, single-step maxT). So where
    no filter knows anything, the chance that even one of them gets p of at most 0.05 is 0.05 or less, however many
    there are and however alike they answer. That is the right promise where single filters are pointed at. A false
    discovery rate (Benjamini and Hochberg 1995) would allow a share of wrong ones among all that are pointed at, and
    with 999 deals could not tell a single good filter among 2,048. Small classes, which luck fits easily, make it
    strict; it holds all the same.
    Parameters and errors as in `class_aucs`.
    """
    own = np.nanmax(class_aucs(peaks, labels, count), axis=0)
    ranks, deals = rankdata(peaks, axis=0), np.tile(labels, (PERMUTATIONS, 1))
    np.random.default_rng(seed).permuted(deals, axis=1, out=deals)
    largest = np.concatenate([_largest(ranks, some, count) for some in np.split(deals, ROUNDS)])
    return (1 + (largest[:, None] >= own).sum(axis=0)) / (1 + PERMUTATIONS)


def _largest(ranks: np.ndarray, deals: np.ndarray, count: int) -> np.ndarray:
    """The largest AUC of all filters and classes under each of some deals of the labels, int (deals, n)."""
    aucs = _aucs(ranks, _members(deals, count).reshape(-1, deals.shape[1]))  # one product, of matrices worth the while
    return np.nanmax(aucs.reshape(len(deals), -1), axis=1)


def _members(labels: np.ndarray, count: int) -> np.ndarray:
    """Which picture is of which class, as 0 and 1: of labels (..., n) a float64 (..., count, n)."""
    return (np.arange(count)[:, None] == labels[..., None, :]).astype(float)


def _aucs(ranks: np.ndarray, members: np.ndarray) -> np.ndarray:
    of_class = members.sum(axis=1, keepdims=True)
    pairs = of_class * (len(ranks) - of_class)
    return (members @ ranks - of_class * (of_class + 1) / 2) / np.where(pairs > 0, pairs, np.nan)


# --- the maps

def _measured(model, before, images: np.ndarray, boxes: Sequence[np.ndarray], layer: str) -> dict[str, np.ndarray]:
    """What `_measure` finds, a row a picture, and the model's `probability` (n, classes). One picture after the other:
    the maps of all would take gigabytes."""
    head, rows = model.layers[-1].name, []
    for own, now, then in zip(boxes, _each(model, images, [layer, head]), _each(before, images, [layer]), strict=True):
        rows.append(_measure(now[layer], then[layer], own) | {"probability": now[head]})
    seen = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    if not np.isfinite(seen["var"]).all():
        raise ValueError("feature maps hold NaN or infinity: the network diverged; train it at a lower rate")
    return seen


def _each(model, images: np.ndarray, layers: Sequence[str]) -> Iterator[dict[str, np.ndarray]]:
    for batch in map_batches(model, images, layers):
        for index in range(len(batch[layers[0]])):
            yield {layer: maps[index] for layer, maps in batch.items()}


def _measure(maps: np.ndarray, earlier: np.ndarray, boxes: np.ndarray) -> dict[str, np.ndarray]:
    """One picture's share of the table, from its maps after and before fine-tuning, float32 (side, side, filters)."""
    side, _, filters = maps.shape
    x, y = (np.reshape(each, (-1, filters)).astype(float) for each in (maps, earlier))
    place, energy, mask = x.argmax(axis=0), x ** 2, box_mask(boxes, side).ravel()
    total = energy.sum(axis=0)
    counts = (total > 0) & (len(boxes) > 0)
    found = {"peak": x.max(axis=0), "low": x.min(axis=0), "row": place // side, "column": place % side,
             "inside": np.where(counts, mask @ energy / np.where(counts, total, 1), np.nan),
             "box_share": np.where(counts, mask.mean(), np.nan),
             "earlier_peak": y.max(axis=0), "earlier_low": y.min(axis=0),
             "mean": x.mean(axis=0), "earlier_mean": y.mean(axis=0)}
    x, y = x - found["mean"], y - found["earlier_mean"]
    return found | {"var": (x * x).mean(axis=0), "earlier_var": (y * y).mean(axis=0), "cov": (x * y).mean(axis=0)}


def _mean(rows: np.ndarray) -> np.ndarray:
    """The mean (filters,) of what is not NaN in rows (n, filters); NaN where nothing is left."""
    left = (~np.isnan(rows)).sum(axis=0)
    return np.where(left, np.nansum(rows, axis=0) / np.maximum(left, 1), np.nan)


def _correlation(seen: dict[str, np.ndarray]) -> np.ndarray:
    """Pearson's correlation over all pictures: they have equally many places, so that the covariance of all is the mean
    of the pictures' own and the covariance of their means."""
    x, y = (seen[name] - seen[name].mean(axis=0) for name in ("mean", "earlier_mean"))
    var, earlier_var, cov = ((seen[name] + between).mean(axis=0)
                             for name, between in (("var", x * x), ("earlier_var", y * y), ("cov", x * y)))
    # By the activations themselves: the variance of a constant need not come out as zero.
    varied = np.all([seen[f"{when}peak"].max(axis=0) > seen[f"{when}low"].min(axis=0) for when in ("", "earlier_")], 0)
    return np.clip(cov / np.where(varied, np.sqrt(var) * np.sqrt(earlier_var), np.nan), -1, 1)


def _strongest(seen: dict[str, np.ndarray]) -> list[tuple[Peak, ...]]:
    order = np.argsort(-seen["peak"], axis=0, kind="stable")
    return [tuple(Peak(int(row), *(seen[name][row, index].item() for name in ("row", "column", "peak")))
                  for row in order[:, index] if seen["peak"][row, index] > seen["low"][row, index])[:STRONGEST]
            for index in range(order.shape[1])]


def _surest(probabilities: np.ndarray, labels: np.ndarray) -> list[int | None]:
    """For each class its picture with the highest probability of the class, of those (n, classes); None without any."""
    own = np.where(_members(labels, probabilities.shape[1]).T > 0, probabilities, -1)
    return [int(column.argmax()) if column.max() >= 0 else None for column in own.T]


# --- the rest of the network

def importance(model, images: np.ndarray, chosen: Sequence[int | None], layer: str) -> np.ndarray:
    """By how much a class' logit falls when one filter is set to zero, float64 (classes, filters).

    Parameters: `model` as in `filter_table`; `chosen` names for each class one of the pictures, or None for a row of
    NaN. The logit is what the last layer computes before its softmax.
    It is exact and not an estimate: all that follows the layer is computed anew for each filter. To keep that
    affordable, what comes before the layer is computed once, a filter that is silent in the picture is passed over, and
    there is one picture a class. For six classes and all five blocks, two cores then need 8 s (EfficientNet-Lite0) to
    50 s (Xception) at 72 pixels, and 1 to 10 minutes at the size that each network was made for; the last block is done
    in seconds, and most of the time goes into the second and third.
    """
    import keras

    drops = np.full((len(chosen), model.get_layer(layer).output.shape[-1]), np.nan)
    if all(picture is None for picture in chosen):
        return drops
    upper, lower = halves(model, layer)
    # Compiled, because a graph is many times faster. On a CPU, XLA makes it slow again; JAX has nothing else.
    lower.compile(jit_compile=False if keras.backend.backend() == "tensorflow" else "auto")
    for index, picture in enumerate(chosen):
        if picture is not None:
            crossing = keras.tree.flatten(upper(images[picture:picture + 1], training=False))
            drops[index] = _drops(lower, [keras.ops.convert_to_numpy(tensor) for tensor in crossing], index)
    return drops


def _drops(lower, crossing: list[np.ndarray], index: int) -> np.ndarray:
    """The row of `importance` of the class `index`, from a picture's tensors where the model is cut."""
    alive = np.flatnonzero(crossing[0].any(axis=(0, 1, 2)))
    drops = np.zeros(crossing[0].shape[-1])
    for start in range(0, len(alive), COPIES):
        filters = alive[start:start + COPIES]
        # Always as many copies, of which the last stays whole: another number would be traced as another graph.
        copies, *beside = (np.repeat(tensor, COPIES + 1, axis=0) for tensor in crossing)
        copies[np.arange(len(filters)), :, :, filters] = 0
        logits = lower.predict_on_batch([copies, *beside])[:, index]
        drops[filters] = logits[-1] - logits[:len(filters)]
    return drops


def halves(model, layer: str):
    """A classifier cut in two at a layer: a model from pictures to all tensors that cross the cut, and one from these
    to the logits, what the last layer computes before its softmax.

    Shortcuts may lead past the layer, in Xception they do. So not only its own output crosses the cut, as the first of
    a list, but every tensor that something behind the layer needs and that does not itself come from the layer.
    (Keras gives a list of one output as that output itself; `keras.tree.flatten` makes it a list again.)
    """
    import keras

    wanted = model.get_layer(layer).output
    behind, crossing = {id(wanted)}, {id(wanted): wanted}
    for operation in model.operations:  # in an order in which every operation follows those that it needs
        inputs = keras.tree.flatten(operation.input)
        if operation.output is not wanted and any(id(tensor) in behind for tensor in inputs):
            behind.add(id(operation.output))
            crossing |= {id(tensor): tensor for tensor in inputs if id(tensor) not in behind}
    crossing, head = list(crossing.values()), model.layers[-1]
    logits = keras.layers.Dense(head.units, name="logits")  # the head without its softmax
    lower = keras.Model(crossing, logits(head.input))
    logits.set_weights(head.get_weights())
    return keras.Model(model.input, crossing), lower
