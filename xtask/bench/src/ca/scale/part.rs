//! One step on a store, by a process whose memory is counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, CrlBuilder, CrlEntry, KeyKind, KeyPair, Profile};
use pki_store::{
    Actor, CertificateAuthority, CertificateState, Filter, ImportedCertificate, IssuerRole,
    NewIssuer, Order, Page, Selection, Selector, Store, StoreUrl,
};
use rustix::time::{ClockId, clock_gettime};
use time::{Duration, OffsetDateTime};

use super::super::own;
use super::certificates::{MANY, Template, name, serial};

/// Do one step on a store, and print what it took
#[derive(Args)]
pub(crate) struct ScalePart {
    /// With `ca.crt` and `ca.key`
    directory: PathBuf,
    #[arg(long)]
    store: StoreUrl,
    #[arg(long)]
    step: Step,
    /// How many certificates it is about
    #[arg(long)]
    count: u32,
    /// Up to which number they are there, or which of them are found by one pattern
    #[arg(long, default_value_t = 0)]
    from: u32,
    #[arg(long, default_value_t = 1)]
    rounds: u32,
}

#[derive(Clone, Copy, ValueEnum)]
pub(in crate::ca) enum Step {
    /// Sign the CRL of what is revoked.
    Crl,
    /// Sign a CRL without a store.
    CrlInMemory,
    /// Take over certificates.
    Fill,
    /// Take over serial numbers that are revoked.
    FillRevoked,
    /// Issue, look up, revoke and publish one after the other.
    Growth,
    /// Look for certificates.
    Lists,
    RevokeMany,
    RevokeOne,
}

/// What was measured, in the order of the rounds, by its name.
pub(in crate::ca) type Measured = BTreeMap<String, Vec<f64>>;

pub(super) const WALL: &str = "ms";
pub(super) const CPU: &str = "CPU ms";
pub(super) const PEAK: &str = "MiB";

/// Where a step is done.
pub(in crate::ca) struct Place<'a> {
    pub(in crate::ca) directory: &'a std::path::Path,
    pub(in crate::ca) store: &'a str,
}

impl Place<'_> {
    /// This program in a process of its own, as [`ScalePart`].
    pub(in crate::ca) fn run(
        &self,
        step: Step,
        count: u32,
        from: u32,
        rounds: usize,
    ) -> Result<Measured> {
        let name = step.to_possible_value().context("a step has a name")?;
        let output = Command::new(std::env::current_exe()?)
            .arg("ca-scale-part")
            .arg(self.directory)
            .args(["--store", self.store, "--step", name.get_name()])
            .args(["--count", &count.to_string(), "--from", &from.to_string()])
            .args(["--rounds", &rounds.to_string()])
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(output.status.success(), "{} failed", name.get_name());
        serde_json::from_slice(&output.stdout).context("what a step has measured")
    }
}

impl ScalePart {
    pub(crate) fn run(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let mut measured = Meter::default();
        runtime.block_on(self.measure(&mut measured))?;
        let mut measured = measured.0;
        measured.insert(PEAK.to_owned(), vec![peak_mib()?]);
        println!("{}", serde_json::to_string(&measured)?);
        Ok(())
    }

    async fn measure(&self, meter: &mut Meter) -> Result<()> {
        let authority = own::read(&self.directory)?;
        if let Step::CrlInMemory = self.step {
            return self.crl_in_memory(&authority, meter);
        }
        let template = Template::of(&self.directory, &authority)?;
        let store = Store::open(&self.store).await?;
        let issuer = NewIssuer::new(CA, IssuerRole::Root, authority.chain().to_vec());
        store.add_issuer(issuer, &actor(), now()).await?;
        let ca = CertificateAuthority::new(authority, store).await?;
        match self.step {
            Step::Crl | Step::CrlInMemory => self.crl(&ca, meter).await,
            Step::Fill => {
                let certificate = |number| {
                    let many = number >= self.from;
                    let certificate = template.certificate(number, many)?;
                    Ok(ImportedCertificate::new(certificate))
                };
                fill(&ca, 0..self.count, certificate, meter).await
            }
            Step::FillRevoked => {
                let revoked = |number| {
                    let reason = REASONS[number as usize % REASONS.len()];
                    let end = now() + Duration::days(365);
                    let subject = format!("CN={}", name(number)).parse()?;
                    let index = ImportedCertificate::from_index(serial(number), subject, end);
                    Ok(index.revoked(now(), reason))
                };
                fill(&ca, self.from..self.count, revoked, meter).await
            }
            Step::Growth => self.growth(&ca, &template, meter).await,
            Step::Lists => self.lists(&ca, &template, meter).await,
            Step::RevokeMany => {
                let many = Selection::of(CA, Selector::Name(MANY.parse()?));
                self.revoke(&ca, &many, self.count, meter).await
            }
            Step::RevokeOne => {
                for number in 0..self.rounds {
                    let certificate = template.certificate(number, false)?;
                    let serial = Selector::Serial(certificate.serial().clone());
                    self.revoke(&ca, &Selection::of(CA, serial), 1, meter)
                        .await?;
                }
                Ok(())
            }
        }
    }

    /// Each round with another certificate; the first one opens connections and plans.
    async fn growth(
        &self,
        ca: &CertificateAuthority,
        template: &Template,
        meter: &mut Meter,
    ) -> Result<()> {
        let profile = Profile::client();
        let store = ca.store();
        for round in 0..=self.rounds {
            let key = KeyPair::generate(KeyKind::P256)?;
            let subject = format!("CN=new-{}-{round}", self.from).parse()?;
            let parameters = CertificateParameters::for_key(key.public_key_der(), subject);
            let order = Order::new(parameters, &profile, "client", actor());
            let mut took = Vec::with_capacity(GROWTH.len());
            let mut note = |what, watch: &Watch| took.push((what, watch.milliseconds().0));
            let watch = Watch::start();
            ca.issue(order, now()).await?;
            note(ISSUE, &watch);
            let known = template.certificate(self.from + round, true)?;
            let serial = known.serial().clone();
            let filter = Filter {
                serial: Some(serial.clone()),
                ..Filter::default()
            };
            let watch = Watch::start();
            let found = store.certificates(&filter, Page::default(), now()).await?;
            note(LOOK_UP, &watch);
            ensure!(found.len() == 1, "{} are found", found.len());
            let watch = Watch::start();
            let serials = std::slice::from_ref(&serial);
            store.statuses(ca.issuer().id, serials).await?;
            note(STATUS, &watch);
            let selection = Selection::of(CA, Selector::Serial(serial));
            let reason = RevocationReason::Superseded;
            let watch = Watch::start();
            let revoked = store.revoke(&selection, reason, &actor(), now()).await?;
            note(REVOKE, &watch);
            ensure!(revoked.len() == 1, "{} are revoked", revoked.len());
            let watch = Watch::start();
            ca.sign_crl(0, Duration::DAY, now()).await?;
            note(CRL, &watch);
            for (what, value) in took {
                if round > 0 {
                    meter.add(what, value);
                }
            }
        }
        Ok(())
    }

    fn crl_in_memory(&self, authority: &Authority, meter: &mut Meter) -> Result<()> {
        let entry = |number: u32| CrlEntry {
            serial: serial(number),
            date: now(),
            reason: REASONS[number as usize % REASONS.len()],
        };
        let entries: Vec<_> = (0..self.count).map(entry).collect();
        for number in 0..self.rounds {
            let entries = entries.clone();
            let watch = Watch::start();
            let mut crl = CrlBuilder::new(u64::from(number) + 1, now(), now() + Duration::DAY);
            crl.extend(entries);
            let signed = crl.sign(authority)?;
            meter.note(&watch);
            drop(signed);
        }
        Ok(())
    }

    async fn crl(&self, ca: &CertificateAuthority, meter: &mut Meter) -> Result<()> {
        for _ in 0..self.rounds {
            let watch = Watch::start();
            let crl = ca.sign_crl(0, Duration::DAY, now()).await?;
            meter.note(&watch);
            ensure!(
                crl.entries == u64::from(self.count),
                "the CRL has {} entries",
                crl.entries
            );
        }
        Ok(())
    }

    async fn revoke(
        &self,
        ca: &CertificateAuthority,
        selection: &Selection,
        count: u32,
        meter: &mut Meter,
    ) -> Result<()> {
        let watch = Watch::start();
        let reason = RevocationReason::Superseded;
        let store = ca.store();
        let revoked = store.revoke(selection, reason, &actor(), now()).await?;
        meter.note(&watch);
        ensure!(
            revoked.len() == count as usize,
            "{} are revoked",
            revoked.len()
        );
        Ok(())
    }

    /// Each at places all over the store.
    async fn lists(
        &self,
        ca: &CertificateAuthority,
        template: &Template,
        meter: &mut Meter,
    ) -> Result<()> {
        for round in 0..=self.rounds {
            let number = u32::try_from(
                u64::from(round) * u64::from(self.count - 1 - LIST) / u64::from(self.rounds),
            )?;
            let certificate = template.certificate(number, number >= self.from)?;
            let all = Filter::default;
            let one = Page::default();
            let behind = Page {
                after: i64::from(number),
                limit: LIST,
            };
            let revoked = Page { after: 0, ..behind };
            for (what, filter, page, count) in [
                (PAGE, all(), behind, LIST as usize),
                (
                    OF_REVOKED,
                    Filter {
                        state: Some(CertificateState::Revoked),
                        ..all()
                    },
                    revoked,
                    LIST as usize,
                ),
                (
                    BY_SERIAL,
                    Filter {
                        serial: Some(certificate.serial().clone()),
                        ..all()
                    },
                    one,
                    1,
                ),
                (
                    BY_NAME,
                    Filter {
                        name: Some(format!("cn:{}", name(number)).parse()?),
                        ..all()
                    },
                    one,
                    1,
                ),
                (
                    BY_KEY,
                    Filter {
                        spki_sha256: Some(*certificate.spki_sha256()),
                        ..all()
                    },
                    one,
                    1,
                ),
            ] {
                let watch = Watch::start();
                let found = ca.store().certificates(&filter, page, now()).await?;
                let took = watch.milliseconds().0;
                ensure!(found.len() == count, "{what}: {} are found", found.len());
                // The first round opens a connection and plans.
                if round > 0 {
                    meter.add(what, took);
                }
            }
        }
        Ok(())
    }
}

/// Takes over what `make` makes of the numbers.
async fn fill(
    ca: &CertificateAuthority,
    numbers: std::ops::Range<u32>,
    make: impl Fn(u32) -> Result<ImportedCertificate>,
    meter: &mut Meter,
) -> Result<()> {
    let watch = Watch::start();
    let end = numbers.end;
    for start in numbers.step_by(FILL as usize) {
        let part = start..end.min(start + FILL);
        let certificates: Vec<_> = part.clone().map(&make).collect::<Result<_>>()?;
        let (store, actor) = (ca.store(), actor());
        let added = store.import(ca.issuer().id, certificates, &actor, now());
        let added = added.await?;
        ensure!(added == part.len() as u64, "{added} were added");
    }
    meter.note(&watch);
    Ok(())
}

#[derive(Default)]
struct Meter(Measured);

impl Meter {
    fn add(&mut self, what: &str, value: f64) {
        self.0.entry(what.to_owned()).or_default().push(value);
    }

    fn note(&mut self, watch: &Watch) {
        let (wall, cpu) = watch.milliseconds();
        self.add(WALL, wall);
        self.add(CPU, cpu);
    }
}

struct Watch {
    wall: Instant,
    cpu: f64,
}

impl Watch {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu_seconds(),
        }
    }

    /// Of the clock, and of all threads of this process.
    fn milliseconds(&self) -> (f64, f64) {
        let wall = self.wall.elapsed().as_secs_f64();
        (wall * 1e3, (cpu_seconds() - self.cpu) * 1e3)
    }
}

fn cpu_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

/// The memory that this process has had at its most (proc(5)).
fn peak_mib() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    let kib: f64 = kib.context("no VmHWM in /proc/self/status")?.parse()?;
    Ok(kib / 1024.0)
}

fn actor() -> Actor {
    Actor::new("bench")
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

const ISSUE: &str = "issuing one";
const LOOK_UP: &str = "looking one up by its serial number";
const STATUS: &str = "the status of one, for OCSP";
const REVOKE: &str = "revoking one";
const CRL: &str = "signing a CRL of few entries";

/// What a step of growth measures.
pub(in crate::ca) const GROWTH: [&str; 5] = [ISSUE, LOOK_UP, STATUS, REVOKE, CRL];

pub(super) const PAGE: &str = "a page of 100";
pub(super) const OF_REVOKED: &str = "a page of 100 that are revoked";
pub(super) const BY_SERIAL: &str = "by serial number";
pub(super) const BY_NAME: &str = "by name";
pub(super) const BY_KEY: &str = "by key";

/// Certificates on a page.
pub(super) const LIST: u32 = 100;
/// Certificates that are taken over at once.
const FILL: u32 = 5000;

const CA: &str = "bench";

const REASONS: [RevocationReason; 3] = [
    RevocationReason::Superseded,
    RevocationReason::CessationOfOperation,
    RevocationReason::KeyCompromise,
];
