//! A root, an issuing CA and a client, and what CRLs make of them.

use pki_core::verify::{Path, Revocation, VerifyError};
use rcgen::{CertificateParams, CrlDistributionPoint};
use rustls_pki_types::CertificateDer;

use super::{
    Ca, NOW, anchors, at, client, clients, crl_der, crl_params, crls, root_ca, verdict, with,
};

/// root -> issuing -> alice, with an empty CRL of each CA unless a test says otherwise.
pub struct Lab {
    pub root: Ca,
    pub issuing: Ca,
    pub alice: CertificateParams,
    pub leaf: CertificateDer<'static>,
}

pub fn listed_at(params: &mut CertificateParams, uri: &str) {
    params.crl_distribution_points = vec![CrlDistributionPoint {
        uris: vec![uri.to_owned()],
    }];
}

impl Lab {
    pub fn new() -> Self {
        let root = root_ca("root");
        let issuing = root
            .issuing("issuing")
            .with(|ca| listed_at(ca, "http://x/root"));
        let alice = with(client("alice"), |leaf| listed_at(leaf, "http://x/a"));
        let leaf = issuing.sign(&alice);
        Self {
            root,
            issuing,
            alice,
            leaf,
        }
    }

    pub fn root_crl(&self) -> Vec<u8> {
        crl_der(&self.root, &crl_params(1, &[]))
    }

    pub fn verdict(&self, revocation: Revocation) -> &'static str {
        verdict(&self.verify(revocation))
    }

    pub fn verify(&self, revocation: Revocation) -> Result<Path, VerifyError> {
        let verifier = clients(anchors(&self.root)).revocation(revocation).build();
        verifier.verify(
            &self.leaf,
            std::slice::from_ref(self.issuing.der()),
            at(NOW),
        )
    }

    /// The verdict with these CRLs of the issuing CA beside an empty one of the root.
    pub fn with_issuing(&self, lists: &[&[u8]]) -> &'static str {
        let root = self.root_crl();
        let files: Vec<&[u8]> = lists.iter().copied().chain([root.as_slice()]).collect();
        self.verdict(crls(&files))
    }
}
