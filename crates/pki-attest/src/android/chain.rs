//! From the attested key up to Google's root.

use std::ops::RangeInclusive;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::{CN, O, SERIAL_NUMBER};
use time::OffsetDateTime;
use x509_identity::{Attribute, Certificate};

use super::refusal::AndroidRefusal;
use crate::chain::{ChainFault, check_issued, check_validity};

/// The extension that describes an attested key.
pub(super) const KEY_DESCRIPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.17");

/// The fewest certificates of a chain: a key, an intermediate, a root.
const FEWEST: usize = 3;
/// The most that are looked at.
const MOST: usize = 10;

/// Checks a chain, leaf first, root last.
///
/// As Google's own verifier does, it refuses chains of other lengths than devices have: whoever has a key somewhere in a
/// genuine chain could put certificates below it.
pub(super) fn check_chain(
    chain: &[Certificate],
    roots: &[Certificate],
    now: OffsetDateTime,
) -> Result<(), AndroidRefusal> {
    let (Some(leaf), Some(above), FEWEST..=MOST) = (chain.first(), chain.get(1..), chain.len())
    else {
        return Err(AndroidRefusal::ChainLength { seen: chain.len() });
    };
    let describes = |it: &Certificate| it.extension(KEY_DESCRIPTION).is_some();
    if !describes(leaf) && above.last().is_some_and(describes) {
        return Err(AndroidRefusal::WrongOrder);
    }
    // A device's key may sign a certificate for another key, with a copy of the extension in it: what is attested is
    // the one below the authority, and nothing below that.
    if let Some(other) = above.iter().find(|it| describes(it)) {
        return Err(AndroidRefusal::ChainExtended {
            subject: other.subject().to_string(),
        });
    }
    // No device writes it as critical.
    let description = leaf.extension(KEY_DESCRIPTION);
    if description.is_none_or(|it| it.critical) {
        return Err(AndroidRefusal::NoDescription);
    }
    let [intermediates @ .., root] = above else {
        return Err(AndroidRefusal::ChainLength { seen: chain.len() });
    };
    // The RSA root exists with several dates: its key is what is trusted.
    let is_trusted = |trusted: &Certificate| trusted.spki_der() == root.spki_der();
    if !root.is_self_issued() || !roots.iter().any(is_trusted) {
        return Err(AndroidRefusal::UnknownRoot {
            subject: root.subject().to_string(),
        });
    }
    let provisioning = Provisioning::of(chain);
    let expected = provisioning.length();
    if !expected.contains(&chain.len()) {
        return Err(AndroidRefusal::ChainShape {
            expected: *expected.end(),
            seen: chain.len(),
        });
    }
    // A leaf has the dates of the device's clock. Certificates that the factory put onto a device are not renewed.
    for certificate in intermediates {
        match check_validity(certificate, now) {
            Err(ChainFault::Expired { .. }) if provisioning == Provisioning::Factory => {}
            checked => checked?,
        }
    }
    for (certificate, issuer) in chain.iter().zip(above) {
        check_issued(certificate, issuer)?;
    }
    Ok(())
}

/// How a device came to the key that attests others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Provisioning {
    /// The factory has put it onto the device: the certificate below the root is named by a serial number.
    Factory,
    /// The device fetches it again and again, from `Droid CA2` of `Google LLC`.
    Remote,
    /// Neither: a key in software, or a root of somebody's own.
    Unknown,
}

impl Provisioning {
    pub(super) fn of(chain: &[Certificate]) -> Self {
        let [.., intermediate, _root] = chain else {
            return Self::Unknown;
        };
        let has = |oid, value: Option<&str>| {
            let mut attributes = intermediate.subject().attributes();
            attributes.any(|it: &Attribute| {
                it.oid() == oid && value.is_none_or(|value| it.text() == Some(value))
            })
        };
        if has(SERIAL_NUMBER, None) {
            Self::Factory
        } else if has(CN, Some("Droid CA2")) && has(O, Some("Google LLC")) {
            Self::Remote
        } else {
            Self::Unknown
        }
    }

    /// Whether the certificates of a chain say that keys are attested in a StrongBox. They always do where there is one,
    /// and so it is no matter of what the device writes into a description.
    pub(super) fn has_strong_box(chain: &[Certificate]) -> bool {
        let [_, attesting, .., intermediate, _root] = chain else {
            return false;
        };
        match Self::of(chain) {
            Self::Factory => [attesting, intermediate].iter().any(|it| {
                let subject = it.subject().to_string();
                subject.to_ascii_lowercase().contains("strongbox")
            }),
            Self::Remote => {
                let mut attributes = attesting.subject().attributes();
                attributes.any(|it: &Attribute| it.oid() == O && it.text() == Some("StrongBox"))
            }
            Self::Unknown => false,
        }
    }

    /// How many certificates a chain has: the key's, the attesting one, one or two above it, the root.
    fn length(self) -> RangeInclusive<usize> {
        match self {
            Self::Factory => 4..=4,
            Self::Remote => 5..=5,
            Self::Unknown => 3..=4,
        }
    }
}
