//! Time as it counts for commands at idle priority: by the share of the processor time they asked for that they got.
//! Somebody else's build next door would otherwise use up the time limits of tests that were hardly ever let run.
//!
//! The kernel tells for every thread how long it ran and how long it was ready but had to wait (`schedstat` in proc(5)).
//! A command that waits for something else than the processor asked for nothing, and all of its time counts.

use crate::sandbox::step::patience;
use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// How often to look: often enough to see most processes of a test run.
const LOOK: Duration = Duration::from_millis(200);

/// What the threads of a command had got when they were last looked at.
#[derive(Debug, Default)]
pub(super) struct Served {
    last_look: Duration,
    threads: HashMap<u32, Sched>,
    lost: Duration,
}

/// Of one thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sched {
    ran: Duration,
    waited: Duration,
}

impl Served {
    /// Whether it is time to look again, for a command that has been awake so long.
    pub(super) fn is_due(&self, awake: Duration) -> bool {
        awake.saturating_sub(self.last_look) >= LOOK
    }

    /// Takes account of what the `threads` of a command have got until now.
    pub(super) fn look(&mut self, awake: Duration, threads: HashMap<u32, Sched>) {
        let (mut ran, mut waited) = (Duration::ZERO, Duration::ZERO);
        for (id, now) in &threads {
            let before = self.threads.get(id).copied().unwrap_or_default();
            ran += now.ran.saturating_sub(before.ran);
            waited += now.waited.saturating_sub(before.waited);
        }
        let asked = (ran + waited).as_secs_f64();
        if asked > 0.0 {
            let since = awake.saturating_sub(self.last_look);
            // Many threads wait longer together than the clock goes on; few that wait a little cost a little.
            let asked_of_one = (asked / since.as_secs_f64().max(f64::MIN_POSITIVE)).min(1.0);
            self.lost += since.mul_f64(asked_of_one * waited.as_secs_f64() / asked);
        }
        self.last_look = awake;
        self.threads = threads;
    }

    /// The part of the time `awake` that does not count.
    pub(super) fn lost(&self) -> Duration {
        self.lost
    }

    /// Whether a command with this `limit` has had enough.
    pub(super) fn is_over(&self, awake: Duration, limit: Duration) -> bool {
        awake.saturating_sub(self.lost) >= limit || awake >= patience(limit)
    }
}

/// What the threads of a process have got until now; nothing where the kernel does not tell.
pub(super) fn threads(pid: u32) -> Vec<(u32, Sched)> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let told = tasks.filter_map(|task| {
        let id = task.file_name().to_str()?.parse().ok()?;
        Some((id, read(&fs::read_to_string(task.path().join("schedstat")).ok()?)?))
    });
    told.collect()
}

/// Nanoseconds run, nanoseconds waited, and a count nobody needs here.
fn read(text: &str) -> Option<Sched> {
    let mut words = text.split_whitespace().map(|word| word.parse().map(Duration::from_nanos));
    Some(Sched { ran: words.next()?.ok()?, waited: words.next()?.ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn thread(ran: u64, waited: u64) -> HashMap<u32, Sched> {
        HashMap::from([(7, Sched { ran: seconds(ran), waited: seconds(waited) })])
    }

    #[test]
    fn time_counts_by_the_share_that_was_got() {
        let mut served = Served::default();
        served.look(seconds(10), thread(10, 0));
        assert_eq!(served.lost(), seconds(0), "all of it");
        served.look(seconds(20), thread(11, 9));
        assert_eq!(served.lost(), seconds(9), "a tenth");
        served.look(seconds(30), thread(11, 9));
        assert_eq!(served.lost(), seconds(9), "one that sleeps loses nothing");
        served.look(seconds(40), thread(11, 14));
        assert_eq!(served.lost(), seconds(14), "half asleep, half kept waiting");
    }

    #[test]
    fn many_threads_lose_no_more_than_the_clock() {
        let mut served = Served::default();
        let crowd = (0..8).map(|id| (id, Sched { ran: seconds(1), waited: seconds(9) })).collect();
        served.look(seconds(10), crowd);
        assert_eq!(served.lost(), seconds(9));
    }

    #[test]
    fn one_that_is_never_served_is_given_up_in_the_end() {
        let mut served = Served::default();
        served.look(seconds(19), thread(0, 19));
        assert!(!served.is_over(seconds(19), seconds(1)));
        served.look(seconds(20), thread(0, 20));
        assert!(served.is_over(seconds(20), seconds(1)));
        assert!(Served::default().is_over(seconds(1), seconds(1)), "without losses it is the clock");
    }

    #[test]
    fn the_kernels_words_are_read() {
        let read_here = read("1000000000 2000000000 17\n");
        assert_eq!(read_here, Some(Sched { ran: seconds(1), waited: seconds(2) }));
        assert_eq!(read("1"), None);
        assert_eq!(read("a b c"), None);
    }
}
