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

// Bytes of Windows-1252 as characters, and Latin-1 where that has none.
const HIGH = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
const HIGH_BYTES = (
  "80 82 83 84 85 86 87 88 89 8a 8b 8c 8e 91 92 93 94 95 96 97 98 99 9a 9b 9c 9e 9f"
).split(" ");
const BYTES = new Map();
for (let b = 0x80; b < 0x100; b++) BYTES.set(String.fromCharCode(b), b);
[...HIGH].forEach((c, at) => BYTES.set(c, parseInt(HIGH_BYTES[at], 16)));
const FOLLOWS = `[\\u0080-\\u00bf${HIGH}]`;
const SEQUENCE =
  `[\\u00c2-\\u00df]${FOLLOWS}|[\\u00e0-\\u00ef]${FOLLOWS}{2}|[\\u00f0-\\u00f4]${FOLLOWS}{3}`;
const RUN = new RegExp(`(?:${SEQUENCE})+`, "gu");
const TYPED = "…–—‘’“”•»«™";
const UPPER = /^[\p{Uppercase}]$/u;
const ENTITY = /&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});/g;
const ENTITIES = new Map(Object.entries({
  AElig: "\u00c6", Aacute: "\u00c1", Acirc: "\u00c2", Agrave: "\u00c0", Aring: "\u00c5", Auml: "\u00c4", Ccedil:
  "\u00c7", Eacute: "\u00c9", Ecirc: "\u00ca", Egrave: "\u00c8", Euml: "\u00cb", Iacute: "\u00cd", Icirc:
  "\u00ce", Igrave: "\u00cc", Iuml: "\u00cf", Ntilde: "\u00d1", Oacute: "\u00d3", Ocirc: "\u00d4", Ograve:
  "\u00d2", Oslash: "\u00d8", Ouml: "\u00d6", Uacute: "\u00da", Ucirc: "\u00db", Ugrave: "\u00d9", Uuml: "\u00dc",
  aacute: "\u00e1", acirc: "\u00e2", aelig: "\u00e6", agrave: "\u00e0", amp: "&", apos: "'", aring: "\u00e5",
  atilde: "\u00e3", auml: "\u00e4", bull: "\u2022", ccedil: "\u00e7", copy: "\u00a9", deg: "\u00b0", eacute:
  "\u00e9", ecirc: "\u00ea", egrave: "\u00e8", euml: "\u00eb", euro: "\u20ac", gt: ">", hellip: "\u2026", iacute:
  "\u00ed", icirc: "\u00ee", igrave: "\u00ec", iuml: "\u00ef", laquo: "\u00ab", ldquo: "\u201c", lsquo: "\u2018",
  lt: "<", mdash: "\u2014", nbsp: " ", ndash: "\u2013", ntilde: "\u00f1", oacute: "\u00f3", ocirc: "\u00f4",
  ograve: "\u00f2", oslash: "\u00f8", otilde: "\u00f5", ouml: "\u00f6", pound: "\u00a3", quot: "\"", raquo:
  "\u00bb", rdquo: "\u201d", reg: "\u00ae", rsquo: "\u2019", szlig: "\u00df", trade: "\u2122", uacute: "\u00fa",
  ucirc: "\u00fb", ugrave: "\u00f9", uuml: "\u00fc"
}));
const UNSEEN = /[\u200b\u2060\ufeff\u00ad]/g;

/** UTF-8 that was read as Windows-1252 or Latin-1, turned back. */
function decoded(text) {
  const sure = (part, before, after) => {
    if (part[0] === "\u00c2") return !TYPED.includes(part[1]);
    if (part[0] === "\u00c3") return !(UPPER.test(before) && TYPED.includes(part[1]));
    if ("\u00c4\u00c5".includes(part[0])) return !TYPED.includes(part[1]) || LETTER.test(after);
    if (part[0] === "\u00e2") return "€\u0080‚\u0082„\u0084".includes(part[1]);
    return ["\u00f0\u0178", "\u00f0\u009f", "\u00ef\u00bb"].includes(part.slice(0, 2));
  };
  for (let round = 0; round < 3; round++) {
    const made = text.replace(RUN, (whole, at) => {
      const parts = whole.match(new RegExp(SEQUENCE, "gu"));
      const before = [...text.slice(0, at)].at(-1) ?? "";
      const after = [...text.slice(at + whole.length)][0] ?? "";
      if (parts.length === 1 && !sure(parts[0], before, after)) return whole;
      try {
        const bytes = Uint8Array.from([...whole], (c) => BYTES.get(c));
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        return whole;
      }
    });
    if (made === text) break;
    text = made;
  }
  return text;
}

function repair(options) {
  const wrong = new Set(options.wrong);
  const entity = (whole, name) => {
    if (!name.startsWith("#")) return ENTITIES.get(name) ?? whole;
    const code = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
    const printable =
      code >= 0x20 && code < 0x110000 && !(code >= 0x7f && code < 0xa0) && !(code >= 0xd800 && code < 0xe000);
    return printable ? String.fromCodePoint(code) : whole;
  };
  return (text) => {
    if (wrong.has("encoding")) text = decoded(text);
    if (wrong.has("entities")) text = text.replace(ENTITY, entity);
    if (wrong.has("unseen")) text = text.replace(UNSEEN, "");
    return text;
  };
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
  if (!(digits.at(-1) >= 2 && digits.at(-1) <= 6) || new Set(digits).size === 1) return false;
  const total = digits.reduce((sum, digit, place) => {
    const doubled = place % 2 ? digit * 2 : digit;
    return sum + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return total % 10 === 0;
}

const PERSONAL = {
  email: new RegExp(`[${WORD}.%+\\-]+@[${WORD}\\-]+(?:\\.[${WORD}\\-]+)*\\.[\\p{L}\\p{Nl}\\p{No}]{2,}`, "gu"),
  card: /(?<![\p{Nd}.])(?:\p{Nd}[ \-]?){12,18}\p{Nd}(?!\p{Nd}|\.\p{Nd})/gu,
  phone: new RegExp(
    `(?<![${WORD}.])(?:\\+\\p{Nd}{1,3}[ .\\-]?(?:\\(?\\p{Nd}{1,4}\\)?[ .\\-]?){2,5}\\p{Nd}{2,4}` +
      `|\\(\\p{Nd}{3}\\) ?\\p{Nd}{3}[ .\\-]\\p{Nd}{4}|\\p{Nd}{3}[.\\-]\\p{Nd}{3}[.\\-]\\p{Nd}{4}` +
      `|\\(?0\\p{Nd}{1,4}\\)?[ \\-/]\\p{Nd}{3,4}[ \\-]?\\p{Nd}{3,4})(?![${WORD}]|\\.\\p{Nd})`,
    "gu",
  ),
};

/** Something that many share: a domain, a country, a year; else the kind's name. */
function coarser(kind, value, folded) {
  if (kind === "email") return `@${folded(value.slice(value.lastIndexOf("@") + 1))}`;
  if (kind === "iban") return `<iban ${[...value].slice(0, 2).join("")}>`;
  if (kind === "phone" && value.startsWith("+")) {
    const first = [...value].find((c) => DIGIT.test(c));
    return first === undefined ? "<phone>" : `<phone +${digitValue(first)}...>`;
  }
  if (kind === "birth date") return value.match(/\p{Nd}{4}/u)?.[0] ?? `<${kind}>`;
  return `<${kind}>`;
}

function mask(options, folded) {
  const told = (kind, found) => {
    if (options.how === "hash") return `${kind}-${sha256(found).slice(0, 16)}`;
    return options.how === "generalise" ? coarser(kind, found, folded) : `<${kind}>`;
  };
  return (text) => {
    if (options.whole) return strip(text) ? told(options.whole, strip(text)) : text;
    for (const kind of options.patterns) {
      text = text.replace(PERSONAL[kind], (found) => {
        if (kind === "card" && !isCard(found)) return found;
        const count = [...found].filter((c) => DIGIT.test(c)).length;
        if (kind === "phone" && (count < 7 || count > 15)) return found;
        return told(kind, found);
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
  let one = plainly(options, folded);
  if (options.ranges) one = withRanges(one);
  if (options.compound) one = withCompound(one);
  return (text) => {
    const value = one(text);
    return value !== null && within(options, value) ? value : null;
  };
}

const within = ({ least, most }, value) => !(value < (least ?? -Infinity) || value > (most ?? Infinity));

const NOT_UNIT = `\\p{Nd}${SPACE}.,()\\-+`;
const RANGE = new RegExp(
  `^(.*?[0-9][^\\-–—]*?)[${SPACE}]*(?:-|–|—|(?<![${WORD}])to(?![${WORD}])|\\.\\.+)[${SPACE}]*([^${SPACE}\\-–—].*)$`,
  "su",
);
const UNIT_BEHIND = new RegExp(`^.*?[0-9][${SPACE}]*([^${NOT_UNIT}][^\\p{Nd}()]*[23]?)$`, "su");
const PART = `[0-9]+(?:\\.[0-9]+)?[${SPACE}]*[^${NOT_UNIT}]+\\.?`;
const PARTS_OF = new RegExp(PART, "gu");
const COMPOUND = new RegExp(`^(?:${PART})(?:[${SPACE},]*(?:and[${SPACE}]+)?(?:${PART}))+$`, "u");

function withRanges(one) {
  return (text) => {
    const value = one(text);
    if (value !== null) return value;
    const parts = RANGE.exec(strip(text));
    if (!parts) return null;
    const tail = UNIT_BEHIND.exec(parts[2]);
    const high = one(parts[2]);
    const low = (tail ? one(`${parts[1]} ${tail[1]}`) : null) ?? one(parts[1]);
    return low === null || high === null || low > high ? null : (low + high) / 2;
  };
}

function withCompound(one) {
  return (text) => {
    const value = one(text);
    if (value !== null) return value;
    if (!COMPOUND.test(strip(text))) return null;
    let total = 0;
    for (const [part] of text.matchAll(PARTS_OF)) {
      const size = one(part);
      if (size === null) return null;
      total += size;
    }
    return total;
  };
}

/** Reads one number, with all that may stand around it. */
function plainly(options, folded) {
  const decimal = String(options.decimal ?? ".");
  const thousands = options.thousands ?? "";
  const currency = (options.currency ?? []).map(String).sort((a, b) => [...b].length - [...a].length);
  const units = new Map(entries(options.units).map(([k, v]) => [folded(k), [v, 0].flat().slice(0, 2).map(Number)]));
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
    let [factor, offset] = [1, 0];
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
      [factor, offset] = units.get(unit);
      text = found[1];
    }
    if (negatives && sign > 0 && text.startsWith("(") && text.endsWith(")")) {
      sign = -1;
      text = strip(text.slice(1, -1));
    }
    const value = digits(text);
    return value === null ? null : sign * factor * value + offset;
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
const NO_MARK = "\\x00-\\x20\\x7f-\\xa0\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000" +
  "\\ufe00-\\ufe0f\\ufeff";
const WORDS_AND_MARKS = new RegExp(`[${WORD}]+(?:['’][${WORD}]+)*|[^${WORD}${NO_MARK}]`, "gu");

function text(options) {
  const wanted = options.marks ? WORDS_AND_MARKS : WORDS;
  return (raw) => (raw.normalize("NFKC").toLowerCase().match(wanted) ?? []).join(" ") || null;
}

const OPERATIONS = {
  repair, strip: () => strip, missing, spellings, mask, case: letterCase, variants, boolean, number, date, text,
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
    this.limits = last?.name === "number" ? last.options : {};
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
      if (Number.isFinite(made) && !within(this.limits, made)) return UNREAD;
      return Number.isFinite(made) ? made : null;
    }
    if (this.kind === "date" && this.epoch !== null && typeof raw !== "boolean") {
      const made = Math.abs(Number(raw)) < 1e30 ? fromEpoch(Number(raw), this.epoch) : null;
      return made === null ? UNREAD : made;
    }
    return this.text(render(raw));
  }
}
