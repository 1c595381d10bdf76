"""Reads a goal file: plain values, and the line of every key. Constructs no objects.

The text is composed into YAML nodes (YAML 1.2 by ruamel.yaml's own composer) and turned into dicts, lists
and scalars here, which is what makes duplicate keys, foreign tags and run-away aliases visible as mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from modelwright.core.errors import Mistake

MOST_BYTES = 256 * 1024
MOST_NODES = 20_000
MOST_DEPTH = 24

Path = tuple[str | int, ...]
"""A place in a goal: keys and list positions, such as ``("success", 1)``."""

_PLAIN = "tag:yaml.org,2002:"
_LATIN_FIRST = {"%", "@", "`"}


@dataclass(slots=True)
class Document:
    """What a goal file says: ``data`` in plain Python, ``lines`` (from 1) by path, mistakes of writing."""

    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    raw: dict[Path, str] = field(default_factory=dict)
    """Numbers and booleans as they were spelled: the class ``True`` is not the class ``true``."""
    mistakes: list[Mistake] = field(default_factory=list)
    stopped: bool = False
    """Whether reading gave up half way, so that what is missing says nothing."""

    def line(self, path: Path) -> int | None:
        """The line of ``path``, or of the nearest thing around it that was written."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


def dotted(path: Path) -> str:
    """``("success", 1)`` as people read it: ``success[1]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"


def read(text: str) -> Document:
    """The document in ``text``. Never raises: what is wrong is in ``mistakes``."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    document = Document()
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        document.mistakes.append(
            Mistake(
                "the file",
                f"at most {MOST_BYTES // 1024} KiB of YAML",
                f"{len(text):,} characters",
                hint="if this is the data: `modelwright new NAME --data PATH` writes a goal for it",
            )
        )
        return document
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        document.mistakes.append(_broken(error, text))
        return document
    except YAMLError as error:
        document.mistakes.append(_unreadable(error, text))
        return document
    except (RecursionError, ValueError):
        document.mistakes.append(Mistake("the file", f"at most {MOST_DEPTH} levels of nesting", "many more"))
        return document
    if node is None:
        document.mistakes.append(
            Mistake(
                "the file",
                "a goal, with at least data.source",
                "nothing" if not text.strip() else "only comments",
                hint="`modelwright new NAME --data PATH` writes one",
            )
        )
        return document
    data = _Builder(document).build(node, ())
    if isinstance(data, dict):
        document.data = data
    elif not document.mistakes:
        document.mistakes.append(
            Mistake("the file", "keys and values", f"a {_kind_of(data)}", 1, "begin with `data:`")
        )
    return document


class _Builder:
    """Turns nodes into plain values, counting them: an alias may repeat a node a million times."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.nodes = 0

    def build(self, node: Any, path: Path) -> Any:
        self.nodes += 1
        if self.document.stopped or self.nodes > MOST_NODES or len(path) > MOST_DEPTH:
            if not self.document.stopped:
                self.document.stopped = True
                self._wrong(
                    path[:1], node, f"at most {MOST_NODES:,} values in {MOST_DEPTH} levels", "more than that"
                )
            return None
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        tag = str(node.tag)
        if not tag.startswith(_PLAIN) or tag.startswith(f"{_PLAIN}python"):
            self._wrong(
                path, node, "a plain value", f"the tag {tag.replace(_PLAIN, '!!')}", "leave the tag out"
            )
            return None
        if isinstance(node.value, str):
            return self._scalar(node, tag.removeprefix(_PLAIN), path)
        if tag == f"{_PLAIN}seq":
            return [self.build(item, (*path, position)) for position, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node.value, str):
                self._wrong(path, key_node, "a word as the key", "a list or a mapping")
                continue
            key = key_node.value
            place = (*path, key)
            if key in built:
                first = self.document.lines[place]
                self._wrong(place, key_node, "each key once", f"the key again (first on line {first})")
                continue
            self.document.lines[place] = key_node.start_mark.line + 1
            built[key] = self.build(value_node, place)
        return built

    def _scalar(self, node: Any, tag: str, path: Path) -> Any:
        text: str = node.value
        try:
            if tag == "null":
                return None
            if tag in ("bool", "int", "float"):
                self.document.raw[path] = text
            if tag == "bool":
                return text.lower() in ("true", "yes", "on", "y")
            if tag == "int":
                return int(text.replace("_", ""), 0)
            if tag == "float":
                special = text.lower().replace(".inf", "inf").replace(".nan", "nan")
                return float(special.replace("_", ""))
        except ValueError:
            # 0777, 1:30 and the like: numbers in some dialect of YAML, and text here
            return text
        return text

    def _wrong(self, path: Path, node: Any, expected: str, received: str, hint: str = "") -> None:
        line = node.start_mark.line + 1
        self.document.mistakes.append(Mistake(dotted(path), expected, received, line, hint))


def _kind_of(value: object) -> str:
    return "list" if isinstance(value, list) else "single value"


def _broken(error: Any, text: str) -> Mistake:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else None
    lines = text.splitlines()
    written = lines[mark.line] if mark and mark.line < len(lines) else ""
    character = written[mark.column : mark.column + 1] if mark else ""
    problem = str(error.problem or error.context or error).strip()
    if "another document" in problem:
        return Mistake("the file", "one document", "a second one after `---`", line)
    if "\t" in written[: len(written) - len(written.lstrip())] or character == "\t":
        return Mistake("the file", "indentation by spaces", "a tab", line, "replace each tab by two spaces")
    if "chomping or indentation" in problem:
        return Mistake(
            "the file", "YAML", f"{written.strip()!r}", line, 'quote a value that begins with > or |: ">50K"'
        )
    if character in _LATIN_FIRST:
        return Mistake(
            "the file", "YAML", f"{written.strip()!r}", line, f"quote a value that begins with {character}"
        )
    if "mapping values are not allowed" in problem:
        return Mistake(
            "the file", "one `key: value` a line", f"{written.strip()!r}", line,
            "quote a value that holds a colon; indent the keys of one section alike",
        )  # fmt: skip
    received = f"{written.strip()!r}" if written.strip() else "the end of the file"
    return Mistake("the file", "YAML", received, line, problem)


def _unreadable(error: Any, text: str) -> Mistake:
    """The reader's error: a character that YAML does not allow."""
    position = getattr(error, "position", None)
    if isinstance(position, int):
        line = text.count("\n", 0, position) + 1
        return Mistake("the file", "text", f"the character U+{ord(text[position]):04X}", line, "remove it")
    return Mistake("the file", "YAML", str(error).splitlines()[0])


def write(data: dict[str, Any]) -> str:
    """``data`` as YAML that :func:`read` gives back: block style, short lists and mappings in one line."""
    from io import StringIO

    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    def node(value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            mapping = CommentedMap((key, node(each, depth + 1)) for key, each in value.items())
            if depth > 1:
                mapping.fa.set_flow_style()
            return mapping
        if isinstance(value, list | tuple):
            sequence = CommentedSeq(node(each, depth + 1) for each in value)
            if not any(isinstance(each, str) and len(each) > 12 for each in value):
                sequence.fa.set_flow_style()
            return sequence
        return value

    yaml = YAML()
    yaml.width = 10_000
    yaml.default_flow_style = False
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(node(data, 0), stream)
    return stream.getvalue()
