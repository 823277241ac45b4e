//! `mtls doctor`.

mod print;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use mtls_doctor::{Options, Purpose, Reader, Role, Severity, Target, examine};
use pki_core::pem::Found;
use time::OffsetDateTime;

use crate::files::{password_of, read};
use crate::global::Global;
use crate::home::password;
use crate::output::{Outcome, Output};

/// Say why mutual TLS does not work: what is wrong, who refuses it, and what mends it
///
/// Looks at certificates, keys, bundles, CAs, CRLs, configurations of servers (nginx, Apache, HAProxy, Envoy, Caddy) and
/// servers, and compares whatever it is given. Exit code 1 where something does not work.
#[derive(Args, Debug)]
#[command(
    after_help = "Here, --ca FILE is the CA that the other side trusts, and with a URL the CA that the server's certificate has to be of; give more of them as targets.\n\n\
                  Examples:\n  mtls doctor client.crt client.key --ca ca.crt\n  mtls doctor --p12 client.p12 --password-file password.txt --reader ios17\n  \
                  mtls doctor /etc/nginx/nginx.conf client.crt client.key\n  mtls doctor https://api.example.org:8443 --p12 client.p12"
)]
pub(crate) struct Doctor {
    /// Files and URLs; what a file holds is recognised
    #[arg(value_name = "TARGET", required_unless_present_any = ["p12", "cert", "key", "crl", "ca"])]
    targets: Vec<String>,

    /// The bundle that a client or server presents
    #[arg(long, value_name = "FILE")]
    p12: Option<PathBuf>,

    /// The certificate that a client or server presents, and the intermediates behind it
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,

    /// The private key of that certificate
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// A CRL
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,

    /// The file whose first line is the password of the bundle or the key; asked for on a terminal without it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// The host name or IP address that the server's certificate has to be for
    #[arg(long, value_name = "NAME")]
    host: Option<String>,

    /// What the certificate is presented for [default: what it, its names and its file's name say]
    #[arg(long = "for", value_enum, value_name = "PURPOSE")]
    purpose: Option<For>,

    /// Who has to read the bundle, as in `mtls p12 check` [default: whatever is in use today]
    #[arg(long, value_name = "TARGET")]
    reader: Vec<Reader>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    Client,
    Server,
}

impl Doctor {
    pub(crate) fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let targets = self.targets(global);
        let mut options = Options::new(OffsetDateTime::now_utc());
        options.password = match &self.password_file {
            Some(path) => Some(password_of(path)?),
            None if io::stdin().is_terminal() => match targets.iter().find_map(locked) {
                Some(path) => Some(password(
                    None,
                    &path.display().to_string(),
                    "--password-file",
                )?),
                None => None,
            },
            None => None,
        };
        options.password_file = self.password_file;
        options.host = self.host;
        options.purpose = self.purpose.map(|purpose| match purpose {
            For::Client => Purpose::TlsClient,
            For::Server => Purpose::TlsServer,
        });
        options.readers = self.reader;
        let report = examine(&targets, &options);
        if out.is_json() {
            out.json(&report)?;
        } else {
            print::report(out, &report)?;
        }
        Ok(Outcome::found(report.count(Severity::Error) > 0))
    }

    fn targets(&self, global: &Global) -> Vec<Target> {
        let ca = global.ca.as_ref().map(PathBuf::from);
        let with_role = [
            (&self.p12, Role::P12),
            (&self.cert, Role::Certificate),
            (&self.key, Role::Key),
            (&ca, Role::Ca),
        ];
        let with_role = with_role.into_iter().filter_map(|(path, role)| {
            let path = path.as_ref()?;
            Some(Target::file(path, role))
        });
        let plain = self.targets.iter().map(|text| Target::parse(text));
        let crls = self.crl.iter().map(|path| Target::file(path, Role::Crl));
        plain.chain(with_role).chain(crls).collect()
    }
}

/// The path of a file that needs a password.
fn locked(target: &Target) -> Option<&Path> {
    let Target::File { path, .. } = target else {
        return None;
    };
    let found = Found::of(&read(path).ok()?);
    matches!(found, Found::Pkcs12 | Found::EncryptedPrivateKey).then_some(path)
}
