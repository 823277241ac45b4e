//! Three PostgreSQL under Patroni, with etcd, in a network of their own, in a temporary directory.

mod etcd;
mod network;
mod node;
pub(crate) mod process;

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use suite::process::run;
use tempfile::TempDir;

use self::etcd::Etcd;
use self::network::Network;
use self::node::{Node, PORT, Shared};
use self::process::{random_hex, wait_for};

/// The fields end in this order.
pub(crate) struct Cluster {
    nodes: Vec<Node>,
    etcd: Etcd,
    network: Network,
    password: String,
    directory: TempDir,
}

impl Cluster {
    /// Makes it, and waits until there are a primary and a standby that commits wait for.
    pub(crate) fn start() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("ha-").tempdir()?;
        // PostgreSQL runs as a user of its own.
        let mut open = Command::new("chmod");
        let opened = run(open.arg("711").arg(directory.path()), None)?;
        ensure!(opened.success(), "chmod: {}", opened.reason());
        let network = Network::new(NODES).context("a network needs root")?;
        let etcd = Etcd::start(directory.path(), network.outside())?;
        let password = random_hex()?;
        let mut cluster = Self {
            nodes: Vec::new(),
            etcd,
            network,
            password,
            directory,
        };
        for number in 1..=NODES {
            let shared = Shared {
                directory: cluster.directory.path(),
                network: &cluster.network,
                etcd: cluster.etcd.hosts(),
                password: &cluster.password,
            };
            cluster.nodes.push(Node::start(number, &shared)?);
        }
        if let Err(error) = cluster.wait_until_whole() {
            let kept = cluster.directory.path().join("node1/log");
            let log = std::fs::read_to_string(kept).unwrap_or_default();
            let end: Vec<_> = log.lines().rev().take(5).collect();
            return Err(error.context(end.join(" / ")));
        }
        cluster.sql("postgres", "CREATE DATABASE ca")?;
        Ok(cluster)
    }

    /// Until all nodes run, and one of them is the synchronous standby.
    pub(crate) fn wait_until_whole(&self) -> Result<()> {
        let whole = wait_for(Duration::from_secs(120), || {
            let all = |node: &Node| node.is_primary() || node.is_replica();
            self.nodes.iter().all(all) && self.nodes.iter().any(Node::is_sync)
        });
        ensure!(whole, "the cluster does not become whole");
        Ok(())
    }

    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Where processes that are no nodes listen.
    pub(crate) fn outside(&self) -> Ipv4Addr {
        self.network.outside()
    }

    /// The store, for whoever looks for the primary.
    pub(crate) fn url(&self, database: &str) -> String {
        let numbers: Vec<_> = self.nodes.iter().map(Node::number).collect();
        self.url_of(&numbers, database)
    }

    /// The store, for whoever reads: a standby first.
    pub(crate) fn url_of_standby(&self, database: &str) -> Result<String> {
        let standby = self
            .nodes
            .iter()
            .find(|it| it.is_replica() && !it.is_sync());
        let standby = standby.or_else(|| self.nodes.iter().find(|it| it.is_replica()));
        let first = standby.context("there is no standby")?.number();
        let others = self
            .nodes
            .iter()
            .map(Node::number)
            .filter(|it| *it != first);
        let numbers: Vec<_> = std::iter::once(first).chain(others).collect();
        Ok(self.url_of(&numbers, database))
    }

    /// The store on each node alone.
    pub(crate) fn urls_of_nodes(&self) -> Vec<String> {
        let url = |node: &Node| self.url_of(&[node.number()], "ca");
        self.nodes.iter().map(url).collect()
    }

    fn url_of(&self, numbers: &[u8], database: &str) -> String {
        let hosts = numbers.iter();
        let hosts: Vec<_> = hosts
            .map(|it| format!("{}:{PORT}", self.network.address(*it)))
            .collect();
        let (password, hosts) = (&self.password, hosts.join(","));
        format!("postgres://postgres:{password}@{hosts}/{database}?connect_timeout=2")
    }

    /// Runs statements on the primary.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let numbers: Vec<_> = self.nodes.iter().map(Node::number).collect();
        let url = self.url_of(&numbers, database) + "&target_session_attrs=read-write";
        let mut psql = Command::new("psql");
        psql.args([&url, "-At", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        let said = run(&mut psql, None)?;
        ensure!(said.success(), "psql: {}", said.reason());
        Ok(said.stdout.trim().to_owned())
    }

    pub(crate) fn kill_primary(&mut self) -> Result<u8> {
        let primary = self.primary()?;
        let node = self.nodes.iter_mut().find(|it| it.number() == primary);
        node.context("it was there")?.kill()?;
        Ok(primary)
    }

    pub(crate) fn revive(&mut self, number: u8) -> Result<()> {
        let node = self.nodes.iter_mut().find(|it| it.number() == number);
        node.context("there is such a node")?.revive(&self.network)
    }

    /// Has the synchronous standby lead, while the primary is there.
    pub(crate) fn switch_over(&self) -> Result<()> {
        let primary = self.primary()?;
        let node = self.nodes.iter().find(|it| it.number() == primary);
        node.context("it was there")?.switch_over()
    }

    pub(crate) fn cut_primary(&self) -> Result<u8> {
        let primary = self.primary()?;
        self.network.cut(primary)?;
        Ok(primary)
    }

    pub(crate) fn heal(&self, number: u8) -> Result<()> {
        self.network.heal(number)
    }

    pub(crate) fn kill_etcd(&mut self, member: usize) -> Result<()> {
        self.etcd.kill(member)
    }

    pub(crate) fn revive_etcd(&mut self, member: usize) -> Result<()> {
        self.etcd.revive(member)
    }

    fn primary(&self) -> Result<u8> {
        let mut primary = None;
        wait_for(Duration::from_secs(30), || {
            primary = self
                .nodes
                .iter()
                .find(|it| it.is_primary())
                .map(Node::number);
            primary.is_some()
        });
        primary.context("there is no primary")
    }
}

const NODES: u8 = 3;
