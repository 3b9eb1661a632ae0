// Values as expressions of the language, and values like others. It must not call the code under test.

const LONGEST = 400;
const ITEMS = 24;
const DEPTH = 5;
const WORD = /^[A-Za-z_$][\w$]*$/;

/** There is no short expression for a value. */
export class Opaque extends Error {}

/** A text in quotes. */
export function quoted(text) {
  const inner = JSON.stringify(text).slice(1, -1);
  if (text.includes("'")) return `"${inner}"`;
  return `'${inner.replaceAll('\\"', '"')}'`;
}

/** A value as an expression that gives an equal one. Throws `Opaque`. */
export function express(value, depth = 0) {
  const text = written(value, depth);
  if (text.length > LONGEST) throw new Opaque("long");
  return text;
}

function written(value, depth) {
  if (depth > DEPTH) throw new Opaque("deep");
  if (value === null || value === undefined || typeof value === "boolean") return String(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "object") throw new Opaque(typeof value);
  const parent = Object.getPrototypeOf(value);
  const inner = part => written(part, depth + 1);
  if (Array.isArray(value)) return list(value, inner);
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map) return `new Map(${list([...value], inner)})`;
  if (value instanceof Set) return `new Set(${list([...value], inner)})`;
  if (parent !== Object.prototype) throw new Opaque("an object of a class");
  const keys = Reflect.ownKeys(value);
  if (keys.length > ITEMS || keys.some(key => typeof key === "symbol" || key === "__proto__")) throw new Opaque("odd keys");
  if (keys.some(key => !("value" in Object.getOwnPropertyDescriptor(value, key)))) throw new Opaque("accessors");
  const pairs = keys.map(key => `${WORD.test(key) ? key : quoted(key)}: ${inner(value[key])}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function list(value, inner) {
  if (value.length > ITEMS || Object.keys(value).length !== value.length) throw new Opaque("an odd list");
  return `[${value.map(inner).join(", ")}]`;
}

/** Chance that is the same for the same seed. */
export function chance(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), state | 1) + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export const pick = (random, items) => items[Math.floor(random() * items.length)];

/** A value like this one; `known` are constants of the code. */
export function like(value, random, known, depth = 0) {
  const own = known.filter(one => typeof one === typeof value);
  if (own.length > 0 && random() < 0.3) return near(pick(random, own), random);
  if (Array.isArray(value)) return listLike(value, random, known, depth);
  if (value !== null && typeof value === "object") return recordLike(value, random, known, depth);
  return near(value, random, known);
}

function near(value, random, known = []) {
  if (typeof value === "number") return pick(random, [value, value + 1, value - 1, -value, value * 2, value / 2, value + 0.5, 0, 1, value * 1000]);
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") {
    const at = Math.floor(random() * (value.length + 1));
    const texts = known.filter(one => typeof one === "string");
    const piece = pick(random, [...texts, "a", "-", "0", " ", "=", "--", ".", "x=1", "true"]);
    return pick(random, [
      value.slice(0, at), value.slice(at), value + value, value.toUpperCase(), value.slice(0, at) + piece + value.slice(at),
      value + piece, piece + value, piece, "", `-${value}`, `--${value}`, `${value}=1`, `no-${value}`, value.slice(0, at) + value.slice(at + 1),
    ]);
  }
  if (value === null || value === undefined) return pick(random, [0, "", "a", true, false, {}, []]);
  return value;
}

function listLike(value, random, known, depth) {
  const items = [...value];
  const at = Math.floor(random() * items.length);
  const way = random();
  if (items.length === 0) return [pick(random, ["a", 1, "-a", ...known.slice(0, 4)])];
  if (way < 0.2) items.splice(at, 1);
  else if (way < 0.4) items.splice(at, 0, like(items[at], random, known, depth + 1));
  else if (way < 0.5) items.reverse();
  else if (way < 0.6) items.push(pick(random, [...known.filter(one => typeof one === typeof items[0]), items[at]]));
  else if (depth < 4) items[at] = like(items[at], random, known, depth + 1);
  return items;
}

function recordLike(value, random, known, depth) {
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const made = { ...value };
  const keys = Object.keys(made);
  const words = known.filter(one => typeof one === "string" && WORD.test(one));
  if (keys.length === 0 || random() < 0.3) {
    made[pick(random, [...words, ...words, "a", "b"])] = pick(random, [true, false, "a", 1, ["a"], { a: "b" }, ["a", "b"], { a: ["b"] }, { a: true }]);
    return made;
  }
  const key = pick(random, keys);
  if (random() < 0.25) delete made[key];
  else made[key] = depth < 4 ? like(made[key], random, known, depth + 1) : made[key];
  return made;
}

/** Values with less in them. */
export function* simpler(value) {
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && at < 8; at += 1) yield value.filter((_, place) => place !== at);
    if (value.length > 3) yield* [value.slice(0, value.length >> 1), value.slice(value.length >> 1)];
    for (let at = 0; at < value.length && at < 6; at += 1) for (const less of simpler(value[at])) yield value.map((one, place) => (place === at ? less : one));
  } else if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    for (const key of Object.keys(value)) {
      yield Object.fromEntries(Object.entries(value).filter(([own]) => own !== key));
      for (const less of simpler(value[key])) yield { ...value, [key]: less };
    }
  } else if (typeof value === "string" && value.length > 1) {
    yield* [value.slice(0, value.length >> 1), value.slice(value.length >> 1), value.slice(1), value.slice(0, -1)];
  } else if (typeof value === "number" && String(value).length > 1) {
    yield* [0, 1, 2, Math.round(value)].filter(less => String(less).length < String(value).length);
  }
}

/** Values to begin with, by what a parameter is called. */
export function guesses(name) {
  const word = name.toLowerCase();
  if (/^(args|argv|list|items|arr|array|values)/.test(word)) return [[], ["a"], [1, 2, 3], ["--a", "b"], ["-a", "1"]];
  if (/^(opt|options|config|settings|obj|o|data)/.test(word)) return [{}, { a: 1 }, undefined];
  if (/^(n|num|number|count|size|i|index|x|y|min|max|len|length)/.test(word)) return [0, 1, -1, 2, 1.5, 100];
  if (/^(s|str|string|text|name|key|version|v|sep|prefix)/.test(word)) return ["", "a", "abc", "1.2.3", "a b"];
  return [undefined, null, 0, 1, "", "a", "12", [], ["a"], {}, { a: 1 }, true];
}
