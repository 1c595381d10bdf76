"""What every check may look at: the development rows, the profile, and single-column strengths, once each."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.records.data import Column, ColumnProfile, Development, Profile
from modelwright.data.fingerprint import fingerprints
from modelwright.data.label import TARGET
from modelwright.data.split.units import groups
from modelwright.evidence.analyse.bins import Bins, bins_of, presence
from modelwright.evidence.analyse.strength import Strength, strength
from modelwright.goal.sections import RolesSection, SuccessSection

SAMPLE = 20_000
"""Rows that strengths are measured on: the standard error of an AUC of 0.9 is then below 0.003, finer than
any threshold here."""
FOLDS = 5
SALT = 0xA11


@dataclass(eq=False)
class Facts:
    """Development rows only; ``profile`` holds what needs no target, over all rows."""

    development: Development
    profile: Profile
    roles: RolesSection = field(default_factory=RolesSection)
    success: SuccessSection = field(default_factory=SuccessSection)
    seed: int = 0

    @property
    def inputs(self) -> tuple[Column, ...]:
        return tuple(c for c in self.development.columns if c.is_input)

    @property
    def plain(self) -> tuple[Column, ...]:
        """The inputs whose cells are single values: of pictures, sounds and series no single number says
        anything. Whether rows are equal, or a cell is there, is asked of all inputs."""
        return tuple(c for c in self.inputs if not c.is_media)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.development.classes

    @property
    def regression(self) -> bool:
        return self.development.problem == "regression"

    @cached_property
    def frame(self) -> pl.DataFrame:
        """All development rows; cells of media by their digests, which are equal where they are."""
        table: pl.DataFrame = self.development.table.get()
        return fingerprints(table)

    @cached_property
    def rows(self) -> npt.NDArray[np.int64]:
        """Positions of the rows that strengths are measured on, ascending."""
        n = self.frame.height
        if n <= SAMPLE:
            return np.arange(n, dtype=np.int64)
        return np.sort(np.random.default_rng([SALT, self.seed]).choice(n, SAMPLE, replace=False)).astype(
            np.int64
        )

    @cached_property
    def sample(self) -> pl.DataFrame:
        return self.frame[self.rows]

    @cached_property
    def target(self) -> npt.NDArray[np.float64]:
        """float64 [sample]: class codes or values."""
        array: npt.NDArray[np.float64] = self.sample[TARGET].cast(pl.Float64).to_numpy()
        return array

    @cached_property
    def folds(self) -> npt.NDArray[np.int64]:
        """int64 [sample]: folds for cross-fitting; rows of a group share one."""
        rng = np.random.default_rng([SALT, self.seed, 1])
        group = groups(self.sample, self.development.group)
        if group is None:
            return rng.permutation(np.arange(self.sample.height) % FOLDS).astype(np.int64)
        count = int(group.max(initial=-1)) + 1
        dealt: npt.NDArray[np.int64] = rng.permutation(np.arange(count) % FOLDS).astype(np.int64)[group]
        return dealt

    def profile_of(self, name: str) -> ColumnProfile | None:
        return self._profiles.get(name)

    @cached_property
    def _profiles(self) -> dict[str, ColumnProfile]:
        return {c.name: c for c in self.profile.columns}

    @cached_property
    def strengths(self) -> dict[str, Strength]:
        """How much each input alone says of the target, in the order of the columns; texts and media
        are left out.

        Numbers are cut coarsely and finely, and the better of the two counts.
        """
        made: dict[str, Strength] = {}
        for column in self.plain:
            if column.kind == "text":
                continue
            values, n = self.sample[column.name], self.sample.height
            tries = [self._measure(bins_of(values, column.kind, fine=self.regression))]
            if column.kind in ("number", "date") and n // 30 < 64:
                tries.append(self._measure(bins_of(values, column.kind, most=max(4, n // 30))))
            made[column.name] = max(tries, key=lambda s: s.score)
        return made

    @cached_property
    def presences(self) -> dict[str, Strength]:
        """How much it says that a value is there, for inputs that are missing somewhere."""
        return {
            c.name: self._measure(presence(self.sample[c.name]))
            for c in self.inputs
            if 0 < self.sample[c.name].null_count() < self.sample.height
        }

    def _measure(self, bins: Bins) -> Strength:
        return strength(bins, self.target, self.folds, FOLDS, len(self.classes))
