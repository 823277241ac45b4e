//! `mtls requests`.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use pki_store::{ApprovalRequest, AttestationRecord, Page, RecordedName};
use serde::Serialize;
use time::OffsetDateTime;

use crate::command::records::pages::all_pages;
use crate::command::records::record::proved_text;
use crate::global::Global;
use crate::home::{OpenCa, actor};
use crate::output::{Fields, Outcome, Output, date, hex, moment, table};

/// Certificate requests that wait for approval
///
/// A profile asks for it with `approval_within` in its table `[enrollment]`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls requests list\n  mtls requests approve 3\n  mtls requests deny 3 --reason 'not ours'"
)]
pub(crate) struct Requests {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(List),
    Approve(Approve),
    Deny(Deny),
}

/// List the requests that wait
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls requests list --all")]
struct List {
    /// Those too that were decided about or have expired
    #[arg(long)]
    all: bool,
}

/// Approve a request: its certificate is issued when it is fetched
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls requests approve 3")]
struct Approve {
    /// Its number, as `mtls requests list` says it
    #[arg(value_name = "ID")]
    id: i64,
}

/// Deny a request, also one that was approved, as long as its certificate was not fetched
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls requests deny 3 --reason 'this device was returned'")]
struct Deny {
    /// Its number, as `mtls requests list` says it
    #[arg(value_name = "ID")]
    id: i64,

    /// Why; whoever asked is told
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Serialize)]
struct RequestView {
    id: i64,
    state: &'static str,
    requester: String,
    profile: String,
    subject: String,
    sans: Vec<RecordedName>,
    spki_sha256: String,
    csr_sha256: String,
    #[serde(with = "time::serde::rfc3339")]
    asked_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    decided_by: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    decided_at: Option<OffsetDateTime>,
    reason: Option<String>,
    /// What the device has proved, where it was asked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation: Option<AttestationRecord>,
}

impl Requests {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = match self.action {
            Action::List(_) => OpenCa::open_to_look(global).await?,
            Action::Approve(_) | Action::Deny(_) => OpenCa::open(global).await?,
        };
        match self.action {
            Action::List(list) => list.run(&ca, out).await,
            Action::Approve(approve) => decide(&ca, approve.id, None, out).await,
            Action::Deny(deny) => decide(&ca, deny.id, Some(deny.reason), out).await,
        }
    }
}

impl List {
    async fn run(self, ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
        let now = OffsetDateTime::now_utc();
        let read = async |page| ca.store().approvals(ca.name(), self.all, page, now).await;
        let id = |request: &ApprovalRequest| request.id;
        let requests = all_pages(Page::default(), id, read).await?;
        let views: Vec<_> = requests.iter().map(RequestView::of).collect();
        let none = "no request waits for approval";
        out.list(&views, none, |views| {
            let rows = views.iter().map(|view| {
                [
                    view.id.to_string(),
                    view.who(),
                    view.profile.clone(),
                    view.requester.clone(),
                    view.state.to_owned(),
                    date(view.asked_at),
                    date(view.expires_at),
                ]
            });
            let header = ["id", "for", "profile", "by", "state", "since", "until"];
            table(header, rows)
        })?;
        Ok(Outcome::Done)
    }
}

/// Decides about what is shown: about the certificate request with that hash.
async fn decide(ca: &OpenCa, id: i64, denied: Option<String>, out: &mut Output) -> Result<Outcome> {
    let now = OffsetDateTime::now_utc();
    let seen = ca.store().approval(ca.name(), id, now).await?;
    let seen = seen.with_context(|| format!("the CA `{}` has no request {id}", ca.name()))?;
    let (store, hash, actor) = (ca.store(), seen.csr_sha256, actor());
    let decided = match &denied {
        None => store.approve(ca.name(), id, hash, &actor, now).await?,
        Some(reason) => {
            let name = ca.name();
            store.withdraw(name, id, hash, reason, &actor, now).await?
        }
    };
    let view = RequestView::of(&decided);
    if out.is_json() {
        out.json(&view)?;
        return Ok(Outcome::Done);
    }
    out.line(match denied {
        None => format!("approved request {id}; it is issued when it is fetched"),
        Some(_) => format!("denied request {id}"),
    })?;
    let mut fields = Fields::default();
    fields.add("subject", &view.subject);
    fields
        .add_all("names", &view.sans)
        .add("profile", &view.profile)
        .add("by", &view.requester)
        .add("until", moment(view.expires_at))
        .add("CSR SHA-256", &view.csr_sha256);
    if let Some(proved) = &view.attestation {
        let device = &proved.device;
        fields
            .add("attested", proved_text(proved))
            .add("device", device);
    }
    out.line(fields.to_string())?;
    Ok(Outcome::Done)
}

impl RequestView {
    fn of(request: &ApprovalRequest) -> Self {
        let decided = request.decided.clone();
        Self {
            id: request.id,
            state: request.state.as_str(),
            requester: request.requester.clone(),
            profile: request.profile.clone(),
            subject: request.subject.clone(),
            sans: request.sans.clone(),
            spki_sha256: hex(&request.spki_sha256),
            csr_sha256: hex(&request.csr_sha256),
            asked_at: request.asked_at,
            expires_at: request.expires_at,
            decided_by: decided.as_ref().map(|(by, _)| by.clone()),
            decided_at: decided.map(|(_, at)| at),
            reason: request.reason.clone(),
            attestation: request.attestation.clone(),
        }
    }

    /// Subject and alternative names.
    fn who(&self) -> String {
        let names = self.sans.iter().map(ToString::to_string);
        let subject = Some(self.subject.clone()).filter(|it| !it.is_empty());
        subject
            .into_iter()
            .chain(names)
            .collect::<Vec<_>>()
            .join(", ")
    }
}
