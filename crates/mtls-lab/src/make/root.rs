//! The roots of the lab.

use pki_core::verify::RevocationReason;
use pki_core::{Authority, CrlBuilder, KeyPair, certificate_pem};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use super::leaf::{Keys, key_file};
use super::{MakeError, names};
use crate::Options;
use crate::file::{FileKind, LabFile};

/// A root of the lab; its key is kept for the certificates that are wrong on purpose.
pub(super) struct Root {
    pub(super) authority: Authority,
    pub(super) signer: rcgen::KeyPair,
    key: KeyPair,
}

impl Root {
    pub(super) fn make(
        common_name: &str,
        options: &Options,
        keys: &mut Keys,
        now: OffsetDateTime,
    ) -> Result<Self, MakeError> {
        let key = keys.ca()?;
        let copy = KeyPair::from_der(key.secret_pkcs8_der())?;
        let signer = super::wrong::rcgen_key(&key)?;
        let profile = names::root_profile(options.key_type);
        let authority = Authority::root(names::ca(common_name)?, copy, &profile, now)?;
        Ok(Self {
            authority,
            signer,
            key,
        })
    }

    pub(super) fn files(&self, directory: &str, name: &str) -> Vec<LabFile> {
        let certificate = self.authority.certificate();
        let key = key_file(format!("{directory}/{name}.key"), &self.key).of(certificate);
        vec![ca_file(directory, name, certificate), key]
    }

    /// Due again when the lab's client certificates end: nobody re-signs it in between.
    pub(super) fn revocation_list(
        &self,
        directory: &str,
        name: &str,
        revoked: &[Certificate],
        now: OffsetDateTime,
    ) -> Result<LabFile, MakeError> {
        let next_update = now + Duration::days(i64::from(names::CLIENT_DAYS));
        let list = CrlBuilder::new(1, now, next_update);
        let list = revoked.iter().fold(list, |list, certificate| {
            list.revoke(
                certificate.serial().clone(),
                now,
                RevocationReason::KeyCompromise,
            )
        });
        let path = format!("{directory}/{name}.crl");
        LabFile::revocation_list(
            path,
            &list.sign(&self.authority)?,
            self.authority.certificate(),
            next_update,
        )
    }
}

pub(super) fn ca_file(directory: &str, name: &str, certificate: &Certificate) -> LabFile {
    let path = format!("{directory}/{name}.crt");
    LabFile::new(path, FileKind::CaCertificate, certificate_pem(certificate)).of(certificate)
}
