//! One case: configuration, presented chain, and what has to become of it.

use der::pem::{LineEnding, encode_string};

/// One client that knocks at one server.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the table is about: `path`, `leaf`, `crl`, ...
    pub category: &'static str,
    /// What is shown, unique within the category.
    pub name: &'static str,
    /// Where the rule is written.
    pub clause: &'static str,
    /// The trusted roots, DER, in this order.
    pub roots: Vec<Vec<u8>>,
    /// The revocation lists, DER, in this order. Where there are none, revocation is not checked.
    pub crls: Vec<Vec<u8>>,
    /// What the client shows, DER, in this order.
    pub chain: Vec<Vec<u8>>,
    /// The client's private key, PKCS#8 DER, in the clear.
    pub key: Vec<u8>,
    /// What a strict server does.
    pub verdict: Verdict,
    /// Where our server refuses what the RFC lets pass: the code it gives, and why.
    pub exception: Option<(&'static str, &'static str)>,
}

/// What has to become of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is let in.
    Accepted,
    /// It is turned away.
    Refused {
        /// The reason that our server records (`VerifyError::code`), or [`Verdict::UNUSABLE`].
        code: &'static str,
    },
}

impl Verdict {
    /// Stands for a server that does not start with such roots or lists.
    pub const UNUSABLE: &'static str = "unusable";
}

impl Case {
    /// The roots as one PEM file.
    #[must_use]
    pub fn roots_pem(&self) -> String {
        pem("CERTIFICATE", &self.roots)
    }

    /// The revocation lists as one PEM file; empty where there are none.
    #[must_use]
    pub fn crls_pem(&self) -> String {
        pem("X509 CRL", &self.crls)
    }

    /// What the client shows, as one PEM file.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        pem("CERTIFICATE", &self.chain)
    }

    /// The client's private key as PEM.
    #[must_use]
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", std::slice::from_ref(&self.key))
    }

    pub(crate) fn roots<const N: usize>(mut self, roots: [&[u8]; N]) -> Self {
        self.roots = roots.map(<[u8]>::to_vec).to_vec();
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
