//! `mtls p12 convert`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use pkcs12_ios::{Archive, BuildError, Bundle, Encoding, Limits, Reader, inspect};
use pki_core::Password;
use x509_identity::Certificate;

use crate::files::{password_of, read_secret, write_secret};
use crate::home::password;
use crate::output::{Outcome, Output, note};

/// Write a bundle anew, with the algorithms that its readers need
///
/// The key, its certificate, the chain, other CA certificates and the friendly name are kept. Other keys, CRLs, secrets and
/// attributes are left out, and named. With --target, the new bundle is checked for these readers before it is written.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls p12 convert old.p12 --password-file password.txt --target ios17 --out phone.p12\n  \
                  mtls p12 convert old.p12 --password-file password.txt --to modern --out client.p12\n\n\
                  Targets: ios17 ios18 ios26 macos14 macos15 android13 android14 java8 java17 win2016 win1709 openssl3 nss \
                  node20"
)]
pub(crate) struct Convert {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The file whose first line is the bundle's password; asked for on the terminal without it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// The password of the new bundle [default: that of the old one]
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,

    /// Who has to import the new bundle
    #[arg(long, value_name = "TARGET")]
    target: Vec<Reader>,

    /// The algorithms of the new bundle [default: the strongest that every target takes; compat without one]
    #[arg(long, value_enum)]
    to: Option<Kind>,

    /// The friendly name of the key to keep, where there are several
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Leave out every certificate that is not above that of the key
    #[arg(long)]
    chain_only: bool,

    /// Read a bundle without a MAC, which may have been changed since it was written
    #[arg(long)]
    allow_missing_mac: bool,

    /// Write a password with other characters than ASCII, which Java refuses
    #[arg(long)]
    allow_unicode_password: bool,

    /// Where the new bundle goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// 3DES and SHA-1: every reader, iOS 17 and older too
    Compat,
    /// AES-256 and SHA-256: iOS 18, macOS 15, Android 14, OpenSSL 1.1 and newer
    Modern,
}

impl Convert {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        if self.out.exists() && !self.force {
            bail!(
                "{} is there already: give another name, or --force to replace it",
                self.out.display()
            );
        }
        let bytes = read_secret(&self.file)?;
        let old = password(
            self.password_file.as_deref(),
            "the bundle",
            "--password-file",
        )?;
        let mut limits = Limits::default();
        if self.allow_missing_mac {
            limits = limits.allow_missing_mac();
        }
        let cannot_open = || format!("cannot open {}", self.file.display());
        let archive = Archive::read(&bytes, &old, &limits).with_context(cannot_open)?;
        let bundle =
            Bundle::of_archive(&archive, self.name.as_deref()).with_context(cannot_open)?;
        let new = match &self.new_password_file {
            Some(path) => password_of(path)?,
            None => old,
        };
        let new_bundle = self.build(&bundle, &archive, &new)?;
        self.check(&new_bundle, &new)?;
        write_secret(&self.out, &new_bundle)?;
        for left_out in left_out(&archive, &bundle, self.chain_only) {
            note(format!("left out: {left_out}"));
        }
        out.line(format!("wrote {}", self.out.display()))?;
        Ok(Outcome::Done)
    }

    fn build(&self, bundle: &Bundle, archive: &Archive, password: &Password) -> Result<Vec<u8>> {
        let encoding = match self.to {
            Some(Kind::Compat) => Encoding::Compat,
            Some(Kind::Modern) => Encoding::Modern,
            None => Encoding::for_readers(&self.target),
        };
        let mut builder = bundle
            .rebuild()
            .context("its key cannot be bundled")?
            .encoding(encoding);
        if !self.chain_only {
            builder = builder.chain(other_authorities(archive, bundle));
        }
        if self.allow_unicode_password {
            builder = builder.allow_unicode_password();
        }
        builder.build(password).map_err(|error| {
            let is_about_password = matches!(
                error,
                BuildError::EmptyPassword
                    | BuildError::PasswordNotPortable { .. }
                    | BuildError::PasswordTooLong { .. }
            );
            let what = match is_about_password {
                true => "no bundle was written; give the new one another password with --new-password-file",
                false => "no bundle was written",
            };
            anyhow::Error::from(error).context(what)
        })
    }

    /// Reads the new bundle as its readers do.
    fn check(&self, bundle: &[u8], password: &Password) -> Result<()> {
        let inspection = inspect(bundle, Some(password), &Limits::default())
            .context("the new bundle cannot be read")?;
        for reader in &self.target {
            let outlook = inspection.outlook(*reader);
            if !outlook.is_accepted() {
                let objections = outlook.objections.iter().map(ToString::to_string);
                bail!(
                    "{reader} would not import the new bundle, so none was written: {}",
                    objections.collect::<Vec<_>>().join("; ")
                );
            }
        }
        Ok(())
    }
}

/// The CA certificates that are not in the chain.
fn other_authorities<'a>(archive: &'a Archive, bundle: &Bundle) -> Vec<&'a [u8]> {
    others(archive, bundle)
        .filter(|der| is_authority(der))
        .collect()
}

fn others<'a>(archive: &'a Archive, bundle: &Bundle) -> impl Iterator<Item = &'a [u8]> {
    let kept = |der: &[u8]| {
        der == bundle.leaf_der() || bundle.chain_der().iter().any(|it| it.as_slice() == der)
    };
    let all = archive.certificates().iter().map(|it| it.der());
    all.filter(move |der| !kept(der))
}

fn is_authority(der: &[u8]) -> bool {
    Certificate::from_der(der).is_ok_and(|certificate| certificate.is_ca())
}

/// What is in the old bundle and not in the new one, in words.
fn left_out(archive: &Archive, bundle: &Bundle, chain_only: bool) -> Vec<String> {
    let mut left_out = Vec::new();
    let keys = archive.keys().len();
    if keys > 1 {
        left_out.push(format!("{} other private keys", keys - 1));
    }
    for der in others(archive, bundle).filter(|der| chain_only || !is_authority(der)) {
        left_out.push(match Certificate::from_der(der) {
            Ok(certificate) => format!("the certificate of {}", certificate.subject()),
            Err(_) => "a certificate that cannot be read".to_owned(),
        });
    }
    let skipped = archive.skipped().iter();
    left_out.extend(skipped.map(|bag| format!("a bag of the type {}", bag.kind())));
    let attributes = archive.keys().iter().map(|it| it.attributes());
    let attributes = attributes.chain(archive.certificates().iter().map(|it| it.attributes()));
    let others: usize = attributes.map(|it| it.others().len()).sum();
    if others > 0 {
        left_out.push(format!("{others} attributes that no other program needs"));
    }
    left_out
}
