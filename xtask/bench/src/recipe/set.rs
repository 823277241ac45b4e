//! The recipe's set: root, server, client and the two bundles, as `pki-core` and `pkcs12-ios` make it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use pkcs12_ios::{Bundle, Encoding};
use pki_core::{
    AllowedSubject, Authority, CertificateParameters, Issued, KeyKind, KeyPair, Password, Profile,
    ValidityLimits, certificate_pem,
};
use time::OffsetDateTime;
use x509_identity::{DistinguishedName, SubjectAltName};

/// Write the recipe's set and nothing else: what `bench recipe` measures as a process.
#[derive(Args)]
pub(crate) struct RecipeSet {
    /// Where to write; the directory must be there
    directory: PathBuf,
    #[arg(long, value_enum)]
    key_type: Keys,
}

/// The recipe's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keys {
    /// P-256 throughout
    Ec,
    /// RSA-4096 for the root, RSA-2048 for the leaves
    Rsa,
    /// ML-DSA-65 throughout, and no bundles, as few read them
    MlDsa,
}

impl Keys {
    pub(crate) fn of_root(self) -> KeyKind {
        match self {
            Self::Ec => KeyKind::P256,
            Self::Rsa => KeyKind::Rsa4096,
            Self::MlDsa => KeyKind::MlDsa65,
        }
    }

    pub(crate) fn of_leaves(self) -> KeyKind {
        match self {
            Self::Ec => KeyKind::P256,
            Self::Rsa => KeyKind::Rsa2048,
            Self::MlDsa => KeyKind::MlDsa65,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Ec => "P-256",
            Self::Rsa => "RSA-2048 leaves, RSA-4096 root",
            Self::MlDsa => "ML-DSA-65",
        }
    }

    /// As the argument is spelt.
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Self::Ec => "ec",
            Self::Rsa => "rsa",
            Self::MlDsa => "ml-dsa",
        }
    }
}

impl RecipeSet {
    pub(crate) fn run(&self) -> Result<()> {
        write(&self.directory, self.key_type)
    }
}

/// The files of the set, the same that the shell recipe leaves.
pub(crate) const FILES: [&str; 8] = [
    "ca.crt",
    "ca.key",
    "client.crt",
    "client.key",
    "client.p12",
    "client_ios.p12",
    "server.crt",
    "server.key",
];

/// Makes the set and writes its eight files (with ML-DSA six), with the recipe's names and lives.
pub(crate) fn write(directory: &Path, keys: Keys) -> Result<()> {
    let now = OffsetDateTime::now_utc();
    let root_key = KeyPair::generate(keys.of_root())?;
    let root_key_pem = root_key.secret_pkcs8_pem();
    let profile = Profile::root().with_validity(ValidityLimits::exactly_days(3650));
    let root_name = name("MyTestCA", Some("Dev"), "MyTestRootCA")?;
    let root = Authority::root(root_name, root_key, &profile, now)?;

    let server_names = [
        SubjectAltName::Dns("localhost".to_owned()),
        SubjectAltName::Dns("api.example.local".to_owned()),
        SubjectAltName::Ip([127, 0, 0, 1].into()),
    ];
    let profile = Profile::server()
        .with_keys([keys.of_leaves()])
        .with_subject(AllowedSubject::any())
        .with_validity(ValidityLimits::exactly_days(825));
    let subject = name("MyOrg", None, "api.example.local")?;
    let (server_key, server) = leaf(&root, keys, &profile, subject, server_names, now)?;

    let email = SubjectAltName::Email("client1@example.local".to_owned());
    let profile = Profile::client()
        .with_keys([keys.of_leaves()])
        .with_subject(AllowedSubject::any())
        .with_validity(ValidityLimits::exactly_days(365));
    let subject = name("MyOrg", Some("Clients"), "client1")?;
    let (client_key, client) = leaf(&root, keys, &profile, subject, [email], now)?;
    let bundle = |encoding| {
        Bundle::builder(&client_key, client.certificate().der())
            .chain([root.certificate().der()])
            .encoding(encoding)
            .build(&Password::new("MyP12Passw0rd"))
    };

    let [
        ca_crt,
        ca_key,
        client_crt,
        client_key_pem,
        modern,
        compat,
        server_crt,
        server_key_pem,
    ] = FILES.map(|file| directory.join(file));
    put(&ca_crt, certificate_pem(root.certificate()).as_bytes())?;
    put(&ca_key, root_key_pem.as_bytes())?;
    put(&server_crt, server.pem().as_bytes())?;
    put(&server_key_pem, server_key.secret_pkcs8_pem().as_bytes())?;
    put(&client_crt, client.pem().as_bytes())?;
    put(&client_key_pem, client_key.secret_pkcs8_pem().as_bytes())?;
    if keys == Keys::MlDsa {
        return Ok(());
    }
    put(&modern, &bundle(Encoding::Modern)?)?;
    put(&compat, &bundle(Encoding::Compat)?)
}

fn leaf(
    issuer: &Authority,
    keys: Keys,
    profile: &Profile,
    subject: DistinguishedName,
    names: impl IntoIterator<Item = SubjectAltName>,
    now: OffsetDateTime,
) -> Result<(KeyPair, Issued)> {
    let key = KeyPair::generate(keys.of_leaves())?;
    let request = CertificateParameters::for_key(key.public_key_der(), subject).sans(names);
    let issued = issuer.issue(&request, profile, now)?;
    Ok((key, issued))
}

/// The recipe's names: `/C=US/ST=State/L=City/O=…/OU=…/CN=…`.
pub(crate) fn name(
    organization: &str,
    unit: Option<&str>,
    common_name: &str,
) -> Result<DistinguishedName> {
    let mut name = DistinguishedName::builder()
        .country("US")
        .state("State")
        .locality("City")
        .organization(organization);
    if let Some(unit) = unit {
        name = name.organizational_unit(unit);
    }
    Ok(name.common_name(common_name).build()?)
}

/// A file for its owner alone, from its first byte; all of them, as most have a key.
fn put(file: &Path, contents: &[u8]) -> Result<()> {
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    opened
        .and_then(|mut opened| opened.write_all(contents))
        .with_context(|| format!("writing {}", file.display()))
}

/// The names of all files in `directory`, sorted.
pub(crate) fn listing(directory: &Path) -> Result<Vec<String>> {
    let mut names = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_eight_files() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        write(directory.path(), Keys::Ec).expect("the set can be made");
        assert_eq!(listing(directory.path()).expect("it can be read"), FILES);
    }
}
