// The page of one item: keys, how long it was looked at, and the next item without a new page.
let looked = 0, since = 0, sending = false;
const watch = () => {
  if (document.hidden) { if (since) looked += performance.now() - since; since = 0; }
  else if (!since) since = performance.now();
};
const seconds = () => (looked + (since ? performance.now() - since : 0)) / 1000;

const begin = () => {
  looked = 0;
  since = document.hidden ? 0 : performance.now();
  how = "form";
  if (editor) editor.end();
  editor = null;
  const work = byId("work");
  if (!work || !byId("data")) return;
  const data = JSON.parse(byId("data").textContent);
  if (data.task === "spans") editor = beginSpans(data);
  if (data.task === "boxes") editor = beginBoxes(data);
  if (byId("audio")) beginSound();
  const image = byId("image");
  if (image && !editor) {
    if (image.complete) fitImage(1);
    else image.addEventListener("load", () => fitImage(1));
  }
  const guide = byId("guide");
  if (guide) {
    const narrow = matchMedia("(max-width: 899px)").matches;
    let open = !narrow;
    try { open = (localStorage.getItem("modelwright.guide") ?? (narrow ? "first" : "open")) !== "shut"; } catch { /* no storage */ }
    guide.open = open;
    if (narrow) try { localStorage.setItem("modelwright.guide", "shut"); } catch { /* shown again next time */ }
  }
  const wanted = document.querySelector(".choice.chosen, .choice.suggested");
  if (wanted && matchMedia("(hover: hover)").matches) wanted.focus({ preventScroll: true });
};

const trouble = text => {
  const place = byId("trouble");
  if (!place) return;
  place.hidden = !text;
  place.textContent = text;
};
const wait = ms => new Promise(done => setTimeout(done, ms));

// Sends the form, again and again where the server cannot be reached: its ticket makes sure that it counts once.
const send = async (form, button) => {
  if (sending) return;
  sending = true;
  const whole = byId("work").dataset.whole;
  if (editor && form.elements.answer && !(button && button.formAction.match(/\/(skip|undo)$/))) form.elements.answer.value = JSON.stringify(editor.answer());
  form.elements.how.value = how;
  if (form.elements.seconds) form.elements.seconds.value = seconds().toFixed(2);
  const body = new URLSearchParams(new FormData(form));
  if (button && button.name) body.set(button.name, button.value);
  const action = button && button.hasAttribute("formaction") ? button.formAction : form.action;
  if (button) button.classList.add("sent");
  byId("work").classList.add("sending");
  for (let turn = 0; ; turn++) {
    try {
      const answer = await fetch(action, { method: "POST", body, credentials: "same-origin", headers: { "x-modelwright-part": "1", accept: "text/html" } });
      const text = await answer.text();
      const page = new DOMParser().parseFromString(text, "text/html");
      if (answer.status >= 500) throw new Error(String(answer.status));
      if (answer.redirected && (whole || !page.getElementById("work"))) { location.assign(answer.url); return; }
      if (!answer.ok) {
        const why = page.querySelector("main h1"), hint = page.getElementById("sorry");
        trouble(`Not saved: ${why ? why.textContent : answer.status}. ${hint ? hint.textContent : ""}`);
        break;
      }
      const next = page.querySelector("main");
      document.querySelector("main").replaceWith(document.adoptNode(next));
      document.title = page.title;
      document.body.className = page.body.className;
      const nav = page.querySelector("header.top"), old = document.querySelector("header.top");
      if (nav && old && !old.isEqualNode(nav)) old.replaceWith(document.adoptNode(nav));
      const foot = page.querySelector("footer"), before = document.querySelector("footer");
      if (foot && !before) document.body.append(document.adoptNode(foot));
      else if (!foot && before) before.remove();
      sending = false;
      begin();
      byId("main").focus({ preventScroll: true });
      say("Saved. The next item.");
      return;
    } catch {
      trouble("Not saved yet: the server cannot be reached. It is tried again until it can.");
      await wait(Math.min(5000, 500 * 2 ** turn));
    }
  }
  sending = false;
  byId("work").classList.remove("sending");
  if (button) button.classList.remove("sent");
};

document.addEventListener("submit", event => {
  if (event.target.id !== "answer") return;
  event.preventDefault();
  send(event.target, event.submitter && event.submitter.type === "submit" ? event.submitter : null);
});
document.addEventListener("pointerdown", event => {
  how = event.pointerType === "touch" ? "touch" : "pointer";
  if (event.target.closest(".choice[data-label]")) event.preventDefault();   // what is selected stays so
}, true);
document.addEventListener("click", event => {
  const label = event.target.closest(".choice[data-label]");
  if (label && editor) { editor.choose(label.dataset.label); return; }
  const button = event.target.closest("#note-open, #help-open");
  if (!button) return;
  if (button.id === "help-open") byId("help").showModal();
  else note();
});
document.addEventListener("toggle", event => {
  if (event.target.id !== "guide" || matchMedia("(max-width: 899px)").matches) return;
  try { localStorage.setItem("modelwright.guide", event.target.open ? "open" : "shut"); } catch { /* not kept */ }
}, true);
document.addEventListener("visibilitychange", watch);
addEventListener("resize", () => { if (editor && editor.resize) editor.resize(); else if (byId("image")) fitImage(1); });

const note = () => {
  const place = byId("note");
  place.hidden = !place.hidden;
  byId("note-open").setAttribute("aria-expanded", String(!place.hidden));
  if (!place.hidden) byId("note-text").focus();
};
const press = key => {
  for (const it of document.querySelectorAll("[data-key]")) {
    if (it.dataset.key === key && !it.hidden) return it;
  }
  return null;
};

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || sending && event.key !== "Tab") return;
  const typing = event.target.closest("input:not([type=checkbox]), textarea");
  if (byId("help")?.open) return;
  if (typing) {
    if (event.key === "Enter" || event.key === "Escape") { event.preventDefault(); typing.blur(); }
    return;
  }
  if (!byId("work")) return;
  if (event.key !== "Tab" && event.key !== "Shift") how = "keys";
  const onButton = event.target.closest("button, a, summary, label, audio, input");
  if (editor && !event.target.closest("summary, a") && editor.key(event)) { event.preventDefault(); return; }
  if (!(onButton && event.key === " ") && soundKey(event)) { event.preventDefault(); return; }
  if (event.key === "?") { byId("help-open")?.click(); event.preventDefault(); return; }
  if (event.key === "g") { const guide = byId("guide"); if (guide) guide.open = !guide.open; return; }
  if (event.key === "Enter") {
    const save = press("Enter");
    const own = event.target.closest("a, summary, .tools button, .chips button, .choice:not([data-label]), [data-show], [name=take]");
    if (save && !own) { event.preventDefault(); save.form.requestSubmit(save); }
    return;
  }
  const it = press(event.key.toLowerCase());
  if (!it || event.repeat) return;
  event.preventDefault();
  if (it.type === "submit") it.form.requestSubmit(it);
  else it.click();
});
begin();
