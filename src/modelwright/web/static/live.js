// Renews the parts of the page that are marked [data-live], every few seconds while somebody looks.
// Without it the page is whole; it only grows old until it is loaded again.
(() => {
  "use strict";
  const EVERY = 5000;
  const KEY = "modelwright.renew";
  if (matchMedia("(max-width: 699px)").matches) {
    for (const long of document.querySelectorAll("details.fold")) long.open = false;
  }
  const row = document.getElementById("asked");
  if (!row) return;
  let on = true;
  try { on = localStorage.getItem(KEY) !== "off"; } catch { /* no storage: on */ }
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  const holder = document.createElement("span");
  holder.className = "refresh soft small";
  row.replaceWith(holder);
  holder.append(row, button);
  const say = () => { button.textContent = on ? "Stop renewing" : "Renew every 5 s"; };
  say();
  let busy = false;
  const renew = async () => {
    if (!on || busy || document.hidden) return;
    busy = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-live][id]")) {
        const made = page.getElementById(old.id);
        if (!made) continue;
        for (const part of old.querySelectorAll("details[id]")) {
          const same = made.querySelector("#" + CSS.escape(part.id));
          if (same) same.open = part.open;
        }
        const busyHere = old.contains(document.activeElement) || !getSelection().isCollapsed && old.contains(getSelection().anchorNode);
        if (busyHere || old.isEqualNode(made)) continue;
        old.replaceWith(document.adoptNode(made));
      }
    } catch {
      const told = document.getElementById("asked");
      if (told && !told.textContent.includes("cannot be reached")) told.append(" The server cannot be reached; what is shown is old.");
    } finally {
      busy = false;
    }
  };
  button.addEventListener("click", () => {
    on = !on;
    try { localStorage.setItem(KEY, on ? "on" : "off"); } catch { /* holds until the page is left */ }
    say();
    renew();
  });
  setInterval(renew, EVERY);
})();
