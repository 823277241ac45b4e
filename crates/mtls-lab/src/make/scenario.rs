//! The good scenarios: one CA, two CAs, and a CA between root and leaves.

use pki_core::{Authority, CertificateParameters};
use time::OffsetDateTime;
use x509_identity::SubjectAltName;

use super::error::MakeError;
use super::leaf::{Keys, Leaf, key_file};
use super::refused::{self, Refused};
use super::root::{Root, ca_file};
use super::{bundle, names};
use crate::file::{FileKind, LabFile, Verdict};
use crate::{Options, devices};

/// Everything below `same-ca/` and, since its CA signs them, below `refused/`.
pub(super) fn same_ca(
    options: &Options,
    keys: &mut Keys,
    now: OffsetDateTime,
) -> Result<Vec<LabFile>, MakeError> {
    let directory = "same-ca";
    let ca = Root::make(devices::ROOT, options, keys, now)?;
    let mut files = ca.files(directory, "ca");
    let server = server(&ca.authority, options, keys, now)?;
    files.extend(server.files(directory, "server", Verdict::Accepted));
    let client = client(&ca.authority, options, keys, now)?;
    files.extend(client.files(directory, "client", Verdict::Accepted));
    let bundles = bundle::bundles(directory, &client, ca.authority.chain(), options)?;
    if let Some(compatible) = bundles.get(1) {
        files.push(bundle::mobileconfig(
            directory,
            ca.authority.certificate(),
            &server,
            compatible,
            now,
        )?);
    }
    files.extend(bundles);

    let Refused {
        files: refused,
        revoked,
    } = refused::make(&ca, options, keys, now)?;
    files.push(ca.crl(directory, "ca", &revoked, now)?);
    files.extend(refused);
    Ok(files)
}

/// Everything below `different-ca/`.
pub(super) fn different_ca(
    options: &Options,
    keys: &mut Keys,
    now: OffsetDateTime,
) -> Result<Vec<LabFile>, MakeError> {
    let directory = "different-ca";
    let server_ca = Root::make("MyServerRootCA", options, keys, now)?;
    let client_ca = Root::make("MyClientRootCA", options, keys, now)?;
    let mut files = server_ca.files(directory, "server-ca");
    files.extend(client_ca.files(directory, "client-ca"));
    files.push(client_ca.crl(directory, "client-ca", &[], now)?);
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

/// Everything below `intermediate/`. Without the root's key: a root that has signed its issuing CA is
/// not needed in daily work.
pub(super) fn intermediate(
    options: &Options,
    keys: &mut Keys,
    now: OffsetDateTime,
) -> Result<Vec<LabFile>, MakeError> {
    let directory = "intermediate";
    let root = Root::make("MyOfflineRootCA", options, keys, now)?;
    let key = keys.ca()?;
    let request = CertificateParameters::for_key(key.public_key_der(), names::ca("MyIssuingCA")?);
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
        &names::client(devices::CLIENT)?,
        &sans,
        now,
    )
}
