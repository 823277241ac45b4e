//! Full handshakes with two workers each.

use anyhow::Result;
use suite::Peers;

use super::rivals::{self, Rival, Setup};
use super::{Arena, Field, LIBRARIES};
use crate::load::Pattern;
use crate::measuring::clock::Effort;
use crate::measuring::versions;
use crate::recipe::set::Keys;
use crate::report::{Better, Comparison, Report};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let mut comparisons = Vec::new();
    for workers in [1, 2] {
        let arena = Arena::new(peers, workers)?;
        let certs = arena.make_certificates(Keys::Ec)?;
        let setup = Setup {
            workers,
            ..Setup::default()
        };
        let servers = arena.start_all(Rival::ALL, &certs, &setup)?;
        let measured =
            Field::new(&arena, &certs, &servers, Pattern::Handshakes)?.measure(effort)?;
        let plural = if workers == 1 { "worker" } else { "workers" };
        let where_ = if arena.cores.are_shared() {
            ", the client on the same cores"
        } else {
            ""
        };
        comparisons.push(Comparison {
            title: format!("Full handshakes, P-256, {workers} {plural}{where_}"),
            unit: "handshakes/s",
            better: Better::Higher,
            contenders: measured.rates,
            aim: None,
        });
    }
    Ok(Report {
        versions: versions::of(peers, LIBRARIES, rivals::PROGRAMS)?,
        comparisons,
    })
}
