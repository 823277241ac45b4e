//! Full handshakes, and requests on connections that stay: one worker each on one core, the client on another.

use anyhow::Result;
use suite::Peers;

use super::rivals::{self, Rival, Setup};
use super::{Arena, Field, LIBRARIES};
use crate::load::Pattern;
use crate::measuring::clock::Effort;
use crate::measuring::versions;
use crate::recipe::set::Keys;
use crate::report::{Aim, Better, Comparison, Report};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let arena = Arena::new(peers, 1)?;
    let mut comparisons = Vec::new();
    for keys in [Keys::Ec, Keys::Rsa, Keys::MlDsa] {
        let certs = arena.make_certificates(keys)?;
        let rivals = match keys {
            Keys::Ec | Keys::Rsa => Rival::ALL,
            // The others of these releases do not know it.
            Keys::MlDsa => &[Rival::Ours, Rival::Go],
        };
        let servers = arena.start_all(rivals, &certs, &Setup::default())?;
        let measured =
            Field::new(&arena, &certs, &servers, Pattern::Handshakes)?.measure(effort)?;
        comparisons.push(Comparison {
            title: format!("Full mTLS handshake and one GET, {}", keys.title()),
            unit: "CPU ms",
            better: Better::Lower,
            contenders: measured.costs,
            // 0.85 of the best peer's time.
            aim: (keys != Keys::MlDsa).then_some(Aim::TimesBestPeer(1.0 / 0.85)),
        });
        // The kind of key plays no part after the handshake.
        if keys == Keys::Ec {
            let field = Field::new(&arena, &certs, &servers, Pattern::KeepAlive)?;
            let measured = field.measure(effort)?;
            comparisons.push(Comparison {
                title: "Requests on 16 kept connections, CPU time".to_owned(),
                unit: "CPU µs",
                better: Better::Lower,
                contenders: measured.costs,
                aim: None,
            });
            comparisons.push(Comparison {
                title: "Requests on 16 kept connections, rate".to_owned(),
                unit: "requests/s",
                better: Better::Higher,
                contenders: measured.rates,
                aim: Some(Aim::Times(1.0, Rival::Haproxy.name())),
            });
        }
    }
    Ok(Report {
        versions: versions::of(peers, LIBRARIES, rivals::PROGRAMS)?,
        comparisons,
    })
}
