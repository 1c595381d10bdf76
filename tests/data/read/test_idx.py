"""idx files: read whole or refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modelwright.core.errors import BadData
from modelwright.data.read.door import read
from modelwright.data.read.idx import TYPES, as_maps, parse
from modelwright.runtime.parse import image


def written(array: np.ndarray, code: int = 0x08) -> bytes:
    sizes = b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(TYPES[code]).tobytes()


@given(
    st.sampled_from(sorted(TYPES)).flatmap(
        lambda code: st.tuples(
            st.just(code),
            arrays(np.dtype(TYPES[code]), st.lists(st.integers(0, 5), min_size=1, max_size=4).map(tuple)),
        )
    )
)
def test_what_is_written_is_read(case: tuple[int, np.ndarray]) -> None:
    code, array = case
    made = parse(written(array, code), "x")
    assert made.shape == array.shape
    assert np.array_equal(made, array.astype(array.dtype.newbyteorder("=")), equal_nan=made.dtype.kind == "f")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        made = parse(content, "x")
    except BadData:
        return
    assert made.size * made.dtype.itemsize + 4 + 4 * made.ndim == len(content)


def test_a_header_that_promises_the_world_takes_no_memory() -> None:
    head = bytes([0, 0, 8, 3]) + b"\xff\xff\xff\xff" * 3
    with pytest.raises(BadData, match="4294967295 x 4294967295 x 4294967295 values"):
        parse(head + bytes(10), "x")


def test_images_become_files_that_lose_nothing() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 7), dtype=np.uint8)
    read_one = image.build({"mode": "L", "height": 5, "width": 7})
    made = [read_one(data) for data in as_maps(pixels, "x")]
    assert all(
        np.array_equal(one[0], expected)
        for one, expected in zip(made, pixels, strict=True)
        if one is not None
    )
    coloured = np.random.default_rng(1).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    one = image.build({"mode": "RGB", "height": 5, "width": 7})(as_maps(coloured, "x")[1])
    assert one is not None
    assert np.array_equal(one.transpose(1, 2, 0), coloured[1])


def pair(folder: Path, name: str, count: int, labels: int | None = None, packed: bool = True) -> None:
    pixels = np.random.default_rng(count).integers(0, 256, (count, 4, 4), dtype=np.uint8)
    pack = gzip.compress if packed else bytes
    end = ".gz" if packed else ""
    (folder / f"{name}-images-idx3-ubyte{end}").write_bytes(pack(written(pixels)))
    values = np.arange(count if labels is None else labels) % 3
    (folder / f"{name}-labels-idx1-ubyte{end}").write_bytes(pack(written(values.astype(np.uint8))))


def test_the_labels_are_found_beside(tmp_path: Path) -> None:
    pair(tmp_path, "t10k", 6)
    for source in (tmp_path, tmp_path / "t10k-images-idx3-ubyte.gz"):
        made = read(str(source))
        assert made.frame.columns == ["file", "image", "label"]
        assert made.frame["label"].to_list() == ["0", "1", "2"] * 2
        assert made.beside == ("file",)
        assert made.part is None


def test_two_pairs_are_the_parts(tmp_path: Path) -> None:
    pair(tmp_path, "train", 6, packed=False)
    pair(tmp_path, "t10k", 3, packed=False)
    made = read(str(tmp_path))
    assert made.part == "part"
    assert sorted(made.frame["part"].to_list()) == ["test"] * 3 + ["train"] * 6
    assert "the 3 of t10k-images-idx3-ubyte are the test" in made.said[0].message


def test_labels_of_another_number_are_refused(tmp_path: Path) -> None:
    pair(tmp_path, "train", 6, labels=5)
    with pytest.raises(BadData, match="holds 5 labels for 6 images"):
        read(str(tmp_path))


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    pair(tmp_path, "train", 6, packed=False)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadData, match="its header says 6 x 4 x 4 values, 96 bytes, and 95 follow"):
        read(str(tmp_path))


def test_the_shared_digits(shared_data: Path) -> None:
    made = read(str(shared_data / "image_classification" / "mnist_t10k"))
    assert made.frame.height == 10_000
    assert made.frame["label"].n_unique() == 10
