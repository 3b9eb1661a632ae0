//! From YAML to compiled rules.
//!
//! A user's file is read twice: first what a rule says about itself, leniently, to see whether it concerns us at all;
//! then ast-grep's own, strict reading. Every document is read for itself, so that one slip costs one rule.

use ast_grep_config::{
    Fixer, GlobalRules, RuleCollection, RuleConfig, SerializableRule, SerializableRuleConfig, Severity,
};
use ast_grep_core::matcher::{MatcherExt, NodeMatch};
use ast_grep_core::{Matcher, Node};
use hephaestus_core::{Dimension, GoalKind, RelPath};
use serde::Deserialize;
use serde_yaml::Value;
use std::collections::HashSet;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::dialect::Dialect;
use super::layout;
use super::reach::Reaches;
use super::scan::Doc;
use super::sieve::{self, Sieve, Verdict};
use super::{Rule, RuleProblem, SkippedRule};
use crate::{Language, Languages};

/// One rule, ready to match.
pub(super) struct Compiled {
    pub(super) rule: Arc<Rule>,
    pub(super) config: RuleConfig<Dialect>,
    /// The rule's `files` and `ignores`, where it has any.
    scope: Option<RuleCollection<Dialect>>,
    /// How far it looks beyond the node it matches; read when first asked.
    reaches: OnceLock<Reaches>,
    /// What must hold at least for it to match; made when first asked.
    sieve: OnceLock<Option<Sieve>>,
    /// The rule without its outermost `not`s, for nodes that these are known to hold for: they set no variable, and cost
    /// most of the time.
    lean: OnceLock<Option<RuleConfig<Dialect>>>,
    /// The replacement as written.
    fixer: Fixer,
    /// The same with its indentation scaled, by step width. Empty when the replacement indents nothing itself.
    scaled: Vec<(usize, Fixer)>,
}

impl Compiled {
    /// The kinds of node it can match.
    pub(super) fn kinds(&self) -> Vec<usize> {
        self.config.matcher.potential_kinds().map(|kinds| kinds.iter().collect()).unwrap_or_default()
    }

    /// Matches the node at `at`, of which the sieve has said `verdict`.
    pub(super) fn ask<'t>(&self, node: Node<'t, Doc>, verdict: Verdict) -> Option<NodeMatch<'t, Doc>> {
        let config = match verdict {
            Verdict::Drop => return None,
            Verdict::Ask => &self.config,
            Verdict::AskWithoutNots => self.lean().unwrap_or(&self.config),
        };
        config.matcher.match_node(node)
    }

    /// What the sieve says about a node.
    pub(super) fn judge(&self, page: sieve::Page<'_>, at: u32) -> Verdict {
        self.sieve().map_or(Verdict::Ask, |sieve| sieve.judge(page, at))
    }

    /// Its sieve; `None` where nothing is known about what it needs.
    pub(super) fn sieve(&self) -> Option<&Sieve> {
        let make = || sieve::sieve(&self.config.core, &self.config.language);
        self.sieve.get_or_init(make).as_ref()
    }

    /// Whether it is worth asking the matcher about a node.
    pub(super) fn may_match(&self, page: sieve::Page<'_>, at: u32) -> bool {
        self.judge(page, at) != Verdict::Drop
    }

    /// How far it looks beyond the node it matches.
    pub(super) fn reaches(&self) -> &Reaches {
        self.reaches.get_or_init(|| Reaches::of(&self.config))
    }

    /// The rule without its outermost `not`s; `None` where it has none.
    fn lean(&self) -> Option<&RuleConfig<Dialect>> {
        let make = || {
            let mut raw = (*self.config).clone();
            let dropped = drop_nots(&mut raw.core.rule);
            RuleConfig::try_from(raw, &GlobalRules::default()).ok().filter(|_| dropped)
        };
        self.lean.get_or_init(make).as_ref()
    }

    /// Whether the rule is meant for this file.
    pub(super) fn covers(&self, path: &RelPath) -> bool {
        self.scope.as_ref().is_none_or(|scope| {
            !scope.get_rule_from_lang(Path::new(path.as_str()), self.config.language.clone()).is_empty()
        })
    }

    /// The replacement for a file whose indentation goes in steps of `step` spaces.
    pub(super) fn fixer(&self, step: usize) -> &Fixer {
        self.scaled.iter().find(|(width, _)| *width == step).map_or(&self.fixer, |(_, fixer)| fixer)
    }
}

/// Something wrong at a 1-based line of the text that was read.
struct Slip {
    line: u32,
    message: String,
}

impl Slip {
    fn new(line: u32, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }

    /// The innermost cause says what is wrong; what is around it only says that something is.
    fn of(error: &dyn Error) -> Self {
        let mut parts = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(inner) = cause {
            parts.push(inner.to_string());
            cause = inner.source();
        }
        parts.dedup();
        Self::new(1, parts.join(": "))
    }
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    id: String,
    language: Option<String>,
    fix: Option<Value>,
    #[serde(default)]
    metadata: Claims,
}

/// What our own rules say in `metadata`. A user's metadata may hold anything under these names.
#[derive(Default, Deserialize)]
struct Claims {
    kind: Option<Value>,
    preserves: Option<Value>,
    targets: Option<Value>,
}

impl Claims {
    fn kind(&self) -> Result<Option<GoalKind>, String> {
        self.kind.as_ref().and_then(Value::as_str).map(str::parse).transpose()
    }

    fn targets(&self) -> Result<Vec<Dimension>, String> {
        let words = self.targets.as_ref().and_then(Value::as_sequence).map(Vec::as_slice).unwrap_or_default();
        let known = |word: &Value| {
            let found =
                Dimension::ALL.iter().copied().find(|dimension| Some(dimension.as_str()) == word.as_str());
            found.ok_or_else(|| format!("`{word:?}` is no dimension a rule can target"))
        };
        words.iter().map(known).collect()
    }
}

/// The usable rules of a pack and of its parents, and the others.
pub(super) fn pack_rules(language: &Language) -> (Vec<Compiled>, Vec<SkippedRule>) {
    let (mut rules, mut skipped, mut taken) = (Vec::new(), Vec::new(), HashSet::new());
    for (id, text) in &language.pack().rules {
        let name = id.rsplit('/').next().unwrap_or(id);
        // The nearest pack comes first: a child may have its own version of a rule.
        if !taken.insert(name) {
            continue;
        }
        match pack_rule(id, text, language) {
            Ok(rule) => rules.push(rule),
            Err(Slip { line, message }) => {
                skipped.push(SkippedRule { id: id.clone(), line, reason: message })
            }
        }
    }
    (rules, skipped)
}

/// Our own files are read by the parser that is several times faster than ast-grep's; the contract test shows that they
/// mean the same to both.
fn pack_rule(id: &str, text: &str, language: &Language) -> Result<Compiled, Slip> {
    let raw: SerializableRuleConfig<Dialect> = serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().and_then(|location| u32::try_from(location.line()).ok()).unwrap_or(1);
        Slip::new(line, error.to_string())
    })?;
    let metadata = serde_yaml::to_value(&raw.metadata).map_err(|error| Slip::of(&error))?;
    let claims =
        Option::<Claims>::deserialize(metadata).map_err(|error| Slip::of(&error))?.unwrap_or_default();
    let missing = |what: &str| Slip::new(1, format!("`{what}` is missing"));
    let preserves_behaviour = match claims.preserves.as_ref().and_then(Value::as_str) {
        Some("behaviour") => true,
        Some("intent") => false,
        _ => return Err(Slip::new(1, "`metadata.preserves` must be `behaviour` or `intent`")),
    };
    let rule = Rule {
        id: id.to_owned(),
        kind: claims
            .kind()
            .map_err(|message| Slip::new(1, message))?
            .ok_or_else(|| missing("metadata.kind"))?,
        message: String::new(),
        note: String::new(),
        preserves_behaviour,
        targets: claims.targets().map_err(|message| Slip::new(1, message))?,
    };
    if raw.fix.is_none() {
        return Err(missing("fix"));
    }
    compile(rule, raw, language)
}

/// The usable rules of a user's files, and what is wrong with the others.
pub(super) fn user_rules(
    files: &[(RelPath, String)],
    language: &Language,
) -> (Vec<Compiled>, Vec<RuleProblem>) {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for (file, text) in files {
        for (first_line, document) in documents(text) {
            match user_rule(document, language) {
                Ok(rule) => rules.extend(rule),
                Err(slip) => {
                    let line = first_line + slip.line - 1;
                    problems.push(RuleProblem { file: file.clone(), line, message: slip.message });
                }
            }
        }
    }
    (rules, problems)
}

fn user_rule(text: &str, language: &Language) -> Result<Option<Compiled>, Slip> {
    let Some(header) = read::<Option<Header>>(text)? else { return Ok(None) };
    let word = header.language.as_deref().unwrap_or_default();
    // Several languages may have the same ending; the first one's rules these are.
    let is_meant = language.is_called(word)
        && Languages::builtin()
            .ok()
            .and_then(|languages| languages.all().into_iter().find(|own| own.is_called(word)))
            .is_none_or(|first| first.id() == language.id());
    if header.fix.is_none() || !is_meant {
        return Ok(None);
    }
    let targets = header.metadata.targets().unwrap_or_default();
    let rule = Rule {
        id: format!("user/{}", header.id),
        kind: header.metadata.kind().ok().flatten().unwrap_or(GoalKind::Simplify),
        message: String::new(),
        note: String::new(),
        preserves_behaviour: header.metadata.preserves.as_ref().and_then(Value::as_str) != Some("intent"),
        targets: if targets.is_empty() { vec![Dimension::Findings] } else { targets },
    };
    let compiled = compile(rule, read(text)?, language)?;
    Ok((compiled.config.severity != Severity::Off).then_some(compiled))
}

/// The documents of a YAML stream, each with the 1-based line it starts at. A line that starts with `---` cannot be
/// anything else, because the text of a rule is always indented.
fn documents(text: &str) -> Vec<(u32, &str)> {
    let mut found = Vec::new();
    let (mut start, mut first_line, mut at, mut line) = (0, 1, 0, 1);
    for part in text.split_inclusive('\n') {
        if part.trim_end() == "---" || part.starts_with("--- ") {
            found.push((first_line, text.get(start..at).unwrap_or_default()));
            (start, first_line) = (at, line);
        }
        at += part.len();
        line += 1;
    }
    found.push((first_line, text.get(start..).unwrap_or_default()));
    found
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Slip> {
    ast_grep_config::from_str(text).map_err(|error| {
        let line = error.location().and_then(|location| u32::try_from(location.line()).ok()).unwrap_or(1);
        Slip::new(line, error.without_snippet().to_string())
    })
}

fn compile(
    mut rule: Rule,
    mut raw: SerializableRuleConfig<Dialect>,
    language: &Language,
) -> Result<Compiled, Slip> {
    raw.language = Dialect(language.clone());
    rule.message.clone_from(&raw.message);
    rule.note = raw.note.clone().unwrap_or_default();
    let globals = GlobalRules::default();
    let scope = if raw.files.is_some() || raw.ignores.is_some() {
        let twin = RuleConfig::try_from(raw.clone(), &globals).map_err(|error| Slip::of(&error))?;
        Some(RuleCollection::try_new(vec![twin]).map_err(|error| Slip::of(&error))?)
    } else {
        None
    };
    let mut config = RuleConfig::try_from(raw, &globals).map_err(|error| Slip::of(&error))?;
    let fixer = first_fixer(&config)?;
    let scaled = scaled_fixers(&mut config)?;
    Ok(Compiled {
        rule: Arc::new(rule),
        config,
        scope,
        reaches: OnceLock::new(),
        sieve: OnceLock::new(),
        lean: OnceLock::new(),
        fixer,
        scaled,
    })
}

/// Takes the `not`s off a rule that have to hold for the node itself. Whether there were any.
fn drop_nots(rule: &mut SerializableRule) -> bool {
    let mut dropped = rule.not.is_present();
    rule.not = None.into();
    let all: Option<Vec<SerializableRule>> = std::mem::take(&mut rule.all).into();
    rule.all = all
        .map(|mut all| {
            all.retain_mut(|part| {
                dropped |= drop_nots(part);
                !is_empty(part)
            });
            all
        })
        .filter(|all| !all.is_empty())
        .into();
    dropped
}

/// Whether a rule asks for nothing.
fn is_empty(rule: &SerializableRule) -> bool {
    serde_yaml::to_value(rule).is_ok_and(|rule| rule.as_mapping().is_some_and(|keys| keys.is_empty()))
}

fn first_fixer(config: &RuleConfig<Dialect>) -> Result<Fixer, Slip> {
    let fixers = config.get_fixer().map_err(|error| Slip::of(&error))?;
    fixers.into_iter().next().ok_or_else(|| Slip::new(1, "`fix` is empty"))
}

/// A replacement that opens a block of its own is indented the way its author writes code; the file it goes into may
/// do it otherwise.
fn scaled_fixers(config: &mut RuleConfig<Dialect>) -> Result<Vec<(usize, Fixer)>, Slip> {
    let written = serde_yaml::to_value(&config.fix).map_err(|error| Slip::of(&error))?;
    let Some(template) = template_of(&written) else { return Ok(Vec::new()) };
    let Some(own_step) = layout::step_of_template(template) else { return Ok(Vec::new()) };
    let mut scaled = Vec::new();
    for step in layout::STEPS {
        let mut changed = written.clone();
        let Some(slot) = template_slot(&mut changed) else { continue };
        *slot = layout::scale(slot, own_step, step);
        config.fix = serde_yaml::from_value(changed).map_err(|error| Slip::of(&error))?;
        scaled.push((step, first_fixer(config)?));
    }
    config.fix = serde_yaml::from_value(written).map_err(|error| Slip::of(&error))?;
    Ok(scaled)
}

fn template_of(fix: &Value) -> Option<&str> {
    match fix {
        Value::Sequence(all) => all.first().and_then(template_of),
        Value::Mapping(fields) => fields.get("template").and_then(Value::as_str),
        other => other.as_str(),
    }
}

fn template_slot(fix: &mut Value) -> Option<&mut String> {
    match fix {
        Value::String(text) => Some(text),
        Value::Sequence(all) => all.first_mut().and_then(template_slot),
        Value::Mapping(fields) => fields.get_mut("template").and_then(template_slot),
        _ => None,
    }
}
