//! A server, by its URL: what it asks for, what it says, what it accepts.

use crate::files::Given;
use crate::report::Report;
use crate::target::Options;

/// Connects to the server at `url`, and checks what it does.
pub(crate) fn examine(_url: &str, _given: &Given, _options: &Options, _report: &mut Report) {}
