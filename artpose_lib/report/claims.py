"""The thesis' checkable sentences against this run's trials: a kind of check each, a number, an interval, a verdict.

`thesis/claims.csv` holds the sentences. Its columns first and second name networks as "finetuned Xception"; "*" stands
for any model or any of the thesis' three architectures, "|" for "or". EfficientNet-Lite0, which the thesis has not,
decides no claim, and neither does a network of which `statistics.find_doubt` says why nothing follows. A claim cannot
be tested where nothing here bears on it; where something does and decides nothing, it is not settled.
"""

import re
from collections.abc import Callable, Sequence

import pandas as pd

from artpose_lib.data.poses import POSE_NAMES, thesis_table
from artpose_lib.explain.backgrounds import BOX_CONDITIONS
from artpose_lib.report import printed, scores, statistics, verdicts
from artpose_lib.report.evidence import ClaimContext, Outcome, Untestable
from artpose_lib.report.tables import tell_interval
from artpose_lib.report.verdicts import ALPHA, FAILS, HOLDS, UNSETTLED, UNTESTABLE, judge, judge_interval
from artpose_lib.train.recipes import BORROWED, MODELS

# Poses by how many figures they have (Section 2.1).
GROUPS = {"single figures": ("Antinous", "Reclining", "Sebastian", "Tanagra"), "a pose of several": ("Graces", "Pieta")}
OTHER = next(iter(BORROWED))  # is told where a network of the thesis is missing
MARGIN = 0.05  # a number that was printed comes out again where it does within this, as for claims that two are close
METRICS = {"f1": "F1", "auc": "AUC", "recall": "recall", "val_accuracy": "validation accuracy",
           "val_loss": "validation loss"}
NETWORK = re.compile(rf"\b({'|'.join(MODELS)}) [^|]+")


def check_claims(context: ClaimContext) -> pd.DataFrame:
    """Every claim with its outcome: id, section, quote and page, and the columns of `Outcome`."""
    claims = thesis_table("claims")
    outcomes = pd.DataFrame([check_claim(context, claim) for claim in claims.itertuples(index=False)])
    return pd.concat([claims[["id", "section", "quote", "page"]], outcomes], axis=1)


def check_claim(context: ClaimContext, claim) -> Outcome:
    """The outcome of one row of `thesis/claims.csv`, a named tuple. Where it cannot be tested, what EfficientNet-Lite0
    measures is told beside the reason."""
    if (claim.kind not in (*printed.CHECKS, "untestable")
            and set(context.study.dataset.counts().index) != set(POSE_NAMES)):
        return Outcome("these pictures are not of the six poses")
    no_test = Untestable, scores.NothingToScore
    try:
        return KINDS[claim.kind](context, claim)
    except no_test as reason:
        missing = str(reason) or context.remark(context.list_names(f"{claim.first}|{claim.second}"))
        other = claim._replace(**{side: NETWORK.sub(rf"\1 {OTHER}", getattr(claim, side))
                                  for side in ("first", "second")})
        try:
            instead = "" if other == claim else f"another network: {KINDS[claim.kind](context, other).measured}"
        except no_test:
            instead = ""
        return Outcome(missing or "there is nothing to compare", remark=instead)


def _differ(first: pd.DataFrame, second: pd.DataFrame, *options: object, **more: object) -> statistics.Difference:
    """As `statistics.difference`. Raises Untestable where the two have too few trials in common."""
    found = statistics.difference(first, second, *options, **more)
    if found.trials < statistics.FEWEST_TRIALS:
        raise Untestable(f"it takes {statistics.FEWEST_TRIALS} trials in common, and there are {found.trials}")
    return found


def _order(context: ClaimContext, claim) -> Outcome:
    """Whether the second is above the first ("above"; of those that fit a pattern, the best on the validation part), or
    above ("worst": below) every other that fits the first.

    What did not learn is no rival, and neither is it beaten: it is only told where there is no other, and the claim
    then cannot hold, as where one that fits a pattern is missing.
    """
    names = ([context.choose(pattern) for pattern in claim.first.split("|")] if claim.kind == "above" else
             context.list_names(claim.first))
    part, metric = ("validation" if claim.metric.startswith("val_") else "test"), claim.metric.removeprefix("val_")
    second, sign = context.choose(claim.second), -1 if claim.kind == "worst" else 1
    if not (names := [name for name in names if name != second]):
        raise Untestable
    here = context.find_here(names)
    rivals = [name for name in here if name not in context.idle]
    found = {name: _differ(context.networks[name], context.networks[second], metric, part) for name in rivals or here}
    closest = min(found, key=lambda name: sign * found[name].difference)
    verdict = judge([(sign * own.difference, own.p) for own in found.values()])
    verdict = UNSETTLED if verdict == FAILS and not rivals else verdict
    names = [second, *(name for name in context.list_names(claim.first) if name != second)]
    return context.conclude(names, f"{second} less {closest} {tell_interval(*found[closest][2:5])}", verdict,
                            f"{closest} is the closest of {len(found)}" * (len(found) > 1),
                            context.list_names(claim.second))


def _value(context: ClaimContext, claim) -> Outcome:
    """Whether a number of the thesis' pictures comes out on others of the same poses, within MARGIN, as `_close`."""
    name, claimed = context.choose(claim.second), float(claim.value)
    if context.study.embedded:
        raise Untestable("it takes pictures of the six poses in art")
    ends = [claim.metric + end for end in ("", "_low", "_high")]
    value, low, high = scores.summary(context.networks[name])[ends].iloc[0]
    narrow = scores.summary(context.networks[name], level=1 - 2 * ALPHA)[ends].iloc[0]
    verdict = _judge_closeness([(low - claimed, high - claimed)], [narrow[1:] - claimed], MARGIN)
    return context.conclude([name], f"{name} {tell_interval(value, low, high, '.2f')} on these pictures", verdict,
                            f"it holds where it is surely within {MARGIN:g} of {claim.value}")


def _learns(context: ClaimContext, claim) -> Outcome:
    """Whether the network is above always naming the commonest class; "learns_not": by less than a margin."""
    name = context.choose(claim.second)
    found, names = statistics.compare_with_commonest(context.networks[name]), context.list_names(claim.second)
    verdict = judge([(found.difference, found.p)])
    if claim.kind == "learns_not":  # one-sided, as `_close` is on both
        narrow = statistics.compare_with_commonest(context.networks[name], level=1 - 2 * ALPHA)
        margin = float(claim.value)
        verdict = HOLDS if narrow.high < margin else FAILS if found.low > margin else UNSETTLED
    if verdict == FAILS and not set(names) <= set(context.networks):  # one of them might have learned
        verdict = UNSETTLED
    return Outcome(f"{name} less the commonest class {tell_interval(*found[2:5])}", verdict, context.remark(names))


def _close(context: ClaimContext, claim) -> Outcome:
    """Two one-sided tests of test less validation against a margin, for each network: it holds where all 90 % intervals
    lie within it, and fails where one lies wholly beyond it, corrected for their number."""
    names, margin = context.list_names(claim.second), float(claim.value)
    here = context.find_here(names, learned=True)
    found, wide, narrow = ([_differ(context.networks[name], context.networks[name], claim.metric, "validation",
                                    "test", level) for name in here]
                           for level in (1 - ALPHA, 1 - ALPHA / len(here), 1 - 2 * ALPHA))
    verdict = _judge_closeness(*([(own.low, own.high) for own in level] for level in (wide, narrow)), margin)
    farthest = max(range(len(here)), key=lambda number: abs(found[number].difference))
    note = f"{here[farthest]} is the farthest of {len(here)}; " * (len(here) > 1) + f"close means within {margin:g}"
    measured = f"{here[farthest]}, test less validation {tell_interval(*found[farthest][2:5])}"
    return context.conclude(names, measured, verdict, note)


def _judge_closeness(wide: Sequence[tuple[float, float]], narrow: Sequence[tuple[float, float]], margin: float) -> str:
    """The verdict on a claim that numbers are within a margin of 0, from their 95 % and their 90 % intervals."""
    return (FAILS if any(low > margin or high < -margin for low, high in wide) else
            HOLDS if all(-margin < low and high < margin for low, high in narrow) else UNSETTLED)


def _class_rank(context: ClaimContext, claim) -> Outcome:
    """Whether a class has the best score of all, or the worst; all trials of the network are pooled."""
    (name,), best = context.find_here([context.choose(claim.second)], learned=True), claim.kind == "best_class"
    own = context.networks[name].query("part == 'test'")
    if claim.value not in own["label"].to_numpy():
        raise Untestable(f"no picture of {claim.value} was tested")
    ranked, verdict = verdicts.rank_class(own, claim.value, claim.metric, best)
    return context.conclude(
        [name], f"{METRICS[claim.metric]} of {claim.value} {ranked[claim.value]:.2f}; {'best' if best else 'worst'}: "
        f"{ranked.index[0]} {ranked.iloc[0]:.2f} ({name})", verdict, "all trials pooled")


def _confused(context: ClaimContext, claim) -> Outcome:
    """Of the wrongly named test pictures of some poses, the share called another, against the shares of the classes."""
    true, other = (GROUPS.get(names, tuple(names.split("|"))) for names in (claim.first, claim.value))
    (name,), counts = context.find_here([context.choose(claim.second)], learned=True), context.study.dataset.counts()
    pictures, share, low, high, chance = verdicts.measure_mistakes(context.networks[name], true, other, counts)
    if not pictures:
        raise Untestable(f"{name} named no such picture wrongly")
    called = {one: verdicts.measure_mistakes(context.networks[name], true, [one], counts)[1] for one in other}
    apart = "called " + ", ".join(f"{one} {part:.0%}" for one, part in called.items()) + "; " if len(called) > 1 else ""
    return context.conclude(
        [name], f"{claim.first.replace('|', ' or ')} called {claim.value}: {share:.0%} [{low:.0%}, {high:.0%}] of "
        f"{pictures} pictures named wrongly, by chance {chance:.0%} ({name})", judge_interval(low, high, chance),
        f"{apart}all trials pooled; chance goes by the classes' sizes")


def _rank_curves(context: ClaimContext, claim) -> Outcome:
    """Whether a network's curves spread most over trials ("least_spread": least), the mean of all epochs that all
    trials reach; or ("fastest") have their best value first, in pairs of trials on one division (t test)."""
    names, second = context.list_names(f"{claim.second}|{claim.first}"), claim.second
    curves = {name: context.read_curves(name, claim.metric) for name in context.find_here(names)}
    if second not in curves or len(curves) < 2:
        raise Untestable
    others = [name for name in curves if name != second]
    gaps, rivals = [], [name for name in others if name not in context.idle]
    if claim.kind == "fastest":
        best = {name: own.idxmin() for name, own in curves.items()}
        told = {name: f"{name} {own.mean():.1f}" for name, own in best.items()}
        for one, two in (best[name].align(best[second], join="inner") for name in rivals or others):
            gaps.append(verdicts.compare_epochs(one - two))
    else:
        curves = {name: own.dropna() for name, own in curves.items()}
        told = {name: f"{name} {own.std(axis=1).mean():.3f}" for name, own in curves.items()}
        for one, two in (curves[name].align(curves[second], join="inner", axis=0) for name in rivals or others):
            gap, p = verdicts.compare_spread(one.to_numpy().T, two.to_numpy().T)
            gaps.append((-gap if claim.kind == "least_spread" else gap, p))
    verdict = UNSETTLED if judge(gaps) == FAILS and not rivals else judge(gaps)
    what = "epoch of the best" if claim.kind == "fastest" else "standard deviation over trials of"
    return context.conclude(names, f"{what} {METRICS[claim.metric]}: {', '.join(told.values())}", verdict,
                            claimed=[second])


def _printed(_, claim) -> Outcome:
    """Whether the thesis' own tables and counts say what the text does."""
    measured, agrees = printed.CHECKS[claim.kind](claim)
    return Outcome(measured, HOLDS if agrees else FAILS)


def _staged(context: ClaimContext, claim) -> Outcome:
    """Whether VGG16 fine-tuned in two stages is above the same with all layers in both; another network has no such."""
    name, = context.find_here([context.choose(claim.second)])
    if context.unstaged.empty or not name.endswith(context.unstaged["backbone"].iloc[0]):
        raise Untestable(f"not stored: {name} with all layers in phase I")
    found = _differ(statistics.keep_trials(context.unstaged), context.networks[name], claim.metric)
    verdict, note = judge([(found.difference, found.p)]), ""
    if doubt := statistics.find_doubt(context.unstaged, context.study.profile):
        verdict, note = UNSETTLED, f"{name} with all layers in phase I {doubt}"
    return context.conclude([name], f"{name}, frozen first less all layers {tell_interval(*found[2:5])}", verdict, note,
                            [name])


def _background(context: ClaimContext, _) -> Outcome:
    """Whether hiding the figure costs more than hiding as much elsewhere, and the rest is above the commonest class:
    of the thesis' networks that were tried so, the best on the validation part."""
    if not len(context.boxed):
        raise Untestable("no test picture has a box")
    tried = {f"{row.model} {row.backbone}": row
             for row in statistics.compare_boxes(context.boxed, context.study.profile).itertuples()}
    named = [name for name in tried if name in context.networks and name.split(" ")[1] not in BORROWED]
    name = context.choose("|".join(named)) if named else next(iter(tried))
    if (figure := tried[name]).doubt:
        raise Untestable(f"{name} {figure.doubt}")
    own = context.boxed.query("model == @figure.model and backbone == @figure.backbone")
    rest = statistics.compare_with_commonest(statistics.keep_trials(own), BOX_CONDITIONS[1])
    cost, decides = tell_interval(figure.difference, figure.low, figure.high), named and not context.study.embedded
    return Outcome(
        f"{name}: hiding the figure costs {cost} beyond hiding as much elsewhere",
        judge([(own.difference, own.p) for own in (figure, rest)]) if decides else UNTESTABLE,
        f"what is left less the commonest class {tell_interval(*rest[2:5])}; measured on "
        f"{'drawings' if context.study.embedded else 'pictures'} with {name}")


KINDS: dict[str, Callable[[ClaimContext, object], Outcome]] = {
    "above": _order, "best": _order, "worst": _order, "value": _value, "learns": _learns, "learns_not": _learns,
    "most_spread": _rank_curves, "least_spread": _rank_curves, "fastest": _rank_curves, "close": _close,
    "best_class": _class_rank, "worst_class": _class_rank, "confused": _confused, "staged": _staged,
    "background": _background, **dict.fromkeys(printed.CHECKS, _printed),
    "untestable": lambda _, claim: Outcome(claim.value)}  # the value says why
