//! Applications for phones, filled with the lab's own names and pins.

use base64ct::{Base64, Encoding as _};
use x509_identity::{Certificate, SubjectAltName};

use crate::file::{FileKind, LabFile};
use crate::options::Options;

/// The sources in `devices/`, for a lab with these certificates.
pub(crate) fn files(options: &Options, server: &Certificate, ca: &Certificate) -> Vec<LabFile> {
    let values = Values::of(options, server, ca);
    let file = |(path, text): &(&str, &str)| {
        let kind = if path.ends_with(".md") {
            FileKind::Readme
        } else {
            FileKind::ClientSource
        };
        LabFile::new(*path, kind, values.fill(text))
    };
    SOURCES.iter().map(file).collect()
}

/// What differs from lab to lab.
struct Values {
    host: String,
    password: &'static str,
    server_pin: String,
    ca_pin: String,
}

impl Values {
    fn of(options: &Options, server: &Certificate, ca: &Certificate) -> Self {
        Self {
            host: host(options),
            password: options.shown_password(),
            server_pin: pin(server),
            ca_pin: pin(ca),
        }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("@HOST@", &self.host)
            .replace("@PORT@", PORT)
            .replace("@PASSWORD@", self.password)
            .replace("@SERVER_PIN@", &self.server_pin)
            .replace("@CA_PIN@", &self.ca_pin)
    }
}

/// Where the lab's servers listen.
const PORT: &str = "8443";

/// The name by which a phone finds the server: the first that was asked for, and else the one that a simulator knows.
/// Without a wildcard, and without an IPv6 address, which these files would have to write in two ways.
fn host(options: &Options) -> String {
    let names = || {
        options
            .extra_names
            .iter()
            .map(|name| name.to_subject_alt_name())
    };
    let dns = names().find_map(|name| match name {
        SubjectAltName::Dns(name) if !name.starts_with('*') => Some(name),
        _ => None,
    });
    let address = || {
        names().find_map(|name| match name {
            SubjectAltName::Ip(address) if address.is_ipv4() => Some(address.to_string()),
            _ => None,
        })
    };
    dns.or_else(address)
        .unwrap_or_else(|| "localhost".to_owned())
}

/// SHA-256 of the SubjectPublicKeyInfo, in base64 (RFC 7469 section 2.4).
fn pin(certificate: &Certificate) -> String {
    Base64::encode_string(certificate.spki_sha256())
}

macro_rules! sources {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../files/", $path)))),*]
    };
}

const SOURCES: &[(&str, &str)] = sources![
    "devices/android/CertificateRequest.kt",
    "devices/android/DeviceKey.kt",
    "devices/android/InstalledIdentity.kt",
    "devices/android/Lab.java",
    "devices/android/MutualTls.java",
    "devices/android/MutualTls.kt",
    "devices/android/OkHttpLab.java",
    "devices/android/README.md",
    "devices/android/network_security_config.xml",
    "devices/ios/ClientIdentity.swift",
    "devices/ios/EnclaveKey.swift",
    "devices/ios/Lab.swift",
    "devices/ios/LabConnection.swift",
    "devices/ios/MutualTLSDelegate.swift",
    "devices/ios/README.md",
    "devices/ios/ServerTrust.swift",
];
