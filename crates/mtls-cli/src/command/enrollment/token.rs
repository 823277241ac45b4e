//! `mtls token`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use pki_store::{NamePattern, NewToken, Page, TokenRecord, TokenSecret};
use serde::Serialize;
use time::OffsetDateTime;

use super::secret::{SecretFile, names_text, random};
use crate::command::records::pages::all_pages;
use crate::global::Global;
use crate::home::{OpenCa, actor};
use crate::issue::Life;
use crate::output::{Fields, Outcome, Output, date, moment, table};

/// Tokens, by which a device asks for its first certificate
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls token create --name sensor-7\n  mtls token list\n  mtls token revoke 7"
)]
pub(crate) struct Token {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Make a token, and show it this once
///
/// Whoever has it gets certificates for the names that it allows, from `mtls serve --enroll`. The CA keeps its SHA-256
/// alone.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  mtls token create --name sensor-7\n  \
                  mtls token create --name '*.devices.example.org' --uses 50 --life 7d --out token\n\n\
                  A name is a common name, or a pattern as in `mtls list --name`. Without --name the profile decides.")]
struct Create {
    /// The profile of its certificates
    #[arg(long, value_name = "NAME", default_value = "client")]
    profile: String,

    /// A name that may be asked for; may be given again [default: all that the profile allows]
    #[arg(long, value_name = "PATTERN")]
    name: Vec<NamePattern>,

    /// How many certificates it is good for
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    uses: u32,

    /// How long it can be used: 1h, 7d
    #[arg(long, value_name = "TIME", default_value = "1h")]
    life: Life,

    /// Write it into a file that you alone can read, in place of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// List tokens, the used ones too
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls token list")]
struct List {}

/// Revoke a token; certificates that were issued with it stay
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls token revoke 7")]
struct Revoke {
    /// Its number, as `mtls token list` says it
    #[arg(value_name = "ID")]
    id: i64,
}

#[derive(Debug, Serialize)]
struct TokenView {
    id: i64,
    profile: String,
    names: Vec<String>,
    uses: u32,
    used: u32,
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
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    #[serde(flatten)]
    view: TokenView,
}

impl Token {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = match self.action {
            Action::List(_) => OpenCa::open_to_look(global).await?,
            Action::Create(_) | Action::Revoke(_) => OpenCa::open(global).await?,
        };
        match self.action {
            Action::Create(create) => create.run(&ca, out).await,
            Action::List(_) => list(&ca, out).await,
            Action::Revoke(revoke) => revoke.run(&ca, out).await,
        }
    }
}

impl Create {
    async fn run(self, ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
        // A token for a profile that is not there would be good for nothing.
        ca.directory().profile(&self.profile)?;
        let file = SecretFile::begin(self.out.as_deref())?;
        let now = OffsetDateTime::now_utc();
        let token = NewToken {
            ca: ca.name().to_owned(),
            profile: self.profile,
            names: self.name,
            uses: self.uses,
            expires_at: now + self.life.duration(),
        };
        let secret = TokenSecret::from_random(*random()?);
        let actor = actor();
        let made = ca.store().create_token(token, &secret, &actor, now);
        let view = TokenView::of(&made.await?, now);
        let text = secret.secret_text();
        if let Some(file) = file {
            let id = view.id;
            let undo = format!("mtls token revoke {id}");
            file.finish(&[&text], &format!("token {id}"), &undo)?;
        }
        let made = Made {
            token: self.out.is_none().then_some(text.as_str()),
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
        out.line(format!("made token {}", self.view.id))?;
        let mut fields = Fields::default();
        if let Some(token) = self.token {
            fields.add("token", token);
        }
        if let Some(file) = &self.file {
            fields.add("file", file.display());
        }
        fields
            .add("profile", &self.view.profile)
            .add("names", names_text(&self.view.names))
            .add("uses", self.view.uses)
            .add("until", moment(self.view.expires_at));
        out.line(fields.to_string())?;
        if self.token.is_some() {
            out.line("\nthe token is shown this once; whoever has it can ask for these names")?;
        }
        Ok(())
    }
}

async fn list(ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
    let now = OffsetDateTime::now_utc();
    let read = async |page| ca.store().tokens(ca.name(), page).await;
    let id = |token: &TokenRecord| token.id.number();
    let tokens = all_pages(Page::default(), id, read).await?;
    let views: Vec<_> = tokens
        .iter()
        .map(|token| TokenView::of(token, now))
        .collect();
    let none = "there are no tokens; `mtls token create` makes one";
    out.list(&views, none, |views| {
        let rows = views.iter().map(|view| {
            [
                view.id.to_string(),
                view.profile.clone(),
                names_text(&view.names),
                format!("{} of {}", view.used, view.uses),
                view.state.to_owned(),
                date(view.expires_at),
                view.made_by.clone(),
            ]
        });
        let header = [
            "id", "profile", "names", "used", "state", "until", "made by",
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
            .revoke_token(ca.name(), self.id.into(), &actor(), now)
            .await?;
        let view = TokenView::of(&revoked, now);
        if out.is_json() {
            out.json(&view)?;
        } else {
            out.line(format!(
                "revoked token {}, which was used {} of {} times; certificates that were issued with it stay as they \
                 are, and requests that wait are denied",
                view.id, view.used, view.uses
            ))?;
        }
        Ok(Outcome::Done)
    }
}

impl TokenView {
    fn of(token: &TokenRecord, now: OffsetDateTime) -> Self {
        Self {
            id: token.id.number(),
            profile: token.profile.clone(),
            names: token.names.iter().map(ToString::to_string).collect(),
            uses: token.uses,
            used: token.used,
            state: token.state(now).as_str(),
            made_by: token.made_by.clone(),
            made_at: token.made_at,
            expires_at: token.expires_at,
        }
    }
}
