"use strict";

const test = require("node:test");
const assert = require("node:assert");
const { isEven, hasNegative } = require("../calc.js");

test("even", () => {
  assert.strictEqual(isEven(2), true);
  assert.strictEqual(isEven(3), false);
});

test("negative", () => {
  assert.strictEqual(hasNegative([1, -1]), true);
  assert.strictEqual(hasNegative([1]), false);
});
