"""An artwork's figures, attributes and background are apart, and the conditions are what they say."""

import hashlib
from itertools import islice

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.draw.artwork import CONDITIONS, GREY, Artwork, paint_versions
from artpose_lib.draw.backgrounds import BACKGROUNDS, LINKED
from artpose_lib.draw.media import MEDIA
from artpose_lib.draw.solids import Solid


def rng(number):
    return np.random.default_rng([9, number])


@pytest.fixture(scope="module")
def drawn():
    """Every version of a drawing of each pose."""
    return {pose: {made.name: made for made in paint_versions(pose, rng(1))} for pose in POSE_NAMES}


@pytest.mark.skipif(not cv2.checkHardwareSupport(256), reason="pixels are pinned for processors with AVX-512")
def test_the_versions_are_those_of_version_0_1(drawn):
    found = hashlib.sha256()
    for made in drawn.values():
        for version in made.values():
            found.update(f"{version.name}\t{version.background}\t".encode() + version.image.tobytes())
    assert found.hexdigest()[:16] == "aac5df061fbefdac"


@settings(max_examples=4, deadline=None)
@given(pose=st.sampled_from(POSE_NAMES), medium=st.sampled_from(MEDIA), seed=st.integers(0, 2**32))
def test_a_figure_does_not_depend_on_its_background(pose, medium, seed):
    one, other = (Artwork(pose, np.random.default_rng(seed), kind, medium) for kind in ("museum", "garden"))
    assert np.array_equal(one.mask, other.mask) and one.locate_figures() == other.locate_figures()
    difference = np.abs(one.paint().astype(int) - other.paint()).max(axis=2)
    assert difference[~one.mask].mean() > difference[one.mask].mean()
    assert np.array_equal(one.paint("garden"), other.paint())


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("pose", POSE_NAMES)
def test_every_pose_exists_in_every_medium(pose, medium):
    artwork = Artwork(pose, np.random.default_rng(5), medium=medium)
    assert artwork.medium == medium and artwork.background in BACKGROUNDS
    image = artwork.paint()
    assert image.dtype == np.uint8 and image.shape == (*artwork.mask.shape, 3)
    assert image.std() > 8  # not a blank sheet
    assert 0.03 < artwork.mask.mean() < 0.9
    outside = artwork.mask.copy()
    for x0, y0, x1, y1 in artwork.locate_figures()[0]:
        outside[y0:y1, x0:x1] = False
    assert not outside.any()


def test_media_and_backgrounds_are_drawn_for_every_class_alike():
    artworks = [Artwork("Antinous", np.random.default_rng([1, number])) for number in range(40)]
    assert {artwork.medium for artwork in artworks} == set(MEDIA)
    assert {artwork.background for artwork in artworks} == set(BACKGROUNDS)


def test_figure_only_keeps_the_figures_to_the_last_bit_and_nothing_else(drawn):
    for pose, made in drawn.items():
        mask = Artwork(pose, rng(1)).mask
        assert np.array_equal(made["figure only"].image[mask], made["whole"].image[mask])
        assert (made["figure only"].image[~mask] == GREY).all()
        assert (made["whole"].image[~mask] != GREY).any(axis=-1).mean() > 0.5
        assert made["figure only"].background == ""


def move(solid):
    return Solid(**vars(solid) | {"start": np.add(solid.start, (2, 1, 0)), "end": np.add(solid.end, (2, 1, 0))})


@pytest.mark.parametrize("attributes", [True, False])
@pytest.mark.parametrize("pose", POSE_NAMES)
def test_nothing_is_left_of_what_is_removed(pose, attributes):
    """What is moved elsewhere changes the whole picture, and no bit of those without it."""
    artwork, other = (Artwork(pose, rng(2)) for _ in range(2))
    solids = other.composition.solids
    solids[:] = [solid if attributes and solid.owner < 0 else move(solid) for solid in solids]
    other.relief = other._render(figures=True, attributes=True)
    assert not np.array_equal(artwork.paint("garden"), other.paint("garden"))
    without = artwork.paint("garden", figures=False, attributes=attributes)
    assert np.array_equal(without, other.paint("garden", figures=False, attributes=attributes))


@pytest.mark.parametrize("medium", MEDIA)
def test_the_background_left_over_is_the_one_of_the_whole_picture(medium):
    """Far from all that stands there, and from its shadow, not a brush stroke changes."""
    artwork = Artwork("Sebastian", rng(16), "interior", medium)
    covered = cv2.resize(artwork.relief.covered.astype(np.uint8), artwork.size)
    far = cv2.dilate(covered, np.ones((121, 121))) == 0
    change = np.abs(artwork.paint(figures=False, attributes=False).astype(int) - artwork.paint())
    assert far.sum() > 500 and change[far].mean() < 1.5 and change[artwork.mask].mean() > 10


def test_attributes_stay_where_the_figure_is_removed(drawn):
    """A Sebastian's tree and arrows, a Reclining's couch: what is neither figure nor background."""
    for pose in ("Sebastian", "Reclining"):
        artwork, made = Artwork(pose, rng(1)), drawn[pose]
        attributes = np.array(Image.fromarray(artwork.relief.owner == -1).resize(artwork.size)) & ~artwork.mask
        whole, kept, bare = (made[name].image.astype(int)[attributes]
                             for name in ("linked", "figure removed", "background only"))
        assert attributes.sum() > 300
        assert np.abs(kept - whole).mean() < np.abs(bare - whole).mean() / 2


def test_versions_are_of_one_size_and_before_the_backgrounds_that_they_name(drawn):
    for pose, made in drawn.items():
        assert list(made) == ["whole", "linked", *CONDITIONS[1:]]
        assert len({version.image.shape for version in made.values()}) == 1
        swapped = made["background swapped"]
        assert swapped.background in set(LINKED.values()) - {LINKED[pose], made["whole"].background}
        assert np.array_equal(swapped.image, Artwork(pose, rng(1), swapped.background).paint())
        assert np.array_equal(made["linked"].image, Artwork(pose, rng(1), LINKED[pose]).paint())
        assert {made[name].background for name in ("linked", "background only", "figure removed")} == {LINKED[pose]}


def test_a_version_is_painted_when_it_is_asked_for(monkeypatch):
    painted = []
    monkeypatch.setattr(Artwork, "paint", lambda self, *names, **_: painted.append(names))
    assert [made.name for made in islice(paint_versions("Tanagra", rng(0)), 2)] == ["whole", "linked"]
    assert len(painted) == 2
