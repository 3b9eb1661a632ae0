// What kinds of values inputs are made of, place by place, so that inputs made from others stay in what a function is meant for.

const DEEPEST = 6;

function place(value, path, depth, add) {
  if (value === null) return add(`${path}:null`);
  if (typeof value === "number") return add(`${path}:${Number.isInteger(value) ? "integer" : Number.isFinite(value) ? "number" : String(value)}`);
  if (typeof value !== "object") return add(`${path}:${typeof value}`);
  if (depth > DEEPEST) return undefined;
  if (Array.isArray(value)) {
    add(`${path}:list`);
    for (const part of value) place(part, `${path}[]`, depth + 1, add);
    return undefined;
  }
  if (value instanceof Map) {
    add(`${path}:map`);
    for (const [key, part] of value) {
      place(key, `${path}[key]`, depth + 1, add);
      place(part, `${path}[]`, depth + 1, add);
    }
    return undefined;
  }
  if (value instanceof Set) {
    add(`${path}:set`);
    for (const part of value) place(part, `${path}[]`, depth + 1, add);
    return undefined;
  }
  const keys = Object.keys(value);
  add(`${path}:${Object.getPrototypeOf(value)?.constructor?.name ?? "bare"}{${keys.slice().sort().join()}}`);
  for (const key of keys) place(value[key], `${path}.${key}`, depth + 1, add);
  return undefined;
}

/** The kinds seen in inputs (`{args, state}`). */
export class Kinds {
  constructor(inputs) {
    this.seen = new Set();
    for (const input of inputs) place(input, "", 0, kind => this.seen.add(kind));
    for (const { args } of inputs) args.forEach((value, at) => typeof value === "number" && this.seen.add(`.args[${at}]`));
  }

  /** Whether an input has nothing but what was seen. */
  fit(input) {
    let fits = true;
    place(input, "", 0, kind => (fits &&= this.seen.has(kind)));
    return fits;
  }
}
