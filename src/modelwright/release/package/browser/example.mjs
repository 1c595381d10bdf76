// Predict rows of JSON from standard input:
//   node example.mjs < rows.json
// Or predict the rows of examples.json, and compare with what Python answered:
//   node example.mjs --check

import { readFile } from "node:fs/promises";
import { load } from "./modelwright.mjs";

let ort;
try {
  ort = await import("onnxruntime-node");
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error("onnxruntime-node is not installed: run `npm install` in this folder first");
  process.exit(2);
}
const here = (name) => new URL(name, import.meta.url);
const manifest = JSON.parse(await readFile(here("edge.json"), "utf8"));
const model = await load(ort, manifest, new Uint8Array(await readFile(here("model.onnx"))));

if (process.argv.includes("--check")) {
  const { compare } = await import("./compare.mjs");
  const examples = JSON.parse(await readFile(here("examples.json"), "utf8"));
  const found = compare(await model.predict(examples.map((e) => e.row)), examples.map((e) => e.answer));
  console.log(JSON.stringify(found));
  process.exitCode = found.differing.length ? 1 : 0;
} else {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  let given;
  try {
    given = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    console.error(`standard input is not JSON (${error.message}): node example.mjs < rows.json, or --check`);
    process.exit(2);
  }
  console.log(JSON.stringify(await model.predict(Array.isArray(given) ? given : [given]), null, 1));
}
