//! `hephaestus lsp`: the language server over standard input and output, or a socket.

use crate::args::Lsp;
use crate::commands::helper;
use crate::failure::{Failure, Kind};
use hephaestus_lsp::{ServerOptions, serve_stdio, serve_tcp};
use std::process::ExitCode;

pub(crate) fn run(own: &Lsp) -> Result<ExitCode, Failure> {
    let options = ServerOptions { helper: helper()?, log: own.log.clone() };
    let code = match own.listen {
        None => serve_stdio(&options)?,
        Some(address) => {
            let listening = |address| anstream::eprintln!("listening at {address}");
            serve_tcp(address, &options, listening)
                .map_err(|error| Failure::new(Kind::Usage, format!("{address}: {error}")))?
        }
    };
    Ok(ExitCode::from(code))
}
