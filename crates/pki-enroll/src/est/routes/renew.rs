//! `POST simplereenroll`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap};
use axum::response::Response;

use crate::enroll::holder::Asked;
use crate::enroll::issuing;
use crate::enroll::refusal::Refusal;
use crate::enroll::service::Enrollment;
use crate::est::body::csr_of;
use crate::est::lines::Lines;
use crate::est::operation::Label;
use crate::est::response::{self, Plain};

pub(super) async fn renew(
    State(service): State<Enrollment>,
    label: Label,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let asked = Asked::new(service, &extensions, "simplereenroll");
    let answer = renewed(&asked, &label, &headers, body).await;
    Ok(asked.recorded(answer).await?)
}

async fn renewed(
    asked: &Asked,
    label: &Label,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    asked.presented()?;
    let csr = csr_of(&asked.service, headers, body).await?;
    // A body takes its time, in which the certificate may have been revoked.
    let holder = asked.renewing().await?;
    let outcome = issuing::renew(&holder, &csr, None, label.as_deref(), None, asked.now).await?;
    response::outcome(outcome, Lines::for_client(headers), asked.now)
}
