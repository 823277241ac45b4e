//! Instructions and system calls of a certificate: what does not depend on who else uses the machine.
//!
//! A process is watched from its start to its end while it issues so many, and another one while it issues twice as
//! many. The difference has no start in it.

use std::process::Command;

use anyhow::{Context, Result};
use suite::Peers;

use crate::ca::load::exactly;
use crate::ca::{self, Place};
use crate::enroll::{self, Connections};
use crate::issue::FLOOR;
use crate::measuring::clock::{Effort, Samples, finish};
use crate::measuring::counter::Counter;
use crate::measuring::versions;
use crate::report::{Aim, Better, Comparison, Contender, Report, Side};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let in_memory = [
        ("ours, with policy and lint", Side::Ours, Work::InMemory),
        (FLOOR, Side::Bound, Work::Floor),
    ];
    let served = [
        (
            "over HTTP, stored (SQLite) and audited",
            Side::Ours,
            Work::Stored,
        ),
        (
            "by enrolment over HTTPS, kept connections",
            Side::Ours,
            Work::Enrolled,
        ),
    ];
    let compare = |title: &str, works: &[(&str, Side, Work)], aim| {
        let contenders = works.iter().map(|(name, side, work)| {
            let trial = Trial { peers, work: *work };
            let contender = trial.measure(effort).with_context(|| (*name).to_owned())?;
            Ok(Contender {
                name: (*name).to_owned(),
                side: *side,
                ..contender
            })
        });
        anyhow::Ok(Comparison {
            title: title.to_owned(),
            unit: "1,000 instructions",
            better: Better::Lower,
            contenders: contenders.collect::<Result<_>>()?,
            aim,
        })
    };
    Ok(Report {
        versions: versions::of(peers, &["axum", "aws-lc-rs", "rusqlite"], &[])?,
        comparisons: vec![
            compare(
                "A certificate from a request, P-256, instructions",
                &in_memory,
                Some(Aim::Times(0.80, FLOOR)),
            )?,
            compare(
                "A certificate of our servers, P-256, instructions",
                &served,
                None,
            )?,
        ],
    })
}

/// How a certificate is come by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    InMemory,
    Floor,
    /// The server of `bench issue-stored`.
    Stored,
    /// The server of `bench enroll`.
    Enrolled,
}

struct Trial<'a> {
    peers: &'a Peers,
    work: Work,
}

impl Trial<'_> {
    /// Thousands of instructions, and system calls.
    fn measure(&self, effort: Effort) -> Result<Contender> {
        let (mut instructions, mut calls) = (Samples::default(), Samples::default());
        for _ in 0..effort.rounds(1, 3) {
            instructions.push(self.cost(Counter::Instructions)? / 1e3);
            calls.push(self.cost(Counter::SystemCalls)?);
        }
        Ok(Contender {
            samples: instructions,
            besides: Some(("system calls", calls)),
            ..Contender::new("", Side::Ours)
        })
    }

    fn cost(&self, counter: Counter) -> Result<f64> {
        let (few, count_of_few) = self.watch(counter, TIMES)?;
        let (many, count_of_many) = self.watch(counter, 2 * TIMES)?;
        Ok((many - few) / (count_of_many - count_of_few))
    }

    /// What a process does that issues so many `times` for each of who asks, and how many certificates that is.
    fn watch(&self, counter: Counter, times: u64) -> Result<(f64, f64)> {
        let found = tempfile::tempdir()?;
        let mut ours = Command::new(std::env::current_exe()?);
        let count = match self.work {
            Work::InMemory | Work::Floor => {
                let times = times * REQUESTERS;
                ours.arg("issue-times").arg(times.to_string());
                if self.work == Work::Floor {
                    ours.arg("--floor");
                }
                finish(&mut counter.watching(&ours, found.path(), self.peers))?;
                times
            }
            Work::Stored => {
                let directory = tempfile::tempdir()?;
                let csr_pem = ca::write_material(directory.path())?;
                let material = ca::peers::Material {
                    peers: self.peers,
                    directory: directory.path(),
                    csr_pem: &csr_pem,
                };
                let place = Place {
                    name: "ours",
                    store: store_in(directory.path()),
                };
                let watched = counter.watching(&ours, found.path(), self.peers);
                let peer = ca::ours_by(watched, &material, &place)?;
                let count = exactly(peer.requester(), times)?;
                peer.server.end()?;
                count
            }
            Work::Enrolled => {
                let directory = tempfile::tempdir()?;
                let material = enroll::Material::make(directory.path())?;
                let watched = counter.watching(&ours, found.path(), self.peers);
                let store = store_in(directory.path());
                let peer = enroll::ours_by(watched, "ours", &store, &material)?;
                let count = exactly(peer.target.requester(Connections::Kept), times)?;
                peer.server.end()?;
                count
            }
        };
        let sum: u64 = counter.read(found.path())?.values().sum();
        Ok((sum as f64, count as f64))
    }
}

fn store_in(directory: &std::path::Path) -> String {
    format!("sqlite:{}", directory.join("store.db").display())
}

/// How often each of the requesters asks, and then twice that.
const TIMES: u64 = 30;
/// In memory there is one, which does the work of all.
const REQUESTERS: u64 = 32;
