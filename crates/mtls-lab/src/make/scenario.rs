//! The good scenarios: one CA, two CAs, and a CA between root and leaves.

use pki_core::verify::RevocationReason;
use pki_core::{Authority, KeyPair, Request, RevocationList, certificate_pem};
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, SubjectAltName};

use super::leaf::{Keys, Leaf, key_file};
use super::refused::{self, Culprits};
use super::{MakeError, bundle, names};
use crate::Options;
use crate::lab::{FileKind, LabFile, Verdict};

/// Everything below `same-ca/`, and, since its CA signs them, below `refused/`, and then the others.
pub(super) fn same_ca(
    options: &Options,
    mut keys: Keys,
    now: OffsetDateTime,
) -> Result<Vec<LabFile>, MakeError> {
    let directory = "same-ca";
    let ca = Root::make("MyTestRootCA", options, &mut keys, now)?;
    let mut files = ca.files(directory, "ca");
    files.extend(server(&ca.authority, options, &mut keys, now)?.files(
        directory,
        "server",
        Verdict::Accepted,
    ));
    let client = client(&ca.authority, options, &mut keys, now)?;
    files.extend(client.files(directory, "client", Verdict::Accepted));
    let bundles = bundle::bundles(directory, &client, ca.authority.chain(), options)?;
    if let Some(compatible) = bundles.last() {
        files.push(bundle::mobileconfig(
            directory,
            ca.authority.certificate(),
            compatible,
        )?);
    }
    files.extend(bundles);

    let Culprits {
        files: refused,
        revoked,
    } = refused::make(&ca, options, &mut keys, now)?;
    files.push(ca.revocation_list(directory, "ca", &revoked, now)?);
    files.extend(refused);
    files.extend(different_ca(options, &mut keys, now)?);
    files.extend(intermediate(options, &mut keys, now)?);
    Ok(files)
}

fn different_ca(
    options: &Options,
    keys: &mut Keys,
    now: OffsetDateTime,
) -> Result<Vec<LabFile>, MakeError> {
    let directory = "different-ca";
    let server_ca = Root::make("MyServerRootCA", options, keys, now)?;
    let client_ca = Root::make("MyClientRootCA", options, keys, now)?;
    let mut files = server_ca.files(directory, "server-ca");
    files.extend(client_ca.files(directory, "client-ca"));
    files.push(client_ca.revocation_list(directory, "client-ca", &[], now)?);
    files.extend(server(&server_ca.authority, options, keys, now)?.files(
        directory,
        "server",
        Verdict::Accepted,
    ));
    let client = client(&client_ca.authority, options, keys, now)?;
    files.extend(client.files(directory, "client", Verdict::Accepted));
    files.extend(bundle::bundles(
        directory,
        &client,
        client_ca.authority.chain(),
        options,
    )?);
    Ok(files)
}

/// The root's key is not kept: a root that has signed its issuing CA is not needed in daily work.
fn intermediate(
    options: &Options,
    keys: &mut Keys,
    now: OffsetDateTime,
) -> Result<Vec<LabFile>, MakeError> {
    let directory = "intermediate";
    let root = Root::make("MyOfflineRootCA", options, keys, now)?;
    let key = keys.ca()?;
    let request = Request::for_key(key.public_key_der(), names::ca("MyIssuingCA")?);
    let issued = root
        .authority
        .issue(&request, &names::issuing_profile(options.key_type), now)?;
    let issuing_key = key_file(format!("{directory}/issuing.key"), &key).of(issued.certificate());
    let chain = vec![
        issued.certificate().clone(),
        root.authority.certificate().clone(),
    ];
    let issuing = Authority::new(chain, key)?;

    let mut files = vec![
        ca_file(directory, "root", root.authority.certificate()),
        ca_file(directory, "issuing", issuing.certificate()),
        issuing_key,
    ];
    let server = server(&issuing, options, keys, now)?;
    let client = client(&issuing, options, keys, now)?;
    for (name, leaf) in [("server", &server), ("client", &client)] {
        files.extend(leaf.files(directory, name, Verdict::Accepted));
        let path = format!("{directory}/{name}-chain.crt");
        let chain = LabFile::new(path, FileKind::CertificateChain, leaf.issued.chain_pem());
        files.push(
            chain
                .of(leaf.issued.certificate())
                .expected(Verdict::Accepted),
        );
    }
    files.extend(bundle::bundles(
        directory,
        &client,
        issuing.chain(),
        options,
    )?);
    Ok(files)
}

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

    fn files(&self, directory: &str, name: &str) -> Vec<LabFile> {
        let certificate = self.authority.certificate();
        let key = key_file(format!("{directory}/{name}.key"), &self.key).of(certificate);
        vec![ca_file(directory, name, certificate), key]
    }

    /// Due again when the lab's client certificates end: nobody re-signs it in between.
    fn revocation_list(
        &self,
        directory: &str,
        name: &str,
        revoked: &[Certificate],
        now: OffsetDateTime,
    ) -> Result<LabFile, MakeError> {
        let next_update = now + Duration::days(i64::from(names::CLIENT_DAYS));
        let list = RevocationList::new(1, now, next_update);
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

fn ca_file(directory: &str, name: &str, certificate: &Certificate) -> LabFile {
    let path = format!("{directory}/{name}.crt");
    LabFile::new(path, FileKind::CaCertificate, certificate_pem(certificate)).of(certificate)
}

fn server(
    authority: &Authority,
    options: &Options,
    keys: &mut Keys,
    now: OffsetDateTime,
) -> Result<Leaf, MakeError> {
    let profile = names::server_profile(options.key_type);
    Leaf::issue(
        authority,
        &profile,
        keys.leaf()?,
        &names::server()?,
        &options.server_names(),
        now,
    )
}

fn client(
    authority: &Authority,
    options: &Options,
    keys: &mut Keys,
    now: OffsetDateTime,
) -> Result<Leaf, MakeError> {
    let profile = names::client_profile(options.key_type);
    let sans = [SubjectAltName::Email(names::CLIENT_EMAIL.to_owned())];
    Leaf::issue(
        authority,
        &profile,
        keys.leaf()?,
        &names::client(names::CLIENT)?,
        &sans,
        now,
    )
}
