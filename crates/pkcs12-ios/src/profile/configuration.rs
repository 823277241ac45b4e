//! The profile itself.

use std::fmt;

use pki_core::Signer;
use plist::{Dictionary, Value, XmlWriteOptions};
use time::OffsetDateTime;
use x509_identity::Certificate;
use zeroize::{Zeroize as _, Zeroizing};

use super::error::{ProfileError, SignProfileError};
use super::payload::{Payload, header};
use super::signature;

/// A configuration profile that brings certificates, a bundle or the way to a certificate to an Apple device.
///
/// A bundle's password is left out unless it was asked for, because a profile is not a safe place. The device then asks
/// for the password while it installs the profile.
///
/// What it installs is for Safari, Mail, VPN and Wi-Fi. Apps from elsewhere cannot use it and have
/// to import the bundle themselves. A root that comes by hand, not by device management, has to be
/// switched on once more under Settings, General, About, Certificate Trust Settings.
#[derive(Clone)]
pub struct Profile {
    pub(super) description: Option<String>,
    pub(super) display_name: String,
    pub(super) identifier: String,
    pub(super) organization: Option<String>,
    pub(super) payloads: Vec<Payload>,
}

impl Profile {
    /// The profile as XML, to be served as `application/x-apple-aspen-config`. It is not signed, and devices say so.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Encode`] if the XML cannot be written.
    pub fn to_xml(&self) -> Result<Zeroizing<Vec<u8>>, ProfileError> {
        let mut xml = Zeroizing::new(Vec::new());
        let mut plist = Value::Dictionary(self.plist());
        let written = plist.to_writer_xml_with_options(&mut *xml, &XmlWriteOptions::default());
        wipe(&mut plist);
        written.map_err(|source| ProfileError::Encode(source.into()))?;
        xml.push(b'\n');
        Ok(xml)
    }

    /// The profile, signed: CMS `SignedData` in DER with the XML inside (RFC 5652 section 5), of the same media type.
    ///
    /// `chain` begins with the certificate of `signer`. Give all of the chain, with the root: a device shows the
    /// profile as verified only if it finds a way to a root that it trusts, and says `Unverified` of an installed profile
    /// when the certificate ends. `now` becomes the signing time.
    ///
    /// # Errors
    ///
    /// A [`SignProfileError`] if the chain is not that of the signer, does not link up or is not valid now, for keys that
    /// devices do not verify, and if the signer fails.
    pub fn sign(
        &self,
        signer: &dyn Signer,
        chain: &[Certificate],
        now: OffsetDateTime,
    ) -> Result<Zeroizing<Vec<u8>>, SignProfileError> {
        let xml = self.to_xml().map_err(SignProfileError::Profile)?;
        signature::sign(&xml, signer, chain, now)
    }

    fn plist(&self) -> Dictionary {
        let mut root = header("Configuration", &self.identifier, &self.display_name);
        let optional = [
            ("PayloadDescription", &self.description),
            ("PayloadOrganization", &self.organization),
        ];
        for (name, text) in optional {
            if let Some(text) = text {
                root.insert(name.to_owned(), text.as_str().into());
            }
        }
        let payloads = self.payloads.iter();
        let payloads = payloads.map(|payload| payload.plist(&self.identifier).into());
        root.insert(
            "PayloadContent".to_owned(),
            Value::Array(payloads.collect()),
        );
        root
    }
}

/// Without the payloads, one of which may have a password.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("identifier", &self.identifier)
            .field("payloads", &self.payloads.len())
            .finish_non_exhaustive()
    }
}

/// The library copies what it writes; what is not written any more is wiped.
fn wipe(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Data(data) => data.zeroize(),
        Value::Dictionary(entries) => entries.values_mut().for_each(wipe),
        Value::String(text) => text.zeroize(),
        _ => {}
    }
}
