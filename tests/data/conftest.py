import pytest
from builders import make_folder
from PIL import Image

from artpose_lib.data.dataset import load_dataset


@pytest.fixture(scope="session")
def with_copies(tmp_path_factory):
    """Eight pictures a class; A/0 is mirrored in A/1, and B/0 to B/3 show one work."""
    folder = tmp_path_factory.mktemp("copies")
    work = [""] * 8 + ["David"] * 4 + ["", " ", "", "Venus"]
    make_folder(folder, {"A": 8, "B": 8}, work=work)
    Image.open(folder / "A/0.png").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "A/1.png")
    return load_dataset(folder)
