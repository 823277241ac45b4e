//! `POST simpleenroll`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap};
use axum::response::Response;
use pki_store::Actor;

use crate::enroll::applicant::{Applicant, with_user};
use crate::enroll::basic::Basic;
use crate::enroll::holder::{Asked, Holder};
use crate::enroll::issuing;
use crate::enroll::refusal::Refusal;
use crate::enroll::service::{Enrollment, EnrollmentCa};
use crate::est::body::csr_of;
use crate::est::lines::Lines;
use crate::est::operation::Label;
use crate::est::response::{self, Plain};

/// What is known of whoever asks, for the audit log.
struct Asking {
    actor: Actor,
    what: String,
}

pub(super) async fn enroll(
    State(service): State<Enrollment>,
    label: Label,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let asked = Asked::new(service, &extensions, "simpleenroll");
    let mut asking = Asking {
        actor: Actor::new("est"),
        what: "simpleenroll".to_owned(),
    };
    match enrolled(&asked, &label, &headers, body, &mut asking).await {
        Ok(response) => Ok(response),
        Err(refusal) => {
            let ca = asked.service.ca();
            let refused = ca.refused(refusal, &asking.what, &asking.actor, asked.now);
            Err(refused.await.into())
        }
    }
}

async fn enrolled(
    asked: &Asked,
    label: &Label,
    headers: &HeaderMap,
    body: Body,
    asking: &mut Asking,
) -> Result<Response, Refusal> {
    let (service, now) = (&asked.service, asked.now);
    let ca = service.ca();
    let csr = csr_of(service, headers, body).await?;
    asking.what = format!("simpleenroll {}", csr.requested_names().subject());
    let basic = Basic::of(headers);
    let user = basic.as_ref().map(Basic::user);
    asking.actor = with_user(&asking.actor, user);
    let holder;
    let applicant = match service.grant(&ca, headers, Some(&csr), now).await {
        Ok(grant) => {
            asking.actor = with_user(&grant.requester, user);
            label.check(&grant.profile)?;
            Applicant::granted(grant, user)
        }
        Err(Refusal::CredentialRequired) => {
            holder = holder_of(asked).await?;
            by_certificate(&ca, &holder, label)?
        }
        Err(refusal) => return Err(refusal),
    };
    asking.actor = applicant.actor.clone();
    let outcome = issuing::enroll(&ca, &applicant, &csr, None, None, now).await?;
    response::outcome(outcome, Lines::for_client(headers), now)
}

async fn holder_of(asked: &Asked) -> Result<Holder<'_>, Refusal> {
    match asked.holder().await {
        Err(Refusal::CertificateRequired) => Err(Refusal::CredentialRequired),
        Err(refusal) => Err(refusal),
        Ok(holder) => holder.good(),
    }
}

/// By a certificate whose profile allows it. Whoever holds another one may still have a password.
fn by_certificate<'a>(
    ca: &EnrollmentCa,
    holder: &'a Holder<'a>,
    label: &Label,
) -> Result<Applicant<'a>, Refusal> {
    let allowed = ca.profiles.get(&holder.record.profile);
    let allowed = allowed.map(|profile| &profile.enrolls_for);
    let mut allowed = allowed.into_iter().flatten();
    let profile = match label.as_deref() {
        Some(wanted) => allowed.find(|it| *it == wanted),
        None => match (allowed.next(), allowed.next()) {
            (only, None) => only,
            _ => {
                let reason = "this certificate is good for several profiles: name one in the path";
                return Err(Refusal::malformed(reason));
            }
        },
    };
    let profile = profile.ok_or(Refusal::CredentialRequired)?;
    Ok(Applicant::certified(holder, profile.clone()))
}
