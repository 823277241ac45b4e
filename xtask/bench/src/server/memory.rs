//! What a connection costs that asked once and is idle since.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use suite::Peers;

use super::rivals::{self, Rival, Setup};
use super::{Arena, LIBRARIES};
use crate::load::Crowd;
use crate::measuring::clock::{Effort, Samples};
use crate::measuring::machine::{allow_open_files, on_cores, pss_kib};
use crate::measuring::versions;
use crate::recipe::set::Keys;
use crate::report::{Aim, Better, Comparison, Contender, Report, Side, number};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let [steps @ .., limit] = if effort.is_quick() {
        [50, 100, 200]
    } else {
        [1000, 5000, 10_000]
    };
    // The client and the server each; and some for themselves.
    allow_open_files(limit as u64 + 1000)?;
    let arena = Arena::new(peers, 1)?;
    let certs = arena.make_certificates(Keys::Ec)?;

    let mut contenders: Vec<_> = steps.iter().map(|_| Vec::new()).collect();
    for rival in Rival::ALL {
        let mut rounds = vec![(Samples::default(), Samples::default()); steps.len()];
        for _ in 0..effort.rounds(1, 3) {
            let held = match hold(&arena, &certs, *rival, &steps) {
                Ok(held) => held,
                Err(error) if *rival == Rival::Ours => return Err(error),
                Err(error) => {
                    eprintln!("warning: {} is left out: {error:#}", rival.name());
                    rounds.clear();
                    break;
                }
            };
            for ((each, all), (per_connection, total)) in rounds.iter_mut().zip(held) {
                each.push(per_connection);
                all.push(total / 1024.0);
            }
        }
        for (contenders, (samples, total)) in contenders.iter_mut().zip(rounds) {
            contenders.push(Contender {
                samples,
                besides: Some(("MiB in all", total)),
                ..Contender::new(rival.name(), rival.side())
            });
        }
    }
    let mut comparisons: Vec<_> = steps
        .iter()
        .zip(contenders)
        .map(|(count, contenders)| Comparison {
            title: format!(
                "Memory of each of {} idle connections",
                number(*count as f64)
            ),
            unit: "KiB",
            better: Better::Lower,
            contenders,
            aim: Some(Aim::AtMost(20.0)),
        })
        .collect();
    comparisons.push(limit_of_ours(&arena, &certs, limit)?);
    Ok(Report {
        versions: versions::of(peers, LIBRARIES, rivals::PROGRAMS)?,
        comparisons,
    })
}

/// As many connections as `hello` takes.
fn limit_of_ours(arena: &Arena<'_>, certs: &Path, count: usize) -> Result<Comparison> {
    let mut contender = Contender::new(Rival::Ours.name(), Side::Ours);
    let mut total = Samples::default();
    for (per_connection, all) in hold(arena, certs, Rival::Ours, &[count])? {
        contender.samples.push(per_connection);
        total.push(all / 1024.0);
    }
    contender.besides = Some(("MiB in all", total));
    Ok(Comparison {
        title: format!(
            "Memory of each of {} idle connections, all of which answer once more",
            number(count as f64)
        ),
        unit: "KiB",
        better: Better::Lower,
        contenders: vec![contender],
        aim: None,
    })
}

/// For each of `steps`: the KiB of each connection above those of the base, and the KiB of the server.
fn hold(arena: &Arena<'_>, certs: &Path, rival: Rival, steps: &[usize]) -> Result<Vec<(f64, f64)>> {
    // Fresh each time, as no server gives back what many connections took.
    let server = arena.start(rival, certs, &Setup::default())?;
    on_cores(&arena.cores.client, || {
        let mut crowd = Crowd::of(certs, server.port())?;
        let mut hold = |count| {
            let grown = crowd.grow_to(count);
            grown.with_context(|| format!("holding {count} connections to {}", rival.name()))?;
            thread::sleep(SETTLING);
            Ok::<_, anyhow::Error>((crowd.len() as f64, pss_kib(server.id())?))
        };
        let (few, base) = hold(BASE)?;
        let mut found = Vec::new();
        for count in steps {
            let (many, memory) = hold(*count)?;
            found.push(((memory - base) / (many - few), memory));
        }
        // What was measured are connections that are still good for something.
        let kept = crowd.ask_all();
        kept.with_context(|| format!("asking {} once more", rival.name()))?;
        Ok(found)
    })
}

/// A server that has seen a few connections has loaded what it needs for all.
const BASE: usize = 20;

/// Until buffers of handshakes are given back.
const SETTLING: Duration = Duration::from_secs(2);
