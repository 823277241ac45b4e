//! `mtls attest`.

mod android;
mod apple;
mod challenge;
mod common;
mod explain;
mod judged;
mod show;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::global::Global;
use crate::output::{Outcome, Output};

/// What a phone's attestation proves, whether it would pass, and what is asked for
///
/// For support: what the evidence says of the key, the app and the device, and the first check that it fails. Exit code 1
/// where it is refused.
#[derive(Args, Debug)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  mtls attest android chain.pem --challenge hex:00112233 --csr device.csr --status status.json\n  \
                  mtls attest apple attestation.cbor --challenge hex:00112233 --app 1234567890.com.example.app \\\n    \
                  --key-id YmbJO4x5nEHUvncp9zdWuVZjNBEMgJn3cdSToAXQe3M="
)]
pub(crate) struct Attest {
    #[command(subcommand)]
    platform: Platform,
}

#[derive(Debug, Subcommand)]
enum Platform {
    Android(android::Android),
    Apple(apple::Apple),
    Explain(explain::Explain),
    Show(show::Show),
}

impl Attest {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        match self.platform {
            Platform::Android(android) => android.run(out),
            Platform::Apple(apple) => apple.run(out),
            Platform::Explain(explain) => explain.run(global, out),
            Platform::Show(show) => show.run(global, out).await,
        }
    }
}
