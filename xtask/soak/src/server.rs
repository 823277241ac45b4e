//! The server of a soak: the example `hello` in a process of its own, and what it uses of the machine.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use suite::process::{self, Server};
use suite::{Profile, examples};

use super::pki::Pki;

/// `hello`, which reads its files when it is told to.
pub(super) struct Hello {
    process: Server,
}

impl Hello {
    pub(super) fn start(pki: &Pki) -> Result<Self> {
        let [port] = process::free_ports()?;
        let [hello] = examples(Profile::Dev, ["hello"])?;
        let mut command = Command::new(hello);
        for (flag, file) in [
            ("--cert", "server.crt"),
            ("--key", "server.key"),
            ("--client-ca", "ca.crt"),
            ("--crl", "ca.crl"),
        ] {
            command.arg(flag).arg(pki.path(file));
        }
        // It looks for itself once an hour, so that what is counted is what it was told.
        command.args(["--watch", "3600", "--listen", &format!("127.0.0.1:{port}")]);
        let process = Server::start(&mut command, port)?;
        Ok(Self { process })
    }

    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.process.port()))
    }

    /// SIGHUP.
    pub(super) fn reload(&self) -> Result<()> {
        let id = i32::try_from(self.process.id())?;
        let id = Pid::from_raw(id).context("a process has a number")?;
        kill_process(id, Signal::HUP).context("the server has ended")
    }

    /// Its share of memory in KiB: pages that it has alone, and its part of those that it shares.
    pub(super) fn memory(&self) -> Result<u64> {
        let text =
            fs::read_to_string(self.about("smaps_rollup")).context("the server has ended")?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let number = line.and_then(|rest| rest.split_whitespace().next());
        number
            .context("smaps_rollup has no Pss")?
            .parse()
            .context("Pss is no number")
    }

    /// How many files and sockets it has open.
    pub(super) fn descriptors(&self) -> Result<usize> {
        let open = fs::read_dir(self.about("fd")).context("the server has ended")?;
        Ok(open.count())
    }

    fn about(&self, what: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{what}", self.process.id()))
    }
}
