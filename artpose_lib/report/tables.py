"""Tables as HTML: the thesis' beside our scores, and those of the audit and the claims, an edition's beside them."""

import re
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd

from artpose_lib.data.poses import thesis_table
from artpose_lib.report.figures import METRIC_TITLES, MODEL_TITLES
from artpose_lib.report.scores import FROZEN_IN_FACT, thesis_accuracies
from artpose_lib.report.verdicts import FAILS, HOLDS, UNSETTLED, UNTESTABLE
from artpose_lib.web import asset

# A sign and a ground that black is read on; Okabe and Ito's colours, told apart by the colour-blind.
VERDICTS = {HOLDS: ("✓", "#009E73"), FAILS: ("✗", "#D55E00"), UNSETTLED: ("?", "#56B4E9"), UNTESTABLE: ("–", "#b3b3b3")}
# How further verdicts of the audit and of comparisons begin, and the same of them.
AUDIT_VERDICTS = {"as expected": VERDICTS[HOLDS], "the opposite": VERDICTS[FAILS], "it matters": ("≠", "#CC79A7"),
                  "a count": ("#", "#b3b3b3"), "higher": ("↑", "#009E73"), "lower": ("↓", "#D55E00"),
                  "nothing follows": VERDICTS[UNTESTABLE]}
CONDITIONS = {"own mode": "fed in its own mode", "raw": "fed raw values", "as found": "copies apart, pictures as found",
              "one split": "one division (standard deviations of the trials)",
              "seeded too late": "share of its test pictures that a second run of the same seed tests too"}


def results_table(table: pd.DataFrame, missing: Mapping[str, str]) -> str:
    """Tables 3.1 and 3.2 beside our scores, from `scores.against_thesis`; `missing` says why a backbone is absent. Of
    predictions by `scores.name_as_ended`, a fine-tuned row tells how many more trials are frozen in fact."""
    metrics, groups = list(table["metric"].unique()), {}
    counts = table.drop_duplicates(["model", "backbone"]).set_index(["model", "backbone"])["trials"]
    for model, rows in table.groupby("model", sort=False):
        lines = groups[MODEL_TITLES[model]] = []
        for backbone, own in rows.set_index("metric").loc[metrics].groupby("backbone", sort=False):
            trials = own["trials"].iloc[0]
            cells = [cell for row in own.itertuples() for cell in (
                tell_number(row.thesis, ".3f"),
                "–" if np.isnan(row.here) else f"{row.here:.3f}<br>{_interval(row, '.3f')}")]
            others = {"diverged": own["diverged"].iloc[0],
                      "frozen": counts.get((FROZEN_IN_FACT.get(model), backbone), 0)}
            known = [f"{n} of {trials + sum(others.values())} {what}" for what, n in others.items() if n]
            absent = "" if trials or model == "baseline" else escape(missing.get(backbone, ""))
            lines.append(_row(escape(backbone), *cells, ", ".join([absent or str(trials), *known])))
    top = "".join(f'<th scope="colgroup" colspan="2">{METRIC_TITLES[metric]}</th>' for metric in metrics)
    below = '<th scope="col">thesis</th><th scope="col">here</th>' * len(metrics)
    return _table(
        "Test scores, means over trials: in the thesis, and here with the 95% confidence interval.",
        [f'<th scope="col" rowspan="2">architecture</th>{top}<th scope="col" rowspan="2">trials here</th>', below],
        2 * len(metrics) + 2, groups)


def differences_table(groups: Mapping[str, pd.DataFrame]) -> str:
    """What `statistics.compare` found, a row of a frame each, whose index names it; by the titles of the frames."""
    told = {}
    for title, found in groups.items():
        if found.empty:
            continue
        lines = told[escape(title)] = []
        for _, alike in found.groupby(found["verdict"].ne(found["verdict"].shift()).cumsum()):
            said = alike["verdict"].iloc[0]  # once for all of them
            verdict = f'<td rowspan="{len(alike)}">{_mark(said)}&nbsp;{escape(said)}</td>'
            for number, row in enumerate(alike.itertuples()):
                lines.append(_row(escape(row.Index), tell_number(row.first, ".3f"), tell_number(row.second, ".3f"),
                                  f"{tell_number(row.difference, '+.3f')}<br>{_interval(row, '+.3f')}", row.trials)
                             + verdict * (number == 0))
    return _table("Test accuracy of two models, over the trials that both have, and the difference with its 95% "
                  "confidence interval, picture by picture where both were tested on the same ones.",
                  _head("", "before", "after", "difference [95%]", "trials", "what follows"), 6, told)


def tell_number(value: float, form: str) -> str:
    """A number with a true minus sign, which zero has not; a dash for NaN."""
    text = "–" if np.isnan(value) else f"{value:{form}}"
    return (text if text.strip("-+0.%") else f"{0.0:{form}}").replace("-", "−")


def tell_interval(value: float, low: float, high: float, form: str = "+.2f") -> str:
    """A number and its interval: "+0.05 [−0.01, +0.11]"."""
    return f"{tell_number(value, form)} {_bounds(low, high, form)}"


def tell_percent(value: float, low: float, high: float, form: str = ".0f", unit: str = "%") -> str:
    """A share and its interval as most people read them: "71% (66 to 75)"."""
    value, low, high = (tell_number(100 * own, one) for own, one in ((value, form), (low, ".0f"), (high, ".0f")))
    return f"{value}{unit} ({low} to {high})"


def tell_points(value: float, low: float, high: float, form: str = "+.0f") -> str:
    """A difference of shares and its interval: "+5 points (−1 to 11)"."""
    return tell_percent(value, low, high, form, " points")


def tell_range(shares: pd.Series) -> str:
    """From the lowest of some shares to the highest: "42 to 68%"."""
    low, high = (f"{100 * value:.0f}" for value in (shares.min(), shares.max()))
    return f"{low} to {high}%" if low != high else f"{low}%"


def _bounds(low: float, high: float, form: str) -> str:
    return f"[{tell_number(low, form)}, {tell_number(high, form)}]"


def tell_changes(found: pd.DataFrame) -> str:
    """What follows from each row of `statistics.compare`, whose index names it, those alike together; last, from which
    nothing follows."""
    told, silent = [], []
    for verdict, rows in found.groupby("verdict", sort=False):
        if verdict.startswith("nothing follows"):
            why = verdict.removeprefix("nothing follows: ")
            silent.append(f"nothing follows from {', '.join(rows.index)} ({why})")
        else:
            changes = (f"{row.Index} {tell_points(row.difference, row.low, row.high)}" for row in rows.itertuples())
            told.append(f"{verdict}: {', '.join(changes)}")
    return "; ".join(told + silent)


def tell_doubts(table: pd.DataFrame) -> str:
    """From which models nothing follows, and why, from `statistics.score_models`."""
    doubted = table[table["doubt"] != ""].drop_duplicates(["model", "backbone"])
    told = [f"nothing follows from what {doubt} ("
            + ", ".join(f"{MODEL_TITLES[row.model].lower()} {row.backbone}" for row in rows.itertuples()) + ")"
            for doubt, rows in doubted.groupby("doubt", sort=False)]
    return "; ".join(told) or "all networks learned"


def diagnoses_table(diagnoses: pd.DataFrame) -> str:
    """What the trials of each model and network ended as, how many of how many, from `Trials.diagnoses`."""
    told = pd.DataFrame({"only the last layer learned": diagnoses["layers"] == "frozen",
                         "phase I kept": diagnoses["kept_phase"] == 1, "one class for all": diagnoses["collapsed"],
                         "diverged": diagnoses["diverged"], "not above chance in training": ~diagnoses["learned"],
                         "best in the first 3 epochs": diagnoses["early"],
                         "stopped by patience": diagnoses["ended"] == "patience"})
    groups = {MODEL_TITLES[model]: [
        _row(escape(backbone), *(f"{n} of {len(own)}" if n else "–" for n in told.loc[own.index].sum()))
        for backbone, own in rows.groupby("backbone", sort=False)]
        for model, rows in diagnoses.groupby("model", sort=False)}
    return _table("What the trials of each model and network ended as: how many of how many.",
                  _head("", *told.columns), len(told.columns) + 1, groups)


def audit_section(id: str, rows: pd.DataFrame) -> str:
    """One place of the audit: text, scripts, expectation, then what was found at each place of `stack_rows`."""
    place = thesis_table("audit").set_index("id").loc[id]
    told = " ".join(f"<em>{title}:</em> {escape(place[column].format(**thesis_accuracies()))}" for title, column in (
        ("The text says", "says"), ("The scripts do", "does"), ("Expected", "expects")))
    own = rows[(rows["id"] == id) & rows["text"].notna()]
    found = "".join(
        f"<br>{_verdict(verdict)}, on {escape(source)}: "
        f"{'; '.join(f'{_condition(row)} {_change(row)}' for row in alike.itertuples())}."
        for (source, verdict), alike in own.groupby(["source", "verdict"], sort=False))
    return f'<p id="{id}"><strong>{id}. {escape(place["title"])}.</strong> {told}<small>{found}</small></p>'


def audit_overview(rows: pd.DataFrame) -> str:
    """Every measurement of each place, from `stack_rows`, with p corrected for the number of its own (Holm)."""
    tested = rows[rows["text"].notna()].sort_values("id", key=lambda ids: ids.str[1:].astype(int), kind="stable")
    reach, groups = np.nanmax([*tested["low"].abs(), *tested["high"].abs(), 0.01]), {}
    for row in tested.itertuples():
        certain = "" if np.isnan(row.p_holm) else f" <small>(p {tell_number(row.p_holm, '.3f')})</small>"
        groups.setdefault(escape(row.source), []).append(_row(
            f'<a href="#{row.id}">{row.id}</a> {_condition(row)}',
            f'<span style="white-space: nowrap">{_change(row)}<br>{_bar(row, reach)} '
            f"<small>{tell_number(row.text, '.3f')} → {tell_number(row.script, '.3f')}</small></span>",
            _verdict(row.verdict) + certain))
    rest = rows[rows["text"].isna()]
    lines = [f"<p>{_verdict(reason)}: {'; '.join(f'{row.id} {_condition(row)}' for row in own.itertuples())}.</p>"
             for reason, own in rest.groupby("verdict", sort=False)]
    return _table("What changes where the scripts are followed and not the text. Test accuracy, if no other is named, "
                  "by the text → by the scripts.", _head("", "difference [95%]", "verdict"), 3, groups) + (
        fold(f"{len(rest)} comparisons that nothing here can make", "".join(lines)) if lines else "")


def stack_rows(places: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The audit's rows with their place's name in a column `source`: all of the first, and of the others those that are
    a test and say of the same id and condition something else."""
    (first, told), *others = places.items()
    stacked = told.assign(source=first)
    for name, own in others:
        said, keys = (pd.MultiIndex.from_frame(table[["id", "condition", "verdict"]]) for table in (stacked, own))
        new = ~keys.isin(said) & ~own["verdict"].str.startswith(UNTESTABLE)
        stacked = pd.concat([stacked, own[new].assign(source=name)])
    return stacked.reset_index(drop=True)


def _change(row) -> str:
    if np.isnan(row.difference):
        return f"{row.script:.3f}"
    return f"{tell_number(row.difference, '+.3f')} {_interval(row, '+.2f')}"


def _verdict(verdict: str) -> str:
    """An audit's verdict as sign, colour and word, and why it is none where the interval does not say it."""
    word, _, reason = verdict.partition(": ")
    why = f" <small>({escape(reason)})</small>" if reason and not reason.startswith("the interval") else ""
    return f"{_mark(verdict)}&nbsp;{escape(word)}{why}"


def _bar(row, reach: float) -> str:
    """The difference and its interval as a picture, zero in its middle, as far as `reach` to both sides."""
    if np.isnan(row.low):
        return ""
    low, value, high = (40 + 36 * end / reach for end in (row.low, row.difference, row.high))
    return (f'<svg width="80" height="10" aria-hidden="true" style="color: var(--pst-color-text-base)">'
            '<path d="M40 0v10" stroke="currentColor" opacity="0.4"/>'
            f'<path d="M{low:.1f} 5H{high:.1f}" stroke="currentColor" stroke-width="2"/>'
            f'<circle cx="{value:.1f}" cy="5" r="3.5" fill="currentColor"/></svg>')


def claims_table(places: Mapping[str, pd.DataFrame]) -> str:
    """Every claim with its verdict, number and interval, by the names of what they were checked on, from
    `claims.check_claims`: the first place's verdict leads, and what the others say otherwise stands below it.

    A reader picks verdict and section; without JavaScript all claims are shown.
    """
    (first, table), *others = places.items()
    counts = table["verdict"].value_counts().reindex(list(VERDICTS), fill_value=0)
    many = {HOLDS: "hold", FAILS: "do not hold"}
    picks = {"": f"all {len(table)}"} | {verdict: f"{_mark(verdict)} {count} {many.get(verdict, verdict)}"
                                         for verdict, count in counts.items()}
    chips = "".join(f'<label><input type="radio" name="artpose-verdict" autocomplete="off" value="{value}"'
                    f'{" checked" * (not value)}> {title}</label>' for value, title in picks.items())
    sections = "".join(f"<option>{escape(name)}</option>" for name in table["section"].unique())
    lines = [f'<tr id="{row.id}" data-verdict="{row.verdict}" data-section="{escape(row.section)}">'
             f'<td>{_mark(row.verdict)} {row.verdict}</td><th scope="row">“{escape(row.quote)}”<br><small>'
             f'<a href="{row.page}.html">{row.id}</a>, {escape(row.section)}</small></th>'
             f"<td>{_measured(row, others)}</td></tr>" for row in table.itertuples()]
    head = "".join(_head("verdict", "the thesis says", "measured [95%]"))
    return (f'<div class="artpose-claims"><style>{asset("claims.css")}</style><p class="artpose-picks" role="group" '
            f'aria-label="Which claims are shown">{chips}<label class="artpose-section">Section '
            f'<select autocomplete="off"><option value="">all</option>{sections}</select></label><output></output></p>'
            f'<table class="table"><caption>The claims of the thesis, and the verdict on {escape(first)} '
            "or, where it says so, by the text's own numbers.</caption>"
            f'<thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table><script>{asset("claims.js")}</script></div>')


def _measured(row, others: Sequence[tuple[str, pd.DataFrame]]) -> str:
    """What was measured for a claim; folded, what else has to be known and what cannot be tested at other places."""
    told, more = [_name_models(row.measured)], [_name_models(row.remark)]
    for name, table in others:
        own = table.set_index("id").loc[row.id]
        if own["measured"] != row.measured and not own["verdict"] == row.verdict == UNTESTABLE:
            (more if own["verdict"] == UNTESTABLE else told).append(
                f"<small>{escape(name)}: {_mark(own['verdict'])} {own['verdict']}. {_name_models(own['measured'])}"
                "</small>")
    folded = "<br>".join(filter(None, more))
    return "<br>".join(told) + (f"<details><summary>more</summary><small>{folded}</small></details>" if folded else "")


def _mark(verdict: str) -> str:
    """The sign and colour of a claim's or an audit's verdict, by how it begins."""
    sign, colour = next(look for start, look in (VERDICTS | AUDIT_VERDICTS).items() if verdict.startswith(start))
    return f'<span class="artpose-mark" style="background: {colour}">{sign}</span>'


def _name_models(text: str) -> str:
    named = re.sub(r"\bfinetuned(_aug)?\b", lambda name: MODEL_TITLES[name[0]].lower(), escape(text))
    return re.sub(r"\S+ \[[^]]+\]", r'<span style="white-space: nowrap">\g<0></span>', named)


def fold(title: str, html: str) -> str:
    """HTML that a reader opens by its title, which is plain text; what is wider than the page scrolls."""
    title = escape(title.replace("'", "’"))
    return (f'<details class="artpose-more"><summary>{title}</summary>'
            f'<div style="overflow-x: auto">{html}</div></details>')


def _condition(row) -> str:
    return f"{MODEL_TITLES[row.model]} {escape(row.backbone)}, {escape(CONDITIONS.get(row.condition, row.condition))}"


def _interval(row, form: str) -> str:
    bounds = "no interval" if np.isnan(row.low) else _bounds(row.low, row.high, form)
    return f'<small style="white-space: nowrap">{bounds}</small>'


def _row(title: str, *cells: object) -> str:
    return f'<th scope="row">{title}</th>' + "".join(f"<td>{cell}</td>" for cell in cells)


def _head(*names: str) -> list[str]:
    return ["".join(f'<th scope="col">{name}</th>' for name in names)]


def _table(caption: str, head: Sequence[str], columns: int, groups: Mapping[str, Sequence[str]]) -> str:
    """A table that scrolls where it is wider than the page, from the cells of each row of its head and of its groups,
    by their titles."""
    titled = [[f'<th scope="rowgroup" style="text-align: left" colspan="{columns}"><span>{title}</span></th>', *rows]
              for title, rows in groups.items()]
    head, *bodies = (f"<tr>{'</tr><tr>'.join(rows)}</tr>" for rows in (head, *titled))
    return ('<div style="overflow-x: auto" tabindex="0" role="region" aria-label="Measurements">'
            f'<table class="table artpose-scores"><caption>{caption}</caption><thead>{head}</thead>'
            f"<tbody>{'</tbody><tbody>'.join(bodies)}</tbody></table></div>")
