//! The environment of the commands: the user's own, without secrets and with what makes tests behave the same
//! everywhere. Values from the configuration come on top and are not looked at.

use std::ffi::{OsStr, OsString};
#[cfg(unix)]
use std::path::Path;

const SECRET_WORDS: [&str; 7] = ["TOKEN", "SECRET", "KEY", "PASSWORD", "PASSWD", "CREDENTIAL", "PASSPHRASE"];
const SECRET_PREFIXES: [&str; 2] = ["AWS_", "HEPHAESTUS_"];
/// Ways to processes outside, which a sandboxed command must not find.
const OUTSIDE: [&str; 8] = [
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GPG_AGENT_INFO",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_HOST",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
];

/// Whether the commands may see a variable.
fn is_passed_on(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let name = name.to_ascii_uppercase();
    !SECRET_WORDS.iter().any(|word| name.contains(word))
        && !SECRET_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !OUTSIDE.contains(&name.as_str())
        && name != "PYTHONDONTWRITEBYTECODE"
}

/// The harness's environment without what the commands must not see. The helper is started with no more than this.
pub(super) fn inherited() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| is_passed_on(name))
}

/// What is set for every command. `temp` and `cache` are folders the command may write.
#[cfg(unix)]
pub(super) fn fixed(temp: &Path, cache: &Path) -> Vec<(&'static str, OsString)> {
    let mut fixed: Vec<(&str, OsString)> = [
        ("CARGO_NET_OFFLINE", "true"),
        ("NO_COLOR", "1"),
        ("PIP_NO_INDEX", "1"),
        // A Rust test binary with failing tests is twenty times slower when it resolves backtraces.
        ("RUST_BACKTRACE", "0"),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.into()))
    .collect();
    fixed.extend(["TMPDIR", "TMP", "TEMP"].map(|name| (name, temp.into())));
    fixed.push(("XDG_CACHE_HOME", cache.into()));
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_outside_and_the_rest_goes_in() {
        for name in ["GITHUB_TOKEN", "npm_config_token", "OPENAI_API_KEY", "AWS_REGION", "SSH_AUTH_SOCK"] {
            assert!(!is_passed_on(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "HOME", "LANG", "TZ", "VIRTUAL_ENV", "CARGO_HOME", "RUSTFLAGS"] {
            assert!(is_passed_on(OsStr::new(name)), "{name}");
        }
    }
}
