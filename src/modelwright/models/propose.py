"""Which configuration to try next: starting points first, then search where it pays."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from modelwright.models.family import Choice, Float, Int, Space

GRID_POINTS = 3
PORTFOLIO = (
    "lightgbm",
    "extra_trees",
    "mlp",
    "catboost",
    "realmlp",
    "logistic",
    "ridge",
    "xgboost",
    "random_forest",
)
"""Families that lead boards of tables or lift an ensemble of those that do, in the order in which they get
their first two turns: what wins most often comes first, and what differs from it in kind comes soon, so that
a short budget is not spent on what is merely quick. All others follow, cheap ones first."""
DEAR = 8.0
"""Guessed seconds from which a family waits until the rest of the portfolio has had its turn."""
LEADERS = 3
"""Families that the search goes on with after the starting points."""


@dataclass
class Runner:
    """A family in the race."""

    family: str
    space: Space
    cost: float
    baseline: bool = False
    tried: list[dict[str, Any]] = field(default_factory=list)
    best: float = float("-inf")
    given: int = 0
    study: Any = None
    grid: Any = None
    exhausted: bool = False


class Proposer:
    """Deterministic: the same scores told in the same order give the same proposals."""

    def __init__(self, runners: list[Runner], method: str, seed: int) -> None:
        self.runners = {r.family: r for r in runners}
        self._method = method
        self._seed = seed
        place = {name: i for i, name in enumerate(PORTFOLIO)}
        most = 1 if method == "grid" else max((len(r.space.starts) for r in runners), default=0)
        turns: list[tuple[int, bool, int, float, str, dict[str, Any]]] = []
        for runner in runners:
            named = runner.family in place
            for rank, start in enumerate(runner.space.starts[:most]):
                # The portfolio's first and second turns, then everybody's first, then all others.
                turn = rank if named and rank < 2 else rank + 2
                where = place.get(runner.family, len(place))
                turns.append((turn, runner.cost > DEAR, where, runner.cost, runner.family, dict(start)))
        self._queue: list[tuple[str, dict[str, Any]]] = [
            (family, start) for *_, family, start in sorted(turns, key=lambda t: t[:5])
        ]
        self._turn = 0
        self._asked: dict[str, Any] = {}
        self._told: dict[str, list[tuple[dict[str, Any], float]]] = {}

    def next(self) -> tuple[str, dict[str, Any]] | None:
        """(family, configuration), or None when there is nothing left to try."""
        while self._queue:
            family, config = self._queue.pop(0)
            if config not in self.runners[family].tried and self._worth(family):
                return self._give(family, config)
        for _ in range(200):
            runner = self._choose()
            if runner is None:
                return None
            found = self._suggest(runner)
            if found is not None and found not in runner.tried:
                return self._give(runner.family, found)
            runner.given += 1
            if runner.given > 20 * (len(runner.tried) + 5):
                runner.exhausted = True
        return None

    def _worth(self, family: str) -> bool:
        """Later starting points of a family that is far behind the leaders are skipped."""
        runner = self.runners[family]
        if not runner.tried:
            return True
        ranked = sorted((r.best for r in self.runners.values()), reverse=True)
        return runner.best >= ranked[min(LEADERS, len(ranked) - 1)]

    def _give(self, family: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        self.runners[family].tried.append(config)
        return family, config

    def _choose(self) -> Runner | None:
        """The leaders in turn, the first of them every other time. A family that is not among the best few is
        not searched further, even when nothing else can be: that time is better not spent."""
        if not self.runners:
            return None
        able = [r for r in self.runners.values() if r.space.ranges and not r.exhausted]
        known = [r for r in able if r.best > float("-inf")]
        scores = sorted((r.best for r in self.runners.values()), reverse=True)
        least = scores[min(LEADERS, len(scores)) - 1]
        able = [r for r in known if r.best >= least] if known else able
        if not able:
            return None
        ranked = sorted(able, key=lambda r: (-r.best, r.cost, r.family))[:LEADERS]
        self._turn += 1
        if self._turn % 2 or len(ranked) == 1:
            return ranked[0]
        return ranked[1 + (self._turn // 2) % (len(ranked) - 1)]

    def _suggest(self, runner: Runner) -> dict[str, Any] | None:
        base = dict(runner.space.starts[0]) if runner.space.starts else {}
        if self._method == "grid":
            if runner.grid is None:
                runner.grid = iter(_grid(runner.space))
            point = next(runner.grid, None)
            if point is None:
                runner.exhausted = True
                return None
            return {**base, **point}
        if runner.study is None:
            runner.study = self._study(runner)
        trial = runner.study.ask(_distributions(runner.space))
        config = {**base, **trial.params}
        self._asked[_name(runner.family, config)] = trial
        return config

    def _study(self, runner: Runner) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler: Any
        if self._method == "random":
            sampler = optuna.samplers.RandomSampler(seed=self._seed)
        else:
            sampler = optuna.samplers.TPESampler(seed=self._seed, n_startup_trials=5)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for config, value in self._told.get(runner.family, []):
            self._remember(study, runner, config, value)
        return study

    def _remember(self, study: Any, runner: Runner, config: dict[str, Any], value: float) -> None:
        """Warm start: results of starting points that lie within the ranges are trials of the study."""
        import optuna

        ranges = _distributions(runner.space)
        params = {k: config[k] for k in ranges if k in config}
        if len(params) < len(ranges):
            return
        try:
            study.add_trial(optuna.trial.create_trial(params=params, distributions=ranges, value=value))
        except ValueError:
            return  # a starting point outside of the ranges teaches the sampler nothing

    def hurry(self) -> None:
        """There is little time: the quickest family has its first turn before all others, so that something
        better than a baseline is fitted whatever happens to the rest."""
        if self._queue:
            quickest = min(self._queue, key=lambda turn: (self.runners[turn[0]].cost, turn[0]))
            self._queue.remove(quickest)
            self._queue.insert(0, quickest)

    def close(self, family: str) -> None:
        """There is no time left for this family: propose nothing of it any more."""
        self.runners[family].exhausted = True
        self._queue = [(name, config) for name, config in self._queue if name != family]

    def tell(self, family: str, config: dict[str, Any], value: float) -> None:
        """The score of a configuration (larger is better; minus infinity for a failure or pruned trial)."""
        import math

        runner = self.runners[family]
        runner.best = max(runner.best, value)
        trial = self._asked.pop(_name(family, config), None)
        if trial is not None:
            import optuna

            state = optuna.trial.TrialState.COMPLETE if math.isfinite(value) else optuna.trial.TrialState.FAIL
            runner.study.tell(trial, value if math.isfinite(value) else None, state=state)
        elif math.isfinite(value):
            self._told.setdefault(family, []).append((config, value))


def _name(family: str, config: dict[str, Any]) -> str:
    return f"{family} {sorted(config.items(), key=lambda kv: kv[0])}"


def _distributions(space: Space) -> dict[str, Any]:
    import optuna

    found: dict[str, Any] = {}
    for name, kind in space.ranges.items():
        match kind:
            case Float(low, high, log):
                found[name] = optuna.distributions.FloatDistribution(low, high, log=log)
            case Int(low, high, log):
                found[name] = optuna.distributions.IntDistribution(low, high, log=log)
            case Choice(values):
                found[name] = optuna.distributions.CategoricalDistribution(values)
    return found


def _grid(space: Space) -> list[dict[str, Any]]:
    """Every combination of a few points of each range; the first ranges vary slowest."""
    axes: list[list[Any]] = []
    for kind in space.ranges.values():
        match kind:
            case Choice(values):
                axes.append(list(values))
            case Float(low, high, log):
                axes.append([_between(low, high, log, i / (GRID_POINTS - 1)) for i in range(GRID_POINTS)])
            case Int(low, high, log):
                points = [round(_between(low, high, log, i / (GRID_POINTS - 1))) for i in range(GRID_POINTS)]
                axes.append(sorted(set(points)))
    return [dict(zip(space.ranges, point, strict=True)) for point in itertools.product(*axes)]


def _between(low: float, high: float, log: bool, share: float) -> float:
    return float(low * (high / low) ** share if log else low + (high - low) * share)
