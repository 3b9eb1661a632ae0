//! Several directives as a queue: what comes after another one stands behind it, and among the others the one with the
//! higher priority comes first.

use hephaestus_directive::Directive;
use std::collections::BTreeSet;

/// Why directives cannot be put in order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Each of them waits for another one.
    #[error("these directives wait for each other: {}", .0.join(", "))]
    Cycle(Vec<String>),
}

/// Puts directives in order. One that comes after a directive that is not among them waits for nothing.
///
/// # Errors
/// When some wait for each other.
pub fn in_order(directives: Vec<Directive>) -> Result<Vec<Directive>, QueueError> {
    let all: BTreeSet<String> = directives.iter().map(|own| own.name.clone()).collect();
    let mut left = directives;
    // What is equal stays in the order it came in.
    left.sort_by_key(|own| std::cmp::Reverse(own.priority()));
    let (mut done, mut queue) = (BTreeSet::new(), Vec::new());
    while !left.is_empty() {
        let is_free = |own: &Directive| {
            let waits_for = own.after.iter().map(|name| name.value.as_str());
            waits_for.filter(|name| all.contains(*name)).all(|name| done.contains(name))
        };
        let Some(next) = left.iter().position(is_free) else {
            return Err(QueueError::Cycle(left.into_iter().map(|own| own.name).collect()));
        };
        let next = left.remove(next);
        done.insert(next.name.clone());
        queue.push(next);
    }
    Ok(queue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::RelPath;
    use hephaestus_directive::parse;

    fn directive(name: &str, keys: &str) -> Directive {
        let text = format!("kind = \"fix\"\ngoal = \"g\"\n{keys}\n");
        let path = RelPath::new(format!("{name}.forge.toml")).unwrap();
        parse(&text, &path).directive.unwrap()
    }

    fn order(directives: &[(&str, &str)]) -> Result<Vec<String>, QueueError> {
        let directives = directives.iter().map(|(name, keys)| directive(name, keys)).collect();
        in_order(directives).map(|queue| queue.into_iter().map(|own| own.name).collect())
    }

    #[test]
    fn priority_decides_where_nothing_waits() {
        let queue = order(&[("a", ""), ("b", "priority = 2"), ("c", "priority = -1"), ("d", "")]).unwrap();
        assert_eq!(queue, ["b", "a", "d", "c"]);
    }

    #[test]
    fn what_waits_comes_behind_whatever_its_priority() {
        let queue =
            order(&[("a", "after = [\"b\"]\npriority = 9"), ("b", ""), ("c", "priority = 1")]).unwrap();
        assert_eq!(queue, ["c", "b", "a"]);
        assert_eq!(order(&[("a", "after = [\"elsewhere\"]")]).unwrap(), ["a"]);
    }

    #[test]
    fn directives_that_wait_for_each_other_are_named() {
        let error = order(&[("a", "after = [\"b\"]"), ("b", "after = [\"a\"]"), ("c", "")]).unwrap_err();
        assert_eq!(error, QueueError::Cycle(vec!["a".to_owned(), "b".to_owned()]));
    }
}
