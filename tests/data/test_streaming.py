import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.data.pictures import PictureError
from artpose_lib.data.streaming import forward, read_ahead


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
    assert len(network.shapes) == -(-sum(value is not None for value in values) // batch)


@given(st.lists(st.integers()), st.integers(1, 4), st.integers(0, 9))
def test_results_come_in_the_order_of_the_items(items, threads, ahead):
    assert list(read_ahead(str, items, threads, ahead)) == list(map(str, items))


def test_only_so_many_are_read_ahead_of_who_asks():
    """What keeps the memory flat: a slow network is not buried in pictures."""
    begun = []
    results = read_ahead(lambda item: begun.append(item) or item, iter(range(10**9)), threads=4, ahead=10)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    time.sleep(0.1)
    assert len(begun) <= 5 + 10
    results.close()
    time.sleep(0.1)
    assert len(begun) <= 5 + 10


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


def test_an_error_comes_in_its_turn_and_threads_end():
    def read(item):
        if item == 3:
            raise OSError("gone")
        return item

    results = read_ahead(read, range(9), threads=2, ahead=4)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(results)
    for thread in [one for one in threading.enumerate() if one.name.startswith("read-ahead")]:
        thread.join(5)
        assert not thread.is_alive()
