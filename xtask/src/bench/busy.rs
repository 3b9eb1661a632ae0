//! Typing while our own forge has every processor: the tests it runs compute all the time.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;

use super::input::{self, Language};
use super::server::{Server, Session};
use super::table::{Limit, Table};
use super::typing::{self, Load, in_ms};

/// The head of a suite that computes for two seconds.
const SUITE_HEAD: &str = "import time\nimport unittest\n\nimport calc\n\n\nclass CalcTest(unittest.TestCase):\n    def test_all(self):\n        end = time.process_time() + 2\n        while time.process_time() < end:\n            pass\n";

/// Measures typing beside a forge, as it is set by default and with a forge that never stands back.
pub(crate) fn measure(
    server: &Server,
    folder: &Path,
    quiet_p95: Option<f64>,
    edits: usize,
    table: &mut Table,
) -> anyhow::Result<()> {
    let text = input::long_file(&input::python_sources()?, Language::Python, 10_000)?;
    for (scenario, settings) in
        [("python-10k, forge busy", ""), ("python-10k, forge never yields", "[editor]\nyield_ms = 0\n")]
    {
        println!("bench: {scenario}");
        let project = super::project(folder, "busy")?;
        write_project(&project, settings)?;
        fs::write(project.join("long.py"), &text)?;
        let load = Load {
            edits,
            interval: Duration::from_millis(50),
            burst: 0,
            bursts: 0,
            patience: Duration::from_secs(60),
        };
        let mut session = Session::open_trusted(server, &project)?;
        start_forge(&mut session)?;
        let (since, family, own) = (Instant::now(), session.process.cpu()?, session.process.own_cpu()?);
        let [p50, p95, p99] = typing::latencies_while_busy(&mut session, Language::Python, &text, load)?;
        let own = session.process.own_cpu()?.saturating_sub(own);
        let forge = session.process.cpu()?.saturating_sub(family).saturating_sub(own);
        for (figure, value) in [
            ("edit to diagnostics, p50", p50),
            ("edit to diagnostics, p95", p95),
            ("edit to diagnostics, p99", p99),
        ] {
            table.note(scenario, figure, "ms", server.name, value);
        }
        let share = in_ms(forge) / in_ms(since.elapsed()) * 100.0;
        table.note(scenario, "CPU of the forge meanwhile", "% of a core", server.name, share);
        if let Some(quiet) = quiet_p95 {
            let limit = Limit::TimesOf(2.0, quiet, format!("quiet p95, {quiet:.1} ms"));
            table.limit(scenario, "edit to diagnostics, p95", limit);
        }
    }
    Ok(())
}

/// A module with a dozen goals, and tests that take their time.
fn write_project(project: &Path, settings: &str) -> anyhow::Result<()> {
    let (mut code, mut tests) = (String::new(), String::from(SUITE_HEAD));
    for n in 2..14 {
        code.push_str(&format!("def is_multiple_{n}(x):\n    if x % {n} == 0:\n        return True\n    else:\n        return False\n\n\n"));
        tests.push_str(&format!("        self.assertIs(calc.is_multiple_{n}({n}), True)\n        self.assertIs(calc.is_multiple_{n}({}), False)\n", n + 1));
    }
    fs::write(project.join("calc.py"), code)?;
    fs::write(project.join("test_calc.py"), tests)?;
    fs::write(project.join("hephaestus.toml"), settings)?;
    Ok(())
}

/// Asks for a forge and waits until its tests have computed for three seconds.
fn start_forge(session: &mut Session) -> anyhow::Result<()> {
    let uri = session.uri("calc.py");
    let text = fs::read_to_string(uri.trim_start_matches("file://"))?;
    let item = json!({"uri": uri, "languageId": "python", "version": 1, "text": text});
    session.client.notify("textDocument/didOpen", json!({"textDocument": item}))?;
    let command = json!({"command": "hephaestus.forgeFile", "arguments": [uri]});
    session.client.start_request("workspace/executeCommand", command)?;
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        let forge = session.process.cpu()?.saturating_sub(session.process.own_cpu()?);
        if forge > Duration::from_secs(3) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "no forge has begun after 180 s");
        thread::sleep(Duration::from_millis(50));
    }
}
