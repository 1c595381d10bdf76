"""XML as nested records: a safe parser, and the two passes over a document (what is there; the rows).

Entities are never expanded and nothing outside of the document is ever fetched: a document that declares
entities is refused (defusedxml; the attacks are CWE-776 and CWE-611), and so is one that declares default
values of attributes, which a parser has to fill in at every element.

Memory: the first pass holds the shape of what it has seen, and the texts of the element that is being read.
The second holds the rows that it has not yet handed over, and besides whatever stands beside the rows in the
elements around them, until these end: a document with much beside its rows takes memory for all of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_external_ges, feature_namespaces

from modelwright.core.errors import BadData
from modelwright.data.nested.shape import Shape
from modelwright.data.read.limits import DEEPEST, LARGEST_CELL, too_deep, too_large

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XML = "http://www.w3.org/XML/1998/namespace"
_PIECE = 1 << 16

Value = Any
"""A text, or a dict of attributes and children with the element's own text under ``""``."""


class Names:
    """Element and attribute names without the addresses of their namespaces.

    A name in the namespace of the root, or in none, is its local part; others have the prefix that was first
    given to their namespace, as ``dc:title``.
    """

    def __init__(self, prefixes: Mapping[str, str] | None = None) -> None:
        self.prefixes: dict[str, str] = dict(prefixes or {})
        """Prefix by address; empty for the root's."""

    def declared(self, prefix: str | None, uri: str) -> None:
        if prefix and uri not in self.prefixes and prefix not in self.prefixes.values():
            self.prefixes[uri] = prefix

    def root(self, uri: str | None) -> None:
        if uri and "" not in self.prefixes.values():
            self.prefixes[uri] = ""

    def name(self, uri: str | None, local: str) -> str:
        if not uri:
            return local
        prefix = "xml" if uri == _XML else self.prefixes.get(uri, "")
        return f"{prefix}:{local}" if prefix else local


class _Handler(ContentHandler):
    """Calls ``start(name, attributes)``, ``end(name, text)`` with settled names and whole texts."""

    def __init__(
        self,
        file: str,
        names: Names,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str, str], None],
    ) -> None:
        super().__init__()
        self._file = file
        self._names = names
        self._start = start
        self._end = end
        self._texts: list[list[str]] = []
        self._sizes: list[int] = []
        self.begun = False
        """Whether an element was met."""
        self._locator: Any = None

    def setDocumentLocator(self, locator: Any) -> None:  # noqa: N802  (the name is SAX's)
        self._locator = locator

    def startPrefixMapping(self, prefix: str | None, uri: str) -> None:  # noqa: N802
        self._names.declared(prefix, uri)

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:  # noqa: N802
        uri, local = name
        self.begun = True
        if not self._texts:
            self._names.root(uri)
        if len(self._texts) >= DEEPEST:
            raise too_deep(self._file)
        found = {}
        for (space, key), text in attrs.items():
            if space != _XSI:
                self._check(len(text))
                found[self._names.name(space, key)] = text
        self._texts.append([])
        self._sizes.append(0)
        self._start(self._names.name(uri, local), found)

    def characters(self, content: str) -> None:
        self._texts[-1].append(content)
        self._sizes[-1] += len(content)
        self._check(self._sizes[-1])

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802
        uri, local = name
        self._sizes.pop()
        self._end(self._names.name(uri, local), "".join(self._texts.pop()).strip())

    def _check(self, size: int) -> None:
        if size > LARGEST_CELL:
            line = self._locator.getLineNumber() if self._locator is not None else 0
            raise too_large(self._file, f"line {line}")


def _pieces(
    stream: IO[bytes],
    file: str,
    names: Names,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str, str], None],
) -> Iterator[None]:
    """Pass through a document, and stop after each piece of it. Raises :class:`BadData` for what is no XML,
    or not safe to read."""
    from defusedxml.common import DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden
    from defusedxml.expatreader import DefusedExpatParser

    class Parser(DefusedExpatParser):  # type: ignore[misc]
        def reset(self) -> None:
            super().reset()
            self._parser.AttlistDeclHandler = self.attributes_declared

        def attributes_declared(
            self, element: str, name: str, kind: str, default: str | None, required: bool
        ) -> None:
            if default is not None:
                raise _defaults(file, element, name)

    parser: Any = Parser()
    parser.setFeature(feature_namespaces, True)
    parser.setFeature(feature_external_ges, False)
    # The address of a grammar is passed over: with the line above nothing is fetched from there.
    parser.forbid_external = False
    handler = _Handler(file, names, start, end)
    handler.setDocumentLocator(parser)
    parser.setContentHandler(handler)
    try:
        while piece := stream.read(_PIECE):
            parser.feed(piece)
            yield
        parser.close()
    except (EntitiesForbidden, ExternalReferenceForbidden, DTDForbidden) as error:
        raise BadData(
            f"{file} declares entities, which are never expanded: with them a small file can become "
            "gigabytes, or fetch other files",
            code="data.xml-entities",
            hint="write the texts themselves in place of the entities, and take out the <!ENTITY ...> lines",
        ) from error
    except SAXParseException as error:
        raise BadData(
            f"{file} is not XML: line {error.getLineNumber()}, column {error.getColumnNumber() or 0}: "
            f"{error.getMessage()}",
            code="data.xml",
            hint="mend the file at that place",
        ) from error
    except (ValueError, LookupError) as error:
        if handler.begun:
            raise
        # Before the first element only the declared encoding is looked up: pyexpat knows those of one byte.
        raise BadData(
            f"{file} is written in an encoding that cannot be read from XML: {error}",
            code="data.encoding",
            hint='save it again as UTF-8, with encoding="UTF-8" in its first line',
        ) from error


def _defaults(file: str, element: str, name: str) -> BadData:
    return BadData(
        f"{file} declares a default value of the attribute {name} of <{element}>: defaults are never filled "
        "in, since with them a small file can become gigabytes",
        code="data.xml-entities",
        hint="write the attribute where it is meant, and take the value out of the <!ATTLIST ...> line",
    )


def unflatten(attributes: Mapping[str, str], file: str, level: int) -> dict[str, Any]:
    """Attributes as nested dicts, where their names are dotted: ``name.common`` is ``common`` in ``name``.

    ``level``: how many elements stand around. Raises :class:`BadData` for what is too deep with them.
    """
    made: dict[str, Any] = {}
    for name, text in attributes.items():
        at = made
        if level + name.count(".") > DEEPEST:
            raise too_deep(file)
        *way, last = name.split(".") if all(name.split(".")) else [name]
        for key in way:
            inner = at.get(key)
            if not isinstance(inner, dict):
                inner = {} if inner is None or inner == "" else {"": inner}
                at[key] = inner
            at = inner
        if isinstance(at.get(last), dict):
            if text.strip():
                at[last][""] = text
        else:
            at[last] = text
    return made


def survey(stream: IO[bytes], file: str, names: Names, roots: dict[str, Shape]) -> None:
    """Pass one: add what stands in a document to ``roots``, by the name of the root."""
    stack: list[tuple[Shape, dict[str, int], bool]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if stack:
            shape, counts, _ = stack[-1]
            counts[name] = counts.get(name, 0) + 1
            inner = shape.key(name)
        else:
            inner = roots.setdefault(name, Shape(typed=False))
        for key, value in unflatten(attributes, file, len(stack)).items():
            inner.key(key).observe(value)
        stack.append((inner, {}, bool(attributes)))

    def end(name: str, text: str) -> None:
        shape, counts, attributes = stack.pop()
        if not counts and not attributes:
            shape.scalar(text or None)
        else:
            shape.records += 1
            if text:
                shape.key("").observe(text)
            for child, count in counts.items():
                shape.key(child).held(count)
        if not stack:
            shape.held(1)

    for _ in _pieces(stream, file, names, start, end):
        pass


Around = list[tuple[str, dict[str, Any]]]
"""Records around another, outermost first, with their names."""


def records(
    stream: IO[bytes], file: str, names: Names, wanted: tuple[str, ...], most: int
) -> Iterator[list[tuple[Around, Value]]]:
    """Pass two: the records at the end of the way ``wanted`` (the root where it is empty), some at a time.

    What stands around a record is given as it was when the document, or ``most`` records, had been read.
    """
    way: list[str] = []
    open_: list[dict[str, Any]] = []
    holds: list[bool] = []
    """Whether a wanted record stood in the element."""
    ready: list[tuple[Around, Value]] = []
    full: list[list[tuple[Around, Value]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        way.append(name)
        open_.append(unflatten(attributes, file, len(open_)))
        holds.append(False)

    def end(name: str, text: str) -> None:
        made: dict[str, Any] = open_.pop()
        is_wanted = _ends(way, wanted) if wanted else len(way) == 1
        way.pop()
        held = holds.pop()
        value: Value = made
        if text:
            if made:
                made[""] = text
            else:
                value = text
        elif not made:
            value = None
        if is_wanted:
            ready.append((list(zip(way, open_, strict=True)), value))
            holds[:] = [True] * len(holds)
            if len(ready) >= most:
                full.append(ready[:])
                ready.clear()
        elif open_ and not held:
            _attach(open_[-1], name, value)

    for _ in _pieces(stream, file, names, start, end):
        yield from full
        full.clear()
    yield from full
    if ready:
        yield ready


def _ends(way: list[str], wanted: tuple[str, ...]) -> bool:
    return len(way) >= len(wanted) and tuple(way[-len(wanted) :]) == wanted


def _attach(holder: dict[str, Any], name: str, value: Value) -> None:
    if name not in holder:
        holder[name] = value
    elif isinstance(holder[name], list):
        holder[name].append(value)
    else:
        holder[name] = [holder[name], value]
