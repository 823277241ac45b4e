//! What is missing between a leaf and a root.

use std::path::Path;

use pki_core::verify::{Purpose, has_accepted_algorithm, is_signed_by};
use x509_identity::{Certificate, PublicKeyAlgorithm};

use crate::files::completed;
use crate::finding::Finding;

use super::case::Case;
use super::rearranged::rearranged;

impl Case<'_, '_> {
    /// What is missing above `top`, where that can be told.
    pub(super) fn missing(&self, top: &Certificate, path: &[usize]) -> Option<Finding> {
        let item = self.presented.item;
        // A CA of the right name, whose key has not signed it.
        let others = item.certificates.iter().chain(self.trusted.iter().copied());
        let mut namesakes = others
            .filter(|ca| top.names_issuer(ca) && *ca != top)
            .filter(|ca| !is_signed_by(top, ca))
            .peekable();
        let namesake = namesakes.peek().copied();
        // Whether a key of another kind has signed it cannot be seen.
        let unseen =
            namesakes.any(|ca| matches!(ca.public_key_algorithm(), PublicKeyAlgorithm::Other(_)));
        // Of a self-signed leaf the verifier says it better, and of a signature or key that nobody accepts, too.
        if top.is_self_issued() || !has_accepted_algorithm(top) || unseen {
            return None;
        }
        if let Some(ca) = namesake {
            return Some(self.namesake(top, ca));
        }
        let root_behind_leaf = item
            .certificates
            .iter()
            .enumerate()
            .any(|(index, one)| !path.contains(&index) && one.is_ca() && one.is_self_issued());
        let signer = self.signer(top);
        if root_behind_leaf {
            return Some(self.root_instead(top, path, signer));
        }
        let others = item.certificates.len() > path.len();
        if others {
            return Some(self.unrelated(top, path, signer));
        }
        // Of clients nothing is known of whom a server trusts, and clients trust roots.
        let is_server = self.trusted.is_empty() && self.options.purpose == Some(Purpose::TlsServer);
        let (file, _) = signer.filter(|(_, ca)| match is_server {
            true => !ca.is_self_issued(),
            false => self.leads_to_trusted(ca),
        })?;
        Some(self.intermediate_missing(top, Some(file)))
    }

    fn intermediate_missing(&self, top: &Certificate, file: Option<&Path>) -> Finding {
        let item = self.presented.item;
        let what = format!(
            "The intermediate certificate {} is missing behind {}.",
            top.issuer(),
            top.subject()
        );
        let finding = Finding::error("intermediate-missing", item.place(), what).why(
            "A peer that trusts the root alone cannot get from one to the other: OpenSSL and nginx `unable to get local \
             issuer certificate`, Go `signed by unknown authority`, rustls `unknown_ca`.",
        );
        let Some(file) = file else {
            return finding.step(
                "Append the certificate of the issuing CA to the file, directly behind the leaf.",
            );
        };
        finding.command_or(
            completed::command(item, &[file], self.options.password_file.as_deref()),
            format!(
                "Export the bundle again with `-certfile {}`.",
                file.display()
            ),
        )
    }

    fn namesake(&self, top: &Certificate, ca: &Certificate) -> Finding {
        // By its key identifier it is the one.
        let meant = top.authority_key_id().zip(ca.subject_key_id());
        if meant.is_some_and(|(named, own)| named == own) && self.signer(top).is_none() {
            let what = format!(
                "The signature of {} is not the one that its issuer {} has made: the certificate was changed or damaged.",
                top.subject(),
                ca.subject()
            );
            return Finding::error("bad-signature", self.presented.item.place(), what)
                .why("OpenSSL and nginx: `certificate signature failure`; Go: `x509: ECDSA verification failure`; rustls: `bad signature`.")
                .step("Take the certificate again from where it was issued.");
        }
        let what = format!(
            "{} names {} as its issuer, and the key of the certificate of that name that is here did not sign it: there are \
             two CAs of one name, or two keys of one CA.",
            top.subject(),
            ca.subject()
        );
        let finding = Finding::error("issuer-key-differs", self.presented.item.place(), what)
            .why("OpenSSL and nginx: `certificate signature failure` or `authority and subject key identifier mismatch`; Go: `signed by unknown authority (possibly because of \"x509: ECDSA verification failure\")`.");
        match self.signer(top) {
            Some((file, _)) => finding.step(format!(
                "The CA that signed it is in {}: use that certificate of the CA wherever this CA is presented or trusted.",
                file.display()
            )),
            None => finding.step(
                "Use the certificate of the CA that signed it, or have the certificate issued again by the CA that is here.",
            ),
        }
    }

    fn root_instead(
        &self,
        top: &Certificate,
        path: &[usize],
        signer: Option<(&Path, &Certificate)>,
    ) -> Finding {
        let item = self.presented.item;
        let what = format!(
            "A root stands where the intermediate belongs: {} was issued by {}, which is not in the file.",
            top.subject(),
            top.issuer()
        );
        let finding = Finding::error("root-instead-of-intermediate", item.place(), what).why(
            "The peer has the root already, and cannot get from the leaf to it: OpenSSL and nginx `unable to get local issuer \
             certificate`, rustls `unknown_ca`.",
        );
        self.replaced(finding, path, signer)
    }

    fn unrelated(
        &self,
        top: &Certificate,
        path: &[usize],
        signer: Option<(&Path, &Certificate)>,
    ) -> Finding {
        let item = self.presented.item;
        let what = format!(
            "None of the certificates behind {} is the one of its issuer, {}.",
            top.subject(),
            top.issuer()
        );
        let finding = Finding::error("intermediate-missing", item.place(), what).why(
            "OpenSSL and nginx: `unable to get local issuer certificate`; Go: `signed by unknown authority`; rustls: `unknown_ca`.",
        );
        self.replaced(finding, path, signer)
    }

    /// What belongs to the path stays, and the issuer comes behind it.
    fn replaced(
        &self,
        finding: Finding,
        path: &[usize],
        signer: Option<(&Path, &Certificate)>,
    ) -> Finding {
        let item = self.presented.item;
        let Some((file, _)) = signer.filter(|_| !item.is_bundle) else {
            return finding.step("Put the certificate of the issuing CA directly behind the leaf, and leave the root out.");
        };
        let sections: Vec<usize> = path
            .iter()
            .filter_map(|index| item.sections.get(*index))
            .copied()
            .collect();
        finding.command(rearranged(&item.path, &sections, Some(file)))
    }
}
