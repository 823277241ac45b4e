//! `mtls expiring`.

use anyhow::Result;
use clap::Args;
use pki_enroll::{Announcer, Thresholds, Webhook, expiring};
use time::OffsetDateTime;

use crate::command::serve::{recipients, webhook};
use crate::global::Global;
use crate::home::OpenCa;
use crate::issue::Life;
use crate::output::{Outcome, Output, date, note, remaining, table};

/// List what ends soon: certificates, CRLs, and the CA itself
///
/// Exit code 1 where there is something. A certificate that was renewed is not listed. Whoever is named by --webhook or
/// --exec is told of each once, however often this is run, unless its whole life is shorter than twice the time.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls expiring --within 14d\n  mtls expiring --within 14d --exec 'mail -s \"ends soon\" ops@example.org'"
)]
pub(crate) struct Expiring {
    /// Within this time
    #[arg(long, value_name = "TIME", default_value = "30d")]
    within: Life,

    /// Post each to this URL, as JSON; may be given again
    #[arg(long, value_name = "URL", value_parser = webhook)]
    webhook: Vec<Webhook>,

    /// Run this command of the shell for each, with JSON as its input; may be given again
    #[arg(long, value_name = "CMD")]
    exec: Vec<String>,
}

impl Expiring {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        // What was told is written down.
        let tells = !self.webhook.is_empty() || !self.exec.is_empty();
        let ca = match tells {
            true => OpenCa::open(global).await?,
            false => OpenCa::open_to_look(global).await?,
        };
        let now = OffsetDateTime::now_utc();
        let within = self.within.duration();
        let mut ending = expiring(ca.store(), within, now).await?;
        ending.retain(|one| one.ca == ca.name());
        out.list(&ending, "nothing ends in this time", |ending| {
            let rows = ending.iter().map(|one| {
                [
                    one.kind.as_str().to_owned(),
                    one.serial.clone().unwrap_or_default(),
                    one.name.clone(),
                    date(one.not_after),
                    remaining(one.not_after, now),
                ]
            });
            table(["what", "serial", "name", "until", ""], rows)
        })?;
        let recipients = recipients(self.webhook, self.exec);
        if !recipients.is_empty() {
            let thresholds = Thresholds::new([within])?;
            let mut announcer = Announcer::new(ca.store().clone(), recipients, thresholds);
            let told = announcer.announce(now).await?;
            note(format!("told {told} times"));
        }
        Ok(Outcome::found(!ending.is_empty()))
    }
}
