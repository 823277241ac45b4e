//! What most cases have in common: a root, an issuing CA below it, and a time.

use time::OffsetDateTime;

use crate::authority::Authority;
use crate::case::{Case, Verdict};
use crate::certificate::CertificateBuilder;
use crate::crl::CrlBuilder;
use crate::key::Key;

pub(crate) struct World {
    pub(crate) now: OffsetDateTime,
    pub(crate) category: &'static str,
    pub(crate) root: Authority,
    pub(crate) sub: Authority,
    /// The key of clients, where any will do.
    pub(crate) key: Key,
}

impl World {
    pub(crate) fn new(now: OffsetDateTime, category: &'static str) -> Self {
        let root = Authority::root(CertificateBuilder::ca(now, "Root"), Key::p256());
        let sub = root.sub(CertificateBuilder::ca(now, "Issuing CA"));
        Self {
            now,
            category,
            root,
            sub,
            key: Key::p256(),
        }
    }

    pub(crate) fn client(&self) -> CertificateBuilder {
        CertificateBuilder::client(self.now, "alice")
    }

    pub(crate) fn ca(&self, name: &str) -> CertificateBuilder {
        CertificateBuilder::ca(self.now, name)
    }

    pub(crate) fn crl(&self) -> CrlBuilder {
        CrlBuilder::new(self.now)
    }

    /// `chain` with the key of clients, to a server that trusts the root.
    pub(crate) fn case(&self, name: &'static str, clause: &'static str, chain: &[&[u8]]) -> Case {
        self.case_with(name, clause, chain, &self.key)
    }

    pub(crate) fn case_with(
        &self,
        name: &'static str,
        clause: &'static str,
        chain: &[&[u8]],
        key: &Key,
    ) -> Case {
        Case {
            category: self.category,
            name,
            clause,
            trust_anchors: vec![self.root.der.clone()],
            crls: Vec::new(),
            chain: chain.iter().map(|der| der.to_vec()).collect(),
            key: key.pkcs8().to_vec(),
            verdict: Verdict::Accepted,
            exception: None,
        }
    }

    /// This certificate of the issuing CA, and that CA's.
    pub(crate) fn leaf(
        &self,
        name: &'static str,
        clause: &'static str,
        builder: CertificateBuilder,
    ) -> Case {
        let leaf = self.sub.issue(builder, &self.key);
        self.case(name, clause, &[&leaf, &self.sub.der])
    }

    /// A good client of this CA, which the root has issued.
    pub(crate) fn below(&self, name: &'static str, clause: &'static str, ca: &Authority) -> Case {
        let leaf = ca.issue(self.client(), &self.key);
        self.case(name, clause, &[&leaf, &ca.der])
    }

    /// A good client of this root, presented alone to a server that trusts it.
    pub(crate) fn of_root(
        &self,
        name: &'static str,
        clause: &'static str,
        root: &Authority,
    ) -> Case {
        let leaf = root.issue(self.client(), &self.key);
        self.case(name, clause, &[&leaf]).trust_anchors([&root.der])
    }
}
