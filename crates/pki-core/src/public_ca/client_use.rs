//! What becomes of a certificate as that of a client.

use std::fmt;

use const_oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH};
use time::OffsetDateTime;
use x509_identity::{Certificate, SubjectAltName};

use super::PublicCa;

/// What becomes of a certificate if a client presents it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientUse {
    /// It is past its notAfter, and nobody presents it any longer.
    Expired,
    /// A CA's own. It is never a client's.
    Ca,
    /// It has clientAuth, and its issuer is not known as a public CA.
    Good,
    /// It has clientAuth, and the CA above it may issue for servers alone, so that clientAuth counts for nothing (RFC
    /// 5280 section 4.2.1.12 leaves that to verifiers, which nest usages).
    IssuerForServers,
    /// It has clientAuth and a public CA issued it: its successor will be without.
    NoSuccessor(&'static PublicCa),
    /// A public CA issued it without clientAuth.
    PublicForServers(&'static PublicCa),
    /// A private CA issued it to a server: it names a host, and nothing says that a client presents it.
    Server,
    /// A private CA issued it without clientAuth, and it names no host that a server could have.
    WithoutClientAuth,
}

impl ClientUse {
    /// What becomes of `certificate` at `now`. `above` is what was found beside it, among which its issuer may be.
    #[must_use]
    pub fn of<'a>(
        certificate: &Certificate,
        above: impl IntoIterator<Item = &'a Certificate>,
        now: OffsetDateTime,
    ) -> Self {
        if certificate.is_ca() {
            return Self::Ca;
        }
        if now > certificate.not_after() {
            return Self::Expired;
        }
        let usages = certificate.extended_key_usage();
        let has_client_auth = usages.is_some_and(|usages| usages.contains(&ID_KP_CLIENT_AUTH));
        match (has_client_auth, PublicCa::that_issued(certificate)) {
            (true, _) if is_below_ca_for_servers(certificate, above) => Self::IssuerForServers,
            (true, None) => Self::Good,
            (true, Some(ca)) => Self::NoSuccessor(ca),
            (false, Some(ca)) => Self::PublicForServers(ca),
            (false, None) if names_host(certificate) => Self::Server,
            (false, None) => Self::WithoutClientAuth,
        }
    }

    /// Whether something has to be done: a client that presents it is refused, or its next one will be.
    #[must_use]
    pub fn is_affected(self) -> bool {
        match self {
            Self::IssuerForServers
            | Self::NoSuccessor(_)
            | Self::PublicForServers(_)
            | Self::WithoutClientAuth => true,
            Self::Ca | Self::Expired | Self::Good | Self::Server => false,
        }
    }

    /// A stable kebab-case name for tables and JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Expired => "expired",
            Self::Good => "good",
            Self::IssuerForServers => "issuer-for-servers",
            Self::NoSuccessor(_) => "no-successor",
            Self::PublicForServers(_) => "public-for-servers",
            Self::Server => "server",
            Self::WithoutClientAuth => "without-client-auth",
        }
    }

    /// The public CA that issued it.
    #[must_use]
    pub fn public_ca(self) -> Option<&'static PublicCa> {
        match self {
            Self::NoSuccessor(ca) | Self::PublicForServers(ca) => Some(ca),
            _ => None,
        }
    }
}

/// A sentence that says what to do.
impl fmt::Display for ClientUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ca => f.write_str("a CA's certificate, which no client presents"),
            Self::Expired => f.write_str("expired, so nothing presents it any longer"),
            Self::Good => f.write_str("has clientAuth, and no public CA issued it"),
            Self::IssuerForServers => f.write_str(
                "the CA above it may issue for servers alone, so it is refused from a client: issue it from a CA for \
                 clients",
            ),
            Self::NoSuccessor(ca) => write!(
                f,
                "works until it expires, and {ca}: issue the next one from a CA of your own"
            ),
            Self::PublicForServers(ca) => write!(
                f,
                "{} issued it without clientAuth, so it is refused from a client: issue one for the client from a CA of \
                 your own",
                ca.name()
            ),
            Self::Server => f.write_str("for a server, of a CA that is not public"),
            Self::WithoutClientAuth => f.write_str(
                "has no clientAuth, so it is refused from a client, and names no host for a server: issue it again with \
                 clientAuth",
            ),
        }
    }
}

fn is_below_ca_for_servers<'a>(
    certificate: &Certificate,
    above: impl IntoIterator<Item = &'a Certificate>,
) -> bool {
    let mut issuers = above
        .into_iter()
        .filter(|ca| ca.is_ca() && certificate.names_issuer(ca));
    issuers.any(|ca| {
        ca.extended_key_usage().is_some_and(|usages| {
            usages.contains(&ID_KP_SERVER_AUTH) && !usages.contains(&ID_KP_CLIENT_AUTH)
        })
    })
}

/// Whether it names a host by which a server is dialled (RFC 9525 section 2), or did before alternative names.
fn names_host(certificate: &Certificate) -> bool {
    let mut sans = certificate.sans().iter();
    sans.any(|name| matches!(name, SubjectAltName::Dns(_) | SubjectAltName::Ip(_)))
}
