//! The proposers, one file each.

mod clones;
mod complexity;
mod findings;
mod holes;
mod red_tests;
mod rules;

use crate::Proposer;

/// Every proposer. A new one is a file and a line here.
pub(crate) fn all() -> Vec<Box<dyn Proposer>> {
    vec![
        Box::new(rules::Rules),
        Box::new(findings::Findings),
        Box::new(complexity::Complexity),
        Box::new(clones::Clones),
        Box::new(holes::Holes),
        Box::new(red_tests::RedTests),
    ]
}
