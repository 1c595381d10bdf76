"""COCO's JSON: images, boxes ``[x, y, width, height]`` in pixels, categories (https://cocodataset.org, format
data, object detection)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modelwright.core.errors import BadData, BadInput
from modelwright.labels.exchange.incoming import Incoming, Read
from modelwright.labels.final import By, finals
from modelwright.labels.pixels import size_of
from modelwright.labels.project import Project
from modelwright.labels.store import Store


def dataset(store: Store, project: Project, by: By = "majority") -> dict[str, Any]:
    """The images that have an answer, with their final boxes. Raises :class:`BadInput` for other tasks."""
    _check(project)
    root = store.root()
    category = {name: n for n, name in enumerate(project.names, 1)}  # and classes that are no longer offered
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for one in finals(store, project, by):
        if one.answer is None:
            continue
        name = str(one.content.get(project.content))
        size = size_of(root / name) if root is not None else None
        wide, high = size or (0, 0)
        images.append({"id": one.item, "file_name": name, "width": wide, "height": high})
        for box in one.answer:
            category.setdefault(box["label"], len(category) + 1)
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": one.item, "category_id": category[box["label"]],
                    "bbox": [box["x"], box["y"], box["width"], box["height"]],
                    "area": round(box["width"] * box["height"], 4), "iscrowd": 0,
                }
            )  # fmt: skip
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": n, "name": name} for name, n in category.items()],
    }


def read(path: Path, project: Project) -> Read:
    """Boxes of a COCO file, one answer an image, by ``import``."""
    _check(project)
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
        names = {c["id"]: str(c["name"]) for c in given["categories"]}
        files = {i["id"]: str(i["file_name"]) for i in given["images"]}
        boxes: dict[Any, list[dict[str, Any]]] = {i: [] for i in files}
        wrong = []
        for one in given["annotations"]:
            x, y, wide, high = (float(v) for v in one["bbox"])
            if one["image_id"] not in files or one["category_id"] not in names:
                wrong.append(f"annotation {one.get('id')}: an image or a category that is not in the file")
                continue
            boxes[one["image_id"]].append(
                {"x": max(0.0, x), "y": max(0.0, y), "width": wide, "height": high,
                 "label": names[one["category_id"]]}
            )  # fmt: skip
    except (
        OSError,
        ArithmeticError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise BadData(
            f"{path.name} cannot be read as COCO's JSON: {type(error).__name__} {error}",
            code="labels.import",
            hint="it needs images, annotations with bbox, and categories",
        ) from None
    found = tuple(Incoming(files[i], "import", boxes[i]) for i in files)
    return Read(found, tuple(wrong))


def _check(project: Project) -> None:
    if project.task != "boxes":
        raise BadInput(
            f"COCO's format is for boxes, and this project asks for {project.task}",
            code="labels.format",
            hint="take csv or label-studio",
        )
