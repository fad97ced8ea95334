"""Tables as HTML: the thesis' beside our scores, and those of the audit and the claims, the reference's beside them."""

import re
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd

from artpose_lib.data.poses import thesis_table
from artpose_lib.report import statistics
from artpose_lib.report.figures import METRIC_TITLES, MODEL_TITLES
from artpose_lib.report.scores import FROZEN_IN_FACT, thesis_accuracies
from artpose_lib.report.verdicts import UNTESTABLE
from artpose_lib.train.recipes import Profile

HERE = "this run"
CONDITIONS = {"own mode": "fed in its own mode", "raw": "fed raw values", "as found": "copies apart, pictures as found",
              "one split": "one division (standard deviations of the trials)",
              "seeded too late": "share of its test pictures that a second run of the same seed tests too"}


def results_table(table: pd.DataFrame, missing: Mapping[str, str]) -> str:
    """Tables 3.1 and 3.2 beside our scores, from `scores.against_thesis`; `missing` says why a backbone is absent.

    Of predictions by `scores.name_as_ended`, a fine-tuned row tells how many more trials are frozen in fact.
    """
    metrics, bodies = list(table["metric"].unique()), []
    counts = table.drop_duplicates(["model", "backbone"]).set_index(["model", "backbone"])["trials"]
    for model, rows in table.groupby("model", sort=False):
        lines = [_group(MODEL_TITLES[model], 2 * len(metrics) + 2)]
        for backbone, own in rows.set_index("metric").loc[metrics].groupby("backbone", sort=False):
            trials = own["trials"].iloc[0]
            cells = [cell for row in own.itertuples() for cell in (
                _signed(row.thesis, ".3f"),
                "–" if np.isnan(row.here) else f"{row.here:.3f}<br>{_interval(row, '.3f')}")]
            others = {"diverged": own["diverged"].iloc[0],
                      "frozen": counts.get((FROZEN_IN_FACT.get(model), backbone), 0)}
            known = [f"{n} of {trials + sum(others.values())} {what}" for what, n in others.items() if n]
            absent = "" if trials or model == "baseline" else escape(missing.get(backbone, ""))
            lines.append(_row(escape(backbone), *cells, ", ".join([absent or str(trials), *known])))
        bodies.append(lines)
    top = "".join(f'<th scope="colgroup" colspan="2">{METRIC_TITLES[metric]}</th>' for metric in metrics)
    below = '<th scope="col">thesis</th><th scope="col">here</th>' * len(metrics)
    return _table(
        "Test scores, means over trials: in the thesis, and here with the 95&nbsp;% confidence interval.",
        [f'<th scope="col" rowspan="2">architecture</th>{top}<th scope="col" rowspan="2">trials here</th>', below],
        *bodies)


def changes_table(predictions: pd.DataFrame, profile: Profile, *pairs: tuple[str, str]) -> str:
    """`statistics.compare_models` of pairs of models, each before and after."""
    return differences_table({" → ".join(MODEL_TITLES[model] for model in pair): statistics.compare_models(
        predictions, *pair, profile).set_index("backbone") for pair in pairs})


def differences_table(groups: Mapping[str, pd.DataFrame]) -> str:
    """What `statistics.compare` found, a row of a frame each, whose index names it; by the titles of the frames."""
    bodies = []
    for title, found in groups.items():
        lines = [_group(escape(title), 6)]
        for _, alike in found.groupby(found["verdict"].ne(found["verdict"].shift()).cumsum()):
            verdict = f'<td rowspan="{len(alike)}">{escape(alike["verdict"].iloc[0])}</td>'  # once for all of them
            for number, row in enumerate(alike.itertuples()):
                lines.append(_row(escape(row.Index), _signed(row.first, ".3f"), _signed(row.second, ".3f"),
                                  f"{_signed(row.difference)}<br>{_interval(row, '+.3f')}", row.trials)
                             + verdict * (number == 0))
        bodies.append(lines if lines[1:] else [*lines, '<td colspan="6">No network of this run has both.</td>'])
    return _table("Test accuracy of two models, over the trials that both have, and the difference with its 95&nbsp;% "
                  "confidence interval, picture by picture where both were tested on the same ones.",
                  _head("", "before", "after", "difference [95&nbsp;%]", "trials", "what follows"), *bodies)


def tell_change(row) -> str:
    """A row of `statistics.compare` in short: its difference and the interval."""
    return f"{_signed(row.difference, '+.2f')} [{_signed(row.low, '+.2f')}, {_signed(row.high, '+.2f')}]"


def diagnoses_table(diagnoses: pd.DataFrame) -> str:
    """What the trials of each model and network ended as, how many of how many, from `Trials.diagnoses`."""
    told = pd.DataFrame({"only the last layer learned": diagnoses["layers"] == "frozen",
                         "phase I kept": diagnoses["kept_phase"] == 1, "one class for all": diagnoses["collapsed"],
                         "diverged": diagnoses["diverged"], "not above chance in training": ~diagnoses["learned"],
                         "best in the first 3 epochs": diagnoses["early"],
                         "stopped by patience": diagnoses["ended"] == "patience"})
    bodies = []
    for model, rows in diagnoses.groupby("model", sort=False):
        lines = [_group(MODEL_TITLES[model], len(told.columns) + 1)]
        lines += [_row(escape(backbone), *(f"{n} of {len(own)}" if n else "–" for n in told.loc[own.index].sum()))
                  for backbone, own in rows.groupby("backbone", sort=False)]
        bodies.append(lines)
    return _table("What the trials of each model and network ended as: how many of how many.",
                  _head("", *told.columns), *bodies)


def audit_section(id: str, rows: pd.DataFrame) -> str:
    """One place of the audit: text, scripts, expectation, then what was measured, from `stack_rows`."""
    place, lines = thesis_table("audit").set_index("id").loc[id], []
    told = "".join(f"<dt>{title}</dt><dd>{escape(place[column].format(**thesis_accuracies()))}</dd>" for title, column
                   in (("The text says", "says"), ("The scripts do", "does"), ("Expected", "expects")))
    own = rows[rows["id"] == id]
    for row in own[own["text"].notna()].itertuples():
        source = "" if row.source == HERE else f"<br><small>{escape(row.source)}</small>"
        lines.append(_row(_condition(row) + source, _signed(row.text, ".3f"), _signed(row.script, ".3f"),
                          f"{_signed(row.difference)}<br>{_interval(row, '+.3f')}",
                          f"{row.trials}, {escape(row.strength)}", escape(row.verdict)))
    head = _head("condition", "as the text", "as the scripts", "difference [95&nbsp;%]", "trials", "verdict")
    return (f'<p><strong>{id}. {escape(place["title"])}</strong></p><dl class="artpose-audit">{told}</dl>'
            + (_table(f"{id}: test accuracy, where no other quantity is named.", head, lines) if lines else "")
            + _list_untested(own))


def audit_overview(rows: pd.DataFrame) -> str:
    """Every measurement of this run and of the references, from `stack_rows`, with p corrected for the number of each
    one's (Holm)."""
    tested = rows[rows["text"].notna()].sort_values("id", key=lambda ids: ids.str[1:].astype(int), kind="stable")
    bodies = [[_group(escape(source), 5), *(
        _row(row.id, _condition(row), _signed(row.difference), _signed(row.p_holm, ".3f"), escape(row.verdict))
        for row in own.itertuples())] for source, own in tested.groupby("source", sort=False)]
    return _table("What changes where the scripts are followed and not the text.",
                  _head("", "condition", "difference", "p, corrected", "verdict"), *bodies) + _list_untested(rows)


def _list_untested(rows: pd.DataFrame) -> str:
    """What was not measured at all, a line for each reason."""
    untested = rows[rows["text"].isna()].groupby("verdict", sort=False)
    return "".join(f"<p><small>{escape(reason[:1].upper() + reason[1:])}. That concerns: "
                   f"{'; '.join(_condition(row) for row in own.itertuples())}.</small></p>" for reason, own in untested)


def means_table(means: pd.DataFrame) -> str:
    """Which printed accuracies can be means of whole pictures, from `printed.check_means`."""
    lines = [_row(f"{MODEL_TITLES[row.model]} {escape(row.backbone)}", f"{row.printed:.3f}",
                  f"{row.trials} x {row.pictures} ({row.by})", f"{row.below:.5f}", f"{row.above:.5f}", row.possible,
                  f"{row.luck:.0%}") for row in means.itertuples()]
    return _table("The accuracies of Tables 3.1 and 3.2, the nearest means of whole pictures, and how many of all "
                  "numbers with three digits are possible.",
                  _head("", "printed", "trials x pictures", "mean below", "mean above", "possible", "of all"), lines)


def claims_table(table: pd.DataFrame, references: Mapping[str, pd.DataFrame]) -> str:
    """Every claim with its number, interval and verdict, from `claims.check_claims`: of this run, and of those
    references, by name, that can test it and measure something else."""
    others = {name: own[own["verdict"] != UNTESTABLE].set_index("id") for name, own in references.items()}

    def name_models(text: str) -> str:
        return re.sub(r"\bfinetuned(_aug)?\b", lambda name: MODEL_TITLES[name[0]].lower(), escape(text))

    def cell(row, column: str) -> str:
        return name_models(getattr(row, column)) + "".join(
            f"<br><small>reference, {escape(name)}: {name_models(own.loc[row.id, column])}</small>"
            for name, own in others.items() if row.id in own.index and own.loc[row.id, "measured"] != row.measured)

    def show(rows: pd.DataFrame, caption: str) -> str:
        lines = [_row(f'<a href="{row.page}.html">{row.id}</a>',
                      f"“{escape(row.quote)}”<br><small>{escape(row.section)}</small>", cell(row, "measured"),
                      cell(row, "verdict")) for row in rows.itertuples()]
        return _table(caption, _head("", "the thesis says", "measured", "verdict"), lines)

    tested = table["verdict"].ne(UNTESTABLE) | table["id"].isin([id for own in others.values() for id in own.index])
    shown = show(table[tested], "The claims of the thesis, each with what was measured.")
    if tested.all():
        return shown
    return shown + fold(f"Claims that cannot be tested here, and that no reference tests: {(~tested).sum()}",
                        show(table[~tested], "Claims that cannot be tested here, each with the reason."))


def stack_rows(rows: pd.DataFrame, references: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The audit's rows of this run and those that were measured of each reference, with a column `source`: HERE, or
    which reference."""
    return pd.concat([rows.assign(source=HERE), *(
        own[own["text"].notna()].assign(source=f"reference: {name}") for name, own in references.items())],
        ignore_index=True)


def fold(title: str, html: str) -> str:
    """HTML that a reader opens by its title, which is plain text; what is wider than the page scrolls."""
    return (f'<details class="artpose-more"><summary>{escape(title)}</summary>'
            f'<div style="overflow-x: auto">{html}</div></details>')


def _condition(row) -> str:
    return f"{MODEL_TITLES[row.model]} {escape(row.backbone)}, {escape(CONDITIONS.get(row.condition, row.condition))}"


def _signed(value: float, form: str = "+.3f") -> str:
    return "–" if np.isnan(value) else f"{value:{form}}".replace("-", "−")


def _interval(row, form: str) -> str:
    bounds = "no interval" if np.isnan(row.low) else f"[{_signed(row.low, form)}, {_signed(row.high, form)}]"
    return f'<small style="white-space: nowrap">{bounds}</small>'


def _group(title: str, columns: int) -> str:
    return f'<th scope="rowgroup" style="text-align: left" colspan="{columns}">{title}</th>'


def _row(title: str, *cells: object) -> str:
    return f'<th scope="row">{title}</th>' + "".join(f"<td>{cell}</td>" for cell in cells)


def _head(*names: str) -> list[str]:
    return ["".join(f'<th scope="col">{name}</th>' for name in names)]


def _table(caption: str, head: Sequence[str], *bodies: Sequence[str]) -> str:
    """A table that scrolls where it is wider than the page, from the cells of each row of its head and bodies."""
    head, *bodies = (f"<tr>{'</tr><tr>'.join(rows)}</tr>" for rows in (head, *bodies))
    return ('<div style="overflow-x: auto" tabindex="0" role="region" aria-label="Measurements">'
            f'<table class="table artpose-scores"><caption>{caption}</caption><thead>{head}</thead>'
            f"<tbody>{'</tbody><tbody>'.join(bodies)}</tbody></table></div>")
