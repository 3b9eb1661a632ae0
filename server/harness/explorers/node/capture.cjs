// Preloaded when tests run to see what a module is called with: wraps what it exports and writes each call's arguments down.
// It must not change what the calls do.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const { pathToFileURL } = require("node:url");

const { HEPHAESTUS_FILE: file, HEPHAESTUS_CALLS: kept, HEPHAESTUS_VALUES: values } = process.env;
const MOST = 400;
const calls = [];
const wrapped = new WeakMap();
let express = null;
const waiting = [];

import(pathToFileURL(values).href).then(found => {
  express = found.express;
  for (const [name, args] of waiting) note(name, args);
});

function note(name, args) {
  if (calls.length >= MOST) return;
  if (express === null) return void waiting.push([name, structured(args)]);
  try {
    calls.push([name, args.map(one => express(one))]);
  } catch {
    // It cannot be written down.
  }
}

function structured(args) {
  try {
    return structuredClone(args);
  } catch {
    return args;
  }
}

function wrap(name, value) {
  if (typeof value !== "function") return value;
  if (!wrapped.has(value)) {
    wrapped.set(value, new Proxy(value, {
      apply(target, self, args) {
        note(name, args);
        return Reflect.apply(target, self, args);
      },
    }));
  }
  return wrapped.get(value);
}

function exported(value) {
  if (typeof value === "function") return wrap("default", value);
  if (value === null || typeof value !== "object") return value;
  for (const key of Object.keys(value)) {
    const field = Object.getOwnPropertyDescriptor(value, key);
    if (field.writable && typeof field.value === "function") value[key] = wrap(key, field.value);
  }
  return value;
}

const load = Module._load;
const done = new Map();
Module._load = function (request, parent, ...rest) {
  const value = load.call(this, request, parent, ...rest);
  try {
    if (Module._resolveFilename(request, parent) !== file) return value;
  } catch {
    return value;
  }
  if (!done.has(value)) done.set(value, exported(value));
  return done.get(value);
};

// Where a runner would have brought these along.
const nothing = () => {};
const group = (_, body) => typeof body === "function" && body.call({ timeout: nothing, slow: nothing });
const single = (_, body) => {
  try {
    return typeof body === "function" && body.call({ timeout: nothing, slow: nothing, skip: nothing }, nothing);
  } catch {
    return undefined;
  }
};
for (const [name, value] of Object.entries({ describe: group, context: group, suite: group, it: single, test: single, specify: single })) {
  if (!(name in globalThis)) globalThis[name] = Object.assign(value, { only: value, skip: nothing, each: () => nothing });
}
for (const name of ["before", "after", "beforeEach", "afterEach", "beforeAll", "afterAll"]) {
  if (!(name in globalThis)) globalThis[name] = (a, b) => single("", b ?? a);
}
process.on("uncaughtException", nothing);
process.on("exit", () => fs.writeFileSync(kept, JSON.stringify(calls)));
