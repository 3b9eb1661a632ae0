//! The second wall: Landlock rules that hold even if a mount could be undone, and the only wall around the files where
//! there are no namespaces. Does nothing where the kernel has no Landlock; the isolation says so.

use std::io;
use std::path::PathBuf;

/// What a command may write to, ready to be put on.
#[derive(Debug)]
pub(super) struct Wall {
    abi: u32,
    #[cfg(target_os = "linux")]
    rules: Option<landlock::RulesetCreated>,
}

/// Devices everybody may write to.
#[cfg(target_os = "linux")]
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx"];

impl Wall {
    /// Landlock's ABI version, 0 where the wall is missing.
    pub(super) fn abi(&self) -> u32 {
        self.abi
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn build(_writable: &[PathBuf], _network_is_own: bool) -> io::Result<Self> {
        Ok(Self { abi: 0 })
    }

    /// What puts the wall up, in the process that calls it and for good.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn raiser(&self) -> io::Result<impl FnMut() -> io::Result<()> + Send + Sync + 'static> {
        Ok(|| Ok(()))
    }

    /// A wall that leaves open what is below `writable` (what does not exist is passed over), reading everywhere, and
    /// TCP where the network is the session's own. Signals and abstract sockets do not reach outside.
    #[cfg(target_os = "linux")]
    pub(super) fn build(writable: &[PathBuf], network_is_own: bool) -> io::Result<Self> {
        use landlock::{
            ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
            RulesetAttr, RulesetCreatedAttr, Scope,
        };
        let abi = super::sys::landlock_abi();
        if abi == 0 {
            return Ok(Self { abi, rules: None });
        }
        // Device ioctls stay open: what may be opened for writing is listed anyway.
        let writes = AccessFs::from_write(ABI::V9) & !AccessFs::IoctlDev;
        let build = || -> Result<landlock::RulesetCreated, landlock::RulesetError> {
            let mut rules = Ruleset::default()
                .set_compatibility(CompatLevel::BestEffort)
                .handle_access(writes)?
                .scope(Scope::from_all(ABI::V6))?;
            if !network_is_own {
                rules = rules.handle_access(AccessNet::from_all(ABI::V4))?;
            }
            let mut rules = rules.create()?;
            let devices = DEVICES.into_iter().map(PathBuf::from).chain([PathBuf::from("/dev/shm")]);
            for path in writable.iter().cloned().chain(devices) {
                if let Ok(opened) = PathFd::new(&path) {
                    // Rights that only make sense for folders are refused on a device.
                    let wanted = if path.is_dir() { writes } else { writes & AccessFs::from_file(ABI::V9) };
                    rules = rules.add_rule(PathBeneath::new(opened, wanted))?;
                }
            }
            Ok(rules)
        };
        Ok(Self { abi, rules: Some(build().map_err(io::Error::other)?) })
    }

    /// What puts the wall up, in the process that calls it and for good.
    #[cfg(target_os = "linux")]
    pub(super) fn raiser(&self) -> io::Result<impl FnMut() -> io::Result<()> + Send + Sync + 'static> {
        let mut rules = self.rules.as_ref().map(landlock::RulesetCreated::try_clone).transpose()?;
        Ok(move || match rules.take() {
            Some(rules) => rules.restrict_self().map(drop).map_err(io::Error::other),
            None => Ok(()),
        })
    }
}
