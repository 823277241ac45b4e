//! A process that is killed at each step of what it does, and what is left.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pki_core::{KeyPair, verify::RevocationReason};
use pki_store::{
    CertificateAuthority, CertificateState, CheckpointPlace, Filter, Idempotency, IssueError,
    NewToken, Page, Selector, Store, StoreOptions, StoreUrl, TokenError, TokenSecret,
};
use time::Duration;

use crate::kit::{Authorities, Done, actor, as_child, client, now, of, order};

/// The steps, and how often each of them comes: the writer's once for each of its six transactions.
const STEPS: [(&str, u32); 14] = [
    ("prepared", 1),
    ("begun", 6),
    ("applied", 6),
    ("committed", 6),
    ("reserved", 1),
    ("signed", 1),
    ("recorded", 1),
    ("revoke", 1),
    ("revoked", 1),
    ("crl-numbered", 1),
    ("crl-signed", 1),
    ("crl-recorded", 1),
    ("checkpoint-signed", 1),
    ("checkpoint-kept", 1),
];

#[tokio::test]
async fn a_process_that_is_killed_leaves_nothing_unknown() -> Done {
    let authorities = Authorities::new();
    let mut states = BTreeSet::new();
    for (step, times) in STEPS {
        for time in 1..=times {
            let directory = tempfile::tempdir()?;
            authorities.write(directory.path())?;
            let first = before(&authorities, directory.path()).await?;
            let mut program = Command::new(std::env::current_exe()?);
            let killed = as_child(&mut program, "faults::kill::child", directory.path())
                .env("STORE_TEST_STEP", format!("{step} {time}"))
                .output()?;
            assert_eq!(killed.status.signal(), Some(9), "{step} {time}: {killed:?}");
            let said = String::from_utf8(killed.stdout)?;
            let state = after(&authorities, directory.path(), &first, &said).await;
            states.insert(state.map_err(|error| format!("{step} {time}: {error}"))?);
        }
    }
    // It was killed before there was anything, in between, and afterwards.
    assert_eq!(
        states.into_iter().collect::<Vec<_>>(),
        ["nothing", "revoked", "unconfirmed", "valid"]
    );
    Ok(())
}

/// A store with a certificate that the child will revoke.
async fn before(
    authorities: &Authorities,
    directory: &Path,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let store = Store::open(&url(directory)).await?;
    let [_, ca] = authorities.again().in_store(&store, 1).await;
    let key = KeyPair::generate(pki_core::KeyKind::P256)?;
    std::fs::write(
        directory.join("client.key"),
        key.secret_pkcs8_pem().as_bytes(),
    )?;
    let first = ca
        .issue(order("first", &crate::kit::new_key(), &client()), now())
        .await?;
    ca.sign_crl(0, Duration::DAY, now()).await?;
    let token = NewToken {
        ca: "test".into(),
        profile: "client".into(),
        names: vec![],
        uses: 1,
        expires_at: now() + Duration::HOUR,
    };
    let secret = TokenSecret::from_random([1; 32]);
    let token = store.create_token(token, &secret, &actor(), now()).await?;
    assert_eq!(token.id.number(), TOKEN);
    Ok(first.record.serial.to_string())
}

/// What has to hold when the child is dead. Returns what became of the certificate that it was to issue.
async fn after(
    authorities: &Authorities,
    directory: &Path,
    first: &str,
    said: &str,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let told = |what: &str| {
        said.lines()
            .find_map(|line| line.split(what).nth(1).map(str::to_owned))
    };
    let store = Store::open(&url(directory)).await?;
    let [_, ca] = authorities.again().in_store(&store, 1).await;
    let checkpoint = place(directory).newest()?;
    if let Some(checkpoint) = &checkpoint {
        store.check_age(checkpoint).await?;
    }
    store.verify_audit_against(checkpoint.as_slice()).await?;
    let later = now() + Duration::minutes(5);
    store.recover(&actor(), later).await?;
    let list = || async {
        store
            .certificates(&Filter::default(), Page::default(), later)
            .await
    };
    let mut became = "nothing";
    for record in list().await? {
        if record.serial.to_string() == first {
            if told("revoked:").is_some() && record.state != CertificateState::Revoked {
                return Err("what was revoked is not".into());
            }
            continue;
        }
        became = match record.state {
            CertificateState::Reserved => return Err("a reservation was forgotten".into()),
            CertificateState::Unconfirmed => {
                let selection = of(Selector::Serial(record.serial.clone()));
                let reason = RevocationReason::Superseded;
                let revoked = store.revoke(&selection, reason, &actor(), later).await?;
                if revoked.len() != 1 {
                    return Err("it cannot be revoked".into());
                }
                "unconfirmed"
            }
            state => state.as_str(),
        };
    }
    if told("issued:").is_some() && became != "valid" {
        return Err("what was given out is not recorded".into());
    }
    // The same order once more, and its certificate is the only one.
    let key = KeyPair::from_pem(&std::fs::read(directory.join("client.key"))?, None)?;
    let profile = client();
    let again = ca
        .issue(
            order("child", &key, &profile)
                .idempotency(idempotency())
                .token(TOKEN.into()),
            later,
        )
        .await?;
    if told("issued:").is_some_and(|serial| serial != again.record.serial.to_string()) {
        return Err("the same order gave another certificate".into());
    }
    // Its token was used up once, whatever became of the first attempt.
    let another = order("another", &crate::kit::new_key(), &profile).token(TOKEN.into());
    let another = ca.issue(another, later).await;
    if !matches!(another, Err(IssueError::Token(TokenError::Used))) {
        return Err(format!("the token is good for another certificate: {another:?}").into());
    }
    let valid = list().await?.into_iter();
    let valid = valid.filter(|it| it.state == CertificateState::Valid && it.subject == "CN=child");
    if valid.count() != 1 {
        return Err("there are two certificates for one order".into());
    }
    let number = ca.sign_crl(0, Duration::DAY, later).await?.number;
    let seen = told("crl:").map_or(Ok(1), |number| number.parse())?;
    if number <= seen {
        return Err("the CRL number went back".into());
    }
    store.verify_audit_against(checkpoint.as_slice()).await?;
    let first_was_revoked = told("revoked:").is_some();
    Ok(if first_was_revoked { "revoked" } else { became }.to_owned())
}

/// The process that is killed. It prints what it was told, as a client would have heard it.
#[tokio::test]
#[ignore = "is started by the other test"]
async fn child() -> Done {
    let Some(directory) = std::env::var_os("STORE_TEST_DIRECTORY") else {
        return Ok(());
    };
    let directory = Path::new(&directory);
    let step = std::env::var("STORE_TEST_STEP")?;
    let (step, time) = step.split_once(' ').ok_or("a step and a number")?;
    let (step, left) = (step.to_owned(), AtomicU32::new(time.parse()?));
    let armed = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_armed = armed.clone();
    let options = StoreOptions::new(url(directory)).on_step(move |name| {
        if is_armed.load(Ordering::SeqCst)
            && name == step
            && left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            let _ = rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::KILL,
            );
        }
    });
    let store = options.open().await?;
    let (authority, _) = Authorities::read(directory)?.issuing;
    let ca = CertificateAuthority::new(authority, store.clone()).await?;
    armed.store(true, Ordering::SeqCst);
    let key = KeyPair::from_pem(&std::fs::read(directory.join("client.key"))?, None)?;
    let profile = client();
    let issued = ca
        .issue(
            order("child", &key, &profile)
                .idempotency(idempotency())
                .token(TOKEN.into()),
            now(),
        )
        .await?;
    println!("issued:{}", issued.record.serial);
    let reason = RevocationReason::Superseded;
    let first = of(Selector::Name("cn:first".parse()?));
    let revoked = store.revoke(&first, reason, &actor(), now()).await?;
    println!("revoked:{}", revoked.len());
    let crl = ca.sign_crl(0, Duration::DAY, now()).await?;
    println!("crl:{}", crl.number);
    store
        .make_checkpoint(Arc::new(key), Some(&place(directory)), now())
        .await?;
    Ok(())
}

/// The number of the one token of a new store.
const TOKEN: i64 = 1;

fn idempotency() -> Idempotency {
    Idempotency {
        key: "child".into(),
        payload_sha256: [1; 32],
    }
}

fn url(directory: &Path) -> StoreUrl {
    directory.join("store.db").into()
}

fn place(directory: &Path) -> CheckpointPlace {
    CheckpointPlace::File(directory.join("checkpoints"))
}
