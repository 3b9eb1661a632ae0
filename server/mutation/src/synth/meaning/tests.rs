//! What components compute, where languages differ and at their borders.

use super::super::kit::Kit;
use super::*;

fn rules(language: &str) -> Rules {
    let languages = hephaestus_syntax::Languages::builtin().unwrap();
    let language = languages.get(&hephaestus_core::LanguageId::new(language)).unwrap();
    Kit::of(language.pack()).unwrap().unwrap().rules
}

fn does(language: &str, name: &str, args: &[Value]) -> Option<Value> {
    named(name).unwrap()(args, &rules(language))
}

#[test]
fn division_follows_the_language() {
    let args = [Value::Int(-7), Value::Int(2)];
    for (language, quotient, remainder) in [("python", -4, 1), ("rust", -3, -1)] {
        assert_eq!(does(language, "quotient", &args), Some(Value::Int(quotient)), "{language}");
        assert_eq!(does(language, "remainder", &args), Some(Value::Int(remainder)), "{language}");
    }
    assert_eq!(does("javascript", "remainder", &args), Some(Value::Int(-1)));
    assert_eq!(does("python", "divide", &[Value::Int(1), Value::Int(0)]), None);
    assert!(matches!(does("javascript", "divide", &[Value::Int(4), Value::Int(2)]), Some(Value::Int(2))));
    assert!(matches!(does("python", "divide", &[Value::Int(4), Value::Int(2)]), Some(Value::Float(_))));
}

#[test]
fn whole_numbers_end_where_the_language_says() {
    let big = [Value::Int(1 << 53), Value::Int(1 << 53)];
    assert_eq!(does("javascript", "add", &big), None);
    assert_eq!(does("python", "add", &big), Some(Value::Int(1 << 54)));
    let mut small = rules("rust");
    small.bounds = Some((-128, 127));
    assert_eq!(named("add").unwrap()(&[Value::Int(100), Value::Int(28)], &small), None);
}

#[test]
fn strings_are_counted_as_the_language_counts() {
    let own = [Value::text("a\u{1f600}")];
    for (language, length) in [("python", 2), ("javascript", 3), ("rust", 2)] {
        assert_eq!(does(language, "text_length", &own), Some(Value::Int(length)), "{language}");
    }
    assert_eq!(does("javascript", "reverse_text", &own), None, "it would break the character");
}

#[test]
fn an_index_from_the_end_is_one_where_the_language_has_it() {
    let args = [Value::list([1, 2, 3].map(Value::Int)), Value::Int(-1)];
    assert_eq!(does("python", "item", &args), Some(Value::Int(3)));
    assert_eq!(does("javascript", "item", &args), None);
    assert_eq!(does("rust", "from", &args), None);
    assert_eq!(does("javascript", "from", &args), Some(Value::list([Value::Int(3)])));
}

#[test]
fn halves_are_rounded_as_the_language_does() {
    for (language, expected) in [("python", 2), ("javascript", 3)] {
        assert_eq!(does(language, "round", &[Value::Float(2.5)]), Some(Value::Int(expected)), "{language}");
    }
    assert_eq!(does("javascript", "round", &[Value::Float(-2.5)]), Some(Value::Int(-2)));
}

#[test]
fn what_stops_early_does_not_see_what_fails_later() {
    let items = [Value::Int(1), Value::Int(2)];
    let made = [Value::Bool(true), Value::Error];
    let own = rules("python");
    assert_eq!(Higher::Any.gather(&items, &made, &own), Some(Value::Bool(true)));
    assert_eq!(Higher::All.gather(&items, &made, &own), None);
    assert_eq!(Higher::Map.gather(&items, &made, &own), None);
}

#[test]
fn of_equal_keys_the_language_takes_the_first_or_the_last() {
    let items = [Value::text("a"), Value::text("b")];
    let made = [Value::Int(1), Value::Int(1)];
    let greatest = |language: &str| Higher::Greatest.gather(&items, &made, &rules(language));
    assert_eq!((greatest("python"), greatest("rust")), (Some(Value::text("a")), Some(Value::text("b"))));
}
