//! A conversation with one program: it is started in the sandbox, greeted, and asked one thing after another. Whatever
//! goes wrong ends in a sentence with the program's name, never in more than that.

use super::message::{Answer, Answered, Asked, Hello, Question, VERSION};
use crate::fixers::tail;
use globset::{Glob, GlobSet, GlobSetBuilder};
use hephaestus_core::{
    CancelToken, Dialogue, ExternalRole, ExternalSettings, GoalKind, Patch, Reply, SourceFile, ToolCall,
    Tools,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The whole conversation: longer than any run.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// What the answer to one question may hold, in bytes.
const MOST_SAID: usize = 16 << 20;
/// So many answers that cannot be used, and a program is not asked any more.
const MOST_REFUSED: u32 = 16;
/// What is shown of a line that cannot be read, in characters.
const SHOWN: usize = 80;

/// Why a program is not asked any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("cannot be started: {0}")]
    NotStarted(String),
    #[error("ended in the middle of the conversation ({0})")]
    Died(String),
    #[error("did not answer within {0} s")]
    Hung(u64),
    #[error("said more than {} MiB in one answer", MOST_SAID >> 20)]
    Flooded,
    #[error("said what is no line of the protocol: {0}")]
    Rubbish(String),
    #[error("speaks version {0} of the protocol; this is version {VERSION}")]
    Version(u32),
    #[error("does not say that it is {0}, which the configuration wants it to be")]
    Role(String),
    #[error("gave {MOST_REFUSED} answers that cannot be used")]
    Useless,
    #[error("cancelled")]
    Cancelled,
}

/// One program that is talked with. Several threads may ask; it hears one question at a time.
pub struct Program {
    settings: ExternalSettings,
    files: Option<GlobSet>,
    hello: Hello,
    line: Mutex<Line>,
}

/// The line to it, and what is known of the conversation.
#[derive(Default)]
struct Line {
    dialogue: Option<Box<dyn Dialogue>>,
    questions: u64,
    refused: u32,
    complaints: Vec<String>,
    cpu: Duration,
}

impl Program {
    /// Starts a program and greets it.
    ///
    /// # Errors
    /// A sentence that says what it did instead of greeting back.
    pub fn start(
        settings: &ExternalSettings,
        tools: &dyn Tools,
        cancel: &CancelToken,
    ) -> Result<Self, String> {
        let mut program = Self {
            files: globs(&settings.files),
            settings: settings.clone(),
            hello: Hello::default(),
            line: Mutex::default(),
        };
        let call = ToolCall {
            name: format!("external-{}", settings.name),
            argv: settings.command.clone(),
            env: Vec::new(),
            timeout: LONGEST,
            patch: Patch::default(),
        };
        let started = tools.talk(&call, cancel).map_err(Fault::NotStarted);
        let greeted = started.and_then(|dialogue| {
            program.line().dialogue = Some(dialogue);
            program.greet(cancel)
        });
        match greeted {
            Ok(hello) => {
                program.hello = hello;
                Ok(program)
            }
            Err(fault) => {
                program.give_up(&mut program.line(), &fault);
                Err(program.complaints().join("; "))
            }
        }
    }

    /// What the configuration calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// What it said of itself.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Whether it takes this part.
    #[must_use]
    pub fn is(&self, role: ExternalRole) -> bool {
        let own = if self.settings.roles.is_empty() { &self.hello.roles } else { &self.settings.roles };
        own.contains(&role)
    }

    /// Whether it is to be asked about this file.
    #[must_use]
    pub fn wants(&self, file: &SourceFile) -> bool {
        let among = |list: &[String]| list.is_empty() || list.iter().any(|own| own == file.language.as_str());
        let named = self.files.as_ref().is_none_or(|files| files.is_match(file.path.as_str()));
        among(&self.settings.languages) && among(&self.hello.languages) && named
    }

    /// Whether it has an answer to goals of this kind.
    #[must_use]
    pub fn answers(&self, kind: GoalKind) -> bool {
        self.hello.kinds.is_empty() || self.hello.kinds.iter().any(|own| own == kind.as_str())
    }

    /// What went wrong so far, a sentence each.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.line().complaints.clone()
    }

    /// Ends it, and tells the CPU time it took.
    pub fn end(&self) -> Duration {
        let mut line = self.line();
        if let Some(dialogue) = line.dialogue.take() {
            line.cpu += dialogue.end().cpu;
        }
        line.cpu
    }

    /// Asks one thing. `take` gets every part of the answer, and says why where it cannot be used. Tells whether the
    /// answer came to its end.
    pub(super) fn ask(
        &self,
        question: Question,
        cancel: &CancelToken,
        take: &mut dyn FnMut(Answer) -> Result<(), String>,
    ) -> bool {
        let mut line = self.line();
        if line.dialogue.is_none() {
            return false;
        }
        let result = self.say(&mut line, question).and_then(|id| self.listen(&mut line, id, cancel, take));
        match result {
            Ok(()) => true,
            Err(fault) => {
                self.give_up(&mut line, &fault);
                false
            }
        }
    }

    /// Says something that is not answered.
    pub(super) fn tell(&self, question: Question) {
        let mut line = self.line();
        if line.dialogue.is_some()
            && let Err(fault) = self.say(&mut line, question)
        {
            self.give_up(&mut line, &fault);
        }
    }

    fn greet(&self, cancel: &CancelToken) -> Result<Hello, Fault> {
        let mut line = self.line();
        let question = Question::Hello {
            hephaestus: VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            name: self.settings.name.clone(),
            roles: self.settings.roles.clone(),
        };
        let id = self.say(&mut line, question)?;
        let text = self.hear(&mut line, self.limit(), cancel)?;
        let Answered { id: own, answer } = read(&text)?;
        let hello = match answer {
            Answer::Hello(hello) if own == id => hello,
            _ => return Err(Fault::Rubbish(format!("no greeting: {}", shortened(&text)))),
        };
        if hello.hephaestus != VERSION {
            return Err(Fault::Version(hello.hephaestus));
        }
        let missing = |role: &&ExternalRole| !hello.roles.is_empty() && !hello.roles.contains(role);
        match self.settings.roles.iter().find(missing) {
            Some(role) => Err(Fault::Role(format!("a {role}").replace("a engine", "an engine"))),
            None => Ok(hello),
        }
    }

    fn say(&self, line: &mut Line, question: Question) -> Result<u64, Fault> {
        let id = line.questions;
        line.questions += 1;
        let words = serde_json::to_string(&Asked { id, question })
            .map_err(|error| Fault::NotStarted(error.to_string()))?;
        match &mut line.dialogue {
            Some(dialogue) => dialogue.say(&words).map(|()| id).map_err(Fault::Died),
            None => Err(Fault::Cancelled),
        }
    }

    fn listen(
        &self,
        line: &mut Line,
        id: u64,
        cancel: &CancelToken,
        take: &mut dyn FnMut(Answer) -> Result<(), String>,
    ) -> Result<(), Fault> {
        let (started, frozen) = (Instant::now(), frozen(line));
        let mut said = 0;
        loop {
            let awake = started.elapsed().saturating_sub(frozen_since(line, frozen));
            let left = self.limit().checked_sub(awake).ok_or(Fault::Hung(self.settings.timeout))?;
            let text = self.hear(line, left, cancel)?;
            said += text.len() + 1;
            if said > MOST_SAID {
                return Err(Fault::Flooded);
            }
            let Answered { id: own, answer } = read(&text)?;
            let used = match answer {
                _ if own != id => Err(format!("it answers question {own} where {id} was asked")),
                Answer::Done => return Ok(()),
                answer => take(answer),
            };
            if let Err(reason) = used {
                line.refuse(self.name(), &reason)?;
            }
        }
    }

    fn hear(&self, line: &mut Line, limit: Duration, cancel: &CancelToken) -> Result<String, Fault> {
        let Some(dialogue) = &mut line.dialogue else { return Err(Fault::Cancelled) };
        match dialogue.hear(limit, cancel) {
            Ok(Reply::Line(text)) => Ok(text),
            Ok(Reply::Nothing) => Err(Fault::Hung(self.settings.timeout)),
            Ok(Reply::Cancelled) => Err(Fault::Cancelled),
            Ok(Reply::Ended) => Err(Fault::Died(String::new())),
            Err(message) if message.contains("more than anybody reads") => Err(Fault::Flooded),
            Err(message) => Err(Fault::Died(message)),
        }
    }

    /// Ends it for good, and says so unless somebody asked to stop.
    fn give_up(&self, line: &mut Line, fault: &Fault) {
        let output = line.dialogue.take().map(|dialogue| dialogue.end()).unwrap_or_default();
        line.cpu += output.cpu;
        let fault = match fault {
            Fault::Cancelled => return,
            Fault::Died(why) if why.is_empty() => Fault::Died(match output.exit {
                Some(code) => format!("exit code {code}"),
                None => "killed, or never started".to_owned(),
            }),
            fault => fault.clone(),
        };
        let last = tail(&output.stderr);
        let words = if last.is_empty() { String::new() } else { format!(". Its last words: {last}") };
        line.complain(format!(
            "external `{}` {fault}; it is not asked any more in this run{words}",
            self.name()
        ));
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(self.settings.timeout)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Notes an answer that cannot be used.
    fn refuse(&mut self, name: &str, reason: &str) -> Result<(), Fault> {
        self.complain(format!("external `{name}`: {reason}; that answer is left out"));
        self.refused += 1;
        if self.refused >= MOST_REFUSED { Err(Fault::Useless) } else { Ok(()) }
    }

    fn complain(&mut self, sentence: String) {
        if !self.complaints.contains(&sentence) {
            self.complaints.push(sentence);
        }
    }
}

fn frozen(line: &Line) -> Duration {
    line.dialogue.as_ref().map(|dialogue| dialogue.frozen()).unwrap_or_default()
}

fn frozen_since(line: &Line, before: Duration) -> Duration {
    frozen(line).saturating_sub(before)
}

fn read(text: &str) -> Result<Answered, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::Rubbish(format!("{} ({error})", shortened(text))))
}

fn shortened(text: &str) -> String {
    let short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() { format!("`{short}…`") } else { format!("`{short}`") }
}

/// The globs as one; `None` where there are none. Malformed ones have been complained about when they were read.
fn globs(patterns: &[String]) -> Option<GlobSet> {
    let mut builder = GlobSetBuilder::new();
    patterns.iter().filter_map(|pattern| Glob::new(pattern).ok()).for_each(|glob| {
        builder.add(glob);
    });
    if patterns.is_empty() { None } else { builder.build().ok() }
}
