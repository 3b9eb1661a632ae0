//! The tests of the test drivers (`server/harness/drivers`), each by the test runner of its own language.
//!
//! They need Node.js, a JDK, and a Python with pytest, from the set-up or the system; what is missing is skipped with one line that
//! says so, and with `CI` set that is an error.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::bail;

use crate::setup;

/// The commands that run them, for the repository at `root`.
pub(crate) fn commands(root: &Path) -> anyhow::Result<Vec<Command>> {
    let drivers = root.join("server/harness/drivers");
    let tools = setup::folder(root);
    let python = tools.join("python").join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let mut of_python = Command::new(&python);
    of_python.args(["-B", "-m", "unittest", "discover", "-s", "tests"]).current_dir(drivers.join("python"));
    let mut of_node = Command::new("node");
    of_node
        .args(["--test", "--test-reporter=tap"])
        .args(["tests/driver.test.mjs", "tests/search.test.mjs"])
        .current_dir(drivers.join("node"));
    let mut of_java = Command::new("java");
    of_java.arg("tests/DriverTest.java").current_dir(drivers.join("java"));
    let mut commands = Vec::new();
    for (name, mut command) in [("Python", of_python), ("Node.js", of_node), ("Java", of_java)] {
        if is_there(command.get_program().as_ref()) {
            command.env("HEPHAESTUS_TOOLS", &tools);
            commands.push(command);
        } else if std::env::var_os("CI").is_some() {
            bail!("{name} is missing: run `cargo xtask setup`");
        } else {
            println!("drivers: {name} skipped, it is missing: run `cargo xtask setup`");
        }
    }
    Ok(commands)
}

fn is_there(program: &Path) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
