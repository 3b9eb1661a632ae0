//! The proposers, one file each.

mod clones;
mod complexity;
mod external;
mod findings;
mod holes;
mod red_tests;
mod rules;

use crate::{FileProposer, Proposer};

pub(crate) use rules::KINDS as RULE_KINDS;

/// Every proposer that looks at one file at a time. A new one is a file and a line here.
pub(crate) fn in_one_file() -> Vec<Box<dyn FileProposer>> {
    vec![Box::new(rules::Rules), Box::new(complexity::Complexity), Box::new(holes::Holes)]
}

/// Every proposer that looks farther. A new one is a file and a line here.
pub(crate) fn across_files() -> Vec<Box<dyn Proposer>> {
    vec![
        Box::new(findings::Findings),
        Box::new(external::External),
        Box::new(clones::Clones),
        Box::new(red_tests::RedTests),
    ]
}
