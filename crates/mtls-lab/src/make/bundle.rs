//! Bundles and the Apple profile of one client.

use pkcs12_ios::{Bundle, Encoding, Profile};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::error::MakeError;
use super::leaf::Leaf;
use crate::Options;
use crate::devices::{CLIENT, PROFILE, ROOT};
use crate::file::{FileKind, LabFile, Verdict};

/// `client.p12`, the set of today's systems, and `client_ios.p12`, the one that every reader takes, if such readers take
/// the key.
pub(super) fn bundles(
    directory: &str,
    client: &Leaf,
    chain: &[Certificate],
    options: &Options,
) -> Result<Vec<LabFile>, MakeError> {
    let files = [
        ("client.p12", Encoding::Modern),
        ("client_ios.p12", Encoding::Compat),
    ];
    let count = if options.key_type.suits_devices() {
        2
    } else {
        1
    };
    files
        .into_iter()
        .take(count)
        .map(|(name, encoding)| {
            let certificate = client.issued.certificate();
            let bundle = Bundle::builder(&client.key, certificate.der())
                .chain(chain.iter().map(Certificate::der))
                .friendly_name(CLIENT)
                .encoding(encoding)
                .build(&options.p12_password)?;
            let file = LabFile::new(format!("{directory}/{name}"), FileKind::Pkcs12, bundle);
            Ok(file.of(certificate).expected(Verdict::Accepted))
        })
        .collect()
}

/// `client.mobileconfig`: the root and the bundle that every device takes, without its password. Signed by the lab's
/// server, so that a device that trusts the root shows it as verified.
pub(super) fn mobileconfig(
    directory: &str,
    root: &Certificate,
    server: &Leaf,
    bundle: &LabFile,
    now: OffsetDateTime,
) -> Result<LabFile, MakeError> {
    let profile = Profile::builder("local.example.mtls-lab")
        .display_name(PROFILE)
        .description("Installs the lab's root certificate and the client certificate client1.")
        .organization("MyOrg")
        .root(root.der(), ROOT)
        .bundle(bundle.secret_contents(), CLIENT)
        .build()?;
    let signer = [server.issued.certificate().clone(), root.clone()];
    let mut file = LabFile::new(
        format!("{directory}/client.mobileconfig"),
        FileKind::Mobileconfig,
        profile.sign(&server.key, &signer, now)?.as_slice(),
    );
    file.about.subject.clone_from(&bundle.about.subject);
    file.about.not_after = bundle.about.not_after;
    Ok(file.expected(Verdict::Accepted))
}
