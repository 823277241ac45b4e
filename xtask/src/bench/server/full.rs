//! Servers with mutual TLS: what a handshake and a request cost `hello` and others.
//!
//! All run at once with one worker each on one core, the client on another, and they are asked in turn. What is
//! compared is the server's own CPU time, as the rate depends on the client, too.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::clock::{Effort, Samples};
use super::load::{Client, Pattern};
use super::machine::{Cores, cpu_seconds, on_core};
use super::report::{Aim, Better, Comparison, Contender, Report};
use super::set::{self, Keys};
use super::{rivals, versions};
use crate::peers::Peers;
use crate::process::Server;

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let cores = Cores::two()?;
    let scratch = tempfile::tempdir()?;
    let builds = rivals::build(peers, scratch.path())?;

    let mut comparisons = Vec::new();
    for keys in [Keys::Ec, Keys::Rsa] {
        let certs = scratch.path().join(keys.argument());
        make_certificates(&certs, keys)?;
        let servers = on_core(cores.server, || rivals::start(peers, &builds, &certs))?;
        let field = Field::new(cores, &certs, &servers)?;
        let [costs, _] = field.measure(Pattern::Handshakes, effort)?;
        comparisons.push(Comparison {
            title: format!("Full mTLS handshake and one GET, {}", keys.title()),
            unit: "CPU ms",
            better: Better::Lower,
            contenders: costs,
            // 0.85 of the best peer's time.
            aim: Some(Aim::TimesBestPeer(1.0 / 0.85)),
        });
        // The kind of key plays no part after the handshake.
        if keys == Keys::Ec {
            let [costs, rates] = field.measure(Pattern::KeepAlive, effort)?;
            comparisons.push(Comparison {
                title: "Requests on 16 kept connections, CPU time".to_owned(),
                unit: "CPU µs",
                better: Better::Lower,
                contenders: costs,
                aim: None,
            });
            comparisons.push(Comparison {
                title: "Requests on 16 kept connections, rate".to_owned(),
                unit: "requests/s",
                better: Better::Higher,
                contenders: rates,
                aim: Some(Aim::Times(1.0, rivals::HAPROXY)),
            });
        }
    }
    Ok(Report {
        versions: versions::of(peers, &["rustls", "aws-lc-rs", "axum"], rivals::PROGRAMS)?,
        comparisons,
    })
}

/// The recipe's set in `directory`, and the one file that HAProxy wants.
fn make_certificates(directory: &Path, keys: Keys) -> Result<()> {
    fs::create_dir(directory)?;
    set::write(directory, keys)?;
    let read = |name: &str| fs::read_to_string(directory.join(name));
    let both = read("server.crt")? + &read("server.key")?;
    Ok(fs::write(directory.join("server.pem"), both)?)
}

/// The servers that run, and a client of each.
struct Field<'a> {
    cores: Cores,
    runners: Vec<(&'static str, &'a Server, Client)>,
}

impl<'a> Field<'a> {
    fn new(cores: Cores, certs: &Path, servers: &'a [(&'static str, Server)]) -> Result<Self> {
        let runners = servers
            .iter()
            .map(|(name, server)| Ok((*name, server, Client::of(certs, server.port())?)))
            .collect::<Result<_>>()?;
        Ok(Self { cores, runners })
    }

    /// The CPU time of an operation (ms of a handshake, µs of a request), and the rate; each beside the other.
    fn measure(&self, pattern: Pattern, effort: Effort) -> Result<[Vec<Contender>; 2]> {
        let (cost_unit, rate_unit, scale) = match pattern {
            Pattern::Handshakes => ("CPU ms", "handshakes/s", 1e3),
            Pattern::KeepAlive => ("CPU µs", "requests/s", 1e6),
        };
        let mut results = vec![(Samples::default(), Samples::default()); self.runners.len()];
        for round in 0..=effort.rounds(1, 5) {
            for ((name, server, client), (costs, rates)) in self.runners.iter().zip(&mut results) {
                let span = if round == 0 {
                    WARM_UP
                } else {
                    effort.span(Duration::from_secs(2))
                };
                let before = cpu_seconds(server.id())?;
                let done = on_core(self.cores.client, || client.load(pattern, span))
                    .with_context(|| format!("asking {name}"))?;
                let used = cpu_seconds(server.id())? - before;
                if round > 0 {
                    let operations = done.operations as f64;
                    costs.push(used * scale / operations);
                    rates.push(operations / done.seconds);
                }
            }
        }
        let contenders = |pick: fn((Samples, Samples)) -> (Samples, Samples),
                          unit: &'static str| {
            let named = self.runners.iter().zip(results.clone());
            let named = named.map(|((name, ..), result)| {
                let (samples, besides) = pick(result);
                Contender {
                    samples,
                    besides: Some((unit, besides)),
                    ..Contender::new(*name, rivals::side(name))
                }
            });
            named.collect::<Vec<_>>()
        };
        Ok([
            contenders(|(costs, rates)| (costs, rates), rate_unit),
            contenders(|(costs, rates)| (rates, costs), cost_unit),
        ])
    }
}

/// Asked before anything counts: code is compiled, caches are filled.
const WARM_UP: Duration = Duration::from_millis(300);
