//! Numbers, truth and comparison.

use std::cmp::Ordering;

use super::super::value::Value;
use super::{Halves, Integers, Meaning, Rules};

/// The greatest exponent that is followed.
const MOST_POWER: i64 = 64;

pub(super) fn named(name: &str) -> Option<Meaning> {
    Some(match name {
        "add" => |args, rules| both(args, rules, i64::checked_add, |l, r| l + r),
        "subtract" => |args, rules| both(args, rules, i64::checked_sub, |l, r| l - r),
        "multiply" => |args, rules| both(args, rules, i64::checked_mul, |l, r| l * r),
        "divide" => |args, rules| {
            let [left, right] = args else { return None };
            let (left, right) = (left.number()?, right.number()?);
            if right == 0.0 { None } else { rules.float(left / right) }
        },
        "quotient" => |args, rules| match args {
            [Value::Int(left), Value::Int(right)] => rules.whole(quotient(*left, *right, rules)),
            [left, right] => {
                let by = right.number()?;
                if by == 0.0 { None } else { rules.float((left.number()? / by).floor()) }
            }
            _ => None,
        },
        "remainder" => |args, rules| match args {
            [Value::Int(left), Value::Int(right)] => rules.whole(remainder(*left, *right, rules)),
            _ => None,
        },
        "power" => power,
        "negate" => |args, rules| match args {
            [Value::Int(own)] => rules.whole(own.checked_neg()),
            [Value::Float(own)] => rules.float(-own),
            _ => None,
        },
        "absolute" => |args, rules| match args {
            [Value::Int(own)] => rules.whole(own.checked_abs()),
            [Value::Float(own)] => rules.float(own.abs()),
            _ => None,
        },
        "least_of" => |args, _| chosen(args, Ordering::Less),
        "greatest_of" => |args, _| chosen(args, Ordering::Greater),
        "round" => |args, rules| to_whole(args, rules, |own| rounded(own, rules.halves)),
        "floor" => |args, rules| to_whole(args, rules, f64::floor),
        "ceiling" => |args, rules| to_whole(args, rules, f64::ceil),
        "truncate" => |args, rules| to_whole(args, rules, f64::trunc),
        "root" => |args, rules| {
            let [own] = args else { return None };
            let own = own.number()?;
            if own < 0.0 { None } else { rules.float(own.sqrt()) }
        },
        "to_float" => |args, _| args.first()?.number().map(Value::Float),
        "round_to" => round_to,
        "xor" => |args, rules| bits(args, rules, |l, r| l ^ r),
        "bit_and" => |args, rules| bits(args, rules, |l, r| l & r),
        "bit_or" => |args, rules| bits(args, rules, |l, r| l | r),
        "and" => |args, _| match args {
            [Value::Bool(false), _] => Some(Value::Bool(false)),
            [Value::Bool(true), right @ Value::Bool(_)] => Some(right.clone()),
            _ => None,
        },
        "or" => |args, _| match args {
            [Value::Bool(true), _] => Some(Value::Bool(true)),
            [Value::Bool(false), right @ Value::Bool(_)] => Some(right.clone()),
            _ => None,
        },
        "not" => |args, _| match args {
            [Value::Bool(own)] => Some(Value::Bool(!own)),
            _ => None,
        },
        "choose" => |args, _| match args {
            [Value::Bool(true), yes, _] => Some(yes.clone()),
            [Value::Bool(false), _, no] => Some(no.clone()),
            _ => None,
        },
        "equal" => |args, _| equal(args),
        "unequal" => |args, _| equal(args).and_then(|own| super::named("not")?(&[own], &NO_RULES)),
        "less" => |args, _| compared(args, |order| order.is_lt()),
        "at_most" => |args, _| compared(args, |order| order.is_le()),
        "greater" => |args, _| compared(args, |order| order.is_gt()),
        "at_least" => |args, _| compared(args, |order| order.is_ge()),
        "is_none" => |args, _| Some(Value::Bool(matches!(args, [Value::None]))),
        "present" => |args, _| args.first().filter(|own| !matches!(own, Value::None)).cloned(),
        _ => return None,
    })
}

/// For what no language does in its own way.
const NO_RULES: Rules = Rules {
    integers: Integers::Unbounded,
    floors: true,
    halves: Halves::Even,
    wraps: true,
    utf16: false,
    has_floats: false,
    has_chars: false,
    last_greatest: false,
    shows_fraction: true,
    bounds: None,
};

fn both(
    args: &[Value],
    rules: &Rules,
    whole: fn(i64, i64) -> Option<i64>,
    float: fn(f64, f64) -> f64,
) -> Option<Value> {
    match args {
        [Value::Int(left), Value::Int(right)] => rules.whole(whole(*left, *right)),
        [left, right] => rules.float(float(left.number()?, right.number()?)),
        _ => None,
    }
}

fn quotient(left: i64, right: i64, rules: &Rules) -> Option<i64> {
    let towards_zero = left.checked_div(right)?;
    let is_off = left % right != 0 && (left < 0) != (right < 0);
    Some(if rules.floors && is_off { towards_zero - 1 } else { towards_zero })
}

fn remainder(left: i64, right: i64, rules: &Rules) -> Option<i64> {
    let towards_zero = left.checked_rem(right)?;
    let is_off = towards_zero != 0 && (left < 0) != (right < 0);
    Some(if rules.floors && is_off { towards_zero + right } else { towards_zero })
}

fn power(args: &[Value], rules: &Rules) -> Option<Value> {
    match args {
        [Value::Int(base), Value::Int(by)] if *by >= 0 => {
            if *by > MOST_POWER {
                return None;
            }
            rules.whole(base.checked_pow(u32::try_from(*by).ok()?))
        }
        [_, Value::Int(_)] if rules.integers == Integers::Sized => None,
        [base, by] => rules.float(base.number()?.powf(by.number()?)),
        _ => None,
    }
}

fn chosen(args: &[Value], wanted: Ordering) -> Option<Value> {
    let [left, right] = args else { return None };
    let order = right.order(left)?;
    Some(if order == wanted { right.clone() } else { left.clone() })
}

#[allow(clippy::cast_possible_truncation, reason = "what is too large for a whole number is left out before")]
fn to_whole(args: &[Value], rules: &Rules, make: impl Fn(f64) -> f64) -> Option<Value> {
    match args {
        [own @ Value::Int(_)] => Some(own.clone()),
        [Value::Float(own)] if own.abs() < 9e15 => rules.whole(Some(make(*own) as i64)),
        _ => None,
    }
}

fn rounded(own: f64, halves: Halves) -> f64 {
    match halves {
        Halves::Even => own.round_ties_even(),
        Halves::Up => (own + 0.5).floor(),
        Halves::Away => own.round(),
    }
}

/// As Python's `round` with a number of digits, within what a float can tell.
fn round_to(args: &[Value], rules: &Rules) -> Option<Value> {
    let [own, Value::Int(digits)] = args else { return None };
    let digits = usize::try_from(*digits).ok().filter(|digits| *digits <= 12)?;
    match own {
        Value::Int(own) => Some(Value::Int(*own)),
        Value::Float(own) => rules.float(format!("{own:.digits$}").parse().ok()?),
        _ => None,
    }
}

fn bits(args: &[Value], rules: &Rules, make: fn(i64, i64) -> i64) -> Option<Value> {
    let [Value::Int(left), Value::Int(right)] = args else { return None };
    // As signed numbers of 32 bits, some languages say something else.
    let is_small = |own: i64| i32::try_from(own).is_ok();
    let may = rules.integers != Integers::Double || is_small(*left) && is_small(*right);
    if may { rules.whole(Some(make(*left, *right))) } else { None }
}

fn equal(args: &[Value]) -> Option<Value> {
    let [left, right] = args else { return None };
    Some(Value::Bool(left == right))
}

fn compared(args: &[Value], holds: fn(Ordering) -> bool) -> Option<Value> {
    let [left, right] = args else { return None };
    left.order(right).map(|order| Value::Bool(holds(order)))
}
