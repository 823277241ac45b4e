//! Three members of etcd.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::process::Running;

pub(crate) struct Etcd {
    directory: PathBuf,
    address: Ipv4Addr,
    members: Vec<Option<Running>>,
}

impl Etcd {
    pub(crate) fn start(directory: &Path, address: Ipv4Addr) -> Result<Self> {
        let mut etcd = Self {
            directory: directory.to_owned(),
            address,
            members: Vec::new(),
        };
        for member in 0..MEMBERS {
            let running = etcd.run(member)?;
            etcd.members.push(Some(running));
        }
        Ok(etcd)
    }

    /// Where clients ask.
    pub(crate) fn hosts(&self) -> Vec<String> {
        (0..MEMBERS)
            .map(|member| format!("{}:{}", self.address, client_port(member)))
            .collect()
    }

    pub(crate) fn kill(&mut self, member: usize) -> Result<()> {
        match self.members.get_mut(member).and_then(Option::take) {
            Some(mut running) => running.kill(),
            None => Ok(()),
        }
    }

    pub(crate) fn revive(&mut self, member: usize) -> Result<()> {
        let running = self.run(member)?;
        if let Some(place) = self.members.get_mut(member) {
            *place = Some(running);
        }
        Ok(())
    }

    /// With the API of version 2: Patroni 3.0.2 takes the lock of another leader back by that of version 3.
    fn run(&self, member: usize) -> Result<Running> {
        let url = |port: u16| format!("http://{}:{port}", self.address);
        let (client, peer) = (url(client_port(member)), url(peer_port(member)));
        let all: Vec<_> = (0..MEMBERS)
            .map(|it| format!("e{it}={}", url(peer_port(it))))
            .collect();
        let mut command = Command::new("etcd");
        command
            .args(["--name", &format!("e{member}"), "--data-dir"])
            .arg(self.directory.join(format!("etcd{member}")))
            .args(["--listen-client-urls", &client])
            .args(["--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer])
            .args(["--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &all.join(",")])
            .args(["--logger", "zap", "--log-level", "warn", "--enable-v2"]);
        let log = self.directory.join(format!("etcd{member}.log"));
        Running::start(&mut command, &log)
    }
}

// The address is this run's alone, and so are its ports.
fn client_port(member: usize) -> u16 {
    2379 + 10 * u16::try_from(member).unwrap_or(0)
}

fn peer_port(member: usize) -> u16 {
    client_port(member) + 1
}

const MEMBERS: usize = 3;
