"""What the printed numbers say, and what stands beside a sentence."""

from artpose_lib.report import printed


def test_each_slip_stands_beside_what_the_tables_say():
    told = printed.find_slips()["beside"]
    assert not told.str.contains("[{}]", regex=True).any() and told.is_unique
    assert "patience of 10" in told[0] and "0.17" in told[1] and "324 of 127, and 230 of the 90" in told[5]
