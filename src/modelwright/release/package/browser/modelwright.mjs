// A released model under onnxruntime-node, onnxruntime-web or onnxruntime-react-native.
//
//   import * as ort from "onnxruntime-node";
//   import { load } from "./modelwright.mjs";
//   const model = await load(ort, manifest, graph);       // edge.json, parsed; the bytes of model.onnx
//   await model.predict([{ age: 39, job: "clerk" }]);     // [{ prediction, probabilities, unread }]

import { Column, UNREAD } from "./parse.mjs";

const FORMAT = 1;
const CHUNK = 4096;
const NULL_TIME = -(2n ** 63n);
const SURROGATE = /\p{Surrogate}/gu;

/**
 * @param ort the onnxruntime module of the platform
 * @param manifest what edge.json holds
 * @param graph the bytes of model.onnx (Uint8Array)
 * @param options options of ort's InferenceSession, such as { executionProviders: ["wasm"] }
 */
export async function load(ort, manifest, graph, options = {}) {
  if (manifest.format !== FORMAT) {
    throw new Error(`edge.json has format ${manifest.format}; this module reads ${FORMAT}`);
  }
  const session = await ort.InferenceSession.create(graph, { logSeverityLevel: 3, ...options });
  return new Model(ort, manifest, session);
}

export class Model {
  constructor(ort, manifest, session) {
    this.ort = ort;
    this.session = session;
    this.manifest = manifest;
    this.classes = manifest.classes;
    const columns = new Map(manifest.columns.map((spec) => [spec.name, new Column(spec, manifest.folds)]));
    const those = (names) => names.map((name) => columns.get(name));
    this.numbers = those(manifest.tensors.numbers);
    this.strings = those(manifest.tensors.strings);
    this.times = those(manifest.tensors.times);
    this.names = [...this.numbers, ...this.strings, ...this.times].map((column) => column.name);
  }

  /**
   * Predict an array of rows (objects by column name). A value that cannot be read counts as missing and is
   * named under `unread`; a column that is absent is an error, null is a value that is not known.
   */
  async predict(rows) {
    const answers = [];
    for (let at = 0; at < rows.length; at += CHUNK) {
      const part = rows.slice(at, at + CHUNK);
      part.forEach((row, i) => this.#whole(row, at + i));
      const unread = part.map(() => []);
      const made = await this.session.run(this.#feeds(part, unread));
      part.forEach((_, i) => answers.push(this.#answer(made, i, unread[i])));
    }
    return answers;
  }

  #whole(row, place) {
    const lacking = this.names.filter((name) => !Object.hasOwn(row, name));
    if (lacking.length) {
      throw new Error(
        `row ${place} lacks ${lacking.map((n) => `'${n}'`).join(", ")}; where a value is not known, give null`,
      );
    }
  }

  #feeds(rows, unread) {
    const n = rows.length;
    const fill = (columns, target, absent, written = (value) => value) => {
      rows.forEach((row, i) =>
        columns.forEach((column, j) => {
          const value = column.value(row[column.name]);
          if (value === UNREAD) unread[i].push(column.name);
          target[i * columns.length + j] = value === null || value === UNREAD ? absent : written(value);
        }),
      );
      return target;
    };
    const all = {
      numbers: [this.numbers, "float64", () => fill(this.numbers, new Float64Array(n * this.numbers.length), NaN)],
      strings: [this.strings, "string", () => fill(this.strings, [], this.manifest.null_text, carried)],
      times: [this.times, "int64", () => fill(this.times, new BigInt64Array(n * this.times.length), NULL_TIME)],
    };
    const feeds = {};
    for (const [name, [columns, type, make]] of Object.entries(all)) {
      if (!columns.length) continue;
      const data = make(); // read even where the graph takes it not, so that what is unread is told
      if (this.session.inputNames.includes(name)) feeds[name] = new this.ort.Tensor(type, data, [n, columns.length]);
    }
    return feeds;
  }

  #answer(made, i, unread) {
    if (!this.classes.length) {
      const answer = { prediction: Number(made.value.data[i]) };
      if (made.low) Object.assign(answer, { low: Number(made.low.data[i]), high: Number(made.high.data[i]) });
      return { ...answer, unread };
    }
    const k = this.classes.length;
    const row = made.probabilities.data.slice(i * k, (i + 1) * k);
    const answer = {
      prediction: this.classes[Number(made.label.data[i])],
      probabilities: Object.fromEntries(this.classes.map((name, j) => [name, row[j]])),
    };
    if (made.set) answer.set = this.classes.filter((_, j) => Boolean(made.set.data[i * k + j]));
    const floor = this.manifest.abstain_below;
    if (floor !== null && Math.max(...row) < floor) Object.assign(answer, { prediction: null, abstained: true });
    return { ...answer, unread };
  }
}

// Texts pass to onnxruntime as C strings: a NUL would end them. No known value holds one (the packager refuses
// such a model), so another character that nobody writes keeps the text as unknown as it is.
const carried = (text) => text.replaceAll("\0", "\ufffd").replace(SURROGATE, "?");
