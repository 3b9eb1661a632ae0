//! What a program cost: CPU seconds of it and of all that descends from it, and wall-clock time.
//!
//! A small supervisor in Python runs it, because counting orphans takes a system call that safe Rust does not have. One
//! program at a time; nothing of the supervisor itself is counted.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

const SUPERVISOR: &str = include_str!("supervise.py");

/// Lines of a program's last words that an error shows.
const LAST_WORDS: usize = 4;

/// What came of a program.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Run {
    /// User and system time of it and of everything it started, in seconds.
    pub(crate) cpu: f64,
    /// From its start to its end, in seconds.
    pub(crate) wall: f64,
    /// Its exit code; `None` where its time ran out.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it said on standard error.
    pub(crate) stderr: String,
}

impl Run {
    /// The run, unless its exit code is not among `codes`: then an error with its last words.
    pub(crate) fn expect(self, what: &str, codes: &[i32]) -> anyhow::Result<Self> {
        let Some(code) = self.code else { anyhow::bail!("{what}: it did not end in {:.0} s", self.wall) };
        ensure!(codes.contains(&code), "{what}: exit code {code}: {}", self.last_words());
        Ok(self)
    }

    fn last_words(&self) -> String {
        let said = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        lines.get(lines.len().saturating_sub(LAST_WORDS)..).unwrap_or_default().join(" | ")
    }
}

/// Runs `command` to its end, at the longest for `limit`; logs go to `logs`, named by `name`.
pub(crate) fn measured(command: &Command, name: &str, logs: &Path, limit: Duration) -> anyhow::Result<Run> {
    fs::create_dir_all(logs)?;
    let log = |kind: &str| logs.join(format!("{name}.{kind}"));
    let (supervisor, figures) = (logs.join("supervise.py"), log("figures"));
    fs::write(&supervisor, SUPERVISOR)?;
    if figures.exists() {
        fs::remove_file(&figures)?;
    }
    let mut outer = Command::new("python3");
    outer.arg("-I").arg(&supervisor).arg(&figures).arg(limit.as_secs_f64().to_string());
    outer.arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    for name in std::env::vars().map(|(name, _)| name).filter(|name| is_ours(name)) {
        outer.env_remove(name);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer.stdin(Stdio::null()).stdout(fs::File::create(log("out"))?).stderr(fs::File::create(log("err"))?);
    outer.status().context("`python3` cannot be started")?;
    let text = |kind: &str| fs::read(log(kind)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let (stdout, stderr) = (text("out")?, text("err")?);
    let program = command.get_program().to_string_lossy();
    let figures = fs::read_to_string(&figures)
        .with_context(|| format!("`{program}` cannot be measured: {}", stderr.trim()))?;
    let (cpu, wall, code) = parse(&figures).context("the supervisor wrote nonsense")?;
    Ok(Run { cpu, wall, code, stdout, stderr })
}

/// What `cargo run` and the bench's own build put into the environment is not the measured program's affair.
fn is_ours(name: &str) -> bool {
    let names = ["CARGO", "CARGO_TARGET_DIR", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "PYTHONPATH"];
    names.contains(&name) || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_PROFILE_")
}

fn parse(figures: &str) -> Option<(f64, f64, Option<i32>)> {
    let mut words = figures.split_whitespace();
    let (cpu, wall) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let code = match words.next()? {
        "limit" => None,
        code => Some(code.parse().ok()?),
    };
    Some((cpu, wall, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_with_and_without_an_exit_code() {
        assert_eq!(parse("1.5 2.25 -9\n"), Some((1.5, 2.25, Some(-9))));
        assert_eq!(parse("1.5 2.25 limit\n"), Some((1.5, 2.25, None)));
        assert_eq!(parse("1.5\n"), None);
    }

    #[test]
    fn a_failure_is_told_with_its_last_words() {
        let run = Run { code: Some(3), stderr: "a\n\nb\n".to_owned(), ..Run::default() };
        assert_eq!(run.clone().expect("x", &[0, 3]).unwrap(), run);
        assert_eq!(run.expect("x", &[0]).unwrap_err().to_string(), "x: exit code 3: a | b");
    }

    /// Their times are thrown away as those of a killed process namespace are.
    #[cfg(target_os = "linux")]
    #[test]
    fn children_that_nobody_waits_for_are_counted_where_a_group_can_be_made() {
        let logs = std::env::temp_dir().join(format!("hephaestus-xtask-unwaited-{}", std::process::id()));
        let mut program = Command::new("python3");
        let script = [
            "import os, signal, time",
            "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
            "if os.fork() == 0:",
            "    while time.process_time() < 0.3: pass",
            "    os._exit(0)",
            "try: os.wait()",
            "except ChildProcessError: pass",
        ];
        program.args(["-I", "-c", &script.join("\n")]);
        let run = measured(&program, "unwaited", &logs, Duration::from_secs(60)).unwrap();
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let figures = fs::read_to_string(logs.join("unwaited.figures")).unwrap();
        assert!(figures.ends_with(" cgroup\n") || figures.ends_with(" rusage\n"), "{figures}");
        assert!(figures.ends_with(" rusage\n") || run.cpu >= 0.29, "{figures}");
        fs::remove_dir_all(logs).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn orphans_are_counted_and_what_hangs_is_ended() {
        let logs = std::env::temp_dir().join(format!("hephaestus-xtask-measure-{}", std::process::id()));
        let mut spinning = Command::new("sh");
        let spin = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo spun";
        spinning.args(["-c", &format!("(setsid sh -c '{spin}') & wait; echo out; exit 3")]);
        let run = measured(&spinning, "spinning", &logs, Duration::from_secs(60)).unwrap();
        assert_eq!((run.code, run.stdout.as_str()), (Some(3), "spun\nout\n"));
        assert!(run.cpu > 0.0, "{run:?}");
        let mut hanging = Command::new("sh");
        hanging.args(["-c", "setsid sleep 1000 & sleep 1000"]);
        let run = measured(&hanging, "hanging", &logs, Duration::from_millis(200)).unwrap();
        assert_eq!(run.code, None);
        assert!(run.wall < 100.0, "{run:?}");
        fs::remove_dir_all(logs).unwrap();
    }
}
