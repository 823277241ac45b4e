//! The command that issues a certificate again, where the CA's key is at hand; otherwise who has to do it.

use std::path::Path;

use pki_core::verify::{Purpose, is_signed_by};
use time::OffsetDateTime;
use x509_identity::pattern::DnsPattern;
use x509_identity::{Certificate, SubjectAltName};

use crate::files::reading::text;
use crate::files::shell;
use crate::finding::Finding;
use crate::target::Options;

use super::surroundings::Surroundings;

/// A leaf that has to be issued again.
pub(crate) struct Reissue<'a> {
    pub(crate) leaf: &'a Certificate,
    /// The PEM file that the certificate is the first of; `None` for a bundle.
    pub(crate) file: Option<&'a Path>,
    pub(crate) purpose: Purpose,
    pub(crate) surroundings: &'a Surroundings<'a>,
    pub(crate) options: &'a Options,
    /// The SubjectPublicKeyInfo of the key that it is issued for: the leaf's own, unless that is the fault.
    pub(crate) public: &'a [u8],
}

impl Reissue<'_> {
    /// Adds the step to a finding.
    pub(crate) fn mends(&self, finding: Finding) -> Finding {
        finding.command_or(
            self.command(),
            format!(
                "Have the CA issue it again for {}, such as `mtls issue {} NAME` or `mtls sign FILE.csr --profile {}`.",
                self.purpose.usage(),
                self.purpose,
                self.purpose,
            ),
        )
    }

    /// The same as a step.
    pub(crate) fn command(&self) -> Option<String> {
        let file = self.file?;
        let key = self.surroundings.key(self.public)?;
        let (ca, issuer) = self.issuer()?;
        let ca_key = self.surroundings.key(issuer.spki_der())?;
        let subject = shell::subject(self.leaf.subject())?;
        let now = self.options.now;
        let left = (issuer.not_after() - now).whole_days();
        if left < 1 || issuer.not_before() > now || !issuer.is_ca() {
            return None;
        }
        let days = left.min(365);
        let file = shell::path(file);
        let extensions: Vec<String> = self
            .extensions()
            .iter()
            .map(|line| shell::word(line))
            .collect();
        // What follows the certificate in its file stays there.
        let issue = format!(
            "{{ openssl req -new -utf8 -key {} -subj {subject} | openssl x509 -req -CA {} -CAkey {} -set_serial 0x4$(openssl \
             rand -hex 15) -days {days} -extfile {file}.ext; awk '/-----BEGIN/{{n++}} n>1' {file}; }}",
            shell::path(key),
            shell::path(ca),
            shell::path(ca_key),
        );
        Some(format!(
            "printf '%s\\n' {} > {file}.ext && {} && rm {file}.ext",
            extensions.join(" "),
            text::rewritten(&file, &issue)
        ))
    }

    /// The CA of the leaf: who signed it or, where that is the fault, who has its issuer's name.
    fn issuer(&self) -> Option<(&Path, &Certificate)> {
        // Whoever signed itself is not whom it should be issued by.
        let is_other = |ca: &Certificate| ca.is_ca() && ca.spki_der() != self.leaf.spki_der();
        let named = || {
            let known = self.surroundings.certificates();
            known.filter(|(_, ca)| is_other(ca) && self.leaf.names_issuer(ca))
        };
        let usable =
            |ca: &Certificate| is_other(ca) && self.surroundings.key(ca.spki_der()).is_some();
        named()
            .find(|(_, ca)| is_signed_by(self.leaf, ca))
            .or_else(|| named().find(|(_, ca)| usable(ca)))
            // Self-signed or of nobody that is known: of the CA that was given with its key.
            .or_else(|| {
                self.surroundings
                    .certificates()
                    .find(|(_, ca)| usable(ca) && ca.is_self_issued())
            })
    }

    fn extensions(&self) -> Vec<String> {
        let mut lines = vec![
            "basicConstraints=critical,CA:FALSE".to_owned(),
            "keyUsage=critical,digitalSignature".to_owned(),
            format!("extendedKeyUsage={}", self.purpose.usage()),
            "subjectKeyIdentifier=hash".to_owned(),
            "authorityKeyIdentifier=keyid".to_owned(),
        ];
        let names = self.names();
        if !names.is_empty() {
            lines.push(format!("subjectAltName={}", names.join(",")));
        }
        lines
    }

    /// The names that it has, and the host that it has to have.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.leaf.sans().iter().filter_map(entry).collect();
        names.dedup();
        if self.purpose == Purpose::TlsServer {
            let host = self.options.host.as_deref();
            let common = self.leaf.subject().common_name();
            if let Some(host) = host.or(if names.is_empty() { common } else { None }) {
                let entry = match host.parse::<std::net::IpAddr>() {
                    Ok(address) => format!("IP:{address}"),
                    Err(_) => format!("DNS:{host}"),
                };
                if is_plain(host) && !names.contains(&entry) {
                    names.push(entry);
                }
            }
        }
        names
    }
}

fn entry(name: &SubjectAltName) -> Option<String> {
    let entry = match name {
        SubjectAltName::Dns(text) => host_entry(text)?,
        SubjectAltName::Ip(address) => ("IP", address.to_string()),
        SubjectAltName::Email(text) => ("email", text.clone()),
        SubjectAltName::Uri(text) => ("URI", text.clone()),
        _ => return None,
    };
    is_plain(&entry.1).then(|| format!("{}:{}", entry.0, entry.1))
}

/// A host name without what does not belong to it: a scheme, a port, a dot at the end. An address is one.
fn host_entry(text: &str) -> Option<(&'static str, String)> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split('/').next()?.trim_end_matches('.');
    if let Ok(address) = host.parse::<std::net::IpAddr>() {
        return Some(("IP", address.to_string()));
    }
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let is_usable = host.parse::<DnsPattern>().is_ok();
    is_usable.then(|| match host.parse::<std::net::IpAddr>() {
        Ok(address) => ("IP", address.to_string()),
        Err(_) => ("DNS", host.to_owned()),
    })
}

/// Without what separates names in OpenSSL's configuration.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains([',', '$', '\\', '#', '"', '\'', '\n'])
}

/// A CA's certificate is issued by the CA above it, whose key is seldom here.
pub(crate) fn of_ca(finding: Finding, subject: &str, how: &str) -> Finding {
    finding.step(format!(
        "Have the CA above {subject} issue it again {how}, and replace it wherever it is presented or trusted."
    ))
}

/// Whether a moment is so near that a clock may be wrong about it.
pub(crate) fn is_near(moment: OffsetDateTime, now: OffsetDateTime) -> bool {
    (moment - now).abs() <= time::Duration::hours(26)
}
