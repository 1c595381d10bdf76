"""The evidence book: where stages write what they found. Write-only for them; the runner keeps it."""

from __future__ import annotations

from modelwright.core.records.evidence import Estimate, Evidence, Figure, Finding, Metric, Severity, Table
from modelwright.core.records.pictures import Gallery


class Book:
    """Evidence of one stage, in the order in which it was found.

    ``accept`` maps codes of findings (or ``code:column``) to the goal's reason for accepting them.
    """

    def __init__(self, accept: dict[str, str] | None = None) -> None:
        self._accept = dict(accept or {})
        self._items: list[Evidence] = []

    def finding(
        self,
        code: str,
        severity: Severity,
        message: str,
        remedy: str,
        *,
        column: str | None = None,
        numbers: dict[str, float] | None = None,
    ) -> Finding:
        reason = self.reason(code, column)
        found = Finding(code, severity, message, remedy, column, dict(numbers or {}), reason)
        self._items.append(found)
        return found

    def reason(self, code: str, column: str | None) -> str | None:
        """Why the goal accepts a finding; None where it does not."""
        own = self._accept.get(f"{code}:{column}") if column else None
        return own or self._accept.get(code)

    def metric(
        self, name: str, estimate: Estimate, *, about: str = "model", part: str = "test", unit: str = ""
    ) -> Metric:
        metric = Metric(name, estimate, about, part, unit)
        self._items.append(metric)
        return metric

    def figure(self, figure: Figure) -> None:
        self._items.append(figure)

    def table(self, table: Table) -> None:
        self._items.append(table)

    def gallery(self, gallery: Gallery) -> None:
        """Pictures, within the bound of one gallery; none where nothing is to be seen."""
        bounded = gallery.bounded()
        if bounded.pictures:
            self._items.append(bounded)

    def beside(self) -> Book:
        """An empty book with the same acceptances, for work that is done beside other work."""
        return Book(self._accept)

    def add(self, other: Book) -> None:
        """Take over what stands in a book beside this one."""
        self._items += other._items

    @property
    def items(self) -> tuple[Evidence, ...]:
        """For the runner; no stage reads this."""
        return tuple(self._items)
