"use strict";
const $ = (id) => document.getElementById(id);
const make = (tag, text, more = {}) => Object.assign(document.createElement(tag), { textContent: text ?? "", ...more });
let key = "";
let spec = null;

function send(path, options = {}) {
  const headers = { ...(options.headers || {}) };
  if (key) headers.authorization = "Bearer " + key;
  return fetch("." + path, { ...options, headers, credentials: "omit" });
}

function at(ref) {
  return ref.replace(/^#\//, "").split("/").reduce((found, part) => found[part], spec);
}

function rowOf(operation) {
  const content = operation.requestBody && operation.requestBody.content["application/json"];
  for (const one of (content && content.schema.anyOf) || [])
    if (one.$ref && one.$ref.includes("/Row_")) return at(one.$ref);
  return null;
}

function exampleOf(operation) {
  return operation.requestBody.content["application/json"].examples.one.value;
}

function fields(row) {
  const holder = make("details");
  holder.open = true;
  holder.append(make("summary", "Fields of a row"));
  const scroll = make("div", "", { className: "scroll", tabIndex: 0 });
  const table = make("table");
  const head = table.createTHead().insertRow();
  for (const name of ["Field", "Kind", "What it takes"]) head.append(make("th", name, { scope: "col" }));
  const body = table.createTBody();
  for (const [name, about] of Object.entries(row.properties)) {
    const line = body.insertRow();
    const cell = make("th", "", { scope: "row" });
    cell.append(make("code", name));
    line.append(cell);
    line.insertCell().textContent = about["x-modelwright"].kind;
    line.insertCell().textContent = about.description;
  }
  scroll.append(table);
  holder.append(scroll);
  return holder;
}

function trial(path, verb, operation, number) {
  const holder = make("div");
  const needsVersion = path.includes("{version}");
  const named = make("input", "", { id: "v" + number, value: "v1", size: 6 });
  if (needsVersion) holder.append(make("label", "Version", { htmlFor: named.id }), named);
  let body = null;
  if (operation.requestBody) {
    body = make("textarea", JSON.stringify(exampleOf(operation), null, 1), { id: "b" + number, spellcheck: false });
    holder.append(make("label", "Body (JSON)", { htmlFor: body.id }), body);
  }
  const button = make("button", "Send", { type: "button" });
  const answer = make("pre", "", { hidden: true, tabIndex: 0 });
  answer.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    answer.hidden = false;
    answer.textContent = "…";
    const options = { method: verb.toUpperCase() };
    if (body) Object.assign(options, { body: body.value, headers: { "content-type": "application/json" } });
    try {
      const began = performance.now();
      const got = await send(path.replace("{version}", encodeURIComponent(named.value)), options);
      const text = await got.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 1); } catch { /* not JSON: as it is */ }
      answer.textContent = `${got.status} in ${Math.round(performance.now() - began)} ms\n${shown}`;
    } catch (error) { answer.textContent = "No answer: " + error.message; }
  });
  holder.append(button, answer);
  return holder;
}

function show() {
  const main = $("main");
  main.replaceChildren();
  $("title").textContent = spec.info.title;
  document.title = spec.info.title + ": what it answers";
  $("about").textContent = `${spec.info.description} Version ${spec.info.version}. `;
  $("about").append(make("a", "openapi.json", { href: "openapi.json" }));
  let number = 0;
  for (const [path, verbs] of Object.entries(spec.paths))
    for (const [verb, operation] of Object.entries(verbs)) {
      if (verb === "parameters") continue;
      number += 1;
      const section = make("section");
      const title = make("h2");
      title.append(make("span", verb.toUpperCase(), { className: "verb" }), " ", make("code", path));
      section.append(title, make("p", operation.summary));
      const row = rowOf(operation);
      if (row && path.endsWith("/predict") && !path.includes("{version}")) section.append(fields(row));
      if (!path.includes("{name}")) section.append(trial(path, verb, operation, number));
      main.append(section);
    }
}

async function load() {
  const got = await send("/openapi.json");
  if (got.status === 401) {
    $("door").hidden = false;
    $("about").textContent = key ? "That key is not valid." : "This server asks for an API key.";
    $("key").focus();
    return;
  }
  spec = await got.json();
  show();
}

$("door").addEventListener("submit", (event) => { event.preventDefault(); key = $("key").value.trim(); load(); });
load().catch((error) => { $("about").textContent = "openapi.json cannot be read: " + error.message; });
