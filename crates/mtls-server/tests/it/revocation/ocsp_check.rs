//! Who passes by what OCSP responders say, and how often they are asked.

use std::{num::NonZeroUsize, time::Instant};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use mtls_server::{
    ocsp::{OcspCheck, OcspQueryError, OcspRefusal, OcspVerdict, Unanswered},
    plain_http::HttpError,
};
use pki_core::{ocsp::OcspStatus, verify::RevocationReason};
use time::{Duration, OffsetDateTime};

use crate::support::{
    ocsp::{OcspWorld, Says, answer},
    origin::Reply,
};

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn short(check: OcspCheck) -> OcspCheck {
    check.timeout(std::time::Duration::from_millis(300))
}

const REVOKED: OcspStatus = OcspStatus::Revoked {
    date: OffsetDateTime::UNIX_EPOCH,
    reason: RevocationReason::KeyCompromise,
};

#[tokio::test]
async fn what_the_issuer_says_decides_whatever_silence_does() {
    let world = OcspWorld::new().await;
    for unanswered in [Unanswered::Deny, Unanswered::Allow] {
        for (status, code) in [
            (OcspStatus::Good, "good"),
            (REVOKED, "revoked"),
            (OcspStatus::Unknown, "ocsp-unknown"),
        ] {
            world.status(status);
            let check = OcspCheck::new().unanswered(unanswered);
            let got = match check.check(&world.client(), now()).await {
                Ok(OcspVerdict::Good) => "good",
                Ok(OcspVerdict::Unanswered(_)) => "unanswered",
                Err(refusal) => refusal.code(),
            };
            assert_eq!(got, code);
        }
    }
    let request = &world.origin.requests()[0];
    assert!(request.head.starts_with("POST /ocsp HTTP/1.1\r\n"));
    assert_eq!(
        request.field("content-type"),
        Some("application/ocsp-request")
    );
}

fn reason(error: &OcspQueryError) -> &'static str {
    match error {
        OcspQueryError::Invalid { .. } => "not believed",
        OcspQueryError::Http { source, .. } => match source {
            HttpError::Redirect { .. } => "redirect",
            HttpError::Status(_) => "status",
            HttpError::Timeout(_) => "timeout",
            HttpError::TooLarge { .. } => "too large",
            _ => "another",
        },
        _ => "another",
    }
}

#[tokio::test]
async fn silence_denies_unless_it_is_allowed() {
    let world = OcspWorld::new().await;
    let elsewhere = ("Location", "http://127.0.0.1:1/");
    let of_another = {
        let other = OcspWorld::new().await;
        OcspCheck::new()
            .check(&other.client(), now())
            .await
            .unwrap();
        let request = other.origin.requests()[0].body.clone();
        answer(&other.root, &request, OcspStatus::Good, Some(Duration::DAY))
    };
    let cases = [
        ("503", Reply::with("503 Busy", &[], ""), "status"),
        (
            "redirect",
            Reply::with("301 Moved", &[elsewhere], ""),
            "redirect",
        ),
        ("hangs", Reply::raw("").hanging(), "timeout"),
        (
            "too large",
            Reply::ok(vec![0x30; (64 << 10) + 1]),
            "too large",
        ),
        ("HTML", Reply::ok("<html>"), "not believed"),
        ("another certificate", Reply::ok(of_another), "not believed"),
        ("tryLater", Reply::ok([0x30, 3, 0x0A, 1, 3]), "not believed"),
    ];
    for (case, reply, why) in cases {
        world.say(Says::Raw(reply));
        let client = world.client();
        let began = Instant::now();
        let strict = short(OcspCheck::new()).check(&client, now()).await;
        assert!(began.elapsed().as_secs() < 3, "{case}");
        match strict {
            Err(OcspRefusal::Unanswered { source, .. }) => {
                assert_eq!(reason(&source), why, "{case}: {source:?}")
            }
            other => panic!("{case}: {other:?}"),
        }
        let soft = short(OcspCheck::new().unanswered(Unanswered::Allow));
        let verdict = soft.check(&client, now()).await;
        assert!(
            matches!(verdict, Ok(OcspVerdict::Unanswered(_))),
            "{case}: {verdict:?}"
        );
    }
}

#[tokio::test]
async fn only_plain_http_responders_are_asked_and_the_next_where_one_is_dead() {
    let world = OcspWorld::new().await;
    let alive = world.origin.url("/");
    let dead = "http://127.0.0.1:1/";
    for (responders, passes) in [
        (vec![alive.as_str()], true),
        (vec![dead, &alive], true),
        (vec!["https://127.0.0.1:1/", &alive], true),
        (vec![dead], false),
        (vec!["https://127.0.0.1:1/"], false),
        (vec!["file:///etc/passwd"], false),
        (vec![], false),
    ] {
        let client = world.client_naming(&responders);
        let verdict = OcspCheck::new().check(&client, now()).await;
        assert_eq!(verdict.is_ok(), passes, "{responders:?}: {verdict:?}");
        // One that is configured is asked about each.
        let check = OcspCheck::new().responder(alive.parse().unwrap());
        assert!(check.check(&client, now()).await.is_ok());
    }
}

#[tokio::test]
async fn an_answer_is_kept_until_its_next_update() {
    let world = OcspWorld::new().await;
    let check = OcspCheck::new();
    let (client, other) = (world.client(), world.client());
    for _ in 0..3 {
        check.check(&client, now()).await.unwrap();
    }
    assert_eq!(world.asked(), 1);
    check.check(&other, now()).await.unwrap();
    assert_eq!(world.asked(), 2);
    world.status(REVOKED);
    check
        .clone()
        .check(&client, now() + Duration::hours(23))
        .await
        .unwrap();
    assert_eq!(world.asked(), 2);
    // The server's clock says tomorrow, so it is asked again.
    let refusal = check.check(&client, now() + Duration::hours(24)).await;
    assert!(
        matches!(refusal, Err(OcspRefusal::Revoked { .. })),
        "{refusal:?}"
    );
    assert_eq!(world.asked(), 3);

    world.say(Says::Status(OcspStatus::Good, None));
    let client = world.client();
    for _ in 0..2 {
        check.check(&client, now()).await.unwrap();
    }
    assert_eq!(world.asked(), 5);
}

#[tokio::test]
async fn a_check_may_run_in_a_task_of_its_own() {
    let world = OcspWorld::new().await;
    let (check, client) = (OcspCheck::new(), world.client());
    let task = tokio::spawn(async move { check.check(&client, now()).await });
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_question_that_is_given_up_is_asked_by_the_next() {
    let world = OcspWorld::new().await;
    world.say(Says::Raw(Reply::raw("").hanging()));
    let (check, client) = (OcspCheck::new(), world.client());
    let first = tokio::spawn({
        let (check, client) = (check.clone(), client.clone());
        async move { check.check(&client, now()).await }
    });
    while world.asked() == 0 {
        tokio::task::yield_now().await;
    }
    world.status(OcspStatus::Good);
    first.abort();
    check.check(&client, now()).await.unwrap();
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn the_cache_is_bounded() {
    let world = OcspWorld::new().await;
    let check = OcspCheck::new().cache_size(NonZeroUsize::new(1).unwrap());
    let (a, b) = (world.client(), world.client());
    for client in [&a, &a, &b, &b, &a] {
        check.check(client, now()).await.unwrap();
    }
    assert_eq!(world.asked(), 3);
    // Other rules, other answers.
    check.clone().nonces().check(&a, now()).await.unwrap();
    check.check(&a, now()).await.unwrap();
    assert_eq!(world.asked(), 4);
}

#[tokio::test]
async fn of_many_connections_at_once_one_asks() {
    let world = OcspWorld::new().await;
    let client = world.client();
    for (says, passes) in [
        (Says::Raw(Reply::with("503 Busy", &[], "")), false),
        (Says::Status(OcspStatus::Good, Some(Duration::DAY)), true),
    ] {
        world.say(says);
        let before = world.asked();
        let check = OcspCheck::new();
        let checks: FuturesUnordered<_> = (0..50).map(|_| check.check(&client, now())).collect();
        let passed = checks
            .filter(|verdict| std::future::ready(verdict.is_ok()))
            .count()
            .await;
        assert_eq!(passed, if passes { 50 } else { 0 });
        assert_eq!(world.asked() - before, 1);
    }
}

#[tokio::test]
async fn a_dead_responder_is_left_alone_where_silence_is_allowed() {
    let world = OcspWorld::new().await;
    world.say(Says::Raw(Reply::with("503 Busy", &[], "")));
    let client = world.client();
    let soft = OcspCheck::new().unanswered(Unanswered::Allow);
    for _ in 0..3 {
        soft.check(&client, now()).await.unwrap();
    }
    assert_eq!(world.asked(), 1);
    let hard = OcspCheck::new();
    for _ in 0..2 {
        hard.check(&client, now()).await.unwrap_err();
    }
    assert_eq!(world.asked(), 3);
    world.status(OcspStatus::Good);
    hard.check(&client, now()).await.unwrap();
}

#[tokio::test]
async fn nonces_refuse_an_answer_that_is_replayed() {
    let world = OcspWorld::new().await;
    let client = world.client();
    OcspCheck::new()
        .nonces()
        .check(&client, now())
        .await
        .unwrap();
    let request = world.origin.requests()[0].body.clone();
    let life = Some(Duration::DAY);
    world.say(Says::Again(answer(
        &world.root,
        &request,
        OcspStatus::Good,
        life,
    )));
    OcspCheck::new().check(&client, now()).await.unwrap();
    let refusal = OcspCheck::new().nonces().check(&client, now()).await;
    assert!(
        matches!(refusal, Err(OcspRefusal::Unanswered { .. })),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn a_client_whose_responder_is_silent_gets_in_only_where_that_is_allowed() {
    use crate::support::{World, audit::Audit, client, start};
    let world = World::new();
    let alice = world.ca.client("alice");
    for (unanswered, gets_in) in [(Unanswered::Allow, true), (Unanswered::Deny, false)] {
        let check = OcspCheck::new()
            .responder("http://127.0.0.1:1/".parse().unwrap())
            .unanswered(unanswered);
        let server = start(world.config().ocsp(check)).await;
        for version in client::VERSIONS {
            let audit = Audit::capture();
            // Twice: a session is no way around the question.
            let config = client::config(&world, Some(&alice), version);
            for _ in 0..2 {
                let answer = client::get(server.local_addr(), config.clone(), "/").await;
                let served = answer.is_ok_and(|answer| answer.ends_with("CN=alice"));
                assert_eq!(served, gets_in, "{unanswered:?} {version:?}");
            }
            let outcome = if gets_in { "accepted" } else { "refused" };
            let events = audit.take();
            assert_eq!(events.len(), 2);
            for event in events {
                assert_eq!(
                    (&*event["outcome"], &*event["subject"]),
                    (outcome, "CN=alice")
                );
            }
        }
    }
}
