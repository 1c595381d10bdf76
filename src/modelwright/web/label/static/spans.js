// Spans of a text. Offsets that leave the page count code points; within it they count UTF-16 units.
const beginSpans = data => {
  const box = byId("text");
  const chips = byId("chips");
  const text = data.text;
  const colours = Object.fromEntries(data.classes.map(c => [c.name, c.colour]));
  const points = [0];          // UTF-16 offset of each code point
  for (const c of text) points.push(points[points.length - 1] + c.length);
  const point = new Map(points.map((unit, i) => [unit, i]));
  const inside = unit => point.get(unit) ?? point.get(unit + 1);   // never half of a pair
  let spans = data.answer.map(s => ({ start: points[s.start], end: points[s.end], label: s.label }))
    .filter(s => s.start !== undefined && s.end !== undefined);
  const kept = palette();
  const words = [...text.matchAll(/[\p{L}\p{N}\p{M}_'’-]+|[^\s\p{L}\p{N}]/gu)].map(m => [m.index, m.index + m[0].length]);
  let first = -1, last = -1;   // words that the keyboard has selected

  const draw = () => {
    const edges = [...new Set([0, text.length, ...spans.flatMap(s => [s.start, s.end])])].sort((a, b) => a - b);
    box.replaceChildren();
    for (let i = 0; i + 1 < edges.length; i++) {
      const [from, to] = [edges[i], edges[i + 1]];
      const here = spans.filter(s => s.start <= from && to <= s.end);
      const part = document.createTextNode(text.slice(from, to));
      if (!here.length) { box.append(part); continue; }
      const mark = document.createElement("mark");
      mark.className = `c${colours[here[0].label]}` + (here.length > 1 ? " several" : "");
      mark.title = here.map(s => s.label).join(", ");
      mark.append(part);
      const ending = here.filter(s => s.end === to).map(s => s.label).join(" ");
      if (ending) mark.dataset.tag = ending;
      box.append(mark);
    }
    chips.replaceChildren(...spans.map(s => chip(colours[s.label], `${text.slice(s.start, s.end)} · ${s.label}`, "Remove", () => {
      spans = spans.filter(o => o !== s);
      draw();
    })));
  };

  const offset = (node, at) => {
    const range = document.createRange();
    range.setStart(box, 0);
    range.setEnd(node, at);
    return range.toString().length;
  };
  const place = unit => {
    const walk = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (unit <= node.length) return [node, unit];
      unit -= node.length;
    }
    return [box, box.childNodes.length];
  };
  const selected = () => {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    if (!box.contains(range.startContainer) && !box.contains(range.endContainer)) return null;
    let start = box.contains(range.startContainer) ? offset(range.startContainer, range.startOffset) : 0;
    let end = box.contains(range.endContainer) ? offset(range.endContainer, range.endOffset) : text.length;
    while (start < end && /\s/.test(text[start])) start++;
    while (end > start && /\s/.test(text[end - 1])) end--;
    [start, end] = [points[inside(start)], points[inside(end)]];
    return start < end ? { start, end } : null;
  };
  const mark = label => {
    const part = selected();
    if (!part) return false;
    if (!spans.some(s => s.start === part.start && s.end === part.end && s.label === label)) {
      spans.push({ ...part, label });
      spans.sort((a, b) => a.start - b.start || a.end - b.end);
      say(`${text.slice(part.start, part.end)} marked as ${label}`);
    }
    getSelection().removeAllRanges();
    draw();
    return true;
  };
  const select = () => {
    const [a, b] = [words[Math.min(first, last)], words[Math.max(first, last)]];
    getSelection().setBaseAndExtent(...place(a[0]), ...place(b[1]));
    const at = getSelection().getRangeAt(0).getBoundingClientRect();
    const pane = box.closest(".thing").getBoundingClientRect();
    if (at.bottom > pane.bottom || at.top < pane.top) getSelection().focusNode.parentElement.scrollIntoView({ block: "center" });
    say(text.slice(a[0], b[1]));
  };
  // With a class chosen, whatever is selected is marked at once; touch selects in steps, so it waits for the class.
  const lifted = event => {
    if (event.pointerType !== "touch" && kept.label) setTimeout(() => mark(kept.label));
  };
  box.addEventListener("pointerup", lifted);
  draw();
  return {
    answer: () => spans.map(s => ({ start: point.get(s.start), end: point.get(s.end), label: s.label })),
    choose: label => { if (!mark(label)) kept.set(kept.label === label ? "" : label); },
    key: event => {
      if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
        if (!words.length) return false;
        const step = event.key === "ArrowRight" ? 1 : -1;
        const next = last < 0 ? (step > 0 ? 0 : words.length - 1) : Math.max(0, Math.min(words.length - 1, last + step));
        last = next;
        if (!event.shiftKey || first < 0) first = next;
        select();
        return true;
      }
      if (event.key === "Backspace" || event.key === "Delete") {
        if (!spans.length) return false;
        const at = document.activeElement.closest(".chips li");
        const gone = at ? [...chips.children].indexOf(at) : spans.length - 1;
        say(`${spans[gone].label} removed`);
        spans.splice(gone, 1);
        draw();
        return true;
      }
      return false;
    },
    end: () => {},
  };
};
