"use strict";

function isEven(number) {
  if (number % 2 === 0) {
    return true;
  } else {
    return false;
  }
}

function hasNegative(numbers) {
  return numbers.filter((number) => number < 0).length > 0;
}

module.exports = { isEven, hasNegative };
