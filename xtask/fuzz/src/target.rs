//! What is fed.

use clap::ValueEnum;

/// The targets, named as their files in `fuzz/targets/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Target {
    /// Requests of ACME
    Acme,
    /// Attestations and assertions of Apple App Attest
    AppAttest,
    /// Checkpoints of audit logs
    Checkpoint,
    /// CRLs, and look-ups in them
    CrlIndex,
    /// Certificate requests
    Csr,
    /// Headers of proxies that forward a client certificate
    Forwarded,
    /// Descriptions of attested keys, as Android devices write them
    KeyDescription,
    /// Paths with an OCSP request in them
    OcspPath,
    /// OCSP requests, and the responses to them
    OcspRequest,
    /// PKCS#12 files
    P12,
    /// Headers of the PROXY protocol
    ProxyProtocol,
    /// Distinguished names as text
    Rfc4514,
    /// Certificates: names, alternative names, extensions
    X509Certificate,
}

impl Target {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Acme => "acme",
            Self::AppAttest => "app_attest",
            Self::Checkpoint => "checkpoint",
            Self::CrlIndex => "crl_index",
            Self::Csr => "csr",
            Self::Forwarded => "forwarded",
            Self::KeyDescription => "key_description",
            Self::OcspPath => "ocsp_path",
            Self::OcspRequest => "ocsp_request",
            Self::P12 => "p12",
            Self::ProxyProtocol => "proxy_protocol",
            Self::Rfc4514 => "rfc4514",
            Self::X509Certificate => "x509_certificate",
        }
    }

    /// The longest input, in bytes: room for two of the larger seeds.
    pub(crate) fn longest(self) -> u32 {
        match self {
            Self::Acme | Self::Forwarded => 8192,
            Self::Rfc4514 => 512,
            _ => 4096,
        }
    }
}
