"use strict";

const assert = require("node:assert");
const { isEven, hasNegative } = require("../calc.js");

describe("calc", () => {
  it("knows even numbers", () => {
    assert.strictEqual(isEven(2), true);
    assert.strictEqual(isEven(3), false);
  });

  it("sees negative numbers", () => {
    assert.strictEqual(hasNegative([1, -1]), true);
    assert.strictEqual(hasNegative([1]), false);
  });
});
