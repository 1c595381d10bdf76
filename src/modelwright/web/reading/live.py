"""A live model as its folder tells: what answers, since when, which versions there are, what was decided."""

from __future__ import annotations

import re
from typing import Any

from modelwright.core.errors import BadInput
from modelwright.live import deployment
from modelwright.live.place import Place, every
from modelwright.web.reading.files import lines_of, object_of
from modelwright.web.reading.traffic import Window, log_of
from modelwright.web.reading.watched import criterion, watched
from modelwright.web.refusal import Refused
from modelwright.web.site import Site
from modelwright.web.views import Accuracy, Change, Decided, Live, Version

_VERSION = re.compile(r"v[1-9][0-9]{0,8}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,150}", re.ASCII)


def find(site: Site, name: str) -> Place:
    """The place of a live model of the site; :class:`Refused` where there is none of that name."""
    try:
        place = Place.of(site.live, name)
    except BadInput as error:
        raise Refused(404, "There is no such live model") from error
    if not place.deployment.is_file():
        raise Refused(404, f"There is no live model {name!r}", "The list of live models has those that are.")
    return place


def all_live(site: Site, window: Window) -> tuple[Live, ...]:
    """Every live model, those that need somebody first."""
    found = [read(place, window) for place in every(site.live)]
    return tuple(sorted(found, key=lambda m: (not (m.open and m.workers), not m.workers, m.name)))


def read(place: Place, window: Window) -> Live:
    """A live model as it stands. Never fails: what cannot be read is a note."""
    notes: list[str] = []
    try:
        now = deployment.read(place)
    except BadInput as error:
        notes.append(error.message)
        now = deployment.Deployment(0, "")
    workers = deployment.alive(place)
    log = log_of(place)
    traffic = log.total(window)
    notes += log.notes
    return Live(
        name=place.name,
        champion=now.champion,
        serial=now.serial,
        previous=now.previous,
        challenger=now.challenger.version if now.challenger else "",
        mode=now.challenger.mode if now.challenger else "",
        share=now.challenger.share if now.challenger else 0.0,
        changed=now.changed,
        why=now.why,
        workers=len(workers),
        behind=sum(1 for w in workers if _serial(w) < now.serial),
        watched=watched(place, now.champion) if now.champion else None,
        traffic=traffic,
        notes=tuple(notes),
    )


def _serial(worker: dict[str, Any]) -> int:
    found = worker.get("serial", 0)
    return found if isinstance(found, int) else 0


def versions(place: Place, model: Live, runs: frozenset[str]) -> tuple[Version, ...]:
    """Every version, newest first."""
    if not place.versions.is_dir():
        return ()
    names = [p.name for p in place.versions.iterdir() if _VERSION.fullmatch(p.name)]
    names.sort(key=lambda name: int(name[1:]), reverse=True)
    found = []
    for name in names:
        if not (place.versions / name / "version.json").is_file():
            continue  # a copy that is not whole yet
        data = object_of(place.versions / name / "version.json")
        run = str(data.get("run") or "")
        found.append(
            Version(
                name=name,
                state=_state(name, model),
                added=str(data.get("added") or ""),
                verdict=str(data.get("verdict") or ""),
                run=run,
                run_known=run in runs,
                data=str(data.get("data") or ""),
                goal=str(data.get("goal") or ""),
                code=str(data.get("modelwright") or ""),
                digest=str(data.get("digest") or ""),
            )
        )
    return tuple(found)


def _state(name: str, model: Live) -> str:
    if name == model.champion:
        return "champion"
    if name == model.challenger:
        return model.mode
    return "previous" if model.previous and name == model.previous[0] else ""


def version(place: Place, name: str) -> dict[str, Any]:
    """The bundle's manifest of a version; :class:`Refused` where there is none."""
    if not _VERSION.fullmatch(name) or not (place.versions / name / "version.json").is_file():
        raise Refused(404, f"{place.name!r} has no version {name!r}", "Its page lists those that it has.")
    return object_of(place.bundle(name) / "model.json")


def manifest(place: Place, name: str) -> dict[str, Any]:
    """As :func:`version`; empty where there is none."""
    return object_of(place.bundle(name) / "model.json") if _VERSION.fullmatch(name) else {}


def criteria(data: dict[str, Any]) -> tuple[Accuracy, ...]:
    """The criteria of a bundle's manifest, as its test judged them."""
    test = data.get("test")
    items = test.get("criteria") if isinstance(test, dict) else None
    return tuple(criterion(c) for c in items if isinstance(c, dict)) if isinstance(items, list) else ()


def history(place: Place, most: int = 50) -> tuple[Change, ...]:
    """Changes of what answers, newest first."""
    found = []
    for line in reversed(lines_of(place.history)[-most:]):
        challenger = line.get("challenger")
        tried = ""
        if isinstance(challenger, dict):
            tried = f"{challenger.get('version', '')} ({challenger.get('mode', '')})"
        serial = line.get("serial")
        found.append(
            Change(
                serial=serial if isinstance(serial, int) else 0,
                at=str(line.get("changed") or ""),
                champion=str(line.get("champion") or ""),
                challenger=tried,
                why=str(line.get("why") or ""),
            )
        )
    return tuple(found)


def decisions(place: Place) -> tuple[Decided, ...]:
    """Records of champion against challenger, newest first."""
    if not place.decisions.is_dir():
        return ()
    found = [decided(path.stem, object_of(path)) for path in sorted(place.decisions.glob("[0-9]*.json"))]
    return tuple(d for d in reversed(found) if d.data)


def decision(place: Place, key: str) -> Decided:
    """One record; :class:`Refused` where there is none of that name."""
    path = place.decisions / f"{key}.json"
    if not _KEY.fullmatch(key) or not path.is_file():
        raise Refused(404, f"{place.name!r} has no decision {key!r}")
    return decided(key, object_of(path))


def decided(key: str, data: dict[str, Any]) -> Decided:
    def of(who: str) -> str:
        one = data.get(who)
        return str(one.get("version") or one.get("run") or "") if isinstance(one, dict) else ""

    number = data.get("number")
    return Decided(
        key=key,
        number=number if isinstance(number, int) else 0,
        at=str(data.get("at") or ""),
        kind=str(data.get("kind") or ""),
        action=str(data.get("action") or ""),
        because=str(data.get("because") or ""),
        why=str(data.get("why") or ""),
        done=str(data.get("done") or ""),
        champion=of("champion"),
        challenger=of("challenger"),
        data=data,
    )
