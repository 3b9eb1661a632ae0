//! `hephaestus directive`: one file per verb.

mod check;
mod new;
mod run;

use crate::args::{Common, Directive, DirectiveVerb};
use crate::failure::Failure;
use std::process::ExitCode;

pub(crate) fn run(common: &Common, own: &Directive) -> Result<ExitCode, Failure> {
    match &own.verb {
        DirectiveVerb::New(own) => new::run(common, own),
        DirectiveVerb::Check(own) => check::run(common, own),
        DirectiveVerb::Run(own) => run::run(common, own),
    }
}
