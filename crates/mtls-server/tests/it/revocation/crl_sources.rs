//! Where revocation lists come from, and what is said of those that cannot be used.

use std::{fs, time::Duration};

use mtls_server::{
    crl::{CrlSource, CrlSourceError, CrlSources, LoadedCrls},
    plain_http::HttpError,
};

use test_pki::der::{content, extension, fields, tlv};

use crate::support::{
    crls::{Shelf, client, now, passes},
    origin::{Origin, Reply},
    pki::Ca,
};

async fn first_load(reply: Reply) -> Result<LoadedCrls, CrlSourceError> {
    let (_shelf, origin) = Shelf::open(reply).await;
    let source = CrlSource::url(&origin.url("/ca.crl")).unwrap();
    CrlSources::new([source.timeout(Duration::from_millis(300))])
        .load(now())
        .await
}

#[tokio::test]
async fn files_directories_and_urls_are_one_set() {
    let (a, b, c) = (Ca::root("a"), Ca::root("b"), Ca::root("c"));
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("a.pem"), a.crl().revoke(1_u64).pem()).unwrap();
    fs::create_dir(path("more")).unwrap();
    fs::write(path("more/b.crl"), b.crl().pem()).unwrap();
    let (_shelf, origin) = Shelf::open(Reply::ok(c.crl().pem())).await;

    let sources = CrlSources::new([
        CrlSource::file(path("a.pem")),
        CrlSource::directory(path("more")),
        CrlSource::url(&origin.url("/c.crl?full")).unwrap(),
    ]);
    let loaded = sources.load(now()).await.unwrap();
    assert!(loaded.problems.is_empty());
    assert_eq!(loaded.crls.len(), 3);
    for (ca, serial, good) in [(&a, 1, false), (&a, 2, true), (&b, 1, true), (&c, 1, true)] {
        assert_eq!(passes(&loaded, ca, &client(ca, serial)), good);
    }
    let request = &origin.requests()[0];
    assert!(request.head.starts_with("GET /c.crl?full HTTP/1.1\r\n"));
    assert_eq!(
        request.field("host"),
        Some(origin.address.to_string().as_str())
    );
}

#[tokio::test]
async fn the_fingerprint_changes_with_the_content_alone() {
    let ca = Ca::root("root");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.crl");
    let sources = CrlSources::new([CrlSource::file(&path)]);
    let list = ca.crl().pem();
    fs::write(&path, &list).unwrap();
    let first = sources.load(now()).await.unwrap().fingerprint;
    fs::write(&path, &list).unwrap();
    assert_eq!(sources.load(now()).await.unwrap().fingerprint, first);
    fs::write(&path, ca.crl().revoke(1_u64).pem()).unwrap();
    let changed = sources.load(now()).await.unwrap();
    assert_ne!(changed.fingerprint, first);
    assert!(!passes(&changed, &ca, &client(&ca, 1)));
}

#[tokio::test]
async fn a_directory_is_read_by_names_and_one_bad_file_spoils_it() {
    let ca = Ca::root("root");
    let list = ca.crl().revoke(1_u64).pem();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let sources = CrlSources::new([CrlSource::directory(directory.path())]);

    let empty = sources.load(now()).await.unwrap_err();
    assert!(empty.to_string().contains("no file in"), "{empty}");
    fs::write(path("1a2b3c4d.r0"), &list).unwrap();
    fs::write(path("ca.crl"), &list).unwrap();
    fs::write(path("ca.pem"), ca.pem()).unwrap();
    fs::write(path("README"), "nothing to see").unwrap();
    fs::write(path(".ca.crl.swp"), "half a li").unwrap();
    fs::create_dir(path("old.crl")).unwrap();
    assert_eq!(sources.load(now()).await.unwrap().crls.len(), 1);
    let other = Ca::root("other");
    fs::write(path("other.crl"), other.crl().pem()).unwrap();
    assert_eq!(sources.load(now()).await.unwrap().crls.len(), 2);

    for (name, content, says) in [
        ("bad.crl", "half a li", "neither PEM nor DER"),
        ("bad.crl", "", "is empty"),
        ("bad.r1", ca.pem().as_str(), "holds a certificate"),
        ("bad.pem", "half a li", "neither PEM nor DER"),
        ("bad.der", &list[..300], "bad.der"),
    ] {
        fs::write(path(name), content).unwrap();
        let error = sources.load(now()).await.unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(name) && message.contains(says),
            "{message}"
        );
        fs::remove_file(path(name)).unwrap();
    }
    sources.load(now()).await.unwrap();

    for (missing, says) in [
        ("nowhere", "does not exist"),
        ("ca.crl", "is not a directory"),
    ] {
        let error = CrlSources::new([CrlSource::directory(path(missing))])
            .load(now())
            .await;
        let message = error.unwrap_err().to_string();
        assert!(message.contains(says), "{message}");
    }
    let none = CrlSources::new([]).load(now()).await.unwrap_err();
    assert!(matches!(none, CrlSourceError::NoSource));
}

#[tokio::test]
async fn a_url_that_gives_no_crl_says_why() {
    type Wanted = fn(&HttpError) -> bool;
    let elsewhere = ("Location", "http://127.0.0.1:1/other.crl");
    let cases: [(&str, Reply, Wanted); 6] = [
        (
            "404",
            Reply::with("404 Not Found", &[], "no"),
            |e| matches!(e, HttpError::Status(s) if *s == 404),
        ),
        (
            "redirect",
            Reply::with("302 Found", &[elsewhere], ""),
            |e| matches!(e, HttpError::Redirect { status: 302, location } if location.ends_with("/other.crl")),
        ),
        (
            "announced too large",
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n").hanging(),
            |e| matches!(e, HttpError::TooLarge { .. }),
        ),
        (
            "slow",
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n-----BEGIN").hanging(),
            |e| matches!(e, HttpError::Timeout(_)),
        ),
        (
            "cut",
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n-----BEGIN"),
            |e| matches!(e, HttpError::Exchange(_)),
        ),
        ("not HTTP", Reply::raw("SSH-2.0-OpenSSH_9.2\r\n"), |e| {
            matches!(e, HttpError::Exchange(_))
        }),
    ];
    for (case, reply, wanted) in cases {
        match first_load(reply).await.unwrap_err() {
            CrlSourceError::Download { source, .. } => {
                assert!(wanted(&source), "{case}: {source:?}")
            }
            error => panic!("{case}: {error:?}"),
        }
    }
    for (case, body, says) in [
        ("HTML", "<html>sign in</html>", "a web page"),
        ("nothing", "", "nothing"),
        (
            "a certificate",
            &Ca::root("root").pem(),
            "holds a certificate",
        ),
    ] {
        let error = first_load(Reply::ok(body)).await.unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, CrlSourceError::Downloaded(_)), "{case}");
        assert!(
            message.contains("http://127.0.0.1") && message.contains(says),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_body_without_length_is_read_up_to_the_limit() {
    let ca = Ca::root("root");
    let list = ca.crl().pem();
    let chunked = |body: &[u8]| {
        let mut reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        reply.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
        reply.extend_from_slice(body);
        reply.extend_from_slice(b"\r\n0\r\n\r\n");
        reply
    };
    tokio::spawn(first_load(Reply::raw(chunked(list.as_bytes()))))
        .await
        .unwrap()
        .unwrap();

    let endless = chunked(&vec![b'\n'; (64 << 20) + 1]);
    let (_shelf, origin) = Shelf::open(Reply::raw(endless)).await;
    let source = CrlSource::url(&origin.url("/")).unwrap();
    let error = CrlSources::new([source]).load(now()).await.unwrap_err();
    assert!(
        matches!(
            error,
            CrlSourceError::Download {
                source: HttpError::TooLarge { .. },
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_unchanged_url_is_not_sent_again() {
    let ca = Ca::root("root");
    let list = ca.crl().revoke(1_u64).pem();
    let origin = Origin::start(move |request| {
        if request.field("if-none-match") == Some("\"v1\"") {
            Reply::with("304 Not Modified", &[], "")
        } else {
            let fields = [
                ("ETag", "\"v1\""),
                ("Last-Modified", "Sat, 01 Nov 2025 10:00:00 GMT"),
            ];
            Reply::with("200 OK", &fields, &list)
        }
    })
    .await;
    let sources = CrlSources::new([CrlSource::url(&origin.url("/")).unwrap()]);
    let first = sources.load(now()).await.unwrap();
    let second = sources.load(now()).await.unwrap();
    assert_eq!(first.fingerprint, second.fingerprint);
    assert!(second.problems.is_empty());
    assert!(!passes(&second, &ca, &client(&ca, 1)));
    let requests = origin.requests();
    assert_eq!(requests[0].field("if-none-match"), None);
    assert_eq!(requests[1].field("if-none-match"), Some("\"v1\""));
    assert_eq!(
        requests[1].field("if-modified-since"),
        Some("Sat, 01 Nov 2025 10:00:00 GMT")
    );
}

#[tokio::test]
async fn a_url_that_fails_later_leaves_the_last_crls() {
    let ca = Ca::root("root");
    let revoked = client(&ca, 1);
    let (shelf, origin) = Shelf::open(Reply::ok(ca.crl().revoke(1_u64).pem())).await;
    let source = CrlSource::url(&origin.url("/")).unwrap();
    let sources = CrlSources::new([source.timeout(Duration::from_millis(300))]);
    let first = sources.load(now()).await.unwrap();
    for bad in [
        Reply::with("503 Service Unavailable", &[], ""),
        Reply::ok("<html>"),
        Reply::raw("").hanging(),
    ] {
        shelf.put(bad);
        let later = sources.load(now()).await.unwrap();
        assert_eq!(later.problems.len(), 1);
        assert_eq!(later.fingerprint, first.fingerprint);
        assert!(!passes(&later, &ca, &revoked));
    }
    shelf.put(Reply::ok(ca.crl().number(2).pem()));
    let healed = sources.load(now()).await.unwrap();
    assert!(healed.problems.is_empty());
}

#[tokio::test]
async fn only_plain_http_urls_are_sources() {
    assert!(CrlSource::url("http://ca.test/root.crl").is_ok());
    for url in ["https://ca.test/root.crl", "ldap://ca.test/", "ca.crl", ""] {
        assert!(CrlSource::url(url).is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_first_response_that_cannot_be_used_is_an_error_whatever_else_is_there() {
    let (here, there) = (Ca::root("here"), Ca::root("there"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("here.crl");
    fs::write(&path, here.crl().pem()).unwrap();
    let complete = there.crl();
    // Without a complete CRL of its issuer it says nothing of most certificates.
    let delta = there.rewrite(complete.der(), |tbs| {
        let mut extensions = fields(content(content(&tbs.pop().unwrap())));
        extensions.push(extension(&[0x55, 0x1D, 27], true, &[2, 1, 1]));
        tbs.push(tlv(0xA0, tlv(0x30, extensions.concat())));
    });
    for (reply, is_good) in [
        (Reply::ok(complete.der()), true),
        (Reply::ok(&delta), false),
        (Reply::with("304 Not Modified", &[], ""), false),
        (Reply::with("500 Internal Server Error", &[], ""), false),
    ] {
        let (_shelf, origin) = Shelf::open(reply).await;
        let url = CrlSource::url(&origin.url("/ca.crl")).unwrap();
        let sources = CrlSources::new([CrlSource::file(&path), url]);
        for _ in 0..2 {
            assert_eq!(sources.load(now()).await.is_ok(), is_good);
        }
    }
}

#[tokio::test]
async fn the_version_that_is_asked_for_is_that_of_the_last_response() {
    let crl = Ca::root("root").crl().pem();
    let version = |number: u8| Reply::with("200 OK", &[("ETag", &format!("\"{number}\""))], &crl);
    let (shelf, origin) = Shelf::open(version(1)).await;
    let sources = CrlSources::new([CrlSource::url(&origin.url("/ca.crl")).unwrap()]);
    for number in 1..=3 {
        shelf.put(version(number));
        sources.load(now()).await.unwrap();
    }
    let requests = origin.requests();
    let asked: Vec<_> = requests
        .iter()
        .map(|it| it.field("if-none-match"))
        .collect();
    assert_eq!(asked, [None, Some("\"1\""), Some("\"2\"")]);
}
