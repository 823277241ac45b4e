//! Who acts.

use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::Extensions;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use mtls_server::ClientCert;
use pki_store::{Actor, CertificateState, Filter, Page};
use time::OffsetDateTime;
use x509_identity::{DistinguishedName, SerialNumber};

use crate::refusal::ConsoleRefusal;
use crate::shared::{Shared, now};

/// The operator who sent a request, as an extractor for the routes of a [`Console`](crate::Console).
///
/// His certificate was verified in the handshake, matches the rule for operators, and is one that the CA has issued and
/// not revoked: the store was asked for this very request.
#[derive(Clone)]
pub struct Operator(Arc<Inner>);

struct Inner {
    client: ClientCert,
    actor: Actor,
}

impl Operator {
    /// The subject of his certificate.
    #[must_use]
    pub fn subject(&self) -> &DistinguishedName {
        self.0.client.subject()
    }

    /// The serial number of his certificate.
    #[must_use]
    pub fn serial(&self) -> &SerialNumber {
        self.0.client.serial()
    }

    /// The SHA-256 of his certificate.
    #[must_use]
    pub fn fingerprint_sha256(&self) -> &[u8; 32] {
        self.0.client.fingerprint_sha256()
    }

    /// Who he is in the audit log: `console:4a01f3 CN=alice`, the serial number first, since a long subject is cut off.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.0.actor
    }

    /// The common name, or else the whole subject.
    pub(crate) fn name(&self) -> String {
        let name = self.0.client.common_name().map(str::to_owned);
        name.unwrap_or_else(|| self.subject().to_string())
    }

    /// # Errors
    ///
    /// Why the client is not an operator.
    async fn identify(
        shared: &Shared,
        extensions: &Extensions,
        now: OffsetDateTime,
    ) -> Result<Self, ConsoleRefusal> {
        let client = ClientCert::from_extensions(extensions)
            .map_err(|rejection| ConsoleRefusal::Certificate(Arc::new(rejection)))?;
        let operator = Self(Arc::new(Inner {
            actor: Actor::new(format!("console:{} {}", client.serial(), client.subject())),
            client,
        }));
        let checked = operator.check(shared, now).await;
        if let Err(refusal) = &checked {
            tracing::warn!(
                target: "pki_console",
                client = operator.actor().as_str(),
                reason = %refusal,
                "refused"
            );
        }
        checked.map(|()| operator)
    }

    /// What may change from one moment to the next, at `now`.
    pub(super) async fn check(
        &self,
        shared: &Shared,
        now: OffsetDateTime,
    ) -> Result<(), ConsoleRefusal> {
        if !shared.operators.decide(&self.0.client).is_allowed() {
            return Err(ConsoleRefusal::NotAnOperator);
        }
        let filter = Filter {
            ca: Some(shared.ca.clone()),
            fingerprint_sha256: Some(*self.fingerprint_sha256()),
            ..Filter::default()
        };
        let found = shared.store.certificates(&filter, Page::first(1), now);
        match found.await?.first().map(|record| record.state) {
            Some(CertificateState::Valid) => Ok(()),
            Some(CertificateState::Revoked) => Err(ConsoleRefusal::Revoked),
            Some(CertificateState::Expired) => Err(ConsoleRefusal::Expired),
            _ => Err(ConsoleRefusal::UnknownCertificate),
        }
    }
}

/// A layer that passes on requests of operators, with their [`Operator`], and no others.
pub(crate) async fn authenticate(
    State(shared): State<Arc<Shared>>,
    mut request: Request,
    next: Next,
) -> Response {
    match Operator::identify(&shared, request.extensions(), now()).await {
        Ok(operator) => {
            request.extensions_mut().insert(operator);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = ConsoleRefusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ConsoleRefusal> {
        let operator = parts.extensions.get::<Self>();
        operator.cloned().ok_or(ConsoleRefusal::NotWired)
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operator")
            .field(&self.0.actor.as_str())
            .finish()
    }
}
