//! What goes wrong, one after the other, while clients issue and revoke.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{Order, Store};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::task::block_in_place;
use x509_identity::Certificate;

use crate::ca::{self, actor};
use crate::clock;
use crate::cluster::Cluster;
use crate::cluster::process::Running;
use crate::command;
use crate::http::Client;
use crate::limits;
use crate::load::{Acknowledged, Load, lock};
use crate::reader::{Seen, Watch, answers};
use crate::verify::{self, Point};

/// Each point, and what was seen, with so many certificates.
pub(crate) async fn all(certificates: usize) -> Result<Vec<Point>> {
    let program = block_in_place(|| suite::mtls(suite::Profile::Dev))?;
    let started = Instant::now();
    let mut stage = Stage::new(certificates / PHASES).await?;
    println!("the cluster runs after {} s", started.elapsed().as_secs());
    stage.switched_over().await?;
    stage.primary_killed().await?;
    stage.process_killed().await?;
    stage.etcd_killed().await?;
    stage.primary_cut().await?;
    stage.clock_ahead().await?;
    stage.crl_numbers().await?;
    block_in_place(|| stage.cluster.wait_until_whole())?;
    let urls = stage.cluster.urls_of_nodes();
    stage
        .points
        .extend(verify::all(&urls, &stage.acknowledged).await?);
    stage.processes.clear();
    stage
        .points
        .extend(command::all(&mut stage.cluster, &program).await);
    let mut points = std::mem::take(&mut stage.points);
    drop(stage);
    points.extend(limits::all().await);
    Ok(points)
}

/// The processes end before the cluster does.
struct Stage {
    processes: Vec<CaProcess>,
    /// Of the CRLs of each process.
    crls: Vec<Watch>,
    cluster: Cluster,
    authority: TempDir,
    /// A certificate that is good, and its issuer.
    known: (Certificate, Certificate),
    each: usize,
    phase: usize,
    /// When it all began, and how far the clocks of the primaries were off since then.
    began: OffsetDateTime,
    off: Vec<i64>,
    acknowledged: Acknowledged,
    points: Vec<Point>,
}

/// A process of the CA, which is this program again.
struct CaProcess {
    running: Running,
    address: SocketAddr,
}

impl Stage {
    async fn new(each: usize) -> Result<Self> {
        let began = OffsetDateTime::now_utc();
        let cluster = block_in_place(Cluster::start)?;
        let authority = tempfile::tempdir()?;
        let store = Store::open(&cluster.url(DATABASE).parse()?).await?;
        let ca = ca::make(authority.path(), &store).await?;
        let key = KeyPair::generate(KeyKind::P256)?;
        let parameters = CertificateParameters::for_key(key.public_key_der(), "CN=known".parse()?);
        let profile = Profile::client();
        let order = Order::new(parameters, &profile, "client", actor());
        let known = ca.issue(order, OffsetDateTime::now_utc()).await?;
        let issuer = ca.issuer().certificate().clone();
        let mut stage = Self {
            processes: Vec::new(),
            crls: Vec::new(),
            cluster,
            authority,
            known: (known.certificate, issuer),
            each,
            phase: 0,
            began,
            off: Vec::new(),
            acknowledged: Acknowledged::default(),
            points: Vec::new(),
        };
        let url = stage.cluster.url(DATABASE);
        for port in 8001..=8003 {
            let process = stage.process(&url, port, Kind::Issuing)?;
            process.is_ready(200).await?;
            stage.crls.push(Watch::start(process.address, CRL, None));
            stage.processes.push(process);
        }
        Ok(stage)
    }

    fn process(&self, url: &str, port: u16, kind: Kind) -> Result<CaProcess> {
        let address = SocketAddr::from((self.cluster.outside(), port));
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["ca", "--url", url, "--listen", &address.to_string()])
            .arg("--authority")
            .arg(self.authority.path());
        match kind {
            Kind::Issuing => {}
            Kind::Reading => {
                command.arg("--read-only");
            }
            Kind::Ahead => {
                command.envs(clock::off_by("+2h")?);
            }
        }
        let log = self.cluster.directory().join(format!("ca{port}.log"));
        let running = Running::start(&mut command, &log)?;
        Ok(CaProcess { running, address })
    }

    fn load(&mut self) -> Result<Load> {
        self.load_with(&[])
    }

    /// Clients of these processes, too.
    fn load_with(&mut self, more: &[SocketAddr]) -> Result<Load> {
        self.phase += 1;
        let processes = self.processes.iter().map(|it| it.address);
        let processes: Vec<_> = processes.chain(more.iter().copied()).collect();
        Load::start(&processes, self.phase, self.each)
    }

    /// Waits for the rest of the clients' work, and says how long nobody was answered after the fault.
    async fn finish(&mut self, name: &str, mut load: Load, fault: Instant) -> Result<()> {
        load.finish().await?;
        let end = Instant::now();
        let pause = load.longest_pause(fault, end);
        let repeated = load.repeated.load(std::sync::atomic::Ordering::Relaxed);
        let mut acknowledged = lock(&load.acknowledged);
        let count = acknowledged.issued.len();
        self.acknowledged.issued.append(&mut acknowledged.issued);
        self.acknowledged.revoked.append(&mut acknowledged.revoked);
        let seen = format!(
            "longest pause {:.1} s, {count} certificates, {repeated} requests repeated",
            pause.as_secs_f64()
        );
        let outcome = match pause <= LONGEST_PAUSE && count == self.each {
            true => Ok(seen),
            false => Err(anyhow::anyhow!(seen)),
        };
        println!("{name}: {outcome:?}");
        self.points
            .push((format!("{name}: issuing goes on"), outcome));
        Ok(())
    }

    /// A process that reads a standby, and somebody who needs its answers.
    async fn reader(&self, port: u16) -> Result<(CaProcess, Watch)> {
        let url = block_in_place(|| self.cluster.url_of_standby(DATABASE))?;
        let process = self.process(&url, port, Kind::Reading)?;
        process.is_ready(200).await?;
        answers(process.address, CRL, &self.known).await?;
        let watch = Watch::start(process.address, CRL, Some(self.known.clone()));
        Ok((process, watch))
    }

    async fn read(&mut self, name: &str, watch: Watch) -> Result<()> {
        let seen = watch.stop().await?;
        let Seen {
            answers, failures, ..
        } = seen;
        let longest = seen.longest.as_secs_f64();
        let said = format!("{answers} answers, {failures} failures, longest pause {longest:.1} s");
        let outcome = match answers > 0 && failures == 0 && !seen.went_back {
            true => Ok(said),
            false => Err(anyhow::anyhow!(said)),
        };
        println!("{name}, standby: {outcome:?}");
        let name = format!("{name}: a standby answers OCSP and CRLs throughout");
        self.points.push((name, outcome));
        Ok(())
    }

    /// As an administrator does it before he updates a machine.
    async fn switched_over(&mut self) -> Result<()> {
        self.look_at_the_clock()?;
        let load = self.load()?;
        load.reaches(self.each / 2).await;
        let fault = Instant::now();
        block_in_place(|| self.cluster.switch_over())?;
        self.finish("switchover", load, fault).await?;
        block_in_place(|| self.cluster.wait_until_whole())?;
        self.look_at_the_clock()
    }

    /// How far the clock of the primary is off at the moment.
    fn look_at_the_clock(&mut self) -> Result<()> {
        let sql = "SELECT extract(epoch FROM now())::bigint";
        let said: i64 = block_in_place(|| self.cluster.sql("ca", sql))?.parse()?;
        self.off
            .push(said - OffsetDateTime::now_utc().unix_timestamp());
        Ok(())
    }

    async fn primary_killed(&mut self) -> Result<()> {
        let name = "primary killed";
        let (_reader, watch) = self.reader(8011).await?;
        let load = self.load()?;
        load.reaches(self.each / 2).await;
        let fault = Instant::now();
        let primary = block_in_place(|| self.cluster.kill_primary())?;
        self.finish(name, load, fault).await?;
        self.read(name, watch).await?;
        self.cluster.revive(primary)?;
        block_in_place(|| self.cluster.wait_until_whole())?;
        self.look_at_the_clock()
    }

    async fn process_killed(&mut self) -> Result<()> {
        let load = self.load()?;
        load.reaches(self.each / 2).await;
        let fault = Instant::now();
        let mut killed = self.processes.remove(0);
        killed.running.kill()?;
        self.finish("CA process killed", load, fault).await?;
        let url = self.cluster.url(DATABASE);
        let again = self.process(&url, killed.address.port(), Kind::Issuing)?;
        again.is_ready(200).await?;
        self.processes.push(again);
        Ok(())
    }

    async fn etcd_killed(&mut self) -> Result<()> {
        let load = self.load()?;
        load.reaches(self.each / 2).await;
        let fault = Instant::now();
        self.cluster.kill_etcd(0)?;
        self.finish("member of etcd killed", load, fault).await?;
        self.cluster.revive_etcd(0)
    }

    async fn primary_cut(&mut self) -> Result<()> {
        let name = "primary cut off";
        block_in_place(|| self.cluster.wait_until_whole())?;
        let (_reader, watch) = self.reader(8012).await?;
        let load = self.load()?;
        load.reaches(self.each / 2).await;
        let fault = Instant::now();
        let primary = block_in_place(|| self.cluster.cut_primary())?;
        self.finish(name, load, fault).await?;
        self.read(name, watch).await?;
        self.cluster.heal(primary)?;
        block_in_place(|| self.cluster.wait_until_whole())?;
        self.look_at_the_clock()?;
        let jumps = self
            .off
            .windows(2)
            .filter(|pair| pair[0].abs_diff(pair[1]) > 3600);
        let seen = format!(
            "off by {:?} s with the primaries, one after the other",
            self.off
        );
        let outcome = match jumps.count() > 0 {
            true => Ok(seen),
            false => Err(anyhow::anyhow!(seen)),
        };
        let name = "the clock of the database jumps by hours when its primary changes";
        self.points.push((name.into(), outcome));
        // Before a process whose clock is wrong revokes something.
        let url = self.cluster.url(DATABASE);
        let name = "no row of the audit log has the time of a database";
        let times = verify::has_right_times(&url, self.began).await;
        self.points.push((name.into(), times));
        Ok(())
    }

    /// A fourth process, two hours ahead, which clients ask as they ask the others.
    async fn clock_ahead(&mut self) -> Result<()> {
        let url = self.cluster.url(DATABASE);
        let ahead = self.process(&url, 8004, Kind::Ahead)?;
        let refused = async {
            ahead.is_ready(503).await?;
            let mut client = Client::new(ahead.address);
            let health = client.send("GET", "/healthz", Vec::new(), LIMIT).await;
            let health = health.err().context("it is healthy")?.to_string();
            ensure!(health.contains("clock"), "{health}");
            let key = KeyPair::generate(KeyKind::P256)?.public_key_der().to_vec();
            let issued = client.send("POST", "/issue/ahead", key, LIMIT).await;
            let said = issued.err().context("it issues")?.to_string();
            ensure!(said.contains("the clock is wrong"), "{said}");
            Ok(said)
        };
        let refused = refused.await;
        self.points
            .push(("a clock two hours ahead: it issues nothing".into(), refused));
        let fault = Instant::now();
        let load = self.load_with(&[ahead.address])?;
        self.finish("a clock two hours ahead", load, fault).await
    }

    async fn crl_numbers(&mut self) -> Result<()> {
        let mut went_back = 0;
        let mut highest = 0;
        for watch in self.crls.drain(..) {
            let seen = watch.stop().await?;
            went_back += u32::from(seen.went_back);
            highest = highest.max(seen.crl);
        }
        let number = "SELECT max(number) FROM crls";
        let number: u64 = self.cluster.sql("ca", number)?.parse()?;
        let outcome = match went_back == 0 && number >= highest {
            true => Ok(format!("{highest} was the highest that was seen")),
            false => Err(anyhow::anyhow!(
                "{went_back} processes have published a lower number, {number} after {highest}"
            )),
        };
        self.points
            .push(("no CRL number goes back".into(), outcome));
        Ok(())
    }
}

impl CaProcess {
    /// Until its health has this status: 503 for a clock that is wrong.
    async fn is_ready(&self, status: u16) -> Result<()> {
        let end = Instant::now() + READY;
        loop {
            let mut client = Client::new(self.address);
            let health = client.send("GET", "/healthz", Vec::new(), LIMIT).await;
            let is_there = match (status, &health) {
                (200, health) => health.is_ok(),
                (_, Err(error)) => error.to_string().contains("the clock is wrong"),
                _ => false,
            };
            if is_there {
                return Ok(());
            }
            ensure!(
                Instant::now() < end,
                "a CA process is not ready: {health:?}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What a process is for.
#[derive(Clone, Copy)]
enum Kind {
    Issuing,
    Reading,
    /// With a clock that is wrong.
    Ahead,
}

const DATABASE: &str = "ca";
const CRL: &str = "/crl/ha-root-0.crl";
const PHASES: usize = 6;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const READY: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(5);
