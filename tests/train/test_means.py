import numpy as np
import pytest

from artpose_lib.train.means import ClassMeans


def test_what_is_like_the_training_pictures_is_told_from_what_is_not(tmp_path):
    rng = np.random.default_rng(0)
    centres, y = 10 * rng.normal(size=(3, 16)), rng.integers(3, size=700)
    alike, strange = centres[y] + rng.normal(size=(700, 16)), 10 * rng.normal(size=(200, 16))
    ClassMeans.fit(alike[:500], y[:500], [(np.arange(300), np.arange(300, 500))]).save(tmp_path)
    known = ClassMeans.load(tmp_path)
    near, far = (known.measure_unlikeness(known.measure_distances(asked)) for asked in (alike[500:], strange))
    assert abs(near.mean() - 0.5) < 0.1  # a held-out picture's rank is spread evenly
    assert (far > 0.99).all() and ClassMeans.load(tmp_path / "none") is None
    grown = known.measure_unlikeness(np.linspace(0, known.held_out[-1] * 1.2, 2000).astype(np.float32))
    assert grown[0] == 0 and (np.diff(grown) > 0).all() and 200 / 201 < grown[-1] < 1


@pytest.mark.parametrize("held_out", [4, 17, 99])
def test_pictures_of_the_same_kind_are_as_rarely_unlike_as_it_says(held_out):
    distances = np.random.default_rng(0).random((4000, held_out + 1)).astype(np.float32)
    none = np.empty((0, 1))
    said = np.array([ClassMeans(none, none, np.sort(row[1:])).measure_unlikeness(row[:1])[0] for row in distances])
    for level in np.arange(1, held_out + 1) / (held_out + 1):
        assert (said >= np.float32(level)).mean() == pytest.approx(1 - level, abs=0.03)


def test_each_picture_is_held_out_against_the_means_of_the_others():
    x, y = np.random.default_rng(0).normal(size=(6, 8)), np.array([0, 0, 0, 1, 1, 1])
    rows = np.arange(6)
    found = ClassMeans.fit(x, y, [(rows[rows % 3 != fold], rows[rows % 3 == fold]) for fold in range(3)])

    def unit(values):
        return values / np.linalg.norm(values, axis=-1, keepdims=True)

    def distance(row, known):
        own = unit(unit(x) - unit(x)[known].mean(axis=0))
        means = [unit(own[[one for one in known if y[one] == label]].mean(axis=0)) for label in (0, 1)]
        return min(np.linalg.norm(own[row] - mean) for mean in means)

    plain = [distance(row, [one for one in rows if one % 3 != row % 3]) for row in rows]
    np.testing.assert_allclose(found.held_out, np.sort(plain), atol=1e-5)
    np.testing.assert_allclose(found.measure_distances(x), [distance(row, [*rows]) for row in rows], atol=1e-5)
    assert np.isfinite(found.measure_distances(np.zeros((1, 8)))).all()
