//! Keys and certificates: which belong together.

use pki_core::verify::Purpose;
use x509_identity::{Certificate, ObjectIdentifier, PublicKeyAlgorithm};

use crate::files::shell;
use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::purpose;
use super::reading::{Item, text};
use super::reissue::Reissue;
use super::surroundings::Surroundings;

/// A file with what one side presents.
#[derive(Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub(crate) item: &'a Item,
    /// Which of its certificates is the side's own.
    pub(crate) leaf: usize,
    /// The file with its key.
    pub(crate) key: Option<&'a Item>,
}

impl<'a> Presented<'a> {
    pub(crate) fn certificate(&self) -> &'a Certificate {
        &self.item.certificates[self.leaf]
    }
}

/// Everything that one side presents, each with its key; keys that belong to nothing are reported.
pub(crate) fn presented<'a>(
    items: &'a [Item],
    surroundings: &Surroundings<'_>,
    options: &Options,
    report: &mut Report,
) -> Vec<Presented<'a>> {
    let keys: Vec<&Item> = items.iter().filter(|item| item.key.is_some()).collect();
    let has =
        |item: &Item, public: &[u8]| item.certificates.iter().any(|one| one.spki_der() == public);
    let publics: Vec<&[u8]> = keys.iter().filter_map(|key| public(key)).collect();
    let mut presented: Vec<Presented<'a>> = Vec::new();
    for item in items {
        let Some(leaf) = item.leaf(&publics) else {
            continue;
        };
        let wanted = item.certificates[leaf].spki_der();
        let key = keys.iter().copied().find(|key| public(key) == Some(wanted));
        presented.push(Presented { item, leaf, key });
    }
    for key in keys {
        let Some(public) = public(key) else { continue };
        let of_trust = |item: &&Item| item.is_trust() && has(item, public);
        let ca = items.iter().find(of_trust);
        if ca.is_none() && items.iter().any(|item| has(item, public)) {
            continue;
        }
        let unpaired = || presented.iter().filter(|one| one.key.is_none());
        let same_name =
            |one: &&Presented<'_>| one.item.path.with_extension("") == key.path.with_extension("");
        let meant = unpaired()
            .find(same_name)
            .or_else(|| unpaired().find(|one| one.item.role == Role::Certificate))
            .or_else(|| unpaired().next())
            // The key of a CA is given so that the doctor can say what mends, unless it is given as the key of another.
            .filter(|one| ca.is_none() || key.role == Role::Key || same_name(one));
        // The verifier says what is wrong with a curve that is written out; whose key it is cannot be told then.
        let is_written_out = |one: &Presented<'_>| {
            one.certificate().public_key_algorithm() == PublicKeyAlgorithm::Other(ID_EC_PUBLIC_KEY)
        };
        if let Some(meant) = meant.filter(|one| !is_written_out(one)) {
            report.finding(mismatch(key, ca, *meant, surroundings, options));
        }
    }
    presented
}

fn public(item: &Item) -> Option<&[u8]> {
    item.key.as_ref().map(|key| key.public.as_slice())
}

fn mismatch(
    key: &Item,
    ca: Option<&Item>,
    meant: Presented<'_>,
    surroundings: &Surroundings<'_>,
    options: &Options,
) -> Finding {
    let certificate = meant.certificate();
    let public = public(key).unwrap_or_default();
    if certificate.is_ca()
        && let Some(finding) = leaf_missing(public, meant, surroundings)
    {
        return finding;
    }
    let whose = ca.map_or_else(String::new, |ca| {
        format!(" is that of the CA in {}, and", ca.place())
    });
    let what = format!(
        "The key{whose} does not belong to the certificate of {} in {}.",
        certificate.subject(),
        meant.item.place()
    );
    let finding = Finding::error("key-mismatch", key.place(), what)
        .why("nginx and Apache do not start: `key values mismatch`; curl: `unable to set private key file`; Go: `private key does not match public key`.");
    if let Some(right) = surroundings.key(certificate.spki_der()) {
        let file = shell::path(&key.path);
        return finding
            .step(format!("The certificate's key is {}.", right.display()))
            .command(format!(
                "mv {file} {file}.other && cp -p {} {file}",
                shell::path(right)
            ));
    }
    const ASK: &str = "Find the key that the certificate was requested with, or have a certificate issued for this key.";
    // Nobody else gets a certificate for the key of a CA.
    if ca.is_some() {
        return finding.step("Find the key that the certificate was requested with, or make a new one and have a certificate issued for it.");
    }
    let purposes = purpose::of(certificate, &meant.item.path, options);
    let reissue = Reissue {
        leaf: certificate,
        file: Some(&meant.item.path),
        purpose: purposes.first().copied().unwrap_or(Purpose::TlsClient),
        surroundings,
        options,
        public,
    };
    finding.command_or(reissue.command(), ASK)
}

/// Certificates of CAs alone, and the key's own is in another file.
fn leaf_missing(
    public: &[u8],
    meant: Presented<'_>,
    surroundings: &Surroundings<'_>,
) -> Option<Finding> {
    let item = meant.item;
    let is_authority = |one: &Certificate| one.is_ca() && one.sans().is_empty();
    if item.is_bundle || !item.certificates.iter().all(is_authority) {
        return None;
    }
    let target = shell::path(&item.path);
    const WHY: &str = "nginx and Apache do not start: `key values mismatch`; curl: `unable to set private key file`. The first \
                       certificate of a chain is the one that is presented.";
    let own = |(_, one): &(_, &Certificate)| one.spki_der() == public && !one.is_ca();
    let Some((leaf, _)) = surroundings.certificates().find(own) else {
        let what = "The file has the certificates of CAs alone, and the key is of none of them.";
        return Some(
            Finding::error("leaf-missing", item.place(), what)
                .why(WHY)
                .step("Put the certificate that was issued for the key in front of them."),
        );
    };
    let what = format!(
        "The file has the certificates of CAs alone, and the key is that of {}.",
        leaf.display()
    );
    let finding = Finding::error("leaf-missing", item.place(), what).why(WHY);
    let joined = format!("awk 1 {} {target}", shell::path(leaf));
    Some(finding.command(text::rewritten(&target, &joined)))
}

/// id-ecPublicKey (RFC 5480 section 2.1.1).
const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
