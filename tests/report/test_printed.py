"""What the printed numbers say, and what stands beside a sentence."""

import pytest

from artpose_lib.report import printed


def test_one_printed_f1_is_far_above_its_accuracy():
    first, second = printed.compare_f1().head(2).itertuples()
    assert (first.model, first.backbone) == ("frozen", "Xception") and first.gap == pytest.approx(0.124)
    assert first.gap > 1.9 * second.gap


def test_each_slip_stands_beside_what_the_tables_say():
    told = printed.find_slips()["beside"]
    assert not told.str.contains("[{}]", regex=True).any() and told.is_unique
    assert "patience of 10" in told[0] and "0.17" in told[1] and "324 of 127, and 230 of the 90" in told[5]
