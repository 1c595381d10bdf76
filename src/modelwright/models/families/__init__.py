"""Every kind of algorithm that is considered for a model, one file each.

A family enters here by name and place and is imported when it is asked for; those of other packages enter
through the entry-point group ``modelwright.families``. See :mod:`modelwright.testing.families` for the tests
that each of them passes.
"""

from __future__ import annotations

from modelwright.core.registry import Registry
from modelwright.models.family import FAMILIES_GROUP, Family

_HERE = "modelwright.models.families"

FAMILIES: Registry[Family] = Registry(
    "family",
    FAMILIES_GROUP,
    {
        "majority": f"{_HERE}.baselines:MAJORITY",
        "mean": f"{_HERE}.baselines:MEAN",
        "logistic": f"{_HERE}.logistic:FAMILY",
        "ridge": f"{_HERE}.ridge:FAMILY",
        "elastic_net": f"{_HERE}.elastic_net:FAMILY",
        "ngrams": f"{_HERE}.ngrams:FAMILY",
        "naive_bayes": f"{_HERE}.naive_bayes:FAMILY",
        "linear_svm": f"{_HERE}.linear_svm:FAMILY",
        "rbf_svm": f"{_HERE}.rbf_svm:FAMILY",
        "nearest_neighbours": f"{_HERE}.nearest_neighbours:FAMILY",
        "decision_tree": f"{_HERE}.forests:DECISION_TREE",
        "random_forest": f"{_HERE}.forests:RANDOM_FOREST",
        "extra_trees": f"{_HERE}.forests:EXTRA_TREES",
        "lightgbm": f"{_HERE}.lightgbm:FAMILY",
        "xgboost": f"{_HERE}.xgboost:FAMILY",
        "catboost": f"{_HERE}.catboost:FAMILY",
        "mlp": f"{_HERE}.mlp:FAMILY",
        "realmlp": f"{_HERE}.realmlp:FAMILY",
        "bag": f"{_HERE}.bag:FAMILY",
        "recurrent": f"{_HERE}.recurrent:FAMILY",
        "text_transformer": f"{_HERE}.text_transformer:FAMILY",
        "encoder": f"{_HERE}.encoder:FAMILY",
        "small_cnn": f"{_HERE}.small_cnn:FAMILY",
        "resnet": f"{_HERE}.resnet:FAMILY",
        "vit": f"{_HERE}.vit:FAMILY",
        "vision": f"{_HERE}.vision:FAMILY",
        "spectrogram": f"{_HERE}.spectrogram:FAMILY",
        "hearing": f"{_HERE}.hearing:FAMILY",
        "temporal": f"{_HERE}.temporal:FAMILY",
        "recurrent_series": f"{_HERE}.recurrent_series:FAMILY",
        "series_transformer": f"{_HERE}.series_transformer:FAMILY",
        "toy": "modelwright.testing.toy:FAMILY",
        "toy_media": "modelwright.testing.toy_media:FAMILY",
    },
)

HIDDEN = frozenset({"toy", "toy_media"})
"""Families for tests of the machinery: considered only when they are named."""


def considered(named: tuple[str, ...] = ()) -> list[str]:
    """The names of the families to look at: those that are named, or all but the hidden ones."""
    return list(named) if named else [name for name in FAMILIES if name not in HIDDEN]
