//! Handshakes that resume a session: tickets or a cache are on, and every handshake that counts was resumed.

use anyhow::{Result, ensure};
use suite::Peers;

use super::rivals::{self, Rival, Setup};
use super::{Arena, Field, LIBRARIES};
use crate::load::Pattern;
use crate::measuring::clock::Effort;
use crate::measuring::versions;
use crate::recipe::set::Keys;
use crate::report::{Better, Comparison, Report};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let arena = Arena::new(peers, 1)?;
    let certs = arena.make_certificates(Keys::Ec)?;
    let setup = Setup {
        resumption: true,
        ..Setup::default()
    };
    let servers = arena.start_all(RIVALS, &certs, &setup)?;
    let mut field = Field::new(&arena, &certs, &servers, Pattern::Resumed)?;
    for runner in &mut field.runners {
        if runner.client.resumes()? {
            continue;
        }
        ensure!(
            runner.rival == Rival::Ours,
            "{} does not resume sessions, though it was set up to",
            runner.name
        );
        runner.pattern = Pattern::Handshakes;
        runner.name += ", full: it resumes none";
    }
    Ok(Report {
        versions: versions::of(peers, LIBRARIES, rivals::PROGRAMS)?,
        comparisons: vec![Comparison {
            title: "Resumed mTLS handshake and one GET, P-256".to_owned(),
            unit: "CPU ms",
            better: Better::Lower,
            contenders: field.measure(effort)?.costs,
            aim: None,
        }],
    })
}

/// All but Node: it gives no new ticket with a session that it resumes, and the client uses none twice.
const RIVALS: &[Rival] = &[
    Rival::Ours,
    Rival::Nginx,
    Rival::Haproxy,
    Rival::Envoy,
    Rival::Go,
];
