//! Where the CRLs and certificates of an issuer are: the paths here, and the URLs in certificates.

use pki_store::Issuer;

/// The URLs that certificates say, below one that the CA is reached by.
///
/// An issuer has a name of its own in them, which changes with its key: `default-issuing`, and after a rotation
/// `default-issuing-2`.
///
/// ```
/// let urls = pki_enroll::PublicUrls::new("http://ca.example.org:8080/");
/// assert_eq!(urls.crl("default-issuing"), "http://ca.example.org:8080/crl/default-issuing-{partition}.crl");
/// assert_eq!(urls.certificate("default-issuing"), "http://ca.example.org:8080/ca/default-issuing.crt");
/// assert_eq!(urls.ocsp(), "http://ca.example.org:8080/ocsp");
/// ```
#[derive(Clone, Debug)]
pub struct PublicUrls(String);

impl PublicUrls {
    /// Below `base`, such as `http://ca.example.org:8080`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self(base.trim_end_matches('/').to_owned())
    }

    /// Where the CRLs of the issuer are, with `{partition}` in place of their number: what
    /// [`NewIssuer::crl_url`](pki_store::NewIssuer) takes.
    #[must_use]
    pub fn crl(&self, issuer: &str) -> String {
        format!("{}/crl/{issuer}{SUFFIX}.crl", self.0)
    }

    /// Where the certificate of the issuer is: caIssuers in the authority information access.
    #[must_use]
    pub fn certificate(&self, issuer: &str) -> String {
        format!("{}/ca/{issuer}.crt", self.0)
    }

    /// Where the responder is, which is one for all issuers.
    #[must_use]
    pub fn ocsp(&self) -> String {
        format!("{}/ocsp", self.0)
    }

    /// Where all CRLs are in one PEM file, for servers that verify certificates.
    #[must_use]
    pub fn all_crls(&self) -> String {
        format!("{}{ALL_CRLS}", self.0)
    }
}

/// The name of an issuer in its paths: that of its CRL URL, or `CA-ROLE`.
#[must_use]
pub(crate) fn name_of(issuer: &Issuer) -> String {
    let file = issuer.crl_url.as_deref().and_then(file_name);
    let stem = file.map(|file| file.strip_suffix(".crl").unwrap_or(file));
    match stem.map(|stem| stem.strip_suffix(SUFFIX).unwrap_or(stem)) {
        Some(name) => name.to_owned(),
        None => format!("{}-{}", issuer.ca, issuer.role.as_str()),
    }
}

/// The path of a CRL: `/crl/` and the last part of its URL.
pub(crate) fn crl(issuer: &Issuer, partition: u32) -> String {
    let url = issuer.crl_url(partition);
    match url.as_deref().and_then(file_name) {
        Some(file) => format!("/crl/{file}"),
        None => format!("/crl/{}-{partition}.crl", name_of(issuer)),
    }
}

/// The path of an issuer's certificate, in DER.
pub(crate) fn certificate(issuer: &Issuer) -> String {
    format!("/ca/{}.crt", name_of(issuer))
}

/// The path of an issuer's certificate and those above it, in PEM.
pub(crate) fn chain(issuer: &Issuer) -> String {
    format!("/ca/{}.pem", name_of(issuer))
}

/// What is behind the last `/` of a URL with a path.
fn file_name(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let file = path.split(['?', '#']).next()?.rsplit('/').next()?;
    (!file.is_empty()).then_some(file)
}

const SUFFIX: &str = "-{partition}";
/// The path of all CRLs in one PEM file.
pub(crate) const ALL_CRLS: &str = "/crl/all.pem";

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn the_last_part_of_a_path_is_the_file() {
        for (url, file) in [
            (
                "http://ca.example/crl/a-{partition}.crl",
                Some("a-{partition}.crl"),
            ),
            ("http://ca.example/pki/a.crl?x=/y", Some("a.crl")),
            ("http://ca.example/", None),
            ("http://ca.example", None),
            ("ca.crl", None),
        ] {
            assert_eq!(file_name(url), file, "{url}");
        }
    }
}
