"""The file of an image or a sound; nothing else of the folder."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from modelwright.core.errors import BadInput
from modelwright.labels.items import IMAGES, SOUNDS, check_file
from modelwright.labels.review import content
from modelwright.web.label.desk import Desk
from modelwright.web.refusal import Refused


def media(request: Request) -> Response:
    """``/media/<n>``: to whoever has entered; a player may ask for a part of it."""
    desk: Desk = request.app.state.desk
    project, root = desk.project, desk.store.root()
    if project.item not in ("image", "audio") or root is None:
        raise Refused(404, "Items of this project have no files")
    number = int(request.path_params["item"])
    name = str(content(desk.store, number).get(project.content) or "")
    try:
        path = check_file(root, name, project.item, number)
    except BadInput as error:
        raise Refused(404, error.message, error.hint) from None
    kind = {**IMAGES, **SOUNDS}[path.suffix.lower()]
    return FileResponse(
        path,
        media_type=kind,
        headers={
            "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
            "cache-control": "private, max-age=3600",
        },
    )
