//! Who is told of what ends soon.

use anyhow::Result;
use pki_enroll::{Exec, Recipient, Webhook};

/// A webhook of the command line, whose error does not repeat its URL.
pub(crate) fn webhook(url: &str) -> Result<Webhook> {
    Ok(Webhook::new(url)?)
}

/// Who is told, as the command line says it.
pub(crate) fn recipients(webhooks: Vec<Webhook>, commands: Vec<String>) -> Vec<Recipient> {
    let commands = commands
        .into_iter()
        .map(|it| Recipient::Exec(Exec::new(it)));
    let webhooks = webhooks.into_iter().map(Recipient::Webhook);
    webhooks.chain(commands).collect()
}
