//! `mtls p12 inspect`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use pkcs12_ios::{Archive, Limits};
use serde::Serialize;
use time::OffsetDateTime;

use crate::files::read_secret;
use crate::home::password;
use crate::look::Item;
use crate::output::{Outcome, Output, hex};

/// Show the keys and certificates of a bundle, and what its bags say of them
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls p12 inspect client.p12 --password-file password.txt")]
pub(crate) struct Inspect {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The file whose first line is the bundle's password; asked for on the terminal without it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// A bag: what is in it, and its attributes.
#[derive(Debug, Serialize)]
struct Bag {
    friendly_name: Option<String>,
    local_key_id: Option<String>,
    #[serde(flatten)]
    item: Item,
}

impl Inspect {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        let bytes = read_secret(&self.file)?;
        let password = password(
            self.password_file.as_deref(),
            "the bundle",
            "--password-file",
        )?;
        let archive = Archive::read(&bytes, &password, &Limits::default())
            .with_context(|| format!("cannot open {}", self.file.display()))?;
        let bags = bags(&archive);
        if out.is_json() {
            out.json(&bags)?;
        } else {
            print(out, &bags)?;
        }
        Ok(Outcome::Done)
    }
}

fn bags(archive: &Archive) -> Vec<Bag> {
    let bag = |attributes: &pkcs12_ios::BagAttributes, item| Bag {
        friendly_name: attributes.friendly_name().map(str::to_owned),
        local_key_id: attributes.local_key_id().map(hex),
        item,
    };
    let keys = archive.keys().iter().map(|key| {
        let item = Item::private_key(key.secret_pkcs8_der(), None);
        bag(key.attributes(), item)
    });
    let certificates = archive.certificates().iter().map(|certificate| {
        let item = Item::certificate(certificate.der());
        bag(certificate.attributes(), item)
    });
    keys.chain(certificates).collect()
}

fn print(out: &mut Output, bags: &[Bag]) -> Result<()> {
    let now = OffsetDateTime::now_utc();
    for (index, bag) in bags.iter().enumerate() {
        if index > 0 {
            out.line("")?;
        }
        out.line(bag.item.title())?;
        let mut fields = bag.item.fields(now);
        if let Some(name) = &bag.friendly_name {
            fields.add("friendly name", format!("{name:?}"));
        }
        if let Some(id) = &bag.local_key_id {
            fields.add("local key ID", id);
        }
        out.line(fields.to_string())?;
    }
    Ok(())
}
