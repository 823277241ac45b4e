//! A file of another kind than what belongs there.

use tls_identity::Found;
use x509_identity::pem;

use super::text;
use crate::files::shell;
use crate::finding::Finding;
use crate::target::Role;

use super::item::Item;

/// Where the role says what it is meant to be, and it is not.
pub(crate) fn of(item: &Item) -> Option<Finding> {
    let wants_certificate = matches!(item.role, Role::Certificate | Role::Ca);
    if wants_certificate && item.certificates.is_empty() {
        return Some(match (&item.key, item.crls.is_empty()) {
            (Some(_), _) => error(
                "key-not-certificate",
                item,
                "A certificate belongs here, and the file holds a private key: certificate and key look swapped.".to_owned(),
            )
            .why("nginx, Apache and curl: `no start line` (`Expecting: CERTIFICATE`).")
            .step("Give the certificate here and the key where the key belongs."),
            (None, false) => error(
                "crl-not-certificate",
                item,
                "A certificate belongs here, and the file holds a CRL.".to_owned(),
            )
            .why("OpenSSL and what is built on it: `no start line` (`Expecting: CERTIFICATE`).")
            .step("Give the certificate here, and the CRL where CRLs belong."),
            (None, true) => return Some(other(item, Found::of(&item.bytes))),
        });
    }
    if item.role == Role::Key && item.key.is_none() && !item.certificates.is_empty() {
        return Some(
            error(
                "certificate-not-key",
                item,
                "A private key belongs here, and the file holds a certificate: certificate and key look swapped."
                    .to_owned(),
            )
            .why("nginx, Apache and curl: `no start line` (`Expecting: ANY PRIVATE KEY`).")
            .step("Give the key here and the certificate where the certificate belongs."),
        );
    }
    if item.role == Role::Crl && item.crls.is_empty() {
        let found = Found::of(&item.bytes);
        return Some(
            error("not-a-crl", item, format!("A CRL belongs here, and the file holds {found}."))
                .why("OpenSSL and what is built on it: `no certificate or crl found`, and nobody can be checked.")
                .step("Give the CRL that the CA publishes (`-----BEGIN X509 CRL-----`)."),
        );
    }
    None
}

/// What else a file may hold; it is of no use in any role.
pub(crate) fn other(item: &Item, found: Found) -> Finding {
    let file = shell::path(&item.path);
    let wanted = match item.role {
        Role::Any => "a certificate, key, bundle or CRL",
        Role::Ca | Role::Certificate => "a certificate",
        Role::Crl => "a CRL",
        Role::Key => "a private key",
        Role::P12 => "a PKCS#12 bundle",
    };
    let what = |found: &str| format!("The file holds {found}, where {wanted} belongs.");
    match found {
        Found::CertificateRequest => error(
            "request-not-certificate",
            item,
            what("a certificate signing request"),
        )
        .why("A request is what a CA makes a certificate of. nginx, Apache and curl: `no start line`.")
        .step("Have the CA sign it (`mtls sign FILE.csr --profile client`), and give the certificate that it issued."),
        Found::Container => {
            let form = if pem::is_der(&item.bytes) { " -inform DER" } else { "" };
            let command = format!("openssl pkcs7{form} -print_certs -in {file}");
            error("pkcs7-not-pem", item, what("a PKCS#7 container (.p7b)"))
                .why("Windows exports these; nginx, Apache, HAProxy, curl and Node read certificates alone: `no start line`.")
                .command(text::rewritten(&file, &command))
        }
        Found::Base64 => {
            let command = format!(
                "{{ echo '-----BEGIN CERTIFICATE-----'; tr -d '[:space:]' < {file} | fold -w 64; echo; echo '-----END CERTIFICATE-----'; }}"
            );
            error("base64-without-pem", item, what("base64 without a `-----BEGIN` and an `-----END` line"))
                .why("OpenSSL and what is built on it: `no start line`.")
                .command(text::rewritten(&file, &command))
        }
        Found::Base64Pkcs12 => {
            error("base64-bundle", item, what("a PKCS#12 bundle in base64"))
                .why("Every reader takes the binary form alone, and most say that the password is wrong.")
                .command(text::rewritten(&file, &format!("base64 -d {file}")))
        }
        Found::JavaKeystore => error("java-keystore", item, what("a Java keystore (JKS)"))
            .why("No program but Java reads it.")
            .command(format!(
                "keytool -importkeystore -srckeystore {file} -destkeystore {file}.p12 -deststoretype pkcs12"
            )),
        Found::OpenSshKey => error("openssh-key", item, what("a private key in OpenSSH's or PuTTY's own form"))
            .why("OpenSSL and what is built on it: `no start line`, `unsupported`.")
            .command(format!("ssh-keygen -p -m PKCS8 -N '' -f {file}")),
        Found::Nothing => error("file-empty", item, "The file is empty.".to_owned())
            .why("OpenSSL and what is built on it: `no start line`.")
            .step("Write it again; a command that failed has often left an empty file."),
        other => {
            let what = what(&other.to_string());
            error("wrong-kind-of-file", item, what)
                .why("OpenSSL and what is built on it: `no start line`.")
                .step("Give the right file.")
        }
    }
}

/// A bundle where PEM belongs.
pub(crate) fn bundle(item: &Item) -> Finding {
    let file = shell::path(&item.path);
    let what = "The file is a PKCS#12 bundle (.p12), where PEM belongs.".to_owned();
    let finding = error("bundle-not-pem", item, what).why(
        "nginx, Apache, HAProxy and Envoy: `no start line`. They take certificate and key as PEM.",
    );
    match item.role {
        Role::Key => finding.command(format!(
            "(umask 077; openssl pkcs12 -in {file} -nocerts -nodes -out {file}.key)"
        )),
        Role::Ca => finding.command(format!(
            "openssl pkcs12 -in {file} -cacerts -nokeys -out {file}.crt"
        )),
        _ => finding.command(format!("openssl pkcs12 -in {file} -nokeys -out {file}.crt")),
    }
}

/// Something else where a bundle belongs.
pub(crate) fn not_a_bundle(item: &Item, found: Found) -> Finding {
    let what = format!("A PKCS#12 bundle (.p12) belongs here, and the file holds {found}.");
    error("not-a-bundle", item, what)
        .why("Every reader refuses it, and most say that the password is wrong.")
        .step("Export certificate and key as a bundle: `openssl pkcs12 -export -inkey KEY -in CERTIFICATE -out FILE.p12`.")
}

/// Binary, where most programs take text alone.
pub(crate) fn der(item: &Item, found: Found) -> Option<Finding> {
    let file = shell::path(&item.path);
    let (what, command) = match found {
        Found::Certificate => (
            "certificate",
            format!("openssl x509 -inform DER -in {file}"),
        ),
        Found::RevocationList => ("CRL", format!("openssl crl -inform DER -in {file}")),
        _ => (
            "private key",
            format!("openssl pkey -inform DER -in {file}"),
        ),
    };
    let sentence = format!("The {what} is binary (DER), and not PEM text.");
    let finding = match item.role {
        Role::Any => Finding::note("der-not-pem", item.place(), sentence),
        _ => Finding::warning("der-not-pem", item.place(), sentence),
    };
    let why =
        "nginx, Apache, HAProxy, Envoy and Node read PEM alone: `no start line`. Phones take both.";
    // A published CRL is DER (RFC 5280 section 4.2.1.13).
    if found == Found::RevocationList && item.role == Role::Any {
        return None;
    }
    Some(finding.why(why).command(text::rewritten(&file, &command)))
}

fn error(id: &'static str, item: &Item, what: String) -> Finding {
    Finding::error(id, item.place(), what)
}
