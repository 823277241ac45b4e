//! Which certificates are where in a file, and whether they name each other.

use x509_identity::Certificate;

use crate::finding::Finding;
use crate::target::Role;

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

    /// A certificate that is there more than once.
    pub(super) fn twice(&self) -> Option<Finding> {
        let item = self.presented.item;
        let all = &item.certificates;
        let is_new = |index: &usize| !all[..*index].contains(&all[*index]);
        let repeated = (0..all.len()).find(|index| !is_new(index))?;
        if item.is_bundle {
            return None;
        }
        let first = (0..all.len()).filter(is_new);
        let keep: Vec<usize> = first
            .filter_map(|index| item.sections.get(index))
            .copied()
            .collect();
        let what = format!(
            "The certificate of {} is in the file twice.",
            all[repeated].subject()
        );
        Some(
            Finding::warning("certificate-twice", item.place(), what)
                .why(
                    "In TLS 1.2 each certificate has to be the issuer of the one before it (RFC 5246 section 7.4.2), and GnuTLS, \
                     Mbed TLS and older Java refuse another chain.",
                )
                .command(rearranged(&item.path, &keep, None)),
        )
    }

    /// A certificate that has nothing to do with the leaf of the file, nor with what is above it.
    pub(super) fn unrelated_to(&self, path: &[usize]) -> Option<Finding> {
        let item = self.presented.item;
        let all = &item.certificates;
        let is_presented = self.presented.key.is_some() || item.role == Role::Certificate;
        if item.is_bundle || !is_presented || !path.is_sorted() {
            return None;
        }
        let is_stray = |one: &Certificate| {
            let belongs = path.iter().any(|index| all[*index] == *one);
            // A CA that is cross-signed has two certificates, and a broken chain is told apart.
            let has_issued = |other: &Certificate| other != one && other.names_issuer(one);
            !belongs && !all.iter().any(has_issued)
        };
        let stray = all.iter().find(|one| is_stray(one))?;
        // Where the issuer of the last one is missing, this one stands in its place.
        let last = &all[*path.last()?];
        if !last.is_self_issued() && !self.leads_to_trusted(last) {
            return None;
        }
        let kept = all
            .iter()
            .zip(&item.sections)
            .filter(|(one, _)| !is_stray(one));
        let keep: Vec<usize> = kept.map(|(_, section)| *section).collect();
        let what = format!(
            "The certificate of {} is in the file, and has nothing to do with that of {}.",
            stray.subject(),
            self.presented.certificate().subject()
        );
        Some(
            Finding::warning("certificate-unrelated", item.place(), what)
                .why(
                    "In TLS 1.2 each certificate has to be the issuer of the one before it (RFC 5246 section 7.4.2), and GnuTLS, \
                     Mbed TLS and older Java refuse another chain; and a peer sees names that are not meant for it.",
                )
                .command(rearranged(&item.path, &keep, None)),
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
