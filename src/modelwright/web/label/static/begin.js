// What all editors share. Each editor is begun with the page's data, and says what its answer is.
const byId = id => document.getElementById(id);
const say = text => { const out = byId("said"); if (out) out.textContent = text; };
let editor = null;   // {answer(), key(event), choose(label), end()} of the item that is shown
let how = "form";    // how the person acts: keys, pointer, touch

const chip = (colour, words, title, remove) => {
  const li = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = `chip c${colour}`;
  button.title = title;
  const what = document.createElement("span");
  what.textContent = words;
  const cross = document.createElement("span");
  cross.className = "cross";
  cross.textContent = "×";
  cross.setAttribute("aria-hidden", "true");
  button.append(what, cross);
  button.setAttribute("aria-label", `${words}: remove`);
  button.addEventListener("click", remove);
  li.append(button);
  return li;
};

// An image fills its place, small ones up to three times their size. Returns the width that it was given.
const fitImage = zoom => {
  const image = byId("image"), canvas = byId("canvas");
  if (!image || !image.naturalWidth) return;
  const pane = canvas.closest(".thing"), shared = pane.parentElement;
  const wide = pane.clientWidth - 32;
  const high = Math.max(160, Math.min(pane.clientHeight, shared.clientHeight) - 48);
  const width = Math.min(wide, high * image.naturalWidth / image.naturalHeight, image.naturalWidth * 3);
  canvas.style.width = `${Math.max(80, width) * zoom}px`;
  canvas.classList.add("fitted");
};

// Which class is chosen to mark with.
const palette = () => {
  const buttons = [...document.querySelectorAll(".choice[data-label]")];
  let active = buttons.length === 1 ? buttons[0].dataset.label : "";
  const show = () => { for (const b of buttons) b.setAttribute("aria-pressed", String(b.dataset.label === active)); };
  show();
  return {
    get label() { return active; },
    set(label) { active = label; show(); },
  };
};
