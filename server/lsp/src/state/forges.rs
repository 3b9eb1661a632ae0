//! Forges: ordered, started when the user is quiet, followed while they run, and their improvements taken in.

use super::{Question, State};
use crate::features::evidence;
use crate::folder::Folder;
use crate::forging::{self, Failure, ForgeNews, Job, Order};
use crate::offers::{Standing, Together};
use crate::repairs;
use crate::trust::Trust;
use hephaestus_core::{ContentHash, Goal, GoalId, GoalKind, Patch, RelPath};
use hephaestus_workspace::{ForgeReport, Repaired};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tower_lsp::ls_types::notification::{Progress, ShowMessage};
use tower_lsp::ls_types::request::{ShowMessageRequest, WorkDoneProgressCreate};
use tower_lsp::ls_types::{
    MessageActionItem, MessageType, ProgressParams, ProgressParamsValue, ProgressToken, ShowMessageParams,
    ShowMessageRequestParams, WorkDoneProgress, WorkDoneProgressBegin, WorkDoneProgressCreateParams,
    WorkDoneProgressEnd, WorkDoneProgressReport,
};

/// The answers to the question about trust.
const TRUST: &str = "Trust";
const NOT_NOW: &str = "Not now";
const NEVER: &str = "Never here";

impl State {
    /// Takes an order in, if tests may be run where it is for; asks the user when nobody has said so yet.
    pub(super) fn order(&mut self, order: Order) {
        let root = order.root.clone();
        let Some(folder) = self.folder_mut(&root) else { return };
        if folder.is_open && folder.is_trusted() {
            return self.scheduler.order(order);
        }
        // Kept until it is known how to forge, and that it may be done.
        let is_asked_for = order.is_asked_for;
        folder.orders.retain(|own| *own != order);
        folder.orders.push(order);
        match folder.trust {
            Some(Trust::Trusted) => {}
            Some(Trust::Untrusted) if is_asked_for => {
                self.say(MessageType::WARNING, "This workspace is not trusted: its tests are not run.");
            }
            Some(Trust::Untrusted) => {}
            None if folder.was_asked && !is_asked_for => {}
            None => {
                folder.was_asked = true;
                self.ask_for_trust(&root);
            }
        }
    }

    /// Takes in the orders that were kept.
    pub(super) fn order_kept(&mut self, root: &Path) {
        let orders = self.folder_mut(root).map(|folder| std::mem::take(&mut folder.orders));
        for order in orders.unwrap_or_default() {
            self.order(order);
        }
    }

    fn ask_for_trust(&mut self, root: &Path) {
        let message = format!(
            "Hephaestus proves improvements by running the tests of {} in a sandbox. Do you trust this workspace?",
            root.display()
        );
        let item = |title: &str| MessageActionItem { title: title.to_owned(), properties: HashMap::new() };
        let params = ShowMessageRequestParams {
            typ: MessageType::INFO,
            message,
            actions: Some(vec![item(TRUST), item(NOT_NOW), item(NEVER)]),
        };
        self.ask_editor::<ShowMessageRequest>(&params, Question::Trust(root.to_owned()));
    }

    pub(super) fn trust_answered(&mut self, root: &Path, answer: &Value) {
        match answer.get("title").and_then(Value::as_str) {
            Some(TRUST) => self.set_trust(root, Trust::Trusted),
            Some(NEVER) => self.set_trust(root, Trust::Untrusted),
            _ => tracing::info!("nothing is run in {} for now", root.display()),
        }
    }

    /// Takes the user's word about a folder, for good; what was saved before is forged now.
    pub(super) fn set_trust(&mut self, root: &Path, trust: Trust) {
        self.trust_file.put(root, trust);
        let Some(folder) = self.folder_mut(root) else { return };
        folder.trust = Some(trust);
        if trust == Trust::Untrusted {
            return self.scheduler.forget(root);
        }
        self.order_kept(root);
    }

    /// Starts the next run when it is time.
    pub(super) fn start_forge(&mut self, now: Instant) {
        let Some(order) = self.scheduler.next(now, self.yield_for()) else { return };
        let retry = self.retry(&order);
        let Some(folder) = self.folder(&order.root).filter(|folder| folder.is_trusted()) else { return };
        let config = folder.config.clone();
        let (pace, helper) = (self.scheduler.pace.clone(), self.helper.clone());
        let run = self.scheduler.begin(order);
        let (number, order, cancel) = (run.number, run.order.clone(), run.cancel.clone());
        let job = Job { number, order, config, helper, retry, pace, cancel };
        tracing::info!("forge {}: {}", job.number, job.order);
        self.begin_progress(job.number, &job.order);
        self.forge_end = Some(forging::start(job, self.mailbox.clone()));
    }

    /// What held on an earlier text of the file and still fits, to be tried again first. What was on offer for another
    /// text is offered no more.
    fn retry(&mut self, order: &Order) -> Vec<(GoalId, Patch)> {
        let Some(file) = &order.file else { return Vec::new() };
        let text = self.documents.at(&order.root, file).map(|document| document.file.text());
        let (Some(text), Some(folder)) = (text, self.folder_mut(&order.root)) else { return Vec::new() };
        let hash = ContentHash::of(text.as_bytes());
        let mut retry = Vec::new();
        for standing in folder.offers.take_file(file) {
            let patch = standing.patch_for(file, &hash);
            let is_proved = patch.is_some() && !standing.others_changed;
            if order.is_fresh && order.goal.as_ref() == Some(&standing.offer.goal.id) {
                // The very change that is on offer is to be proved once more.
                retry.extend(patch.map(|patch| (standing.offer.goal.id.clone(), patch.clone())));
            }
            // What is known of a fix would be lost with the search that found it: that is made again.
            if is_proved || standing.is_repair() && patch.is_some() {
                folder.offers.put(standing);
            } else if let Some(moved) = standing.moved_to(&text).filter(|_| !standing.is_repair()) {
                retry.push((standing.offer.goal.id.clone(), moved));
            }
        }
        retry
    }

    pub(super) fn forge_news(&mut self, number: u64, news: ForgeNews) {
        let Some(run) = self.scheduler.active.as_mut().filter(|run| run.number == number) else { return };
        let root = run.order.root.clone();
        match news {
            ForgeNews::Stage(stage) => {
                run.stage = stage.clone();
                self.report_progress(number, stage, None);
            }
            ForgeNews::Progress(standing) if standing == run.standing => {}
            ForgeNews::Progress(standing) => {
                run.standing = standing;
                let searched = match standing.searched {
                    0 => String::new(),
                    changes => format!("{changes} searched, "),
                };
                run.stage = format!("{searched}{} tried, {} proven", standing.tried, standing.held);
                let done = standing.goals_done.saturating_mul(100).checked_div(standing.goals).unwrap_or(0);
                let stage = run.stage.clone();
                self.report_progress(number, stage, u32::try_from(done).ok());
            }
            ForgeNews::Offer(offer) => {
                self.stats.proven += 1;
                let mut standing = Standing::new(*offer, None);
                let path = standing.file().clone();
                standing.text = self
                    .text_of(&root, &path)
                    .filter(|text| standing.patch_for(&path, &ContentHash::of(text.as_bytes())).is_some());
                if let Some(folder) = self.folder_mut(&root)
                    && folder.wants(&standing.offer.goal.id)
                {
                    tracing::info!("proven: {}: {}", path, evidence::in_short(&standing));
                    folder.offers.put(standing);
                }
                self.refresh(&root);
            }
            ForgeNews::Ended(result) => self.forge_ended(number, *result),
            ForgeNews::DirectiveEnded(result) => self.directive_ended(number, *result),
        }
    }

    /// The text of a file as the editor has it.
    fn text_of(&self, root: &Path, path: &RelPath) -> Option<Arc<str>> {
        let document = self.documents.at(root, path)?;
        document.analysed.as_ref().map(|analysed| Arc::clone(&analysed.file.text))
    }

    fn forge_ended(&mut self, number: u64, result: Result<ForgeReport, Failure>) {
        let Some(run) = self.scheduler.end(number) else { return };
        let is_cancelled = run.cancel.is_cancelled();
        let said = match &result {
            Ok(report) => format!("{} tried, {} proven", report.stats.trials, report.improvements.len()),
            Err(failure) => failure.message.clone(),
        };
        tracing::info!("forge {number} ended: {said}");
        self.end_progress(number, &said);
        self.failure = None;
        match result {
            Ok(report) => {
                self.degraded = degraded(&report);
                self.take_report(&run.order, &report, is_cancelled);
            }
            Err(_) if is_cancelled => {}
            Err(failure) => {
                let message = format!("{}. {}", failure.message, failure.hint);
                if run.order.is_asked_for {
                    self.say(MessageType::WARNING, &message);
                }
                self.failure = Some(message);
            }
        }
        self.refresh(&run.order.root);
    }

    fn take_report(&mut self, order: &Order, report: &ForgeReport, is_cancelled: bool) {
        let Some(folder) = self.folder_mut(&order.root) else { return };
        if let Some(patch) = report.proved_patch() {
            let taken = report.taken();
            let holds = report.improvements.iter().filter(|offer| taken.contains(&offer.goal.id));
            let candidates = holds.map(|offer| offer.candidate.id.clone()).collect();
            folder.offers.put_together(Together { patch, candidates });
        }
        if is_cancelled {
            return;
        }
        let (red, new) = (repairs::red(report), report.goals.iter().collect::<Vec<_>>());
        let new: Vec<&Goal> = new.into_iter().filter(|goal| goal.kind == GoalKind::Repair).collect();
        if !report.runners.is_empty() {
            folder.offers.keep_repairs(|standing| repairs::is_open(&standing.offer.goal, &red, &new));
        }
        folder.repairs.learn(report);
        // Goals by file, with the text they were seen in. A run for one goal did not see everything.
        if let Some(goal) = &order.goal {
            if let Some((kind, message)) = said_of_goal(folder, order, goal, report) {
                self.say(kind, &message);
            }
            return;
        }
        if let Some(file) = &order.file
            && let Some(hash) = report.hash_of(file).filter(|_| report.is_complete())
        {
            folder.settled.insert(file.clone(), hash.clone());
        }
        let mut by_file: HashMap<RelPath, (ContentHash, Vec<Goal>)> = HashMap::new();
        for goal in report.goals.iter().filter(|goal| goal.kind != GoalKind::Repair) {
            let entry = by_file.entry(goal.file.clone()).or_insert_with(|| (goal.base.clone(), Vec::new()));
            entry.1.push(goal.clone());
        }
        if let Some(file) = &order.file
            && !by_file.contains_key(file)
            && let Some(hash) = report.hash_of(file)
        {
            by_file.insert(file.clone(), (hash.clone(), Vec::new()));
        }
        folder.forged.extend(by_file);
        // A rule that sees nothing any more has nothing to offer.
        let held: HashSet<_> = report.improvements.iter().map(|offer| offer.candidate.id.clone()).collect();
        if let Some(file) = &order.file {
            folder.offers.keep_proved(file, &held);
        }
    }

    /// What went wrong in the last run.
    pub(super) fn last_failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Says something to the user, aloud.
    pub(super) fn say(&self, kind: MessageType, message: &str) {
        let params = ShowMessageParams { typ: kind, message: message.to_owned() };
        self.outbox.notify::<ShowMessage>(&params);
    }

    pub(super) fn say_error(&self, message: &str) {
        tracing::error!("{message}");
        self.say(MessageType::ERROR, message);
    }

    fn shows_progress(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.shows_progress)
    }

    fn begin_progress(&mut self, number: u64, order: &Order) {
        if !self.shows_progress() {
            return;
        }
        let params = WorkDoneProgressCreateParams { token: token(number) };
        self.ask_editor::<WorkDoneProgressCreate>(&params, Question::Other("progress"));
        let what = order.file.as_ref().map_or_else(|| "the workspace".to_owned(), ToString::to_string);
        let begin = WorkDoneProgressBegin {
            title: format!("Forging {what}"),
            cancellable: Some(true),
            message: None,
            percentage: Some(0),
        };
        self.progress(number, WorkDoneProgress::Begin(begin));
    }

    fn report_progress(&self, number: u64, message: String, percentage: Option<u32>) {
        if self.shows_progress() {
            let report =
                WorkDoneProgressReport { cancellable: Some(true), message: Some(message), percentage };
            self.progress(number, WorkDoneProgress::Report(report));
        }
    }

    pub(super) fn end_progress(&self, number: u64, message: &str) {
        if self.shows_progress() {
            let end = WorkDoneProgressEnd { message: Some(message.to_owned()) };
            self.progress(number, WorkDoneProgress::End(end));
        }
    }

    fn progress(&self, number: u64, value: WorkDoneProgress) {
        let params = ProgressParams { token: token(number), value: ProgressParamsValue::WorkDone(value) };
        self.outbox.notify::<Progress>(&params);
    }

    /// The user pressed a progress bar's cancel button.
    pub(super) fn cancel_progress(&mut self, pressed: &ProgressToken) {
        if let Some(run) = self.scheduler.active.as_ref().filter(|run| token(run.number) == *pressed) {
            run.cancel.cancel();
        }
    }
}

/// What the sandbox of a run lacks, in a line.
fn degraded(report: &ForgeReport) -> Option<String> {
    let lacks = report.runners.iter().map(|runner| runner.isolation.lacks()).find(|lacks| !lacks.is_empty());
    lacks.map(|lacks| format!("degraded sandbox: {} (see `hephaestus doctor`)", lacks.join(", ")))
}

fn token(number: u64) -> ProgressToken {
    ProgressToken::String(format!("hephaestus/forge/{number}"))
}

/// What the user is told of a run for one goal. An offer that was proved anew and did not hold goes.
fn said_of_goal(
    folder: &mut Folder,
    order: &Order,
    goal: &GoalId,
    report: &ForgeReport,
) -> Option<(MessageType, String)> {
    let holds = report.improvements.iter().any(|offer| offer.goal.id == *goal);
    let (kind, message) = match (order.is_fresh, holds) {
        (true, true) => (MessageType::INFO, "Proved again, from scratch.".to_owned()),
        (true, false) if !report.is_complete() => {
            let message = "The time was up before it was proved again: what was known of it stays.";
            (MessageType::WARNING, message.to_owned())
        }
        (true, false) if folder.offers.remove(goal).is_some() => {
            let message = "It does not hold any more, and is not offered any longer.";
            (MessageType::WARNING, message.to_owned())
        }
        _ if !order.is_asked_for => return None,
        _ => {
            let missing = |own: &Repaired| own.goal.id == *goal && own.fix.is_none();
            let missing = report.repairs().into_iter().find(missing)?;
            let (tried, what) = (report.stats.searched.tried, &missing.goal.message);
            (MessageType::INFO, format!("No fix was found ({tried} changes tried): {what}"))
        }
    };
    Some((kind, message))
}
