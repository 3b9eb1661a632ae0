//! The labs of one harness: opened when they are first needed, one per thread that needs one at the same time. The first
//! one finds out what the tests do and reach; the others are told.

use crate::lab::{Lab, LabError, LabFacts, LabSubject, LabTest, SwitchLab, Variant, WarmLab};
use crate::sandbox::Sandbox;
use crate::suite::Suite;
use hephaestus_core::{CancelToken, Edit, RelPath, Snapshot};
use hephaestus_syntax::Languages;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What every lab of a pool works on.
#[derive(Clone)]
pub(crate) struct Grounds {
    pub(crate) sandbox: Sandbox,
    pub(crate) suite: Suite,
    pub(crate) snapshot: Snapshot,
    pub(crate) languages: &'static Languages,
    pub(crate) layers: Vec<PathBuf>,
}

impl Grounds {
    pub(crate) fn subject<'a>(&'a self, known: Option<&'a LabFacts>) -> LabSubject<'a> {
        LabSubject {
            sandbox: &self.sandbox,
            suite: &self.suite,
            snapshot: &self.snapshot,
            languages: self.languages,
            layers: self.layers.clone(),
            slots: 1,
            known,
        }
    }
}

/// Labs that take variants at any time.
pub(crate) struct LabPool {
    grounds: Grounds,
    idle: Mutex<Vec<WarmLab>>,
    first: Mutex<First>,
    next_variant: AtomicU32,
    unbilled: Mutex<Duration>,
    /// The lab of switches in which a search tries variants.
    searching: Mutex<Searching>,
}

/// A lab of switches that is kept.
enum Searching {
    Unopened,
    Open(Box<SwitchLab>),
    Unfit(LabError),
}

/// What the first lab found out.
enum First {
    /// Nobody has asked yet.
    Unasked(Option<LabFacts>),
    Known(Arc<Seen>),
    Unfit(LabError),
}

/// What a lab saw of the unchanged code.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) facts: Arc<LabFacts>,
    /// Tests that fail, with what they run through.
    pub(crate) red: Vec<LabTest>,
}

impl Seen {
    pub(crate) fn of(lab: &dyn Lab) -> Self {
        Self { facts: Arc::new(lab.facts().clone()), red: lab.red_tests().to_vec() }
    }
}

impl LabPool {
    /// A pool without a lab. `known` is what tests did earlier that would do the same again.
    pub(crate) fn new(grounds: Grounds, known: Option<LabFacts>) -> Self {
        let first = Mutex::new(First::Unasked(known));
        let (idle, unbilled) = (Mutex::default(), Mutex::default());
        let searching = Mutex::new(Searching::Unopened);
        Self { grounds, idle, first, next_variant: AtomicU32::new(0), unbilled, searching }
    }

    /// Lends a lab to `work`. A lab that failed is not used again.
    pub(crate) fn with<R>(
        &self,
        cancel: &CancelToken,
        work: impl FnOnce(&mut WarmLab) -> Result<R, LabError>,
    ) -> Result<R, LabError> {
        let idle = self.idle().pop();
        let mut lab = match idle {
            Some(lab) => lab,
            None => self.open(cancel)?,
        };
        let result = work(&mut lab);
        if result.is_ok() {
            self.idle().push(lab);
        }
        result
    }

    /// Lends a lab in which these variants are known: a warm one, or one built for them alone.
    pub(crate) fn with_variants<R>(
        &self,
        variants: &[Variant],
        cancel: &CancelToken,
        work: impl FnOnce(&mut dyn Lab) -> Result<R, LabError>,
    ) -> Result<R, LabError> {
        if self.grounds.suite.runner.switches.is_some() {
            let mut lab = SwitchLab::open(&self.grounds.subject(None), variants.to_vec(), cancel)?;
            let result = work(&mut lab);
            self.charge(&lab);
            return result;
        }
        self.with(cancel, |lab| {
            for variant in variants {
                lab.admit(variant);
            }
            let result = work(lab);
            for variant in variants {
                lab.dismiss(variant.id);
            }
            result
        })
    }

    /// A variant with a number of its own.
    pub(crate) fn variant(&self, file: &RelPath, edits: Vec<Edit>) -> Variant {
        Variant { id: self.next_variant.fetch_add(1, Ordering::Relaxed), file: file.clone(), edits }
    }

    /// What the tests do and reach, if a lab has been opened.
    pub(crate) fn facts(&self) -> Option<Arc<LabFacts>> {
        match &*self.first() {
            First::Known(seen) => Some(Arc::clone(&seen.facts)),
            First::Unasked(_) | First::Unfit(_) => None,
        }
    }

    /// Whether tests of this pool's suite are tried by switches.
    pub(crate) fn has_switches(&self) -> bool {
        self.grounds.suite.runner.switches.is_some()
    }

    /// Lends the lab of switches. One that failed is not used again.
    pub(crate) fn with_switches<R>(
        &self,
        cancel: &CancelToken,
        work: impl FnOnce(&mut SwitchLab) -> Result<R, LabError>,
    ) -> Result<R, LabError> {
        let mut searching = self.searching.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lab = match std::mem::replace(&mut *searching, Searching::Unopened) {
            Searching::Open(lab) => lab,
            Searching::Unfit(why) => {
                *searching = Searching::Unfit(why.clone());
                return Err(why);
            }
            Searching::Unopened => match SwitchLab::open(&self.grounds.subject(None), vec![], cancel) {
                Ok(lab) => {
                    self.charge(&lab);
                    Box::new(lab)
                }
                Err(LabError::Cancelled) => return Err(LabError::Cancelled),
                Err(why) => {
                    *searching = Searching::Unfit(why.clone());
                    return Err(why);
                }
            },
        };
        let result = work(&mut lab);
        // It opens another session where its own is at an end.
        *searching = Searching::Open(lab);
        result
    }

    /// The same with the tests that fail; a lab is opened if need be.
    pub(crate) fn seen(&self, cancel: &CancelToken) -> Result<Arc<Seen>, LabError> {
        if self.has_switches() {
            return self.with_switches(cancel, |lab| Ok(Arc::new(Seen::of(lab))));
        }
        self.with(cancel, |_| Ok(()))?;
        match &*self.first() {
            First::Known(seen) => Ok(Arc::clone(seen)),
            First::Unfit(error) => Err(error.clone()),
            First::Unasked(_) => Err(LabError::Unfit("no lab was opened".to_owned())),
        }
    }

    /// CPU time of opening labs that nobody has taken account of yet.
    pub(crate) fn bill(&self) -> Duration {
        std::mem::take(&mut *self.unbilled.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes account of what opening `lab` took.
    fn charge(&self, lab: &dyn Lab) {
        *self.unbilled.lock().unwrap_or_else(PoisonError::into_inner) += lab.overhead();
    }

    fn open(&self, cancel: &CancelToken) -> Result<WarmLab, LabError> {
        let mut first = self.first();
        let opened = match &*first {
            First::Unfit(error) => return Err(error.clone()),
            First::Unasked(known) => WarmLab::open(&self.grounds.subject(known.as_ref()), &[], cancel),
            First::Known(seen) => {
                let facts = Arc::clone(&seen.facts);
                drop(first);
                let lab = WarmLab::open(&self.grounds.subject(Some(&facts)), &[], cancel)?;
                self.charge(&lab);
                return Ok(lab);
            }
        };
        match opened {
            Ok(lab) => {
                self.charge(&lab);
                *first = First::Known(Arc::new(Seen::of(&lab)));
                Ok(lab)
            }
            Err(LabError::Cancelled) => Err(LabError::Cancelled),
            Err(error) => {
                *first = First::Unfit(error.clone());
                Err(error)
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<WarmLab>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> std::sync::MutexGuard<'_, First> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
