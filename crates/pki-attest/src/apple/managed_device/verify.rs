//! Certificates, freshness, and what they say of the device.

use const_oid::ObjectIdentifier;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::ManagedDeviceRefusal;
use super::statement::Object;
use crate::chain::{check_issued, check_validity};
use crate::{Binding, Keeper, Verdict};

/// The most bytes of a statement.
const LIMIT: usize = 16 * 1024;

/// What a statement has to be about.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedManagedDevice<'a> {
    /// The challenge: ACME's token as it is in the challenge object, without the account's thumbprint.
    pub token: &'a [u8],
    /// The key of the certificate request, as a DER `SubjectPublicKeyInfo`. `None` as long as there is no request, as in
    /// ACME: the evidence is tied to no key then, and [`Verdict::id`] is to be compared with the SHA-256 of the request's
    /// key when it comes.
    pub public_key: Option<&'a [u8]>,
}

/// What Apple says of a device. What it leaves out, the organization has no right to know, as with a device that is its
/// user's own.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct ManagedDevice {
    /// The serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// The unique device identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub udid: Option<String>,
    /// Which updates it gets: the model, for Apple's lists of updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_update_device_id: Option<String>,
    /// The version of the operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// The version of the Secure Enclave's operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sep_os_version: Option<String>,
    /// The version of the bootloader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootloader_version: Option<String>,
    /// The attested key as a DER `SubjectPublicKeyInfo`.
    #[serde(skip)]
    pub public_key: Vec<u8>,
}

impl ManagedDevice {
    /// Whether the device has this identifier, such as that of an order with a `permanent-identifier`: its serial number
    /// or its UDID.
    #[must_use]
    pub fn is(&self, permanent_identifier: &str) -> bool {
        let known = [&self.serial_number, &self.udid];
        known
            .into_iter()
            .flatten()
            .any(|it| it == permanent_identifier)
    }
}

/// Verifies that Apple has certified a key of a managed device, for this challenge.
///
/// `root` is [`enterprise_attestation_root`](crate::apple::enterprise_attestation_root) outside of tests. Which device it
/// is has to be looked at in the verdict: [`ManagedDevice::is`].
///
/// # Errors
///
/// The first check that fails.
pub fn verify_managed_device(
    statement: &[u8],
    expected: &ExpectedManagedDevice<'_>,
    root: &Certificate,
    now: OffsetDateTime,
) -> Result<Verdict<ManagedDevice>, ManagedDeviceRefusal> {
    use ManagedDeviceRefusal as R;
    if statement.len() > LIMIT {
        return Err(R::TooLarge {
            limit: LIMIT,
            got: statement.len(),
        });
    }
    let read = Object::read(statement).map_err(R::malformed("the statement"))?;
    if read.format != "apple" {
        return Err(R::Format {
            seen: read.format.chars().take(64).collect(),
        });
    }
    let chain = read.chain()?;
    check_chain(&chain, root, now)?;
    let Some(leaf) = chain.first() else {
        return Err(R::CertificateCount { seen: 0 });
    };
    let freshness = leaf.extension(FRESHNESS).ok_or(R::NoFreshness)?;
    let hash = Sha256::digest(expected.token);
    if freshness.value != hash.as_slice() {
        return Err(R::Freshness {
            expected: crate::hex(&hash),
            seen: crate::shown(freshness.value),
        });
    }
    let binding = match expected.public_key {
        Some(key) if key == leaf.spki_der() => Binding::SameKey,
        Some(key) => {
            return Err(R::Key {
                expected: crate::hex(&Sha256::digest(key)),
                seen: crate::hex(leaf.spki_sha256()),
            });
        }
        None => Binding::None,
    };
    Ok(Verdict {
        binding,
        // Apple attests no other keys.
        keeper: Keeper::SecureElement,
        id: crate::hex(leaf.spki_sha256()),
        claims: ManagedDevice {
            serial_number: text(leaf, SERIAL_NUMBER)?,
            udid: text(leaf, UDID)?,
            software_update_device_id: text(leaf, SOFTWARE_UPDATE_DEVICE_ID)?,
            os_version: text(leaf, OS_VERSION)?,
            sep_os_version: text(leaf, SEP_OS_VERSION)?,
            bootloader_version: text(leaf, BOOTLOADER_VERSION)?,
            public_key: leaf.spki_der().to_vec(),
        },
    })
}

/// Each is issued by the next, and the last by the root, if it is not the root itself.
fn check_chain(
    chain: &[Certificate],
    root: &Certificate,
    now: OffsetDateTime,
) -> Result<(), ManagedDeviceRefusal> {
    let without_root = match chain {
        [below @ .., last] if last.der() == root.der() => below,
        all => all,
    };
    let above = without_root.iter().skip(1).chain([root]);
    for (certificate, issuer) in without_root.iter().zip(above) {
        check_issued(certificate, issuer)?;
        check_validity(certificate, now)?;
    }
    Ok(())
}

/// The text that an extension is, without ASN.1 around it.
fn text(leaf: &Certificate, oid: ObjectIdentifier) -> Result<Option<String>, ManagedDeviceRefusal> {
    let Some(extension) = leaf.extension(oid) else {
        return Ok(None);
    };
    let is_text = |octet: &u8| octet.is_ascii_graphic() || *octet == b' ';
    let octets = extension.value;
    if octets.is_empty() || octets.len() > LONGEST || !octets.iter().all(is_text) {
        let wrong = "it is not a text of 1 to 256 visible characters of ASCII";
        return Err(ManagedDeviceRefusal::malformed(
            "what is said of the device",
        )(wrong));
    }
    Ok(Some(String::from_utf8_lossy(octets).into_owned()))
}

const LONGEST: usize = 256;

/// Apple's extensions for what a device is: 1.2.840.113635.100.8.
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.9.1");
const UDID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.9.2");
const SOFTWARE_UPDATE_DEVICE_ID: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.9.4");
const OS_VERSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.10.1");
const SEP_OS_VERSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.10.2");
const BOOTLOADER_VERSION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.10.3");
/// The SHA-256 of the challenge.
const FRESHNESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.11.1");
