//! What was seen in files, in a line each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_core::KeyKind;
use x509_identity::{Certificate, PublicKeyAlgorithm};

use crate::finding::Finding;
use crate::report::Report;
use crate::target::Options;

use super::pair::Presented;
use super::reading::Item;
use super::wording::moment;

/// Tells what is in a file.
pub(crate) fn tell(
    item: &Item,
    presented: &[Presented<'_>],
    options: &Options,
    report: &mut Report,
) {
    let leaf = presented.iter().find(|one| std::ptr::eq(one.item, item));
    // A system's bundle of CAs has more than anybody reads.
    let told = if leaf.is_none() && item.certificates.len() > MAX_TOLD {
        report.fact(
            item.place(),
            format!("{} certificates", item.certificates.len()),
        );
        0
    } else {
        item.certificates.len()
    };
    for (index, certificate) in item.certificates.iter().enumerate().take(told) {
        let is_leaf = leaf.is_some_and(|leaf| leaf.leaf == index);
        report.fact(item.place(), line(certificate, is_leaf, options));
        if is_leaf {
            let pin = STANDARD.encode(certificate.spki_sha256());
            report.fact("pin", format!("sha256//{pin}"));
        }
    }
    if item.key.is_some() && item.certificates.is_empty() {
        report.fact(item.place(), "a private key");
    }
}

const MAX_TOLD: usize = 8;

/// `CN=client1, P-256, until 2027-11-27, by CN=...`
fn line(certificate: &Certificate, is_leaf: bool, options: &Options) -> String {
    let kind = match (is_leaf, certificate.is_ca(), certificate.is_self_issued()) {
        (true, false, _) => "",
        (_, true, true) => "root ",
        (_, true, false) => "intermediate ",
        _ => "certificate ",
    };
    let left = (certificate.not_after() - options.now).whole_days();
    format!(
        "{kind}{}, {}, until {} ({left} days), by {}",
        certificate.subject(),
        key(certificate.public_key_algorithm()),
        moment(certificate.not_after()),
        match certificate.is_self_issued() {
            true => "itself".to_owned(),
            false => certificate.issuer().to_string(),
        }
    )
}

fn key(algorithm: PublicKeyAlgorithm) -> String {
    match (KeyKind::of_public_key(algorithm), algorithm) {
        (_, PublicKeyAlgorithm::Rsa { bits }) => format!("RSA with {bits} bits"),
        (Some(kind), _) => kind.to_string(),
        (None, other) => other.to_string(),
    }
}

/// A CA that was given alone and that nobody trusts any more.
pub(crate) fn outdated(ca: &Certificate, items: &[Item], options: &Options) -> Option<Finding> {
    let item = items.iter().find(|item| item.certificates.contains(ca))?;
    let now = options.now;
    if ca.not_after() < now {
        let what = format!(
            "The CA {} expired at {}.",
            ca.subject(),
            moment(ca.not_after())
        );
        return Some(
            Finding::error("expired", item.place(), what)
                .why("OpenSSL, nginx and rustls refuse every certificate below it: `certificate has expired`.")
                .step("Make a new CA, and have every side trust it: `mtls ca rotate`."),
        );
    }
    if ca.not_before() > now {
        let near = super::reissue::is_near(ca.not_before(), now);
        let id = if near {
            "not-yet-valid-clock"
        } else {
            "not-yet-valid"
        };
        let what = format!(
            "The CA {} is not valid before {}, and it is {}.",
            ca.subject(),
            moment(ca.not_before()),
            moment(now)
        );
        return Some(
            Finding::error(id, item.place(), what)
                .why("Everybody refuses what is below it: `certificate is not yet valid`.")
                .step("Compare the clock with another one (`date -u`), and set it (`timedatectl set-ntp true`)."),
        );
    }
    None
}
