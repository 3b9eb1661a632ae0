

#[doc(hidden)]
#[allow(warnings, clippy::all, clippy::pedantic, clippy::restriction, clippy::nursery)]
mod __hephaestus {
    extern crate std;

    use self::std::env;
    use self::std::fs::{File, OpenOptions};
    use self::std::io::Write;
    use self::std::string::ToString;
    use self::std::sync::atomic::{AtomicU32, Ordering};
    use self::std::sync::Mutex;
    use self::std::vec::Vec;

    const UNKNOWN: u32 = 0;
    const RECORDING: u32 = 1;
    const OFF: u32 = 2;

    static STATE: AtomicU32 = AtomicU32::new(UNKNOWN);
    static SEEN: Mutex<Option<(File, Vec<bool>)>> = Mutex::new(None);

    #[inline]
    pub(crate) fn on(site: u32) -> u32 {
        let state = STATE.load(Ordering::Relaxed);
        if state > RECORDING { state } else { first(site) }
    }

    #[inline]
    pub(crate) fn hit(site: u32) {
        if STATE.load(Ordering::Relaxed) <= RECORDING {
            first(site);
        }
    }

    #[cold]
    #[inline(never)]
    fn first(site: u32) -> u32 {
        let mut state = STATE.load(Ordering::Relaxed);
        if state == UNKNOWN {
            state = chosen();
            STATE.store(state, Ordering::Relaxed);
        }
        if state == RECORDING {
            record(site);
            state = OFF;
        }
        state
    }

    fn chosen() -> u32 {
        if env::var_os("HEPHAESTUS_REACH").is_some() {
            return RECORDING;
        }
        match env::var("HEPHAESTUS_SWITCH") {
            Ok(text) => text.parse().unwrap_or(OFF),
            Err(_) => OFF,
        }
    }

    // Written at once: a process may end in many ways.
    fn record(site: u32) {
        let mut seen = match SEEN.lock() {
            Ok(seen) => seen,
            Err(broken) => broken.into_inner(),
        };
        if seen.is_none() {
            let path = env::var_os("HEPHAESTUS_REACH").unwrap_or_default();
            if let Ok(file) = OpenOptions::new().append(true).create(true).open(path) {
                *seen = Some((file, Vec::new()));
            }
        }
        if let Some((file, sites)) = &mut *seen {
            let at = site as usize;
            if sites.len() <= at {
                sites.resize(at + 1, false);
            }
            if !sites[at] {
                sites[at] = true;
                let mut line = site.to_string();
                line.push('\n');
                let _ = file.write_all(line.as_bytes());
            }
        }
    }
}
