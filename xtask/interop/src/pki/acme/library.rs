//! instant-acme: what a program of one's own does, two at once, and when it asks whether to renew.

use std::process::Command;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use instant_acme::{
    Account, AuthorizationStatus, CertificateIdentifier, ChallengeType, Error, ExternalAccountKey,
    Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy, RevocationRequest,
};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use suite::process::{self, Finished};
use tokio::net::TcpListener;

use super::issuer::{Issuer, NAME, OTHER_NAME};
use crate::report::group::ACME as GROUP;
use crate::report::{Report, Verdict};

type Answers = Arc<Mutex<std::collections::BTreeMap<String, String>>>;

pub(super) fn tell(issuer: &Issuer<'_>, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(story(issuer, report))
}

async fn story(issuer: &Issuer<'_>, report: &mut Report) -> Result<()> {
    let mut row = |case: &str, expected, seen: Result<(Verdict, String)>| {
        report.push(GROUP, "instant-acme", case, expected, seen);
    };
    let answers = Answers::default();
    let web = tokio::spawn(serve(issuer.http, answers.clone()));
    row(
        "no external account key",
        Verdict::Refused,
        refused(account(issuer, None).await),
    );
    let account = account(issuer, Some(())).await?;

    // A client that does as it should gets on meanwhile.
    let mut storm = storm(issuer)?;
    let storm = tokio::task::spawn_blocking(move || process::run(&mut storm, None));

    // Two finalize at once, and get one certificate.
    let mut first = ready(&account, &answers, None).await?;
    let mut second = account.order(first.url().to_owned()).await?;
    let csr = csr()?;
    let (one, two) = tokio::join!(first.finalize_csr(&csr), second.finalize_csr(&csr));
    ensure!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    let (one, two) = (chain(&mut first).await?, chain(&mut second).await?);
    let same = Verdict::accepted_if(one == two && issuer.count()? == 1);
    row(
        "two finalize at once",
        Verdict::Accepted,
        Ok((same, "one certificate".into())),
    );

    let storm = weathered(&storm.await??);

    let leaf = CertificateDer::from_pem_slice(one.as_bytes())?;
    let id = CertificateIdentifier::try_from(&leaf);
    let id = id.map_err(anyhow::Error::msg)?.into_owned();
    let info = account.renewal_info(&id).await;
    let in_window =
        info.is_ok_and(|(info, _)| info.suggested_window.start < info.suggested_window.end);
    let seen = Ok((Verdict::accepted_if(in_window), "a window".into()));
    row("asks when to renew", Verdict::Accepted, seen);
    let mut renewal = ready(&account, &answers, Some(id.clone())).await?;
    renewal.finalize_csr(&self::csr()?).await?;
    let renewed = chain(&mut renewal).await?;
    let seen = Ok((
        Verdict::accepted_if(renewed != one),
        "another certificate".into(),
    ));
    row("renews with `replaces`", Verdict::Accepted, seen);
    let names = [Identifier::Dns(NAME.into())];
    let again = account.new_order(&NewOrder::new(&names).replaces(id)).await;
    row(
        "renews the same once more",
        Verdict::Refused,
        refused(again),
    );

    let names = [Identifier::Dns(OTHER_NAME.into())];
    let other = account.new_order(&NewOrder::new(&names)).await;
    row(
        "a name that is not allowed",
        Verdict::Refused,
        refused(other),
    );
    answers.lock().unwrap_or_else(|it| it.into_inner()).clear();
    row(
        "a challenge that fails",
        Verdict::Refused,
        failing(&account).await,
    );

    let revoke = RevocationRequest {
        certificate: &leaf,
        reason: None,
    };
    account.revoke(&revoke).await?;
    std::fs::write(issuer.home.path("library.crt"), &one)?;
    row("revokes", Verdict::Refused, issuer.verified("library.crt"));
    row(
        "revokes it again",
        Verdict::Refused,
        refused(account.revoke(&revoke).await),
    );
    report.push(
        GROUP,
        "curl",
        "a storm of bad nonces",
        Verdict::Refused,
        storm,
    );
    web.abort();
    Ok(())
}

/// As many requests as an address may send besides, each with a nonce that is not ours.
fn storm(issuer: &Issuer<'_>) -> Result<Command> {
    let url = issuer
        .directory_url()
        .replace("/directory", "/server/new-order");
    let text = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let key = serde_json::json!({ "kty": "EC", "crv": "P-256", "x": text(&"x".repeat(32)), "y": text(&"y".repeat(32)) });
    let nonce = text(&"n".repeat(40));
    let protected = serde_json::json!({ "alg": "ES256", "jwk": key, "nonce": nonce, "url": url });
    let request = serde_json::json!({
        "protected": text(&protected.to_string()),
        "payload": "",
        "signature": text(&"s".repeat(64)),
    });
    std::fs::write(issuer.home.path("storm.json"), request.to_string())?;
    let mut curl = issuer.command("curl");
    curl.args([
        "--silent",
        "--show-error",
        "--cacert",
        "ca.crt",
        "--parallel",
    ])
    .args(["--header", "content-type: application/jose+json"])
    .args(["--data-binary", "@storm.json", "--output", "storm_#1"])
    .args(["--write-out", "%{http_code} %{header_json}\n"])
    // What follows the `#` is not sent.
    .arg(format!("{url}#[1-{STORM}]"));
    Ok(curl)
}

/// Whether each was refused for its nonce, and told another one.
fn weathered(curl: &Finished) -> Result<(Verdict, String)> {
    ensure!(curl.success(), "curl: {}", curl.reason());
    let answers = curl.stdout.matches("400 {").count();
    let nonces = curl.stdout.matches("\"replay-nonce\"").count();
    let seen = format!("{answers} refusals with {nonces} nonces");
    Ok((
        match (answers, nonces) {
            (STORM, STORM) => Verdict::Refused,
            _ => Verdict::Accepted,
        },
        seen,
    ))
}

const STORM: usize = 300;

async fn account(issuer: &Issuer<'_>, key: Option<()>) -> Result<Account, Error> {
    let key = match key {
        Some(()) => {
            let key = issuer
                .external_key()
                .map_err(|error| Error::Other(error.into()))?;
            let bytes = decoded(&key.hmac).map_err(|error| Error::Other(error.into()))?;
            Some(ExternalAccountKey::new(key.id, &bytes))
        }
        None => None,
    };
    let new = NewAccount {
        contact: &[],
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let builder = Account::builder_with_root(issuer.root())?;
    let made = builder.create(&new, issuer.directory_url(), key.as_ref());
    made.await.map(|(account, _)| account)
}

fn decoded(text: &str) -> Result<Vec<u8>> {
    Ok(URL_SAFE_NO_PAD.decode(text)?)
}

/// An order whose challenges are met.
async fn ready(
    account: &Account,
    answers: &Answers,
    replaces: Option<CertificateIdentifier<'_>>,
) -> Result<Order> {
    let names = [Identifier::Dns(NAME.into())];
    let mut new = NewOrder::new(&names);
    if let Some(replaces) = replaces {
        new = new.replaces(replaces);
    }
    let mut order = account.new_order(&new).await?;
    say_met(&mut order, Some(answers)).await?;
    let status = order.poll_ready(&RetryPolicy::default()).await?;
    ensure!(status == OrderStatus::Ready, "the order is {status:?}");
    Ok(order)
}

async fn say_met(order: &mut Order, answers: Option<&Answers>) -> Result<()> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let challenge = authorization.challenge(ChallengeType::Http01);
        let mut challenge = challenge.context("there is no http-01")?;
        if let Some(answers) = answers {
            let answer = challenge.key_authorization().as_str().to_owned();
            let mut answers = answers.lock().unwrap_or_else(|it| it.into_inner());
            answers.insert(challenge.token.clone(), answer);
        }
        challenge.set_ready().await?;
    }
    Ok(())
}

/// An order whose challenge nobody has met.
async fn failing(account: &Account) -> Result<(Verdict, String)> {
    let names = [Identifier::Dns(NAME.into())];
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    say_met(&mut order, None).await?;
    let status = order.poll_ready(&RetryPolicy::default()).await;
    let status = status.map_or_else(|error| error.to_string(), |status| format!("{status:?}"));
    let invalid = order.refresh().await?.status == OrderStatus::Invalid;
    Ok(match invalid {
        true => (Verdict::Refused, status),
        false => (Verdict::Accepted, status),
    })
}

fn csr() -> Result<Vec<u8>> {
    let parameters = CertificateParams::new(vec![NAME.to_owned()])?;
    let mut parameters = parameters;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    Ok(parameters
        .serialize_request(&KeyPair::generate()?)?
        .der()
        .to_vec())
}

async fn chain(order: &mut Order) -> Result<String> {
    Ok(order.poll_certificate(&RetryPolicy::default()).await?)
}

/// What a refusal of the CA is, and nothing else.
fn refused<T>(seen: Result<T, Error>) -> Result<(Verdict, String)> {
    match seen {
        Ok(_) => Ok((Verdict::Accepted, "accepted".to_owned())),
        Err(Error::Api(problem)) => Ok((Verdict::Refused, problem.to_string())),
        Err(error) => Err(error.into()),
    }
}

async fn serve(port: u16, answers: Answers) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let answer = async move |Path(token): Path<String>| {
        let answers = answers.lock().unwrap_or_else(|it| it.into_inner());
        answers.get(&token).cloned().unwrap_or_default()
    };
    let router = Router::new().route("/.well-known/acme-challenge/{token}", get(answer));
    Ok(axum::serve(listener, router).await?)
}
