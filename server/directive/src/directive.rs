//! The directive: what the user wants, as data. Every value knows where it stands, so that whatever is said about it later
//! can be said there.

use crate::{DirectiveKind, Domain, Line, Pattern, Spanned, line};
use hephaestus_core::{ByteRange, Dimension};

/// What a user wants built or improved, with scope, checks, constraints, thresholds and budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Directive {
    /// The file's name without `.forge.md`: what `after`, the record and the command line call it.
    pub name: String,
    /// What sort of change.
    pub kind: Spanned<DirectiveKind>,
    /// What is wanted, in one or two sentences.
    pub goal: Spanned<String>,
    /// The Markdown below, where there is some.
    pub body: Option<Spanned<String>>,
    /// Which of several is run first: the higher one. 0 when nothing is said.
    pub priority: Option<Spanned<i64>>,
    /// Names of directives that must hold before.
    pub after: Vec<Spanned<String>>,
    /// Where.
    pub target: Target,
    /// What must be there, by signature.
    pub interfaces: Vec<Interface>,
    /// Calls with what must come out.
    pub examples: Vec<Example>,
    /// What must hold for all inputs.
    pub properties: Vec<Property>,
    /// What must hold in the end, line by line.
    pub acceptance: Vec<AcceptanceLine>,
    /// What is timed.
    pub benches: Vec<Bench>,
    /// A test command of its own, instead of the project's runner.
    pub test_command: Option<Spanned<String>>,
    /// What no change may do.
    pub constraints: Constraints,
    /// Values that measures must reach.
    pub thresholds: Vec<Threshold>,
    /// What counts most among what holds.
    pub objective: Objective,
    /// Who looks for the change.
    pub engines: Engines,
    /// What it may cost.
    pub budget: Budget,
    /// Which of what holds is taken.
    pub accept: Accept,
    /// Whether entries were left out because something in them is missing or wrong.
    pub(crate) has_gaps: bool,
}

impl Directive {
    /// Its lines: the examples, properties, acceptance lines and benches, each of which is proved or not, in the order of
    /// the text.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        line::of(self)
    }

    /// Which of several is run first: the higher one.
    #[must_use]
    pub fn priority(&self) -> i64 {
        self.priority.as_ref().map_or(0, |priority| priority.value)
    }

    /// What may happen to names visible from outside, said or by kind.
    #[must_use]
    pub fn public_api(&self) -> PublicApi {
        let usual = match *self.kind {
            DirectiveKind::Build => PublicApi::Extend,
            _ => PublicApi::Frozen,
        };
        self.constraints.public_api.as_ref().map_or(usual, |said| said.value)
    }

    /// Whether tests may be changed or added, said or by kind.
    #[must_use]
    pub fn may_edit_tests(&self) -> bool {
        let usual = matches!(*self.kind, DirectiveKind::Build | DirectiveKind::Fix | DirectiveKind::Test);
        self.target.edit.tests.as_ref().map_or(usual, |said| said.value)
    }
}

/// `[target]`: where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Target {
    /// Paths and globs of the files it is about; empty means all.
    pub files: Vec<Spanned<String>>,
    /// Functions, methods and classes it is about, by qualified name; empty means all in the files.
    pub symbols: Vec<Spanned<String>>,
    /// What may be edited.
    pub edit: EditScope,
}

/// `[target.edit]`: what may be edited.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EditScope {
    /// Paths and globs that may be; empty means the target's files.
    pub allow: Vec<Spanned<String>>,
    /// Paths and globs that must not be, whatever `allow` says.
    pub deny: Vec<Spanned<String>>,
    /// Whether tests may be; see [`Directive::may_edit_tests`].
    pub tests: Option<Spanned<bool>>,
}

/// `[[interface]]`: what must be there.
#[derive(Debug, Clone, PartialEq)]
pub struct Interface {
    /// The entry's header.
    pub range: ByteRange,
    /// The declaration, in the target's language, without a body.
    pub signature: Spanned<String>,
    /// The file it belongs in.
    pub file: Option<Spanned<String>>,
    /// What it does, for its documentation.
    pub doc: Option<Spanned<String>>,
}

/// `[[example]]`: a call and what must come out.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The entry's header.
    pub range: ByteRange,
    /// What acceptance lines call it.
    pub name: Option<Spanned<String>>,
    /// An expression in the target's language.
    pub call: Spanned<String>,
    /// What must come out.
    pub expected: Expected,
}

/// What an example's call must give.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// A value equal to this expression of the target's language.
    Value(Spanned<String>),
    /// An error: its type, or its type and a part of its message: `ValueError: empty`.
    Error(Spanned<String>),
}

impl Expected {
    /// What is written.
    #[must_use]
    pub fn written(&self) -> &Spanned<String> {
        let (Self::Value(written) | Self::Error(written)) = self;
        written
    }

    /// An expected error's type and the part of its message, if any is given.
    #[must_use]
    pub fn error_parts(&self) -> Option<(&str, Option<&str>)> {
        let Self::Error(written) = self else { return None };
        Some(match written.split_once(':') {
            Some((kind, message)) => (kind.trim(), Some(message.trim()).filter(|text| !text.is_empty())),
            None => (written.trim(), None),
        })
    }
}

/// `[[property]]`: what must hold for all inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// The entry's header.
    pub range: ByteRange,
    /// What acceptance lines call it.
    pub name: Option<Spanned<String>>,
    /// The variables, with what they range over, in the order of the text.
    pub forall: Vec<Variable>,
    /// A condition on the inputs; others are not tried.
    pub assume: Option<Spanned<String>>,
    /// What must hold.
    pub holds: Spanned<Holds>,
}

/// A variable of a property.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name, as the expressions use it.
    pub name: Spanned<String>,
    /// What it ranges over.
    pub domain: Spanned<Domain>,
}

/// What must hold for all inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// `preserve`: whatever came out before the change comes out after it.
    Preserve,
    /// This condition, an expression in the target's language.
    Condition(String),
}

/// `[[acceptance]]`: one thing that must hold in the end.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptanceLine {
    /// The entry's header.
    pub range: ByteRange,
    /// What must hold, for people.
    pub text: Spanned<String>,
    /// How that is checked; `None` when nothing says how, which is a problem of its own.
    pub check: Option<Spanned<Check>>,
}

/// How an acceptance line is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// This test of the project passes.
    Test(Spanned<String>),
    /// These examples hold, by name; all when none is named.
    Example(Vec<Spanned<String>>),
    /// These properties hold, by name; all when none is named.
    Property(Vec<Spanned<String>>),
    /// These benches stay within their limits, by name; all when none is named.
    Bench(Vec<Spanned<String>>),
    /// This command ends with 0, run in the sandbox at the root.
    Command(Spanned<String>),
    /// The user says so.
    Manual,
}

impl Check {
    /// The words for `check`.
    pub const WORDS: &'static [&'static str] = &["test", "example", "property", "bench", "command", "manual"];

    /// The word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Test(_) => "test",
            Self::Example(_) => "example",
            Self::Property(_) => "property",
            Self::Bench(_) => "bench",
            Self::Command(_) => "command",
            Self::Manual => "manual",
        }
    }
}

/// `[[bench]]`: a command that is timed before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Bench {
    /// The entry's header.
    pub range: ByteRange,
    /// What acceptance lines call it.
    pub name: Option<Spanned<String>>,
    /// The command, run in a shell in the sandbox at the root.
    pub command: Spanned<String>,
    /// Time after the change over time before it, at most.
    pub ratio: Option<Spanned<f64>>,
    /// Milliseconds after the change, at most.
    pub limit_ms: Option<Spanned<f64>>,
}

/// `[constraints]`: what no change may do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constraints {
    /// What may happen to names visible from outside; see [`Directive::public_api`].
    pub public_api: Option<Spanned<PublicApi>>,
    /// Which dependencies may be added.
    pub dependencies: Option<Spanned<Dependencies>>,
    /// Lines that the change may add and remove together.
    pub max_diff_lines: Option<Spanned<u64>>,
    /// What must not appear in added lines.
    pub forbid: Vec<Spanned<Pattern>>,
}

/// What may happen to names visible from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicApi {
    /// Nothing.
    Frozen,
    /// New ones may come.
    Extend,
    /// Anything.
    Free,
}

impl PublicApi {
    /// The words for `public_api`, with what they mean.
    pub(crate) const WORDS: &'static [(&'static str, Self)] =
        &[("frozen", Self::Frozen), ("extend", Self::Extend), ("free", Self::Free)];
}

/// Which dependencies a change may add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependencies {
    /// None.
    None,
    /// Those with these names.
    Allow(Vec<Spanned<String>>),
}

/// One line of `[threshold]`: a measure and the value it must reach, in its good direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// What is measured.
    pub dimension: Spanned<Dimension>,
    /// The value it must reach or pass.
    pub value: Spanned<f64>,
}

/// `[objective]`: what counts most among what holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objective {
    /// Measures to gain in, the most important first.
    pub improve: Vec<Spanned<Dimension>>,
    /// The smallest gain in the first of them that is worth a change, as a share (0 to 1).
    pub at_least: Option<Spanned<f64>>,
}

/// `[engines]`: who looks for the change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Engines {
    /// Engines to ask, by name; empty means all.
    pub allow: Vec<Spanned<String>>,
    /// The seed of everything random.
    pub seed: Option<Spanned<u64>>,
    /// Whether a language model may be asked, where one is configured and allowed; `None` leaves it to the configuration.
    pub llm: Option<Spanned<bool>>,
}

/// `[budget]`: what it may cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Budget {
    /// CPU seconds.
    pub cpu_s: Option<Spanned<f64>>,
    /// Trials.
    pub trials: Option<Spanned<u64>>,
    /// A language model's tokens, sent and received.
    pub tokens: Option<Spanned<u64>>,
    /// A language model's price in US dollars.
    pub usd: Option<Spanned<f64>>,
    /// When it may be run without being asked for.
    pub when: Option<Spanned<When>>,
}

/// When a directive is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum When {
    /// When asked for.
    #[default]
    OnDemand,
    /// Also when a line has become stale and the editor is idle.
    Idle,
}

impl When {
    /// The words for `when`, with what they mean.
    pub(crate) const WORDS: &'static [(&'static str, Self)] =
        &[("on-demand", Self::OnDemand), ("idle", Self::Idle)];
}

/// `[accept]`: which of what holds is taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accept {
    /// The best, or the first.
    pub mode: Option<Spanned<AcceptMode>>,
    /// How many different changes to keep, the best first; 1 when nothing is said.
    pub variants: Option<Spanned<u64>>,
}

/// Which of the changes that hold is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AcceptMode {
    /// The best one that the budget finds.
    #[default]
    Best,
    /// The first one.
    First,
}

impl AcceptMode {
    /// The words for `mode`, with what they mean.
    pub(crate) const WORDS: &'static [(&'static str, Self)] = &[("best", Self::Best), ("first", Self::First)];
}
