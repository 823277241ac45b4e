//! What is missing between a leaf and a root.

use std::path::Path;

use pki_core::verify::{has_accepted_algorithm, is_signed_by};
use x509_identity::Certificate;

use crate::files::reading::text;
use crate::files::shell;
use crate::finding::Finding;

use super::case::Case;
use super::rearranged::rearranged;

impl Case<'_, '_> {
    /// What is missing above `top`, where that can be told.
    pub(super) fn missing(&self, top: &Certificate, path: &[usize]) -> Option<Finding> {
        let item = self.presented.item;
        // A CA of the right name, whose key has not signed it.
        let others = item.certificates.iter().chain(self.trusted.iter().copied());
        let namesake = others
            .filter(|ca| top.names_issuer(ca) && *ca != top)
            .find(|ca| !is_signed_by(top, ca));
        // Of a self-signed leaf the verifier says it better, and of a signature that nobody accepts, too.
        if top.is_self_issued() || !has_accepted_algorithm(top) {
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
        let (file, _) =
            signer.filter(|(_, ca)| !self.trusted.is_empty() && self.leads_to_trusted(ca))?;
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
        if item.is_bundle {
            return self.added_to_bundle(finding, file);
        }
        let target = shell::path(&item.path);
        finding.command(text::rewritten(
            &target,
            &format!("awk 1 {target} {}", shell::path(file)),
        ))
    }

    fn added_to_bundle(&self, finding: Finding, file: &Path) -> Finding {
        let bundle = shell::path(&self.presented.item.path);
        let Some(password) = &self.options.password_file else {
            return finding.step(format!(
                "Export the bundle again with `-certfile {}`.",
                file.display()
            ));
        };
        let password = shell::path(password);
        finding.command(format!(
            "(umask 077; openssl pkcs12 -in {bundle} -passin file:{password} -nodes -out {bundle}.pem && cat {} >> {bundle}.pem \
             && openssl pkcs12 -export -in {bundle}.pem -passout file:{password} -out {bundle}.new) && rm {bundle}.pem && mv \
             {bundle}.new {bundle}",
            shell::path(file)
        ))
    }

    fn namesake(&self, top: &Certificate, ca: &Certificate) -> Finding {
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
