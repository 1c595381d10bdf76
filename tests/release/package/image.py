"""An image built and run without an engine: our own Dockerfile's steps, in namespaces of Linux.

Usage (as root, under ``unshare --mount --net --fork``): ``image.py CONTEXT WORK WHEELS PREFIX``, and then one
JSON command a line on standard input; each is answered by one JSON line. The base image is stood in for
by this machine's system, read-only, with the Python of ``PREFIX`` at /usr/local, as python:slim has it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

SYSTEM = ("usr", "etc", "bin", "sbin", "lib", "lib64", "lib32", "libx32")


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


class Stage:
    """One ``FROM``: a folder that is the root of a file system, and what the instructions said so far."""

    def __init__(self, root: Path, prefix: Path) -> None:
        self.root = root
        self.env = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin", "LANG": "C.UTF-8"}
        # The base image has told its loader where its Python's library lies; here the environment does.
        self.env["LD_LIBRARY_PATH"] = "/usr/local/lib"
        self.workdir = "/"
        self.said: dict[str, Any] = {"LABEL": {}, "VOLUME": [], "EXPOSE": []}
        root.mkdir(parents=True)
        for name in SYSTEM:
            held = Path("/") / name
            if held.is_symlink():
                (root / name).symlink_to(os.readlink(held))
            elif held.is_dir():
                (root / name).mkdir()
                run("mount", "--bind", str(held), str(root / name))
                run("mount", "-o", "remount,bind,ro", str(root / name))
        run("mount", "--bind", str(prefix), str(root / "usr" / "local"))
        run("mount", "-o", "remount,bind,ro", str(root / "usr" / "local"))
        # As python:slim: pip, and no other library. Whatever this machine's Python has besides stays hidden.
        (library,) = (root / "usr/local/lib").glob("python3.*/ensurepip")
        clean = root.with_name(f"{root.name}-library")
        clean.mkdir()
        with zipfile.ZipFile(next((library / "_bundled").glob("pip-*.whl"))) as pip:
            pip.extractall(clean)
        run("mount", "--bind", str(clean), str(library.parent / "site-packages"))
        for name in ("dev", "proc", "tmp", "opt"):
            (root / name).mkdir()
        run("mount", "--rbind", "/dev", str(root / "dev"))
        run("mount", "-t", "proc", "proc", str(root / "proc"))
        run("mount", "-t", "tmpfs", "tmpfs", str(root / "tmp"))

    def made(self) -> list[Path]:
        """What the instructions wrote: the top folders that are not of the base."""
        base = {*SYSTEM, "dev", "proc", "tmp"}
        return [path for path in sorted(self.root.iterdir()) if path.name not in base]


def instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text))
    lines = [line.strip() for line in joined.splitlines() if line.strip()]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def build(context: Path, work: Path, wheels: Path, prefix: Path) -> Stage:
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for word, rest in instructions((context / "Dockerfile").read_text()):
        if word == "ARG":
            continue
        if word == "FROM":
            stage = Stage(work / f"stage{len(stages)}", prefix)
            stages[rest.split()[-1]] = stage
            continue
        assert stage is not None
        if word == "RUN":
            # The index cannot be reached from here: the same wheels come from a folder.
            (stage.root / "wheelhouse").mkdir(exist_ok=True)
            run("mount", "--bind", str(wheels), str(stage.root / "wheelhouse"))
            env = {**stage.env, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheelhouse", "HOME": "/tmp"}
            done = subprocess.run(
                ["chroot", str(stage.root), "/bin/sh", "-c", f"cd {shlex.quote(stage.workdir)} && {rest}"],
                env=env, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                raise RuntimeError(f"RUN failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
            run("umount", str(stage.root / "wheelhouse"))
            (stage.root / "wheelhouse").rmdir()
        elif word == "COPY":
            words = rest.split()
            source = context
            if words[0].startswith("--from="):
                source = stages[words.pop(0).removeprefix("--from=")].root
            copy(source, words[0], stage, words[1])
        elif word == "WORKDIR":
            stage.workdir = rest
            (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            for item in shlex.split(rest):
                name, _, value = item.partition("=")
                stage.env[name] = value.replace("$PATH", stage.env["PATH"])
        elif word == "LABEL":
            stage.said["LABEL"] |= dict(item.split("=", 1) for item in shlex.split(rest))
        elif word == "HEALTHCHECK":
            stage.said[word] = json.loads(rest[rest.index("[") :])
        elif word in ("ENTRYPOINT", "CMD"):
            stage.said[word] = json.loads(rest)
        elif word == "VOLUME":
            stage.said[word] += json.loads(rest)
        elif word in ("USER", "STOPSIGNAL", "EXPOSE"):
            stage.said[word] = rest
        else:
            raise RuntimeError(f"the instruction {word} is not known here")
    assert stage is not None
    return stage


def copy(source: Path, what: str, stage: Stage, where: str) -> None:
    target = stage.root / (where if where.startswith("/") else f"{stage.workdir}/{where}").lstrip("/")
    found = source / what.strip("/")
    if found.is_dir():
        shutil.copytree(found, target, symlinks=True, dirs_exist_ok=True)
    else:
        target = target / found.name if where.endswith("/") else target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, target)


class Container:
    """The image's command, as its user, on a read-only root, with the volume and /tmp to write to."""

    def __init__(self, stage: Stage, volumes: Path) -> None:
        self.stage = stage
        user, group = stage.said["USER"].split(":")
        for volume in stage.said["VOLUME"]:
            held = volumes / volume.strip("/")
            inside = stage.root / volume.lstrip("/")
            # A named volume begins as a copy of what the image has there, its owner included.
            shutil.copytree(inside, held)
            shutil.copystat(inside, held)
            os.chown(held, inside.stat().st_uid, inside.stat().st_gid)
            run("mount", "--bind", str(held), str(inside))
        # A second view of the same files: its root is read-only, what is mounted inside stays as it is.
        self.root = stage.root.with_name("view")
        self.root.mkdir()
        run("mount", "--rbind", str(stage.root), str(self.root))
        run("mount", "-o", "remount,bind,ro", str(self.root))
        self.drop = [
            "setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--no-new-privs",
            "--inh-caps=-all", "--bounding-set=-all",
        ]  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, inside: list[str]) -> list[str]:
        # setpriv drops everything after the change of root, which needs a capability.
        script = f"cd {self.stage.workdir} && exec {shlex.join([*self.drop, *inside])}"
        return ["chroot", str(self.root), "/bin/sh", "-c", script]

    def start(self, log: Path, env: dict[str, str]) -> None:
        words = [*self.stage.said["ENTRYPOINT"], *self.stage.said["CMD"]]
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command(words), env={**self.stage.env, **env}, stdout=out, stderr=out,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def execute(self, words: list[str], env: dict[str, str] | None = None) -> tuple[int, str]:
        done = subprocess.run(
            self.command(words), env={**self.stage.env, **(env or {})}, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(getattr(signal, self.stage.said["STOPSIGNAL"]))
        return self.process.wait(60)


def ask(method: str, path: str, body: Any) -> tuple[int, str]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:8000{path}", data, {"Content-Type": "application/json"}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def size(path: Path) -> int:
    """Bytes on disk of a folder, each file once."""
    return sum(file.lstat().st_blocks * 512 for file in path.rglob("*") if not file.is_dir())


def main() -> None:
    context, work, wheels, prefix = map(Path, sys.argv[1:5])
    run("mount", "--make-rprivate", "/")
    run("ip", "link", "set", "lo", "up")
    began = time.monotonic()
    stage = build(context, work, wheels, prefix)
    sizes = {path.name: size(path) for path in stage.made()}
    libraries = stage.root / "opt/modelwright/lib"
    site = next(libraries.glob("python*/site-packages"))
    parts = {path.name: size(path) for path in site.iterdir() if path.is_dir()}
    facts = {
        "built": time.monotonic() - began, "sizes": sizes, "parts": parts, "said": stage.said,
        "bin": sorted(path.name for path in (stage.root / "opt/modelwright/bin").iterdir()),
    }  # fmt: skip
    print(json.dumps(facts), flush=True)
    container = Container(stage, work / "volumes")
    log = work / "container.log"
    for line in sys.stdin:
        asked = json.loads(line)
        what = asked.pop("do")
        answer: Any
        if what == "start":
            container.start(log, asked.get("env", {}))
            answer = None
        elif what == "ready":
            until = time.monotonic() + 60
            answer = (0, "")
            while time.monotonic() < until and container.process and container.process.poll() is None:
                answer = ask("GET", "/readyz", None)
                if answer[0] == 200:
                    break
                time.sleep(0.1)
            answer = (*answer, log.read_text())
        elif what == "http":
            answer = ask(asked["method"], asked["path"], asked.get("body"))
        elif what == "exec":
            answer = container.execute(asked["words"], asked.get("env"))
        elif what == "stop":
            answer = (container.stop(), log.read_text())
        else:
            raise RuntimeError(what)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
