//! Programs of the user's own that take a part in the cycle. Here is only how they are declared and what they see; what
//! is said to them is the business of who talks with them.

use crate::{ByteRange, Dimension, Direction, GoalKind, RelPath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The part a program takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExternalRole {
    /// Forges candidates for goals.
    Engine,
    /// Proposes goals.
    Proposer,
    /// Measures candidates that hold.
    Dimension,
    /// Writes reports of runs.
    Reporter,
}

impl ExternalRole {
    /// The word in configuration and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Proposer => "proposer",
            Self::Dimension => "dimension",
            Self::Reporter => "reporter",
        }
    }
}

impl fmt::Display for ExternalRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `[[external]]`: a program of your own that takes a part in the cycle. It runs in the sandbox and is talked with in
/// JSON lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExternalSettings {
    /// What it is called in output and in `forge --engine`: lower-case letters, digits and dashes.
    pub name: String,
    /// The parts it takes: `engine`, `proposer`, `dimension`, `reporter`.
    pub roles: Vec<ExternalRole>,
    /// Program and arguments, run at the root; `{root}` stands for the root's path.
    pub command: Vec<String>,
    /// Languages it is asked about; empty means all, or those that it names itself.
    pub languages: Vec<String>,
    /// Globs of files it is asked about; empty means all.
    pub files: Vec<String>,
    /// Seconds one answer may take.
    pub timeout: u64,
    /// How much what it measures counts when candidates are sorted; 0 means it is only shown.
    pub weight: f64,
}

impl Default for ExternalSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            roles: Vec::new(),
            command: Vec::new(),
            languages: Vec::new(),
            files: Vec::new(),
            timeout: 30,
            weight: 0.0,
        }
    }
}

impl ExternalSettings {
    /// Whether it takes this part.
    #[must_use]
    pub fn is(&self, role: ExternalRole) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the name can be typed and told from a path or a flag.
    #[must_use]
    pub fn has_good_name(&self) -> bool {
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        self.name.starts_with(|c: char| c.is_ascii_lowercase()) && self.name.chars().all(is_part)
    }
}

/// Something worth improving that a program of the user's saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// The program's name in the configuration.
    pub proposer: String,
    /// What sort of improvement.
    pub kind: GoalKind,
    /// The program's own name for it.
    pub code: String,
    /// Where.
    pub file: RelPath,
    /// Where in it.
    pub range: ByteRange,
    /// One line: what.
    pub title: String,
    /// Why it is worth it.
    pub why: String,
    /// What must gain, besides that it is not seen any more.
    pub improves: Vec<Dimension>,
    /// Whether a candidate has to do the very same as before.
    pub preserves_behaviour: bool,
    /// Expected gain, 0 to 1.
    pub gain: f64,
}

/// What a program of the user's measured on the code before and after a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExternalMeasure {
    /// The program's name in the configuration.
    pub name: String,
    /// On the original.
    pub before: f64,
    /// With the candidate.
    pub after: f64,
    /// What is counted; may be empty.
    pub unit: String,
    /// Which way is better.
    pub direction: Direction,
}

impl ExternalMeasure {
    /// The gain as a share of what was there, between -1 and 1; 0 for what is only shown.
    #[must_use]
    pub fn relative_gain(&self) -> f64 {
        self.direction.relative_gain(self.before, self.after)
    }

    /// What it says, in a few words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        format!("{} {} → {}{unit}", self.name, self.before, self.after)
    }
}
