//! A client whose keys are made in a token and stay there: it enrols, presents its certificate, and renews it for a second
//! key.
//!
//! cargo run -p pki-pkcs11 --example token_client -- https://localhost:8444 ca.crt TOKEN_FILE \
//!     'pkcs11:token=ca?module-path=/usr/lib/softhsm/libsofthsm2.so' PIN_FILE

use std::{env, fs};

use anyhow::{Context, Result, bail};
use mtls_client::{CertificateRequest, ClientIdentity, Enrolled, Enroller, KeyKind, TrustAnchors};
use pki_core::Password;
use pki_pkcs11::{Module, TokenKey, TokenUri};
use x509_identity::DistinguishedName;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [url, roots, token, uri, pin] = arguments.as_slice() else {
        bail!("usage: token_client URL CA_FILE TOKEN_FILE PKCS11_URI PIN_FILE");
    };
    let read = |file: &String| fs::read(file).with_context(|| format!("reading {file}"));
    let enroller = Enroller::new(url, TrustAnchors::from_pem(&read(roots)?)?)?;
    let token = Password::from_file(&read(token)?)?;
    let pin = Password::from_file(&read(pin)?)?;
    let module = Module::load(uri.parse::<TokenUri>()?.module_path())?;
    // The names are those of the token, and then those of the certificate.
    let no_name = DistinguishedName::default();
    let make = |label: &str| -> Result<(TokenKey, CertificateRequest)> {
        let uri: TokenUri = uri.replacen('?', &format!(";object={label}?"), 1).parse()?;
        let key = module.generate(&uri, &pin, KeyKind::P256)?;
        let request = CertificateRequest::build(&key, &no_name, &[])?;
        Ok((key, request))
    };

    let (key, request) = make("first")?;
    let enrolled = enroller.enroll(token.secret_str(), &request).await?;
    println!("enrolled {}", enrolled.certificate.subject());
    let (next, request) = make("second")?;
    let renewed = enroller.renew(identity(&enrolled, key)?, &request).await?;
    enroller.try_identity(identity(&renewed, next)?).await?;
    println!("renewed {}", renewed.certificate.subject());
    Ok(())
}

fn identity(enrolled: &Enrolled, key: TokenKey) -> Result<ClientIdentity> {
    let chain = tls_identity::certificates(enrolled.chain_pem.as_bytes())?;
    Ok(ClientIdentity::of_signer(chain, key)?)
}
