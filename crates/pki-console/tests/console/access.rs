//! Who may see the console, and whose forms it takes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::routing::get;
use mtls_server::Rule;
use pki_console::{Console, Operator, console};
use tower::ServiceExt as _;

use crate::support::{Desk, ORIGIN, after, authority, encoded, form, issue};

const PAGES: [&str; 8] = [
    "/certificates",
    "/certificates/1",
    "/revoke",
    "/requests",
    "/tokens",
    "/expiring",
    "/audit",
    "/cas",
];

#[tokio::test]
async fn an_operator_sees_every_page_and_nobody_else_sees_any() {
    let desk = Desk::new().await;
    let device = desk.issue("device").await;
    let other_ca = authority(&desk.store, "other").await;
    let namesake = issue(&other_ca, "alice", None).await;
    let bob = desk.issue("bob").await;
    for page in PAGES {
        assert_eq!(desk.get(page).await.status, 200, "{page}");
        assert_eq!(desk.get_as(Some(&bob), page).await.status, 200, "{page}");
        let nobody = desk.get_as(None, page).await;
        nobody.is_refusal(403, "needs a client certificate");
        let device = desk.get_as(Some(&device), page).await;
        device.is_refusal(403, "not that of an operator");
        let namesake = desk.get_as(Some(&namesake), page).await;
        namesake.is_refusal(403, "not one that this CA knows as valid");
        assert!(!device.text.contains("<nav"), "{page}");
    }
    desk.revoke(&bob).await;
    for page in PAGES {
        let revoked = desk.get_as(Some(&bob), page).await;
        revoked.is_refusal(
            403,
            "your certificate is revoked".replace('y', "Y").as_str(),
        );
    }
}

#[tokio::test]
async fn a_router_that_nobody_serves_over_tls_refuses_everybody() {
    let desk = Desk::new().await;
    let request = Request::get("/certificates").body(Body::empty()).unwrap();
    let answer = desk.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 500);
}

#[tokio::test]
async fn every_answer_says_that_nothing_is_kept_run_or_framed() {
    let desk = Desk::new().await;
    for path in ["/certificates", "/nothing", "/style.css", "/tokens"] {
        let answer = desk.get(path).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store", "{path}");
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        // Otherwise browsers would send forms from the origin `null`.
        assert_eq!(header("referrer-policy"), "same-origin");
        assert!(!answer.text.contains("<script"), "{path}");
        assert!(!answer.text.contains(" style="), "{path}");
    }
    desk.get("/nothing").await.is_refusal(404, "no such page");
    desk.get("/certificates/x")
        .await
        .is_refusal(404, "no such page");
    desk.get("/certificates/99")
        .await
        .is_refusal(404, "certificate 99");
    desk.get("/requests/99")
        .await
        .is_refusal(404, "no such request");
}

#[tokio::test]
async fn a_form_of_another_site_or_without_a_ticket_does_nothing() {
    let desk = Desk::new().await;
    let (device, bob) = (desk.issue("device").await, desk.issue("bob").await);
    let id = desk.asks("sensor").await;
    let (page, path) = (format!("/requests/{id}"), format!("/requests/{id}/approve"));
    let shown = desk.get(&page).await;
    let (ticket, csr) = (shown.hidden("ticket"), shown.hidden("csr"));
    let of_bob = desk.get_as(Some(&bob), &page).await.hidden("ticket");
    let fields = |ticket: &str| encoded(&[("csr", &csr), ("ticket", ticket)]);
    let request = |origin: Option<&str>, site: Option<&str>, media_type: &str, body: String| {
        let mut request = Request::post(format!("{ORIGIN}{path}"));
        for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request = request.header("content-type", media_type);
        request.body(Body::from(body)).unwrap()
    };
    let (own, same) = (Some(ORIGIN), Some("same-origin"));
    let urlencoded = "application/x-www-form-urlencoded";
    let large = format!("{}&x={}", fields(&ticket), "x".repeat(70_000));
    for (origin, site, media_type, body, status, sentence) in [
        (None, None, urlencoded, fields(&ticket), 403, "another site"),
        (
            Some("https://evil.example"),
            None,
            urlencoded,
            fields(&ticket),
            403,
            "another site",
        ),
        (
            Some("null"),
            same,
            urlencoded,
            fields(&ticket),
            403,
            "another site",
        ),
        (
            own,
            Some("cross-site"),
            urlencoded,
            fields(&ticket),
            403,
            "another site",
        ),
        (
            own,
            Some("same-site"),
            urlencoded,
            fields(&ticket),
            403,
            "another site",
        ),
        (own, same, "text/plain", fields(&ticket), 415, "only forms"),
        (
            own,
            same,
            "multipart/form-data",
            fields(&ticket),
            415,
            "only forms",
        ),
        (
            own,
            same,
            urlencoded,
            encoded(&[("csr", &csr)]),
            403,
            "not one of the console",
        ),
        (own, same, urlencoded, fields("x"), 403, "somebody else"),
        (own, same, urlencoded, fields(&of_bob), 403, "somebody else"),
        (own, same, urlencoded, large, 413, "too large"),
    ] {
        let refused = request(origin, site, media_type, body);
        let answer = desk.ask(Some(&desk.alice), refused).await;
        let sentence = sentence.to_owned();
        answer.is_refusal(
            status,
            if sentence.starts_with("only") {
                &sentence[1..]
            } else {
                &sentence
            },
        );
    }
    // A good form of somebody who may not.
    let good = || form(&path, &[("csr", &csr), ("ticket", &ticket)]);
    desk.ask(None, good())
        .await
        .is_refusal(403, "client certificate");
    desk.ask(Some(&device), good())
        .await
        .is_refusal(403, "operator");
    desk.ask(Some(&bob), good())
        .await
        .is_refusal(403, "somebody else");
    assert!(desk.logged("request-approved").await.is_empty());
    let refused = desk.logged("refused").await;
    assert_eq!(refused.len(), 12, "{refused:#?}");
    assert!(
        refused
            .iter()
            .take(11)
            .all(|row| row.actor == desk.actor_of_alice())
    );
    assert!(refused[0].detail.contains(&path), "{}", refused[0].detail);

    // The same form from a page of the console does it.
    desk.ask(Some(&desk.alice), good()).await.leads_to(&page);
    let approved = desk.logged("request-approved").await;
    assert_eq!(approved[0].actor, desk.actor_of_alice());

    // A revoked operator's open page is good for nothing.
    let ticket = desk.get_as(Some(&bob), "/tokens").await.hidden("ticket");
    desk.revoke(&bob).await;
    let token = a_token(&ticket);
    let refused = desk.post_as(&bob, "/tokens", &token).await;
    refused.is_refusal(403, "revoked");
    assert!(desk.logged("token-created").await.is_empty());
}

/// The fields of a form that makes a token.
fn a_token(ticket: &str) -> [(&str, &str); 5] {
    [
        ("ticket", ticket),
        ("profile", "client"),
        ("any", "yes"),
        ("uses", "1"),
        ("life", "1h"),
    ]
}

#[tokio::test]
async fn an_operator_who_is_revoked_while_his_form_arrives_does_nothing() {
    for revoked in [false, true] {
        let desk = Arc::new(Desk::new().await);
        let bob = desk.issue("bob").await;
        let ticket = desk.get_as(Some(&bob), "/tokens").await.hidden("ticket");
        let token = a_token(&ticket);
        let (at, him) = (desk.clone(), bob.clone());
        let revoking = async move {
            if revoked {
                at.revoke(&him).await;
            }
        };
        let request = form("/tokens", &token);
        let request = request.map(|_| after(revoking, encoded(&token)));
        let answer = desk.ask(Some(&bob), request).await;
        let made = desk.logged("token-created").await.len();
        assert_eq!(made, usize::from(!revoked), "{}", answer.text);
        if revoked {
            answer.is_refusal(403, "certificate is revoked");
            let refused = desk.logged("refused").await;
            assert_eq!(refused.len(), 1, "{refused:?}");
            assert!(refused[0].actor.ends_with("CN=bob"), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn a_form_from_before_a_restart_is_refused_and_a_new_one_is_not() {
    let desk = Desk::new().await;
    let id = desk.asks("sensor").await;
    let (page, path) = (format!("/requests/{id}"), format!("/requests/{id}/approve"));
    let old = desk.get(&page).await;
    let settings = Console::new(desk.store.clone(), "test", Rule::common_name("alice"));
    let router = console(settings).unwrap();
    let desk = Desk { router, ..desk };
    let (ticket, csr) = (old.hidden("ticket"), old.hidden("csr"));
    let stale = [("ticket", ticket.as_str()), ("csr", csr.as_str())];
    let refused = desk.post(&path, &stale).await;
    refused.is_refusal(403, "before a restart");
    assert!(desk.logged("request-approved").await.is_empty());
    let done = desk.send(&page, &path, &[("csr", &csr)]).await;
    done.leads_to(&page);
}

#[tokio::test]
async fn reading_changes_nothing_and_other_methods_are_refused() {
    let desk = Desk::new().await;
    desk.issue("device").await;
    let id = desk.asks("sensor").await;
    let head = desk.store.audit_head().await.unwrap();
    for path in PAGES {
        desk.get(path).await;
    }
    for path in [
        "/revoke?by=name&value=device&reason=superseded&seen=x",
        "/tokens?profile=client&any=yes&uses=1&life=1h",
        "/audit/verification",
    ] {
        assert_eq!(desk.get(path).await.status, 200, "{path}");
    }
    let approve = format!("/requests/{id}/approve");
    for path in [approve.as_str(), "/tokens/1/revoke"] {
        desk.get(path).await.is_refusal(405, "that kind of request");
    }
    assert_eq!(desk.store.audit_head().await.unwrap(), head);
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let ticket = desk.get("/tokens").await.hidden("ticket");
        let mut request = form("/tokens", &[("ticket", &ticket)]);
        *request.method_mut() = method;
        desk.ask(Some(&desk.alice), request)
            .await
            .is_refusal(405, "that kind");
    }
}

#[tokio::test]
async fn an_application_adds_routes_and_nests_the_console() {
    let desk = Desk::new().await;
    let greet = |operator: Operator| async move { format!("hello {}", operator.subject()) };
    let settings = || {
        Console::new(desk.store.clone(), "test", Rule::common_name("alice"))
            .nested_at("/console")
            .routes(Router::new().route("/greet", get(greet)))
    };
    let nested = Router::new().nest("/console", console(settings()).unwrap());
    let desk = Desk {
        router: nested,
        ..desk
    };
    desk.get("/console/greet").await.shows("hello CN=alice");
    let device = desk.issue("device").await;
    let refused = desk.get_as(Some(&device), "/console/greet").await;
    refused.is_refusal(403, "not that of an operator");
    desk.get("/console").await.leads_to("/console/certificates");
    let page = desk.get("/console/certificates").await;
    page.shows("href=\"/console/style.css\"");
    page.shows("action=\"/console/certificates\"");
    let tokens = desk.get("/console/tokens").await;
    tokens.shows("no profile to make tokens for");

    // Outside of a console nobody is an operator.
    let alone = Router::new().route("/greet", get(greet));
    let desk = Desk {
        router: alone,
        ..desk
    };
    assert_eq!(desk.get("/greet").await.status, 500);
}
