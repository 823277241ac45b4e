//! The forms, without a connection: what is written is read again, and what is no such form is
//! refused.
#![allow(clippy::unwrap_used, reason = "tests")]

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::{collection::vec, prelude::*, sample::Index};
use test_pki::Ca;
use x509_identity::Certificate;

use super::{
    error::ForwardedError, escaped_pem, format::ForwardedFormat, names::strip_connection_options,
    xfcc,
};
use crate::peer::client_cert::ClientCert;

const CLIENT_CERT: &str = "client-cert";
const XFCC: &str = "x-forwarded-client-cert";
const TRAEFIK: &str = "x-forwarded-tls-client-cert";
const NGINX: &str = "x-ssl-client-cert";

fn formats() -> [ForwardedFormat; 6] {
    [
        ForwardedFormat::rfc9440(),
        ForwardedFormat::envoy_xfcc(),
        ForwardedFormat::nginx_escaped_pem(),
        ForwardedFormat::ingress_nginx(),
        ForwardedFormat::traefik(),
        ForwardedFormat::haproxy_der(),
    ]
}

fn certificate(name: &str, uris: &[&str]) -> Vec<u8> {
    let leaf = Ca::root("root").client(name);
    let leaf = uris.iter().fold(leaf, |leaf, uri| leaf.uri(uri));
    leaf.der().to_vec()
}

fn headers<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: &[(N, V)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_ref()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
    }
    headers
}

/// The DER of what is read, leaf first.
fn read(
    format: &ForwardedFormat,
    headers: &HeaderMap,
) -> Result<Option<Vec<Vec<u8>>>, ForwardedError> {
    let chain = format.read(&format.pick(headers))?;
    Ok(chain.map(|chain| chain.iter().map(|it| it.der().to_vec()).collect()))
}

fn written(format: &ForwardedFormat, der: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let client = ClientCert::unverified(Certificate::from_der(der).unwrap());
    format.write(&client, true, &mut headers);
    headers
}

fn value(format: &ForwardedFormat, der: &[u8]) -> String {
    let headers = written(format, der);
    let value = headers.values().next().unwrap();
    value.to_str().unwrap().to_owned()
}

#[test]
fn a_form_is_known_by_its_name_alone() {
    let names = [
        "rfc9440",
        "envoy-xfcc",
        "nginx-escaped-pem",
        "ingress-nginx",
        "traefik",
        "haproxy-der",
    ];
    let parsed = names.map(|name| name.parse::<ForwardedFormat>().unwrap());
    assert_eq!(parsed, formats());
    for name in ["", "xfcc", "RFC9440", "rfc9440 "] {
        assert!(name.parse::<ForwardedFormat>().is_err(), "{name}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for (name, uris) in [
        ("alice", &[][..]),
        (
            "alice",
            &["spiffe://example.org/alice", "https://example.org/?a=b"],
        ),
        (r#"a"b\c,d;e=f\"#, &[r#"urn:a,b;c=d"e\f\"#, "urn:x,Hash=y"]),
        ("\u{e5}\u{1f510}\u{202e}", &["urn:a b "]),
    ] {
        let der = certificate(name, uris);
        for format in formats() {
            let got = read(&format, &written(&format, &der)).unwrap();
            assert_eq!(got.unwrap(), [der.as_slice()], "{name} {format:?}");
        }
    }
}

#[test]
fn a_chain_comes_after_its_leaf() {
    let [leaf, issuer, other] = ["alice", "issuer", "other"].map(|name| certificate(name, &[]));
    let (rfc9440, xfcc) = (ForwardedFormat::rfc9440(), ForwardedFormat::envoy_xfcc());
    let (traefik, nginx) = (
        ForwardedFormat::traefik(),
        ForwardedFormat::nginx_escaped_pem(),
    );
    let field = |der| value(&rfc9440, der);
    let pem = |der| value(&nginx, der);
    let base64 = |der| STANDARD.encode(der);
    let all = [leaf.as_slice(), &issuer, &other];
    for (format, sent) in [
        (
            &rfc9440,
            vec![
                (CLIENT_CERT, field(&leaf)),
                (
                    "client-cert-chain",
                    format!("{}, {}", field(&issuer), field(&other)),
                ),
            ],
        ),
        (
            &rfc9440,
            vec![
                ("client-cert-chain", field(&issuer)),
                (CLIENT_CERT, field(&leaf)),
                ("client-cert-chain", field(&other)),
            ],
        ),
        (&traefik, vec![(TRAEFIK, all.map(base64).join(","))]),
        (&nginx, vec![(NGINX, all.map(pem).concat())]),
        (
            &xfcc,
            vec![(XFCC, format!("Chain=\"{}\"", all.map(pem).concat()))],
        ),
        (
            &xfcc,
            vec![(
                XFCC,
                format!("cert={};CHAIN={}", pem(&leaf), all.map(pem).concat()),
            )],
        ),
    ] {
        let got = read(format, &headers(&sent)).unwrap();
        assert_eq!(got.unwrap(), all, "{format:?}");
    }
}

#[test]
fn of_several_elements_the_proxy_appended_the_last() {
    let format = ForwardedFormat::envoy_xfcc();
    let [alice, proxy] = ["alice", "proxy"].map(|name| certificate(name, &["urn:x"]));
    let elements = [value(&format, &alice), value(&format, &proxy)];
    for separator in [",", ", "] {
        let sent = headers(&[(XFCC, elements.join(separator))]);
        assert_eq!(read(&format, &sent).unwrap().unwrap(), [proxy.as_slice()]);
    }
    let many = vec![value(&format, &alice); 11].join(",");
    let refused = read(&format, &headers(&[(XFCC, many)]));
    assert!(
        matches!(refused, Err(ForwardedError::TooMany)),
        "{refused:?}"
    );
}

/// Envoy's own element, which quotes neither `URI` nor `DNS`.
fn element(der: &[u8], uris: &[&str]) -> String {
    let leaf = ClientCert::unverified(Certificate::from_der(der).unwrap());
    let cert = value(&ForwardedFormat::nginx_escaped_pem(), der);
    let hash = crate::observe::text::Hex(leaf.fingerprint_sha256());
    let subject = leaf.subject();
    let mut element = format!("By=spiffe://p/q;Hash={hash};Cert=\"{cert}\";Subject=\"{subject}\"");
    for uri in uris {
        element.push_str(&format!(";URI={uri}"));
    }
    element
}

#[test]
fn no_alternative_name_passes_for_an_element() {
    let format = ForwardedFormat::envoy_xfcc();
    let admin = certificate("admin", &["urn:admin"]);
    let forged = element(&admin, &["urn:admin"]);
    let genuine = headers(&[(XFCC, &forged)]);
    assert_eq!(
        read(&format, &genuine).unwrap().unwrap(),
        [admin.as_slice()]
    );
    for uris in [
        vec![format!("urn:mallory,{forged}")],
        vec!["urn:mallory".to_owned(), format!("urn:mallory,{forged}")],
        vec![format!("urn:mallory,{forged},"), "urn:mallory".to_owned()],
        vec![format!(",{forged}")],
        vec![format!("urn:mallory;{forged}")],
        vec![format!("\",{forged}")],
    ] {
        let uris: Vec<&str> = uris.iter().map(String::as_str).collect();
        let mallory = certificate("mallory", &uris);
        let sent = element(&mallory, &uris);
        assert!(sent.contains(&forged));
        let refused = read(&format, &headers(&[(XFCC, sent)]));
        assert!(refused.is_err(), "{uris:?}");
        // Written with quotes, the same certificate is nobody but itself.
        let got = read(&format, &written(&format, &mallory)).unwrap();
        assert_eq!(got.unwrap(), [mallory.as_slice()]);
    }
}

#[test]
fn what_is_not_exactly_the_form_is_refused() {
    let der = certificate("alice", &["urn:alice"]);
    let other = certificate("bob", &[]);
    let base64 = STANDARD.encode(&der);
    let [rfc9440, xfcc, nginx, _, traefik, _] = formats();
    let field = value(&rfc9440, &der);
    let pem = value(&nginx, &der);
    let key = pem.replace("CERTIFICATE", "PRIVATE%20KEY");
    let good = value(&xfcc, &der);
    let bob = value(&nginx, &other);
    let of = |format: &ForwardedFormat, value: &str| {
        let sent = headers(&[(format.header(), value)]);
        match read(format, &sent) {
            Ok(_) => "read",
            Err(ForwardedError::Base64(_)) => "base64",
            Err(ForwardedError::Certificate(_)) => "certificate",
            Err(ForwardedError::Contradiction { what }) => what,
            Err(ForwardedError::NoCertificate) => "none",
            Err(ForwardedError::Pem) => "pem",
            Err(ForwardedError::Syntax(_)) => "syntax",
            Err(ForwardedError::TooLong) => "too long",
            Err(ForwardedError::TooMany) => "too many",
            Err(_) => "another",
        }
    };
    for (format, value, outcome) in [
        (&rfc9440, field.clone(), "read"),
        (&rfc9440, format!("  {field};a=1  "), "read"),
        (&rfc9440, base64.clone(), "syntax"),
        (&rfc9440, format!("\"{base64}\""), "syntax"),
        (&rfc9440, format!("{field}, {field}"), "syntax"),
        (&rfc9440, format!(":{base64}"), "syntax"),
        (&rfc9440, "::".to_owned(), "certificate"),
        (&rfc9440, format!(":{base64}=={base64}:"), "syntax"),
        (&rfc9440, format!(":{}:", "A".repeat(64 << 10)), "too long"),
        (&traefik, base64.clone(), "read"),
        (&traefik, [base64.as_str(); 10].join(", "), "read"),
        (&traefik, [base64.as_str(); 11].join(","), "too many"),
        (&traefik, format!("{base64},"), "certificate"),
        (&traefik, field.clone(), "base64"),
        (
            &traefik,
            base64.replace('=', "").replace('A', "-"),
            "base64",
        ),
        (&traefik, " ".to_owned(), "certificate"),
        (&nginx, pem.clone(), "read"),
        (
            &nginx,
            pem.replace("%2B", "+")
                .replace("%2F", "/")
                .replace("%3D", "="),
            "read",
        ),
        (&nginx, format!("%20{pem}%0A"), "read"),
        (&nginx, pem.replace("%0A", "%09"), "pem"),
        (&nginx, pem.replace("%0A", "%0"), "pem"),
        (&nginx, format!("alice%0A{pem}"), "pem"),
        (&nginx, format!("{pem}alice"), "pem"),
        (&nginx, key, "pem"),
        (&nginx, pem.replace("-----END", ""), "pem"),
        (&nginx, pem.repeat(11), "too many"),
        (&nginx, base64.clone(), "pem"),
        (&nginx, " ".to_owned(), "none"),
        (&xfcc, good.clone(), "read"),
        (
            &xfcc,
            good.replace("URI=urn:alice", "URI=\"urn:alice\""),
            "read",
        ),
        (&xfcc, good.replace("Hash=", "hash = "), "read"),
        (&xfcc, format!("New=thing;{good}"), "read"),
        (&xfcc, good.replace("Hash=", "Hash=0"), "Hash"),
        (&xfcc, good.replace("URI=urn:alice", "URI=urn:bob"), "URI"),
        (&xfcc, good.replace("URI=urn:alice", "URI="), "URI"),
        (&xfcc, format!("{good};URI=urn:alice"), "URI"),
        (&xfcc, format!("{good};DNS=alice"), "DNS"),
        (&xfcc, format!("{good};Cert=\"{bob}\""), "syntax"),
        (&xfcc, format!("{good};Chain=\"{bob}\""), "Chain"),
        (&xfcc, format!("Cert=\"{pem}{bob}\""), "Chain"),
        (&xfcc, "Hash=00;Subject=\"CN=alice\"".to_owned(), "none"),
        (&xfcc, format!("Subject=\"CN=alice\",{good}"), "none"),
        (&xfcc, format!("{good},"), "syntax"),
        (&xfcc, format!("{good};"), "syntax"),
        (&xfcc, format!("={good}"), "syntax"),
        (&xfcc, format!("{good}\""), "syntax"),
        (&xfcc, good.replace("CN=alice\"", "CN=alice\\\""), "syntax"),
        (&xfcc, good.replace("CN=alice\"", "CN=alice\"x"), "syntax"),
    ] {
        assert_eq!(of(format, &value), outcome, "{value}");
    }
}

#[test]
fn a_header_counts_only_if_it_is_there_once() {
    let der = certificate("alice", &[]);
    for format in formats() {
        let good = written(&format, &der);
        let (name, value) = good.iter().next().unwrap();
        let twice = headers(&[(name.as_str(), value), (name.as_str(), value)]);
        let other = name.as_str().replace('-', "_");
        let both = headers(&[(name.as_str(), value), (other.as_str(), value)]);
        let alone = headers(&[(other.as_str(), value)]);
        for sent in [twice, both, alone] {
            let refused = read(&format, &sent);
            assert!(
                matches!(refused, Err(ForwardedError::Duplicate)),
                "{format:?}"
            );
        }
        assert_eq!(read(&format, &HeaderMap::new()).unwrap(), None);
        assert_eq!(
            read(&format, &headers(&[(name.as_str(), "")])).unwrap(),
            None
        );
    }
    let chain = headers(&[("client-cert-chain", value(&formats()[0], &der))]);
    let refused = read(&formats()[0], &chain);
    assert!(matches!(refused, Err(ForwardedError::Duplicate)));
}

proptest! {
    #[test]
    fn nothing_panics(bytes in vec(any::<u8>(), 0..200), text in r#"[,;="\\A-D :%09-]{0,80}"#) {
        for format in formats() {
            for value in [bytes.as_slice(), text.as_bytes()] {
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    let mut headers = HeaderMap::new();
                    headers.insert(format.header().clone(), value.clone());
                    if let Some(chain) = format.chain_header() {
                        headers.insert(chain.clone(), value);
                    }
                    let _ = read(&format, &headers);
                }
            }
        }
    }

    #[test]
    fn a_changed_header_is_read_as_a_certificate_or_refused(
        at in any::<Index>(),
        to in b' '..=b'~',
        cut in any::<Index>(),
    ) {
        let der = certificate("alice", &["urn:alice"]);
        for format in formats() {
            let mut value = value(&format, &der).into_bytes();
            *at.get_mut(&mut value) = to;
            let whole = headers(&[(format.header(), value.as_slice())]);
            if let Ok(Some(chain)) = read(&format, &whole) {
                prop_assert_eq!(chain.len(), 1);
            }
            value.truncate(cut.index(value.len()));
            let _ = read(&format, &headers(&[(format.header(), value)]));
        }
    }

    #[test]
    fn any_alternative_name_survives_xfcc(uri in "[ -~]{1,40}") {
        let der = certificate("alice", &[&uri]);
        let format = ForwardedFormat::envoy_xfcc();
        let got = read(&format, &written(&format, &der)).unwrap();
        prop_assert_eq!(got.unwrap(), [der]);
    }
}

#[test]
fn a_form_claims_its_own_headers_and_what_is_alike() {
    let (rfc9440, nginx) = (
        ForwardedFormat::rfc9440(),
        ForwardedFormat::nginx_escaped_pem(),
    );
    for (name, of_rfc9440) in [
        ("client-cert", true),
        ("Client_Cert", true),
        ("client-cert-chain", true),
        ("client_cert_chain", true),
        ("client-cert-chains", false),
        ("ssl-client-cert", false),
    ] {
        assert_eq!(rfc9440.claims(name), of_rfc9440, "{name}");
        assert!(
            !nginx.claims(name) || name == nginx.header().as_str(),
            "{name}"
        );
    }
}

#[test]
fn a_header_has_so_many_bytes() {
    for format in formats() {
        for (more, too_long) in [(0, false), (1, true)] {
            let value = vec![b'a'; ForwardedError::MAX_HEADER_BYTES + more];
            let refused = read(&format, &headers(&[(format.header(), value)]));
            let is_too_long = matches!(refused, Err(ForwardedError::TooLong));
            assert_eq!(is_too_long, too_long, "{format:?}: {refused:?}");
        }
    }
}

#[test]
fn of_many_certificates_no_more_are_decoded_than_are_refused() {
    let der = certificate("alice", &[]);
    let most = ForwardedError::MAX_CERTIFICATES;
    for (there, decoded) in [
        (1, 1),
        (most, most),
        (most + 1, most + 1),
        (most + 9, most + 1),
    ] {
        let text = escaped_pem::write(std::iter::repeat_n(der.as_slice(), there));
        let got = escaped_pem::read(text.as_bytes()).unwrap();
        assert_eq!(got.len(), decoded);
    }
    // And of elements of Envoy's form.
    let one = xfcc::write(&Certificate::from_der(&der).unwrap(), &[]);
    assert!(one.contains(";URI="), "{one}");
    for (there, taken) in [(most, true), (most + 1, false)] {
        let all = vec![one.as_str(); there].join(",");
        assert_eq!(xfcc::read(all.as_bytes()).is_ok(), taken, "{there}");
    }
}

#[test]
fn quotes_and_backslashes_of_envoy_count_where_they_stand() {
    let der = certificate("alice", &["urn:a"]);
    let good = xfcc::write(&Certificate::from_der(&der).unwrap(), &[]);
    assert_eq!(good.matches("URI=").count(), 1, "{good}");
    let cert = escaped_pem::write(std::iter::once(der.as_slice()));
    for (before, is_read) in [
        ("By=x;", true),
        // A backslash that is in no quotes is a character as any other.
        (r"By=x\;", true),
        (r#"By="x\";";"#, true),
        (r#"By="x\\";"#, true),
        (r#"By=x"y";"#, false),
        (r#"By="x"y;"#, false),
        (r#"a"b=c;"#, false),
        (r#"By="x;"#, false),
    ] {
        let text = format!("{before}Cert=\"{cert}\"");
        assert_eq!(xfcc::read(text.as_bytes()).is_ok(), is_read, "{before}");
    }
    // In a key that nobody asks about, too.
    for (after, is_read) in [(";ab=c", true), (";a\"b=c", false)] {
        let text = format!("Cert=\"{cert}\"{after}");
        assert_eq!(xfcc::read(text.as_bytes()).is_ok(), is_read, "{after}");
    }
    // Two certificates are no leaf, whatever the chain is.
    let two = format!("Cert=\"{cert}{cert}\";Chain=\"{cert}{cert}\"");
    assert!(xfcc::read(two.as_bytes()).is_err());
    let leaf = format!("Cert=\"{cert}\";Chain=\"{cert}{cert}\"");
    assert!(xfcc::read(leaf.as_bytes()).is_ok());
}

#[test]
fn connection_options_stay_as_they_are_but_for_those_that_name_an_identity() {
    let special = ForwardedFormat::base64_der(HeaderName::from_static("x-special"));
    let options = |value: &str| {
        let mut headers = headers(&[("connection", value)]);
        strip_connection_options(&mut headers, std::slice::from_ref(&special));
        let value = headers.get("connection");
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    for (value, expected) in [
        ("Keep-Alive ,TE", Some("Keep-Alive ,TE")),
        ("x-special, te", Some("te")),
        ("X_Special", None),
        ("client-cert,te", Some("te")),
    ] {
        assert_eq!(options(value).as_deref(), expected, "{value}");
    }
}
