// From raw values to typed values, as the bundle's preprocessing says. The same operations, in the same order
// and with the same answers, as modelwright's own `runtime/parse` in Python.
//
// Plain JavaScript without dependencies: Node, browsers and React Native run it as it is.

/** A value that is there and cannot be read as its column's kind. It counts as missing. */
export const UNREAD = Symbol("unread");

const FINAL = new Set(["boolean", "number", "date", "text"]);
// Python's white space: not quite that of JavaScript's \s and trim().
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const LEADING = new RegExp(`^[${SPACE}]+`, "u");
const TRAILING = new RegExp(`[${SPACE}]+$`, "u");
const SPACES = new RegExp(`[${SPACE}]+`, "gu");
const WORD = "\\p{L}\\p{N}_";
const PLAIN = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const REMEMBERED = 100_000;

const left = (text) => text.replace(LEADING, "");
const right = (text) => text.replace(TRAILING, "");
export const strip = (text) => right(left(text));
const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replaceAll("-", "\\x2d");

/** A number written plainly ("-1.5e3"), or null; what overflows is null too. */
function plainNumber(text) {
  if (!PLAIN.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

// --- operations before reading ------------------------------------------------------------------------------

function missing(options) {
  const markers = new Set(options.markers);
  return (text) => (markers.has(text) || markers.has(strip(text)) ? null : text);
}

/** The entries in the order of the file: objects of JavaScript put whole numbers first. */
const entries = (map) => Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

function spellings(options) {
  const mapping = new Map(entries(options.map));
  const stripped = new Map(entries(options.map).map(([found, wanted]) => [strip(found), wanted]));
  return (text) => mapping.get(text) ?? stripped.get(strip(text)) ?? text;
}

function letterCase(options, folded) {
  const known = new Map(entries(options.spellings));
  return (text) => {
    const whole = folded(strip(text).replace(SPACES, " "));
    return known.get(whole.replace(/\.+$/, "") || whole) ?? text;
  };
}

const MARK = /[\u0300-\u036f]/u;
const LETTER = /^\p{L}$/u;
const BLANK = new RegExp(`^[${SPACE}]$`, "u");
const HYPHENS = "-‐‑–—_";
const BETWEEN = ".,()[]{}'’‘`´\"“”„";

/** What is left of a spelling when case, accents, hyphens between letters, quotes and points are set aside. */
function variantKey(text, folded) {
  const flat = [...folded(text.normalize("NFKD"))].filter((c) => !MARK.test(c));
  const drops = (c, before, after, ends) => {
    if (HYPHENS.includes(c)) {
      return (LETTER.test(before) && LETTER.test(after)) || (BLANK.test(before) && BLANK.test(after));
    }
    if (";:!".includes(c)) return ends;
    if (!BETWEEN.includes(c)) return false;
    return !(DIGIT.test(after) || (DIGIT.test(before) && !(ends || BLANK.test(after))));
  };
  const made = [];
  let gap = false;
  flat.forEach((c, at) => {
    if (BLANK.test(c) || drops(c, flat[at - 1] ?? " ", flat[at + 1] ?? " ", at === flat.length - 1)) {
      gap = true;
      return;
    }
    if (gap && made.length && DIGIT.test(made.at(-1)) && DIGIT.test(c)) made.push(" ");
    made.push(c === "&" ? "and" : c);
    gap = false;
  });
  return made.join("");
}

function variants(options, folded) {
  const mapping = new Map(entries(options.map));
  const keys = new Map(entries(options.keys));
  return (text) => mapping.get(text) ?? keys.get(variantKey(text, folded)) ?? text;
}

const DIGIT = /^\p{Nd}$/u;

/** The value of a decimal digit of any script: they stand in rows of ten. */
function digitValue(character) {
  let code = character.codePointAt(0);
  let place = 0;
  while (DIGIT.test(String.fromCodePoint(code - 1))) {
    code -= 1;
    place += 1;
  }
  return place % 10;
}

function isCard(text) {
  const digits = [...text].filter((c) => DIGIT.test(c)).map(digitValue).reverse();
  const total = digits.reduce((sum, digit, place) => {
    const doubled = place % 2 ? digit * 2 : digit;
    return sum + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return total % 10 === 0;
}

const PERSONAL = {
  email: new RegExp(`[${WORD}.%+\\-]+@[${WORD}\\-]+(?:\\.[${WORD}\\-]+)*\\.[\\p{L}\\p{Nl}\\p{No}]{2,}`, "gu"),
  card: /(?<![\p{Nd}.])(?:\p{Nd}[ \-]?){12,18}\p{Nd}(?![\p{Nd}.])/gu,
  phone: new RegExp(
    `(?<![${WORD}.])(?:\\+\\p{Nd}{1,3}[ .\\-]?(?:\\(?\\p{Nd}{1,4}\\)?[ .\\-]?){2,5}\\p{Nd}{2,4}` +
      `|\\(\\p{Nd}{3}\\) ?\\p{Nd}{3}[ .\\-]\\p{Nd}{4}|\\p{Nd}{3}[.\\-]\\p{Nd}{3}[.\\-]\\p{Nd}{4})(?![${WORD}])`,
    "gu",
  ),
};

function mask(options) {
  return (text) => {
    for (const kind of options.patterns) {
      text = text.replace(PERSONAL[kind], (found) => {
        if (kind === "card" && !isCard(found)) return found;
        return options.how === "mask" ? `<${kind}>` : `${kind}-${sha256(found).slice(0, 16)}`;
      });
    }
    return text;
  };
}

/** FIPS 180-4. Written out because the platforms' own is only to be had asynchronously. */
export function sha256(text) {
  const roots = (count, power) => {
    const found = [];
    for (let n = 2; found.length < count; n++) {
      let prime = true;
      for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
      if (prime) found.push(((n ** power % 1) * 2 ** 32) | 0);
    }
    return found;
  };
  const k = roots(64, 1 / 3);
  const h = roots(8, 1 / 2);
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  const w = new Int32Array(64);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 64; i++) {
      if (i < 16) {
        w[i] = view.getInt32(at + 4 * i);
        continue;
      }
      const a = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
      const b = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
      w[i] = (w[i - 16] + a + w[i - 7] + b) | 0;
    }
    let [a, b, c, d, e, f, g, last] = h;
    for (let i = 0; i < 64; i++) {
      const one = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
      const first = (last + one + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
      const two = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
      const second = (two + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, last] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
    }
    [a, b, c, d, e, f, g, last].forEach((value, i) => (h[i] = (h[i] + value) | 0));
  }
  return h.map((value) => (value >>> 0).toString(16).padStart(8, "0")).join("");
}

// --- reading ------------------------------------------------------------------------------------------------

function boolean(options, folded) {
  const known = new Map();
  for (const text of options.true) known.set(folded(String(text)), 1);
  for (const text of options.false) known.set(folded(String(text)), 0);
  return (text) => known.get(folded(strip(text))) ?? null;
}

function number(options, folded) {
  const decimal = String(options.decimal ?? ".");
  const thousands = options.thousands ?? "";
  const currency = (options.currency ?? []).map(String).sort((a, b) => [...b].length - [...a].length);
  const units = new Map(entries(options.units).map(([k, v]) => [folded(k), Number(v)]));
  const negatives = Boolean(options.negatives);
  const separators = thousands === " " ? [" ", "\u00a0", "\u202f", "\u2009"] : thousands ? [thousands] : [];
  const mark = `[${separators.map(escaped).join("")}]`;
  const grouped = thousands
    ? new RegExp(`^[1-9][0-9]{0,2}(?:${mark}[0-9]{2,3})*${mark}[0-9]{3}(?:${escaped(decimal)}[0-9]*)?$`, "u")
    : null;
  const withUnit = units.size
    ? new RegExp(`^(.*?[0-9.])[${SPACE}]*([^\\p{Nd}${SPACE}.,()\\-+][^\\p{Nd}()]*[23]?)$`, "su")
    : null;

  function digits(text) {
    let sign = 1;
    if (/^[+\-−]/.test(text)) {
      sign = text[0] === "+" ? 1 : -1;
      text = left(text.slice(1));
    }
    if (grouped?.test(text)) for (const separator of separators) text = text.replaceAll(separator, "");
    if (decimal !== ".") {
      if (text.includes(".")) return null;
      text = text.replaceAll(decimal, ".");
    }
    if (/^[+-]/.test(text)) return null;
    const value = plainNumber(text);
    return value === null ? null : sign * value;
  }

  return (text) => {
    if (decimal === ".") {
      const value = plainNumber(text);
      if (value !== null) return value;
    }
    text = strip(text);
    let sign = 1;
    let factor = 1;
    if (negatives && text.startsWith("(") && text.endsWith(")")) {
      sign = -1;
      text = strip(text.slice(1, -1));
    } else if (negatives && text.endsWith("-")) {
      sign = -1;
      text = right(text.slice(0, -1));
    }
    if (options.percent && text.endsWith("%")) text = right(text.slice(0, -1));
    for (const symbol of currency) {
      const minus = /^[+-]/.test(text) ? text[0] : "";
      const bare = minus ? left(text.slice(1)) : text;
      if (bare.startsWith(symbol)) {
        text = minus + left(bare.slice(symbol.length));
        break;
      }
      if (text.endsWith(symbol)) {
        text = right(text.slice(0, text.length - symbol.length));
        break;
      }
    }
    const found = withUnit?.exec(text);
    const unit = found && folded(strip(found[2]));
    if (found && units.has(unit)) {
      factor = units.get(unit);
      text = found[1];
    }
    if (negatives && sign > 0 && text.startsWith("(") && text.endsWith(")")) {
      sign = -1;
      text = strip(text.slice(1, -1));
    }
    const value = digits(text);
    return value === null ? null : sign * factor * value;
  };
}

const MONTHS = (
  "january february march april may june july august september october november december"
).split(" ");
const PARTS = {
  Y: "(?<Y>[0-9]{4})", y: "(?<y>[0-9]{2})", m: "(?<m>[0-9]{1,2})", d: "(?<d>[0-9]{1,2})",
  H: "(?<H>[0-9]{1,2})", I: "(?<I>[0-9]{1,2})", M: "(?<M>[0-9]{2})", S: "(?<S>[0-9]{2})",
  f: "(?<f>[0-9]{1,9})", p: "(?<p>[AaPp]\\.?[Mm]\\.?)", b: "(?<b>[A-Za-z]{3,9})\\.?",
  z: "(?<z>[Zz]|[+\\-][0-9]{2}:?[0-9]{2}|[+\\-][0-9]{2})", "%": "%",
};
const SCALES = { s: 1e6, ms: 1e3, us: 1, ns: 0.001 };

function pattern(form) {
  const compact = form.includes("%Y%m") || form.includes("%m%d");
  let out = "";
  for (let at = 0; at < form.length; at++) {
    if (form[at] === "%") {
      at += 1;
      const part = PARTS[form[at]];
      out += compact ? part.replace("{1,2}", "{2}") : part;
    } else out += form[at] === " " ? `[${SPACE}]+` : escaped(form[at]);
  }
  return new RegExp(`^(?:${out})$`, "u");
}

/** Days since 1970 of a date of the Gregorian calendar, or null where there is no such date. */
function days(year, month, day) {
  if (year < 1 || month < 1 || month > 12 || day < 1) return null;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (day > [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]) return null;
  const y = month <= 2 ? year - 1 : year; // H. Hinnant, "chrono-compatible low-level date algorithms"
  const era = Math.floor(y / 400);
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const ofEra = (y - era * 400) * 365 + Math.floor((y - era * 400) / 4) - Math.floor((y - era * 400) / 100) + ofYear;
  return era * 146097 + ofEra - 719468;
}

const LAST_DAY = days(9999, 12, 31);

/** Microseconds (BigInt) of what a format's pattern found; null if there is no such date. */
function readAs(part, zone) {
  let month = Number(part.m ?? 1);
  if (part.b !== undefined) {
    const name = part.b.toLowerCase();
    month = name === "sept" ? 9 : MONTHS.findIndex((full) => name === full || name === full.slice(0, 3)) + 1;
  }
  let year = Number(part.Y ?? part.y);
  if (part.Y === undefined) year += year >= 69 ? 1900 : 2000; // POSIX
  let hour = Number(part.H ?? part.I ?? 0);
  if (part.p) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + ("Pp".includes(part.p[0]) ? 12 : 0);
  }
  const minute = Number(part.M ?? 0);
  const second = Number(part.S ?? 0);
  if (part.z) {
    const found = /^([+-])([0-9]{2}):?([0-9]{2})?$/.exec(part.z);
    zone = found ? (Number(found[2]) * 60 + Number(found[3] ?? 0)) * (found[1] === "-" ? -1 : 1) : 0;
  }
  let day = days(year, month, Number(part.d ?? 1));
  if (day === null || minute > 59 || second > 59) return null;
  if (hour === 24 && minute === 0 && second === 0) {
    if (day === LAST_DAY) return null;
    [day, hour] = [day + 1, 0];
  }
  if (hour > 23) return null;
  const fraction = BigInt((part.f ?? "0").slice(0, 6).padEnd(6, "0"));
  return BigInt(day * 86400 + hour * 3600 + minute * 60 + second - zone * 60) * 1_000_000n + fraction;
}

/** Half to even, as Python rounds. */
function rounded(value) {
  const near = Math.round(value);
  return Math.abs(value % 1) === 0.5 && near % 2 !== 0 ? near - 1 : near;
}

function fromEpoch(value, scale) {
  const made = value * SCALES[scale];
  return Math.abs(made) < 2 ** 62 ? BigInt(rounded(made)) : null;
}

function date(options) {
  const forms = (options.formats ?? []).map(pattern);
  const zone = Number(options.zone ?? 0);
  return (text) => {
    text = strip(text);
    for (const form of forms) {
      const found = form.exec(text);
      const made = found ? readAs(found.groups, zone) : null;
      if (made !== null) return made;
    }
    const count = options.epoch ? plainNumber(text) : null;
    return count === null ? null : fromEpoch(count, options.epoch);
  };
}

const WORDS = new RegExp(`[${WORD}]+(?:['’][${WORD}]+)*`, "gu");

function text() {
  return (raw) => (raw.normalize("NFKC").toLowerCase().match(WORDS) ?? []).join(" ") || null;
}

const OPERATIONS = {
  strip: () => strip, missing, spellings, mask, case: letterCase, variants, boolean, number, date, text,
};
const DEFAULTS = {
  number: {}, text: {}, boolean: { true: ["true", "1"], false: ["false", "0"] },
  date: { formats: ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"] },
};

// --- one column ---------------------------------------------------------------------------------------------

/** The canonical text of a value that is no text: 3 for 3.0, true, 1e-07. */
export function render(value) {
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (size < 1e16 && (size >= 1e-4 || size === 0)) return value === 0 ? "0" : String(value);
  const [digits, power] = value.toExponential().split("e");
  return `${digits}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}

/** Reads values of one column of preprocess.json. What cannot be read is UNREAD, and counts as missing. */
export class Column {
  /** @param spec a column of preprocess.json; @param folds characters whose case folding is not their lower case. */
  constructor(spec, folds = {}) {
    const folded = (raw) => {
      let out = "";
      for (const c of raw) out += folds[c] ?? c.toLowerCase();
      return out;
    };
    for (const step of spec.operations) {
      if (!Object.hasOwn(OPERATIONS, step.name)) {
        throw new Error(`preprocessing uses the operation '${step.name}', which this module does not know`);
      }
    }
    const build = (name, options) => OPERATIONS[name](options, folded);
    const last = spec.operations.filter((step) => FINAL.has(step.name)).at(-1);
    this.name = spec.name;
    this.kind = spec.kind;
    this.before = spec.operations.filter((s) => !FINAL.has(s.name)).map((s) => build(s.name, s.options));
    this.last = last ? build(last.name, last.options) : null;
    if (!last && spec.kind !== "category") this.last = build(spec.kind, DEFAULTS[spec.kind]);
    this.epoch = last?.options.epoch ?? null;
    // Numbers may pass unread unless a marker or a spelling stands for one of them.
    const stands = spec.operations.flatMap((s) => [...(s.options.markers ?? []), ...Object.keys(s.options.map ?? {})]);
    this.numbersPass =
      spec.operations.every((s) => s.name !== "mask") && stands.every((t) => plainNumber(strip(t)) === null);
    this.memory = new Map();
  }

  /** Read one text. */
  text(raw) {
    if (this.memory.has(raw)) return this.memory.get(raw);
    let value = this.settled(raw);
    if (value !== null && this.last) {
      const made = this.last(value);
      value = made === null && strip(value) ? UNREAD : made;
    } else if (value === "") value = null;
    if (this.memory.size >= REMEMBERED) this.memory.clear();
    this.memory.set(raw, value);
    return value;
  }

  settled(raw) {
    let value = raw;
    for (const step of this.before) {
      value = step(value);
      if (value === null) return null;
    }
    return value;
  }

  /** Read a text, number, BigInt, boolean, null or undefined; a Date where the column holds dates. */
  value(raw) {
    if (typeof raw === "string") return this.text(raw);
    if (raw === null || raw === undefined || Number.isNaN(raw)) return null;
    if (raw instanceof Date && this.kind === "date") {
      return Number.isNaN(raw.getTime()) ? null : BigInt(raw.getTime()) * 1000n;
    }
    if (typeof raw === "object" || typeof raw === "function" || typeof raw === "symbol") {
      throw new TypeError(`the column '${this.name}' takes a text, a number, true, false or null`);
    }
    if (this.kind === "number" || this.kind === "boolean") {
      if (!this.numbersPass && typeof raw !== "boolean") {
        const shown = render(raw);
        if (this.settled(shown) !== shown) return this.text(shown);
      }
      const made = Number(raw);
      if (this.kind === "boolean") return made === 0 || made === 1 ? made : UNREAD;
      return Number.isFinite(made) ? made : null;
    }
    if (this.kind === "date" && this.epoch !== null && typeof raw !== "boolean") {
      const made = Math.abs(Number(raw)) < 1e30 ? fromEpoch(Number(raw), this.epoch) : null;
      return made === null ? UNREAD : made;
    }
    return this.text(render(raw));
  }
}
