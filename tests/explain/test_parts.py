"""Parts of drawings are where they are drawn, and a filter that holds one is found out and judged on other drawings."""

import numpy as np
import pytest
from tinynet import SIZE, network

from artpose_lib.draw.artwork import Artwork
from artpose_lib.explain import parts
from artpose_lib.explain.parts import PARTS, Probe, dissect, dissect_light_and_edges, draw_probes

COUNT = 24


@pytest.fixture(scope="module")
def drawn():
    return draw_probes(COUNT)


@pytest.fixture(scope="module")
def model():
    return network()


def test_parts_lie_where_they_are_drawn(drawn):
    for number, probe in enumerate(drawn):
        figure = Artwork(parts.POSE, np.random.default_rng([parts.SEED, number])).mask
        assert list(probe.parts) == list(PARTS)
        assert all(mask.shape == probe.image.shape[:2] == figure.shape for mask in probe.parts.values())
        assert sum(mask.astype(int) for mask in probe.parts.values()).max() == 1
        assert probe.parts["torso"].any() and (figure | ~probe.parts["torso"]).all()
        assert not (figure & (probe.parts["tree"] | probe.parts["arrows"] | probe.parts["background"])).any()
    assert all(probe.parts["arrows"].any() for probe in drawn)
    assert 0 < sum(probe.parts["tree"].any() for probe in drawn) < COUNT  # a column stands in for some trees


def test_shares_are_exact_and_stay_shares(drawn):
    mask = np.zeros((40, 30), bool)
    mask[:20, :15] = True
    shares = Probe(drawn[0].image, dict.fromkeys(PARTS, mask)).part_shares(2)
    np.testing.assert_allclose(shares, [[1, 0, 0, 0]] * len(PARTS))
    for side in (1, 3, 7, 64):
        found = drawn[0].part_shares(side)
        assert found.min() >= 0 and found.sum(axis=0).max() <= 1 + 1e-6


@pytest.mark.parametrize("part", PARTS)
def test_the_filter_that_holds_a_part_is_found(drawn, model, part):
    """The same drawings, the part in red and all else in blue: of the first block, filter 0 sees red alone."""
    coloured = [Probe(np.where(probe.parts[part][..., None], np.uint8([255, 0, 0]), np.uint8([0, 0, 255])), probe.parts)
                for probe in drawn]
    found = dissect(model, ["block3_conv3", "block1_conv2"], coloured).set_index("part").loc[part]
    assert (found["layer"], found["filter"]) == ("block1_conv2", 0)
    seen = [probe.parts[part].mean() for probe in drawn if probe.part_shares(SIZE)[PARTS.index(part)].mean() >= 0.002]
    assert found["pictures"] == len(seen[1::2])
    # All its energy lies on the part, but for the cells at the edge, which a resize shares out: of arrows all are edge.
    assert 0.4 < found["density"] * np.mean(seen[1::2]) <= 1
    assert found["low"] <= found["density"] <= found["high"]


@pytest.mark.parametrize(("grey", "rows"), [(255, 4), (0, 0)])
def test_what_answers_everywhere_has_the_density_one_and_silence_none(drawn, model, grey, rows):
    found = dissect(model, ["block1_conv2"], [Probe(np.full_like(probe.image, grey), probe.parts) for probe in drawn])
    assert len(found) == rows
    np.testing.assert_allclose(found.reindex(columns=["density", "low", "high"]), 1, atol=1e-6)


def test_without_a_network_edges_find_arrows_and_darkness_no_more_than_it_can(drawn):
    found = dissect_light_and_edges(64, drawn).set_index("part")
    assert (found["layer"] == "").all() and found["filter"].between(0, 2).all()
    assert found.loc["arrows", "filter"] == 2 and found.loc["arrows", "low"] > 1


def test_numbers_are_those_of_version_0_1_0(drawn, model):
    found = dissect(model, ["block1_conv2", "block3_conv3"], drawn[:12])
    assert found[["layer", "filter", "pictures"]].to_numpy().tolist() == [
        ["block1_conv2", 1, 6], ["block3_conv3", 0, 2], ["block3_conv3", 0, 5], ["block1_conv2", 0, 6]]
    np.testing.assert_allclose(found[["density", "low", "high"]], [
        [1.628815, 1.202808, 2.032752], [1.169948, 0.744361, 1.437001], [0.922860, 0.787964, 1.015498],
        [0.856465, 0.736380, 0.988681]], atol=1e-4)
