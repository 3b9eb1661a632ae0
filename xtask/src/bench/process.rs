//! Programs that are measured: started, looked at through `/proc`, and ended with everything they started.
//!
//! It measures what the kernel counts and nothing of its own; figures exist on Linux only.

use std::fs;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::Context;

/// Clock ticks per second in `/proc/PID/stat`: `USER_HZ`, 100 on every Linux that is in use.
const TICKS_PER_SECOND: u64 = 100;

/// A program that runs until it is dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a program with piped input and output; what it says on stderr goes to `log`.
    pub(crate) fn start(
        command: &mut Command,
        log: &Path,
    ) -> anyhow::Result<(Self, ChildStdout, ChildStdin)> {
        let name = command.get_program().to_string_lossy().into_owned();
        let log = fs::File::create(log).with_context(|| format!("`{}` cannot be written", log.display()))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().with_context(|| format!("`{name}` cannot be started"))?;
        let stdout = child.stdout.take().context("no output")?;
        let stdin = child.stdin.take().context("no input")?;
        Ok((Self { child }, stdout, stdin))
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    /// CPU time of the program alone since its start.
    pub(crate) fn own_cpu(&self) -> anyhow::Result<Duration> {
        let stat = stat(self.id()).context("the program has ended")?;
        Ok(in_time(stat.own_ticks))
    }

    /// CPU time of the program and of all it started, those that have ended included.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let all = family(self.id());
        anyhow::ensure!(!all.is_empty(), "the program has ended");
        Ok(in_time(all.iter().map(|stat| stat.own_ticks + stat.ended_ticks).sum()))
    }

    /// Memory in use now, in MiB, of the program alone.
    pub(crate) fn rss(&self) -> anyhow::Result<f64> {
        self.status("VmRSS:")
    }

    /// The most memory that was ever in use, in MiB, of the program alone.
    pub(crate) fn peak_rss(&self) -> anyhow::Result<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, key: &str) -> anyhow::Result<f64> {
        let text =
            fs::read_to_string(format!("/proc/{}/status", self.id())).context("the program has ended")?;
        let line = text.lines().find_map(|line| line.strip_prefix(key)).context("no such line")?;
        let kib: f64 = line.split_whitespace().next().unwrap_or_default().parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Polite ends are the measurement's affair; what is left over is ended here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of this very program so far.
#[cfg(feature = "bare-parse")]
pub(crate) fn cpu_of_this_program() -> Option<Duration> {
    stat(std::process::id()).map(|stat| in_time(stat.own_ticks))
}

/// One line of `/proc/PID/stat`, as far as it is of interest.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    id: u32,
    parent: u32,
    own_ticks: u64,
    ended_ticks: u64,
}

fn stat(id: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// See proc(5): the name in parentheses may hold anything, so fields are counted from the last parenthesis.
fn parse_stat(text: &str) -> Option<Stat> {
    let id = text.split_whitespace().next()?.parse().ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    let parent = u32::try_from(number(1)?).ok()?;
    Some(Stat { id, parent, own_ticks: number(11)? + number(12)?, ended_ticks: number(13)? + number(14)? })
}

/// A program and all that descend from it.
fn family(id: u32) -> Vec<Stat> {
    let everything = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = everything.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut others: Vec<Stat> = ids.filter_map(stat).collect();
    let mut members: Vec<Stat> = Vec::new();
    loop {
        let belongs =
            |stat: &Stat| stat.id == id || members.iter().any(|member: &Stat| member.id == stat.parent);
        let (mut new, rest): (Vec<Stat>, Vec<Stat>) = others.into_iter().partition(belongs);
        if new.is_empty() {
            return members;
        }
        members.append(&mut new);
        others = rest;
    }
}

fn in_time(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let line = "42 (a) b (c) S 7 42 42 0 -1 4194304 103 0 0 0 11 22 33 44 20 0 1 0 1199109 3133440 375\n";
        assert_eq!(parse_stat(line), Some(Stat { id: 42, parent: 7, own_ticks: 33, ended_ticks: 77 }));
        assert_eq!(parse_stat("42 (a"), None);
    }

    #[test]
    fn this_very_program_has_a_family() {
        let own = std::process::id();
        assert!(family(own).iter().any(|stat| stat.id == own));
    }
}
