//! Instructions and system calls of a handshake and of a request: what does not depend on who else uses the machine.
//!
//! A server is watched from its start to its end while it is asked so many times, and another one while it is asked
//! twice as often. The difference has neither the start in it nor the handshakes of connections that stay.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use suite::Peers;
use suite::process::{self, Server};

use super::rivals::{Rival, Rivals, Setup};
use super::{Arena, LIBRARIES};
use crate::load::{Client, Pattern, Until};
use crate::measuring::clock::{Effort, Samples};
use crate::measuring::counter::{Counter, Counts};
use crate::measuring::machine::on_cores;
use crate::measuring::versions;
use crate::recipe::set::Keys;
use crate::report::{Aim, Better, Comparison, Contender, Report};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let arena = Arena::new(peers, 1)?;
    let certs = arena.make_certificates(Keys::Ec)?;
    let mut comparisons = Vec::new();
    for work in WORKS {
        let mut contenders = Vec::new();
        for rival in RIVALS {
            let trial = Trial {
                arena: &arena,
                certs: &certs,
                rival: *rival,
                work,
            };
            match trial.measure(effort) {
                Ok(contender) => contenders.push(contender),
                Err(error) if *rival == Rival::Ours => return Err(error),
                Err(error) => eprintln!("warning: {} is left out: {error:#}", rival.name()),
            }
        }
        comparisons.push(Comparison {
            title: work.title.to_owned(),
            unit: work.unit,
            better: Better::Lower,
            contenders,
            aim: Some(work.aim),
        });
    }
    Ok(Report {
        versions: versions::of(peers, LIBRARIES, PROGRAMS)?,
        comparisons,
    })
}

/// What is asked of each server.
struct Work {
    title: &'static str,
    pattern: Pattern,
    /// How often on each of what is in flight, and then twice that.
    times: u64,
    unit: &'static str,
    scale: f64,
    aim: Aim,
}

const WORKS: &[Work] = &[
    Work {
        title: "Full mTLS handshake and one GET, P-256, instructions",
        pattern: Pattern::Handshakes,
        times: 25,
        unit: "1,000 instructions",
        scale: 1e3,
        aim: Aim::TimesBestPeer(1.0),
    },
    Work {
        title: "Resumed mTLS handshake and one GET, P-256, instructions",
        pattern: Pattern::Resumed,
        times: 25,
        unit: "1,000 instructions",
        scale: 1e3,
        aim: Aim::TimesBestPeer(1.0),
    },
    Work {
        title: "Request on 16 kept connections, instructions",
        pattern: Pattern::KeepAlive,
        times: 500,
        unit: "instructions",
        scale: 1.0,
        aim: Aim::Times(1.0, Rival::Haproxy.name()),
    },
    Work {
        title: "HTTP/2 request, 16 at a time on 4 kept connections, instructions",
        pattern: Pattern::Http2,
        times: 500,
        unit: "instructions",
        scale: 1.0,
        aim: Aim::Times(1.0, Rival::Haproxy.name()),
    },
];

/// Those that both counters can watch.
const RIVALS: &[Rival] = &[Rival::Ours, Rival::Nginx, Rival::Haproxy];

const PROGRAMS: &[&str] = &["nginx", "HAProxy", "OpenSSL"];

/// One server that is asked for one thing.
struct Trial<'a> {
    arena: &'a Arena<'a>,
    certs: &'a Path,
    rival: Rival,
    work: &'a Work,
}

/// How often an operation does what.
type Cost = BTreeMap<String, f64>;

impl Trial<'_> {
    /// The instructions of an operation, and beside them its system calls, whose names go to standard error.
    fn measure(&self, effort: Effort) -> Result<Contender> {
        let name = self.rival.name();
        let asking = || format!("counting what {name} does");
        let (mut instructions, mut calls) = (Samples::default(), Samples::default());
        let mut names = String::new();
        for _ in 0..effort.rounds(1, 3) {
            let cost = self.cost(Counter::Instructions).with_context(asking)?;
            instructions.push(sum(&cost) / self.work.scale);
            let cost = self.cost(Counter::SystemCalls).with_context(asking)?;
            calls.push(sum(&cost));
            names = listed(&cost);
        }
        eprintln!("{}, {name}: {names}", self.work.title);
        Ok(Contender {
            samples: instructions,
            besides: Some(("system calls", calls)),
            ..Contender::new(name, self.rival.side())
        })
    }

    fn cost(&self, counter: Counter) -> Result<Cost> {
        let (few, count_of_few) = self.watch(counter, self.work.times)?;
        let (many, count_of_many) = self.watch(counter, 2 * self.work.times)?;
        let operations = (count_of_many - count_of_few) as f64;
        let of = |counts: &Counts, name: &str| counts.get(name).copied().unwrap_or_default() as f64;
        let cost = |name: &String| {
            (
                name.clone(),
                (of(&many, name) - of(&few, name)) / operations,
            )
        };
        Ok(many.keys().map(cost).collect())
    }

    /// All that a server does which is asked so many `times` on each connection, and how often that is.
    fn watch(&self, counter: Counter, times: u64) -> Result<(Counts, u64)> {
        let arena = self.arena;
        let rivals = Rivals {
            peers: arena.peers,
            builds: &arena.builds,
            certs: self.certs,
        };
        let setup = Setup {
            resumption: self.work.pattern == Pattern::Resumed,
            http2: self.work.pattern == Pattern::Http2,
            ..Setup::default()
        };
        let [port] = process::free_ports()?;
        let command = rivals.command(self.rival, port, &setup)?;
        let found = tempfile::tempdir_in(arena.scratch.path())?;
        let mut command = counter.watching(&command, found.path(), arena.peers);
        let server = on_cores(&arena.cores.server, || Server::start(&mut command, port))?;
        let operations = on_cores(&arena.cores.client, || {
            let client = Client::of(self.certs, port)?;
            if setup.resumption {
                ensure!(client.resumes()?, "no session is resumed");
            }
            client.ask(self.work.pattern, Until::Count(times))
        })?;
        server.end()?;
        Ok((counter.read(found.path())?, operations))
    }
}

fn sum(cost: &Cost) -> f64 {
    cost.values().sum()
}

/// Those that are done more than now and then, the most frequent first.
fn listed(cost: &Cost) -> String {
    let mut all: Vec<_> = cost.iter().filter(|(_, count)| **count >= 0.01).collect();
    all.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let each = all.iter().map(|(name, count)| format!("{name} {count:.2}"));
    each.collect::<Vec<_>>().join(", ")
}
