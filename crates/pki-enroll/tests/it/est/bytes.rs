//! EST to the byte: what clients that parse HTTP by themselves rely on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_enroll::{
    EnrollLimits, EnrollProfile, Enrollment, EnrollmentCa, HttpLimits, HttpServer, Tokens, est,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::ca::{Ca, key};
use crate::support::est::est_csr;

async fn served(limits: EnrollLimits) -> (Ca, HttpServer) {
    let ca = Ca::new().await;
    let mut profile = pki_core::Profile::client();
    let urls = pki_enroll::PublicUrls::new(crate::support::ca::BASE);
    profile.crl_distribution_points = vec![urls.crl("default-issuing")];
    let service = Enrollment::new(EnrollmentCa {
        authority: ca.issuing.clone(),
        profiles: [("client".to_owned(), EnrollProfile::new(profile))].into(),
        roots: vec![ca.root.authority().certificate().clone()],
    });
    let service = service
        .limits(limits)
        .credential(Tokens::new(ca.store.clone()));
    let server = crate::support::http::serve(est(service), HttpLimits::default()).await;
    (ca, server)
}

/// Sends a request, and reads until the end.
async fn exchange(server: &HttpServer, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.len() < 1000, "{head}");
    (head.to_owned(), body.to_owned())
}

fn post(authorization: &str, body: &str) -> String {
    format!(
        "POST /.well-known/est/simpleenroll HTTP/1.1\r\nConnection: close\r\nHost: ca\r\n{authorization}\
         Content-Type: application/pkcs10\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn headers_are_spelled_as_old_clients_compare_them() {
    let (ca, server) = served(EnrollLimits::default()).await;
    let body = est_csr(&key(), "router-1", &[]);
    // libest first tries it without a password.
    let (head, text) = exchange(&server, &post("", &body)).await;
    assert!(head.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{head}");
    assert!(
        head.contains("\r\nWWW-Authenticate: Basic realm=\"enrolment\""),
        "{head}"
    );
    // BouncyCastle closes this answer without reading what it would say.
    assert!(head.contains("\r\nContent-Length: 0"), "{head}");
    assert_eq!(text, "");
    let guess = format!("Authorization: Basic {}\r\n", STANDARD.encode("a:guess"));
    let (head, text) = exchange(&server, &post(&guess, &body)).await;
    assert!(head.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{head}");
    assert!(
        head.contains(&format!("\r\nContent-Length: {}", text.len())),
        "{head}"
    );
    assert!(head.contains("\r\nContent-Type: text/plain"), "{head}");
    assert_eq!(text, "the CA does not know this token\n");

    let secret = pki_store::TokenSecret::from_random([1; 32]);
    let now = time::OffsetDateTime::now_utc();
    let token = pki_store::NewToken {
        ca: "default".into(),
        profile: "client".into(),
        names: vec!["router-1".parse().unwrap()],
        uses: 1,
        expires_at: now + time::Duration::HOUR,
    };
    let actor = crate::support::ca::actor();
    let made = ca.store.create_token(token, &secret, &actor, now);
    made.await.unwrap();
    let basic = STANDARD.encode(format!("router-1:{}", &*secret.secret_text()));
    let basic = format!("Authorization: Basic {basic}\r\n");
    let (head, text) = exchange(&server, &post(&basic, &body)).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let media_type = "\r\nContent-Type: application/pkcs7-mime; smime-type=certs-only";
    assert!(head.contains(media_type), "{head}");
    assert!(
        head.contains(&format!("\r\nContent-Length: {}", text.len())),
        "{head}"
    );
    assert!(
        !head.to_lowercase().contains("transfer-encoding: chunked"),
        "{head}"
    );
    assert_eq!(text.find('\n'), Some(text.len() - 1), "{text}");

    let get = "GET /.well-known/est/cacerts HTTP/1.1\r\nConnection: close\r\nHost: ca\r\n\r\n";
    let (head, text) = exchange(&server, get).await;
    assert!(
        head.contains("\r\nContent-Type: application/pkcs7-mime\r\n"),
        "{head}"
    );
    assert!(
        head.contains(&format!("\r\nContent-Length: {}", text.len())),
        "{head}"
    );
}

#[tokio::test]
async fn a_body_that_does_not_end_is_refused() {
    let mut limits = EnrollLimits::default();
    limits.body = std::time::Duration::from_millis(50);
    let (ca, server) = served(limits).await;
    let cut = post("", "MIIB").replace("Content-Length: 4", "Content-Length: 400");
    let (head, text) = exchange(&server, &cut).await;
    assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
    assert!(text.contains("not complete in time"), "{text}");
    let rows = ca.store.audit(0, 100).await.unwrap();
    assert_eq!(rows.last().unwrap().event, "refused");
}

#[tokio::test]
async fn who_asks_is_told_what_a_csr_should_have() {
    let (_ca, server) = served(EnrollLimits::default()).await;
    let get = |path: &str| {
        format!("GET /.well-known/est/{path} HTTP/1.1\r\nConnection: close\r\nHost: ca\r\n\r\n")
    };
    let (head, text) = exchange(&server, &get("client/csrattrs")).await;
    assert!(
        head.contains("\r\nContent-Type: application/csrattrs\r\n"),
        "{head}"
    );
    assert_eq!(STANDARD.decode(text.trim_end()).unwrap()[0], 0x30);
    let (head, _) = exchange(&server, &get("csrattrs")).await;
    assert!(head.starts_with("HTTP/1.1 204 "), "{head}");
    let (head, _) = exchange(&server, &get("nothing/csrattrs")).await;
    assert!(head.starts_with("HTTP/1.1 404 Not Found"), "{head}");
}

#[tokio::test]
async fn libest_is_given_lines_that_it_reads() {
    let (_ca, server) = served(EnrollLimits::default()).await;
    let get = |agent: &str| {
        format!(
            "GET /.well-known/est/cacerts HTTP/1.1\r\n{agent}Connection: close\r\nHost: ca\r\n\r\n"
        )
    };
    let (_, line) = exchange(&server, &get("")).await;
    // OpenSSL's BIO_f_base64 skips a first line of this length.
    assert!(line.len() > 1024);
    assert_eq!(line.find('\n'), Some(line.len() - 1));
    for (agent, wrapped) in [
        ("libest client 1.0", true),
        ("libest 3.2.0p", true),
        ("Cisco EST client 2.0 with BRSKI", true),
        ("curl/8.5.0", false),
        ("estclient like libest", false),
    ] {
        let (head, text) = exchange(&server, &get(&format!("User-Agent: {agent}\r\n"))).await;
        let length = format!("\r\nContent-Length: {}", text.len());
        assert!(head.contains(&length), "{agent}: {head}");
        assert_eq!(text.replace('\n', ""), line.trim_end(), "{agent}");
        assert!(text.ends_with('\n'), "{agent}");
        assert_eq!(text.lines().all(|it| it.len() <= 64), wrapped, "{agent}");
    }
}
