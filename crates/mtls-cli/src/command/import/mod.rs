//! `mtls import`.

mod imported;
mod openbao;
mod options;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use self::options::Options;
use crate::global::Global;
use crate::import::OtherCa;
use crate::output::{Outcome, Output};

/// Take over a CA that other software has run
///
/// Nothing is signed again: the CA keeps its certificate and key, every certificate that it has issued is listed and can
/// be revoked, and the numbers of its CRLs go on. The key is copied, and encrypted with the passphrase. The old
/// directory or server is only read; stop issuing with it afterwards.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls import easy-rsa /etc/easy-rsa/pki\n  mtls import openssl-ca /etc/ssl/demoCA --name old\n  \
                  mtls import openbao https://bao.example.org:8200 --mount pki_int --token-file token\n  \
                  mtls import ca ca.crt ca.key"
)]
pub(crate) struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// A directory of easy-rsa 3, with index.txt in it or in its pki
    #[command(after_help = "Example:\n  mtls import easy-rsa /etc/easy-rsa/pki")]
    EasyRsa {
        /// The directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        #[command(flatten)]
        options: Options,
    },
    /// A directory as `openssl ca` keeps it, with index.txt, newcerts and private in it
    #[command(after_help = "Example:\n  mtls import openssl-ca ./demoCA --name demo")]
    OpensslCa {
        /// The directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        #[command(flatten)]
        options: Options,
    },
    Openbao(openbao::Openbao),
    /// A CA certificate and its key, where no record of what it has issued is left
    #[command(after_help = "Example:\n  mtls import ca ca.crt ca.key")]
    Ca {
        /// The CA's certificate, and those above it (PEM)
        #[arg(value_name = "CERT")]
        certificate: PathBuf,
        /// Its key (PEM, perhaps encrypted)
        #[arg(value_name = "KEY")]
        key: PathBuf,
        #[command(flatten)]
        options: Options,
    },
}

impl Import {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let (other, options) = match self.from {
            From::EasyRsa { directory, options } => (OtherCa::easy_rsa(&directory), options),
            From::OpensslCa { directory, options } => (OtherCa::openssl_ca(&directory), options),
            From::Ca {
                certificate,
                key,
                options,
            } => (OtherCa::alone(&certificate, &key), options),
            From::Openbao(openbao) => {
                let imported = openbao.import(global).await?;
                return imported.report(out);
            }
        };
        let imported = options.import(other?, global).await?;
        imported.report(out)
    }
}
