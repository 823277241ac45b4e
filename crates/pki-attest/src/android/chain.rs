//! From the attested key up to Google's root.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::SERIAL_NUMBER;
use time::OffsetDateTime;
use x509_identity::{Attribute, Certificate};

use super::refusal::AndroidRefusal;
use crate::chain::{check_issued, check_validity};

/// The extension that describes an attested key.
pub(super) const KEY_DESCRIPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.17");

/// The fewest certificates of a chain: a key, an intermediate, a root.
const FEWEST: usize = 3;
/// The most; genuine chains have five.
const MOST: usize = 10;

/// Checks a chain, leaf first, root last.
pub(super) fn check_chain(
    chain: &[Certificate],
    roots: &[Certificate],
    now: OffsetDateTime,
) -> Result<(), AndroidRefusal> {
    let (Some(leaf), Some(above), FEWEST..=MOST) = (chain.first(), chain.get(1..), chain.len())
    else {
        return Err(AndroidRefusal::ChainLength { seen: chain.len() });
    };
    // A device's key may sign a certificate for another key, with a copy of the extension in it: what is attested is
    // the one below the authority, and nothing below that.
    if let Some(other) = above
        .iter()
        .find(|it| it.extension(KEY_DESCRIPTION).is_some())
    {
        return Err(AndroidRefusal::ChainExtended {
            subject: other.subject().to_string(),
        });
    }
    if leaf.extension(KEY_DESCRIPTION).is_none() {
        return Err(AndroidRefusal::NoDescription);
    }
    if let [.., intermediate, root] = above {
        // The RSA root exists with several dates: its key is what is trusted.
        let is_trusted = |trusted: &Certificate| trusted.spki_der() == root.spki_der();
        if !root.is_self_issued() || !roots.iter().any(is_trusted) {
            return Err(AndroidRefusal::UnknownRoot {
                subject: root.subject().to_string(),
            });
        }
        // A leaf has the dates of the device's clock. Certificates that the factory put onto a device are not renewed.
        if !is_of_factory(intermediate) {
            let intermediates = above.split_last().map(|(_, rest)| rest).unwrap_or_default();
            for certificate in intermediates {
                check_validity(certificate, now)?;
            }
        }
    }
    for (certificate, issuer) in chain.iter().zip(above) {
        check_issued(certificate, issuer)?;
    }
    Ok(())
}

/// Intermediates of keys that the factory has put onto a device are named by a serial number; those of keys that a
/// device fetches are `Droid CA2` of `Google LLC`.
fn is_of_factory(intermediate: &Certificate) -> bool {
    let mut attributes = intermediate.subject().attributes();
    attributes.any(|attribute: &Attribute| attribute.oid() == SERIAL_NUMBER)
}
