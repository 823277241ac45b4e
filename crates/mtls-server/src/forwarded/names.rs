//! The names under which proxies tell of a client certificate, and their removal.

use axum::http::{HeaderMap, HeaderName, header};

use super::format::ForwardedFormat;

/// Removes every header that a proxy could have told of a client certificate with, and those of
/// `formats`, which may have names of their own. Says whether there were any.
///
/// This runs for each request: it allocates only if it removes.
pub(crate) fn strip(headers: &mut HeaderMap, formats: &[ForwardedFormat]) -> bool {
    let own = |name: &HeaderName| formats.iter().any(|format| format.claims(name));
    let told: Vec<HeaderName> = headers
        .keys()
        .filter(|name| tells_of_certificate(name.as_str()) || own(name))
        .cloned()
        .collect();
    for name in &told {
        headers.remove(name);
    }
    !told.is_empty()
}

/// Takes the names that [`strip`] removes out of `Connection`.
///
/// A client lists there what the next proxy has to remove before it forwards (RFC 9110 7.6.1): it
/// could have the identity removed that is about to be written.
pub(super) fn strip_connection_options(headers: &mut HeaderMap, formats: &[ForwardedFormat]) {
    let harmless = |option: &&str| {
        let option = option.trim();
        let own = |format: &ForwardedFormat| format.claims(option);
        !tells_of_certificate(option) && !formats.iter().any(own)
    };
    let options: Vec<&str> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    if options.iter().all(&harmless) {
        return;
    }
    let kept: Vec<&str> = options.into_iter().filter(|it| harmless(it)).collect();
    // Parts of a header value are one, too.
    match kept.join(",").try_into() {
        Ok(value) if !kept.is_empty() => headers.insert(header::CONNECTION, value),
        _ => headers.remove(header::CONNECTION),
    };
}

/// Whether two names are one for some reader: CGI, WSGI and their heirs make an underscore of
/// whatever is neither letter nor digit, and take no account of case.
pub(super) fn look_alike(one: &str, other: &str) -> bool {
    one.len() == other.len() && begins_like(one, other)
}

fn tells_of_certificate(name: &str) -> bool {
    // Most names end here.
    match name.bytes().next().map(folded) {
        Some(b'-' | b'c' | b'l' | b'p' | b's' | b't' | b'w' | b'x') => {}
        _ => return false,
    }
    WHOLE.iter().any(|whole| look_alike(name, whole))
        || BEGINNINGS.iter().any(|start| begins_like(name, start))
}

fn begins_like(name: &str, beginning: &str) -> bool {
    name.len() >= beginning.len()
        && name
            .bytes()
            .zip(beginning.bytes())
            .all(|(one, other)| folded(one) == folded(other))
}

fn folded(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        byte if byte.is_ascii_alphanumeric() => byte,
        _ => b'-',
    }
}

/// Names that are beginnings of harmless ones.
const WHOLE: [&str; 2] = [
    "-wscc", // $WSCC: IBM WebSphere's plug-ins
    "x-ssl", // HAProxy's manual
];

/// Whatever begins like this, in the folded form of [`look_alike`].
const BEGINNINGS: [&str; 28] = [
    "cert-chain",              // CERT_CHAIN_0: Apache httpd for Keycloak
    "cf-cert-",                // Cloudflare's managed transforms
    "cf-client-cert",          // Cloudflare
    "client-cert",             // RFC 9440: Client-Cert, Client-Cert-Chain
    "cloudfront-viewer-cert",  // Amazon CloudFront
    "l5d-client-id",           // Linkerd
    "proxy-client-cert",       // Oracle
    "ssl-client",              // ingress-nginx; SSL_CLIENT_CERT: Apache httpd
    "sslclientcert",           // F5 BIG-IP
    "tls-client-cert",         // home-made
    "wl-proxy-client-cert",    // Oracle WebLogic
    "x-amzn-mtls-clientcert",  // AWS Application Load Balancer: six names
    "x-arr-clientcert",        // Microsoft IIS and Azure App Service
    "x-client-cert",           // Google Cloud: ten names; Kong, Puppet, .NET
    "x-client-dn",             // Puppet
    "x-client-i-dn",           // home-made
    "x-client-issuer",         // home-made
    "x-client-s-dn",           // home-made
    "x-client-subject",        // home-made
    "x-client-verified",       // home-made
    "x-client-verify",         // Puppet
    "x-forwarded-client-cert", // Envoy, Istio, Consul
    "x-forwarded-ssl-client",  // home-made
    "x-forwarded-tls-client",  // Traefik: -cert and -cert-info
    "x-mtls-client",           // home-made
    "x-ssl-",                  // HAProxy's manual: X-SSL-Client-DN, X-SSL-Issuer; nginx
    "x-tls-client",            // MinIO, home-made
    "x-x509-client",           // home-made
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn headers(names: &[&str]) -> HeaderMap {
        let pair = |name: &&str| (name.parse().unwrap(), "x".parse().unwrap());
        names.iter().map(pair).collect()
    }

    #[test]
    fn every_spelling_of_every_family_is_removed() {
        for name in [
            "Client-Cert",
            "client-cert",
            "CLIENT_CERT",
            "Client_Cert",
            "client.cert",
            "Client-Cert-Chain",
            "CLIENT-CERT_CHAIN",
            "X-Forwarded-Client-Cert",
            "x_forwarded_client_cert",
            "X-Forwarded-Tls-Client-Cert",
            "X-Forwarded-Tls-Client-Cert-Info",
            "ssl-client-cert",
            "ssl-client-verify",
            "ssl-client-subject-dn",
            "SSL_CLIENT_S_DN",
            "SSLClientCertSN",
            "X-SSL",
            "X-SSL-Client-Cert",
            "X-SSL-Client-DER",
            "X-SSL-Cert",
            "X-Client-Cert",
            "X-Client-Cert-Chain-Verified",
            "X-Client-Certificate",
            "X-Client-Verify",
            "X-Client-DN",
            "X-Amzn-Mtls-Clientcert",
            "X-Amzn-Mtls-Clientcert-Leaf",
            "X-ARR-ClientCert",
            "Cf-Client-Cert-Der-Base64",
            "cf-cert-verified",
            "CloudFront-Viewer-Cert-Pem",
            "WL-Proxy-Client-Cert",
            "Proxy-Client-Cert",
            "$WSCC",
            "l5d-client-id",
            "CERT_CHAIN_0",
            "X-Tls-Client-Cert",
        ] {
            let mut sent = headers(&[name, name, "host"]);
            assert!(strip(&mut sent, &[]), "{name}");
            assert_eq!(sent, headers(&["host"]), "{name}");
        }
    }

    #[test]
    fn other_headers_stay() {
        let harmless = headers(&[
            "host",
            "accept",
            "cookie",
            "content-type",
            "connection",
            "sec-fetch-site",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-ssl",
            "x-request-id",
            "x-client-id",
            "x-sslv",
            "cf-ray",
            "clientele",
            "client-ip",
            "ssl-cipher",
            "x-amzn-trace-id",
            "x-arr-log-id",
            "traceparent",
        ]);
        let mut sent = harmless.clone();
        assert!(!strip(&mut sent, &[]));
        assert_eq!(sent, harmless);
    }

    #[test]
    fn a_name_of_ones_own_is_removed_in_each_spelling_too() {
        let own = [ForwardedFormat::escaped_pem(
            "x-caller-cert".parse().unwrap(),
        )];
        for name in ["X-Caller-Cert", "X_Caller_Cert"] {
            assert!(!strip(&mut headers(&[name]), &[]), "{name}");
            assert!(strip(&mut headers(&[name]), &own), "{name}");
        }
        assert!(!strip(&mut headers(&["X-Caller-Certs"]), &own));
    }

    #[test]
    fn no_connection_option_names_what_tells_of_a_certificate() {
        for (options, left) in [
            (&["client-cert"][..], None),
            (
                &["Keep-Alive, Client_Cert, upgrade"],
                Some("Keep-Alive, upgrade"),
            ),
            (&["upgrade", "x-forwarded-client-cert"], Some("upgrade")),
            (&["keep-alive, upgrade"], Some("keep-alive, upgrade")),
        ] {
            let value = |value: &&str| (header::CONNECTION, value.parse().unwrap());
            let mut sent: HeaderMap = options.iter().map(value).collect();
            strip_connection_options(&mut sent, &[]);
            let got = sent.get(header::CONNECTION).map(|it| it.to_str().unwrap());
            assert_eq!(got, left, "{options:?}");
            assert!(sent.len() <= 1);
        }
    }
}
