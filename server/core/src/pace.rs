//! A brake on background work: whoever holds it makes everybody who shares it stand still until it is released.
//!
//! It stops nothing by itself: workers ask it before they begin something, the sandbox watches it while commands run.

use crate::CancelToken;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often a waiting worker looks whether it has been cancelled.
const POLL: Duration = Duration::from_millis(50);

/// Shared by everyone who works on one thing and the one who may slow them down. Not held by default; holding what is
/// held and releasing what is not does nothing.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    brake: Arc<Brake>,
}

#[derive(Debug, Default)]
struct Brake {
    held: Mutex<bool>,
    changed: Condvar,
}

impl Pace {
    /// A pace nobody holds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on nothing new starts, and what runs is frozen.
    pub fn hold(&self) {
        *self.held() = true;
        self.brake.changed.notify_all();
    }

    /// Everything goes on.
    pub fn release(&self) {
        *self.held() = false;
        self.brake.changed.notify_all();
    }

    /// Whether it is held now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        *self.held()
    }

    /// Returns when it is not held, or soon after `cancel`; at once when it is not held now.
    pub fn wait(&self, cancel: &CancelToken) {
        let mut held = self.held();
        while *held && !cancel.is_cancelled() {
            held = match self.brake.changed.wait_timeout(held, POLL) {
                Ok((held, _)) => held,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// A thread that died with the lock left a whole value behind: there is nothing else in it.
    fn held(&self) -> MutexGuard<'_, bool> {
        self.brake.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{TryRecvError, channel};
    use std::thread;

    #[test]
    fn nobody_waits_for_a_pace_that_is_not_held() {
        let pace = Pace::new();
        pace.wait(&CancelToken::new());
        pace.hold();
        pace.hold();
        assert!(pace.clone().is_held(), "clones share the brake");
        pace.release();
        assert!(!pace.is_held(), "one release is enough");
        pace.wait(&CancelToken::new());
    }

    #[test]
    fn a_worker_goes_on_when_it_is_released_and_not_before() {
        let (pace, cancel) = (Pace::new(), CancelToken::new());
        pace.hold();
        let (sender, passed) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                sender.send("waits").unwrap();
                pace.wait(&cancel);
                sender.send("goes on").unwrap();
            });
            assert_eq!(passed.recv().unwrap(), "waits");
            assert_eq!(passed.try_recv(), Err(TryRecvError::Empty));
            pace.release();
            assert_eq!(passed.recv().unwrap(), "goes on");
        });
    }

    #[test]
    fn cancelling_ends_the_wait_while_it_is_held() {
        let (pace, cancel) = (Pace::new(), CancelToken::new());
        pace.hold();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| pace.wait(&cancel));
            cancel.cancel();
            waiting.join().unwrap();
        });
        assert!(pace.is_held());
    }
}
