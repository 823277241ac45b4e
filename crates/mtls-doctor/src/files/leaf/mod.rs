//! A leaf: what it is for, how long it is valid, and whether its chain is good. `names` knows whom it names.

mod names;

use pki_core::verify::{
    ChainVerifier, Purpose, TrustAnchors, VerifyError, has_accepted_algorithm, problems_of_leaf,
    unix_time,
};
use pki_core::{Severity as LintSeverity, check_public_key, lint};
use rustls_pki_types::{CertificateDer, UnixTime};
use time::OffsetDateTime;
use x509_identity::{Certificate, KeyUsageBit};

use crate::finding::Finding;
use crate::report::Report;
use crate::stories::public_ca;
use crate::target::Options;

use super::chain::{Chain, issued};
use super::pair::Presented;
use super::reissue::{self, Reissue};
use super::surroundings::Surroundings;
use super::{purpose, verdict, wording};

pub(crate) use names::is_for;

/// Checks a leaf and what is above it.
pub(crate) fn check(
    presented: Presented<'_>,
    chain: &Chain<'_>,
    surroundings: &Surroundings<'_>,
    options: &Options,
    report: &mut Report,
) {
    let leaf = presented.certificate();
    let place = presented.item.place();
    let now = unix_time(options.now);
    for purpose in purpose::of(leaf, &presented.item.path, options) {
        let case = Case {
            leaf,
            place: &place,
            reissue: Reissue {
                leaf,
                file: (!presented.item.is_bundle).then_some(presented.item.path.as_path()),
                purpose,
                surroundings,
                options,
                public: leaf.spki_der(),
            },
        };
        let mut seen = Vec::new();
        if let Some(reversed) = std::iter::once(&leaf)
            .chain(&chain.intermediates)
            .find(|one| one.not_before() > one.not_after())
        {
            report.finding(case.reversed(reversed));
            continue;
        }
        if is_made_by_itself(leaf) && !chain.anchors.contains(&leaf) {
            let subject = leaf.subject().to_string();
            seen.push("self-signed");
            report.finding(case.finding(&VerifyError::SelfSigned { subject }, purpose));
        }
        for problem in problems_of_leaf(leaf, purpose, now) {
            seen.push(problem.code());
            report.finding(case.finding(&problem, purpose));
        }
        if let Some(problem) = verified(leaf, chain, purpose, now) {
            let consequence = chain.is_broken && is_about_issuer(&problem);
            if !consequence && !seen.contains(&problem.code()) {
                report.finding(case.finding(&problem, purpose));
            }
        }
        if let Some(ca) = chain
            .too_long_for
            .filter(|_| !seen.contains(&"path-length"))
        {
            report.finding(case.too_long(ca));
        }
        if !seen.contains(&"weak-signature") {
            report.findings_of(chain.intermediates.iter().find_map(|ca| weak(ca, &place)));
        }
        if purpose == Purpose::TlsClient && !seen.contains(&"wrong-extended-key-usage") {
            report.findings_of(public_ca::ends(leaf, &place));
        }
        if purpose == Purpose::TlsServer {
            report.findings_of(case.unusable_names());
            report.findings_of(options.host.as_deref().and_then(|host| case.host(host)));
        }
        report.findings_of(case.lint());
        report.findings_of(case.ends(chain, options.now));
    }
}

/// What `openssl req -x509`, `keytool -genkeypair` and PowerShell's New-SelfSignedCertificate make: signed by its own key,
/// and not what a CA has.
fn is_made_by_itself(leaf: &Certificate) -> bool {
    let signs = leaf
        .key_usage()
        .is_some_and(|usage| usage.contains(KeyUsageBit::KeyCertSign));
    !(leaf.is_ca() && signs) && issued(leaf, leaf)
}

/// A CA between leaf and root whose signature nobody accepts.
fn weak(ca: &Certificate, place: &str) -> Option<Finding> {
    if ca.is_self_issued() || has_accepted_algorithm(ca) {
        return None;
    }
    let what = format!(
        "{} is signed with an algorithm that is not accepted (MD5, SHA-1).",
        ca.subject()
    );
    let finding = Finding::error("weak-signature", place, what).why(
        "OpenSSL 3 at its default security level: `ca md too weak`; Apple, Chrome, Go and rustls refuse it.",
    );
    Some(reissue::of_ca(
        finding,
        &ca.subject().to_string(),
        "with SHA-256",
    ))
}

/// Why the chain is refused by whom it leads to.
fn verified(
    leaf: &Certificate,
    chain: &Chain<'_>,
    purpose: Purpose,
    now: UnixTime,
) -> Option<VerifyError> {
    let anchors = TrustAnchors::from_certs(chain.anchors.iter().map(|ca| ca.der())).ok()?;
    let der = |one: &&Certificate| CertificateDer::from(one.der().to_vec());
    let intermediates: Vec<_> = chain.intermediates.iter().map(der).collect();
    let verifier = ChainVerifier::builder(anchors, purpose).build();
    let leaf = CertificateDer::from(leaf.der().to_vec());
    verifier.verify(&leaf, &intermediates, now).err()
}

fn is_about_issuer(problem: &VerifyError) -> bool {
    matches!(
        problem,
        VerifyError::UnknownIssuer { .. }
            | VerifyError::BadSignature { .. }
            | VerifyError::SelfSigned { .. }
            | VerifyError::NotACa { .. }
    )
}

struct Case<'a> {
    leaf: &'a Certificate,
    place: &'a str,
    reissue: Reissue<'a>,
}

impl Case<'_> {
    fn finding(&self, problem: &VerifyError, purpose: Purpose) -> Finding {
        let own = self.leaf.subject().to_string();
        let is_lost = matches!(problem, VerifyError::WrongExtendedKeyUsage { subject, .. } if *subject == own);
        if is_lost
            && purpose == Purpose::TlsClient
            && let Some(story) = public_ca::lost(self.leaf, self.place)
        {
            return story;
        }
        let mut finding = verdict::finding(problem, self.place);
        match problem {
            VerifyError::NotYetValid { subject, .. } | VerifyError::AnchorNotYetValid { subject, .. } => {
                if finding.id == "not-yet-valid-clock" {
                    return finding.step(
                        "Compare the clock with another one (`date -u`) and set it (`timedatectl set-ntp true`); look at the clock of the CA, too.",
                    );
                }
                if *subject != own {
                    return finding.step("Wait until then, or have the CA's certificate issued again with an earlier beginning.");
                }
                self.reissue.mends(finding)
            }
            VerifyError::WrongExtendedKeyUsage { subject, purpose, .. } if *subject != own => {
                finding.id = "intermediate-usage";
                reissue::of_ca(finding, subject, &format!("with {} or without extended key usages", purpose.usage()))
            }
            VerifyError::KeyUsage { subject, needed } if *subject != own => {
                finding.id = "ca-key-usage";
                reissue::of_ca(finding, subject, &format!("with the key usage {}", needed.name()))
            }
            VerifyError::NotACa { .. } | VerifyError::AnchorNotCa { .. } => {
                finding.step("Have the leaf issued by a CA, or the issuer's certificate issued again with basicConstraints CA:TRUE.")
            }
            VerifyError::PathLength { .. } => {
                finding.step("Have the leaf issued by a CA that is nearer to the root, or the CA's certificate issued again with a larger path length.")
            }
            VerifyError::NameConstraint { .. } => finding.step("Have the leaf issued for names that the CA may certify, or by another CA."),
            VerifyError::UnknownIssuer { .. } | VerifyError::BadSignature { .. } => finding.step(
                "Append the missing intermediate to the chain, or trust the root of the CA that issued it, or use a certificate of a CA that is trusted.",
            ),
            VerifyError::Expired { subject, .. } if *subject != own => {
                reissue::of_ca(finding, subject, "for its key, with a new validity period")
            }
            VerifyError::AnchorExpired { .. } => finding.step("Make a new root, and have every side trust it: `mtls ca rotate`."),
            VerifyError::WeakSignature { subject, .. } if *subject != own => reissue::of_ca(finding, subject, "with SHA-256"),
            VerifyError::WeakKey { subject, .. } if *subject != own => reissue::of_ca(finding, subject, "for a key of P-256, or of RSA with 2048 bits or more"),
            VerifyError::WeakKey { .. } => finding.step(
                "Make a new key, and have a certificate issued for it: `openssl ecparam -name prime256v1 -genkey -noout`.",
            ),
            _ => self.reissue.mends(finding),
        }
    }

    /// A certificate that is never valid.
    fn reversed(&self, one: &Certificate) -> Finding {
        let what = format!(
            "The certificate of {} ends before it begins: at {}, and not before {}.",
            one.subject(),
            wording::moment(one.not_after()),
            wording::moment(one.not_before())
        );
        let finding = Finding::error("validity-reversed", self.place, what)
            .why("Everybody refuses it at any time: OpenSSL and nginx `certificate has expired`, Go `expired or is not yet valid`.");
        match one == self.leaf {
            true => self.reissue.mends(finding),
            false => reissue::of_ca(
                finding,
                &one.subject().to_string(),
                "with a new validity period",
            ),
        }
    }

    /// Below a root that allows fewer intermediates; a verifier that goes by RFC 5280 alone does not ask a root.
    fn too_long(&self, ca: &Certificate) -> Finding {
        let what = format!(
            "The path length of {} allows fewer intermediates than there are below it.",
            ca.subject()
        );
        Finding::error("path-length", self.place, what)
            .why("OpenSSL and nginx: `path length constraint exceeded`; Go: `too many intermediates`. rustls and others do not look at a root's.")
            .step("Have the leaf issued by a CA that is nearer to the root, or the root made again with a larger path length.")
    }

    /// That it ends soon for what it was issued for, or after whom it depends on.
    fn ends(&self, chain: &Chain<'_>, now: OffsetDateTime) -> Option<Finding> {
        let (leaf, end) = (self.leaf, self.leaf.not_after());
        if now > end || now < leaf.not_before() {
            return None;
        }
        let mut issuers = chain.intermediates.iter().chain(&chain.anchors);
        let issuer = issuers.find(|ca| issued(leaf, ca) && **ca != leaf);
        if let Some(ca) = issuer.filter(|ca| ca.not_after() < end && ca.not_after() > now) {
            let what = format!(
                "The certificate is valid until {}, and its issuer {} only until {}.",
                wording::moment(end),
                ca.subject(),
                wording::moment(ca.not_after())
            );
            let finding = Finding::warning("outlives-issuer", self.place, what)
                .why("From then on everybody refuses it, although it says that it is valid: `certificate has expired`.");
            return Some(self.reissue.mends(finding));
        }
        let (life, left) = (end - leaf.not_before(), end - now);
        // Whoever renews by itself does so at two thirds.
        (left < SOON && left < life / 10).then(|| {
            let what = format!("The certificate ends soon, at {}.", wording::moment(end));
            let finding = Finding::warning("expires-soon", self.place, what)
                .why("Then everybody refuses it: OpenSSL and nginx `certificate has expired`.");
            self.reissue.mends(finding)
        })
    }

    /// What the rules of a certificate say and a verifier does not.
    fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Err(weak) = check_public_key(self.leaf.spki_der()) {
            let finding = Finding::error("weak-key", self.place, wording::sentence(&weak.to_string()))
                .why("Whoever finds the private key can be whom the certificate names; CAs have to revoke it.");
            findings.push(finding.step("Make a new key, and have a certificate issued for it: `openssl ecparam -name prime256v1 -genkey -noout`."));
        }
        for rule in lint(self.leaf)
            .into_iter()
            .filter(|rule| rule.severity == LintSeverity::Error)
        {
            let (id, why) = match rule.rule {
                "key-usage-encipherment" => (
                    "key-usage-encipherment",
                    "RFC 8813 forbids it. Strict verifiers refuse it, and OpenSSL with `-x509_strict` and linters of CAs do.",
                ),
                "server-life" => (
                    "apple-825-days",
                    "iOS and macOS refuse it (support.apple.com/103769), whoever has issued it: `not standards compliant`, -9802.",
                ),
                "leaf-signs" => (
                    "leaf-signs",
                    "Verifiers that look closely take it for half a CA, and refuse it.",
                ),
                "serial-number" => (
                    "serial-number",
                    "RFC 5280 section 4.1.2.2. Go, Java and NSS refuse a negative one, Apple and GnuTLS one of more than 20 octets; and \
                     two certificates with the serial number 0 cannot be told apart by a CRL.",
                ),
                "extended-key-usage-critical" => (
                    "extended-key-usage-critical",
                    "Older verifiers refuse what is critical and unknown to them.",
                ),
                _ => continue,
            };
            let finding =
                Finding::warning(id, self.place, wording::sentence(&rule.sentence)).why(why);
            findings.push(self.reissue.mends(finding));
        }
        findings
    }
}

/// No longer than somebody needs to have a certificate issued.
const SOON: time::Duration = time::Duration::days(30);
