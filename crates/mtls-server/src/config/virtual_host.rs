//! What is shown to clients and asked of them under one host name.

use pki_core::verify::{Revocation, Strictness, TrustAnchors};

use tls_identity::Identity as ServerIdentity;

use crate::{rules::rule::Rule, sources::ocsp::check::OcspCheck, verify::client_auth::ClientAuth};

/// The settings of one host name, for [`MtlsConfigBuilder::virtual_host`](crate::MtlsConfigBuilder::virtual_host);
/// each method says its default.
#[derive(Debug)]
#[must_use = "nothing is served by these settings before they are given to a builder"]
pub struct VirtualHost {
    pub(crate) identity: ServerIdentity,
    pub(crate) clients: Clients,
}

/// What is asked of clients.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) roots: TrustAnchors,
    pub(crate) auth: ClientAuth,
    pub(crate) revocation: Option<Revocation>,
    pub(crate) strictness: Strictness,
    pub(crate) max_depth: usize,
    pub(crate) rule: Option<Rule>,
    pub(crate) ocsp: Option<OcspCheck>,
}

impl VirtualHost {
    /// Shows `identity`, and asks clients for a certificate below one of these roots.
    pub fn new(identity: ServerIdentity, client_roots: TrustAnchors) -> Self {
        Self {
            identity,
            clients: Clients {
                roots: client_roots,
                auth: ClientAuth::Required,
                revocation: None,
                strictness: Strictness::default(),
                max_depth: 6,
                rule: None,
                ocsp: None,
            },
        }
    }

    /// Whether a certificate is required; it is.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.clients.auth = client_auth;
        self
    }

    /// Revocation lists and how they are used; none.
    ///
    /// [`Revocation`]'s own defaults judge the whole chain, and deny where no list covers a
    /// certificate or the list has expired.
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.clients.revocation = Some(revocation);
        self
    }

    /// How certificates are judged; strictly.
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.clients.strictness = strictness;
        self
    }

    /// Intermediates between the client's certificate and the root; 6 at most.
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.clients.max_depth = max_depth;
        self
    }

    /// Asks the OCSP responder of each client's certificate, beside any revocation lists; no.
    ///
    /// It is asked when a connection begins, resumed ones included, after the TLS handshake: whoever
    /// is refused finds the connection closed, without an alert. Connections that are open are not
    /// asked about again. Keep a clone over reloads, so that answers are remembered.
    pub fn ocsp(mut self, check: OcspCheck) -> Self {
        self.clients.ocsp = Some(check);
        self
    }

    /// Who may send requests to this name; everybody whose certificate is good.
    ///
    /// A certificate that the rule denies, and a connection without any, are answered 403, as by
    /// [`RequireClientCert`](crate::RequireClientCert).
    pub fn rule(mut self, rule: Rule) -> Self {
        self.clients.rule = Some(rule);
        self
    }
}

impl Clients {
    /// Whether a client that is let in by one of them is let in by the other.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let Self {
            roots,
            auth,
            revocation,
            strictness,
            max_depth,
            rule,
            ocsp,
        } = self;
        let same_rule = match (rule, &other.rule) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is(b),
            _ => false,
        };
        let same_lists = match (revocation, &other.revocation) {
            (None, None) => true,
            (Some(a), Some(b)) => a == b,
            _ => false,
        };
        // Two checks may ask different responders, and are not compared.
        let same_ocsp = ocsp.is_none() && other.ocsp.is_none();
        same_rule
            && same_lists
            && same_ocsp
            && (*auth, *strictness, *max_depth) == (other.auth, other.strictness, other.max_depth)
            && roots == &other.roots
    }
}
