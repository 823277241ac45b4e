//! What one virtual host presents to clients, and asks of them.

use pki_core::verify::{Revocation, Strictness, TrustAnchors, WithoutClientAuth};

use tls_identity::Identity as ServerIdentity;

#[cfg(feature = "ocsp")]
use crate::sources::ocsp::check::OcspCheck;
use crate::{rules::rule::Rule, verify::client_auth::ClientAuth};

/// The settings of one host name, for
/// [`MtlsConfigBuilder::virtual_host`](crate::MtlsConfigBuilder::virtual_host); each method says its
/// default.
#[derive(Debug)]
#[must_use = "nothing is served by these settings until they are given to a builder"]
pub struct VirtualHost {
    pub(crate) identity: ServerIdentity,
    pub(crate) clients: ClientPolicy,
}

/// What is asked of clients.
#[derive(Debug)]
pub(crate) struct ClientPolicy {
    pub(crate) roots: TrustAnchors,
    pub(crate) auth: ClientAuth,
    pub(crate) revocation: Option<Revocation>,
    pub(crate) strictness: Strictness,
    pub(crate) max_depth: usize,
    pub(crate) without_client_auth: Option<WithoutClientAuth>,
    pub(crate) rule: Option<Rule>,
    #[cfg(feature = "ocsp")]
    pub(crate) ocsp: Option<OcspCheck>,
}

impl VirtualHost {
    /// A virtual host that presents `identity`, and requires a client certificate that leads to one
    /// of these trust anchors.
    pub fn new(identity: ServerIdentity, client_roots: TrustAnchors) -> Self {
        Self {
            identity,
            clients: ClientPolicy {
                roots: client_roots,
                auth: ClientAuth::Required,
                revocation: None,
                strictness: Strictness::default(),
                max_depth: 6,
                without_client_auth: None,
                rule: None,
                #[cfg(feature = "ocsp")]
                ocsp: None,
            },
        }
    }

    /// Whether a certificate is required; it is by default.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.clients.auth = client_auth;
        self
    }

    /// CRLs and how they are used; none by default.
    ///
    /// By default [`Revocation`] checks the whole chain. It denies a client if no CRL covers one of
    /// the certificates, or if the CRL has expired.
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.clients.revocation = Some(revocation);
        self
    }

    /// How strictly certificates are verified; strictly by default.
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.clients.strictness = strictness;
        self
    }

    /// How many intermediates there may be between the client's certificate and the trust anchor; 6 by
    /// default.
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.clients.max_depth = max_depth;
        self
    }

    /// Accepts certificates that these CAs have issued without clientAuth, each until its date; none by
    /// default. For the time in which clients move from a public CA, which stops to issue clientAuth, to
    /// another one.
    ///
    /// [`WithoutClientAuth`] says which certificates those are. Each connection by it is an audit event
    /// of the level `WARN` with the reason `without-client-auth`, and counts in
    /// `mtls_server_accepted_without_client_auth_total`, resumed ones included. At the date open
    /// connections are ended, and no session is resumed.
    pub fn accept_without_client_auth(mut self, cas: WithoutClientAuth) -> Self {
        self.clients.without_client_auth = Some(cas);
        self
    }

    /// Queries the OCSP responder of each client's certificate, in addition to any CRLs; not by
    /// default. With the feature `ocsp`.
    ///
    /// It is queried when a connection begins, resumed ones included, after the TLS handshake. A
    /// client that is refused finds the connection closed, without an alert. Open connections are not
    /// checked again. Give each reload a clone, so that responses stay cached.
    #[cfg(feature = "ocsp")]
    pub fn ocsp(mut self, check: OcspCheck) -> Self {
        self.clients.ocsp = Some(check);
        self
    }

    /// Which clients may use this virtual host. By default every client with a good certificate
    /// may.
    ///
    /// A request from a client that the rule denies, or that has no certificate, is answered 403, as
    /// by [`RequireClientCert`](crate::RequireClientCert). A connection that does not speak HTTP is
    /// closed: [`AcceptedConnection::into_stream`](crate::AcceptedConnection::into_stream).
    pub fn rule(mut self, rule: Rule) -> Self {
        self.clients.rule = Some(rule);
        self
    }
}

impl ClientPolicy {
    /// Whether both accept the same clients.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let Self {
            roots,
            auth,
            revocation,
            strictness,
            max_depth,
            without_client_auth,
            rule,
            #[cfg(feature = "ocsp")]
            ocsp,
        } = self;
        let same_rule = match (rule, &other.rule) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is(b),
            _ => false,
        };
        let same_crls = match (revocation, &other.revocation) {
            (None, None) => true,
            (Some(a), Some(b)) => a == b,
            _ => false,
        };
        // Two checks may query different responders, and are not compared.
        #[cfg(feature = "ocsp")]
        let same_ocsp = ocsp.is_none() && other.ocsp.is_none();
        #[cfg(not(feature = "ocsp"))]
        let same_ocsp = true;
        same_rule
            && same_crls
            && same_ocsp
            && (*auth, *strictness, *max_depth) == (other.auth, other.strictness, other.max_depth)
            && without_client_auth == &other.without_client_auth
            && roots == &other.roots
    }
}
