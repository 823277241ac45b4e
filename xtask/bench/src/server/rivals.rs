//! `hello` and the servers that it is compared with: the same certificates, as many workers, the same answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use suite::Peers;
use suite::process::{self, Server};
use suite::{Profile, examples};

use crate::measuring::clock::finish;
use crate::report::Side;

/// One of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rival {
    Ours,
    Nginx,
    Haproxy,
    Envoy,
    Go,
    Node,
}

impl Rival {
    pub(crate) const ALL: &[Self] = &[
        Self::Ours,
        Self::Nginx,
        Self::Haproxy,
        Self::Envoy,
        Self::Go,
        Self::Node,
    ];

    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours (`hello`)",
            Self::Nginx => "nginx",
            Self::Haproxy => "HAProxy",
            Self::Envoy => "Envoy",
            Self::Go => "Go net/http",
            Self::Node => "Node",
        }
    }

    pub(crate) fn side(self) -> Side {
        if self == Self::Ours {
            Side::Ours
        } else {
            Side::Peer
        }
    }
}

/// How a server is set up for a comparison.
#[derive(Clone)]
pub(crate) struct Setup {
    /// Threads, or processes, that serve.
    pub(crate) workers: usize,
    /// Whether the others resume sessions; ours does what it does.
    pub(crate) resumption: bool,
    /// Whether Node speaks HTTP/2, and then that alone; the others speak both.
    pub(crate) http2: bool,
    /// A CRL in PEM; Go and Node are not set up with one.
    pub(crate) crl: Option<PathBuf>,
}

impl Default for Setup {
    /// One worker, no resumption, HTTP/1.1, no list.
    fn default() -> Self {
        Self {
            workers: 1,
            resumption: false,
            http2: false,
            crl: None,
        }
    }
}

/// What had to be built.
pub(crate) struct Builds {
    hello: PathBuf,
    go: PathBuf,
}

impl Builds {
    /// Builds `hello` as it is released, and the server in Go.
    pub(crate) fn new(peers: &Peers, scratch: &Path) -> Result<Self> {
        let source = scratch.join("server.go");
        fs::write(&source, include_str!("peers/server.go"))?;
        let go = scratch.join("server-go");
        let mut command = peers.command("go");
        command.env("GO111MODULE", "off").current_dir(scratch);
        if let Err(error) = finish(command.args(["build", "-o"]).arg(&go).arg(source)) {
            eprintln!("warning: the server in Go was not built: {error:#}");
        }
        let [hello] = examples(Profile::Release, ["hello"])?;
        Ok(Self { hello, go })
    }
}

/// Starts servers with the set in `certs`.
pub(crate) struct Rivals<'a> {
    pub(crate) peers: &'a Peers,
    pub(crate) builds: &'a Builds,
    pub(crate) certs: &'a Path,
}

impl Rivals<'_> {
    /// Starts one, which runs until it is dropped.
    pub(crate) fn start(&self, rival: Rival, setup: &Setup) -> Result<Server> {
        let [port] = process::free_ports()?;
        Server::start(&mut self.command(rival, port, setup)?, port)
    }

    /// What starts one that listens on `port`.
    pub(crate) fn command(&self, rival: Rival, port: u16, setup: &Setup) -> Result<Command> {
        // Of its own, so that the same server can run twice.
        let run = self.certs.join(port.to_string());
        if run.exists() {
            // Of a server that had this port before, and has ended.
            fs::remove_dir_all(&run)?;
        }
        fs::create_dir(&run)?;
        Ok(match rival {
            Rival::Ours => self.ours(port, setup),
            Rival::Nginx => self.nginx(port, &run, setup)?,
            Rival::Haproxy => self.haproxy(port, &run, setup)?,
            Rival::Envoy => self.envoy(port, &run, setup)?,
            Rival::Go => self.go(port, setup),
            Rival::Node => self.node(port, &run, setup)?,
        })
    }

    fn ours(&self, port: u16, setup: &Setup) -> Command {
        let mut command = Command::new(&self.builds.hello);
        command.arg("--cert").arg(self.certs.join("server.crt"));
        command.arg("--key").arg(self.certs.join("server.key"));
        command.arg("--client-ca").arg(self.certs.join("ca.crt"));
        command.arg("--listen").arg(format!("127.0.0.1:{port}"));
        if let Some(crl) = &setup.crl {
            command.arg("--crl").arg(crl);
        }
        command.env("TOKIO_WORKER_THREADS", setup.workers.to_string());
        command.env_remove("RUST_LOG");
        command
    }

    fn nginx(&self, port: u16, run: &Path, setup: &Setup) -> Result<Command> {
        let on_off = if setup.resumption { "on" } else { "off" };
        let text = include_str!("peers/nginx.conf")
            .replace("@WORKERS@", &setup.workers.to_string())
            .replace("@TICKETS@", on_off)
            .replace("@CRL@", &with_path("ssl_crl ", setup, ";"));
        let config = self.configured(run, "nginx.conf", &text, port)?;
        let mut command = self.peers.command("nginx");
        command.args(["-e", "stderr", "-p"]).arg(run);
        command.arg("-c").arg(config);
        Ok(command)
    }

    fn haproxy(&self, port: u16, run: &Path, setup: &Setup) -> Result<Command> {
        let (cache, tickets) = if setup.resumption {
            ("20000", "")
        } else {
            ("0", "no-tls-tickets")
        };
        let text = include_str!("peers/haproxy.cfg")
            .replace("@WORKERS@", &setup.workers.to_string())
            .replace("@CACHE@", cache)
            .replace("@TICKETS@", tickets)
            .replace("@CRL@", &with_path("crl-file ", setup, ""));
        let config = self.configured(run, "haproxy.cfg", &text, port)?;
        let mut command = self.peers.command("haproxy");
        command.arg("-db").arg("-f").arg(config);
        Ok(command)
    }

    fn envoy(&self, port: u16, run: &Path, setup: &Setup) -> Result<Command> {
        let off = (!setup.resumption).to_string();
        let text = include_str!("peers/envoy.yaml")
            .replace("@RESUMPTION_OFF@", &off)
            .replace("@CRL@", &with_path(", crl: { filename: \"", setup, "\" }"));
        let config = self.configured(run, "envoy.yaml", &text, port)?;
        let mut command = self.peers.command("envoy");
        command.arg("-c").arg(config);
        command.args(["--concurrency", &setup.workers.to_string()]);
        command.args(["--disable-hot-restart", "--log-level", "error"]);
        Ok(command)
    }

    fn go(&self, port: u16, setup: &Setup) -> Command {
        let mut command = Command::new(&self.builds.go);
        command.arg(port.to_string()).arg(self.certs);
        command.arg(setup.resumption.to_string());
        command.env("GOMAXPROCS", setup.workers.to_string());
        command
    }

    fn node(&self, port: u16, run: &Path, setup: &Setup) -> Result<Command> {
        let script = self.configured(run, "node.mjs", include_str!("peers/node.mjs"), port)?;
        let mut command = self.peers.command("node");
        command.arg(script).arg(port.to_string()).arg(self.certs);
        command.arg(setup.workers.to_string());
        command.arg(setup.resumption.to_string());
        command.arg(setup.http2.to_string());
        Ok(command)
    }

    fn configured(&self, run: &Path, name: &str, text: &str, port: u16) -> Result<PathBuf> {
        let text = text
            .replace("@PORT@", &port.to_string())
            .replace("@CERTS@", &self.certs.to_string_lossy())
            .replace("@RUN@", &run.to_string_lossy());
        let file = run.join(name);
        fs::write(&file, text)?;
        Ok(file)
    }
}

/// The path of the list between `before` and `after`; nothing where there is no list.
fn with_path(before: &str, setup: &Setup, after: &str) -> String {
    let crl = setup.crl.as_ref();
    crl.map_or_else(String::new, |crl| {
        format!("{before}{}{after}", crl.display())
    })
}

/// The programs behind these names, as [`Peers::version`] knows them.
pub(crate) const PROGRAMS: &[&str] = &["nginx", "HAProxy", "Envoy", "Go", "Node", "OpenSSL"];
