"""The folder that is written: whole or not at all, and never over what is not ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelwright.cli.main import call
from modelwright.core.errors import BadBundle, BadInput, Unsupported
from modelwright.release.package import TARGETS, Wishes, make
from modelwright.release.package import edge as edge_module

QUICK = ["docker", "edge", "monitoring", "github"]


def everything(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_each_target_has_a_folder_and_the_record_says_all(penguins: Path, tmp_path: Path) -> None:
    told: list[str] = []
    record = make(
        penguins, ["github", "edge", "docker", "edge", "monitoring"], tmp_path / "out", say=told.append
    )
    assert told == ["writing docker", "writing edge", "writing monitoring", "writing github"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["PACKAGE.json", *sorted(QUICK)]
    written = json.loads((tmp_path / "out" / "PACKAGE.json").read_text())
    assert written == json.loads(json.dumps(record))
    assert set(written["files"]) == set(everything(tmp_path / "out")) - {"PACKAGE.json"}
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_the_same_bundle_gives_the_same_bytes(penguins: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        make(penguins, QUICK, tmp_path / name)
    assert everything(tmp_path / "one") == everything(tmp_path / "two")


def test_nothing_that_is_written_names_this_machine(penguins: Path, tmp_path: Path) -> None:
    make(penguins, QUICK, tmp_path / "out")
    for name, content in everything(tmp_path / "out").items():
        assert str(tmp_path).encode() not in content, name
        assert str(Path.home()).encode() + b"/" not in content, name


def test_our_own_folder_is_written_anew_unless_somebody_changed_it(penguins: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(penguins, ["github"], out)
    make(penguins, ["monitoring"], out)
    assert not (out / "github").exists()
    (out / "monitoring" / "mine.yml").write_text("by hand")
    with pytest.raises(BadInput) as caught:
        make(penguins, ["github"], out)
    assert caught.value.code == "package.changed"
    assert "monitoring/mine.yml" in caught.value.message
    assert (out / "monitoring" / "mine.yml").read_text() == "by hand"


@pytest.mark.parametrize("there", ["a file", "a folder", "a link", "a broken record"])
def test_what_is_not_ours_stays(penguins: Path, tmp_path: Path, there: str) -> None:
    out = tmp_path / "out"
    if there == "a file":
        out.write_text("mine")
    elif there == "a link":
        (tmp_path / "other").mkdir()
        out.symlink_to(tmp_path / "other")
    else:
        out.mkdir()
        (out / "mine").write_text("mine")
        if there == "a broken record":
            (out / "PACKAGE.json").write_text('{"made_by": "modelwright package"}')
    with pytest.raises(BadInput) as caught:
        make(penguins, ["github"], out)
    assert caught.value.code == "package.exists"
    if there in ("a folder", "a broken record"):
        assert (out / "mine").read_text() == "mine"


def test_an_empty_folder_is_taken(penguins: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    make(penguins, ["github"], tmp_path / "out")
    assert (tmp_path / "out" / "github").is_dir()


def test_a_target_that_fails_leaves_nothing(
    penguins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(penguins, ["github"], tmp_path / "out")
    before = everything(tmp_path / "out")
    monkeypatch.setattr(edge_module, "CARRIED", frozenset({"strip"}))
    with pytest.raises(Unsupported) as caught:
        make(penguins, ["docker", "edge"], tmp_path / "out")
    assert caught.value.code == "package.edge-operation"
    assert "missing, number" in caught.value.message
    assert everything(tmp_path / "out") == before
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


@pytest.mark.parametrize(
    ("targets", "wishes", "code"),
    [
        (["dokcer"], Wishes(), "package.target"),
        ([], Wishes(), "package.target"),
        (["docker"], Wishes(database="postgresql://ann:secret@host/log"), "package.secret"),
        (["docker"], Wishes(database="env:NO GOOD"), "package.environment"),
        (["kubernetes"], Wishes(replicas=2), "package.replicas"),
        (["kubernetes"], Wishes(replicas=0), "package.count"),
        (["docker"], Wishes(workers=0), "package.count"),
    ],
)
def test_refusals(penguins: Path, tmp_path: Path, targets: list[str], wishes: Wishes, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        make(penguins, targets, tmp_path / "out", wishes)
    assert caught.value.code == code
    assert "secret" not in caught.value.message.replace("--", "")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_bundle_is_refused(penguins: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(penguins, tmp_path / "bundle")
    (tmp_path / "bundle" / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(BadBundle):
        make(tmp_path / "bundle", ["github"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command(
    penguins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(["package", str(penguins), "--for", "github", "--for", "monitoring"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1] == "7 files in toy-package"
    assert call(["package", str(penguins), "--for", "github", "-o", "other", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] == "other"
    assert told["targets"] == {"github": {"workflow": "toy.yml"}}
    assert call(["package", str(penguins), "--for", "dockr", "-o", "third"]) == 2
    assert "did you mean 'docker'?" in capsys.readouterr().err
    assert TARGETS == ("docker", "kubernetes", "edge", "monitoring", "github")
