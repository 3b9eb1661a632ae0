//! Skeletons that are Rust: dimensions, proposers, engines. Each compiles once its lines are added, and fails its own
//! test until that is replaced.

use super::Plan;
use super::names::Names;

/// The end of every Rust skeleton: a test that fails and says why.
fn failing_test(what: &str, names: &Names) -> String {
    format!(
        "\
#[cfg(test)]
mod tests {{
    #[test]
    fn is_filled_in() {{
        panic!(\"`{name}` is a skeleton: {what}, then put tests of its borders in place of this one\");
    }}
}}
",
        name = names.kebab
    )
}

pub(super) fn dimension(names: &Names) -> Plan {
    let (name, snake, camel) = (&names.kebab, &names.snake, &names.camel);
    let body = format!(
        "\
//! What `{name}` measures in the touched region, and what it must not count.

use super::{{Meter, counted}};
use crate::Case;
use hephaestus_core::{{Dimension, Direction, Measure}};

pub(super) struct {camel};

impl Meter for {camel} {{
    fn dimension(&self) -> Dimension {{
        Dimension::{camel}
    }}

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {{
        let _region = case.region.as_ref()?;
        Some(counted(self.dimension(), Direction::Lower, 0.0, 0.0))
    }}
}}

"
    );
    Plan {
        file: format!("server/scoring/src/dimensions/{snake}.rs"),
        text: body + &failing_test("measure something", names),
        left: vec![
            format!("`server/core/src/score.rs`, in `Dimension`, with a doc line: `{camel} = \"{name}\",`"),
            format!(
                "`server/scoring/src/dimensions/mod.rs`: `mod {snake};` and, in `all`, `Box::new({snake}::{camel}),`"
            ),
            "`cargo test -p hephaestus-scoring` tells what is missing".to_owned(),
        ],
    }
}

pub(super) fn proposer(names: &Names) -> Plan {
    let (name, snake, camel) = (&names.kebab, &names.snake, &names.camel);
    let body = format!(
        "\
//! Which improvements `{name}` sees, and what it must leave alone.

use crate::{{Draft, Proposer, Survey}};
use hephaestus_core::GoalKind;

pub(super) struct {camel};

impl Proposer for {camel} {{
    fn name(&self) -> &'static str {{
        \"{name}\"
    }}

    fn kinds(&self) -> &'static [GoalKind] {{
        &[]
    }}

    fn propose(&self, _survey: &Survey<'_>) -> Vec<Draft> {{
        Vec::new()
    }}
}}

"
    );
    Plan {
        file: format!("server/goals/src/proposers/{snake}.rs"),
        text: body + &failing_test("name the kinds it proposes and propose", names),
        left: vec![
            format!(
                "`server/goals/src/proposers/mod.rs`: `mod {snake};` and, in `all`, `Box::new({snake}::{camel}),`"
            ),
            "`cargo test -p hephaestus-goals` tells what is missing".to_owned(),
        ],
    }
}

pub(super) fn engine(names: &Names) -> Plan {
    let (name, snake, camel) = (&names.kebab, &names.snake, &names.camel);
    let body = format!(
        "\
//! How the engine `{name}` forges candidates. It starts no process and writes no file.

use hephaestus_core::{{Candidate, Engine, EngineContext, Goal}};

/// What its candidates have in common.
pub struct {camel};

impl Engine for {camel} {{
    fn name(&self) -> &'static str {{
        \"{name}\"
    }}

    fn accepts(&self, _goal: &Goal) -> bool {{
        false
    }}

    fn propose(&self, _goal: &Goal, _context: &EngineContext<'_>) -> Vec<Candidate> {{
        Vec::new()
    }}
}}

"
    );
    Plan {
        file: format!("server/mutation/src/{snake}/mod.rs"),
        text: body + &failing_test("accept goals and propose candidates", names),
        left: vec![
            format!(
                "`server/mutation/src/lib.rs`: `pub mod {snake};` and, in `all`, `Box::new({snake}::{camel}),`"
            ),
            "`cargo test -p hephaestus-mutation` tells what is missing".to_owned(),
        ],
    }
}
