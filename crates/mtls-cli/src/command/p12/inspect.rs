//! `mtls p12 inspect`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use pkcs12_ios::{Limits, inspect};
use time::OffsetDateTime;

use super::view::{BagView, BundleView};
use crate::files::read_secret;
use crate::home::password;
use crate::output::{Fields, Outcome, Output};

/// Show how a bundle is protected and, with its password, everything in it
///
/// Without the password, that is the MAC, the algorithms, iterations and salts of what is encrypted, and the bags that
/// are not. With it, all bags in their order with their attributes, and which key belongs to which certificate. A bundle
/// without a MAC, or with algorithms that are not read here, is shown as far as it goes. Exit code 1 where something is not
/// read for its algorithm or its number of iterations.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls p12 inspect client.p12\n  mtls p12 inspect client.p12 --password-file password.txt"
)]
pub(crate) struct Inspect {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The file whose first line is the bundle's password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Ask for the password on the terminal
    #[arg(long, conflicts_with = "password_file")]
    ask_password: bool,
}

impl Inspect {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        let bytes = read_secret(&self.file)?;
        let wanted = self.ask_password || self.password_file.is_some();
        let password = wanted
            .then(|| {
                password(
                    self.password_file.as_deref(),
                    "the bundle",
                    "--password-file",
                )
            })
            .transpose()?;
        let inspection = inspect(&bytes, password.as_ref(), &Limits::default())
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        let view = BundleView::of(bytes.len(), &inspection);
        if out.is_json() {
            out.json(&view)?;
        } else {
            print(out, &view)?;
        }
        Ok(Outcome::found(view.has_problems()))
    }
}

fn print(out: &mut Output, view: &BundleView) -> Result<()> {
    out.line(format!("PKCS#12 bundle of {} bytes", view.bytes))?;
    let mut fields = Fields::default();
    match &view.mac {
        Some(mac) => {
            fields.add("MAC", mac.line());
            fields.add("", mac.state("the password is right, and the file whole"));
        }
        None => {
            fields.add("MAC", "none: nothing shows whether the file is whole");
        }
    }
    if let Some(form) = view.empty_password {
        fields.add("empty password", form);
    }
    out.line(fields.to_string())?;
    let now = OffsetDateTime::now_utc();
    for (index, part) in view.parts.iter().enumerate() {
        out.line("")?;
        let number = index + 1;
        match &part.encryption {
            None => out.line(format!("part {number}, not encrypted"))?,
            Some(encryption) => {
                out.line(format!("part {number}, encrypted: {}", encryption.line()))?;
                if !encryption.opened {
                    out.line(format!("  {}", encryption.state("")))?;
                }
            }
        }
        print_bags(out, &part.bags, now)?;
    }
    Ok(())
}

fn print_bags(out: &mut Output, bags: &[BagView], now: OffsetDateTime) -> Result<()> {
    for bag in bags {
        out.line("")?;
        let number = bag.number.map(|number| format!(" {number}"));
        let title = match &bag.item {
            Some(item) => item.title(),
            None if bag.kind == "key" => "private key (encrypted)".to_owned(),
            None if bag.kind == "bags" => "bags within a bag".to_owned(),
            None => format!("{}, not read", bag.kind),
        };
        let kind = number.map(|number| format!("{}{number}: ", bag.kind));
        out.line(format!("{}{title}", kind.unwrap_or_default()))?;
        let mut fields = bag
            .item
            .as_ref()
            .map(|item| item.fields(now))
            .unwrap_or_default();
        if let Some(encryption) = &bag.encryption {
            fields.add("encryption", encryption.line());
            if !encryption.opened {
                fields.add("", encryption.state(""));
            }
        } else if bag.kind == "key" {
            fields.add("encryption", "none");
        }
        if let Some(certificate) = bag.certificate {
            fields.add("its certificate", format!("certificate {certificate}"));
        }
        if let Some(reason) = &bag.no_certificate {
            fields.add("its certificate", format!("none: {reason}"));
        }
        if let Some(name) = &bag.friendly_name {
            fields.add("friendly name", format!("{name:?}"));
        }
        if let Some(id) = &bag.local_key_id {
            fields.add("local key ID", id);
        }
        fields.add_all(
            "other attributes",
            bag.attributes
                .iter()
                .map(|it| format!("{}: {:?}", it.attribute, it.value)),
        );
        fields.add_all("beware", &bag.faults);
        let fields = fields.to_string();
        if !fields.is_empty() {
            out.line(fields)?;
        }
        print_bags(out, &bag.bags, now)?;
    }
    Ok(())
}
