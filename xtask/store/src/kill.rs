//! A process that is killed at each step of what it does, and what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use pki_core::verify::RevocationReason;
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{
    CertificateAuthority, CertificateRecord, CertificateState, Filter, Order, Page, Selection,
    Selector, Store,
};
use suite::postgres::Cluster;
use time::{Duration, OffsetDateTime};
use tokio::process::Command;

use crate::authority::{actor, add, new_store};
use crate::victim::{order, ordered, place};

/// The steps in their order, each with the how-manieth time it comes: the writer has three for each of six transactions.
const STEPS: [(&str, u32); 29] = [
    ("prepared", 1),
    ("begun", 1),
    ("applied", 1),
    RESERVED,
    ("reserved", 1),
    ("signed", 1),
    ("begun", 2),
    ("applied", 2),
    RECORDED,
    ("recorded", 1),
    ("revoke", 1),
    ("begun", 3),
    ("applied", 3),
    REVOKED,
    ("revoked", 1),
    ("begun", 4),
    ("applied", 4),
    NUMBERED,
    ("crl-numbered", 1),
    ("crl-signed", 1),
    ("begun", 5),
    ("applied", 5),
    ("committed", 5),
    ("crl-recorded", 1),
    ("begun", 6),
    ("applied", 6),
    ("committed", 6),
    ("checkpoint-signed", 1),
    ("checkpoint-kept", 1),
];

/// From here on the certificate may exist.
const RESERVED: (&str, u32) = ("committed", 1);
/// From here on it is valid, whether anybody was told or not.
const RECORDED: (&str, u32) = ("committed", 2);
/// From here on the earlier one is revoked.
const REVOKED: (&str, u32) = ("committed", 3);
/// From here on the number of a CRL is used up.
const NUMBERED: (&str, u32) = ("committed", 4);

/// One store for all of them, so that nothing of one round is lost or repeated in a later one either.
pub(crate) async fn at_each_step(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "steps").await?;
    let ca = add(&store, directory.path()).await?;
    let url = cluster.url("steps");
    let mut number = 0;
    for (round, (step, time)) in STEPS.into_iter().enumerate() {
        // Each round has an hour of its own.
        let hour = Duration::hours(i64::try_from(round)?);
        let now = OffsetDateTime::now_utc() + hour;
        let earlier = issue_earlier(&ca, round, now).await?;
        let killed = Command::new(std::env::current_exe()?)
            .args(["victim", "--url", &url, "--step", step])
            .args(["--time", &time.to_string(), "--round", &round.to_string()])
            .args(["--now", &now.unix_timestamp().to_string()])
            .arg("--authority")
            .arg(directory.path())
            .output()
            .await?;
        ensure!(
            killed.status.signal() == Some(9),
            "{step} {time} was not reached: {}",
            String::from_utf8_lossy(&killed.stderr)
        );
        let round = Round {
            ca: &ca,
            store: &store,
            directory: directory.path(),
            round,
            earlier,
            told: told(&killed.stdout),
            now: now + Duration::minutes(5),
        };
        let after = round.check(number).await;
        number = after.with_context(|| format!("killed at {step} {time}"))?;
    }
    let now = OffsetDateTime::now_utc();
    let all = list(&store, &Filter::default(), now).await?;
    let serials: BTreeSet<_> = all.iter().map(|it| it.serial.to_string()).collect();
    ensure!(serials.len() == all.len(), "a serial number is there twice");
    store.verify_records().await?;
    let head = store.verify_audit().await?;
    Ok(format!(
        "{} steps, {} certificates, CRL {number}, {} rows of audit",
        STEPS.len(),
        all.len(),
        head.seq
    ))
}

/// The certificate that the process will revoke, if it comes so far.
async fn issue_earlier(
    ca: &CertificateAuthority,
    round: usize,
    now: OffsetDateTime,
) -> Result<String> {
    let key = KeyPair::generate(KeyKind::P256)?;
    let subject = format!("CN=earlier-{round}").parse()?;
    let parameters = CertificateParameters::for_key(key.public_key_der(), subject);
    let profile = Profile::client();
    let order = Order::new(parameters, &profile, "client", actor());
    Ok(ca.issue(order, now).await?.record.serial.to_string())
}

/// What the process has said before its end, as a client would have heard it.
fn told(output: &[u8]) -> BTreeMap<String, String> {
    let said = String::from_utf8_lossy(output).into_owned();
    said.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(what, outcome)| (what.to_owned(), outcome.to_owned()))
        .collect()
}

/// What a killed process has left behind.
struct Round<'a> {
    ca: &'a CertificateAuthority,
    store: &'a Store,
    directory: &'a Path,
    round: usize,
    earlier: String,
    told: BTreeMap<String, String>,
    /// When it is looked at: later than signing takes.
    now: OffsetDateTime,
}

impl Round<'_> {
    /// The number of a CRL that is signed now, which is higher than `last` and than all that were used since.
    async fn check(&self, last: u64) -> Result<u64> {
        let reached =
            |step: (&str, u32)| STEPS.iter().position(|it| *it == step) <= Some(self.round);
        let checkpoint = place(self.directory).newest()?;
        if let Some(checkpoint) = &checkpoint {
            self.store.check_age(checkpoint).await?;
        }
        let checkpoints = checkpoint.as_slice();
        self.store.verify_audit_against(checkpoints).await?;
        self.store.recover(&actor(), self.now).await?;

        let expected = match () {
            () if reached(RECORDED) => Some(CertificateState::Valid),
            () if reached(RESERVED) => Some(CertificateState::Unconfirmed),
            () => None,
        };
        let left = self.named(&ordered(self.round)).await?;
        let states: Vec<_> = left.iter().map(|it| it.state).collect();
        ensure!(
            states == expected.as_slice(),
            "{states:?} instead of {expected:?}"
        );
        if let [left] = &left[..]
            && left.state == CertificateState::Unconfirmed
        {
            self.revoke(left).await?;
        }
        let earlier = self.named(&format!("earlier-{}", self.round)).await?;
        let [earlier] = &earlier[..] else {
            bail!("{} earlier certificates", earlier.len());
        };
        ensure!(
            earlier.serial.to_string() == self.earlier,
            "the earlier certificate is another one"
        );
        ensure!(
            (earlier.state == CertificateState::Revoked) == reached(REVOKED),
            "the earlier certificate is {}",
            earlier.state.as_str()
        );
        self.check_order().await?;
        let number = self.ca.sign_crl(0, Duration::DAY, self.now).await?.number;
        let used = last + u64::from(reached(NUMBERED));
        ensure!(number > used, "CRL {number} after {used}");
        let seen = self.told.get("crl").map_or(Ok(0), |it| it.parse())?;
        ensure!(number > seen, "CRL {number} after {seen} was given out");
        self.store.verify_audit_against(checkpoints).await?;
        self.store.verify_records().await?;
        Ok(number)
    }

    /// What may exist can be revoked, and the CRL lists it.
    async fn revoke(&self, certificate: &CertificateRecord) -> Result<()> {
        let serial = &certificate.serial;
        let selection = Selection::of("suite", Selector::Serial(serial.clone()));
        let reason = RevocationReason::Superseded;
        let revoked = self
            .store
            .revoke(&selection, reason, &actor(), self.now)
            .await?;
        ensure!(revoked.len() == 1, "it cannot be revoked");
        let listed = self.store.revoked(self.ca.issuer().id, 0, self.now).await?;
        ensure!(
            listed.iter().any(|entry| entry.serial == *serial),
            "the next CRL does not list it"
        );
        Ok(())
    }

    /// The same order once more gives the certificate that was given out, or the only valid one.
    async fn check_order(&self) -> Result<()> {
        let profile = Profile::client();
        let again = self
            .ca
            .issue(order(&profile, self.round)?, self.now)
            .await?;
        let again = again.record.serial.to_string();
        if let Some(given_out) = self.told.get("issued") {
            ensure!(
                again == *given_out,
                "the same order gave another certificate"
            );
        }
        let all = self.named(&ordered(self.round)).await?;
        let valid = all.iter().filter(|it| it.state == CertificateState::Valid);
        ensure!(valid.count() == 1, "not one certificate for one order");
        Ok(())
    }

    async fn named(&self, name: &str) -> Result<Vec<CertificateRecord>> {
        let filter = Filter {
            name: Some(format!("cn:{name}").parse()?),
            ..Filter::default()
        };
        list(self.store, &filter, self.now).await
    }
}

async fn list(
    store: &Store,
    filter: &Filter,
    now: OffsetDateTime,
) -> Result<Vec<CertificateRecord>> {
    Ok(store.certificates(filter, Page::first(1000), now).await?)
}
