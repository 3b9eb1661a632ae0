//! Progress on standard error, when somebody is looking.

use hephaestus_core::{MutantStatus, Verdict};
use hephaestus_workspace::{ForgeEvent, MutantsEvent, TestgenEvent};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

fn bar(quiet: bool) -> ProgressBar {
    let bar = if quiet || !std::io::stderr().is_terminal() {
        ProgressBar::hidden()
    } else {
        ProgressBar::new_spinner()
    };
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A bar for a run over mutants; silent like that of a forge run.
pub(crate) struct MutantsProgress {
    bar: ProgressBar,
    noticed: u64,
    unnoticed: u64,
}

impl MutantsProgress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { bar: bar(quiet), noticed: 0, unnoticed: 0 }
    }

    pub(crate) fn tell(&mut self, event: &MutantsEvent<'_>) {
        match event {
            MutantsEvent::Stage(stage) => self.bar.set_message((*stage).to_owned()),
            MutantsEvent::Mutants { total, known } => {
                self.bar.set_length(*total as u64);
                self.bar.set_position(*known as u64);
                let style = ProgressStyle::with_template(
                    "{spinner} {bar:24} {pos}/{len} mutants · {prefix} · {elapsed} · {wide_msg}",
                );
                if let Ok(style) = style {
                    self.bar.set_style(style);
                }
            }
            MutantsEvent::Tried(result) => {
                self.bar.inc(1);
                match result.status {
                    MutantStatus::Killed | MutantStatus::Timeout => self.noticed += 1,
                    MutantStatus::Survived | MutantStatus::NoCoverage => self.unnoticed += 1,
                    MutantStatus::Unviable | MutantStatus::Error => {}
                }
                self.bar.set_prefix(format!("{} noticed, {} not", self.noticed, self.unnoticed));
                self.bar.set_message(format!("{} {}", result.mutant.file, result.mutant.description));
            }
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A bar for a run that looks for tests; silent like that of a forge run.
pub(crate) struct TestgenProgress {
    mutants: MutantsProgress,
}

impl TestgenProgress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { mutants: MutantsProgress::new(quiet) }
    }

    pub(crate) fn tell(&mut self, event: &TestgenEvent<'_>) {
        let bar = &self.mutants.bar;
        match event {
            TestgenEvent::Mutants(event) => self.mutants.tell(event),
            TestgenEvent::Looking(file, faults) => {
                bar.set_message(format!("{file}: looking for calls that notice {faults} faults"));
            }
            TestgenEvent::Proving(file, calls) => {
                bar.set_message(format!("{file}: the best of {calls} calls become tests"));
            }
            TestgenEvent::Done(file) => {
                bar.println(format!("{}: {} new tests", file.file, file.tests.len()));
            }
        }
    }

    pub(crate) fn finish(&self) {
        self.mutants.finish();
    }
}

/// A bar for a forge run; silent when standard error is no terminal or nobody wants to hear.
pub(crate) struct ForgeProgress {
    bar: ProgressBar,
    held: usize,
    tried: u64,
    /// When the first change was searched through.
    searching: Option<Instant>,
}

impl ForgeProgress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { bar: bar(quiet), held: 0, tried: 0, searching: None }
    }

    pub(crate) fn tell(&mut self, event: &ForgeEvent<'_>) {
        match event {
            ForgeEvent::Stage(stage) => self.bar.set_message((*stage).to_owned()),
            ForgeEvent::Baseline(baseline) => {
                self.bar.println(format!("{} tests pass with {}", baseline.tests, baseline.name))
            }
            ForgeEvent::Goals(goals) => {
                self.bar.set_length(*goals as u64);
                let style = ProgressStyle::with_template(
                    "{spinner} {bar:24} {pos}/{len} goals · {prefix} · {elapsed} · {wide_msg}",
                );
                if let Ok(style) = style {
                    self.bar.set_style(style);
                }
            }
            ForgeEvent::Progress(progress) => {
                self.bar.set_position(progress.goals_done as u64);
                let searched = self.searched(progress.searched.tried);
                self.bar.set_prefix(format!("{searched}{} tried, {} proved", self.tried, self.held));
                if let Some(current) = &progress.current {
                    self.bar.set_message(current.clone());
                }
            }
            ForgeEvent::Tried(_, trial, score) => {
                self.tried += 1;
                self.held += usize::from(
                    trial.verdict == Verdict::Passed && score.is_some_and(|score| score.accepted),
                );
            }
            ForgeEvent::Offer(offer) => {
                self.bar.println(format!(
                    "proved: {}:{} {}",
                    offer.goal.file, offer.goal.line, offer.goal.message
                ));
            }
        }
    }

    /// How far searches got, and how fast they are.
    fn searched(&mut self, tried: u64) -> String {
        if tried == 0 {
            return String::new();
        }
        let since = self.searching.get_or_insert_with(Instant::now).elapsed().as_secs_f64();
        let rate = if since > 0.5 { format!(" ({:.0}/s)", tried as f64 / since) } else { String::new() };
        format!("{tried} searched{rate}, ")
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
