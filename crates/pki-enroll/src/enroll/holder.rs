//! Whoever presents a certificate of the CA, by mutual TLS.

use std::sync::Arc;

use axum::http::Extensions;
use mtls_server::ClientCert;
use pki_store::{Actor, CertificateRecord, CertificateState, Filter, Page};
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::refusal::Refusal;
use super::service::{self, Enrollment, EnrollmentCa};

/// A request that is about the certificate of its connection.
pub(crate) struct Asked {
    pub(crate) service: Enrollment,
    /// The certificate of the connection. None, too, where the router is not served by `mtls_server`.
    pub(crate) client: Option<ClientCert>,
    what: &'static str,
    pub(crate) now: OffsetDateTime,
}

/// Whoever holds a certificate of this CA.
pub(crate) struct Holder<'a> {
    pub(crate) ca: Arc<EnrollmentCa>,
    pub(crate) client: &'a ClientCert,
    pub(crate) requester: Actor,
    pub(crate) record: CertificateRecord,
}

impl Asked {
    pub(crate) fn new(service: Enrollment, extensions: &Extensions, what: &'static str) -> Self {
        Self {
            service,
            client: ClientCert::from_extensions(extensions).ok(),
            what,
            now: service::now(),
        }
    }

    /// The certificate of the connection, whatever is known of it.
    pub(crate) fn presented(&self) -> Result<&ClientCert, Refusal> {
        self.client.as_ref().ok_or(Refusal::CertificateRequired)
    }

    /// The holder of a certificate for clients, in whatever state it is.
    pub(crate) async fn holder(&self) -> Result<Holder<'_>, Refusal> {
        let client = self.presented()?;
        if client.without_client_auth_until().is_some() {
            return Err(Refusal::CertificateNotValid(FOR_SERVERS));
        }
        Holder::of(&self.service, client, self.now).await
    }

    /// The holder of a certificate that is good, for clients or for servers: for renewing, and for nothing else.
    pub(crate) async fn renewing(&self) -> Result<Holder<'_>, Refusal> {
        let client = self.presented()?;
        let holder = Holder::of(&self.service, client, self.now).await?;
        holder.good()
    }

    /// The answer, and a refusal in the audit log.
    pub(crate) async fn recorded<T>(&self, answer: Result<T, Refusal>) -> Result<T, Refusal> {
        let refusal = match answer {
            Ok(answer) => return Ok(answer),
            Err(refusal) => refusal,
        };
        let (what, actor) = match &self.client {
            Some(client) => (
                format!("{} {}", self.what, client.subject()),
                requester(client.serial()),
            ),
            None => (self.what.to_owned(), Actor::new("enroll")),
        };
        let ca = self.service.ca();
        Err(ca.refused(refusal, &what, &actor, self.now).await)
    }
}

impl<'a> Holder<'a> {
    /// What the store knows about the certificate. The trust anchors of the connection may be those of more CAs than
    /// one.
    pub(crate) async fn of(
        service: &Enrollment,
        client: &'a ClientCert,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let ca = service.ca();
        let requester = requester(client.serial());
        let filter = Filter {
            ca: Some(ca.name().to_owned()),
            fingerprint_sha256: Some(*client.fingerprint_sha256()),
            ..Filter::default()
        };
        let found = ca.store().certificates(&filter, Page::first(1), now);
        let Some(record) = found.await?.into_iter().next() else {
            service.paced(&ca, &requester, now).await?;
            return Err(Refusal::CertificateNotValid("it is not of this CA"));
        };
        // A certificate and those that renew it are one: otherwise each renewal would begin anew.
        let lineage = base16ct::lower::encode_string(&record.lineage);
        let limited = format!("lineage:{lineage}");
        service.paced_as(&ca, &limited, &requester, now).await?;
        Ok(Self {
            ca,
            client,
            requester,
            record,
        })
    }

    /// If the certificate is neither revoked nor over.
    pub(crate) fn good(self) -> Result<Self, Refusal> {
        match self.record.state {
            CertificateState::Valid => Ok(self),
            state => Err(Refusal::CertificateNotValid(state.as_str())),
        }
    }
}

/// Whoever has the key of the certificate with this number, for the audit log and the limits.
pub(crate) fn requester(serial: &SerialNumber) -> Actor {
    Actor::new(format!("certificate:{serial}"))
}

pub(crate) const FOR_SERVERS: &str =
    "it is for servers, and can be used here to renew itself and for nothing else";
