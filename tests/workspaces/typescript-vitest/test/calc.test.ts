import { expect, test } from "vitest";
import { hasNegative, isEven } from "../src/calc";

test("even", () => {
  expect(isEven(2)).toBe(true);
  expect(isEven(3)).toBe(false);
});

test("negative", () => {
  expect(hasNegative([1, -1])).toBe(true);
  expect(hasNegative([1])).toBe(false);
});
