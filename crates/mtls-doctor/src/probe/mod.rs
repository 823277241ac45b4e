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

use crate::files::Given;
use crate::finding::Finding;
use crate::report::Report;
use crate::target::Options;

use self::known::Known;
use self::url::ServerUrl;

/// Connects to the server at `url`, and checks what it does.
pub(crate) fn examine(url: &str, given: &Given, options: &Options, report: &mut Report) {
    let parsed = url.parse().and_then(|url: ServerUrl| match &options.host {
        Some(host) => url.asked_for(host),
        None => Ok(url),
    });
    let url = match parsed {
        Ok(url) => url,
        Err(error) => {
            let finding = Finding::error("url-unusable", url, error.to_string())
                .step("Write the URL as https://HOST:PORT, with the name that the server's certificate is for.");
            return report.finding(finding);
        }
    };
    let known = Known::of(given);
    let seen = observe::observe(&url, &known, options.now, options.timeout);
    judge::judge(&seen, &known, options.now, report);
}
