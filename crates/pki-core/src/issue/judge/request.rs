//! What is asked for and cannot be in a to-be-signed certificate, so that it is refused before there is one.

use x509_identity::SubjectAltName;

use crate::lint::Finding;
use crate::{CertificateParameters, IssueError, Profile};

/// # Errors
///
/// [`IssueError::Refused`] for alternative names of kinds that are never certified, and for a CSR that asks for the
/// certificate of a CA where the profile gives none: whoever wrote it would get something else than they asked for.
pub(crate) fn judge_request(
    parameters: &CertificateParameters,
    profile: &Profile,
) -> Result<(), IssueError> {
    let mut findings = Vec::new();
    if parameters.asks_for_ca && !profile.role.is_ca() {
        findings.push(Finding::policy(
            "basic-constraints",
            "the request is for the certificate of a CA (CA:TRUE, or keyCertSign), and the profile is not a CA's"
                .to_owned(),
        ));
    }
    for name in &parameters.sans {
        let sentence = match name {
            SubjectAltName::Other { kind, .. } => {
                format!("an alternative name of the kind {kind} is not certified: `{name}`")
            }
            SubjectAltName::Unreadable { kind, .. } => {
                format!("an alternative name of the kind {kind} is empty or not ASCII")
            }
            _ => continue,
        };
        findings.push(Finding::policy("name", sentence));
    }
    match findings.is_empty() {
        true => Ok(()),
        false => Err(IssueError::Refused(findings)),
    }
}
