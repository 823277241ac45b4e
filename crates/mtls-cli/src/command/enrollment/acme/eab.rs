//! `mtls acme eab`: keys of the external account binding.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use pki_store::{AcmeKey, AcmeMac, NamePattern, NewAcmeKey, Page};
use serde::Serialize;
use time::OffsetDateTime;

use crate::command::enrollment::secret::{SecretFile, names_text, random};
use crate::command::records::pages::all_pages;
use crate::home::{OpenCa, actor};
use crate::issue::Life;
use crate::output::{Fields, Outcome, Output, date, moment, table};

/// Keys by which an ACME client makes its account (external account binding)
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls acme eab create --name '*.example.org'\n  mtls acme eab list\n  mtls acme eab revoke 7"
)]
pub(super) struct Eab {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Make a key, and show it this once
///
/// It has two parts: a key ID, which is not secret, and an HMAC key, which is. Whoever has both makes an account, which
/// may order certificates for the names that the key allows, and has to prove each of them.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls acme eab create --name web.example.org\n  \
                  mtls acme eab create --name '*.example.org' --accounts 20 --life 30d --out eab\n\n\
                  A name is a pattern as in `mtls list --name`. Without --name the profile decides."
)]
struct Create {
    /// A profile that its accounts may order within; may be given again
    #[arg(long, value_name = "NAME", default_value = "server")]
    profile: Vec<String>,

    /// A name that may be ordered; may be given again [default: all that the profile allows]
    #[arg(long, value_name = "PATTERN")]
    name: Vec<NamePattern>,

    /// How many accounts it is good for
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    accounts: u32,

    /// How long an account can be made with it: 1h, 7d. Accounts stay
    #[arg(long, value_name = "TIME", default_value = "7d")]
    life: Life,

    /// Write it into a file that you alone can read, in place of printing it: the key ID and the HMAC key, a line each
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// List keys, the used ones too
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls acme eab list")]
struct List {}

/// Revoke a key; accounts that were made with it stay
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls acme eab revoke 7")]
struct Revoke {
    /// Its number, as `mtls acme eab list` says it
    #[arg(value_name = "ID")]
    id: i64,
}

#[derive(Debug, Serialize)]
struct KeyView {
    id: i64,
    kid: String,
    profiles: Vec<String>,
    names: Vec<String>,
    accounts: u32,
    made: u32,
    state: &'static str,
    made_by: String,
    #[serde(with = "time::serde::rfc3339")]
    made_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

#[derive(Serialize)]
struct Made<'a> {
    /// None where it was written into a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    hmac_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    #[serde(flatten)]
    view: KeyView,
}

impl Eab {
    pub(super) async fn run(self, ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
        match self.action {
            Action::Create(create) => create.run(ca, out).await,
            Action::List(_) => list(ca, out).await,
            Action::Revoke(revoke) => revoke.run(ca, out).await,
        }
    }
}

impl Create {
    async fn run(self, ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
        for profile in &self.profile {
            // A key for a profile that is not there would be good for nothing.
            ca.directory().profile(profile)?;
        }
        let file = SecretFile::begin(self.out.as_deref())?;
        let now = OffsetDateTime::now_utc();
        let kid = base16ct::lower::encode_string(&random::<8>()?[..]);
        let key = NewAcmeKey {
            ca: ca.name().to_owned(),
            kid: format!("eab-{kid}"),
            profiles: self.profile,
            names: self.name,
            uses: self.accounts,
            expires_at: now + self.life.duration(),
        };
        let mac = AcmeMac::from_random(*random()?);
        let made = ca.store().create_acme_key(key, &mac, &actor(), now).await?;
        let view = KeyView::of(&made, now);
        let text = mac.secret_text();
        if let Some(file) = file {
            let id = view.id;
            let undo = format!("mtls acme eab revoke {id}");
            file.finish(&[&view.kid, &text], &format!("key {id}"), &undo)?;
        }
        let made = Made {
            hmac_key: self.out.is_none().then_some(text.as_str()),
            file: self.out,
            view,
        };
        if out.is_json() {
            out.json(&made)?;
        } else {
            made.print(out)?;
        }
        Ok(Outcome::Done)
    }
}

impl Made<'_> {
    fn print(&self, out: &mut Output) -> Result<()> {
        out.line(format!("made external account key {}", self.view.id))?;
        let mut fields = Fields::default();
        fields.add("key ID", &self.view.kid);
        if let Some(key) = self.hmac_key {
            fields.add("HMAC key", key);
        }
        if let Some(file) = &self.file {
            fields.add("file", file.display());
        }
        fields
            .add("profiles", self.view.profiles.join(", "))
            .add("names", names_text(&self.view.names))
            .add("accounts", self.view.accounts)
            .add("until", moment(self.view.expires_at));
        out.line(fields.to_string())?;
        if self.hmac_key.is_some() {
            out.line("\nthe HMAC key is shown this once; whoever has it can make an account for these names")?;
        }
        Ok(())
    }
}

async fn list(ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
    let now = OffsetDateTime::now_utc();
    let read = async |page| ca.store().acme_keys(ca.name(), page).await;
    let id = |key: &AcmeKey| key.id;
    let keys = all_pages(Page::default(), id, read).await?;
    let views: Vec<_> = keys.iter().map(|key| KeyView::of(key, now)).collect();
    let none = "there are no external account keys; `mtls acme eab create` makes one";
    out.list(&views, none, |views| {
        let rows = views.iter().map(|view| {
            [
                view.id.to_string(),
                view.kid.clone(),
                view.profiles.join(", "),
                names_text(&view.names),
                format!("{} of {}", view.made, view.accounts),
                view.state.to_owned(),
                date(view.expires_at),
            ]
        });
        let header = [
            "id", "key ID", "profiles", "names", "accounts", "state", "until",
        ];
        table(header, rows)
    })?;
    Ok(Outcome::Done)
}

impl Revoke {
    async fn run(self, ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
        let now = OffsetDateTime::now_utc();
        let revoked = ca
            .store()
            .revoke_acme_key(ca.name(), self.id, &actor(), now)
            .await?;
        let view = KeyView::of(&revoked, now);
        if out.is_json() {
            out.json(&view)?;
        } else {
            out.line(format!(
                "revoked external account key {}; the {} of its accounts stay as they are",
                view.id, view.made
            ))?;
        }
        Ok(Outcome::Done)
    }
}

impl KeyView {
    fn of(key: &AcmeKey, now: OffsetDateTime) -> Self {
        Self {
            id: key.id,
            kid: key.kid.clone(),
            profiles: key.profiles.clone(),
            names: key.names.iter().map(ToString::to_string).collect(),
            accounts: key.uses,
            made: key.used,
            state: key.state(now).as_str(),
            made_by: key.made_by.clone(),
            made_at: key.made_at,
            expires_at: key.expires_at,
        }
    }
}
