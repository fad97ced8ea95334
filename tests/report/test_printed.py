"""What the printed numbers say: which can be means of whole pictures, and what stands beside a sentence."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.report import printed, tables


@given(st.integers(1, 5), st.integers(5, 200), st.data())
def test_every_true_mean_is_possible_whether_it_was_rounded_or_cut(trials, pictures, data):
    of = trials * pictures
    share = Fraction(data.draw(st.integers(0, of)), of)
    assert "rounded" in printed._print_as(round(1000 * share), of)
    assert "cut" in printed._print_as(int(1000 * share), of)


@given(st.integers(0, 999), st.integers(5, 999))
def test_no_other_number_is(thousandths, of):
    whole = [Fraction(1000 * right, of) for right in range(of + 1)]
    ways = printed._print_as(thousandths, of)
    assert ("rounded" in ways) == any(abs(mean - thousandths) <= Fraction(1, 2) for mean in whole)
    assert ("cut" in ways) == any(thousandths <= mean < thousandths + 1 for mean in whole)


def test_483_is_no_mean_of_the_stated_counts_and_850_only_if_cut():
    table = printed.check_means()
    assert len(table[table["by"] == "text"]) == 12
    found = table.set_index(["model", "backbone", "by"])["possible"]
    assert found["baseline", "Xception", "text"] == found["baseline", "Xception", "scripts"] == "no"
    assert found["finetuned_aug", "Xception", "text"] == "cut" and found["finetuned", "Xception", "text"] == "rounded"
    assert (table["below"] <= table["printed"]).all() and (table["printed"] < table["above"]).all()
    assert "0.483" in tables.means_table(table)


def test_one_printed_f1_is_far_above_its_accuracy():
    first, second = printed.compare_f1().head(2).itertuples()
    assert (first.model, first.backbone) == ("frozen", "Xception") and first.gap == pytest.approx(0.124)
    assert first.gap > 1.9 * second.gap


def test_each_slip_stands_beside_what_the_tables_say():
    told = printed.find_slips()["beside"]
    assert not told.str.contains("[{}]", regex=True).any() and told.is_unique
    assert "patience of 10" in told[0] and "0.17" in told[1] and "324 of 127, and 230 of the 90" in told[5]
