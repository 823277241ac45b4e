//! A long CRL: what it adds to a handshake, to the start and to the memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pki_core::verify::{
    ChainVerifier, CrlSet, Purpose, Revocation, RevocationReason, TrustAnchors,
};
use pki_core::{Authority, CrlBuilder, KeyPair};
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use suite::Peers;
use suite::process::Server;
use time::OffsetDateTime;
use x509_identity::{Certificate, SerialNumber};

use super::rivals::{self, Rival, Setup};
use super::{Arena, Field, LIBRARIES, WARM_UP};
use crate::load::Pattern;
use crate::measuring::clock::{Effort, Samples, per_second};
use crate::measuring::machine::pss_kib;
use crate::measuring::versions;
use crate::recipe::set::Keys;
use crate::report::{Aim, Better, Comparison, Contender, Report, Side, number};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let entries = if effort.is_quick() { 10_000 } else { 1_000_000 };
    let arena = Arena::new(peers, 1)?;
    let certs = arena.make_certificates(Keys::Ec)?;
    let list = write_list(&certs, entries)?;
    let mut comparisons = Vec::from(servers(&arena, &certs, list.clone(), entries, effort)?);
    comparisons.extend(verifiers(&certs, &list, entries, effort)?);
    Ok(Report {
        versions: versions::of(peers, LIBRARIES, rivals::PROGRAMS)?,
        comparisons,
    })
}

/// A list by the set's CA that revokes `entries` certificates that nobody has, as PEM.
fn write_list(certs: &Path, entries: u32) -> Result<PathBuf> {
    let root = CertificateDer::from_pem_file(certs.join("ca.crt"))?;
    let key = KeyPair::from_pem(&fs::read(certs.join("ca.key"))?, None)?;
    let root = Authority::new(vec![Certificate::from_der(&root)?], key)?;
    let now = OffsetDateTime::now_utc();
    let mut list = CrlBuilder::new(1, now, now + time::Duration::WEEK);
    for entry in 0..entries {
        // As long as those that are issued, and in no order: a multiplier that is odd repeats none.
        let scattered =
            u128::from(entry + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let serial = SerialNumber::from_be_bytes(&scattered.to_be_bytes())?;
        list = list.revoke(serial, now, RevocationReason::KeyCompromise);
    }
    let file = certs.join("clients.crl");
    fs::write(&file, list.sign(&root)?.pem()?)?;
    Ok(file)
}

/// A server that runs with the list and without it.
struct Pair {
    rival: Rival,
    start_seconds: f64,
    /// First the one with the list.
    servers: [(Rival, Server); 2],
}

fn servers(
    arena: &Arena<'_>,
    certs: &Path,
    list: PathBuf,
    entries: u32,
    effort: Effort,
) -> Result<[Comparison; 3]> {
    let with_list = Setup {
        crl: Some(list),
        ..Setup::default()
    };
    let mut pairs = Vec::new();
    for rival in [Rival::Ours, Rival::Nginx, Rival::Haproxy, Rival::Envoy] {
        let start = || {
            let began = Instant::now();
            let with = arena.start(rival, certs, &with_list)?;
            let start_seconds = began.elapsed().as_secs_f64();
            let without = arena.start(rival, certs, &Setup::default())?;
            Ok(Pair {
                rival,
                start_seconds,
                servers: [(rival, with), (rival, without)],
            })
        };
        match start() {
            Ok(pair) => pairs.push(pair),
            Err(error) if rival == Rival::Ours => return Err(error),
            Err(error) => eprintln!("warning: {} is left out: {error:#}", rival.name()),
        }
    }
    let fields: Vec<_> = pairs
        .iter()
        .map(|pair| Field::new(arena, certs, &pair.servers, Pattern::Handshakes))
        .collect::<Result<_>>()?;
    let mut costs = vec![[Samples::default(), Samples::default()]; pairs.len()];
    let mut added = vec![Samples::default(); pairs.len()];
    for round in 0..=effort.rounds(1, 11) {
        for ((field, costs), added) in fields.iter().zip(&mut costs).zip(&mut added) {
            let span = effort.span(Duration::from_secs(1));
            let mut found = [0.0; 2];
            for (runner, found) in field.runners.iter().zip(&mut found) {
                (*found, _) = field.ask(runner, if round == 0 { WARM_UP } else { span })?;
            }
            if round > 0 {
                let [with, without] = found;
                costs[0].push(with);
                costs[1].push(without);
                added.push((with - without) * 1e3);
            }
        }
    }

    let contender = |pair: &Pair, samples: &Samples, besides| Contender {
        samples: samples.clone(),
        besides: Some(besides),
        ..Contender::new(pair.rival.name(), pair.rival.side())
    };
    let (mut of_costs, mut of_added, mut of_starts) = (Vec::new(), Vec::new(), Vec::new());
    for ((pair, [with, without]), added) in pairs.iter().zip(costs).zip(&added) {
        of_costs.push(contender(pair, &with, ("without it", without.clone())));
        of_added.push(contender(
            pair,
            added,
            ("handshake without it, CPU ms", without),
        ));
        let [(_, with), (_, without)] = &pair.servers;
        let bytes = (pss_kib(with.id())? - pss_kib(without.id())?) * 1024.0;
        of_starts.push(contender(
            pair,
            &Samples::one(pair.start_seconds),
            ("bytes/entry", Samples::one(bytes / f64::from(entries))),
        ));
    }
    let comparison = |title: String, unit, contenders| Comparison {
        title,
        unit,
        better: Better::Lower,
        contenders,
        aim: None,
    };
    let list = format!("a CRL of {} entries", number(entries.into()));
    Ok([
        comparison(format!("Full handshake with {list}"), "CPU ms", of_costs),
        comparison(
            format!("Added to a full handshake by {list}"),
            "CPU µs",
            of_added,
        ),
        comparison(format!("Start with {list}, and its memory"), "s", of_starts),
    ])
}

/// The same without servers: how long a verifier takes for the client's chain.
fn verifiers(certs: &Path, list: &Path, entries: u32, effort: Effort) -> Result<[Comparison; 2]> {
    let root = CertificateDer::from_pem_file(certs.join("ca.crt"))?;
    let client = CertificateDer::from_pem_file(certs.join("client.crt"))?;
    let pem = fs::read(list)?;
    let crls = CrlSet::from_pem_or_der([&pem])?;
    let ours = |revocation: Option<Revocation>| -> Result<ChainVerifier> {
        let anchors = TrustAnchors::from_certs([&root])?;
        let verifier = ChainVerifier::builder(anchors, Purpose::TlsClient);
        Ok(match revocation {
            Some(revocation) => verifier.revocation(revocation).build(),
            None => verifier.build(),
        })
    };
    let theirs =
        |crls: Vec<CertificateRevocationListDer<'static>>| -> Result<Arc<dyn ClientCertVerifier>> {
            let mut roots = RootCertStore::empty();
            roots.add(root.clone())?;
            let provider = aws_lc_rs::default_provider().into();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            Ok(verifier.with_crls(crls).build()?)
        };
    let (with, without) = (ours(Some(Revocation::new(crls)))?, ours(None)?);
    let parsed = CertificateRevocationListDer::from_pem_slice(&pem).context("the list")?;
    let (their_with, their_without) = (theirs(vec![parsed])?, theirs(Vec::new())?);
    let now = UnixTime::now();
    let judge = |verifier: &ChainVerifier| Ok(verifier.verify(&client, &[], now).map(drop)?);
    let they_judge = |verifier: &Arc<dyn ClientCertVerifier>| {
        Ok(verifier.verify_client_cert(&client, &[], now).map(drop)?)
    };

    let mut contenders = [
        Contender::new("ours, strict", Side::Ours),
        Contender::new("ours, strict, without a list", Side::Bound),
        Contender::new("rustls's own (webpki)", Side::Peer),
        Contender::new("rustls's own, without a list", Side::Bound),
    ];
    let mut added = [
        Contender::new("ours, strict", Side::Ours),
        Contender::new("rustls's own (webpki)", Side::Peer),
    ];
    let span = effort.span(Duration::from_millis(500));
    for _ in 0..effort.rounds(1, 11) {
        let rates = [
            per_second(span, || judge(&with))?,
            per_second(span, || judge(&without))?,
            per_second(span, || they_judge(&their_with))?,
            per_second(span, || they_judge(&their_without))?,
        ];
        let times = rates.map(|rate| 1e6 / rate);
        for (contender, time) in contenders.iter_mut().zip(times) {
            contender.samples.push(time);
        }
        let [with, without, their_with, their_without] = times;
        for (contender, time) in added
            .iter_mut()
            .zip([with - without, their_with - their_without])
        {
            contender.samples.push(time);
        }
    }
    let comparison = |title, contenders, aim| Comparison {
        title,
        unit: "µs",
        better: Better::Lower,
        contenders,
        aim,
    };
    let list = format!("a CRL of {} entries", number(entries.into()));
    Ok([
        comparison(
            format!("The client's chain judged with {list}, in memory"),
            contenders.into(),
            None,
        ),
        comparison(
            format!("Added to that by {list}"),
            added.into(),
            Some(Aim::AtMost(5.0)),
        ),
    ])
}
