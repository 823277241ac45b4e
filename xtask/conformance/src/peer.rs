//! The servers, and how each is started with many settings at a time.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use conformance::Case;
use suite::process::{self, Left, Server};
use suite::{Hello, Peers, ServerFiles};

use super::config::{self, Listener};
use super::setting::Setting;

/// A server that cases are presented to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// Our own example.
    Hello,
    Nginx,
    Haproxy,
    Envoy,
    /// net/http of Go.
    Go,
    /// The module https of Node.
    Node,
}

impl Peer {
    pub(crate) const ALL: &[Self] = &[
        Self::Hello,
        Self::Nginx,
        Self::Haproxy,
        Self::Envoy,
        Self::Go,
        Self::Node,
    ];

    pub(crate) fn name(self) -> &'static str {
        self.program().unwrap_or("hello (ours)")
    }

    /// What [`Peers::version`] calls it; our own is called nothing.
    pub(crate) fn program(self) -> Option<&'static str> {
        match self {
            Self::Hello => None,
            Self::Nginx => Some("nginx"),
            Self::Haproxy => Some("HAProxy"),
            Self::Envoy => Some("Envoy"),
            Self::Go => Some("Go"),
            Self::Node => Some("Node"),
        }
    }

    /// Go's crypto/tls has no place for a CRL.
    pub(crate) fn reads_crls(self) -> bool {
        self != Self::Go
    }
}

/// What every server needs.
pub(crate) struct Host<'a> {
    peers: &'a Peers,
    scratch: PathBuf,
    cert: PathBuf,
    key: PathBuf,
    /// Both in one file, as HAProxy wants them.
    both: PathBuf,
}

impl<'a> Host<'a> {
    pub(crate) fn new(peers: &'a Peers, identity: &Case, scratch: &Path) -> Result<Self> {
        let host = Self {
            peers,
            scratch: scratch.to_owned(),
            cert: scratch.join("server.crt"),
            key: scratch.join("server.key"),
            both: scratch.join("server.pem"),
        };
        fs::write(&host.cert, identity.chain_pem())?;
        fs::write(&host.key, identity.key_pem())?;
        fs::write(&host.both, identity.chain_pem() + &identity.key_pem())?;
        Ok(host)
    }
}

/// Starts `peer` with each setting and calls `knock` with its port, or without one if it does not start.
pub(crate) fn try_all(
    peer: Peer,
    host: &Host<'_>,
    settings: &[Setting],
    knock: &mut dyn FnMut(&Setting, Option<u16>),
) -> Result<()> {
    let settings: Vec<&Setting> = settings
        .iter()
        .filter(|setting| peer.reads_crls() || setting.crls.is_none())
        .collect();
    if peer == Peer::Hello {
        return try_ours(host, &settings, knock);
    }
    let ports = free_ports(settings.len())?;
    let listeners: Vec<Listener<'_>> = settings
        .iter()
        .zip(&ports)
        .map(|(setting, port)| Listener {
            port: *port,
            setting,
        })
        .collect();
    let usable = match peer {
        // These two answer for each setting themselves: they refuse everybody where it cannot be used.
        Peer::Go | Peer::Node => listeners.clone(),
        _ => sieve(&listeners, &|some| starts(peer, host, some))?,
    };
    let last = usable.last().context("no setting can be used")?.port;
    let _server = Server::start(&mut command(peer, host, &usable)?, last)?;
    for listener in &listeners {
        let port = usable.contains(listener).then_some(listener.port);
        knock(listener.setting, port);
    }
    Ok(())
}

/// `hello` has one port, so it is started for each setting.
fn try_ours(
    host: &Host<'_>,
    settings: &[&Setting],
    knock: &mut dyn FnMut(&Setting, Option<u16>),
) -> Result<()> {
    let hello = Hello::build()?;
    for setting in settings {
        let started = hello.serve(&ServerFiles {
            cert: host.cert.clone(),
            key: host.key.clone(),
            client_ca: setting.roots.clone(),
            crl: setting.crls.clone(),
        });
        match started {
            Ok(server) => knock(setting, Some(server.port())),
            Err(error) if error.is::<Left>() => knock(setting, None),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Those of `listeners` that the server takes; one that it does not take keeps it from starting at all.
fn sieve<'a>(
    listeners: &[Listener<'a>],
    starts: &dyn Fn(&[Listener<'a>]) -> Result<bool>,
) -> Result<Vec<Listener<'a>>> {
    if listeners.is_empty() || starts(listeners)? {
        return Ok(listeners.to_vec());
    }
    if listeners.len() == 1 {
        return Ok(Vec::new());
    }
    let (left, right) = listeners.split_at(listeners.len() / 2);
    let mut usable = sieve(left, starts)?;
    usable.extend(sieve(right, starts)?);
    Ok(usable)
}

/// Whether the server takes a configuration with these listeners, by its own word.
fn starts(peer: Peer, host: &Host<'_>, listeners: &[Listener<'_>]) -> Result<bool> {
    let mut command = command(peer, host, listeners)?;
    match peer {
        Peer::Nginx => command.arg("-t"),
        Peer::Haproxy => command.arg("-c"),
        Peer::Envoy => command.args(["--mode", "validate"]),
        Peer::Hello | Peer::Go | Peer::Node => &mut command,
    };
    Ok(process::run(&mut command, None)?.success())
}

/// The command that serves these listeners.
fn command(peer: Peer, host: &Host<'_>, listeners: &[Listener<'_>]) -> Result<Command> {
    let file = |name: &str, text: String| -> Result<PathBuf> {
        let path = host.scratch.join(name);
        fs::write(&path, text)?;
        Ok(path)
    };
    let program = |name: &str| host.peers.command(name);
    Ok(match peer {
        Peer::Nginx => {
            let text = config::nginx(listeners, &host.cert, &host.key, &host.scratch);
            let mut command = program("nginx");
            command.args(["-e", "stderr", "-p"]).arg(&host.scratch);
            command.arg("-c").arg(file("nginx.conf", text)?);
            command
        }
        Peer::Haproxy => {
            let mut command = program("haproxy");
            command.arg("-db").arg("-f");
            command.arg(file("haproxy.cfg", config::haproxy(listeners, &host.both))?);
            command
        }
        Peer::Envoy => {
            let text = config::envoy(listeners, &host.cert, &host.key);
            let mut command = program("envoy");
            command.arg("-c").arg(file("envoy.json", text)?);
            command.args(["--concurrency", "1", "--disable-hot-restart"]);
            command.args(["--log-level", "error"]);
            command
        }
        Peer::Go => {
            let settings = file("settings.json", config::settings(listeners))?;
            let source = file("server.go", include_str!("peers/server.go").to_owned())?;
            let binary = host.scratch.join("server-go");
            let mut build = program("go");
            build.env("GO111MODULE", "off").current_dir(&host.scratch);
            // With an empty cache this compiles Go's own library, which takes longer than anything else here may.
            let built = build
                .args(["build", "-o"])
                .arg(&binary)
                .arg(source)
                .output()?;
            ensure!(
                built.status.success(),
                "go build: {}",
                String::from_utf8_lossy(&built.stderr)
            );
            let mut command = Command::new(binary);
            command.arg(settings).arg(&host.cert).arg(&host.key);
            command
        }
        Peer::Node => {
            let settings = file("settings.json", config::settings(listeners))?;
            let script = file("server.mjs", include_str!("peers/server.mjs").to_owned())?;
            let mut command = program("node");
            command.arg(script).arg(settings);
            command.arg(&host.cert).arg(&host.key);
            command
        }
        Peer::Hello => anyhow::bail!("hello is started for each setting"),
    })
}

/// Ports that nobody listens on now, below those that the system gives to clients: between this look and the start of
/// the server, no connection takes one.
fn free_ports(count: usize) -> Result<Vec<u16>> {
    let ports: Vec<u16> = (12_000..32_000)
        .rev()
        .filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .take(count)
        .collect();
    ensure!(ports.len() == count, "fewer than {count} ports are free");
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Listener, Setting, sieve};

    #[test]
    fn the_sieve_keeps_what_the_server_takes_and_its_order() {
        let setting = Setting {
            roots: PathBuf::new(),
            crls: None,
            cases: Vec::new(),
        };
        let listeners: Vec<_> = (1..20)
            .map(|port| Listener {
                port,
                setting: &setting,
            })
            .collect();
        let bad = [1, 7, 8, 19];
        let usable = sieve(&listeners, &|some| {
            Ok(some.iter().all(|listener| !bad.contains(&listener.port)))
        });
        let ports: Vec<_> = usable
            .expect("no check fails")
            .iter()
            .map(|it| it.port)
            .collect();
        let expected: Vec<_> = (1..20).filter(|port| !bad.contains(port)).collect();
        assert_eq!(ports, expected);
    }
}
