//! What is done to a set-up, and what the doctor has to find first.

use std::fmt;

use super::change::Change;
use super::served::ServerUnderTest;
use crate::report::Verdict;

/// One thing wrong.
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) changes: &'static [Change],
    pub(super) identity: Identity,
    /// CAs of the lab that are given besides.
    pub(super) cas: &'static [&'static str],
    /// Findings that name the fault; the first is the usual one.
    pub(super) ids: &'static [&'static str],
    /// Servers that cannot see the fault, so that there is none.
    pub(super) blind: &'static [&'static str],
}

/// What the doctor is given to present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Nothing.
    None,
    /// The bundle of the lab's first scenario, and its CA.
    P12,
    /// The bundle, and nothing else.
    P12Alone,
    /// Certificate and key of this name.
    Pem(&'static str),
    /// A chain, and a key beside it.
    Chain {
        chain: &'static str,
        key: &'static str,
    },
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no identity",
            Self::P12 => ".p12 and CA",
            Self::P12Alone => ".p12 alone",
            Self::Pem(_) | Self::Chain { .. } => "certificate, key and CA",
        })
    }
}

impl Fault {
    pub(super) fn expected(&self, server: &dyn ServerUnderTest) -> Verdict {
        match self.ids {
            [usual, ..] if !self.blind.contains(&server.name()) => Verdict::Finding(usual),
            _ => Verdict::Healthy,
        }
    }

    const fn new(
        name: &'static str,
        changes: &'static [Change],
        ids: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            changes,
            identity: Identity::P12,
            cas: &[],
            ids,
            blind: &[],
        }
    }

    const fn presenting(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }

    const fn given(mut self, cas: &'static [&'static str]) -> Self {
        self.cas = cas;
        self
    }

    const fn unseen_by(mut self, blind: &'static [&'static str]) -> Self {
        self.blind = blind;
        self
    }
}

const CHAIN: Identity = Identity::Chain {
    chain: "intermediate/client-chain.crt",
    key: "intermediate/client.key",
};
const LEAF: Identity = Identity::Pem("intermediate/client");
const BELOW: &[&str] = &["intermediate/root.crt", "intermediate/issuing.crt"];

pub(super) const FAULTS: &[Fault] = &[
    Fault::new(
        "another client CA",
        &[Change::OtherClientCa],
        &["client-ca-not-trusted"],
    ),
    Fault::new(
        "another client CA, .p12 alone",
        &[Change::OtherClientCa],
        &["client-ca-not-trusted"],
    )
    .presenting(Identity::P12Alone),
    Fault::new(
        "verification off",
        &[Change::VerifyOff],
        &["certificate-not-requested"],
    ),
    Fault::new(
        "verification off, .p12 alone",
        &[Change::VerifyOff],
        &["certificate-not-requested"],
    )
    .presenting(Identity::P12Alone),
    Fault::new(
        "certificate optional",
        &[Change::Optional],
        &["certificate-optional"],
    ),
    Fault::new(
        "any certificate accepted",
        &[Change::Any],
        &["any-certificate-accepted"],
    ),
    Fault::new(
        "verified for some paths only",
        &[Change::ByLocation],
        &["asks-after-the-handshake"],
    ),
    Fault::new("TLS 1.2 only", &[Change::Tls12Only], &["tls-1.3-missing"]),
    Fault::new("plain HTTP", &[Change::PlainHttp], &["plain-http"]),
    Fault::new(
        "hints without our issuer",
        &[Change::OtherHints],
        &["hints-without-issuer"],
    ),
    Fault::new(
        "expired CRL",
        &[Change::ExpiredCrl],
        &["server-crl-expired", "client-refused"],
    )
    .unseen_by(&["Caddy", "Go"]),
    Fault::new("revoked", &[], &["client-revoked", "client-refused"])
        .presenting(Identity::Pem("refused/revoked/client"))
        .unseen_by(&["Caddy", "Go"]),
    Fault::new(
        "expired client certificate",
        &[],
        &["expired", "client-expired"],
    )
    .presenting(Identity::Pem("refused/expired/client")),
    Fault::new(
        "self-signed client certificate",
        &[],
        &["self-signed", "client-ca-not-trusted"],
    )
    .presenting(Identity::Pem("refused/self-signed/client")),
    Fault::new(
        "client of another CA",
        &[],
        &["unknown-issuer", "client-ca-not-trusted"],
    )
    .presenting(Identity::Pem("refused/untrusted-ca/client")),
    Fault::new(
        "expired server certificate",
        &[Change::Server("refused/expired/server")],
        &["server-expired"],
    ),
    Fault::new(
        "server certificate for another name",
        &[Change::Server("refused/wrong-name/server")],
        &["server-name"],
    ),
    Fault::new(
        "server certificate of another CA",
        &[Change::Server("different-ca/server")],
        &["server-untrusted"],
    ),
    Fault::new(
        "server certificate for clients",
        &[Change::Server("refused/wrong-usage/server")],
        &["server-usage"],
    ),
    Fault::new(
        "a CA for each side",
        &[Change::OtherClientCa, Change::Server("different-ca/server")],
        &[],
    )
    .presenting(Identity::Pem("different-ca/client"))
    .given(&["different-ca/server-ca.crt"]),
    Fault::new(
        "root trusted, chain sent",
        &[Change::RootOfChain, Change::NoCrl],
        &[],
    )
    .presenting(CHAIN)
    .given(BELOW),
    Fault::new(
        "root trusted, leaf only",
        &[Change::RootOfChain, Change::NoCrl],
        &["intermediate-not-sent"],
    )
    .presenting(LEAF)
    .given(BELOW),
    Fault::new(
        "depth too small for the chain",
        &[Change::RootOfChain, Change::NoCrl, Change::Depth],
        &["chain-too-deep", "client-refused"],
    )
    .presenting(CHAIN)
    .given(BELOW),
];
