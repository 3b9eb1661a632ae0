"use strict";

const test = require("tape");
const { isEven, hasNegative } = require("../calc.js");

test("even", (t) => {
  t.equal(isEven(2), true);
  t.equal(isEven(3), false);
  t.end();
});

test("negative", (t) => {
  t.equal(hasNegative([1, -1]), true);
  t.equal(hasNegative([1]), false);
  t.end();
});
