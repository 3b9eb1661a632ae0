//! A key from a program of the user's: their keyring's client, a password manager. Runs outside the sandbox, where there is
//! no keyring, and so only what the user's own configuration names; never anything a workspace says.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long it may take: somebody may have to unlock something.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked whether it is done.
const LOOK: Duration = Duration::from_millis(20);
/// No key is longer.
const LONGEST: u64 = 64 * 1024;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be started.
    #[error("`{program}` cannot be started: {source}")]
    Unstartable {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It does not end.
    #[error("`{0}` did not end in time")]
    TooSlow(String),
    /// It failed, or had nothing to say.
    #[error("`{0}` gave no key")]
    NoKey(String),
}

/// The first line that the program and its arguments print. What it prints is shown nowhere.
///
/// # Errors
/// When there is none.
pub fn key_from(command: &[String]) -> Result<String, KeyError> {
    let (program, arguments) = command.split_first().ok_or_else(|| KeyError::NoKey(String::new()))?;
    let unstartable = |source| KeyError::Unstartable { program: program.clone(), source };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(unstartable)?;
    let output = child.stdout.take().map(|pipe| {
        thread::spawn(move || {
            let mut text = String::new();
            pipe.take(LONGEST).read_to_string(&mut text).map(|_| text)
        })
    });
    let is_good = wait(&mut child, PATIENCE).ok_or_else(|| KeyError::TooSlow(program.clone()))?;
    let text = output.and_then(|reader| reader.join().ok()?.ok()).filter(|_| is_good).unwrap_or_default();
    let line = text.lines().next().map(str::trim).filter(|line| !line.is_empty());
    line.map(str::to_owned).ok_or_else(|| KeyError::NoKey(program.clone()))
}

/// Whether it ended well; `None` when it had to be ended.
fn wait(child: &mut Child, patience: Duration) -> Option<bool> {
    let since = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if since.elapsed() < patience => thread::sleep(LOOK),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            Err(_) => return Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(words: &[&str]) -> Result<String, KeyError> {
        key_from(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_first_line_is_the_key() {
        assert_eq!(from(&["printf", " abc \\nrest\\n"]).unwrap(), "abc");
    }

    #[test]
    fn what_gives_no_key_is_named_and_what_it_says_is_not() {
        assert_eq!(from(&["true"]).unwrap_err().to_string(), "`true` gave no key");
        let failed = from(&["sh", "-c", "echo secret; exit 3"]).unwrap_err().to_string();
        assert_eq!(failed, "`sh` gave no key");
        assert!(matches!(from(&["no-such-program-anywhere"]), Err(KeyError::Unstartable { .. })));
        assert!(matches!(from(&[]), Err(KeyError::NoKey(_))));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        assert_eq!(wait(&mut child, Duration::ZERO), None);
        assert!(child.try_wait().unwrap().is_some());
    }
}
