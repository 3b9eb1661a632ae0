//! Worked examples in Rust.

use super::{check, parsed};

#[test]
fn sum_of_primes_of_the_paper() {
    check(
        "rust",
        "
fn sum_of_primes(max: u32) -> u32 {
    let mut total = 0;
    'out: for i in 1..=max { // +1
        for j in 2..i { // +2
            if i % j == 0 { // +3
                continue 'out; // +1
            }
        }
        total += i;
    }
    total
}",
    );
}

#[test]
fn a_match_is_a_switch() {
    check(
        "rust",
        "
fn f(number: u32) -> &'static str {
    match number { // +1
        1 => \"one\",
        2 | 3 if number > 2 => \"few\",
        n => {
            if n > 9 { // +2
                \"many\"
            } else { // +1
                \"some\"
            }
        }
    }
}",
    );
}

#[test]
fn if_let_chains_are_ifs_with_a_sequence() {
    check(
        "rust",
        "
fn f(a: Option<u32>, b: bool) -> u32 {
    if let Some(a) = a { // +1
        a
    } else if let Some(c) = g() && b && c > 2 { // +1 +1
        c
    } else { // +1
        0
    }
}",
    );
}

#[test]
fn let_else_is_an_if() {
    check(
        "rust",
        "
fn f(a: Option<u32>) -> u32 {
    let Some(b) = a else { // +1
        if g() { // +2
            return 1;
        }
        return 0;
    };
    for _ in 0..b { // +1
        let Ok(c) = h() else { continue }; // +2
        let d = c;
    }
    b
}",
    );
}

#[test]
fn the_question_mark_is_free() {
    check("rust", "fn f() -> Result<u32, E> { let a = g()?.h()?; Ok(a?.b) }");
}

#[test]
fn loops_cost_and_nest() {
    check(
        "rust",
        "
fn f() {
    loop { // +1
        while g() { // +2
            while let Some(a) = h() { // +3
                if a { break } // +4
            }
        }
    }
}",
    );
}

#[test]
fn sequences_of_the_same_boolean_operator_cost_one() {
    check("rust", "fn f(a: bool, b: bool, c: bool) -> bool { a && b && c } // +1");
    check("rust", "fn f(a: bool, b: bool, c: bool) -> bool { a && b || c } // +1 +1");
    check("rust", "fn f(a: bool, b: bool, c: bool) -> bool { a && !(b && c) } // +1 +1");
    check("rust", "fn f(a: bool, b: u8, c: u8) -> bool { a & (b == c) | !a }");
    check("rust", "fn f(a: bool, b: bool) -> bool { (a || b) || g(|| a || b) } // +1 +1");
}

#[test]
fn if_as_an_expression_is_an_if() {
    check(
        "rust",
        "
fn f(a: bool, b: bool) -> u32 {
    let c = if a { 1 } else { 2 }; // +1 +1
    g(if b { c } else if a { 3 } else { 4 }) // +1 +1 +1
}",
    );
}

#[test]
fn closures_and_inner_functions_nest() {
    check(
        "rust",
        "
fn f(rows: &[Row]) -> usize {
    fn inner(a: bool) -> usize {
        if a { 1 } else { 2 } // +2 +1
    }
    rows.iter().filter(|row| match row { // +2
        Row::A => true,
        Row::B => inner(false) > 1,
    }).count()
}",
    );
}

#[test]
fn direct_recursion_costs_one() {
    check("rust", "fn fact(n: u64) -> u64 { // +1\n if n < 2 { 1 } else { n * fact(n - 1) } // +1 +1\n}");
    let text = "struct T;\nimpl T { fn a(&self) { self.a() } fn b() { Self::b(); T::b() } fn c() { c(); other.c() } }";
    let costs: Vec<u32> = parsed("rust", text).functions().iter().map(|one| one.metrics.cognitive).collect();
    assert_eq!(costs, [1, 1, 0]);
}

#[test]
fn blocks_that_do_not_steer_are_free() {
    check(
        "rust",
        "
async fn f() {
    unsafe {
        async move {
            const { if A { 1 } else { 2 } } // +1 +1
        }
    }
}",
    );
}

#[test]
fn a_labelled_break_with_a_value_costs_one() {
    check(
        "rust",
        "
fn f(rows: &[u32]) -> Option<u32> {
    'found: {
        for row in rows { // +1
            if *row > 2 { // +2
                break 'found Some(*row); // +1
            }
        }
        None
    }
}",
    );
}

#[test]
fn what_a_macro_is_given_is_not_read() {
    check("rust", "fn f(a: bool) { println!(\"{}\", if a && g() { 1 } else { 2 }); }");
}
