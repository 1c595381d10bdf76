// Sorts a table by a column, when its heading is pressed. The page is whole without it.
for (const table of document.querySelectorAll("table[data-sort]")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const rows = [...body.rows].map((row) => [key(row), row]);
      const number = (text) => (text === "" ? NaN : Number(text));
      rows.sort(([a], [b]) => {
        const x = number(a), y = number(b);
        if (Number.isNaN(x) && Number.isNaN(y)) return (down ? -1 : 1) * a.localeCompare(b);
        if (Number.isNaN(x)) return 1;
        if (Number.isNaN(y)) return -1;
        return down ? y - x : x - y;
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
}
