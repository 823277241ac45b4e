//! Which server it is, so that its own settings can be named.

use crate::probe::observation::Observation;

/// A server that names itself in its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerKind {
    Apache,
    Caddy,
    Envoy,
    Nginx,
    Unknown,
}

/// What a setting is called in each server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) apache: &'static str,
    pub(super) caddy: &'static str,
    pub(super) envoy: &'static str,
    pub(super) haproxy: &'static str,
    pub(super) nginx: &'static str,
    pub(super) node: &'static str,
}

impl ServerKind {
    pub(super) fn of(seen: &Observation) -> Self {
        let header = seen
            .server_header()
            .unwrap_or_default()
            .to_ascii_lowercase();
        match header {
            header if header.starts_with("nginx") || header.starts_with("openresty") => Self::Nginx,
            header if header.starts_with("apache") => Self::Apache,
            header if header.starts_with("envoy") || header.starts_with("istio") => Self::Envoy,
            header if header.starts_with("caddy") => Self::Caddy,
            _ => Self::Unknown,
        }
    }

    /// Where the setting is made: for the server that it is, or for each of the usual ones.
    pub(super) fn setting(self, setting: &Setting) -> String {
        let Setting {
            apache,
            caddy,
            envoy,
            haproxy,
            nginx,
            node,
        } = setting;
        match self {
            Self::Apache => format!("Apache: {apache}"),
            Self::Caddy => format!("Caddy: {caddy}"),
            Self::Envoy => format!("Envoy: {envoy}"),
            Self::Nginx => format!("nginx: {nginx}"),
            Self::Unknown => format!(
                "nginx: {nginx}; Apache: {apache}; HAProxy: {haproxy}; Envoy: {envoy}; Caddy: {caddy}; Node: {node}"
            ),
        }
    }
}

/// The CAs of client certificates.
pub(super) const CLIENT_CAS: Setting = Setting {
    apache: "SSLCACertificateFile",
    caddy: "client_auth { trust_pool file { pem_file ... } }",
    envoy: "validation_context: trusted_ca",
    haproxy: "ca-file of the bind line",
    nginx: "ssl_client_certificate",
    node: "the option ca",
};

/// That a client certificate is required.
pub(super) const REQUIRED: Setting = Setting {
    apache: "SSLVerifyClient require",
    caddy: "client_auth { mode require_and_verify }",
    envoy: "require_client_certificate: true",
    haproxy: "verify required on the bind line",
    nginx: "ssl_verify_client on;",
    node: "requestCert: true and rejectUnauthorized: true",
};

/// How long a chain may be.
pub(super) const DEPTH: Setting = Setting {
    apache: "SSLVerifyDepth 3",
    caddy: "it has no such setting, so the CA itself differs",
    envoy: "max_verify_depth: 3",
    haproxy: "it has no such setting, so the CA itself differs",
    nginx: "ssl_verify_depth 3;",
    node: "it has no such setting, so the CA itself differs",
};

/// The CRLs.
pub(super) const CRLS: Setting = Setting {
    apache: "SSLCARevocationFile",
    caddy: "it reads no CRL",
    envoy: "validation_context: crl",
    haproxy: "crl-file of the bind line",
    nginx: "ssl_crl",
    node: "the option crl",
};

/// The versions of TLS.
pub(super) const VERSIONS: Setting = Setting {
    apache: "SSLProtocol -all +TLSv1.2 +TLSv1.3",
    caddy: "leave out protocols",
    envoy: "tls_params: tls_maximum_protocol_version: TLSv1_3",
    haproxy: "ssl-min-ver TLSv1.2, and no ssl-max-ver",
    nginx: "ssl_protocols TLSv1.2 TLSv1.3;",
    node: "minVersion: 'TLSv1.2', and no maxVersion",
};

/// The server's own certificate and chain.
pub(super) const CERTIFICATE: Setting = Setting {
    apache: "SSLCertificateFile",
    caddy: "tls CERTIFICATE KEY",
    envoy: "tls_certificates: certificate_chain",
    haproxy: "crt of the bind line",
    nginx: "ssl_certificate",
    node: "the option cert",
};
