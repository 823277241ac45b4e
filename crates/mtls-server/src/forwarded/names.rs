//! The names of headers that claim a client certificate, and their removal.

use axum::http::{HeaderMap, HeaderName, header};

use super::{format::ForwardedFormat, look_alike::look_alike};

/// Removes every header that could claim a client certificate, and those of `formats`, which may have
/// names of their own. True if there were any.
///
/// This runs for each request, and allocates only if it removes something.
pub(crate) fn strip(headers: &mut HeaderMap, formats: &[ForwardedFormat]) -> bool {
    let own = |name: &HeaderName| formats.iter().any(|format| format.claims(name));
    let claims: Vec<HeaderName> = headers
        .keys()
        .filter(|name| claims_certificate(name.as_str()) || own(name))
        .cloned()
        .collect();
    for name in &claims {
        headers.remove(name);
    }
    !claims.is_empty()
}

/// Takes the names that [`strip`] removes out of `Connection`.
///
/// A client lists there what the next proxy has to remove before it forwards (RFC 9110 section 7.6.1).
/// So it could have the identity removed that is about to be written.
pub(crate) fn strip_connection_options(headers: &mut HeaderMap, formats: &[ForwardedFormat]) {
    let harmless = |option: &&str| {
        let option = option.trim();
        let own = |format: &ForwardedFormat| format.claims(option);
        !claims_certificate(&option.to_ascii_lowercase()) && !formats.iter().any(own)
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
    // Parts of a valid header value are a valid header value.
    match kept.join(",").try_into() {
        Ok(value) if !kept.is_empty() => headers.insert(header::CONNECTION, value),
        _ => headers.remove(header::CONNECTION),
    };
}

/// Whether a name, in lower case, could claim a client certificate. This is called for each header of
/// each request, so most names are dismissed by their first letters.
fn claims_certificate(name: &str) -> bool {
    let beginnings = match name.as_bytes() {
        [b'c', b'e' | b'f' | b'l', ..] => C,
        [b'x', _, b'a' | b'c' | b'f' | b'm' | b's' | b't', ..] => X,
        [b'l', b'5', ..] | [b's', b's', ..] | [b't', b'l', ..] => OTHERS,
        [b'p', b'r', ..] | [b'w', b'l', ..] => OTHERS,
        // IBM WebSphere's plug-ins.
        [first, ..] if !first.is_ascii_alphanumeric() => return look_alike(name, "$wscc"),
        _ => return false,
    };
    beginnings.iter().any(|it| begins_like(name, it)) || look_alike(name, X_SSL)
}

/// As [`look_alike`], for a beginning of a name in lower case.
fn begins_like(name: &str, beginning: &str) -> bool {
    let alike = |(byte, wanted): (u8, u8)| match wanted {
        b'-' => !byte.is_ascii_alphanumeric(),
        wanted => byte == wanted,
    };
    name.len() >= beginning.len() && name.bytes().zip(beginning.bytes()).all(alike)
}

/// HAProxy's manual uses it. It is also the beginning of harmless names.
const X_SSL: &str = "x-ssl";

// Which product writes headers that begin like this. Without a product: it is common in configurations
// that people copy.

const C: &[&str] = &[
    "cert-chain",             // Apache httpd for Keycloak: CERT_CHAIN_0
    "cf-cert-",               // Cloudflare's managed transforms
    "cf-client-cert",         // Cloudflare
    "client-cert",            // RFC 9440: Client-Cert, Client-Cert-Chain
    "cloudfront-viewer-cert", // Amazon CloudFront
];

const X: &[&str] = &[
    "x-amzn-mtls-clientcert",  // AWS Application Load Balancer: six names
    "x-arr-clientcert",        // Microsoft IIS and Azure App Service
    "x-client-cert",           // Google Cloud: ten names; Kong, Puppet, .NET
    "x-client-dn",             // Puppet
    "x-client-i-dn",           //
    "x-client-issuer",         //
    "x-client-s-dn",           //
    "x-client-subject",        //
    "x-client-verif",          // Puppet: X-Client-Verify
    "x-forwarded-client-cert", // Envoy, Istio, Consul
    "x-forwarded-ssl-client",  //
    "x-forwarded-tls-client",  // Traefik: -cert, -cert-info
    "x-mtls-client",           //
    "x-ssl-",                  // nginx, HAProxy: X-SSL-Client-DN, X-SSL-Issuer
    "x-tls-client",            // MinIO: X-Tls-Client-Cert
];

const OTHERS: &[&str] = &[
    "l5d-client-id",        // Linkerd
    "proxy-client-cert",    // Oracle
    "ssl-client",           // ingress-nginx; Apache httpd: SSL_CLIENT_CERT
    "sslclientcert",        // F5 BIG-IP
    "tls-client-cert",      //
    "wl-proxy-client-cert", // Oracle WebLogic
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
            "X_SSL",
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
    fn no_connection_option_names_a_certificate_header() {
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
