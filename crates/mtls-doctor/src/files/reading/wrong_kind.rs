//! A file of another kind than what belongs there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tls_identity::Found;
use x509_identity::pem;
use zeroize::Zeroizing;

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
        Found::Base64 if within(&item.bytes) == Found::Container => {
            let command = format!("base64 -d {file} | openssl pkcs7 -inform DER -print_certs");
            error("pkcs7-not-pem", item, what("a PKCS#7 container (.p7b) in base64"))
                .why("Windows exports these; nginx, Apache, HAProxy, curl and Node read certificates alone: `no start line`.")
                .command(text::rewritten(&file, &command))
        }
        Found::Base64 if within(&item.bytes) != Found::Certificate => {
            error("base64-without-pem", item, what(&format!("{} in base64", within(&item.bytes))))
                .why("OpenSSL and what is built on it: `no start line`.")
                .command(text::rewritten(&file, &format!("base64 -d {file}")))
        }
        Found::Base64Pem => error("base64-without-pem", item, what("a PEM file in base64"))
            .why("Kubernetes has files so in a Secret. OpenSSL and what is built on it: `no start line`.")
            .command(text::rewritten(&file, &format!("base64 -d {file}"))),
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
        Found::OpenSshKey => error("openssh-key", item, what("a private key in OpenSSH's own form"))
            .why("OpenSSL and what is built on it: `no start line`, `unsupported`.")
            .command(format!("ssh-keygen -p -m PKCS8 -N '' -f {file}")),
        Found::Nothing => error("file-empty", item, "The file is empty.".to_owned())
            .why("OpenSSL and what is built on it: `no start line`.")
            .step("Write it again; a command that failed has often left an empty file."),
        other => {
            let what = what(&other.to_string());
            let finding = error("wrong-kind-of-file", item, what)
                .why("OpenSSL and what is built on it: `no start line`.");
            right_file(finding, other, &file)
        }
    }
}

/// How to get at what belongs there.
fn right_file(finding: Finding, found: Found, file: &str) -> Finding {
    match found {
        Found::Archive => finding.step(format!(
            "Unpack it, and give what is in it: `unzip {file}`, `tar -xzf {file}` or `gunzip < {file}`."
        )),
        Found::GitLfsPointer => finding.step(format!(
            "Fetch what it stands for: `git lfs pull --include {file}`."
        )),
        Found::Hexadecimal => finding.command(text::rewritten(
            file,
            &format!("perl -0777 -ne 's/[^0-9a-fA-F]//g; print pack(\"H*\", $_)' {file}"),
        )),
        Found::HtmlPage => finding.step(
            "A page was answered instead of the file, often one to log in: fetch it again with `curl -fL`, which says so.",
        ),
        Found::PuttyKey => finding.step(format!(
            "Convert it: `puttygen {file} -O private-openssh -o KEY && ssh-keygen -p -m PKCS8 -N '' -f KEY`."
        )),
        _ => finding.step("Give the right file."),
    }
}

/// What base64 stands for.
fn within(bytes: &[u8]) -> Found {
    let letters: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let decoded = STANDARD.decode(letters).map(Zeroizing::new);
    decoded.map_or(Found::Nothing, |bytes| Found::of(&bytes))
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
    let finding = error("not-a-bundle", item, what)
        .why("Every reader refuses it, and most say that the password is wrong.");
    if found == Found::Truncated {
        return cut_off(item);
    }
    if found == Found::JavaKeystore {
        return other(item, found);
    }
    if found == Found::Base64Pkcs12 {
        let file = shell::path(&item.path);
        return finding.command(text::rewritten(&file, &format!("base64 -d {file}")));
    }
    if found == Found::PemPkcs12 {
        let file = shell::path(&item.path);
        let command = format!("grep -v -e ----- {file} | base64 -d");
        return finding.command(text::rewritten(&file, &command));
    }
    finding.step("Export certificate and key as a bundle: `openssl pkcs12 -export -inkey KEY -in CERTIFICATE -out FILE.p12`.")
}

/// DER that says it is longer than the file.
pub(crate) fn cut_off(item: &Item) -> Finding {
    error("file-cut-off", item, "The end of the file is missing.".to_owned())
        .why("Every reader refuses it: `not enough data`, `header too long`; of a bundle, most say that the password is wrong.")
        .step("Copy the whole file again, as binary.")
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
