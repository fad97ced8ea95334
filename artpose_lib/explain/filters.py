"""The numbers of every filter of some layers, measured over the pictures of a test part."""

from collections.abc import Sequence
from functools import cache
from math import comb

import keras
import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from artpose_lib.explain.grouping import arrange_filters, measure_returning
from artpose_lib.explain.maps import DIVERGED, feature_maps, split_at_layer

PERMUTATIONS = 999  # of the labels; the smallest p that they can show is 1 in 1,000
CHUNKS = 9  # in which they are computed: 111 at a time take 20 MB for 6 classes and 3,904 filters
MOST_PAIRS = 20_000  # that are counted exactly, which takes 0.2 s
HEARD = 0.5  # a filter must answer in this share of the pictures with boxes, or with a part
FAINT = 0.01  # a map that varies by less than this share of what is usual in its layer (the median) is silence
FEWEST = 5  # pictures: a filter that is heard in fewer is not measured
STRONGEST = 9  # pictures kept of each filter
COPIES = 15  # of a picture's maps in a forward step, each with another filter at zero; one more is left as it is


def filter_tables(model, before, images: np.ndarray, labels: np.ndarray, classes: Sequence[str],
                  boxes: Sequence[np.ndarray], layers: Sequence[str], seed: int,
                  ablate: bool = True) -> dict[str, pd.DataFrame]:
    """Measure every filter of some layers over some pictures.

    Parameters: `model` is a flat classifier that ends in a Dense layer with softmax, `before` the same before training;
    `images` uint8 RGB (n, size, size, 3); `labels` int (n,), places in `classes`; `boxes` of each picture float (k, 4),
    as fractions of the picture; `seed` is for p; `ablate`: measure importance, which takes most of the time.
    Returns by layer a row a filter, with an index `filter` from 0 and these columns (a peak is a map's largest
    activation):

    strength: the mean peak. loudest: the highest mean answer to a picture.
    heard: the number of pictures in which the filter is not silent, see `FAINT`. Of one that is heard in fewer than
        `FEWEST`, all numbers below are NaN.
    auc_<class>: the area under the ROC curve of the peak for the class against the others; NaN without pictures of it.
    best_class, selectivity: the class whose area is the rarest by chance, and that area ("" where it is not measured);
        see `rarities`.
    p: how often chance makes some filter of all layers as selective as this one, 0.001 to 1; see `min_p`.
    inside, inside_others, box_share: the share of a map's energy (squared activations) inside the boxes of its picture
        and, as a control, inside those of the other pictures made as large, and the boxes' share of the picture, 0 to
        1: means over the pictures that have boxes and in which the filter is not silent; NaN where these are fewer
        than `HEARD`, or no other picture has any.
    importance_<class>, importance: by how much the class' logit falls when the filter is set to zero, in the picture of
        the class that the model is surest of, and the mean of the absolute values; NaN without any, or `ablate`.
    correlation_before_after: Pearson's correlation of its maps before and after training, over all places of all
        pictures. NaN where one of the two is the same everywhere.
    x, y, returning: its place among the layer's filters by their peaks, 0 to 1, and how many of its ten neighbours are
        so by other pictures as well, 0 to 10; see `grouping`.
    strongest: a list of the nine highest peaks, the highest first, of pictures in which the filter is heard: each a
        dict of picture, row, column, all from 0, and activation.

    Raises ValueError where all pictures are of one class, or the network has diverged.
    """
    if len(np.unique(labels)) < 2:
        raise ValueError("all pictures are of one class: there is nothing to tell apart")
    head, rows, probabilities = model.layers[-1].name, {layer: [] for layer in layers}, []
    boxed = sum(len(own) > 0 for own in boxes)
    covered = {layer: sum(box_mask(own, model.get_layer(layer).output.shape[1]) for own in boxes) for layer in layers}
    for own, after, earlier in zip(boxes, feature_maps(model, images, [*layers, head]),
                                   feature_maps(before, images, layers), strict=True):
        probabilities.append(after[head])
        for layer in layers:
            rows[layer].append(_measure_picture(after[layer], earlier[layer], own, covered[layer]))
    found = {layer: {name: np.stack([row[name] for row in own]) for name in own[0]} for layer, own in rows.items()}
    if not all(np.isfinite(own["var"]).all() for own in found.values()):
        raise ValueError(f"feature maps {DIVERGED}")
    ranks = {layer: rankdata(own["max"], axis=0) for layer, own in found.items()}
    p = min_p(np.concatenate([*ranks.values()], axis=1), labels, len(classes), seed)
    ends = np.cumsum([own.shape[1] for own in ranks.values()])[:-1]
    surest = [max(np.flatnonzero(labels == index), key=column.__getitem__, default=None) if ablate else None
              for index, column in enumerate(np.transpose(probabilities))]
    return {layer: _layer_table(found[layer], ranks[layer], labels, classes, own, boxed,
                                measure_importance(model, images, surest, layer), seed)
            for layer, own in zip(layers, np.split(p, ends), strict=True)}


def _layer_table(found: dict[str, np.ndarray], ranks: np.ndarray, labels: np.ndarray, classes: Sequence[str],
                 p: np.ndarray, boxed: int, drops: np.ndarray, seed: int) -> pd.DataFrame:
    """Return the table of one layer, of what `_measure_picture` found, a row a picture."""
    aucs = class_aucs(ranks, labels, len(classes))
    best = np.nanargmax(rarities(aucs, labels), axis=0)
    heard = find_heard(found["max"], found["min"])
    shares = {name: np.where(heard, found[name], np.nan) for name in ("inside", "inside_others", "box_share")}
    boxed_enough = np.isfinite(shares["inside"]).sum(axis=0) >= max(HEARD * boxed, 1)
    measured = heard.sum(axis=0) >= FEWEST
    places = np.full((3, len(p)), np.nan)
    peaks = found["max"][:, measured]
    places[:, measured] = *arrange_filters(peaks).T, measure_returning(peaks, seed)
    numbers = {
        **{f"auc_{name}": auc for name, auc in zip(classes, aucs, strict=True)},
        "selectivity": np.take_along_axis(aucs, best[None], axis=0)[0], "p": p,
        **{name: np.where(boxed_enough, _mean(share), np.nan) for name, share in shares.items()},
        **{f"importance_{name}": drop for name, drop in zip(classes, drops, strict=True)},
        "importance": _mean(np.abs(drops)), "correlation_before_after": _correlation(found),
        **dict(zip(("x", "y", "returning"), places, strict=True))}
    return pd.DataFrame({
        "strength": found["max"].mean(axis=0), "loudest": found["mean"].max(axis=0), "heard": heard.sum(axis=0),
        "best_class": np.where(measured, np.array([*classes], object)[best], ""),
        **{name: np.where(measured, values, np.nan) for name, values in numbers.items()},
        "strongest": _strongest(found, heard)}).rename_axis("filter")


def find_heard(highest: np.ndarray, lowest: np.ndarray) -> np.ndarray:
    """Return in which pictures each filter of a layer is heard, bool (pictures, filters), of its extremes in them."""
    varies = highest - lowest
    return varies > FAINT * (np.median(varies[varies > 0]) if varies.any() else 1)


def box_mask(boxes: np.ndarray, side: int) -> np.ndarray:
    """Return exactly how much of each cell of a map boxes, (k, 4) as fractions, cover: float64 (side, side), 0 to 1."""
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


def class_aucs(ranks: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the area under the ROC curve of every filter for every class against the others, NaN without pictures.

    Parameters: `ranks` float (n, filters), those of the peaks of each filter; `labels` int (..., n) from 0 to
    count - 1, a row of them or many. Returns float64 (..., count, filters), from the sum of the ranks S of m among n:
    (S - m (m + 1) / 2) / (m (n - m)) (Mann and Whitney 1947).
    """
    members = (np.arange(count)[:, None] == labels[..., None, :]).astype(float)  # (..., count, n)
    sums = (members.reshape(-1, len(ranks)) @ ranks).reshape(*members.shape[:-1], -1)  # faster than many products
    of_class = members.sum(axis=-1, keepdims=True)
    pairs = of_class * (len(ranks) - of_class)
    return (sums - of_class * (of_class + 1) / 2) / np.where(pairs > 0, pairs, np.nan)


def rarities(aucs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how rare areas (..., classes, filters) are by chance: -ln p of one filter and class, one-sided.

    It is that of Mann and Whitney (1947), exact for peaks that are all different. With a single picture of a class, one
    filter in n finds it by luck and has an area of 1. NaN without pictures of the class, or of others.
    """
    found, n = np.full(aucs.shape, np.nan), len(labels)
    for index, m in enumerate(np.bincount(labels, minlength=aucs.shape[-2])):
        if 0 < m < n:
            pairs = np.floor(aucs[..., index, :] * m * (n - m) + 1e-6).astype(int)
            found[..., index, :] = -np.log(_count_ways(int(m), n)[pairs] / comb(n, m))
    return found


@cache
def _count_ways(m: int, n: int) -> np.ndarray:
    """Return of the ways to choose m of n pictures those in which at least so many of the m (n - m) pairs are right,
    float64 (m (n - m) + 1,); by the normal law where these pairs are too many to count."""
    if (pairs := m * (n - m)) > MOST_PAIRS:
        return comb(n, m) * norm.sf(np.arange(pairs + 1) - 0.5, pairs / 2, np.sqrt(pairs * (n + 1) / 12))
    ways = np.zeros((m + 1, pairs + 1))
    ways[0, 0] = 1
    for rank in range(n):  # by rank from below, each is chosen or not: it is above all that were not
        for chosen in range(min(m, rank + 1), max(0, rank - (n - m)), -1):
            right = rank + 1 - chosen
            ways[chosen, right:] += ways[chosen - 1, :pairs + 1 - right]
    return ways[m, ::-1].cumsum()[::-1]


def min_p(ranks: np.ndarray, labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return how often chance makes some filter as selective as each one is, float64 (filters,), 0.001 to 1.

    p is the share of the permutations of the labels, the true ones counted in, in which the largest of `rarities` of
    all filters and classes comes up to the filter's own largest (Westfall and Young 1993, single-step minP). Where no
    filter knows anything, any of them gets p <= 0.05 in at most 5 % of the cases. Parameters as in `class_aucs`,
    `labels` one row.

    About filters / comb(n, m) filters part a class of m pictures from the rest by luck: where that is above 0.05, no
    test can find one that never errs for it. Of 24 pictures in classes of 7, 6, 5, 3, 2 and 1, such a filter is found
    for 5 pictures among 512 filters and for 6 among 2,048; among 3,904 six are at the edge.
    """
    own = np.nanmax(rarities(class_aucs(ranks, labels, count), labels), axis=0)
    permuted = np.random.default_rng(seed).permuted(np.tile(labels, (PERMUTATIONS, 1)), axis=1)
    highest = np.concatenate([class_aucs(ranks, some, count).max(axis=-1) for some in np.split(permuted, CHUNKS)])
    largest = np.nanmax(rarities(highest[..., None], labels), axis=(1, 2))
    return (1 + (largest[:, None] >= own).sum(axis=0)) / (1 + PERMUTATIONS)


def _measure_picture(maps: np.ndarray, earlier: np.ndarray, boxes: np.ndarray,
                     covered: np.ndarray) -> dict[str, np.ndarray]:
    """Measure one picture's maps after and before training, (side, side, filters); `covered` sums all `box_mask`s."""
    side, _, filters = maps.shape
    x, y = (np.reshape(each, (-1, filters)).astype(float) for each in (maps, earlier))
    place, energy, mask = x.argmax(axis=0), x ** 2, box_mask(boxes, side).ravel()
    total = energy.sum(axis=0)
    counts = (total > 0) & (len(boxes) > 0)
    others = covered.ravel() - mask
    others *= mask.mean() / (others.mean() or np.nan)  # as large as its own, so that only the place tells
    inside, inside_others = np.where(counts, [mask, others] @ energy / np.where(counts, total, 1), np.nan)
    found = {"row": place // side, "column": place % side,
             "inside": inside, "inside_others": inside_others,
             "box_share": np.where(counts, mask.mean(), np.nan),
             "cov": ((x - x.mean(axis=0)) * (y - y.mean(axis=0))).mean(axis=0)}
    for when, maps in (("", x), ("earlier_", y)):
        found |= {f"{when}{name}": getattr(maps, name)(axis=0) for name in ("max", "min", "mean", "var")}
    return found


def _mean(rows: np.ndarray) -> np.ndarray:
    """Return the mean of each column over what is not NaN."""
    return np.ma.masked_invalid(rows).mean(axis=0).filled(np.nan)


def _correlation(found: dict[str, np.ndarray]) -> np.ndarray:
    """The covariance of all is the mean of the pictures' own, for these are equally large, plus that of their means."""
    x, y = (found[name] - found[name].mean(axis=0) for name in ("mean", "earlier_mean"))
    var, earlier_var, cov = ((found[name] + between).mean(axis=0)
                             for name, between in (("var", x * x), ("earlier_var", y * y), ("cov", x * y)))
    # By the activations themselves: the variance of a constant need not come out as zero.
    varies = np.all([found[f"{when}max"].max(axis=0) > found[f"{when}min"].min(axis=0) for when in ("", "earlier_")], 0)
    return np.clip(cov / np.where(varies, np.sqrt(var) * np.sqrt(earlier_var), np.nan), -1, 1)


def _strongest(found: dict[str, np.ndarray], heard: np.ndarray) -> list[list[dict]]:
    order = np.argsort(-found["max"], axis=0, kind="stable")
    return [[{"picture": int(row), "row": int(found["row"][row, index]), "column": int(found["column"][row, index]),
              "activation": float(found["max"][row, index])}
             for row in order[:, index] if heard[row, index]][:STRONGEST]
            for index in range(order.shape[1])]


def measure_importance(model: keras.Model, images: np.ndarray, chosen: Sequence[int | None], layer: str) -> np.ndarray:
    """Return by how much a class' logit falls when one filter is set to zero, float64 (classes, filters).

    Parameters: `model` as in `filter_tables`; `chosen` names for each class one of the pictures, or None for a row of
    NaN. It is exact: all that follows the layer is computed anew for each filter that is not silent.
    """
    drops = np.full((len(chosen), model.get_layer(layer).output.shape[-1]), np.nan)
    upper, lower = split_at_layer(model, layer)
    # Compiled, because a graph is many times faster. On a CPU, XLA makes it slow again; JAX has nothing else.
    lower.compile(jit_compile=False if keras.backend.backend() == "tensorflow" else "auto")
    for index, picture in enumerate(chosen):
        if picture is None:
            continue
        crossing = [keras.ops.convert_to_numpy(tensor)
                    for tensor in keras.tree.flatten(upper(images[picture:picture + 1], training=False))]
        alive, drops[index] = np.flatnonzero(crossing[0].any(axis=(0, 1, 2))), 0
        for filters in np.split(alive, range(COPIES, len(alive), COPIES)):
            # Always as many copies, of which the last stays whole: another number would be traced as another graph.
            copies, *beside = (np.repeat(tensor, COPIES + 1, axis=0) for tensor in crossing)
            copies[np.arange(len(filters)), :, :, filters] = 0
            logits = lower.predict_on_batch([copies, *beside])[:, index]
            drops[index, filters] = logits[-1] - logits[:len(filters)]
    return drops
