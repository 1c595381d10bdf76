// Boxes on an image, in pixels of the image as it is in its file.
const SVG = "http://www.w3.org/2000/svg";
const beginBoxes = data => {
  const image = byId("image");
  const canvas = byId("canvas");
  const chips = byId("chips");
  const colours = Object.fromEntries(data.classes.map(c => [c.name, c.colour]));
  const kept = palette();
  if (!kept.label) kept.set(data.classes[0].name);
  let boxes = data.answer.map(b => ({ ...b }));
  let chosen = -1, zoom = 1, moving = false, ghosts = [];
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "boxes");
  svg.setAttribute("preserveAspectRatio", "none");
  const wide = () => image.naturalWidth || 1, high = () => image.naturalHeight || 1;
  const unit = () => wide() / (svg.getBoundingClientRect().width || wide());   // image pixels of one on the screen
  const make = (name, attributes) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    return made;
  };
  const HANDLES = [[0, 0], [.5, 0], [1, 0], [1, .5], [1, 1], [.5, 1], [0, 1], [0, .5]];
  const draw = () => {
    const u = unit();
    const parts = ghosts.map(b => make("rect", { class: "ghost", x: b.x, y: b.y, width: b.width, height: b.height }));
    boxes.forEach((b, i) => {
      const g = make("g", { class: `box c${colours[b.label]}${i === chosen ? " chosen" : ""}`, tabindex: 0, role: "button", "data-box": i,
        "aria-label": `${b.label}, ${Math.round(b.width)} by ${Math.round(b.height)} at ${Math.round(b.x)}, ${Math.round(b.y)}` });
      g.append(make("rect", { x: b.x, y: b.y, width: b.width, height: b.height, "stroke-width": 2 * u }));
      const label = make("text", { x: b.x + 3 * u, y: b.y > 18 * u ? b.y - 5 * u : b.y + 15 * u, "font-size": 13 * u, "stroke-width": 3 * u });
      label.textContent = b.label;
      g.append(label);
      if (i === chosen) for (const [h, [fx, fy]] of HANDLES.entries()) {
        g.append(make("circle", { class: "grip", cx: b.x + fx * b.width, cy: b.y + fy * b.height, r: 6 * u, "stroke-width": 2 * u, "data-grip": h }));
      }
      parts.push(g);
    });
    svg.replaceChildren(...parts);
    chips.replaceChildren(...boxes.map((b, i) => chip(colours[b.label], b.label, "Remove", () => remove(i))));
  };
  const remove = i => {
    say(`${boxes[i].label} removed`);
    boxes.splice(i, 1);
    chosen = -1;
    draw();
  };
  const choose = (i, focus) => {
    chosen = i;
    if (i >= 0) kept.set(boxes[i].label);
    draw();
    if (focus && i >= 0) svg.querySelector(`[data-box="${i}"]`).focus();
  };
  const clamp = (v, low, high_) => Math.max(low, Math.min(high_, v));
  const fit = b => {
    b.width = clamp(b.width, 1, wide());
    b.height = clamp(b.height, 1, high());
    b.x = clamp(b.x, 0, wide() - b.width);
    b.y = clamp(b.y, 0, high() - b.height);
  };
  const at = event => {
    const r = svg.getBoundingClientRect();
    return [clamp((event.clientX - r.left) / r.width, 0, 1) * wide(), clamp((event.clientY - r.top) / r.height, 0, 1) * high()];
  };
  let drag = null;
  svg.addEventListener("pointerdown", event => {
    if (moving || event.button > 0) return;
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
    const [x, y] = at(event);
    const grip = event.target.closest("[data-grip]");
    const group = event.target.closest("[data-box]");
    if (grip) drag = { kind: "grip", grip: Number(grip.dataset.grip), from: { ...boxes[chosen] } };
    else if (group) {
      choose(Number(group.dataset.box), true);
      drag = { kind: "move", x, y, from: { ...boxes[chosen] } };
    } else drag = { kind: "new", x, y };
  });
  svg.addEventListener("pointermove", event => {
    if (!drag) return;
    const [x, y] = at(event);
    if (drag.kind === "new") {
      if (Math.max(Math.abs(x - drag.x), Math.abs(y - drag.y)) < 4 * unit()) return;
      boxes.push({ x: drag.x, y: drag.y, width: 1, height: 1, label: kept.label });
      chosen = boxes.length - 1;
      drag = { kind: "grip", grip: 4, from: { ...boxes[chosen] }, fresh: true };
    }
    const b = boxes[chosen], f = drag.from;
    if (drag.kind === "move") { b.x = f.x + x - drag.x; b.y = f.y + y - drag.y; fit(b); }
    else {
      const [fx, fy] = HANDLES[drag.grip];
      if (fx !== .5) { const other = fx === 1 ? f.x : f.x + f.width; b.x = Math.min(x, other); b.width = Math.max(1, Math.abs(x - other)); }
      if (fy !== .5) { const other = fy === 1 ? f.y : f.y + f.height; b.y = Math.min(y, other); b.height = Math.max(1, Math.abs(y - other)); }
    }
    draw();
  });
  const lift = () => {
    if (drag && drag.kind === "new") choose(-1);
    else if (drag) { fit(boxes[chosen]); choose(chosen, true); if (drag.fresh) say(`${boxes[chosen].label} drawn`); }
    drag = null;
  };
  svg.addEventListener("pointerup", lift);
  svg.addEventListener("pointercancel", lift);
  svg.addEventListener("focusin", event => {
    const group = event.target.closest("[data-box]");
    if (group && Number(group.dataset.box) !== chosen && !drag) choose(Number(group.dataset.box), true);
  });
  const size = () => {
    fitImage(zoom);
    canvas.classList.toggle("near", zoom > 1);
    draw();
  };
  const ready = () => {
    svg.setAttribute("viewBox", `0 0 ${wide()} ${high()}`);
    if (!svg.isConnected) canvas.append(svg);
    size();
  };
  if (image.complete && image.naturalWidth) ready();
  else image.addEventListener("load", ready);
  image.addEventListener("error", () => { canvas.textContent = "The image cannot be shown: skip it."; });
  const watch = new ResizeObserver(() => { if (!drag) draw(); });
  watch.observe(canvas);
  byId("closer").addEventListener("click", () => { zoom = Math.min(8, zoom * 1.5); size(); });
  byId("farther").addEventListener("click", () => { zoom = Math.max(1, zoom / 1.5); size(); });
  byId("move").addEventListener("click", event => {
    moving = !moving;
    event.target.setAttribute("aria-pressed", String(moving));
    svg.classList.toggle("still", moving);
  });
  for (const button of document.querySelectorAll("[data-show]")) button.addEventListener("click", () => {
    const same = button.getAttribute("aria-pressed") === "true";
    for (const b of document.querySelectorAll("[data-show]")) b.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(!same));
    ghosts = same ? [] : JSON.parse(button.dataset.show);
    draw();
  });
  return {
    answer: () => boxes.map(b => ({ x: +b.x.toFixed(2), y: +b.y.toFixed(2), width: +b.width.toFixed(2), height: +b.height.toFixed(2), label: b.label })),
    choose: label => {
      kept.set(label);
      if (chosen >= 0) { boxes[chosen].label = label; say(`now ${label}`); draw(); }
    },
    key: event => {
      if (event.key === "+") {
        boxes.push({ x: wide() * .375, y: high() * .375, width: wide() / 4, height: high() / 4, label: kept.label });
        choose(boxes.length - 1, true);
        return true;
      }
      if (chosen < 0) return false;
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (step) {
        const b = boxes[chosen], by = Math.max(1, 2 * unit());
        if (event.shiftKey) { b.width += step[0] * by; b.height += step[1] * by; } else { b.x += step[0] * by; b.y += step[1] * by; }
        fit(b);
        choose(chosen, true);
        return true;
      }
      if (event.key === "Backspace" || event.key === "Delete") { remove(chosen); return true; }
      if (event.key === "Escape") { choose(-1); return true; }
      return false;
    },
    resize: size,
    end: () => watch.disconnect(),
  };
};
