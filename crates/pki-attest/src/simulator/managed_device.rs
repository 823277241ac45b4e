//! Apple Managed Device Attestation.

use rcgen::{DnType, KeyPair};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use super::apple::encoded;
use super::ca::{Issuer, SimulatorError, below, ca, named, parsed, root, root_key, with_extension};
use crate::apple::ManagedDevice;

/// Apple's service for managed devices, with a root of its own.
pub struct ManagedDeviceSimulator {
    root: Issuer,
    intermediate: Issuer,
    certificate: Certificate,
    now: OffsetDateTime,
}

/// What is wrong with a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ManagedDeviceFault {
    /// The certificate of the key has expired.
    Expired,
    /// A device's key has signed for another key.
    Extended,
    /// The statement is of another kind.
    Format,
    /// It does not say which challenge it was made for.
    NoFreshness,
    /// What it says of the device is not text.
    NotText,
    /// There is no intermediate.
    OneCertificate,
    /// The certificate is signed by another CA of the same name.
    OtherCa,
}

impl ManagedDeviceSimulator {
    /// A root, and an intermediate below it, that are valid at `now`.
    ///
    /// # Errors
    ///
    /// If no key can be made.
    pub fn new(now: OffsetDateTime) -> Result<Self, SimulatorError> {
        let (begin, end) = (now - Duration::days(365), now + Duration::days(3650));
        let name = [(
            DnType::CommonName,
            "Simulated Enterprise Attestation Root CA",
        )];
        let root = root(named(&name, begin, end), root_key()?)?;
        Ok(Self {
            certificate: parsed(root.as_ref())?,
            intermediate: Self::intermediate(now, &root)?,
            root,
            now,
        })
    }

    fn intermediate(now: OffsetDateTime, root: &Issuer) -> Result<Issuer, SimulatorError> {
        let (begin, end) = (now - Duration::days(365), now + Duration::days(3650));
        let name = [(
            DnType::CommonName,
            "Simulated Enterprise Attestation Sub CA 1",
        )];
        below(ca(named(&name, begin, end)), root)
    }

    /// In place of [`enterprise_attestation_root`](crate::apple::enterprise_attestation_root).
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.certificate
    }

    /// Attests a key, which the device then asks a certificate for, over ACME's token: the attestation object of
    /// `device-attest-01`. Of `device`, its public key does not count.
    ///
    /// # Errors
    ///
    /// If no certificate can be made.
    pub fn attest(
        &self,
        key: &KeyPair,
        token: &[u8],
        device: &ManagedDevice,
        fault: Option<ManagedDeviceFault>,
    ) -> Result<Vec<u8>, SimulatorError> {
        let is = |it| fault == Some(it);
        let begin = match is(ManagedDeviceFault::Expired) {
            true => self.now - Duration::days(800),
            false => self.now - Duration::days(1),
        };
        let name = [(DnType::CommonName, "a managed device")];
        let mut params = named(&name, begin, begin + Duration::days(365));
        for (arcs, text) in [
            ([9, 1], &device.serial_number),
            ([9, 2], &device.udid),
            ([9, 4], &device.software_update_device_id),
            ([10, 1], &device.os_version),
            ([10, 2], &device.sep_os_version),
            ([10, 3], &device.bootloader_version),
        ] {
            if let Some(text) = text {
                let octets = match is(ManagedDeviceFault::NotText) {
                    true => vec![0; 4],
                    false => text.as_bytes().to_vec(),
                };
                params = with_extension(params, &oid(arcs), octets);
            }
        }
        if !is(ManagedDeviceFault::NoFreshness) {
            params = with_extension(params, &oid([11, 1]), Sha256::digest(token).to_vec());
        }
        let other = is(ManagedDeviceFault::OtherCa)
            .then(|| Self::intermediate(self.now, &self.root))
            .transpose()?;
        let issuer = other.as_ref().unwrap_or(&self.intermediate);
        let mut chain = Vec::new();
        if is(ManagedDeviceFault::Extended) {
            let attested = below(params.clone(), issuer)?;
            chain.push(params.signed_by(key, &attested)?.der().to_vec());
            chain.push(attested.as_ref().der().to_vec());
        } else {
            chain.push(params.signed_by(key, issuer)?.der().to_vec());
        }
        if !is(ManagedDeviceFault::OneCertificate) {
            chain.push(self.intermediate.as_ref().der().to_vec());
        }
        let format = match is(ManagedDeviceFault::Format) {
            true => "tpm",
            false => "apple",
        };
        Ok(encoded(|cbor| {
            cbor.map(3)?.str("fmt")?.str(format)?;
            cbor.str("attStmt")?.map(1)?;
            cbor.str("x5c")?.array(chain.len() as u64)?;
            for certificate in &chain {
                cbor.bytes(certificate)?;
            }
            cbor.str("authData")?.bytes(&[])?;
            Ok(())
        }))
    }
}

/// 1.2.840.113635.100.8 and two more.
fn oid([group, number]: [u64; 2]) -> [u64; 8] {
    [1, 2, 840, 113_635, 100, 8, group, number]
}
