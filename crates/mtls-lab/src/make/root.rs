//! The roots of the lab.

use pki_core::verify::RevocationReason;
use pki_core::{Authority, CrlBuilder, KeyPair, certificate_pem};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use super::error::MakeError;
use super::leaf::{Keys, key_file};
use super::names;
use crate::Options;
use crate::file::{FileKind, LabFile};

/// A root of the lab, with its key, which signs the certificates that have to be refused, too.
pub(super) struct Root {
    pub(super) authority: Authority,
    pub(super) key: KeyPair,
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
        let profile = names::root_profile(options.key_type);
        let authority = Authority::root(names::ca(common_name)?, copy, &profile, now)?;
        Ok(Self { authority, key })
    }

    pub(super) fn files(&self, directory: &str, name: &str) -> Vec<LabFile> {
        let certificate = self.authority.certificate();
        let key = key_file(format!("{directory}/{name}.key"), &self.key).of(certificate);
        vec![ca_file(directory, name, certificate), key]
    }

    /// A CRL of the certificates `revoked`. Its nextUpdate is the end of the lab's client certificates, because nobody
    /// signs another one in between.
    pub(super) fn crl(
        &self,
        directory: &str,
        name: &str,
        revoked: &[Certificate],
        now: OffsetDateTime,
    ) -> Result<LabFile, MakeError> {
        let next_update = now + Duration::days(i64::from(names::CLIENT_DAYS));
        let crl = CrlBuilder::new(1, now, next_update);
        let crl = revoked.iter().fold(crl, |crl, certificate| {
            crl.revoke(
                certificate.serial().clone(),
                now,
                RevocationReason::KeyCompromise,
            )
        });
        let pem = crl.sign(&self.authority)?.pem()?;
        let mut file = LabFile::new(format!("{directory}/{name}.crl"), FileKind::Crl, pem);
        file.about.subject = Some(self.authority.certificate().subject().to_string());
        file.about.not_after = Some(next_update);
        Ok(file)
    }
}

pub(super) fn ca_file(directory: &str, name: &str, certificate: &Certificate) -> LabFile {
    let path = format!("{directory}/{name}.crt");
    LabFile::new(path, FileKind::CaCertificate, certificate_pem(certificate)).of(certificate)
}
