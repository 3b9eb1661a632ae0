//! Worked examples in JavaScript and TypeScript.

use super::{check, parsed};

#[test]
fn sum_of_primes_of_the_paper() {
    check(
        "javascript",
        "
function sumOfPrimes(max) {
  let total = 0;
  OUT: for (let i = 1; i <= max; ++i) { // +1
    for (let j = 2; j < i; ++j) { // +2
      if (i % j === 0) { // +3
        continue OUT; // +1
      }
    }
    total += i;
  }
  return total;
}",
    );
}

#[test]
fn get_words_of_the_paper() {
    check(
        "javascript",
        "
function getWords(number) {
  switch (number) { // +1
    case 1: return 'one';
    case 2: return 'a couple';
    default: return 'lots';
  }
}",
    );
}

#[test]
fn else_if_continues_a_chain_without_nesting() {
    check(
        "typescript",
        "
function f(a: number): number {
  if (a === 1) { // +1
    return 1;
  } else if (a === 2) { // +1
    return 2;
  } else if (a === 3) { // +1
    if (a) { // +2
      return 4;
    }
  } else { // +1
    while (a) { // +2
      a--;
    }
  }
  return 3;
}",
    );
}

#[test]
fn an_if_in_a_block_after_else_is_no_else_if() {
    check(
        "javascript",
        "
function f(a, b) {
  if (a) { // +1
    return 1;
  } else { // +1
    if (b) { // +2
      return 2;
    }
  }
}",
    );
}

#[test]
fn catch_costs_and_nests_but_try_and_finally_do_not() {
    check(
        "javascript",
        "
function f(a) {
  try {
    if (a) g(); // +1
  } catch (error) { // +1
    if (error) { // +2
      throw error;
    }
  } finally {
    if (a) { h(); } // +1
  }
}",
    );
}

#[test]
fn sequences_of_the_same_boolean_operator_cost_one() {
    check("javascript", "function f(a, b, c) { return a && b && c; } // +1");
    check("javascript", "function f(a, b, c, d) { return a && b || c && d; } // +1 +1 +1");
    check("javascript", "function f(a, b, c) { return a && !(b && c); } // +1 +1");
    check("javascript", "function f(a, b, c) { return a || (b || c); } // +1");
    check("javascript", "function f(a, b, c) { return a && b === (c || a); } // +1 +1");
}

#[test]
fn shorthands_for_missing_values_are_free() {
    check("javascript", "function f(a) { a ??= 1; return a?.b?.[0]?.() ?? 0; }");
    check("javascript", "function f(a, b) { a ||= b; a &&= b; return a; }");
}

#[test]
fn conditional_expressions_nest_in_their_results() {
    check("javascript", "function f(a, b) { return a ? 1 : b ? 2 : 3; } // +1 +2");
    check("javascript", "function f(a, b) { return (a ? b : 1) ? 1 : 2; } // +1 +1");
}

#[test]
fn every_loop_costs_and_nests() {
    check(
        "javascript",
        "
function f(a) {
  for (const b of a) { // +1
    for (const c in b) { // +2
      do { // +3
        while (c) c--; // +4
      } while (b);
    }
  }
}",
    );
}

#[test]
fn inner_functions_are_deeper_unless_the_outer_one_only_declares() {
    check(
        "javascript",
        "
const declarative = function (bar) {
  var foo;
  bar.myFun = function (condition) {
    if (condition) { // +1
      foo();
    }
  };
};",
    );
    check(
        "javascript",
        "
const notDeclarative = function (bar) {
  var foo;
  if (bar) { // +1
    foo = 1;
  }
  bar.myFun = function (condition) {
    if (condition) { // +2
      foo();
    }
  };
};",
    );
}

#[test]
fn callbacks_nest() {
    check(
        "javascript",
        "
function f(rows) {
  if (!rows) return 0; // +1
  return rows.filter(row => row && row.length) // +1
    .map(row => row.map(cell => cell ? 1 : 0)); // +3
}",
    );
}

#[test]
fn direct_recursion_costs_one() {
    check("javascript", "function fact(n) { // +1\n return n < 2 ? 1 : n * fact(n - 1); // +1\n}");
    check("javascript", "const fact = n => // +1\n n < 2 ? 1 : n * fact(n - 1); // +1\n");
    let text = "class A { m() { return this.m(); } n() { return n() + b.n(); } }";
    let costs: Vec<u32> =
        parsed("javascript", text).functions().iter().map(|one| one.metrics.cognitive).collect();
    assert_eq!(costs, [1, 0]);
}

#[test]
fn a_break_out_of_two_loops_names_a_label() {
    check(
        "typescript",
        "
const find = (rows: number[][], wanted: number): boolean => {
  let found = false;
  outer: for (const row of rows) { // +1
    for (const cell of row) { // +2
      if (cell === wanted) { // +3
        found = true;
        break outer; // +1
      }
      if (!cell) break; // +3
    }
  }
  return found;
};",
    );
}

#[test]
fn types_cost_nothing() {
    check(
        "typescript",
        "
function f<T extends object>(a: T | null, b?: keyof T): T extends string ? 1 : 2 {
  if (a && b) { // +1 +1
    return a[b] as never;
  }
  return undefined!;
}",
    );
}

#[test]
fn elements_are_code_too() {
    check(
        "tsx",
        "
function List(props: Props) {
  return (
    <ul>
      {props.rows.map(row => row.open ? <b>{row.name}</b> : <i>{row.name}</i>) // +1
      }
    </ul>
  );
}",
    );
}
