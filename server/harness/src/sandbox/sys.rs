//! The system calls of the sandbox behind safe functions, and nothing else: no policy, no order of steps.
//!
//! `unsafe` is allowed in this file only: namespaces, the mount API and `pre_exec` have no safe counterpart in std, and
//! `libc` is the thinnest layer that is kept up to date. Everything here is called from the single-threaded helper,
//! except [`user_id`], [`process_exists`] and [`lower_priority_of_this_thread`].
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A finished child.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reaped {
    /// Its process id.
    pub(super) pid: i32,
    /// The exit code, or the number of the signal that ended it.
    pub(super) end: Result<i32, i32>,
    /// User and system time of it and of the descendants it waited for.
    pub(super) cpu: Duration,
    /// Largest resident set of it and of the descendants it waited for, in KiB.
    pub(super) max_rss_kb: u64,
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

/// The real user id of this process.
pub(super) fn user_id() -> u32 {
    // SAFETY: takes nothing, cannot fail.
    unsafe { libc::getuid() }
}

/// Effective user and group id of this process.
#[cfg(target_os = "linux")]
pub(super) fn effective_ids() -> (u32, u32) {
    // SAFETY: take nothing, cannot fail.
    unsafe { (libc::geteuid(), libc::getegid()) }
}

/// Whether a process with this id exists (it may belong to somebody else).
pub(super) fn process_exists(pid: i32) -> bool {
    // SAFETY: signal 0 only asks.
    let result = unsafe { libc::kill(pid, 0) };
    result == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// Sends SIGKILL to a process, a group (negative) or everything this process may signal (-1).
pub(super) fn kill(target: i32) {
    // SAFETY: plain numbers; a target that is gone is an error nobody needs.
    unsafe { libc::kill(target, libc::SIGKILL) };
}

/// Freezes a process, a group or everything, as [`kill`] understands its target.
pub(super) fn stop(target: i32) {
    // SAFETY: as in `kill`.
    unsafe { libc::kill(target, libc::SIGSTOP) };
}

/// Lets what [`stop`] froze go on.
pub(super) fn resume(target: i32) {
    // SAFETY: as in `kill`.
    unsafe { libc::kill(target, libc::SIGCONT) };
}

/// Reaps one child. `Ok(None)`: children are there, none has ended (only when not `blocking`).
///
/// # Errors
/// `ECHILD` when there is none left.
pub(super) fn reap(blocking: bool) -> io::Result<Option<Reaped>> {
    let mut status = 0;
    let flags = if blocking { 0 } else { libc::WNOHANG };
    // SAFETY: an all-zero `rusage` is a valid value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live locals of the right type.
        let pid = unsafe { libc::wait4(-1, &raw mut status, flags, &raw mut usage) };
        if pid > 0 {
            let end = if libc::WIFSIGNALED(status) {
                Err(libc::WTERMSIG(status))
            } else {
                Ok(libc::WEXITSTATUS(status))
            };
            let cpu = duration(usage.ru_utime) + duration(usage.ru_stime);
            let max_rss_kb = u64::try_from(usage.ru_maxrss).unwrap_or(0) / RSS_UNITS_PER_KB;
            return Ok(Some(Reaped { pid, end, cpu, max_rss_kb }));
        }
        if pid == 0 {
            return Ok(None);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// `ru_maxrss` is in KiB everywhere but on Apple systems, where it is in bytes.
const RSS_UNITS_PER_KB: u64 = if cfg!(target_vendor = "apple") { 1024 } else { 1 };

fn duration(time: libc::timeval) -> Duration {
    let micros = u32::try_from(time.tv_usec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), micros.saturating_mul(1000))
}

/// Waits until one of `fds` can be read or has hung up; tells which.
pub(super) fn wait_readable(fds: &[Option<BorrowedFd<'_>>], timeout: Duration) -> io::Result<Vec<bool>> {
    let millis = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
    poll(fds.iter().map(|fd| (fd.map_or(-1, |fd| fd.as_raw_fd()), libc::POLLIN)), millis)
}

/// Waits until the other end of `pipe` is closed (data in it does not count) or the process of `handle` has ended.
/// May return early without either.
#[cfg(target_os = "linux")]
pub(super) fn wait_hung_up_or_ended(pipe: BorrowedFd<'_>, handle: BorrowedFd<'_>) -> io::Result<bool> {
    let fds = [(pipe.as_raw_fd(), 0), (handle.as_raw_fd(), libc::POLLIN)];
    Ok(poll(fds.into_iter(), -1)?.contains(&true))
}

fn poll(fds: impl Iterator<Item = (RawFd, libc::c_short)>, millis: i32) -> io::Result<Vec<bool>> {
    let mut polled: Vec<libc::pollfd> =
        fds.map(|(fd, events)| libc::pollfd { fd, events, revents: 0 }).collect();
    let count = libc::nfds_t::try_from(polled.len()).map_err(io::Error::other)?;
    // SAFETY: the pointer and the count describe one live vector.
    let result = unsafe { libc::poll(polled.as_mut_ptr(), count, millis) };
    match check(result) {
        Ok(_) => Ok(polled.iter().map(|fd| fd.revents != 0).collect()),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(vec![false; polled.len()]),
        Err(error) => Err(error),
    }
}

/// Makes reads of `fd` return at once.
pub(super) fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: fcntl on a descriptor that is borrowed for the call.
    let flags = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })?;
    // SAFETY: as above.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) })?;
    Ok(())
}

/// Moves standard input and output to descriptors that no child inherits and puts `/dev/null` in their places.
pub(super) fn take_standard_streams() -> io::Result<(File, File)> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let mut taken = [0, 1].into_iter().map(|fd: RawFd| {
        // SAFETY: duplicates an inherited descriptor; the new one is owned by nobody else.
        let copy = check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 10) })?;
        // SAFETY: `copy` is open and owned here alone.
        Ok::<File, io::Error>(File::from(unsafe { OwnedFd::from_raw_fd(copy) }))
    });
    let (Some(input), Some(output)) = (taken.next(), taken.next()) else {
        return Err(io::Error::other("standard streams are missing"));
    };
    for fd in 0..=2 {
        // SAFETY: replaces a standard stream; nothing in this program holds it as an owned descriptor.
        check(unsafe { libc::dup2(null.as_raw_fd(), fd) })?;
    }
    Ok((input?, output?))
}

/// Free bytes and free inodes (as an ordinary user sees them) of the file system `path` is on.
pub(super) fn free_space(path: &Path) -> io::Result<(u64, u64)> {
    let path = c_path(path)?;
    // SAFETY: an all-zero `statvfs` is a valid value.
    let mut facts: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: a terminated string and a live local.
    check(unsafe { libc::statvfs(path.as_ptr(), &raw mut facts) })?;
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "field widths differ by platform")]
    let bytes = (facts.f_bavail as u64).saturating_mul(facts.f_frsize as u64);
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "field widths differ by platform")]
    let inodes = facts.f_favail as u64;
    Ok((bytes, inodes))
}

/// A limit of a process.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// Private writable memory in bytes. Not the address space: V8, the JVM and Go reserve far more than they use.
    Memory(u64),
    /// Processes and threads of this user.
    Processes(u64),
    /// Open files.
    OpenFiles(u64),
    /// Largest file in bytes.
    FileSize(u64),
    /// Core dumps, in bytes.
    CoreSize(u64),
}

fn set_limit(limit: Limit) -> io::Result<()> {
    let (resource, value) = match limit {
        Limit::Memory(value) => (libc::RLIMIT_DATA, value),
        Limit::Processes(value) => (libc::RLIMIT_NPROC, value),
        Limit::OpenFiles(value) => (libc::RLIMIT_NOFILE, value),
        Limit::FileSize(value) => (libc::RLIMIT_FSIZE, value),
        Limit::CoreSize(value) => (libc::RLIMIT_CORE, value),
    };
    let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a live local of the right type.
    check(unsafe { libc::getrlimit(resource, &raw mut now) })?;
    let value = value.min(now.rlim_max);
    let wanted = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: a live local of the right type.
    check(unsafe { libc::setrlimit(resource, &raw const wanted) })?;
    Ok(())
}

/// What a command gives up between fork and exec.
#[derive(Debug, Clone)]
pub(super) struct Confinement {
    /// Its niceness.
    pub(super) niceness: u8,
    /// Whether it runs only when nobody else wants to, whatever its niceness.
    pub(super) idle: bool,
    /// Limits to set.
    pub(super) limits: Vec<Limit>,
}

/// Lets `command` confine itself before it runs: own session, limits, `last` (Landlock), no way back to privileges.
pub(super) fn confine(
    command: &mut Command,
    confinement: Confinement,
    mut last: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    let confine = move || -> io::Result<()> {
        // SAFETY: plain calls on the own process. A process that leads its group already cannot fail here: it is new.
        unsafe {
            if confinement.idle {
                // It stays in the helper's session, whose scheduling group gives way: see `lead_idle_session`.
                libc::setpgid(0, 0);
            } else {
                libc::setsid();
                libc::setpriority(libc::PRIO_PROCESS, 0, i32::from(confinement.niceness));
            }
        }
        if confinement.idle {
            lower_priority_of_this_thread();
        }
        #[cfg(target_os = "linux")]
        die_with_parent()?;
        for limit in &confinement.limits {
            set_limit(*limit)?;
        }
        last()?;
        #[cfg(target_os = "linux")]
        {
            linux::drop_capabilities()?;
            linux::set_no_new_privileges()?;
        }
        Ok(())
    };
    // SAFETY: the helper has one thread, so the child of its fork may allocate and call anything.
    unsafe { command.pre_exec(confine) };
}

/// The niceness of those who let everybody else go first.
const LEAST: libc::c_int = 19;

/// Makes the calling thread, and what it starts from now on, give way to everything else on this machine: least
/// niceness and, on Linux, the idle classes of processor and disk. For good: an ordinary user may not take it back.
/// Does what the system lets it do and reports nothing.
pub fn lower_priority_of_this_thread() {
    #[cfg(target_os = "linux")]
    linux::become_idle();
    #[cfg(target_vendor = "apple")]
    // SAFETY: plain numbers; on Apple systems this is about the calling thread.
    unsafe {
        libc::setpriority(libc::PRIO_DARWIN_THREAD, 0, libc::PRIO_DARWIN_BG);
    }
}

/// Makes a session of which everything in it gives way to everything else on this machine. Linux may schedule every
/// session as one group of its own, and niceness then counts within the group alone (sched(7), "The autogroup
/// feature"), so the group gets the least niceness too.
pub(super) fn lead_idle_session() {
    // SAFETY: a plain call on the own process. It fails where it leads a group already, and then nothing is lost.
    unsafe { libc::setsid() };
    // The kernel takes one such wish per tenth of a second from all ordinary users together.
    for _ in 0..4 {
        match std::fs::write("/proc/self/autogroup", LEAST.to_string()) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(40));
            }
            _ => return,
        }
    }
}

/// Ends this process at once, without running exit handlers or destructors.
pub(super) fn exit_now(code: i32) -> ! {
    // SAFETY: never returns and touches no memory.
    unsafe { libc::_exit(code) }
}

#[cfg(target_os = "linux")]
pub(super) use linux::*;

/// What only Linux has. Numbers are from the kernel's `include/uapi/linux/{mount,capability,sched}.h`.
#[cfg(target_os = "linux")]
mod linux {
    use super::{c_path, check};
    use std::ffi::{CStr, CString};
    use std::io;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
    use std::path::Path;

    /// Keeps writes out of a mount.
    pub(in crate::sandbox) const READ_ONLY: u64 = 0x1;
    /// Makes set-user-id bits mean nothing.
    pub(in crate::sandbox) const NO_SUID: u64 = 0x2;
    /// Makes device nodes mean nothing.
    pub(in crate::sandbox) const NO_DEV: u64 = 0x4;

    const OPEN_TREE_CLONE: libc::c_long = 1;
    const MOVE_MOUNT_F_EMPTY_PATH: libc::c_long = 4;
    const FSCONFIG_SET_FLAG: libc::c_long = 0;
    const FSCONFIG_SET_STRING: libc::c_long = 1;
    const FSCONFIG_CMD_CREATE: libc::c_long = 6;
    const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

    /// What a sandboxed root keeps: CHOWN, DAC_OVERRIDE, FOWNER, FSETID and NET_BIND_SERVICE. Tests that run as root
    /// expect to read what root may read; none of these undoes a mount, a namespace or Landlock.
    const KEPT_CAPABILITIES: u64 = 1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 10;

    #[repr(C)]
    #[derive(Default)]
    struct CloneArgs {
        flags: u64,
        pidfd: u64,
        child_tid: u64,
        parent_tid: u64,
        exit_signal: u64,
        stack: u64,
        stack_size: u64,
        tls: u64,
    }

    #[repr(C)]
    struct MountAttributes {
        set: u64,
        clear: u64,
        propagation: u64,
        userns_fd: u64,
    }

    fn check_long(result: libc::c_long) -> io::Result<libc::c_long> {
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
    }

    fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
        let fd = RawFd::try_from(check_long(result)?).map_err(io::Error::other)?;
        // SAFETY: the kernel has just handed out this descriptor; nobody else owns it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    fn c_text(text: &str) -> io::Result<CString> {
        CString::new(text).map_err(io::Error::other)
    }

    /// Forks into new user, mount, PID, network, IPC and UTS namespaces. `None` in the child, which is process 1 there.
    ///
    /// # Errors
    /// Where the kernel or its policy has no such namespaces to give.
    pub(in crate::sandbox) fn fork_into_namespaces() -> io::Result<Option<i32>> {
        let flags = libc::CLONE_NEWUSER
            | libc::CLONE_NEWNS
            | libc::CLONE_NEWPID
            | libc::CLONE_NEWNET
            | libc::CLONE_NEWIPC
            | libc::CLONE_NEWUTS;
        let args = CloneArgs {
            flags: u64::from(flags.cast_unsigned()),
            exit_signal: u64::from(libc::SIGCHLD.cast_unsigned()),
            ..CloneArgs::default()
        };
        // SAFETY: without CLONE_VM this is a fork; the caller has one thread, so the child's memory is consistent.
        let result =
            unsafe { libc::syscall(libc::SYS_clone3, &raw const args, std::mem::size_of::<CloneArgs>()) };
        let pid = i32::try_from(check_long(result)?).map_err(io::Error::other)?;
        Ok((pid != 0).then_some(pid))
    }

    /// A descriptor that becomes readable when process `pid` ends.
    pub(in crate::sandbox) fn process_handle(pid: i32) -> io::Result<OwnedFd> {
        // SAFETY: plain numbers.
        owned(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })
    }

    fn prctl(option: libc::c_int, argument: libc::c_ulong) -> io::Result<()> {
        // SAFETY: only options whose arguments are numbers are passed.
        check(unsafe { libc::prctl(option, argument, 0, 0, 0) })?;
        Ok(())
    }

    /// Asks the kernel to SIGKILL this process when the thread that started it ends.
    pub(in crate::sandbox) fn die_with_parent() -> io::Result<()> {
        prctl(libc::PR_SET_PDEATHSIG, libc::c_ulong::from(libc::SIGKILL.cast_unsigned()))
    }

    /// Makes orphaned descendants children of this process.
    pub(in crate::sandbox) fn adopt_orphans() -> io::Result<()> {
        prctl(libc::PR_SET_CHILD_SUBREAPER, 1)
    }

    /// Keeps this process's memory and descriptors from others of the same user.
    pub(in crate::sandbox) fn hide_from_peers() -> io::Result<()> {
        prctl(libc::PR_SET_DUMPABLE, 0)
    }

    /// Makes sure that no later exec adds privileges.
    pub(super) fn set_no_new_privileges() -> io::Result<()> {
        prctl(libc::PR_SET_NO_NEW_PRIVS, 1)
    }

    /// Drops every capability but, for root, [`KEPT_CAPABILITIES`].
    pub(super) fn drop_capabilities() -> io::Result<()> {
        #[repr(C)]
        struct Header {
            version: u32,
            pid: libc::c_int,
        }
        #[repr(C)]
        struct Data {
            effective: u32,
            permitted: u32,
            inheritable: u32,
        }
        let kept = if super::effective_ids().0 == 0 { KEPT_CAPABILITIES } else { 0 };
        for capability in (0..64_u32).filter(|bit| kept & (1_u64 << bit) == 0) {
            // EINVAL past the last one the kernel knows, EPERM for ordinary users, whose set is empty anyway.
            let _ = prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(capability));
        }
        let header = Header { version: CAPABILITY_VERSION_3, pid: 0 };
        // Every kept capability has a number below 32. Only what is held already can be kept, hence the first call.
        let mut held = [const { Data { effective: 0, permitted: 0, inheritable: 0 } }; 2];
        // SAFETY: version 3 reads the header and writes two data blocks; both are live locals of that layout.
        check_long(unsafe { libc::syscall(libc::SYS_capget, &raw const header, held.as_mut_ptr()) })?;
        let kept = u32::try_from(kept).unwrap_or(0);
        let [low, _] = held;
        let low = Data { effective: low.effective & kept, permitted: low.permitted & kept, inheritable: 0 };
        let wanted = [low, Data { effective: 0, permitted: 0, inheritable: 0 }];
        // SAFETY: version 3 reads the header and two data blocks; both are live locals of that layout.
        check_long(unsafe { libc::syscall(libc::SYS_capset, &raw const header, wanted.as_ptr()) })?;
        Ok(())
    }

    /// Niceness and scheduling classes are the thread's own on Linux (sched(7), ioprio_set(2)).
    pub(super) fn become_idle() {
        const IOPRIO_WHO_PROCESS: libc::c_int = 1;
        const IOPRIO_CLASS_IDLE: libc::c_int = 3 << 13;
        let parameters = libc::sched_param { sched_priority: 0 };
        // SAFETY: plain numbers and a live local of the right type; 0 is the calling thread throughout.
        unsafe {
            libc::setpriority(libc::PRIO_PROCESS, 0, super::LEAST);
            libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters);
            libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_IDLE);
        }
    }

    /// Landlock's ABI version on this kernel, 0 where it is missing or switched off.
    pub(in crate::sandbox) fn landlock_abi() -> u32 {
        // SAFETY: a null attribute with size 0 and flag 1 only asks for the version.
        let result = unsafe {
            libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<libc::c_void>(), 0_usize, 1_u32)
        };
        u32::try_from(result).unwrap_or(0)
    }

    /// Keeps mounts made from now on from reaching other namespaces and theirs from reaching this one.
    pub(in crate::sandbox) fn make_mounts_private() -> io::Result<()> {
        let flags = libc::MS_REC | libc::MS_PRIVATE;
        let null = std::ptr::null();
        // SAFETY: a terminated literal; the other pointers may be null for a change of propagation.
        check(unsafe { libc::mount(null, c"/".as_ptr(), null, flags, null.cast()) })?;
        Ok(())
    }

    /// A copy of the mount at `path`, with those below it when `recursive`, attached nowhere.
    pub(in crate::sandbox) fn clone_mount(path: &Path, recursive: bool) -> io::Result<OwnedFd> {
        let path = c_path(path)?;
        let recursive = if recursive { libc::c_long::from(libc::AT_RECURSIVE) } else { 0 };
        let flags = OPEN_TREE_CLONE | libc::c_long::from(libc::O_CLOEXEC) | recursive;
        // SAFETY: a terminated string.
        owned(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) })
    }

    /// A fresh mount of file system `kind`, attached nowhere. An option with an empty value is a flag.
    pub(in crate::sandbox) fn new_mount(
        kind: &CStr,
        options: &[(&str, String)],
        attributes: u64,
    ) -> io::Result<OwnedFd> {
        // SAFETY: a terminated string; flag 1 is close-on-exec.
        let context = owned(unsafe { libc::syscall(libc::SYS_fsopen, kind.as_ptr(), 1) })?;
        let null = std::ptr::null::<libc::c_char>();
        for (key, value) in options {
            let (key, value) = (c_text(key)?, c_text(value)?);
            let (command, value) = if value.is_empty() {
                (FSCONFIG_SET_FLAG, null)
            } else {
                (FSCONFIG_SET_STRING, value.as_ptr())
            };
            // SAFETY: terminated strings that outlive the call, or null where a flag is set.
            let result = unsafe {
                libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), command, key.as_ptr(), value, 0)
            };
            check_long(result)?;
        }
        // SAFETY: creating takes neither key nor value.
        let result = unsafe {
            libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_CMD_CREATE, null, null, 0)
        };
        check_long(result)?;
        // SAFETY: plain numbers; flag 1 is close-on-exec.
        owned(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), 1, attributes) })
    }

    /// Attaches a mount that is attached nowhere at `target`.
    pub(in crate::sandbox) fn attach(mount: &OwnedFd, target: &Path) -> io::Result<()> {
        let target = c_path(target)?;
        // SAFETY: terminated strings and a borrowed descriptor.
        let result = unsafe {
            libc::syscall(
                libc::SYS_move_mount,
                mount.as_raw_fd(),
                c"".as_ptr(),
                libc::AT_FDCWD,
                target.as_ptr(),
                MOVE_MOUNT_F_EMPTY_PATH,
            )
        };
        check_long(result)?;
        Ok(())
    }

    /// Sets attributes on the mount at `path`, with those below it when `recursive`.
    pub(in crate::sandbox) fn restrict_mount(
        path: &Path,
        attributes: u64,
        recursive: bool,
    ) -> io::Result<()> {
        let path = c_path(path)?;
        let flags = if recursive { libc::c_long::from(libc::AT_RECURSIVE) } else { 0 };
        set_attributes(libc::AT_FDCWD, &path, flags, attributes)
    }

    /// Sets attributes on a mount that is attached nowhere and on those below it.
    pub(in crate::sandbox) fn restrict_detached(mount: &OwnedFd, attributes: u64) -> io::Result<()> {
        let flags = libc::c_long::from(libc::AT_RECURSIVE | libc::AT_EMPTY_PATH);
        set_attributes(mount.as_raw_fd(), c"", flags, attributes)
    }

    fn set_attributes(at: RawFd, path: &CStr, flags: libc::c_long, set: u64) -> io::Result<()> {
        let attributes = MountAttributes { set, clear: 0, propagation: 0, userns_fd: 0 };
        // SAFETY: a terminated string and a live local of the size that is passed.
        let result = unsafe {
            libc::syscall(
                libc::SYS_mount_setattr,
                at,
                path.as_ptr(),
                flags,
                &raw const attributes,
                std::mem::size_of::<MountAttributes>(),
            )
        };
        check_long(result)?;
        Ok(())
    }

    /// Whether files at `path` can carry `user.*` attributes, which an overlay's upper folder needs.
    pub(in crate::sandbox) fn takes_user_attributes(path: &Path) -> bool {
        let Ok(path) = c_path(path) else { return false };
        // SAFETY: terminated strings, and a value whose length is passed.
        let result =
            unsafe { libc::setxattr(path.as_ptr(), c"user.hephaestus".as_ptr(), c"1".as_ptr().cast(), 1, 0) };
        result == 0
    }

    /// Brings the loopback interface of this network namespace up.
    pub(in crate::sandbox) fn raise_loopback() -> io::Result<()> {
        // SAFETY: plain numbers.
        let socket = owned(libc::c_long::from(unsafe {
            libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0)
        }))?;
        // SAFETY: an all-zero `ifreq` is a valid value.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (slot, byte) in request.ifr_name.iter_mut().zip(c"lo".to_bytes_with_nul()) {
            *slot = libc::c_char::try_from(*byte).unwrap_or_default();
        }
        request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or(1);
        // SAFETY: SIOCSIFFLAGS reads an `ifreq`, which this is.
        check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) })?;
        Ok(())
    }
}
