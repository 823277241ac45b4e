//! CA processes side by side on one database, alone and with a synchronous standby.

use anyhow::{Context, Result};
use suite::Peers;
use suite::postgres::Cluster;
use suite::process::Server;

use super::load::rate;
use super::ours::{Place, ours};
use super::peers::{Material, Peer, RAFT, STORED, asking, openbao, openbao_raft};
use super::plain_http::Request;
use super::{WARM_UP, write_material};
use crate::measuring::clock::Effort;
use crate::measuring::versions;
use crate::report::{Aim, Better, Comparison, Contender, Report, Side};

/// Servers that share a store, which are asked in turn.
struct Group {
    name: String,
    side: Side,
    servers: Vec<Server>,
    request: Request,
}

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
    let sqlite = format!("sqlite:{}", file.display());
    let mut alone = vec![group(&material, "SQLite", &sqlite, 1)?];
    let single = Cluster::start()?;
    for processes in 1..=MOST {
        let url = single.database(&format!("processes{processes}"))?;
        alone.push(group(&material, "PostgreSQL", &url, processes)?);
    }
    add(&mut alone, "OpenBao", openbao(&material, true).map(one));

    let pair = Cluster::start_with_standby()?;
    let mut replicated = Vec::new();
    for processes in 1..=MOST {
        let url = pair.database(&format!("processes{processes}"))?;
        let name = "PostgreSQL and a synchronous standby";
        replicated.push(group(&material, name, &url, processes)?);
    }
    let raft = openbao_raft(&material).map(|(servers, request)| Group {
        name: RAFT.to_owned(),
        side: Side::Peer,
        servers,
        request,
    });
    add(&mut replicated, "OpenBao's raft of three", raft);

    let comparisons = vec![
        compare(
            "Certificates stored and audited, on one machine",
            &alone,
            STORED,
            effort,
        )?,
        compare(
            "The same, on the disks of two PostgreSQL or three OpenBao",
            &replicated,
            RAFT,
            effort,
        )?,
    ];
    let ours = ["axum", "aws-lc-rs", "rusqlite"];
    Ok(Report {
        versions: versions::of(peers, &ours, &["OpenBao"])?,
        comparisons,
    })
}

fn group(material: &Material<'_>, name: &str, store: &str, processes: usize) -> Result<Group> {
    let place = || Place {
        name: "ours",
        store: store.to_owned(),
    };
    let first = ours(material, &place())?;
    let mut servers = vec![first.server];
    for _ in 1..processes {
        servers.push(ours(material, &place())?.server);
    }
    let processes = match processes {
        1 => "one process".to_owned(),
        more => format!("{more} processes"),
    };
    Ok(Group {
        name: format!("ours, {name}, {processes}"),
        side: Side::Ours,
        servers,
        request: first.request,
    })
}

fn one(peer: Peer) -> Group {
    Group {
        name: peer.name.to_owned(),
        side: Side::Peer,
        servers: vec![peer.server],
        request: peer.request,
    }
}

fn add(groups: &mut Vec<Group>, name: &str, group: Result<Group>) {
    match group {
        Ok(group) => groups.push(group),
        Err(error) => eprintln!("warning: {name} is left out: {error:#}"),
    }
}

fn compare(
    title: &str,
    groups: &[Group],
    peer: &'static str,
    effort: Effort,
) -> Result<Comparison> {
    let span = effort.span(std::time::Duration::from_secs(4));
    let mut contenders: Vec<_> = groups
        .iter()
        .map(|group| Contender::new(&group.name, group.side))
        .collect();
    let ask = |group: &Group, span| {
        let asking = |slot: usize| {
            let server = &group.servers[slot % group.servers.len()];
            asking(server.port(), &group.request)
        };
        let done = rate(asking, span).with_context(|| group.name.clone())?;
        anyhow::Ok(done.per_second())
    };
    for group in groups {
        ask(group, WARM_UP)?;
    }
    for _ in 0..effort.rounds(1, 5) {
        for (group, contender) in groups.iter().zip(&mut contenders) {
            contender.samples.push(ask(group, span)?);
        }
    }
    let is_there = groups.iter().any(|group| group.name == peer);
    Ok(Comparison {
        title: format!("{title}, P-256, 32 requesters"),
        unit: "certificates/s",
        better: Better::Higher,
        contenders,
        aim: is_there.then_some(Aim::Times(1.0, peer)),
    })
}

const MOST: usize = 3;
