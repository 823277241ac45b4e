//! A server, by its URL: what it asks for, what it says, what it accepts.
//!
//! [`observe::observe`] makes the connections and writes down what it saw; [`judge::judge`] makes findings of that, and
//! touches no socket. Between them is an [`Observation`](observation::Observation), which a test can write by hand.
//!
//! The identity is presented to whoever answers, verified or not: a TLS client proves that it has its key and does not
//! give it away, but the server learns the certificate. Nothing else is sent than one `GET`, and no redirect is
//! followed.

mod attempt;
mod judge;
mod known;
mod observation;
mod observe;
mod revocation;
mod stranger;
mod url;
mod wire;

#[cfg(test)]
mod tests;

use std::cell::LazyCell;

use crate::files::Given;
use crate::finding::Finding;
use crate::report::Report;
use crate::target::Options;

use self::known::Known;
use self::url::{ServerUrl, ServerUrlError};

/// Connects to the server at each URL, and checks what it does.
pub(crate) fn examine(urls: &[&str], given: &Given, options: &Options, report: &mut Report) {
    // The roots of this machine are read once, and not for a URL that cannot be used.
    let known = LazyCell::new(|| Known::of(given, options));
    for url in urls {
        match parsed(url, options) {
            Ok(url) => {
                let seen = observe::observe(&url, &known, options.now, options.timeout);
                judge::judge(&seen, &known, options.now, report);
            }
            Err(error) => report.finding(
                Finding::error("url-unusable", *url, error.to_string())
                    .step("Write the URL as https://HOST:PORT, with the name that the server's certificate is for."),
            ),
        }
    }
}

fn parsed(url: &str, options: &Options) -> Result<ServerUrl, ServerUrlError> {
    let url: ServerUrl = url.parse()?;
    match &options.host {
        Some(host) => url.asked_for(host),
        None => Ok(url),
    }
}
