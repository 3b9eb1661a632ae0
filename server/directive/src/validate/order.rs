//! Which directives must hold before: are they there, and does the order come to an end?

use super::Validator;
use crate::Problem;
use std::collections::BTreeSet;

impl Validator<'_> {
    pub(super) fn order(&mut self) {
        let own = self.directive.name.as_str();
        for name in &self.directive.after {
            if name.value == own {
                let message = "a directive cannot come after itself; take its own name out";
                self.error(name.range, "cycle", message);
                continue;
            }
            if !self.around.directives.contains_key(&name.value) {
                let message = format!("there is no directive `{}`", name.value);
                let problem = Problem::error(name.range, "unknown-directive", message);
                let known = self.around.directives.keys().map(String::as_str).filter(|known| *known != own);
                let problem = problem.with_nearest(name, name.range, known, |right| format!("\"{right}\""));
                self.problems.push(problem);
                continue;
            }
            if let Some(way) = self.way_back(&name.value) {
                let message =
                    format!("this goes round in a circle: {own} comes after {way}; break it somewhere");
                self.error(name.range, "cycle", message);
            }
        }
    }

    /// The way from `from` to this directive, along what comes after what.
    fn way_back(&self, from: &str) -> Option<String> {
        let own = self.directive.name.as_str();
        let mut seen = BTreeSet::from([from]);
        let mut ways = vec![vec![from]];
        while let Some(way) = ways.pop() {
            let last = way.last()?;
            for next in self.around.directives.get(*last).into_iter().flatten() {
                if next == own {
                    let names = way.iter().chain([&own]).copied().collect::<Vec<_>>();
                    return Some(names.join(", which comes after "));
                }
                if seen.insert(next) {
                    ways.push(way.iter().copied().chain([next.as_str()]).collect());
                }
            }
        }
        None
    }
}
