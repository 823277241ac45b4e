//! `mtls acme account`.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use pki_store::{AcmeAccount, AcmeAccountChange, AcmeAccountState, Page};
use serde::Serialize;
use time::OffsetDateTime;

use crate::command::records::pages::all_pages;
use crate::home::{OpenCa, actor};
use crate::output::{Outcome, Output, date, table};

/// Accounts of ACME clients
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  mtls acme account list\n  mtls acme account deactivate 3")]
pub(super) struct Account {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Deactivate(Deactivate),
    List(List),
}

/// End an account for good; its certificates stay
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls acme account deactivate 3")]
struct Deactivate {
    /// Its number, as `mtls acme account list` says it
    #[arg(value_name = "ID")]
    id: i64,
}

/// List accounts, those that have ended too
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls acme account list")]
struct List {}

#[derive(Debug, Serialize)]
struct AccountView {
    id: i64,
    state: &'static str,
    contacts: Vec<String>,
    /// The external account key that it was made with.
    kid: Option<String>,
    profiles: Vec<String>,
    names: Vec<String>,
    thumbprint_sha256: String,
    #[serde(with = "time::serde::rfc3339")]
    made_at: OffsetDateTime,
}

impl Account {
    pub(super) async fn run(self, ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
        match self.action {
            Action::Deactivate(deactivate) => deactivate.run(ca, out).await,
            Action::List(_) => list(ca, out).await,
        }
    }
}

impl Deactivate {
    async fn run(self, ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
        let now = OffsetDateTime::now_utc();
        let revoke = AcmeAccountChange::Revoke;
        let changed = ca
            .store()
            .change_acme_account(ca.name(), self.id, revoke, &actor(), now)
            .await?;
        if changed.state == AcmeAccountState::Deactivated {
            bail!("account {} was deactivated by its holder", self.id);
        }
        let view = AccountView::of(&changed);
        if out.is_json() {
            out.json(&view)?;
        } else {
            out.line(format!(
                "deactivated account {}; `mtls revoke` revokes its certificates, which stay as they are",
                view.id
            ))?;
        }
        Ok(Outcome::Done)
    }
}

async fn list(ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
    let read = async |page| ca.store().acme_accounts(ca.name(), page).await;
    let id = |account: &AcmeAccount| account.id;
    let accounts = all_pages(Page::default(), id, read).await?;
    let views: Vec<_> = accounts.iter().map(AccountView::of).collect();
    let none = "there are no ACME accounts; `mtls acme eab create` makes a key for one";
    out.list(&views, none, |views| {
        let rows = views.iter().map(|view| {
            [
                view.id.to_string(),
                view.state.to_owned(),
                view.contacts.join(", "),
                view.kid.clone().unwrap_or_default(),
                view.names.join(", "),
                date(view.made_at),
            ]
        });
        let header = ["id", "state", "contacts", "key ID", "names", "made"];
        table(header, rows)
    })?;
    Ok(Outcome::Done)
}

impl AccountView {
    fn of(account: &AcmeAccount) -> Self {
        Self {
            id: account.id,
            state: account.state.as_str(),
            contacts: account.contacts.clone(),
            kid: account.kid.clone(),
            profiles: account.profiles.clone(),
            names: account.names.iter().map(ToString::to_string).collect(),
            thumbprint_sha256: base16ct::lower::encode_string(&account.thumbprint),
            made_at: account.made_at,
        }
    }
}
