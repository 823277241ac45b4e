//! The onboarding page in Chromium: looked at, clicked through, and what it gave out used.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use mtls_lab::{Options, device_names};
use onboarding::{Site, Vault};
use serde::Deserialize;
use suite::process::Server;
use tokio::runtime::Runtime;

use crate::clients::browser;
use crate::clients::call::Call;
use crate::pages::visit::{Visit, Visited};
use crate::report::group::PHONES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

/// What the script has seen besides.
#[derive(Deserialize)]
struct Onboarded {
    /// The status when the file was asked for once more.
    second_answer: u16,
}

pub(super) fn check(bench: &Bench<'_>, lab: &Lab, pictures: bool, report: &mut Report) {
    let server = bench.own().and_then(|own| own.serve(&lab.server_files()));
    let visited = tempfile::tempdir_in(bench.scratch.path())
        .map_err(anyhow::Error::from)
        .and_then(|downloads| {
            let visited = visit(bench, lab, &server, downloads.path(), pictures)?;
            Ok((downloads, visited))
        });
    let (downloads, visited) = match visited {
        Ok(visited) => visited,
        Err(error) => {
            report.push(GROUP, "Chromium", "the page", Verdict::Accepted, Err(error));
            return;
        }
    };
    visited.report(GROUP, "the keyboard reaches every link", report);
    let taken = ["ca.crt", "client_ios.p12"].map(|name| downloads.path().join(name));
    let seen = same_files(lab, downloads.path()).map(|()| (Verdict::Accepted, String::new()));
    report.push(
        GROUP,
        "Chromium",
        "downloads by clicks",
        Verdict::Accepted,
        seen,
    );
    let again = match visited.besides.second_answer {
        410 => (Verdict::RefusedByStatus(410), String::new()),
        other => (Verdict::NotRun, format!("status {other}")),
    };
    let gone = Verdict::RefusedByStatus(410);
    report.push(GROUP, "Chromium", "the same link again", gone, Ok(again));

    let [ca, p12] = taken;
    let opened = open(bench, lab, &server, ca, p12);
    report.push(
        GROUP,
        "Chromium",
        "the mTLS page with what was downloaded",
        Verdict::Accepted,
        opened,
    );
}

/// Serves the page as the lab does, and has Chromium visit it.
fn visit(
    bench: &Bench<'_>,
    lab: &Lab,
    api: &Result<Server>,
    downloads: &Path,
    pictures: bool,
) -> Result<Visited<Onboarded>> {
    let api = api
        .as_ref()
        .map_err(|error| anyhow::anyhow!("our server: {error:#}"))?;
    let links = tempfile::tempdir_in(bench.scratch.path())?;
    let runtime = Runtime::new()?;
    let here = Ipv4Addr::LOCALHOST;
    let listener = runtime.block_on(tokio::net::TcpListener::bind((here, 0)))?;
    let port = listener.local_addr()?.port();
    let files = lab.path("same-ca");
    let hint = Options::default().password_hint();
    // As if this computer were on a network, so that there is a QR code: an address of RFC 5737.
    let site = Site::of_directory(files, device_names(), hint, Vault::open(links.path())?)
        .on_network(Some(IpAddr::from(Ipv4Addr::new(192, 0, 2, 7))), Some(8080))
        .server(format!("https://localhost:{}/", api.port()));
    let service = site
        .router()
        .into_make_service_with_connect_info::<SocketAddr>();
    runtime.spawn(async move { axum::serve(listener, service).await });
    let home = tempfile::tempdir_in(bench.scratch.path())?;
    let mut node = bench.peers.command("node");
    node.env("HOME", home.path());
    let visit = Visit {
        script: "phones/visit.mjs",
        url: &format!("http://127.0.0.1:{port}/"),
        takes_pictures: pictures,
        limit: Duration::from_secs(60),
    };
    visit.run(bench, node, &[downloads])
}

fn same_files(lab: &Lab, downloads: &Path) -> Result<()> {
    for name in ["ca.crt", "client_ios.p12"] {
        let got = std::fs::read(downloads.join(name)).with_context(|| format!("no {name}"))?;
        let there = std::fs::read(lab.path("same-ca").join(name))?;
        ensure!(got == there, "{name} is another file");
    }
    Ok(())
}

/// Puts the downloads into NSS, and opens the API with them.
fn open(
    bench: &Bench<'_>,
    lab: &Lab,
    server: &Result<Server>,
    ca: std::path::PathBuf,
    p12: std::path::PathBuf,
) -> Result<(Verdict, String)> {
    let mut call = Call::to_ours(server, lab, "same-ca/ca.crt", "same-ca/client", p12)?;
    call.ca = ca;
    let said = browser::ask(bench, &call)?;
    let greeted = said.stdout.contains("client1");
    Ok((Verdict::accepted_if(greeted), said.stdout + &said.stderr))
}
