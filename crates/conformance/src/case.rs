//! One case: a server's configuration, a presented chain, and the verdict on it.

use der::pem::{LineEnding, encode_string};

/// One client certificate, and the server that it is presented to.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the table is about: `path`, `leaf`, `crl`, ...
    pub category: &'static str,
    /// What is special about it, unique within the category.
    pub name: &'static str,
    /// Where the rule is written.
    pub clause: &'static str,
    /// What the server trusts, DER, in this order.
    pub trust_anchors: Vec<Vec<u8>>,
    /// The CRLs, DER, in this order. Where there are none, revocation is not checked.
    pub crls: Vec<Vec<u8>>,
    /// What the client presents, DER, in this order.
    pub chain: Vec<Vec<u8>>,
    /// The client's private key, PKCS#8 DER, in the clear.
    pub key: Vec<u8>,
    /// What a strict server does.
    pub verdict: Verdict,
    /// Where our server refuses what the RFC allows: its code, and why.
    pub exception: Option<(&'static str, &'static str)>,
}

/// What a strict server does with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is accepted.
    Accepted,
    /// It is refused.
    Refused {
        /// The reason that our server records (`VerifyError::code`), or [`Verdict::UNUSABLE`].
        code: &'static str,
    },
}

impl Verdict {
    /// Stands for a server that does not start with such trust anchors or CRLs.
    pub const UNUSABLE: &'static str = "unusable";
}

impl Case {
    /// The trust anchors as one PEM file.
    #[must_use]
    pub fn trust_anchors_pem(&self) -> String {
        pem("CERTIFICATE", &self.trust_anchors)
    }

    /// The CRLs as one PEM file; empty where there are none.
    #[must_use]
    pub fn crls_pem(&self) -> String {
        pem("X509 CRL", &self.crls)
    }

    /// What the client presents, as one PEM file.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        pem("CERTIFICATE", &self.chain)
    }

    /// The client's private key as PEM.
    #[must_use]
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", std::slice::from_ref(&self.key))
    }

    pub(crate) fn trust_anchors<const N: usize>(mut self, trust_anchors: [&[u8]; N]) -> Self {
        self.trust_anchors = trust_anchors.map(<[u8]>::to_vec).to_vec();
        self
    }

    pub(crate) fn crls<const N: usize>(mut self, crls: [&[u8]; N]) -> Self {
        self.crls = crls.map(<[u8]>::to_vec).to_vec();
        self
    }

    pub(crate) fn refused(mut self, code: &'static str) -> Self {
        self.verdict = Verdict::Refused { code };
        self
    }

    pub(crate) fn but_we_refuse(mut self, code: &'static str, reason: &'static str) -> Self {
        self.exception = Some((code, reason));
        self
    }
}

fn pem(label: &'static str, sections: &[Vec<u8>]) -> String {
    sections
        .iter()
        .map(|der| encode_string(label, LineEnding::LF, der).unwrap())
        .collect()
}
