export function isEven(number: number): boolean {
  if (number % 2 === 0) {
    return true;
  } else {
    return false;
  }
}

export function hasNegative(numbers: number[]): boolean {
  return numbers.filter((number) => number < 0).length > 0;
}
