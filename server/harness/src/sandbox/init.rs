//! The helper's entry: reads the plan and becomes the process that opens and serves the session. Runs in a program of
//! its own with a single thread; it must not start one, print anything, or trust what the commands leave behind.

/// The hidden subcommand's main. Speaks on standard input and output with the harness that started it; ends when the
/// input does. Takes no arguments. Returns the exit code.
#[must_use]
pub fn helper_main(args: &[String]) -> i32 {
    if !args.is_empty() {
        return 2;
    }
    serve()
}

#[cfg(unix)]
fn serve() -> i32 {
    use crate::sandbox::place::Channel;
    use crate::sandbox::protocol::Request;
    use crate::sandbox::sys;

    let Ok((input, output)) = sys::take_standard_streams() else { return 2 };
    let mut channel = Channel::new(input, output);
    let plan = match channel.receive() {
        Ok(Some(Request::Open(plan))) => *plan,
        Ok(None) => return 0,
        Ok(Some(_)) | Err(_) => return 2,
    };
    #[cfg(target_os = "linux")]
    {
        // A machine that runs out of memory shall end the candidate before the user's editor. May be forbidden.
        let _ = std::fs::write("/proc/self/oom_score_adj", "800");
        if plan.mode.namespaces {
            return crate::sandbox::namespaces::supervise(&plan, channel);
        }
    }
    crate::sandbox::place::serve_copy(&plan, channel)
}

/// Without Unix processes there is no helper worth the name: it says so, and nothing is ever run.
#[cfg(not(unix))]
fn serve() -> i32 {
    use crate::sandbox::protocol::{self, Answer, Failure, Lacking};

    let message = "trials are not supported on this operating system yet".to_owned();
    let answer = Answer::Failed(Failure { lacking: Lacking::Workspace, message });
    i32::from(protocol::send(&mut std::io::stdout(), &answer, []).is_err())
}
