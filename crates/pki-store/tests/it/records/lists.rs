//! Lists: by name, by state, page by page; imports, and issuers.

use pki_core::verify::RevocationReason;
use pki_core::{AllowedSubject, Authority, CertificateParameters, Profile};
use pki_store::{
    CertificateAuthority, CertificateState, CertificateStatus, Filter, ImportedCertificate,
    IssueError, IssuerRole, IssuerState, NamePattern, NewIssuer, Order, Page, Selector, StoreError,
};
use time::Duration;
use x509_identity::SubjectAltName;

use crate::kit::{Done, Kit, actor, client, new_key, now, of, order};

/// Names of certificates: the common name, and the others.
fn certificates() -> Vec<(&'static str, Vec<SubjectAltName>)> {
    let dns = |name: &str| SubjectAltName::Dns(name.into());
    let uri = |name: &str| SubjectAltName::Uri(name.into());
    let email = |name: &str| SubjectAltName::Email(name.into());
    let ip = |text: &str| SubjectAltName::Ip(text.parse().expect("an address"));
    vec![
        (
            "api.example.org",
            vec![dns("api.example.org"), dns("example.org")],
        ),
        ("a.b.example.org", vec![]),
        ("Alice Smith", vec![email("alice@example.org")]),
        (
            "bob",
            vec![
                email("bob@other.example"),
                uri("spiffe://example.org/ns/prod/web"),
            ],
        ),
        (
            "10",
            vec![ip("192.0.2.7"), uri("spiffe://example.org/ns/test/web")],
        ),
        ("11", vec![ip("2001:db8::1"), dns("badexample.org")]),
    ]
}

#[tokio::test]
async fn a_pattern_finds_the_names_that_it_matches() -> Done {
    let kit = Kit::new().await;
    let mut profile = client();
    profile.subject = AllowedSubject::any();
    profile.names.ip = pki_core::NameRule::Any;
    for (name, sans) in certificates() {
        let key = new_key();
        let subject = format!("CN={name}").parse()?;
        let parameters = CertificateParameters::for_key(key.public_key_der(), subject).sans(sans);
        kit.ca
            .issue(Order::new(parameters, &profile, "client", actor()), now())
            .await?;
    }
    for (pattern, expected) in [
        ("api.example.org", &["api.example.org"][..]),
        ("API.Example.org", &["api.example.org"]),
        ("example.org", &["api.example.org"]),
        ("*.example.org", &["api.example.org"]),
        (".example.org", &["api.example.org", "a.b.example.org"]),
        ("*.b.example.org", &["a.b.example.org"]),
        ("alice smith", &["Alice Smith"]),
        ("cn:ALICE SMITH", &["Alice Smith"]),
        ("alice", &[]),
        ("alice@example.org", &["Alice Smith"]),
        ("@example.org", &["Alice Smith"]),
        ("@other.example", &["bob"]),
        ("spiffe://example.org/**", &["bob", "10"]),
        ("spiffe://example.org/ns/prod/*", &["bob"]),
        ("spiffe://example.org/ns/*/web", &["bob", "10"]),
        ("SPIFFE://EXAMPLE.org/ns/prod/web", &["bob"]),
        ("spiffe://other.org/**", &[]),
        ("192.0.2.7", &["10"]),
        ("192.0.2.0/24", &["10"]),
        ("192.0.3.0/24", &[]),
        ("0.0.0.0/0", &["10"]),
        ("2001:db8::/32", &["11"]),
        ("badexample.org", &["11"]),
    ] {
        let filter = Filter {
            name: Some(pattern.parse()?),
            ..Filter::default()
        };
        // The smallest pages, so that what the database finds too much is passed over.
        let mut found = Vec::new();
        let mut page = Page::first(1);
        while let [record] = kit
            .store
            .certificates(&filter, page, now())
            .await?
            .as_slice()
        {
            found.push(record.subject.trim_start_matches("CN=").to_owned());
            page.after = record.id;
        }
        assert_eq!(found, expected, "{pattern}");
    }
    for wrong in [
        "",
        "  ",
        "*example.org",
        "a*",
        "http//x*",
        "dns:a b",
        "ip:api.example.org",
        &"a".repeat(3000),
    ] {
        assert!(wrong.parse::<NamePattern>().is_err(), "{wrong}");
    }
    Ok(())
}

#[tokio::test]
async fn a_list_is_read_page_by_page_and_by_state() -> Done {
    let kit = Kit::new().await;
    let mut ids = Vec::new();
    for number in 0..7 {
        ids.push(kit.issue(&format!("c{number}")).await?.record.id);
    }
    let reason = RevocationReason::Superseded;
    let third = Selector::Name("cn:c2".parse()?);
    kit.store
        .revoke(&of(third), reason, &actor(), now())
        .await?;
    let mut found = Vec::new();
    let mut page = Page::first(3);
    loop {
        let records = kit
            .store
            .certificates(&Filter::default(), page, now())
            .await?;
        let Some(last) = records.last() else { break };
        page.after = last.id;
        found.extend(records.into_iter().map(|record| record.id));
    }
    assert_eq!(found, ids);
    let end = now() + Duration::days(2);
    for (state, at, expected) in [
        (CertificateState::Valid, now(), 6),
        (CertificateState::Revoked, now(), 1),
        (CertificateState::Expired, now(), 0),
        (CertificateState::Valid, end, 0),
        (CertificateState::Expired, end, 6),
        (CertificateState::Revoked, end, 1),
        (CertificateState::Reserved, now(), 0),
        (CertificateState::Unconfirmed, now(), 0),
    ] {
        let filter = Filter {
            state: Some(state),
            ..Filter::default()
        };
        let found = kit.store.certificates(&filter, Page::default(), at).await?;
        assert_eq!(found.len(), expected, "{state:?} {at}");
        assert!(found.iter().all(|record| record.state == state));
    }
    for (before, expected) in [(now(), 0), (end, 7)] {
        let filter = Filter {
            expiring_before: Some(before),
            ..Filter::default()
        };
        assert_eq!(
            kit.store
                .certificates(&filter, Page::default(), now())
                .await?
                .len(),
            expected
        );
    }
    Ok(())
}

#[tokio::test]
async fn imported_certificates_are_listed_and_revocable() -> Done {
    let kit = Kit::new().await;
    let other = Kit::new().await;
    let issuer = kit.ca.issuer().id;
    let certificate = other.issue("a").await?.certificate;
    let serial = |text: &str| text.parse::<x509_identity::SerialNumber>();
    let end = now() + Duration::days(30);
    let imported = || -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
        Ok(vec![
            ImportedCertificate::new(certificate.clone()),
            ImportedCertificate::from_index(serial("01")?, "CN=b".parse()?, end),
            ImportedCertificate::from_index(serial("02")?, "CN=c".parse()?, end)
                .revoked(now() - Duration::DAY, RevocationReason::KeyCompromise),
        ])
    };
    assert_eq!(
        kit.store
            .import(issuer, imported()?, &actor(), now())
            .await?,
        3
    );
    assert_eq!(
        kit.store
            .import(issuer, imported()?, &actor(), now())
            .await?,
        0
    );
    let serials = [
        certificate.serial().clone(),
        serial("01")?,
        serial("02")?,
        serial("03")?,
    ];
    let statuses = kit.store.statuses(issuer, &serials).await?;
    let revoked = CertificateStatus::Revoked {
        at: now() - Duration::DAY,
        reason: RevocationReason::KeyCompromise,
    };
    let (good, unknown) = (CertificateStatus::Good, CertificateStatus::Unknown);
    assert_eq!(statuses, [good, good, revoked, unknown]);
    assert_eq!(kit.store.crl_number_above(issuer, 0, 41).await?, 42);
    let selection = of(Selector::Name("cn:b".parse()?));
    let reason = RevocationReason::Superseded;
    assert_eq!(
        kit.store
            .revoke(&selection, reason, &actor(), now())
            .await?
            .len(),
        1
    );
    let crl = kit.ca.sign_crl(0, Duration::DAY, now()).await?;
    assert_eq!((crl.number, crl.entries), (43, 2));
    let zero = x509_identity::SerialNumber::from_integer_octets(&[0]);
    let zero = vec![ImportedCertificate::from_index(zero, "CN=d".parse()?, end)];
    let refused = kit.store.import(issuer, zero, &actor(), now()).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    kit.store.verify_audit().await?;
    Ok(())
}

#[tokio::test]
async fn a_key_that_was_compromised_before_an_import_is_not_certified() -> Done {
    for (reason, is_issued) in [
        (RevocationReason::KeyCompromise, false),
        (RevocationReason::Superseded, true),
    ] {
        let kit = Kit::new().await;
        let other = Kit::new().await;
        let (key, profile) = (new_key(), client());
        let issued = other.ca.issue(order("a", &key, &profile), now()).await?;
        let certificate = issued.certificate;
        // A file may say that it is valid, and further down that it is not.
        let imported = vec![
            ImportedCertificate::new(certificate.clone()),
            ImportedCertificate::from_index(
                certificate.serial().clone(),
                certificate.subject().clone(),
                certificate.not_after(),
            )
            .revoked(now(), reason),
            ImportedCertificate::new(certificate.clone()),
        ];
        let issuer = kit.ca.issuer().id;
        let added = kit.store.import(issuer, imported, &actor(), now()).await?;
        assert_eq!(added, 1);
        let serial = std::slice::from_ref(certificate.serial());
        let status = kit.store.statuses(issuer, serial).await?;
        let expected = CertificateStatus::Revoked { at: now(), reason };
        assert_eq!(status, [expected]);
        let asked = kit.ca.issue(order("a", &key, &profile), now()).await;
        assert_eq!(asked.is_ok(), is_issued, "{:?}", asked.err());
        kit.store.verify_audit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_issuer_is_added_once_and_can_retire() -> Done {
    let kit = Kit::new().await;
    let chain = kit.ca.issuer().chain.clone();
    let new = |ca: &str| NewIssuer::new(ca, IssuerRole::Issuing, chain.clone());
    let again = kit.store.add_issuer(new("test"), &actor(), now()).await?;
    assert_eq!(again.id, kit.ca.issuer().id);
    assert_eq!(kit.store.issuers().await?.len(), 2);
    let mut many = new("test");
    many.partitions = 2;
    let mut none = new("test");
    none.partitions = 0;
    let mut empty = new("test");
    empty.chain.clear();
    for wrong in [
        new("other"),
        new(""),
        new("a/b"),
        new(&"a".repeat(65)),
        many,
        none,
        empty,
    ] {
        let refused = kit.store.add_issuer(wrong, &actor(), now()).await;
        assert!(
            matches!(refused, Err(StoreError::Refused(_))),
            "{refused:?}"
        );
    }
    let id = kit.ca.issuer().id;
    let responder = Profile::ocsp_responder();
    for (state, issues, appoints) in [
        (IssuerState::Retiring, false, true),
        (IssuerState::Active, true, true),
        (IssuerState::Retired, false, false),
    ] {
        kit.store
            .set_issuer_state(id, state, &actor(), now())
            .await?;
        let issued = kit.issue("a").await;
        assert_eq!(issued.is_ok(), issues, "{state:?}");
        // It answers for what it has issued.
        let order = order("r", &new_key(), &responder);
        let appointed = kit.ca.issue(order, now()).await;
        assert_eq!(appointed.is_ok(), appoints, "{state:?} {appointed:?}");
        assert!(issues || matches!(issued, Err(IssueError::Retired { .. })));
        kit.ca.sign_crl(0, Duration::DAY, now()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_issuer_that_is_revoked_issues_no_more_and_answers_for_what_it_has_issued() -> Done {
    let kit = Kit::new().await;
    // Its own certificate has to be in the store.
    let key = new_key();
    let profile = Profile::issuing_ca();
    let below = order("below", &key, &profile);
    let below = kit.root.issue(below, now()).await?;
    let chain = vec![
        below.certificate.clone(),
        kit.root.authority().certificate().clone(),
    ];
    let issuer = NewIssuer::new("test", IssuerRole::Issuing, chain.clone());
    kit.store.add_issuer(issuer, &actor(), now()).await?;
    let authority = Authority::new(chain, key)?;
    let ca = CertificateAuthority::new(authority, kit.store.clone()).await?;
    let (leaf, responder) = (Profile::client(), Profile::ocsp_responder());
    ca.issue(order("a", &new_key(), &leaf), now()).await?;
    let selection = of(Selector::Serial(below.record.serial));
    let reason = RevocationReason::CaCompromise;
    kit.store
        .revoke(&selection, reason, &actor(), now())
        .await?;
    let refused = ca.issue(order("b", &new_key(), &leaf), now()).await;
    assert!(
        matches!(&refused, Err(IssueError::IssuerRevoked { subject }) if subject == "CN=below"),
        "{refused:?}"
    );
    let rows = kit.store.audit(0, 100).await?;
    let last = rows.last().ok_or("no rows")?;
    assert!(last.event == "refused" && last.detail.contains("is revoked"));
    ca.issue(order("r", &new_key(), &responder), now()).await?;
    ca.sign_crl(0, Duration::DAY, now()).await?;
    // The others are none the worse for it.
    kit.issue("c").await?;
    Ok(())
}
