//! The helper in full mode: one process outside that waits, one inside that is process 1 and serves. The one outside
//! exists to map the users, to reap the other (whose end is the end of everything inside) and to clear the disk.

use crate::sandbox::place::{self, Channel};
use crate::sandbox::protocol::{Lacking, Plan};
use crate::sandbox::scratch::remove_tree;
use crate::sandbox::session::work_folder;
use crate::sandbox::{copy, mounts, sys};
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// Opens and serves the session in new namespaces; returns when nothing of it is left.
pub(super) fn supervise(plan: &Plan, mut channel: Channel) -> i32 {
    let code = match prepare(plan, &channel).and_then(|prepared| fork(plan, prepared, &mut channel)) {
        Ok(pid) => wait(pid, &channel),
        Err((lacking, error)) => {
            channel.fail(lacking, error.to_string());
            1
        }
    };
    for folder in plan.scratch.iter().cloned().chain(plan.keep.as_deref().map(work_folder)) {
        remove_tree(&folder);
    }
    code
}

/// The copy to show instead of the workspace, how large it was at first, and what to say about it.
type Prepared = (Option<(PathBuf, u64)>, Vec<String>);

fn prepare(plan: &Plan, channel: &Channel) -> Result<Prepared, (Lacking, io::Error)> {
    if !plan.mode.copy {
        return Ok((None, Vec::new()));
    }
    let no_place = || (Lacking::Workspace, io::Error::other("there is no folder for the copy"));
    let scratch = plan.scratch.as_deref().or(plan.keep.as_deref()).ok_or_else(no_place)?;
    let target = place::copy_target(plan, scratch);
    let copied = copy::copy_workspace(plan, &target, None, &|| channel.is_abandoned());
    let (size, notes) = copied.map_err(|error| (Lacking::Workspace, error))?;
    Ok((Some((target, size)), notes))
}

/// Forks process 1. In there, this does not return.
fn fork(plan: &Plan, prepared: Prepared, channel: &mut Channel) -> Result<i32, (Lacking, io::Error)> {
    let lacking = |error: io::Error| (Lacking::Namespaces, error);
    let (mut mapped, mut mapping) = io::pipe().map_err(lacking)?;
    let ids = sys::effective_ids();
    let Some(pid) = sys::fork_into_namespaces().map_err(lacking)? else {
        drop(mapping);
        let code = match mapped.read_exact(&mut [0]) {
            Ok(()) => inside(plan, prepared, channel),
            Err(_) => 1,
        };
        sys::exit_now(code)
    };
    let checked = map_users(pid, ids).map_err(lacking).and_then(|everyone| {
        // Asked out here, because in there all strangers look alike.
        match plan.check_owners && !everyone {
            true => foreign_file(&plan.root, ids).map_or(Ok(()), |path| {
                let message = format!("{} belongs to another user or group", path.display());
                Err((Lacking::Overlay, io::Error::other(message)))
            }),
            false => Ok(()),
        }
    });
    if let Err(failure) = checked {
        sys::kill(pid);
        let _ = sys::reap(true);
        return Err(failure);
    }
    // If this fails, process 1 is dead already, which `wait` will find.
    let _ = mapping.write_all(&[1]);
    Ok(pid)
}

/// Maps users and groups to themselves: all of them where this process may (root), else only its own. Tells which.
fn map_users(pid: i32, (user, group): (u32, u32)) -> io::Result<bool> {
    let write = |name: &str, text: &str| fs::write(format!("/proc/{pid}/{name}"), text);
    let everyone = "0 0 4294967295\n";
    if user == 0 && write("uid_map", everyone).is_ok() {
        write("gid_map", everyone)?;
        return Ok(true);
    }
    write("setgroups", "deny")?;
    write("uid_map", &format!("{user} {user} 1\n"))?;
    write("gid_map", &format!("{group} {group} 1\n"))?;
    Ok(false)
}

/// Process 1: builds the view and serves.
fn inside(plan: &Plan, prepared: Prepared, channel: &mut Channel) -> i32 {
    let (copied, mut notes) = prepared;
    if let Err(error) = sys::die_with_parent() {
        channel.fail(Lacking::Namespaces, error.to_string());
        return 1;
    }
    if plan.idle {
        // While `/proc` is still the one that can be written.
        sys::lead_idle_session();
    }
    let place = match mounts::build(plan, copied, &mut notes) {
        Ok(place) => place,
        Err(failure) => {
            channel.fail(failure.lacking, failure.to_string());
            return 1;
        }
    };
    // Nothing depends on it: without loopback, only tests that talk to themselves fail.
    if let Err(error) = sys::raise_loopback() {
        notes.push(format!("Tests cannot reach their own servers on this machine ({error})."));
    }
    let hidden = sys::hide_from_peers();
    i32::from(hidden.and_then(|()| place::serve(&place, channel, notes)).is_err())
}

/// Waits until process 1 ends, by itself or because the harness is gone.
fn wait(pid: i32, channel: &Channel) -> i32 {
    if let Ok(handle) = sys::process_handle(pid) {
        // An error is no reason to let anything live on.
        while sys::wait_hung_up_or_ended(channel.input(), handle.as_fd()).is_ok_and(|over| !over) {}
    }
    sys::kill(pid);
    match sys::reap(true) {
        Ok(Some(reaped)) => reaped.end.unwrap_or(0),
        _ => 1,
    }
}

/// A file an overlay could not copy up, because its owner or group does not exist in the user namespace.
fn foreign_file(root: &Path, (user, group): (u32, u32)) -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(facts) = entry.metadata() else { continue };
            if facts.uid() != user || facts.gid() != group {
                return Some(entry.path());
            }
            if facts.is_dir() && entry.file_name() != ".git" {
                folders.push(entry.path());
            }
        }
    }
    None
}
