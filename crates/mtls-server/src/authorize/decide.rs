//! One decision of a rule, recorded.

use std::net::SocketAddr;

use crate::{
    extract::client_cert::ClientCertRejection,
    observe::audit::{self, AboutRequest, Outcome},
    peer::client_cert::ClientCert,
    rules::rule::Rule,
};

/// Why a rule does not allow a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Denial {
    /// The certificate does not match, or is ambiguous.
    Certificate,
    /// There is no certificate to decide about.
    NoCertificate,
}

/// Asks `rule` about a client, and writes the audit event. There is no request
/// where the rule decides about a stream without HTTP.
pub(crate) fn decide(
    rule: &Rule,
    request: Option<AboutRequest<'_>>,
    client: Option<&ClientCert>,
    peer: SocketAddr,
) -> Result<(), Denial> {
    let Some(client) = client else {
        audit::decided(
            request,
            peer,
            None,
            rule,
            Outcome::Denied,
            &"no-certificate",
        );
        return Err(Denial::NoCertificate);
    };
    let decision = rule.decide(client);
    let outcome = match decision.is_allowed() {
        true => Outcome::Allowed,
        false => Outcome::Denied,
    };
    let reason = decision.reason();
    audit::decided(
        request,
        peer,
        Some(client),
        decision.rule(),
        outcome,
        &reason,
    );
    match outcome {
        Outcome::Allowed => Ok(()),
        Outcome::Denied => Err(Denial::Certificate),
    }
}

impl From<Denial> for ClientCertRejection {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Certificate => Self::Denied,
            Denial::NoCertificate => Self::Missing,
        }
    }
}
