//! A CA with a store, and a console over it that is asked as a browser asks.

use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::stream;
use mtls_server::{MockClientCert, Rule};
use pki_console::{Console, console};
use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{
    Actor, AuditRow, CertificateAuthority, CertificateRecord, Filter, Idempotency, IssuerRole,
    NewApprovalRequest, NewIssuer, Order, Selection, Selector, Store, StoreUrl,
};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use tower::ServiceExt as _;
use x509_identity::SerialNumber;

/// The origin of the console.
pub(crate) const ORIGIN: &str = "https://console.example:8445";

/// A CA, whose operators are `alice` and `bob`.
pub(crate) struct Desk {
    pub(crate) directory: TempDir,
    pub(crate) store: Store,
    pub(crate) ca: CertificateAuthority,
    pub(crate) router: Router,
    pub(crate) alice: CertificateRecord,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The value of the first field of this name in a form of the page.
    #[track_caller]
    pub(crate) fn hidden(&self, name: &str) -> String {
        let begin = format!("name=\"{name}\" value=\"");
        let (_, rest) = self
            .text
            .split_once(&begin)
            .expect("the page has the field");
        rest.split_once('"').unwrap().0.to_owned()
    }

    pub(crate) fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }

    /// The page is a refusal with this status and sentence.
    #[track_caller]
    pub(crate) fn is_refusal(&self, status: u16, sentence: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert!(self.text.contains(sentence), "{sentence}: {}", self.text);
        assert!(self.text.starts_with("<!DOCTYPE html>"), "{}", self.text);
    }

    /// The page is there, and has this text.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        assert!(self.text.contains(text), "{text}: {}", self.text);
    }

    #[track_caller]
    pub(crate) fn leads_to(&self, path: &str) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        assert_eq!(self.location(), path);
    }
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = StoreUrl::from(directory.path().join("store.db"));
        let store = Store::open(&url).await.unwrap();
        let ca = authority(&store, "test").await;
        let alice = issue(&ca, "alice", None).await;
        let operators = Rule::any([Rule::common_name("alice"), Rule::common_name("bob")]);
        let settings = Console::new(store.clone(), "test", operators)
            .profiles(["client", "server"])
            .own_profiles(["own-server"]);
        Self {
            router: console(settings).unwrap(),
            directory,
            store,
            ca,
            alice,
        }
    }

    pub(crate) async fn issue(&self, name: &str) -> CertificateRecord {
        issue(&self.ca, name, None).await
    }

    pub(crate) async fn renew(&self, name: &str, of: &SerialNumber) -> CertificateRecord {
        issue(&self.ca, name, Some(of.clone())).await
    }

    pub(crate) async fn revoke(&self, record: &CertificateRecord) {
        let selection = Selection::of("test", Selector::Serial(record.serial.clone()));
        let reason = RevocationReason::Superseded;
        let revoked = self.store.revoke(&selection, reason, &actor(), now()).await;
        assert_eq!(revoked.unwrap().len(), 1);
    }

    pub(crate) async fn record(&self, id: i64) -> CertificateRecord {
        self.store.certificate(id, now()).await.unwrap()
    }

    /// A request that waits for approval.
    pub(crate) async fn asks(&self, name: &str) -> i64 {
        let request = NewApprovalRequest {
            ca: "test".into(),
            requester: Actor::new("token:7"),
            actor: Actor::new("token:7"),
            profile: "client".into(),
            subject: format!("CN={name}"),
            sans: Vec::new(),
            spki_sha256: [7; 32],
            csr: name.as_bytes().to_vec(),
            idempotency: Idempotency {
                key: name.into(),
                payload_sha256: [7; 32],
            },
            token: None,
            lineage: None,
            expires_at: now() + Duration::HOUR,
        };
        self.store.ask_approval(request, now()).await.unwrap().id
    }

    /// Opens a page as alice.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(Some(&self.alice), path).await
    }

    pub(crate) async fn get_as(&self, who: Option<&CertificateRecord>, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.ask(who, request).await
    }

    /// Sends a form as alice, from a page of the console.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_as(&self.alice, path, fields).await
    }

    pub(crate) async fn post_as(
        &self,
        who: &CertificateRecord,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        self.ask(Some(who), form(path, fields)).await
    }

    /// The same with a ticket of the page `on`.
    pub(crate) async fn send(&self, on: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let ticket = self.get(on).await.hidden("ticket");
        let fields = [&[("ticket", ticket.as_str())], fields].concat();
        self.post(path, &fields).await
    }

    pub(crate) async fn ask(
        &self,
        who: Option<&CertificateRecord>,
        mut request: Request<Body>,
    ) -> Answer {
        let client = match who {
            Some(record) => MockClientCert::from_der(record.der.as_ref().unwrap()).unwrap(),
            None => MockClientCert::anonymous(),
        };
        client.attach(request.extensions_mut());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 16 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The rows of the audit log with this event.
    pub(crate) async fn logged(&self, event: &str) -> Vec<AuditRow> {
        let mut rows = self.store.audit(0, 10_000).await.unwrap();
        rows.retain(|row| row.event == event);
        rows
    }

    /// Who alice is in the log.
    pub(crate) fn actor_of_alice(&self) -> String {
        format!("console:{} CN=alice", self.alice.serial)
    }
}

/// A form that a page of the console sends.
pub(crate) fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    Request::post(format!("{ORIGIN}{path}"))
        .header("origin", ORIGIN)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(encoded(fields)))
        .unwrap()
}

/// A body that arrives once `work` is done, which begins when somebody reads it.
pub(crate) fn after(
    work: impl Future<Output = ()> + Send + 'static,
    text: impl Into<Bytes> + Send + 'static,
) -> Body {
    let once = async move {
        work.await;
        Ok::<Bytes, Infallible>(text.into())
    };
    Body::from_stream(stream::once(once))
}

/// Values of tests need no more than this.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let value = |text: &str| {
        let hex = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(hex).collect::<String>()
    };
    let pair = |(name, text): &(&str, &str)| format!("{name}={}", value(text));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// A root that issues by itself.
pub(crate) async fn authority(store: &Store, ca: &str) -> CertificateAuthority {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let name = format!("CN=Root of {ca}").parse().unwrap();
    let root = Authority::root(name, key, &Profile::root(), now() - Duration::days(10)).unwrap();
    let issuer = NewIssuer::new(ca, IssuerRole::Issuing, root.chain().to_vec());
    store.add_issuer(issuer, &actor(), now()).await.unwrap();
    CertificateAuthority::new(root, store.clone())
        .await
        .unwrap()
}

pub(crate) async fn issue(
    ca: &CertificateAuthority,
    name: &str,
    renews: Option<SerialNumber>,
) -> CertificateRecord {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let subject = x509_identity::DistinguishedName::builder().common_name(name);
    let subject = subject.build().unwrap();
    let parameters = CertificateParameters::for_key(key.public_key_der(), subject);
    let profile = Profile::client();
    let mut order = Order::new(parameters, &profile, "client", actor());
    order.replaces = renews;
    ca.issue(order, now()).await.unwrap();
    let filter = Filter {
        ca: Some(ca.issuer().ca.clone()),
        ..Filter::default()
    };
    let newest = ca.store().latest_certificates(&filter, None, 1, now());
    newest.await.unwrap().remove(0)
}

pub(crate) fn actor() -> Actor {
    Actor::new("test")
}

pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
