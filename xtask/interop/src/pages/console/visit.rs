//! The operator in Chromium.

use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;

use super::place::Place;
use crate::clients::browser::Person;
use crate::pages::visit::{Visit, Visited};
use crate::workbench::Bench;

/// What the script has seen besides.
#[derive(Deserialize)]
pub(super) struct Operated {
    /// The subjects that a search for carol finds.
    pub(super) found: Vec<String>,
    /// The state of the certificate that was looked at in the dry run.
    pub(super) after_dry_run: String,
    /// The token that was made.
    pub(super) token: String,
    /// The status for a form that another site has sent.
    pub(super) foreign: u16,
    /// The status after the operator has revoked his own certificate.
    pub(super) revoked: u16,
}

/// Looks at every page, and does what an operator does.
pub(super) fn visit(bench: &Bench<'_>, place: &Place, pictures: bool) -> Result<Visited<Operated>> {
    let p12 = place.home.path("alice/client.p12");
    let person = Person::with(bench, &place.root(), &p12, &place.url)?;
    let visit = Visit {
        script: "console/visit.mjs",
        url: &place.url,
        takes_pictures: pictures,
        limit: Duration::from_secs(120),
    };
    visit.run(bench, person.command(bench, "node"), &[])
}
