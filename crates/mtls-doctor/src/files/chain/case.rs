//! A chain, and who could be above it.

use std::path::Path;

use pki_core::verify::is_signed_by;
use x509_identity::Certificate;

use crate::files::pair::Presented;
use crate::files::surroundings::Surroundings;
use crate::target::Options;

/// What is presented, whom somebody trusts, and what lies beside it.
pub(super) struct Case<'a, 'b> {
    pub(super) presented: Presented<'a>,
    pub(super) trusted: &'b [&'a Certificate],
    pub(super) surroundings: &'b Surroundings<'b>,
    pub(super) options: &'b Options,
}

impl Case<'_, '_> {
    /// The file of whoever has signed it, among what was given and what lies beside it.
    pub(super) fn signer(&self, certificate: &Certificate) -> Option<(&Path, &Certificate)> {
        let mut known = self.surroundings.certificates();
        known.find(|(_, ca)| ca.is_ca() && issued(certificate, ca))
    }

    pub(super) fn leads_to_trusted(&self, ca: &Certificate) -> bool {
        self.trusted.iter().any(|root| issued(ca, root))
    }
}

/// Whether `ca` has issued `certificate`: by name and signature.
pub(crate) fn issued(certificate: &Certificate, ca: &Certificate) -> bool {
    certificate.names_issuer(ca) && is_signed_by(certificate, ca)
}
