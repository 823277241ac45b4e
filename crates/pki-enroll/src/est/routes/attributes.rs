//! `GET csrattrs`.

use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::enroll::holder::{Asked, Holder};
use crate::enroll::refusal::Refusal;
use crate::enroll::service::Enrollment;
use crate::est::csr_attributes;
use crate::est::lines::Lines;
use crate::est::operation::Label;
use crate::est::response::{self, Plain};

pub(super) async fn attributes(
    State(service): State<Enrollment>,
    label: Label,
    extensions: Extensions,
    headers: HeaderMap,
) -> Result<Response, Plain> {
    let asked = Asked::new(service, &extensions, "csrattrs");
    let answer = attributes_for(&asked, &label, &headers).await;
    Ok(asked.recorded(answer).await?)
}

async fn attributes_for(
    asked: &Asked,
    label: &Label,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let ca = asked.service.ca();
    let (name, names) = match asked.service.grant(&ca, headers, None, asked.now).await {
        Ok(grant) => {
            label.check(&grant.profile)?;
            let role = ca.profile(&grant.profile)?.profile.role;
            (grant.profile, csr_attributes::granted(&grant.names, role))
        }
        Err(Refusal::CredentialRequired) => match (renewable(asked, label).await?, label) {
            (Some((profile, names)), _) => (profile, Some(names)),
            (None, Label(Some(profile))) => (profile.clone(), None),
            (None, Label(None)) => return Ok(StatusCode::NO_CONTENT.into_response()),
        },
        Err(refusal) => return Err(refusal),
    };
    let profile = &ca.profile(&name)?.profile;
    match csr_attributes::encode(profile, names.as_ref()).map_err(Refusal::Encode)? {
        Some(der) => Ok(response::csr_attributes(&der, Lines::for_client(headers))),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// The profile and the names of the certificate of the connection, if that is what is asked about.
async fn renewable(
    asked: &Asked,
    label: &Label,
) -> Result<Option<(String, csr_attributes::Names)>, Refusal> {
    let Some(client) = &asked.client else {
        return Ok(None);
    };
    match Holder::of(&asked.service, client, asked.now).await {
        Ok(holder) if label.check(&holder.record.profile).is_ok() => {
            let names = csr_attributes::of_certificate(client.certificate());
            Ok(Some((holder.record.profile, names)))
        }
        Ok(_) | Err(Refusal::CertificateNotValid(_)) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
