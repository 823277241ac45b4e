//! A CA over HTTP that remembers what it issues, beside those of others.

pub(crate) mod chains;
pub(crate) mod growth;
pub(crate) mod load;
mod ours;
pub(crate) mod own;
pub(crate) mod peers;
mod plain_http;
pub(crate) mod processes;
pub(crate) mod scale;

use std::time::Duration;

use anyhow::{Context, Result};
use pki_core::{CertificateRequest, KeyKind, KeyPair};
use suite::Peers;
use suite::postgres::Cluster;
use x509_identity::{DistinguishedName, SubjectAltName};

use self::load::{latencies, percentile, rate};
use self::ours::ours;
use self::peers::{Material, Peer, STORED, cfssl, openbao};
use super::report::{Aim, Better, Comparison, Contender, Report, Side};
use crate::measuring::clock::{Effort, Samples};
use crate::measuring::versions;

pub(crate) use self::ours::{CaServer, Place, ours_by};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    peers.install_cas()?;
    let directory = tempfile::tempdir()?;
    let csr_pem = write_material(directory.path())?;
    let material = Material {
        peers,
        directory: directory.path(),
        csr_pem: &csr_pem,
    };
    let file = directory.path().join("store.db");
    let sqlite = Place {
        name: "ours, stored (SQLite) and audited",
        store: format!("sqlite:{}", file.display()),
    };
    let mut contenders = vec![(ours(&material, &sqlite)?, Side::Ours)];
    let cluster = Cluster::start();
    match cluster.as_ref().map(|cluster| cluster.database("bench")) {
        Ok(url) => {
            let postgres = Place {
                name: "ours, stored (PostgreSQL 15) and audited",
                store: url?,
            };
            contenders.push((ours(&material, &postgres)?, Side::Ours));
        }
        Err(error) => eprintln!("warning: PostgreSQL is left out: {error:#}"),
    }
    let others: [(&str, Result<Peer>); 3] = [
        ("OpenBao, stored", openbao(&material, true)),
        ("OpenBao, not stored", openbao(&material, false)),
        ("cfssl", cfssl(&material)),
    ];
    for (name, other) in others {
        match other {
            Ok(peer) => contenders.push((peer, Side::Peer)),
            Err(error) => eprintln!("warning: {name} is left out: {error:#}"),
        }
    }
    compare(peers, &contenders, effort)
}

fn compare(peers: &Peers, contenders: &[(Peer, Side)], effort: Effort) -> Result<Report> {
    let span = effort.span(Duration::from_secs(4));
    let mut rates: Vec<Contender> = contenders
        .iter()
        .map(|(peer, side)| Contender::new(peer.name, *side))
        .collect();
    for (peer, _) in contenders {
        rate(peer.requester(), WARM_UP).context(peer.name)?;
    }
    for _ in 0..effort.rounds(1, 5) {
        for ((peer, _), contender) in contenders.iter().zip(&mut rates) {
            let done = rate(peer.requester(), span).context(peer.name)?;
            contender.samples.push(done.per_second());
        }
    }
    let mut waits: Vec<Contender> = contenders
        .iter()
        .map(|(peer, side)| Contender::new(peer.name, *side))
        .collect();
    for (((peer, _), contender), fastest) in contenders.iter().zip(&mut waits).zip(&rates) {
        let half = fastest.samples.median() / 2.0;
        let mut waited = latencies(peer.requester(), half, span * 2).context(peer.name)?;
        contender.samples.push(percentile(&mut waited, 99));
        let median = Samples::one(percentile(&mut waited, 50));
        contender.besides = Some(("p50 ms", median));
    }
    Ok(Report {
        versions: versions::of(
            peers,
            &["axum", "aws-lc-rs", "rusqlite"],
            &["OpenBao", "cfssl"],
        )?,
        comparisons: vec![
            Comparison {
                title: "Certificates over HTTP, P-256, 32 requesters".to_owned(),
                unit: "certificates/s",
                better: Better::Higher,
                contenders: rates,
                aim: Some(Aim::Times(1.0, STORED)),
            },
            Comparison {
                title: "The wait for one at half of that rate, 99th percentile".to_owned(),
                unit: "ms",
                better: Better::Lower,
                contenders: waits,
                aim: None,
            },
        ],
    })
}

/// A CA's files, and a client's request.
pub(crate) fn write_material(directory: &std::path::Path) -> Result<String> {
    own::write(directory)?;
    let key = KeyPair::generate(KeyKind::P256)?;
    let names = [SubjectAltName::Email("client1@example.local".to_owned())];
    let subject = DistinguishedName::builder()
        .common_name("client1")
        .build()?;
    Ok(CertificateRequest::build(&key, &subject, &names)?.pem())
}

/// Caches, pools and connections of all are there after this.
const WARM_UP: Duration = Duration::from_millis(500);
