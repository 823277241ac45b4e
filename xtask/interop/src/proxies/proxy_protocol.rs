//! HAProxy in front of our server, passing TLS on and announcing the client; and a socket from systemd.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use axum::{Extension, Router, routing::get};
use mtls_server::{ConnectionIdentity, MtlsConfig, ServerIdentity, files, proxy::ProxyProtocol};
use suite::process::{self, Server};
use tokio::runtime::Runtime;

use crate::clients::curl::{self, Shown};
use crate::report::group::PROXY_PROTOCOL as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let echo = match Echo::start(lab) {
        Ok(echo) => echo,
        Err(error) => {
            return report.push(GROUP, OURS, "starts", Verdict::Accepted, Err(error));
        }
    };
    let shown = curl::pem(
        &lab.arg("same-ca/client.crt"),
        &lab.arg("same-ca/client.key"),
    );
    let haproxy = start_haproxy(bench, echo.port);
    for (at, (setting, _)) in ANNOUNCING.iter().enumerate() {
        let mut push = |shows: &str, expected, got| {
            report.push(GROUP, OURS, &format!("{setting}, {shows}"), expected, got);
        };
        let through = |shown: &Shown| match &haproxy {
            Ok(haproxy) => ask(bench, lab, haproxy.ports[at], CLIENT, shown, &[]),
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        let told = through(&shown).map(|told| of_client(told, CLIENT));
        let expected = match *setting {
            SILENT => Verdict::RefusedInTls,
            _ => Verdict::Accepted,
        };
        push("client.crt", expected, told);
        let got = through(&curl::nothing());
        push("no certificate", Verdict::RefusedInTls, got);
    }
    let header: &[&str] = &["--haproxy-protocol"];
    for (case, from, more, expected) in [
        (
            "curl from the proxy's address, without a header",
            PROXY,
            &[][..],
            Verdict::RefusedInTls,
        ),
        (
            "curl from the proxy's address, with one",
            PROXY,
            header,
            Verdict::Accepted,
        ),
        (
            "curl from elsewhere, without a header",
            CLIENT,
            &[],
            Verdict::Accepted,
        ),
        (
            "curl from elsewhere, with one",
            CLIENT,
            header,
            Verdict::RefusedInTls,
        ),
    ] {
        let told = ask(bench, lab, echo.port, from, &shown, more);
        report.push(
            GROUP,
            OURS,
            case,
            expected,
            told.map(|it| of_client(it, from)),
        );
    }
    let got = activate(bench, lab, &shown);
    let case = "hello on a socket of systemd-socket-activate";
    report.push(GROUP, OURS, case, Verdict::Accepted, got);
}

/// What was answered, if the server speaks of this client; refused if of another.
fn of_client((verdict, body): (Verdict, String), client: &str) -> (Verdict, String) {
    if verdict == Verdict::Accepted && !body.starts_with(&format!("{client}:")) {
        return (Verdict::Refused, format!("the server sees {body}"));
    }
    (verdict, body)
}

fn ask(
    bench: &Bench<'_>,
    lab: &Lab,
    port: u16,
    from: &str,
    shown: &Shown,
    more: &[&str],
) -> Result<(Verdict, String)> {
    let url = format!("https://127.0.0.1:{port}/");
    let more = [&["--interface", from], more].concat();
    curl::ask(bench, &url, &lab.path("same-ca/ca.crt"), shown, &more)
}

/// Our server in this process. It trusts the proxy's address alone, and answers with the peer's.
struct Echo {
    port: u16,
    /// Ends the server when dropped.
    _runtime: Runtime,
}

impl Echo {
    fn start(lab: &Lab) -> Result<Self> {
        let identity = ServerIdentity::from_files(
            lab.path("same-ca/server.crt"),
            lab.path("same-ca/server.key"),
        )?;
        let roots = files::client_roots(lab.path("same-ca/ca.crt"))?;
        let proxy: Ipv4Addr = PROXY.parse()?;
        let config = MtlsConfig::builder(identity, roots)
            .proxy_protocol(ProxyProtocol::trusting([IpAddr::from(proxy).into()]))
            .build()?;
        let peer = async |Extension(connection): Extension<ConnectionIdentity>| {
            connection.peer().to_string()
        };
        let router = Router::new().route("/", get(peer));
        let runtime = Runtime::new()?;
        let serving = runtime.block_on(async {
            let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
            let listener = tokio::net::TcpListener::bind(anywhere).await?;
            mtls_server::serve(listener, router, config)
        })?;
        Ok(Self {
            port: serving.local_addr().port(),
            _runtime: runtime,
        })
    }
}

struct HaProxy {
    ports: [u16; ANNOUNCING.len()],
    _server: Server,
}

fn start_haproxy(bench: &Bench<'_>, server: u16) -> Result<HaProxy> {
    let ports = process::free_ports::<{ ANNOUNCING.len() }>()?;
    let mut text =
        "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 10s\n  timeout server 10s\n"
            .to_owned();
    for (port, (_, options)) in ports.iter().zip(ANNOUNCING) {
        text += &format!(
            "listen p{port}\n  bind 127.0.0.1:{port}\n  server ours 127.0.0.1:{server} source {PROXY} {options}\n"
        );
    }
    let file = bench.scratch("haproxy-proxy-protocol.cfg");
    fs::write(&file, text)?;
    let mut command = bench.peers.command("haproxy");
    let server = Server::start(command.arg("-db").arg("-f").arg(&file), ports[0])?;
    Ok(HaProxy {
        ports,
        _server: server,
    })
}

/// `hello` on a port that systemd's tool has opened. `--listen` names one that cannot be opened.
fn activate(bench: &Bench<'_>, lab: &Lab, shown: &Shown) -> Result<(Verdict, String)> {
    let [port] = process::free_ports()?;
    let files = lab.server_files();
    let mut command: Command = bench.peers.command("systemd-socket-activate");
    command.args(["--listen", &format!("127.0.0.1:{port}")]);
    command.arg(bench.own()?.hello());
    for (flag, file) in [
        ("--cert", &files.cert),
        ("--key", &files.key),
        ("--client-ca", &files.client_ca),
    ] {
        command.arg(flag).arg(file);
    }
    let server = Server::start(command.args(["--listen", "192.0.2.1:1"]), port)?;
    let url = format!("https://127.0.0.1:{}/", server.port());
    let ca: &Path = &lab.path("same-ca/ca.crt");
    let (verdict, body) = curl::ask(bench, &url, ca, shown, &[]).context("asking hello")?;
    ensure!(
        verdict != Verdict::Accepted || body.starts_with("Hello"),
        "{body}"
    );
    Ok((verdict, body))
}
const OURS: &str = "our server";

/// Where clients come from, and where the proxy does.
const CLIENT: &str = "127.0.0.2";
const PROXY: &str = "127.0.0.1";

/// How HAProxy announces, and by which options of its `server` line.
const ANNOUNCING: &[(&str, &str)] = &[
    ("HAProxy send-proxy", "send-proxy"),
    ("HAProxy send-proxy-v2", "send-proxy-v2"),
    (
        "HAProxy send-proxy-v2, crc32c",
        "send-proxy-v2 proxy-v2-options crc32c,authority",
    ),
    (SILENT, ""),
];
const SILENT: &str = "HAProxy without it";
