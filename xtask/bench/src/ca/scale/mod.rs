//! A CA that has issued a million certificates: its CRL, its lists, and revoking.

mod certificates;
mod openbao;
mod part;

use std::path::Path;

use anyhow::Result;
use suite::Peers;
use suite::postgres::Cluster;

use self::part::{BY_KEY, BY_NAME, BY_SERIAL, CPU, Measured, OF_REVOKED, PAGE, PEAK, WALL};
use super::peers::Material;
use super::write_material;
use crate::measuring::clock::{Effort, Samples};
use crate::measuring::versions;
use crate::report::{Aim, Better, Comparison, Contender, Report, Side, number};

pub(crate) use self::part::ScalePart;
pub(super) use self::part::{GROWTH, Place, Step};

/// How much of everything there is.
struct Sizes {
    stored: u32,
    /// Entries of a CRL, the smaller one first.
    crls: [u32; 2],
    many: u32,
}

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    peers.install_cas()?;
    let sizes = if effort.is_quick() {
        Sizes {
            stored: 5_000,
            crls: [500, 2_000],
            many: 500,
        }
    } else {
        Sizes {
            stored: 1_000_000,
            crls: [100_000, 1_000_000],
            many: 10_000,
        }
    };
    let directory = tempfile::tempdir()?;
    let csr_pem = write_material(directory.path())?;
    let rounds = effort.rounds(3, 21);

    let mut found = Found::default();
    let mut stores = vec![("SQLite", sqlite(directory.path()))];
    for (size, crl) in sizes.crls.iter().zip(&mut found.crls) {
        // It opens no store.
        let place = place(directory.path(), &stores[0].1[0]);
        let measured = place.run(Step::CrlInMemory, *size, 0, rounds.min(5))?;
        crl.push(contender("ours, in memory", measured));
    }
    let cluster = Cluster::start();
    match cluster.as_ref().map(postgres) {
        Ok(urls) => stores.push(("PostgreSQL 15", urls?)),
        Err(error) => eprintln!("warning: PostgreSQL is left out: {error:#}"),
    }
    for (name, urls) in &stores {
        found.ours(name, directory.path(), urls, &sizes, rounds)?;
    }
    let material = Material {
        peers,
        directory: directory.path(),
        csr_pem: &csr_pem,
    };
    match openbao::measure(&material, sizes.many, rounds.min(5)) {
        Ok(taken) => found.theirs(taken, sizes.many),
        Err(error) => eprintln!("warning: OpenBao is left out: {error:#}"),
    }
    Ok(Report {
        versions: versions::of(peers, &["aws-lc-rs", "rusqlite"], &["OpenBao"])?,
        comparisons: found.comparisons(&sizes),
    })
}

/// The addresses of a store for lists, and of one for CRLs.
type Urls = [String; 2];

fn sqlite(directory: &Path) -> Urls {
    ["lists.db", "crls.db"].map(|name| format!("sqlite:{}", directory.join(name).display()))
}

fn postgres(cluster: &Cluster) -> Result<Urls> {
    Ok([cluster.database("lists")?, cluster.database("crls")?])
}

fn place<'a>(directory: &'a Path, store: &'a str) -> Place<'a> {
    Place { directory, store }
}

/// What was measured, by what it is compared in.
#[derive(Default)]
struct Found {
    crls: [Vec<Contender>; 2],
    many_crl: Vec<Contender>,
    fill: Vec<Contender>,
    lists: [Vec<Contender>; LISTS.len()],
    memory: Vec<Contender>,
    revoke_many: Vec<Contender>,
    revoke_one: Vec<Contender>,
}

impl Found {
    fn ours(
        &mut self,
        name: &str,
        directory: &Path,
        [lists, crls]: &Urls,
        sizes: &Sizes,
        rounds: usize,
    ) -> Result<()> {
        let ours = format!("ours ({name})");
        let store = place(directory, lists);
        let first_of_many = sizes.stored - sizes.many;
        let filled = store.run(Step::Fill, sizes.stored, first_of_many, 1)?;
        let mut fill = Contender::new(&ours, Side::Ours);
        let walls = filled.get(WALL).into_iter().flatten();
        fill.samples = walls
            .map(|wall| f64::from(sizes.stored) / wall * 1e3)
            .collect();
        self.fill.push(fill);
        let one = store.run(Step::RevokeOne, 1, 0, rounds)?;
        self.revoke_one.push(contender(&ours, one));
        let many = store.run(Step::RevokeMany, sizes.many, 0, 1)?;
        self.remember(&format!("{ours}, revoking many"), &many);
        self.revoke_many.push(contender(&ours, many));
        let found = store.run(Step::Lists, sizes.stored, first_of_many, rounds)?;
        self.remember(&format!("{ours}, lists and look-ups"), &found);
        for (list, contenders) in LISTS.iter().zip(&mut self.lists) {
            let mut contender = Contender::new(&ours, Side::Ours);
            contender.samples = samples(&found, list);
            let slowest = Samples::one(contender.samples.max());
            contender.besides = Some(("slowest, ms", slowest));
            contenders.push(contender);
        }
        let store = place(directory, crls);
        let mut there = 0;
        let steps = [sizes.many, sizes.crls[0], sizes.crls[1]];
        let [smaller, larger] = &mut self.crls;
        let mut memory = Vec::new();
        for (entries, contenders) in steps.into_iter().zip([&mut self.many_crl, smaller, larger]) {
            store.run(Step::FillRevoked, entries, there, 1)?;
            there = entries;
            let signed = store.run(Step::Crl, entries, 0, rounds.min(5))?;
            let what = format!("{ours}, CRL of {}", number(f64::from(entries)));
            memory.push((what, signed.clone()));
            contenders.push(contender(&format!("{ours}, read and recorded"), signed));
        }
        for (what, measured) in memory {
            self.remember(&what, &measured);
        }
        Ok(())
    }

    fn remember(&mut self, what: &str, measured: &Measured) {
        let mut contender = Contender::new(what, Side::Ours);
        contender.samples = samples(measured, PEAK);
        self.memory.push(contender);
    }

    fn theirs(&mut self, taken: openbao::Taken, many: u32) {
        let peer = |suffix: &str, values: Vec<f64>| {
            let name = format!("{}{suffix}", openbao::NAME);
            let mut contender = Contender::new(name, Side::Peer);
            contender.samples = values.into_iter().collect();
            contender
        };
        let there = number(f64::from(many));
        self.revoke_one
            .push(peer(&format!(", {there} on the CRL"), taken.revoke_one));
        self.revoke_many
            .push(peer(", CRL later", vec![taken.revoke_many]));
        self.many_crl.push(peer("", vec![taken.crl]));
        for (list, contenders) in LISTS.iter().zip(&mut self.lists) {
            match *list {
                PAGE => contenders.push(peer(&format!(", all {there} at once"), vec![taken.list])),
                BY_SERIAL => contenders.push(peer(&format!(", of {there}"), taken.lookup.clone())),
                _ => {}
            }
        }
    }

    fn comparisons(self, sizes: &Sizes) -> Vec<Comparison> {
        let comparison = |title: String, unit, better, contenders, aim| Comparison {
            title,
            unit,
            better,
            contenders,
            aim,
        };
        let lower = Better::Lower;
        let count = |count: u32| number(f64::from(count));
        let mut all = Vec::new();
        for ((size, contenders), aim) in sizes.crls.iter().zip(self.crls).zip([Some(30.0), None]) {
            let title = format!("A CRL of {} entries", count(*size));
            let aim = aim.map(Aim::AtMost);
            all.push(comparison(title, "ms", lower, contenders, aim));
        }
        let many = count(sizes.many);
        let stored = count(sizes.stored);
        let title = format!("A CRL of {many} entries");
        all.push(comparison(title, "ms", lower, self.many_crl, None));
        let title = format!("Revoking one of {stored}");
        let aim = Some(Aim::AtMost(1.0));
        all.push(comparison(title, "ms", lower, self.revoke_one, aim));
        let title = format!("Revoking {many} of {stored}, by one pattern over names");
        let aim = Some(Aim::AtMost(1000.0));
        all.push(comparison(title, "ms", lower, self.revoke_many, aim));
        for (list, contenders) in LISTS.iter().zip(self.lists) {
            let title = format!("With {stored} certificates stored: {list}");
            let aim = Some(Aim::AtMost(10.0));
            all.push(comparison(title, "ms", lower, contenders, aim));
        }
        let title = format!("Taking over {stored} certificates of other software");
        let higher = Better::Higher;
        all.push(comparison(title, "certificates/s", higher, self.fill, None));
        let title = "Memory of the process at its most".to_owned();
        all.push(comparison(title, "MiB", lower, self.memory, None));
        all
    }
}

/// With the CPU of the process beside the time that has passed.
fn contender(name: &str, measured: Measured) -> Contender {
    let mut contender = Contender::new(name, Side::Ours);
    contender.samples = samples(&measured, WALL);
    contender.besides = Some((CPU, samples(&measured, CPU)));
    contender
}

fn samples(measured: &Measured, what: &str) -> Samples {
    let values = measured.get(what).into_iter().flatten();
    values.copied().collect()
}

const LISTS: [&str; 5] = [PAGE, OF_REVOKED, BY_SERIAL, BY_NAME, BY_KEY];
