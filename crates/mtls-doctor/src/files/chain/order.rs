//! Which certificates are where in a file, and whether they name each other.

use x509_identity::Certificate;

use crate::finding::Finding;

use super::case::{Case, issued};
use super::rearranged::rearranged;

impl Case<'_, '_> {
    /// Leaf first, then each issuer after what it has issued.
    pub(super) fn order(&self, path: &[usize]) -> Option<Finding> {
        // In a bundle, attributes say which is whose.
        if self.presented.item.is_bundle || path.is_sorted() && path.first() == Some(&0) {
            return None;
        }
        let item = self.presented.item;
        let leaf = self.presented.certificate();
        let what = if path.first() != Some(&0) {
            format!(
                "The chain is in the wrong order: {} is not its first certificate.",
                leaf.subject()
            )
        } else {
            "The chain is in the wrong order: each certificate has to be followed by its issuer."
                .to_owned()
        };
        // Without the root, which every peer has to have.
        let sent = path.iter().filter(|index| {
            **index == self.presented.leaf || !item.certificates[**index].is_self_issued()
        });
        let sections: Vec<usize> = sent
            .filter_map(|index| item.sections.get(*index))
            .copied()
            .collect();
        Some(
            Finding::error("chain-order", item.place(), what)
                .why(
                    "nginx and Apache take the first certificate for their own and do not start: `key values mismatch`. \
                     TLS 1.2 peers, Java and older Go refuse the rest.",
                )
                .command(rearranged(&item.path, &sections, None)),
        )
    }

    /// Whether the key identifiers of a certificate and its issuer are the same (RFC 5280 section 4.2.1.1).
    pub(super) fn identifiers(&self, path: &[usize]) -> Option<Finding> {
        let item = self.presented.item;
        let known = || item.certificates.iter().chain(self.trusted.iter().copied());
        let differs = |one: &Certificate, ca: &Certificate| {
            let ids = one.authority_key_id().zip(ca.subject_key_id());
            ids.is_some_and(|(named, own)| named != own)
        };
        let (one, ca) = path.iter().find_map(|index| {
            let one = &item.certificates[*index];
            let mut issuers = known()
                .filter(|ca| *ca != one && issued(one, ca))
                .peekable();
            let first = *issuers.peek()?;
            issuers.all(|ca| differs(one, ca)).then_some((one, first))
        })?;
        let what = format!(
            "{} was signed by the key of {}, and names another key identifier as its issuer's.",
            one.subject(),
            ca.subject()
        );
        Some(
            Finding::error("key-identifier-differs", item.place(), what)
                .why("OpenSSL, nginx and Apache do not take it for the issuer: `unable to get local issuer certificate` (`authority and subject key identifier mismatch`).")
                .step("Have the certificate issued again with the CA's certificate that is in use, or use the CA's certificate with that key identifier."),
        )
    }

    pub(super) fn root_presented(&self, end: usize) -> Finding {
        let item = self.presented.item;
        let root = &item.certificates[end];
        let keep: Vec<usize> = item
            .certificates
            .iter()
            .zip(&item.sections)
            .filter(|(one, _)| *one != root)
            .map(|(_, section)| *section)
            .collect();
        let what = format!("The chain has the root in it, {}.", root.subject());
        Finding::note("root-in-chain", item.place(), what)
            .why("Nobody refuses it. It makes each handshake larger: a peer trusts a root that it has, and not one that it is sent (RFC 8446 section 4.4.2).")
            .command(rearranged(&item.path, &keep, None))
    }
}
