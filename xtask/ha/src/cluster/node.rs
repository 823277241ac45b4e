//! A PostgreSQL under Patroni.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::process::Signal;
use suite::process::run;

use super::network::Network;
use super::process::{Running, children, end, process_in};
use crate::clock;

pub(crate) struct Node {
    number: u8,
    address: Ipv4Addr,
    directory: PathBuf,
    patroni: Option<Running>,
}

/// What all nodes have in common.
pub(crate) struct Shared<'a> {
    pub(crate) directory: &'a Path,
    pub(crate) network: &'a Network,
    pub(crate) etcd: Vec<String>,
    pub(crate) password: &'a str,
}

impl Node {
    pub(crate) fn start(number: u8, shared: &Shared<'_>) -> Result<Self> {
        let directory = shared.directory.join(format!("node{number}"));
        std::fs::create_dir(&directory)?;
        let settings = directory.join("patroni.yml");
        let address = shared.network.address(number);
        let programs = programs(number, &directory)?;
        std::fs::write(
            &settings,
            yaml(number, address, (&directory, &programs), shared),
        )?;
        std::fs::set_permissions(&settings, std::fs::Permissions::from_mode(0o600))?;
        let mut chown = Command::new("chown");
        let owner = run(chown.args(["-R", "postgres:"]).arg(&directory), None)?;
        ensure!(owner.success(), "chown: {}", owner.reason());
        let mut node = Self {
            number,
            address,
            directory,
            patroni: None,
        };
        node.revive(shared.network)?;
        Ok(node)
    }

    pub(crate) fn number(&self) -> u8 {
        self.number
    }

    /// Starts Patroni, which starts PostgreSQL, after it has rewound or copied what is needed.
    pub(crate) fn revive(&mut self, network: &Network) -> Result<()> {
        let mut command = network.inside(self.number);
        command
            .args(["setpriv", "--reuid=postgres", "--regid=postgres"])
            .args(["--init-groups", "env", "LC_ALL=C.UTF-8"])
            .arg(format!("HOME={}", self.directory.display()))
            .arg("patroni")
            .arg(self.directory.join("patroni.yml"))
            .current_dir("/");
        let log = self.directory.join("log");
        self.patroni = Some(Running::start(&mut command, &log)?);
        Ok(())
    }

    /// Ends Patroni and PostgreSQL without a word.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let data = self.directory.join("data");
        let mark = data.display().to_string();
        let postmaster = process_in(&data.join("postmaster.pid"), &mark);
        if let Some(mut patroni) = self.patroni.take() {
            patroni.kill()?;
        }
        let Some(postmaster) = postmaster else {
            return Ok(());
        };
        let mut all = children(postmaster);
        all.push(postmaster);
        end(&all, Signal::KILL)
    }

    /// The status that Patroni gives to `GET /PATH`; `None` if it does not answer.
    pub(crate) fn asks(&self, path: &str) -> Option<u16> {
        let request = format!("GET /{path} HTTP/1.0\r\n\r\n");
        let said = self.said(&request, PATIENCE).ok()?;
        said.split(' ').nth(1)?.parse().ok()
    }

    /// Gives the lead to whoever Patroni chooses, and waits until he has it.
    pub(crate) fn switch_over(&self) -> Result<()> {
        let body = format!("{{\"leader\": \"node{}\"}}", self.number);
        let length = body.len();
        let request = format!(
            "POST /switchover HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let said = self.said(&request, SWITCHOVER)?;
        ensure!(
            said.ends_with(" 200"),
            "the switchover was answered with {said}"
        );
        Ok(())
    }

    /// The beginning of what Patroni answers.
    fn said(&self, request: &str, patience: Duration) -> std::io::Result<String> {
        let address = SocketAddr::from((self.address, REST));
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(request.as_bytes())?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    pub(crate) fn is_primary(&self) -> bool {
        self.asks("primary") == Some(200)
    }

    pub(crate) fn is_replica(&self) -> bool {
        self.asks("replica") == Some(200)
    }

    /// Whether a commit waits for it.
    pub(crate) fn is_sync(&self) -> bool {
        self.asks("sync") == Some(200)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let data = self.directory.join("data");
        let postmaster = process_in(&data.join("postmaster.pid"), &data.display().to_string());
        drop(self.patroni.take());
        if let Some(postmaster) = postmaster {
            // It removes its shared memory.
            let _ = end(&[postmaster], Signal::QUIT);
        }
    }
}

/// The programs of PostgreSQL for this node.
///
/// Whichever node leads after another one, the clock of the database is another one then, by two hours at least. That of
/// Patroni is right: under libfaketime the Python that it runs by may fail to sleep.
fn programs(number: u8, directory: &Path) -> Result<PathBuf> {
    let offset = match number {
        2 => "+2h",
        3 => "-2h",
        _ => return Ok(PROGRAMS.into()),
    };
    let set = |(name, value): (&str, String)| format!("{name}={value}");
    let clock: Vec<_> = clock::off_by(offset)?.into_iter().map(set).collect();
    let place = directory.join("bin");
    std::fs::create_dir(&place)?;
    for program in std::fs::read_dir(PROGRAMS)? {
        let program = program?;
        let clock = match program.file_name() == "postgres" {
            true => clock.join(" "),
            false => String::new(),
        };
        let real = program.path();
        let script = format!("#!/bin/sh\nexec env {clock} {} \"$@\"\n", real.display());
        let path = place.join(program.file_name());
        std::fs::write(&path, script)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(place)
}

fn yaml(
    number: u8,
    address: Ipv4Addr,
    (directory, programs): (&Path, &Path),
    shared: &Shared<'_>,
) -> String {
    let etcd: Vec<_> = shared.etcd.iter().map(|it| format!("\"{it}\"")).collect();
    let (etcd, password, subnet) = (etcd.join(", "), shared.password, shared.network.subnet());
    let (directory, programs) = (directory.display(), programs.display());
    format!(
        r#"scope: ha
name: node{number}
restapi: {{listen: "{address}:{REST}", connect_address: "{address}:{REST}"}}
etcd: {{hosts: [{etcd}]}}
watchdog: {{mode: "off"}}
bootstrap:
  dcs:
    ttl: 5
    loop_wait: 1
    retry_timeout: 2
    maximum_lag_on_failover: 1048576
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters: {{max_connections: 100}}
  initdb: [{{encoding: UTF8}}, {{locale: C.UTF-8}}, data-checksums]
postgresql:
  listen: "{address}:{PORT}"
  connect_address: "{address}:{PORT}"
  data_dir: {directory}/data
  bin_dir: {programs}
  pgpass: {directory}/pgpass
  basebackup: [{{checkpoint: fast}}]
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
  authentication:
    superuser: {{username: postgres, password: "{password}"}}
    replication: {{username: replicator, password: "{password}"}}
    rewind: {{username: rewinder, password: "{password}"}}
  pg_hba: ["host all all {subnet} scram-sha-256", "host replication replicator {subnet} scram-sha-256"]
  parameters: {{unix_socket_directories: "", password_encryption: scram-sha-256, dynamic_shared_memory_type: mmap,
    shared_buffers: 32MB, wal_keep_size: 64MB, max_wal_size: 256MB, hot_standby_feedback: "on",
    wal_sender_timeout: 3s, wal_receiver_timeout: 3s, wal_receiver_status_interval: 1s, wal_retrieve_retry_interval: 500ms,
    tcp_keepalives_idle: 2, tcp_keepalives_interval: 1, tcp_keepalives_count: 3, tcp_user_timeout: 5s}}
"#
    )
}

/// Where Debian keeps them.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// The port of PostgreSQL, at the address of the node.
pub(crate) const PORT: u16 = 5432;
const REST: u16 = 8008;
const PATIENCE: Duration = Duration::from_secs(2);
const SWITCHOVER: Duration = Duration::from_secs(60);
