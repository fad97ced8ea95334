import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.data.pictures import PictureError, read_ahead
from artpose_lib.model.features import extract_features, forward


class Doubling:
    """Stands for a network: it remembers the shapes that it was given."""

    def __init__(self):
        self.shapes = []

    def predict_on_batch(self, pixels):
        self.shapes.append(pixels.shape)
        return [pixels.mean(axis=(1, 2, 3), dtype=np.float32), 2 * pixels.max(axis=(1, 2, 3)).astype(np.float32)]


@given(st.lists(st.integers(0, 100) | st.none(), max_size=50), st.integers(1, 9))
def test_every_picture_gets_its_own_answer_in_batches_of_one_size(values, batch):
    network = Doubling()
    pictures = [PictureError("damaged") if value is None else np.full((4, 4, 3), value, np.uint8) for value in values]
    found = list(forward(network, iter(pictures), batch))
    assert [None if isinstance(one, PictureError) else float(one[0]) for one in found] == values
    assert set(network.shapes) <= {(batch, 4, 4, 3)}
    assert len(network.shapes) <= -(-len(values) // batch)


def test_features_are_the_first_output_for_every_picture():
    pictures = [np.full((4, 4, 3), value, np.uint8) for value in range(40)]
    assert extract_features(Doubling(), pictures).tolist() == list(range(40))


def test_the_next_pictures_are_read_while_the_network_works():
    begun, working = [], threading.Event()

    class Waiting(Doubling):
        def predict_on_batch(self, pixels):
            assert working.wait(30)  # not before a picture of the second batch is being read
            return super().predict_on_batch(pixels)

    def read(item):
        begun.append(item)
        if item == 10:
            working.set()
        return np.zeros((1, 1, 3), np.uint8)

    assert len(list(forward(Waiting(), read_ahead(read, range(20), threads=2, ahead=15), batch=10))) == 20
