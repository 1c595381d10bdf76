from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadBundle
from modelwright.runtime.bundle import SCHEMA_VERSION, read
from modelwright.runtime.seal import sealed
from modelwright.testing.bundles import Made

FILES = (
    "DATA_CARD.md",
    "MODEL_CARD.md",
    "model.json",
    "model.onnx",
    "preprocess.json",
    "reference.json",
    "signature.json",
)
Copy = Callable[[Made], Path]


def reseal(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change model.json and count its digest again, as somebody would who means to deceive."""
    path = folder / "model.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["sha256"]
    change(data)
    path.write_bytes(sealed(data))


def test_a_whole_bundle_is_read(signed: Made) -> None:
    bundle = read(signed.bundle)
    assert bundle.manifest["schema_version"] == SCHEMA_VERSION
    assert sorted({*bundle.files, "model.json", "signature.json"}) == list(FILES)
    assert sorted(path.name for path in signed.bundle.iterdir()) == list(FILES)


@pytest.fixture(scope="session")
def victim(signed: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that is mended after each change."""
    return Path(shutil.copytree(signed.bundle, tmp_path_factory.mktemp("victim") / "bundle"))


@given(name=st.sampled_from(FILES), where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_one_changed_byte_is_refused_by_the_name_of_its_file(
    victim: Path, name: str, where: float, flip: int
) -> None:
    path = victim / name
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[int(where * len(whole))] ^= flip
    path.write_bytes(bytes(changed))
    try:
        with pytest.raises(BadBundle, match=name.replace(".", r"\.")):
            read(victim)
    finally:
        path.write_bytes(whole)
    assert read(victim).files


@given(name=st.sampled_from(FILES), where=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_is_refused(victim: Path, name: str, where: float) -> None:
    path = victim / name
    whole = path.read_bytes()
    path.write_bytes(whole[: int(where * len(whole))])
    try:
        with pytest.raises(BadBundle, match=name.replace(".", r"\.")):
            read(victim)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", [name for name in FILES if name != "signature.json"])
def test_a_missing_file_is_refused_by_name(signed: Made, copy_of: Copy, name: str) -> None:
    folder = copy_of(signed)
    (folder / name).unlink()
    with pytest.raises(BadBundle, match=name.replace(".", r"\.")) as found:
        read(folder)
    assert found.value.code == "bundle.missing-file"
    assert found.value.exit_code == 2


def test_a_file_too_many_is_refused_by_name(binary: Made, copy_of: Copy) -> None:
    folder = copy_of(binary)
    (folder / "model.pkl").write_bytes(b"x")
    with pytest.raises(BadBundle, match=r"model\.pkl") as found:
        read(folder)
    assert found.value.code == "bundle.extra-file"


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini", "._model.json"])
def test_what_systems_drop_into_folders_is_passed_over(binary: Made, copy_of: Copy, name: str) -> None:
    folder = copy_of(binary)
    (folder / name).write_bytes(b"x")
    assert read(folder).files


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "/etc/passwd",
        "a/b",
        "..",
        "",
        "C:\\x",
        "a\\b",
        "model.json",
        ".hidden",
        "x\n",
        "é",
        "a" * 200,
    ],
)
def test_names_that_lead_out_of_the_folder_are_refused(binary: Made, copy_of: Copy, name: str) -> None:
    folder = copy_of(binary)
    reseal(folder, lambda data: data["files"].update({name: {"bytes": 1, "sha256": "0" * 64}}))
    with pytest.raises(BadBundle) as found:
        read(folder)
    assert found.value.code == "bundle.outside"


def test_a_link_out_of_the_folder_is_refused(binary: Made, copy_of: Copy, tmp_path: Path) -> None:
    folder = copy_of(binary)
    moved = (folder / "model.onnx").rename(tmp_path / "elsewhere.onnx")
    (folder / "model.onnx").symlink_to(moved)
    with pytest.raises(BadBundle, match=r"model\.onnx") as found:
        read(folder)
    assert found.value.code == "bundle.outside"


def test_a_link_within_the_folder_is_a_file(binary: Made, copy_of: Copy) -> None:
    # Mounted configuration looks like this: every file is a link into a hidden folder beside it.
    folder = copy_of(binary)
    (folder / "..data").mkdir()
    (folder / "model.onnx").rename(folder / "..data" / "model.onnx")
    (folder / "model.onnx").symlink_to("..data/model.onnx")
    assert read(folder).files["model.onnx"] == (binary.bundle / "model.onnx").read_bytes()


def test_a_circle_of_links_is_refused(binary: Made, copy_of: Copy) -> None:
    folder = copy_of(binary)
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to("model.onnx")
    with pytest.raises(BadBundle, match=r"model\.onnx"):
        read(folder)


def test_a_folder_in_place_of_a_file_is_refused(binary: Made, copy_of: Copy) -> None:
    folder = copy_of(binary)
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").mkdir()
    with pytest.raises(BadBundle, match=r"model\.onnx"):
        read(folder)


def test_a_bundle_from_the_future_is_refused_with_the_version_that_reads_it(
    binary: Made, copy_of: Copy
) -> None:
    folder = copy_of(binary)

    def later(data: dict[str, Any]) -> None:
        data["schema_version"] = SCHEMA_VERSION + 1
        data["versions"]["modelwright"] = "9.9"

    reseal(folder, later)
    with pytest.raises(BadBundle, match="schema version 2") as found:
        read(folder)
    assert found.value.code == "bundle.future"
    assert "9.9" in found.value.hint


@pytest.mark.parametrize("version", [0, -1, None, "1", 1.5, True])
def test_a_version_that_never_was_is_refused(binary: Made, copy_of: Copy, version: object) -> None:
    folder = copy_of(binary)
    reseal(folder, lambda data: data.update(schema_version=version))
    with pytest.raises(BadBundle, match=r"model\.json") as found:
        read(folder)
    assert found.value.code == "bundle.damaged"


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"{}"])
def test_a_model_json_that_is_none(binary: Made, copy_of: Copy, content: bytes) -> None:
    folder = copy_of(binary)
    (folder / "model.json").write_bytes(content)
    with pytest.raises(BadBundle, match=r"model\.json"):
        read(folder)


@pytest.mark.parametrize("files", [None, [], {}, {"model.onnx": 1}, {"model.onnx": {"bytes": "1"}}])
def test_a_list_of_files_that_is_none(binary: Made, copy_of: Copy, files: object) -> None:
    folder = copy_of(binary)
    reseal(folder, lambda data: data.update(files=files))
    with pytest.raises(BadBundle, match=r"model\.json"):
        read(folder)


def test_no_bundle_there(tmp_path: Path) -> None:
    with pytest.raises(BadBundle, match="does not exist"):
        read(tmp_path / "nothing")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadBundle, match="is a file"):
        read(tmp_path / "file")
    with pytest.raises(BadBundle, match=r"no model\.json"):
        read(tmp_path)


# --- signatures -------------------------------------------------------------------------------------------


def test_unsigned_is_said(binary: Made) -> None:
    bundle = read(binary.bundle)
    assert (bundle.signed, bundle.public_key) == ("not signed", None)


def test_signed_by_the_trusted_key(signed: Made, key: tuple[Path, str]) -> None:
    bundle = read(signed.bundle, trust=key[1].upper())
    assert bundle.signed == "signed by the trusted key"
    assert bundle.public_key == key[1]


def test_signed_by_a_key_that_nobody_vouched_for(signed: Made, key: tuple[Path, str]) -> None:
    bundle = read(signed.bundle)
    assert "nobody vouched for" in bundle.signed
    assert bundle.public_key == key[1]


def test_another_key_is_refused(signed: Made) -> None:
    with pytest.raises(BadBundle) as found:
        read(signed.bundle, trust="00" * 32)
    assert found.value.code == "bundle.other-key"


def test_a_signature_that_is_asked_for_must_be_there(binary: Made, key: tuple[Path, str]) -> None:
    with pytest.raises(BadBundle) as found:
        read(binary.bundle, trust=key[1])
    assert found.value.code == "bundle.unsigned"


def test_tampering_that_hashes_cannot_see_is_seen_by_the_signature(
    signed: Made, binary: Made, copy_of: Copy, key: tuple[Path, str]
) -> None:
    def better(data: dict[str, Any]) -> None:
        data["reason"] = "Released: it is perfect."

    plain = copy_of(binary)
    reseal(plain, better)
    assert read(plain).manifest["reason"] == "Released: it is perfect."
    shutil.rmtree(plain)
    folder = copy_of(signed)
    reseal(folder, better)
    for trust in (None, key[1]):
        with pytest.raises(BadBundle) as found:
            read(folder, trust=trust)
        assert found.value.code == "bundle.bad-signature"


def test_without_cryptography_it_is_said(
    signed: Made, key: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    bundle = read(signed.bundle)
    assert "cryptography is not installed" in bundle.signed
    assert bundle.public_key is None
    with pytest.raises(BadBundle, match="cryptography is not installed") as found:
        read(signed.bundle, trust=key[1])
    assert found.value.hint == "pip install cryptography"
