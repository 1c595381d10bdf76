"""Every page, read without a browser."""

from __future__ import annotations

import html
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelwright.live import deployment, settings
from modelwright.live.place import Place
from modelwright.live.settings import LogSettings
from modelwright.live.watch import outage
from modelwright.web.site import Site

if TYPE_CHECKING:
    Visitor = Any
    World = Any


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_the_first_page_says_how_each_model_does(visitor: Visitor, world: World) -> None:
    said = text(visitor.get("/"))
    assert '<a href="/live/toy">toy</a>' in said
    assert "not serving" in said
    assert "v2 as canary" in said
    assert ">620<" in said  # rows answered
    assert '1 <span class="soft small">(0.2%)' in said  # failures
    assert "2 open" in said
    assert "Newest runs" in said


def test_a_worker_that_renews_its_file_is_serving(visitor: Visitor, world: World) -> None:
    folder = world.toy.workers
    folder.mkdir(exist_ok=True)
    serial = deployment.read(world.toy).serial
    import time

    for number, at in ((1, time.time()), (2, time.time()), (3, time.time() - 60)):
        said = {"process": number, "serial": serial - (number == 2), "seen": at}
        (folder / f"{number}.json").write_text(json.dumps(said))
    said = text(visitor.get("/"))
    assert ">serving</span>" in said
    assert "2 workers, 1 behind" in said


def test_the_page_of_a_model_has_everything(visitor: Visitor, world: World) -> None:
    said = text(visitor.get("/live/toy"))
    latest = json.loads((world.toy.monitor / "latest.json").read_text())
    for condition in latest["conditions"]:
        assert condition["what"] in said
        assert condition["code"] in said
    for column in latest["columns"]:
        assert f'<th scope="row">{column["name"]}</th>' in said
    assert "accuracy >= 0.7" in said
    assert "alarm open" in said
    assert "goal 0.700" in said  # the threshold in the picture
    assert "Accuracy over time" in said
    assert "newest outcomes" in said
    version = json.loads((world.toy.versions / "v1" / "version.json").read_text())
    assert f'href="/runs/{version["run"]}"' in said
    assert version["data"][:8] in said
    assert version["goal"][:8] in said
    assert "Promote v2" in said
    assert "End the canary" in said
    assert "Roll back" not in said  # nothing has answered before v1
    assert "challenging" in said
    assert "first" in said  # the history's reason


@pytest.mark.parametrize("span", ["1 h", "24 h", "7 d", "30 d", "nonsense", ""])
def test_spans_of_time(visitor: Visitor, span: str) -> None:
    said = text(visitor.get("/live/toy", params={"span": span}))
    shown = span if span in ("1 h", "7 d", "30 d") else "24 h"
    assert f'aria-current="true">{shown}</a>' in said
    assert "<svg" in said


def test_the_numbers_stand_beside_the_pictures(visitor: Visitor) -> None:
    said = text(visitor.get("/live/toy"))
    assert said.count("<summary>The numbers</summary>") == 3
    assert said.count('<th scope="col">from (UTC)</th>') == 3


def test_drift_is_ranked_as_the_monitor_ranks_it(visitor: Visitor, world: World) -> None:
    latest = json.loads((world.toy.monitor / "latest.json").read_text())
    said = text(visitor.get("/live/toy"))
    said = said[said.index('id="drift"') :]
    places = [said.index(f'<th scope="row">{c["name"]}</th>') for c in latest["columns"]]
    assert places == sorted(places)
    assert len(places) == 3


def test_a_model_without_log_and_monitor_says_so(visitor: Visitor, world: World) -> None:
    place = Place.of(world.live, "new")
    deployment.deploy(place, deployment.add_version(place, world.toy.bundle("v1")), "first served")
    said = text(visitor.get("/live/new"))
    assert "The monitor has not looked yet" in said
    assert "The log holds nothing yet" in said
    assert "No challenger has been judged yet" in said
    assert not (place.folder / "log.db").exists()  # pages only look
    assert "not watched yet" in text(visitor.get("/"))


def test_without_anything_the_pages_say_how_to_begin(visitor: Visitor, tmp_path: Path) -> None:
    with type(visitor)(Site(tmp_path / "live", tmp_path / "runs")) as nobody:
        assert "modelwright serve BUNDLE" in text(nobody.get("/"))
        assert "modelwright run GOAL" in text(nobody.get("/runs"))


def test_a_decision_is_shown_with_its_evidence(visitor: Visitor, world: World) -> None:
    (path,) = world.toy.decisions.glob("*.json")
    data = json.loads(path.read_text())
    said = text(visitor.get(f"/live/toy/decisions/{path.stem}"))
    assert data["because"] in said
    for part in [data["comparison"]["overall"], *data["comparison"]["slices"]]:
        assert part["name"] in said
    for check in data["checks"]:
        assert check["what"] in said
    assert data["ids"][0] not in said
    assert data["rows"]["digest of the judged"] in said


def test_a_version_says_where_it_comes_from(visitor: Visitor, world: World) -> None:
    entry = json.loads((world.toy.versions / "v2" / "version.json").read_text())
    said = text(visitor.get("/live/toy/versions/v2"))
    for key in ("run", "data", "goal", "digest", "modelwright"):
        assert entry[key] in said
    assert f'href="/runs/{entry["run"]}/report.html"' in said
    assert "parent" in said  # from the bundle's own lineage


def test_runs_are_listed_with_their_verdicts(visitor: Visitor, world: World) -> None:
    said = text(visitor.get("/runs"))
    assert "2 runs" in said
    for run in (p for p in world.runs.iterdir() if (p / "state.json").is_file()):
        verdict = json.loads((run / "verdict.json").read_text())
        assert f'<a href="/runs/{run.name}">' in said
        assert f"{verdict['criteria'][0]['value']:.3f}" in said
    assert "accuracy >= 0.7" in said


def run_of(world: World, version: str = "v1") -> Path:
    entry = json.loads((world.toy.versions / version / "version.json").read_text())
    found: Path = world.runs / entry["run"]
    return found


def test_a_run_has_steps_leaderboard_and_log(visitor: Visitor, world: World) -> None:
    run = run_of(world)
    said = text(visitor.get(f"/runs/{run.name}"))
    steps = json.loads((run / "steps.json").read_text())
    assert len(steps) == 30
    for step in steps:
        assert step["name"] in said
    assert f'href="/runs/{run.name}/files/collect/record.json"' in said
    assert "toy-1" in said
    assert "in the model" in said
    assert "stage done" in said  # the log
    assert f'href="/runs/{run.name}/report.html"' in said


def test_a_run_that_was_cut_short_is_stopped(visitor: Visitor, world: World) -> None:
    run = run_of(world)
    state = json.loads((run / "state.json").read_text())
    (run / "state.json").write_text(json.dumps(state | {"status": "running", "verdict": None}))
    for name in ("verdict.json", "steps.json", "timings.json", "report.html", "leaderboard.csv"):
        (run / name).unlink()
    shutil.rmtree(run / "test")
    said = text(visitor.get(f"/runs/{run.name}"))
    assert "Stopped" in said
    assert "modelwright resume" in said
    assert "The whole report" not in said
    assert visitor.get(f"/runs/{run.name}/report.html").status_code == 404
    assert "stopped" in text(visitor.get("/runs"))


def test_files_of_a_run_are_plain_text(visitor: Visitor, world: World) -> None:
    run = run_of(world)
    answer = visitor.get(f"/runs/{run.name}/files/verdict.json")
    assert answer.json()["criteria"]
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert visitor.get(f"/runs/{run.name}/files/train/record.json").status_code == 200


def test_two_runs_are_compared(visitor: Visitor, world: World) -> None:
    first, second = (run_of(world, v).name for v in ("v1", "v2"))
    said = text(visitor.get("/compare", params={"run": [first, second]}))
    assert "bytes of the graph" in said
    assert "≠" in said
    answer = visitor.get("/compare", params={"run": [first]})
    assert answer.status_code == 400
    assert "Tick two runs, not 1." in answer.text
    assert visitor.get("/compare", params={"run": [first, "nothing"]}).status_code == 404


def test_a_list_of_many_runs_has_pages(visitor: Visitor, world: World) -> None:
    run = run_of(world)
    for number in range(60):
        copy = world.runs / f"{run.name}-{number:02}"
        copy.mkdir()
        for name in ("state.json", "verdict.json", "timings.json"):
            shutil.copy(run / name, copy)
    first, second = (text(visitor.get("/runs", params={"page": n})) for n in (1, 2))
    assert first.count('type="checkbox"') == 50
    assert second.count('type="checkbox"') == 12
    assert 'aria-current="page">2</a>' in second
    assert text(visitor.get("/runs", params={"page": "x"})).count('type="checkbox"') == 50


# --- what is damaged --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "monitor/latest.json", "monitor/alarms.jsonl", "history.jsonl", "versions/v1/version.json",
        "versions/v1/bundle/model.json", "decisions/0001.json", "live.json", "deployment.json",
        "monitor/log/conditions.json",
    ],
)  # fmt: skip
def test_a_damaged_file_fails_no_page(visitor: Visitor, world: World, path: str) -> None:
    (world.toy.folder / path).parent.mkdir(exist_ok=True)
    for content in ("{", "[]", "null", '"x"', "", "\x00\xff"):
        (world.toy.folder / path).write_text(content, encoding="latin-1")
        assert "toy" in text(visitor.get("/")), content
        said = text(visitor.get("/live/toy"))
        assert "toy" in said, content
        assert ("live.json of 'toy' cannot be read" in said) is (path == "live.json"), content
        for below in ("versions/v1", "decisions/0001", "promote/v2", "changes/1"):
            assert visitor.get(f"/live/toy/{below}").status_code in (200, 404, 409), (below, content)


@pytest.mark.parametrize(
    "latest",
    [
        {"columns": [{"name": None, "effect": "x"}, 3], "prediction": {"drifted": 1}, "accuracy": []},
        {"accuracy": {"accuracy >= 0.7": 3, "": {}, "roc_auc": {"value": float("inf"), "low": None}}},
        {"conditions": [{}], "quality": [{"missing": "x"}], "estimated": {"others": [{"value": 1}]}},
        {"service": {"goal": [{"criterion": ""}, {}], "latency": []}, "alarms": {"rate": "x"}, "retrain": 1},
    ],
)  # fmt: skip
def test_a_monitor_of_another_version_fails_no_page(visitor: Visitor, world: World, latest: Any) -> None:
    (world.toy.monitor / "latest.json").write_text(json.dumps({"at": "x", **latest}))
    assert "toy" in text(visitor.get("/"))
    assert "toy" in text(visitor.get("/live/toy"))


def test_a_database_that_does_not_answer_is_told(visitor: Visitor, world: World) -> None:
    kept = settings.read(world.toy)
    url = "postgresql://ann:secret@127.0.0.1:1/logs?connect_timeout=1"
    import dataclasses

    settings.write(world.toy, dataclasses.replace(kept, log=LogSettings(database=url)))
    said = text(visitor.get("/live/toy"))
    assert "does not answer" in said
    assert "secret" not in said
    assert "accuracy >= 0.7" in said  # the rest is there


def test_a_log_that_is_down_is_among_the_conditions(visitor: Visitor, world: World) -> None:
    outage.note(world.toy, "log.full", "no room on the disk")
    outage.note(world.toy, "log.down", "the server is gone")
    outage.note(world.toy, "log.full", None)
    for there in (True, False):
        said = text(visitor.get("/live/toy"))
        assert "the log cannot be written or read" in said
        assert "(the server is gone)" in said
        assert "no room on the disk" in said  # it has cleared
        assert ("accuracy >= 0.7" in said) or not there
        (world.toy.monitor / "latest.json").unlink(missing_ok=True)  # nobody has looked yet
    assert "1 open" in text(visitor.get("/"))


def test_a_damaged_run_fails_no_page(visitor: Visitor, world: World) -> None:
    run = run_of(world)
    for name in ("verdict.json", "timings.json", "steps.json", "leaderboard.csv", "evidence.jsonl"):
        (run / name).write_text("{")
    assert run.name in text(visitor.get("/runs"))
    assert "could not be read" in text(visitor.get(f"/runs/{run.name}"))


def test_what_others_wrote_is_shown_and_never_run(visitor: Visitor, world: World) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    deployment.challenge(world.toy, None, evil)
    latest = json.loads((world.toy.monitor / "latest.json").read_text())
    latest["columns"][0]["name"] = evil
    latest["conditions"][0] |= {"what": evil, "remedy": f"`{evil}`", "column": evil, "since": evil}
    latest["accuracy"] = {f"{evil} >= 0.5": latest["accuracy"]["accuracy >= 0.7"]}
    (world.toy.monitor / "latest.json").write_text(json.dumps(latest))
    (path,) = world.toy.decisions.glob("*.json")
    data = json.loads(path.read_text())
    data |= {"because": evil, evil: evil, "done": evil}
    path.write_text(json.dumps(data))
    for address in ("/", "/live/toy", f"/live/toy/decisions/{path.stem}", "/live/toy/changes/3"):
        said = visitor.get(address).text
        assert "<script>alert" not in said
        assert "<img" not in said
    assert "&lt;script&gt;alert" in said
