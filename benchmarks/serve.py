"""How many single rows a second a server answers, beside the barest handler of the same model.

    .venv/bin/python benchmarks/serve.py [--rounds 9] [--seconds 5] [--mlflow PYTHON] [--quick]

Servers, each one process with uvicorn, uvloop and httptools, of the same bundle:

``bare``      a FastAPI route that takes a dict, fills the graph's tensors, runs it, and answers a dict:
              nothing is checked, counted or logged
``quiet``     ours, with a journal that keeps nothing: checks, warnings, keys, limits and counters stay
``worker``    ours, as a worker runs it: each answer is in the journal file before it is sent
``served``    ``modelwright serve BUNDLE --workers 1``: the same, with the keeper that moves the journal to
              the database and watches, in a process of its own
``mlflow``    MLflow's scoring server with a scikit-learn pipeline of the same family on the same columns
              (``--mlflow``: a Python with mlflow and scikit-learn)

Rounds are paired and interleaved: in each, every server is loaded in turn, in an order that is drawn, by wrk
from another process; the others wait (``served`` is stopped meanwhile, so that what its keeper has left to do
falls into its own time). Requests a second are measured with 16 connections, latencies with 1. Ratios and
differences are taken within rounds, and their medians are shown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import ADULT, load, save, show

LUA = """
local rows = {%s}
local n = 0
request = function()
  n = n %% #rows + 1
  return wrk.format("POST", "%s", {["Content-Type"] = "application/json"}, rows[n])
end
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read
  bad = bad + summary.errors.write + summary.errors.timeout
  local form = '\\n{"requests": %%d, "micros": %%d, "p50": %%d, "p99": %%d, "bad": %%d}\\n'
  io.write(string.format(form,
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), bad))
end
"""
ROWS = 4000
COLUMNS = (
    "age workclass fnlwgt education education_num marital_status occupation relationship race sex "
    "capital_gain capital_loss hours_per_week native_country income"
).split()


def table() -> tuple[pl.DataFrame, str]:
    """Adult census where it is here; else made-up columns of the same kinds."""
    if ADULT.exists():
        frame = pl.read_csv(ADULT, n_rows=ROWS, infer_schema_length=ROWS, has_header=False)
        frame.columns = COLUMNS
        return frame.with_columns(pl.col(pl.String).str.strip_chars()), COLUMNS[-1]
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {f"n{i}": rng.normal(size=ROWS).round(3) for i in range(6)}
    columns |= {f"c{i}": rng.choice(list("abcdefgh"), ROWS) for i in range(8)}
    columns["target"] = np.where(columns["n0"] + rng.normal(size=ROWS) > 0, "yes", "no")
    return pl.DataFrame(columns), "target"


def bare(bundle: Path, port: int) -> None:
    import onnxruntime as ort
    import uvicorn
    from fastapi import FastAPI

    about = json.loads((bundle / "model.json").read_text())
    classes, tensors = about["classes"], about["tensors"]
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(bundle / "model.onnx", options, providers=["CPUExecutionProvider"])
    app = FastAPI()

    @app.post("/predict")
    async def predict(row: dict[str, Any]) -> dict[str, Any]:
        feeds: dict[str, Any] = {}
        if tensors["numbers"]:
            feeds["numbers"] = np.array([[row[n] for n in tensors["numbers"]]], dtype=np.float64)
        if tensors["strings"]:
            feeds["strings"] = np.array([[row[n] for n in tensors["strings"]]], dtype=object)
        label, chances = session.run(["label", "probabilities"], feeds)
        return {
            "prediction": classes[int(label[0])],
            "probabilities": dict(zip(classes, chances[0].tolist(), strict=True)),
        }

    uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_level="error", access_log=False)


def ours(bundle: Path, port: int, *, quiet: bool) -> None:
    import uvicorn

    from modelwright.live import deployment
    from modelwright.live.log.journal import Journal
    from modelwright.live.place import Place
    from modelwright.live.process.models import Models
    from modelwright.live.serve.app import build_app
    from modelwright.live.serve.counters import Counters
    from modelwright.live.serve.served import prepare
    from modelwright.live.settings import Settings

    class Nothing:
        full = False

        def append(self, entries: Any) -> None:
            """Keep nothing."""

    with tempfile.TemporaryDirectory() as folder:
        place = Place.of(Path(folder), "bench")
        deployment.deploy(place, deployment.add_version(place, bundle), "benchmark")
        models = Models([place], prepare)
        models.open()
        journal = Nothing() if quiet else Journal(place.journal, "w0", most=10**11)
        counters = Counters(place.folder / "counters", "w0")
        app = build_app(models, {"bench": journal}, {"bench": Settings("bench")}, {"bench": place}, counters)
        config = {"loop": "uvloop", "http": "httptools", "ws": "none", "lifespan": "off"}
        uvicorn.run(
            app, port=port, log_level="error", access_log=False, server_header=False, **config
        )  # fmt: skip


MLFLOW = """
import json, sys
import mlflow.sklearn
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
data, target, out = sys.argv[1:]
frame = pd.read_csv(data)
X, y = frame.drop(columns=target), frame[target]
words = list(X.select_dtypes(exclude="number"))
numbers = [c for c in X if c not in words]
steps = ColumnTransformer([("n", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
                           ("w", OneHotEncoder(handle_unknown="ignore"), words)])
model = make_pipeline(steps, LogisticRegression(max_iter=500)).fit(X, y)
mlflow.sklearn.save_model(model, out, skops_trusted_types=["numpy.dtype"])
"""


class Running:
    """One server in a process group of its own."""

    def __init__(self, name: str, command: list[str], port: int, ready: str) -> None:
        self.name, self.port = name, port
        # MLflow looks for uvicorn on the path.
        path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
        env = {**os.environ, "PATH": path}
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True, env=env)
        until = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=1):
                    return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > until:
                    self.end()
                    raise SystemExit(f"{name} does not start") from error
                time.sleep(0.2)

    def signal(self, which: signal.Signals) -> None:
        os.killpg(self.process.pid, which)

    def end(self) -> None:
        """The whole group: a server may have started others."""
        for which in (signal.SIGCONT, signal.SIGTERM, signal.SIGKILL):
            try:
                self.signal(which)
                if which is not signal.SIGCONT:
                    self.process.wait(20)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def loaded(server: Running, script: Path, seconds: float, connections: int) -> dict[str, float]:
    """One run of wrk; requests a second and latencies in microseconds."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(script)]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{server.port}"], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout.strip().splitlines()[-1])
    if said["bad"]:
        raise SystemExit(f"{server.name}: {said['bad']} requests failed\n{done.stdout}")
    return {"rate": said["requests"] / said["micros"] * 1e6, "p50": said["p50"], "p99": said["p99"]}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start(
    made: list[Running],
    bundle: Path,
    folder: Path,
    kinds: list[str],
    mlflow: str | None,
    raw: Path,
    target: str,
) -> None:
    """Add each server to ``made`` as soon as it runs, so that whatever fails, all are ended."""
    for kind in kinds:
        port = free_port()
        command = [sys.executable, __file__, "--be", kind, "--bundle", str(bundle), "--port", str(port)]
        ready = "/openapi.json"
        if kind == "served":
            program = str(Path(sys.executable).with_name("modelwright"))
            command = [program, "serve", str(bundle), "--port", str(port), "--workers", "1"]
            command += ["--live", str(folder / "live")]
            ready = "/readyz"
        if kind == "mlflow":
            assert mlflow
            model = folder / "mlflow-model"
            subprocess.run([mlflow, "-c", MLFLOW, str(raw), target, str(model)], check=True)
            command = [mlflow, "-m", "mlflow", "models", "serve", "-m", str(model), "--env-manager", "local"]
            command += ["-p", str(port), "--workers", "1"]
            ready = "/ping"
        made.append(Running(kind, command, port, ready))


def measure(servers: list[Running], scripts: dict[str, Path], rounds: int, seconds: float) -> dict[str, Any]:
    random.seed(0)
    found: dict[str, list[dict[str, float]]] = {server.name: [] for server in servers}
    for server in servers:
        loaded(server, scripts[server.name], min(2.0, seconds), 8)  # warm
        server.signal(signal.SIGSTOP)
    for number in range(rounds):
        for server in random.sample(servers, len(servers)):
            server.signal(signal.SIGCONT)
            time.sleep(0.1)
            many = loaded(server, scripts[server.name], seconds, 16)
            one = loaded(server, scripts[server.name], seconds, 1)
            server.signal(signal.SIGSTOP)
            found[server.name].append({"rate": many["rate"], "p50": one["p50"], "p99": one["p99"]})
        print(f"round {number + 1}: ", {k: round(v[-1]["rate"]) for k, v in found.items()}, flush=True)
    middle = statistics.median
    rows = []
    for name, some in found.items():
        row: dict[str, Any] = {"server": name}
        row["requests/s"] = round(middle(one["rate"] for one in some))
        against = found["bare"]
        row["of bare"] = round(middle(a["rate"] / b["rate"] for a, b in zip(some, against, strict=True)), 3)
        row["p50 us"] = round(middle(one["p50"] for one in some))
        row["p99 us"] = round(middle(one["p99"] for one in some))
        if "quiet" in found:
            pairs = zip(some, found["quiet"], strict=True)
            row["p99 over quiet us"] = round(middle(a["p99"] - b["p99"] for a, b in pairs))
        if "mlflow" in found:
            pairs = zip(some, found["mlflow"], strict=True)
            row["of mlflow"] = round(middle(a["rate"] / b["rate"] for a, b in pairs), 2)
        rows.append(row)
    return {"table": rows, "rounds": found}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--mlflow", help="a Python with mlflow and scikit-learn")
    parser.add_argument("--servers", default="bare,quiet,worker,served")
    parser.add_argument("--families", default="logistic,lightgbm")
    parser.add_argument("--quick", action="store_true", help="two short rounds; nothing is written")
    parser.add_argument("--be", choices=("bare", "quiet", "worker"), help=argparse.SUPPRESS)
    parser.add_argument("--bundle", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.be == "bare":
        return bare(given.bundle, given.port)
    if given.be:
        return ours(given.bundle, given.port, quiet=given.be == "quiet")
    from modelwright.testing.bundles import make_run

    # A run that is told to end ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    before = load()
    rounds, seconds = (2, 1.0) if given.quick else (given.rounds, given.seconds)
    kinds = [*given.servers.split(","), *(["mlflow"] if given.mlflow else [])]
    results = {}
    raw, target = table()
    for family in given.families.split(","):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            made = make_run(folder / "run", raw, target, families=(family,))
            data = folder / "rows.csv"
            raw.write_csv(data)
            # As a client would send them; nulls need care that the bare handler does not take.
            rows = [row for row in raw.drop(target).to_dicts() if None not in row.values()][:200]
            scripts = {}
            for kind in kinds:
                bodies = rows if kind != "mlflow" else [{"dataframe_records": [row]} for row in rows]
                texts = ",".join(f"[==[{json.dumps(body)}]==]" for body in bodies)
                scripts[kind] = folder / f"{kind}.lua"
                path = "/invocations" if kind == "mlflow" else "/predict"
                scripts[kind].write_text(LUA % (texts, path))
            servers: list[Running] = []
            try:
                start(servers, made.bundle, folder, kinds, given.mlflow, data, target)
                results[family] = measure(servers, scripts, rounds, seconds)
            finally:
                for server in servers:
                    server.end()
        print(f"\n{family}, {len(raw.columns) - 1} columns, one worker:")
        show(results[family]["table"])
    if not given.quick:
        save("serve", results, before)
    return None


if __name__ == "__main__":
    main()
