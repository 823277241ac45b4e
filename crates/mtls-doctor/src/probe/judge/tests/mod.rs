//! Findings from observations that nobody made: what no server of a few lines does.

#![allow(clippy::unwrap_used, reason = "tests")]

mod answers;
mod chains;

use pki_core::Crl;
use rustls::{AlertDescription, ProtocolVersion};
use test_pki::{Ca, Leaf};
use time::{Duration, OffsetDateTime};
use tls_identity::Identity;
use x509_identity::Certificate;

use super::judge;
use crate::finding::Severity;
use crate::probe::attempt::{Answer, Attempt, CertificateRequest, Outcome, Presented, Stage};
use crate::probe::known::Known;
use crate::probe::observation::Observation;
use crate::report::Report;

/// A healthy observation to change, and what the client has.
struct World {
    now: OffsetDateTime,
    client: Leaf,
    cas: Vec<Certificate>,
    seen: Observation,
}

impl World {
    fn new() -> Self {
        let now = OffsetDateTime::now_utc();
        let root = Ca::root("Root");
        let ca = Certificate::from_der(root.der()).unwrap();
        let url = "https://localhost:8443".parse().unwrap();
        let mut seen = Observation::new(url, now);
        seen.address = Ok(([127, 0, 0, 1], 8443).into());
        let server = root.server("localhost");
        for offered in [ProtocolVersion::TLSv1_3, ProtocolVersion::TLSv1_2] {
            for (presented, outcome) in [
                (
                    Presented::Nothing,
                    Outcome::Alert(AlertDescription::CertificateRequired),
                ),
                (
                    Presented::Stranger,
                    Outcome::Alert(AlertDescription::UnknownCA),
                ),
                (Presented::Identity, answered(200, "ok")),
            ] {
                seen.attempts.push(Attempt {
                    offered,
                    presented,
                    suite: None,
                    group: None,
                    chain: server.chain().iter().map(|der| der.to_vec()).collect(),
                    proven: true,
                    request: Some(CertificateRequest {
                        hints: vec![ca.subject_der().to_vec()],
                        schemes: Vec::new(),
                    }),
                    withheld: false,
                    stapled: false,
                    resumed: false,
                    stage: Stage::Finished,
                    outcome,
                });
            }
        }
        Self {
            now,
            client: root.client("client1"),
            cas: vec![ca],
            seen,
        }
    }

    /// What happens to whoever presents this.
    fn with(mut self, presented: Presented, outcome: &Outcome) -> Self {
        let attempts = self.seen.attempts.iter_mut();
        for attempt in attempts.filter(|one| one.presented == presented) {
            attempt.outcome = outcome.clone();
        }
        self
    }

    fn with_hints(mut self, hints: &[Vec<u8>]) -> Self {
        for attempt in &mut self.seen.attempts {
            attempt.request.as_mut().unwrap().hints = hints.to_vec();
        }
        self
    }

    fn judged(&self, crls: &[Crl]) -> Report {
        let (chain, key) = (self.client.chain_pem(), self.client.key_pem());
        let identity = Identity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let known = Known::new(Some(&identity), &self.cas, crls);
        let mut report = Report::default();
        judge(&self.seen, &known, self.now, &mut report);
        report
    }

    fn ids(&self) -> Vec<&'static str> {
        self.judged(&[])
            .findings()
            .iter()
            .map(|one| one.id)
            .collect()
    }
}

fn first(world: &World) -> Option<&'static str> {
    world.ids().first().copied()
}

fn answered(status: u16, body: &str) -> Outcome {
    Outcome::Answered(Answer {
        status: Some(status),
        body: body.as_bytes().to_vec(),
        ..Answer::default()
    })
}

#[test]
fn nothing_is_said_of_what_is_as_it_should_be() {
    assert!(World::new().ids().is_empty());
}

#[test]
fn a_revoked_client_is_told_by_the_alert_or_by_a_crl() {
    let refused = |alert| World::new().with(Presented::Identity, &Outcome::Alert(alert));
    assert_eq!(
        refused(AlertDescription::CertificateRevoked).ids(),
        ["client-revoked"]
    );

    let root = Ca::root("Root");
    let mut world = refused(AlertDescription::BadCertificate);
    world.client = root.client("client1");
    world.cas = vec![Certificate::from_der(root.der()).unwrap()];
    let crl = root.crl().revoke(&world.client);
    let report = world.judged(&[Crl::from_der(crl.der()).unwrap()]);
    assert!(
        report
            .findings()
            .iter()
            .any(|one| one.id == "client-revoked")
    );
    let report = world.judged(&[Crl::from_der(root.crl().der()).unwrap()]);
    assert!(
        report
            .findings()
            .iter()
            .all(|one| one.id != "client-revoked")
    );
}

#[test]
fn the_servers_crl_is_blamed_only_if_nothing_else_explains_the_alert() {
    let expired = Outcome::Alert(AlertDescription::CertificateExpired);
    let world = || World::new().with(Presented::Identity, &expired);
    assert_eq!(world().ids(), ["server-crl-expired"]);
    let mut own = world();
    own.client = own.client.expired();
    assert_eq!(own.ids(), ["client-expired"]);

    // To a CA of that name with another key, the signature is wrong either way.
    let unknown = Outcome::Alert(AlertDescription::UnknownCA);
    let mut world = World::new().with(Presented::Identity, &unknown);
    let spoilt = |outcome| Attempt {
        presented: Presented::Identity,
        outcome,
        ..World::new().seen.attempts[0].clone()
    };
    world.seen.badly_signed = Some(spoilt(unknown.clone()));
    assert_eq!(world.ids(), ["client-ca-of-that-name"]);
    world.seen.badly_signed = Some(spoilt(Outcome::Alert(AlertDescription::DecryptError)));
    assert_eq!(world.ids(), ["server-crl-expired"]);
}

#[test]
fn the_list_of_names_is_judged_by_what_is_on_it() {
    let name = |number: usize| {
        let name = x509_identity::DistinguishedName::builder().common_name(format!("CA {number}"));
        name.build().unwrap().to_der()
    };
    let ours = World::new();
    let own = ours.seen.request().unwrap().hints.clone();
    let with = |count: usize| {
        let hints: Vec<_> = own.iter().cloned().chain((0..count).map(name)).collect();
        World::new().with_hints(&hints)
    };
    assert_eq!(with(0).ids(), [] as [&str; 0]);
    assert_eq!(with(299).ids(), [] as [&str; 0]);
    assert_eq!(with(300).ids(), ["hints-too-long"]);
    assert_eq!(World::new().with_hints(&[]).ids(), ["hints-empty"]);
    assert_eq!(
        World::new().with_hints(&[name(1)]).ids(),
        ["hints-without-issuer"]
    );
}

#[test]
fn who_is_served_without_being_verified_is_told() {
    let ok = answered(200, "ok");
    let optional = World::new().with(Presented::Nothing, &ok);
    assert_eq!(optional.ids(), ["certificate-optional"]);
    // Optional for TLS, and required by the application.
    let forbidden = answered(403, "");
    assert!(
        World::new()
            .with(Presented::Nothing, &forbidden)
            .ids()
            .is_empty()
    );
    let any = World::new().with(Presented::Stranger, &ok);
    assert_eq!(any.ids(), ["any-certificate-accepted"]);

    let mut resumed = World::new();
    let served = Attempt {
        outcome: ok,
        resumed: true,
        ..resumed.seen.attempts[0].clone()
    };
    resumed.seen.resumed_stranger = Some(served.clone());
    assert_eq!(resumed.ids(), ["resumption-skips-verification"]);
    let refused = Attempt {
        outcome: answered(400, "<title>400 The SSL certificate error</title>"),
        ..served
    };
    resumed.seen.resumed_stranger = Some(refused);
    assert!(resumed.ids().is_empty());

    let mut one_version = World::new();
    for attempt in &mut one_version.seen.attempts {
        if attempt.offered == ProtocolVersion::TLSv1_2 {
            attempt.request = None;
        }
    }
    assert_eq!(one_version.ids(), ["asks-in-one-version"]);
}

#[test]
fn a_server_that_asks_later_is_told_from_one_that_never_asks() {
    let later = answered(
        403,
        "Reason: Cannot perform Post-Handshake Authentication.<br />",
    );
    for (answer, id) in [
        (&later, "asks-after-the-handshake"),
        (&answered(200, "ok"), "certificate-not-requested"),
    ] {
        let mut world = World::new();
        for attempt in &mut world.seen.attempts {
            attempt.outcome = answer.clone();
            attempt.request = None;
        }
        assert_eq!(world.ids(), [id]);
    }
}

#[test]
fn what_the_answer_says_beyond_tls_is_told() {
    for (status, ids) in [
        (421, &["misdirected"][..]),
        (502, &["backend-fails"]),
        (404, &[]),
        (500, &[]),
    ] {
        let world = World::new().with(Presented::Identity, &answered(status, ""));
        assert_eq!(world.ids(), ids, "{status}");
    }
}

#[test]
fn a_clock_that_is_off_is_a_warning() {
    for (ahead, ids) in [
        (Duration::minutes(4), &[][..]),
        (Duration::days(1), &["clock-skew"]),
        (Duration::days(-1), &["clock-skew"]),
    ] {
        let mut world = World::new();
        let date = Some(world.now + ahead);
        let answer = Answer {
            status: Some(200),
            date,
            ..Answer::default()
        };
        world = world.with(Presented::Identity, &Outcome::Answered(answer));
        assert_eq!(world.ids(), ids, "{ahead}");
        let report = world.judged(&[]);
        assert!(
            report
                .findings()
                .iter()
                .all(|one| one.severity == Severity::Warning)
        );
    }
}
