"""The OpenAPI document: what can be asked, in the words of the bundles' signatures.

Written by hand rather than derived from code, because what a field takes is known by the bundle alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modelwright.live.serve import explain
from modelwright.live.serve.predict import REFER
from modelwright.live.serve.validate import KINDS, _Column, moment
from modelwright.runtime.describe import InputColumn

if TYPE_CHECKING:
    from modelwright.live.serve.app import App
    from modelwright.live.serve.door import Door
    from modelwright.live.serve.served import Served

_TYPES: dict[str, list[str]] = {
    "number": ["number", "null"],
    "boolean": ["boolean", "null"],
    "category": ["string", "null"],
    "text": ["string", "null"],
    "date": ["string", "null"],
    "image": ["string", "null"],
    "audio": ["string", "null"],
    "series": ["array", "string", "null"],
}
_ALSO = {
    "number": "A text that reads as a number is taken too.",
    "boolean": "1, 0 and a text that reads as yes or no are taken too.",
    "category": "",
    "text": "",
    "date": "",
    "image": "The content of an image file (PNG, JPEG, ...) as base64 text or a data URI.",
    "audio": "The content of a sound file (WAV, FLAC, OGG, MP3) as base64 text or a data URI.",
    "series": "Numbers, or lists of them, one a channel; their text is taken too.",
}
_MEDIA = {"image": "image/*", "audio": "audio/*"}
_ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_WARNINGS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "code": {"type": "string", "enum": list(KINDS)},
            "field": {"type": "string"},
            "message": {"type": "string"},
        },
        "required": ["code", "field", "message"],
    },
}
_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "hint": {"type": "string"},
                "fields": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "field": {"type": "string"},
                            "expected": {"type": "string"},
                            "received": {"type": "string"},
                            "row": {"type": "integer"},
                        },
                        "required": ["field", "expected", "received"],
                    },
                },
            },
            "required": ["code", "message"],
        }
    },
    "required": ["error"],
}
_REFUSALS = {
    "400": "The body is no JSON.",
    "401": "A valid API key is needed.",
    "404": "There is no such model or version.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "The body does not say that it is JSON.",
    "422": "Fields cannot be used; each is listed with what was expected and what was received.",
    "429": "Too many requests; Retry-After says when to come back.",
    "503": "Overloaded, not ready, or the journal takes no more.",
    "504": "The answer was not ready in time.",
}


def document(app: App, names: Sequence[str]) -> dict[str, Any]:
    """OpenAPI 3.1 for the models of those names: champions as they are now."""
    doors = [app.doors[name] for name in names]
    schemas: dict[str, Any] = {"Error": _ERROR}
    paths: dict[str, Any] = {}
    alone = len(app.doors) == 1
    for door in doors:
        serving = app.models.current(door.name)
        if serving is None:
            continue
        _add_schemas(schemas, door, serving.champion)
        begin = "" if alone else f"/models/{door.name}"
        paths |= _paths(door, serving.champion, begin)
        version = f"/models/{door.name}/versions/{{version}}"
        about = {"parameters": [_version_parameter(serving.champion)]}
        summary = f"{door.name}: predict with one version"
        paths[f"{version}/predict"] = {**about, "post": _predict(door, serving.champion, summary)}
        summary = f"{door.name}: how much each field moved one version's answer"
        paths[f"{version}/explain"] = {**about, "post": _explain(door, serving.champion, summary)}
    paths |= _others(app)
    needed = any(door.keyring.required for door in doors)
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": ", ".join(names) or "modelwright",
            "version": ", ".join(_version_of(app, name) for name in names) or "0",
            "description": "Predictions of released models, with warnings, intervals and explanations.",
        },
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if needed:
        made["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"key": []}]
    return made


def row_schema(served: Served, *, limits: bool = True) -> dict[str, Any]:
    """One row: a property for each input column, all of them required, null where not known."""
    columns = {column.name: column for column in served.ready.checks.columns}
    # A column of media has no bounds or categories: what is told of it is in the signature alone.
    inputs = served.model.signature.inputs
    return {
        "type": "object",
        "properties": {one.name: _property(one, columns.get(one.name)) for one in inputs},
        "required": [one.name for one in inputs],
        "additionalProperties": True,
        "example": served.ready.example(),
    }


def _property(about: InputColumn, column: _Column | None) -> dict[str, Any]:
    words = []
    known: dict[str, Any] = {"kind": about.kind}
    if about.unit:
        words.append(f"In {about.unit}.")
        known["unit"] = about.unit
    if about.form:
        words.append(f"Every cell becomes: {about.form}.")
        known["form"] = about.form
    if column is not None and about.low is not None and about.high is not None:
        share = f"{about.coverage:.0%} of the values seen" if about.coverage else "The values seen"
        words.append(f"{share} lie between {_plain(about.low)} and {_plain(about.high)}.")
        known |= {"low": about.low, "high": about.high, "coverage": about.coverage}
        ends = [moment(e) if about.kind == "date" else e for e in (column.low, column.high)]
        words.append(f"A warning comes below {_plain(ends[0])} and above {_plain(ends[1])}.")
        known |= {"warned_below": ends[0], "warned_above": ends[1]}
    if column is not None and about.categories:
        more = ", and others" if about.more_categories else ""
        words.append(f"Values seen: {', '.join(about.categories[:20])}{more}.")
        words.append("Others are answered with a warning." if column.known else "Others are answered too.")
        known |= {"categories": list(about.categories), "more_categories": about.more_categories}
    if about.private:
        words.append("Private: values are not shown in errors.")
        known["private"] = True
    if _ALSO[about.kind]:
        words.append(_ALSO[about.kind])
    if column is not None and about.kind == "date":
        words.append(column.expected[:1].upper() + column.expected[1:] + ".")
    share = f" ({about.missing:.1%} of the training rows)" if about.missing >= 0.0005 else ""
    words.append(f"Null where it is not known{share}.")
    made: dict[str, Any] = {
        "type": _TYPES[about.kind],
        "description": " ".join(words),
        "x-modelwright": known,
    }
    if about.kind in _MEDIA:
        made |= {"contentEncoding": "base64", "contentMediaType": _MEDIA[about.kind]}
    if about.example is not None:
        made["examples"] = [bool(about.example) if about.kind == "boolean" else about.example]
    return made


def _plain(end: float | str) -> str:
    return end if isinstance(end, str) else f"{end:.6g}"


def _add_schemas(schemas: dict[str, Any], door: Door, served: Served) -> None:
    name = door.name
    schemas[f"Row_{name}"] = row_schema(served)
    schemas[f"Rows_{name}"] = {
        "type": "object",
        "properties": {
            "rows": {
                "type": "array", "minItems": 1, "maxItems": door.limits.rows,
                "items": {"$ref": f"#/components/schemas/Row_{name}"},
            }
        },
        "required": ["rows"],
    }  # fmt: skip
    answer = _answer_schema(served)
    about = {"version": {"type": "string"}, "model": {"type": "string"}}
    schemas[f"Prediction_{name}"] = {
        **answer,
        "properties": {**answer["properties"], **about},
        "required": [*answer["required"], *about],
    }
    schemas[f"Predictions_{name}"] = {
        "type": "object",
        "properties": {"predictions": {"type": "array", "items": answer}, **about},
        "required": ["predictions", *about],
    }
    outcome = {"enum": list(served.model.classes)} if served.model.classes else {"type": "number"}
    one = {
        "type": "object",
        "properties": {
            "id": {**_ID, "description": "As it came with the prediction."},
            "outcome": {**outcome, "description": "What turned out to be true."},
        },
        "required": ["id", "outcome"],
    }
    many = {
        "type": "object",
        "properties": {
            "feedback": {"type": "array", "minItems": 1, "maxItems": door.limits.rows, "items": one}
        },
        "required": ["feedback"],
    }
    schemas[f"Feedback_{name}"] = {"anyOf": [one, many]}


def _answer_schema(served: Served) -> dict[str, Any]:
    properties: dict[str, Any] = {"id": _ID}
    classes = list(served.model.classes)
    if classes:
        null = [None] if served.ready.abstain_below else []
        properties["prediction"] = {"enum": [*classes, *null]}
        properties["probabilities"] = {
            "type": "object",
            "properties": {name: {"type": "number", "minimum": 0, "maximum": 1} for name in classes},
            "description": "Calibrated, by class.",
        }
        if any(output.name == "set" for output in served.model.signature.outputs):
            properties["set"] = {"type": "array", "items": {"enum": classes}}
        if served.ready.abstain_below:
            properties["abstained"] = {"type": "boolean"}
            properties["message"] = {"const": REFER}
    else:
        properties["prediction"] = {"type": "number"}
        if any(output.name == "low" for output in served.model.signature.outputs):
            properties |= {"low": {"type": "number"}, "high": {"type": "number"}}
    properties["warnings"] = _WARNINGS
    return {"type": "object", "properties": properties, "required": ["id", "prediction", "warnings"]}


def _paths(door: Door, served: Served, begin: str) -> dict[str, Any]:
    name = door.name
    outcome = served.model.classes[0] if served.model.classes else 1.0
    return {
        f"{begin}/predict": {"post": _predict(door, served, f"{name}: predict one row or many")},
        f"{begin}/explain": {"post": _explain(door, served, f"{name}: how much each field moved the answer")},
        f"{begin}/feedback": {
            "post": {
                "summary": f"{name}: the true outcome of a prediction",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": f"#/components/schemas/Feedback_{name}"},
                            "examples": {"one": {"value": {"id": "0" * 32, "outcome": outcome}}},
                        }
                    },
                },
                "responses": {
                    "202": {
                        "description": "Accepted; ids that fit no prediction are counted and not used.",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"accepted": {"type": "integer"}},
                                    "required": ["accepted"],
                                }
                            }
                        },
                    },
                    **_refusals(),
                },
            }
        },
    }


def _explain(door: Door, served: Served, summary: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": _of(served),
        "requestBody": _body(door.name, served),
        "responses": {
            "200": {
                "description": f"Contributions with standard errors; at most {explain.MOST} rows.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            **_refusals(),
        },
    }


def _of(served: Served) -> list[dict[str, Any]]:
    if not served.model.classes:
        return []
    return [
        {
            "name": "of", "in": "query", "required": False, "schema": {"enum": list(served.model.classes)},
            "description": "The class whose probability is explained; else the predicted one.",
        }
    ]  # fmt: skip


def _predict(door: Door, served: Served, summary: str) -> dict[str, Any]:
    ref = f"#/components/schemas/Prediction_{door.name}"
    many = f"#/components/schemas/Predictions_{door.name}"
    return {
        "summary": summary,
        "requestBody": _body(door.name, served),
        "responses": {
            "200": {
                "description": "The answer; to several rows under `predictions`, in their order.",
                "content": {"application/json": {"schema": {"anyOf": [{"$ref": ref}, {"$ref": many}]}}},
            },
            **_refusals(),
        },
    }


def _body(name: str, served: Served) -> dict[str, Any]:
    row, rows = f"#/components/schemas/Row_{name}", f"#/components/schemas/Rows_{name}"
    example = served.ready.example()
    return {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [{"$ref": row}, {"$ref": rows}]},
                "examples": {"one": {"value": example}, "many": {"value": {"rows": [example]}}},
            }
        },
    }


def _refusals() -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {status: {"description": said, "content": content} for status, said in _REFUSALS.items()}


def _version_parameter(served: Served) -> dict[str, Any]:
    return {
        "name": "version", "in": "path", "required": True,
        "schema": {"type": "string", "pattern": "^v[0-9]{1,9}$"}, "example": served.version,
    }  # fmt: skip


def _others(app: App) -> dict[str, Any]:
    def get(summary: str, kind: str = "application/json", **more: Any) -> dict[str, Any]:
        schema = {"type": "object"} if kind == "application/json" else {"type": "string"}
        ok = {"description": "As said.", "content": {kind: {"schema": schema}}}
        responses = {"200": ok, **{s: r for s, r in _refusals().items() if s in ("401", "404", "429", "503")}}
        return {"get": {"summary": summary, "responses": responses, **more}}

    name = {"name": "name", "in": "path", "required": True, "schema": {"enum": list(app.doors)}}
    ready = get("Whether every model is loaded and may answer", security=[])
    ready["get"]["responses"]["503"] = {
        "description": "Not yet, or no more.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }  # fmt: skip
    return {
        "/healthz": get("Whether the process is alive", security=[]),
        "/readyz": ready,
        "/metrics": get("Counts of all workers, for Prometheus", "text/plain"),
        "/models": get("The models that are served"),
        "/models/{name}": {"parameters": [name], **get("One model: versions, inputs, verdict, lineage")},
    }


def _version_of(app: App, name: str) -> str:
    serving = app.models.current(name)
    return serving.champion.version if serving else "none"
