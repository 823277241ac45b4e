//! The certificates behind a leaf: complete, in order, and of the right issuer.

use std::path::Path;

use pki_core::verify::{has_accepted_algorithm, is_signed_by};
use x509_identity::Certificate;

use crate::files::{shell, text};
use crate::finding::{Finding, Question};
use crate::report::Report;
use crate::target::Options;

use super::pair::Presented;
use super::surroundings::Surroundings;

/// What leads from a leaf upwards, as far as it is presented.
pub(crate) struct Chain<'a> {
    /// Positions in the file, from the leaf upwards.
    path: Vec<usize>,
    /// Whether something is wrong with it: what a verifier says about its issuer is a consequence.
    pub(crate) is_broken: bool,
    /// The anchors that it leads to: whom was given as trusted or else the top of what is presented.
    pub(crate) anchors: Vec<&'a Certificate>,
    /// The presented certificates above the leaf.
    pub(crate) intermediates: Vec<&'a Certificate>,
}

/// Checks what is presented against `trusted`.
pub(crate) fn check<'a>(
    presented: Presented<'a>,
    trusted: &[&'a Certificate],
    surroundings: &Surroundings<'_>,
    options: &Options,
    report: &mut Report,
) -> Chain<'a> {
    let certificates = &presented.item.certificates;
    let path = path(certificates, presented.leaf);
    let mut chain = Chain {
        intermediates: certificates
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != presented.leaf)
            .map(|(_, one)| one)
            .collect(),
        anchors: trusted.to_vec(),
        is_broken: false,
        path,
    };
    let case = Case {
        presented,
        trusted,
        surroundings,
        options,
    };
    let end = chain.path.last().copied().unwrap_or(presented.leaf);
    let top = &certificates[end];
    let leads_on = trusted.iter().any(|ca| issued(top, ca));
    if let Some(finding) = case.order(&chain.path) {
        report.finding(finding);
        chain.is_broken = true;
    }
    let complete =
        leads_on || top.is_self_issued() && (end != presented.leaf || trusted.contains(&top));
    if !complete {
        match case.missing(top, &chain.path) {
            Some(finding) => {
                report.finding(finding);
                chain.is_broken = true;
            }
            // A root beside the file answers the question.
            None if trusted.is_empty()
                && chain.path.len() == 1
                && !top.is_self_issued()
                && case.signer(top).is_none_or(|(_, ca)| !ca.is_self_issued()) =>
            {
                report.question(Question::new(
                    format!("Does the other side know {}, the issuer of {}?", top.issuer(), top.subject()),
                    "Give the CA that the other side trusts (--ca): the doctor then sees whether an intermediate is missing.",
                ));
            }
            None => {}
        }
    }
    if trusted.is_empty() && end != presented.leaf && top.is_ca() {
        chain.anchors = vec![top];
    }
    if !presented.item.is_bundle
        && !chain.is_broken
        && end != presented.leaf
        && top.is_self_issued()
    {
        report.finding(case.root_presented(end));
    }
    chain
}

/// Whether `ca` has issued `certificate`: by name and signature.
pub(crate) fn issued(certificate: &Certificate, ca: &Certificate) -> bool {
    certificate.names_issuer(ca) && is_signed_by(certificate, ca)
}

/// From the leaf to the last certificate of the file that has issued the one before it.
fn path(certificates: &[Certificate], leaf: usize) -> Vec<usize> {
    let mut path = vec![leaf];
    while let Some(last) = path.last() {
        let last = &certificates[*last];
        let next = (0..certificates.len())
            .find(|index| !path.contains(index) && issued(last, &certificates[*index]));
        match next {
            Some(next) => path.push(next),
            None => break,
        }
    }
    path
}

struct Case<'a, 'b> {
    presented: Presented<'a>,
    trusted: &'b [&'a Certificate],
    surroundings: &'b Surroundings<'b>,
    options: &'b Options,
}

impl Case<'_, '_> {
    /// Leaf first, then each issuer after what it has issued.
    fn order(&self, path: &[usize]) -> Option<Finding> {
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

    /// What is missing above `top`, where that can be told.
    fn missing(&self, top: &Certificate, path: &[usize]) -> Option<Finding> {
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

    /// The file of whoever has signed it, among what was given and what lies beside it.
    fn signer(&self, certificate: &Certificate) -> Option<(&Path, &Certificate)> {
        let mut known = self.surroundings.certificates();
        known.find(|(_, ca)| ca.is_ca() && issued(certificate, ca))
    }

    fn leads_to_trusted(&self, ca: &Certificate) -> bool {
        self.trusted.iter().any(|root| issued(ca, root))
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

    fn root_presented(&self, end: usize) -> Finding {
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

/// A file with these sections of itself, in this order, and another file behind them.
fn rearranged(file: &Path, sections: &[usize], then: Option<&Path>) -> String {
    let file = shell::path(file);
    let wanted: Vec<String> = sections
        .iter()
        .map(|section| format!("s[{section}]"))
        .collect();
    // Before its line of dashes, a section has what is written above it.
    let awk = format!(
        "awk '{{t=t $0 \"\\n\"}} /-----END/{{s[++n]=t; t=\"\"}} END{{printf \"%s\", {}}}' {file}",
        wanted.join(" ")
    );
    let command = match then {
        Some(then) => format!("{{ {awk}; cat {}; }}", shell::path(then)),
        None => awk,
    };
    text::rewritten(&file, &command)
}
