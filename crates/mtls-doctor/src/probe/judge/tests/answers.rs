//! Servers that answer otherwise than they should: without the response that their certificate demands, or not in TLS.

use test_pki::rcgen::CustomExtension;

use super::*;

#[test]
fn a_certificate_that_demands_a_response_comes_with_one() {
    // SEQUENCE { status_request } of RFC 7633.
    let feature = CustomExtension::from_oid_content(
        &[1, 3, 6, 1, 5, 5, 7, 1, 24],
        vec![0x30, 0x03, 0x02, 0x01, 0x05],
    );
    let root = Ca::root("Root");
    let server = root
        .server("localhost")
        .with(|params| params.custom_extensions.push(feature));
    let mut world = World::new();
    world.cas = vec![Certificate::from_der(root.der()).unwrap()];
    world.client = root.client("client1");
    for attempt in &mut world.seen.attempts {
        attempt.chain = server.chain().iter().map(|der| der.to_vec()).collect();
    }
    assert_eq!(first(&world), Some("server-staple-missing"));
    world.seen.attempts[0].stapled = true;
    assert_eq!(first(&world), None);
}

#[test]
fn another_protocol_is_named_with_what_shows_its_tls() {
    let mut world = World::new();
    let mut told = |first: &[u8], url: &str| {
        world.seen.url = url.parse().unwrap();
        for attempt in &mut world.seen.attempts {
            attempt.stage = Stage::Hello;
            attempt.outcome = match first {
                b"" => Outcome::Closed,
                first => Outcome::NotTls(first.to_vec()),
            };
        }
        let report = world.judged(&[]);
        let finding = &report.findings()[0];
        (finding.id, format!("{} {:?}", finding.what, finding.mend))
    };
    let (id, text) = told(b"220 mx.example ESMTP\r\n", "https://localhost:25");
    assert_eq!(id, "not-tls");
    assert!(
        text.contains("SMTP") && text.contains("-starttls smtp -connect localhost:25"),
        "{text}"
    );
    assert!(text.contains("465"), "{text}");
    let (id, text) = told(b"SSH-2.0-OpenSSH\r\n", "https://localhost:22");
    assert!(id == "not-tls" && text.contains("SSH has no TLS"), "{text}");
    let (id, text) = told(b"hello", "https://localhost:1");
    assert!(id == "not-tls" && !text.contains("-starttls"), "{text}");
    // PostgreSQL says nothing, and its port alone tells it.
    let (id, text) = told(b"", "https://localhost:5432");
    assert!(
        id == "not-tls" && text.contains("-starttls postgres"),
        "{text}"
    );
    let (id, _) = told(b"", "https://localhost:8443");
    assert_eq!(id, "handshake-cut");
}
