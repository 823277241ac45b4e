//! The names of headers that claim a client certificate, and their removal.

use axum::http::{HeaderMap, HeaderName, header};

use super::format::ForwardedFormat;

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

/// Takes the names that [`strip`] removes out of `Connection`, and whatever is not a name.
///
/// A client lists there what the next proxy has to remove before it forwards (RFC 9110 section 7.6.1).
/// So it could have the identity removed that is about to be written. Some proxies obey
/// `Proxy-Connection` as well.
pub(crate) fn strip_connection_options(headers: &mut HeaderMap, formats: &[ForwardedFormat]) {
    let proxy_connection = HeaderName::from_static("proxy-connection");
    for name in [header::CONNECTION, proxy_connection] {
        strip_options(headers, &name, formats);
    }
}

fn strip_options(headers: &mut HeaderMap, name: &HeaderName, formats: &[ForwardedFormat]) {
    let harmless = |option: &&str| {
        let own = |format: &ForwardedFormat| format.claims(option);
        !claims_certificate(&option.to_ascii_lowercase()) && !formats.iter().any(own)
    };
    // By the byte: a value need not be text, and the next proxy may read what is.
    let options: Vec<Option<&str>> = headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(token)
        .collect();
    if options.iter().all(|it| it.is_some_and(|it| harmless(&it))) {
        return;
    }
    let kept: Vec<&str> = options.into_iter().flatten().filter(harmless).collect();
    // Parts of a valid header value are a valid header value.
    match kept.join(", ").try_into() {
        Ok(value) if !kept.is_empty() => headers.insert(name, value),
        _ => headers.remove(name),
    };
}

/// A connection option (RFC 9110 section 5.6.2), if it is one.
fn token(option: &[u8]) -> Option<&str> {
    let option = std::str::from_utf8(option.trim_ascii()).ok()?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (!option.is_empty() && option.bytes().all(is_token)).then_some(option)
}

/// Whether a name, in lower case, could claim a client certificate. This is called for each header of
/// each request, so most names are dismissed by their first letters.
fn claims_certificate(name: &str) -> bool {
    let beginnings = match name.as_bytes() {
        [b'c', b'e' | b'f' | b'l', ..] => C,
        [b'x', _, b'a', ..] => X_A,
        [b'x', _, b'c', ..] => X_C,
        [b'x', _, b'f', ..] => X_F,
        [b'x', _, b'r', b'h', ..] => X_RH,
        [b'x', _, b's', ..] => X_S,
        [
            b'x',
            _,
            b'i' | b'm' | b'p' | b'q' | b't' | b'u' | b'w' | b'x',
            ..,
        ] => X,
        [b'l' | b'x', b'5', ..]
        | [b'm', b't', ..]
        | [b'p', b'e' | b'r', ..]
        | [b's', b'p' | b's', ..]
        | [b't', b'l' | b'p', ..]
        | [b'u', b's', b'e', b'r', _, b'd', ..]
        | [b'w', b'l', ..] => OTHERS,
        [first, ..] if !first.is_ascii_alphanumeric() => PLUGIN,
        _ => return false,
    };
    beginnings.iter().any(|it| begins_like(name, it))
}

/// As [`look_alike`](super::look_alike::look_alike), for a beginning of a name in lower case. Where the beginning ends with `|`, no
/// letter or digit may follow.
fn begins_like(name: &str, beginning: &str) -> bool {
    let alike = |(byte, wanted): (u8, u8)| match wanted {
        b'-' => !byte.is_ascii_alphanumeric(),
        wanted => byte == wanted,
    };
    let word = beginning.strip_suffix('|');
    let beginning = word.unwrap_or(beginning);
    let next = name.as_bytes().get(beginning.len());
    name.len() >= beginning.len()
        && name.bytes().zip(beginning.bytes()).all(alike)
        && !(word.is_some() && next.is_some_and(u8::is_ascii_alphanumeric))
}

// Which product writes headers that begin like this. Without a product: it is common in configurations
// that people copy.

const C: &[&str] = &[
    "cert-",                  // Apache httpd for Keycloak: CERT_CHAIN_0; IIS: CERT_SUBJECT
    "cf-cert-",               // Cloudflare's managed transforms
    "cf-client-cert",         // Cloudflare
    "client-cert",            // RFC 9440: Client-Cert, Client-Cert-Chain
    "client-dn",              //
    "client-i-dn",            //
    "client-issuer-dn",       //
    "client-s-dn",            //
    "client-ssl-cert",        //
    "client-subject-dn",      //
    "client-verif",           //
    "clientcert",             //
    "clientssl",              // F5 BIG-IP
    "cloudfront-viewer-cert", // Amazon CloudFront
];

const X_A: &[&str] = &[
    "x-amzn-mtls",      // AWS Application Load Balancer: X-Amzn-Mtls-Clientcert, five more
    "x-arr-clientcert", // Microsoft IIS and Azure App Service
];

const X_C: &[&str] = &[
    "x-cert",               // X-Cert-Subject, X-Certificate-DN
    "x-client-cert",        // Google Cloud: ten names; Kong, Puppet, .NET
    "x-client-chain",       //
    "x-client-cn|",         //
    "x-client-common-name", //
    "x-client-dn",          // Puppet
    "x-client-fingerprint", //
    "x-client-i-dn",        //
    "x-client-issuer",      //
    "x-client-not-",        // X-Client-Not-After
    "x-client-s-dn",        //
    "x-client-san|",        //
    "x-client-serial",      //
    "x-client-sha1",        //
    "x-client-sha256",      //
    "x-client-spiffe",      //
    "x-client-ssl",         //
    "x-client-subject",     //
    "x-client-thumbprint",  //
    "x-client-tls",         //
    "x-client-uri-san",     //
    "x-client-verif",       // Puppet: X-Client-Verify
    "x-clientcert",         //
];

const X_F: &[&str] = &[
    "x-forwarded-cert",            //
    "x-forwarded-client-cert",     // Envoy, Istio, Consul
    "x-forwarded-client-cn|",      //
    "x-forwarded-client-dn",       //
    "x-forwarded-client-s-dn",     //
    "x-forwarded-client-san|",     //
    "x-forwarded-client-serial",   //
    "x-forwarded-client-subject",  //
    "x-forwarded-client-verif",    //
    "x-forwarded-clientcert",      // Alibaba Cloud: X-Forwarded-Clientcert-subjectdn
    "x-forwarded-for-client-cert", // HashiCorp Vault
    "x-forwarded-mtls",            //
    "x-forwarded-peer-cert",       //
    "x-forwarded-ssl-client",      //
    "x-forwarded-tls-client",      // Traefik: -cert, -cert-info
];

const X_RH: &[&str] = &["x-rh-certauth"]; // Red Hat

const X_S: &[&str] = &[
    "x-spiffe",     //
    "x-ssl-",       // nginx, HAProxy: X-SSL-Client-DN, X-SSL-Issuer
    "x-ssl|",       // HAProxy's manual
    "x-sslclient",  //
    "x-subject-dn", //
];

const X: &[&str] = &[
    "x-issuer-dn",        //
    "x-mtls-",            //
    "x-peer-cert",        //
    "x-proxiedentit",     // Apache NiFi: X-ProxiedEntitiesChain
    "x-qwac",             // PSD2: the certificate of a third party
    "x-tls-cert",         //
    "x-tls-client",       // MinIO: X-Tls-Client-Cert
    "x-tls-peer",         //
    "x-tpp-qwac",         // PSD2
    "x-user-dn",          //
    "x-wso2-client-cert", // WSO2 API Manager
    "x-x509",             //
];

const OTHERS: &[&str] = &[
    "l5d-client-id",        // Linkerd
    "mtls-cert",            //
    "mtls-client",          //
    "mtls-issuer",          //
    "mtls-peer",            //
    "mtls-subject",         //
    "peer-cert",            //
    "proxy-auth-cert",      // Jetty, Oracle iPlanet
    "proxy-client-cert",    // Oracle
    "proxy-issuer-dn",      // Oracle iPlanet
    "proxy-user-dn",        // Oracle iPlanet
    "spiffe-id",            //
    "ssl-cert",             //
    "ssl-client",           // ingress-nginx; Apache httpd: SSL_CLIENT_CERT
    "ssl-i-dn",             //
    "ssl-issuer",           //
    "ssl-peer",             //
    "ssl-s-dn",             //
    "ssl-subject",          //
    "ssl-verif",            //
    "sslclient",            // F5 BIG-IP: SSLClientCertSN
    "tls-cert",             //
    "tls-client",           //
    "tls-peer",             //
    "tpp-qwac",             // PSD2: adorsys XS2A
    "user-dn",              //
    "wl-proxy-client-cert", // Oracle WebLogic
    "x509-cert",            //
    "x509-client",          //
    "x509-issuer",          //
    "x509-subject",         //
];

/// IBM WebSphere's plug-ins: the certificate, and who was authenticated by it.
const PLUGIN: &[&str] = &["-wsat|", "-wscc|", "-wsru|"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use axum::http::HeaderValue;

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
            "Proxy-auth-cert",
            "Proxy-user-dn",
            "Proxy-issuer-dn",
            "proxy_user_dn",
            "ClientCert",
            "X-ClientCert",
            "X-Client-Serial",
            "X-Client-San",
            "X-Client-San-Uri",
            "X_Client_San",
            "X-Client-CN",
            "X-Client-Fingerprint",
            "X-Forwarded-Clientcert-subjectdn",
            "X-Forwarded-For-Client-Cert",
            "X-Amzn-Mtls-Clientcert-Serial-Number",
            "X-ProxiedEntitiesChain",
            "X-WSO2-CLIENT-CERTIFICATE",
            "x-rh-certauth-cn",
            "X-SPIFFE-ID",
            "USER_DN",
            "$WSRU",
            "X-Forwarded-Client-DN",
            "X-Forwarded-Client-San-Uri",
            "TPP-QWAC-Certificate",
            "X-QWAC-Certificate",
            "X-Tpp-Qwac",
            "Mtls-Subject",
            "SSL_SUBJECT",
            "SSL-Issuer-DN",
            "SSL_VERIFIED",
            "Tls-Peer-Certificate",
            "X509-Subject",
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
            "x-forwarded-client-ip",
            "x-forwarded-client-sandbox",
            "x-client-id",
            "x-client-sandbox",
            "x-client-version",
            "x-request-id",
            "x-real-ip",
            "x-api-key",
            "x-csrf-token",
            "x-forwarded-host",
            "user-agent",
            "user-data",
            "proxy-authorization",
            "tpp-signature-certificate",
            "mtls-enabled",
            "tls-version",
            "_wsccx",
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
            (&["Client-Cert, \u{e9}", "close"], Some("close")),
            (&["Client-Cert, \u{e9}, te"], Some("te")),
            (&["upgrade, \u{e9}"], Some("upgrade")),
            (&["upgrade;client-cert", "\"client-cert\"", "te x"], None),
            (&["\tClient-Cert\t,, upgrade"], Some("upgrade")),
            (&["upgrade", "x-forwarded-client-cert"], Some("upgrade")),
            (&["keep-alive, upgrade"], Some("keep-alive, upgrade")),
        ] {
            for name in [
                header::CONNECTION,
                HeaderName::from_static("proxy-connection"),
            ] {
                let value = |value: &&str| {
                    let latin1: Vec<u8> = value.chars().map(|it| it as u8).collect();
                    (name.clone(), HeaderValue::from_bytes(&latin1).unwrap())
                };
                let mut sent: HeaderMap = options.iter().map(value).collect();
                strip_connection_options(&mut sent, &[]);
                let got = sent.get(&name).map(|it| it.to_str().unwrap());
                assert_eq!(got, left, "{options:?}");
                assert!(sent.len() <= 1);
            }
        }
    }
}
