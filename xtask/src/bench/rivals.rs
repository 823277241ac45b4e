//! `hello` and the servers that it is compared with: one worker each, no resumption, the same certificates.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::clock::finish;
use super::report::Side;
use crate::peers::{self, Peers};
use crate::process::{self, Server};

/// What had to be built.
pub(crate) struct Builds {
    hello: PathBuf,
    go: PathBuf,
}

/// Builds `hello` as it is released, and the server in Go.
pub(crate) fn build(peers: &Peers, scratch: &Path) -> Result<Builds> {
    let source = scratch.join("server.go");
    fs::write(&source, include_str!("peers/server.go"))?;
    let go = scratch.join("server-go");
    let mut command = peers.command("go");
    command.env("GO111MODULE", "off").current_dir(scratch);
    if let Err(error) = finish(command.args(["build", "-o"]).arg(&go).arg(source)) {
        eprintln!("warning: the server in Go was not built: {error:#}");
    }
    Ok(Builds {
        hello: build_hello()?,
        go,
    })
}

fn build_hello() -> Result<PathBuf> {
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--package",
            "examples",
            "--example",
            "hello",
        ])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(peers::workspace())
        .stderr(Stdio::inherit())
        .output()
        .context("starting cargo")?;
    ensure!(built.status.success(), "cargo could not build `hello`");
    String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "hello")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo built no example `hello`")
}

/// Starts all servers with the set in `certs`; each runs on until it is dropped. Others that do not start are left out.
pub(crate) fn start(
    peers: &Peers,
    builds: &Builds,
    certs: &Path,
) -> Result<Vec<(&'static str, Server)>> {
    let ports = process::free_ports::<6>()?;
    let [hello, nginx, haproxy, envoy, go, node] = ports;
    let cert = |name: &str| certs.join(name);
    let configured = |name: &str, template: &str, port: u16| -> Result<PathBuf> {
        let text = template
            .replace("@PORT@", &port.to_string())
            .replace("@CERTS@", &certs.to_string_lossy())
            .replace("@RUN@", &certs.to_string_lossy());
        let file = cert(name);
        fs::write(&file, text)?;
        Ok(file)
    };

    let mut ours = Command::new(&builds.hello);
    ours.arg("--cert").arg(cert("server.crt"));
    ours.arg("--key").arg(cert("server.key"));
    ours.arg("--client-ca").arg(cert("ca.crt"));
    ours.arg("--listen").arg(format!("127.0.0.1:{hello}"));
    ours.env("TOKIO_WORKER_THREADS", "1").env_remove("RUST_LOG");

    let config = configured("nginx.conf", include_str!("peers/nginx.conf"), nginx)?;
    let mut of_nginx = peers.command("nginx");
    of_nginx
        .args(["-e", "stderr", "-p"])
        .arg(certs)
        .arg("-c")
        .arg(config);

    let config = configured("haproxy.cfg", include_str!("peers/haproxy.cfg"), haproxy)?;
    let mut of_haproxy = peers.command("haproxy");
    of_haproxy.arg("-db").arg("-f").arg(config);

    let config = configured("envoy.yaml", include_str!("peers/envoy.yaml"), envoy)?;
    let mut of_envoy = peers.command("envoy");
    of_envoy.arg("-c").arg(config);
    of_envoy.args([
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--log-level",
        "error",
    ]);

    let mut of_go = Command::new(&builds.go);
    of_go.arg(go.to_string()).arg(certs).env("GOMAXPROCS", "1");

    let script = configured("node.mjs", include_str!("peers/node.mjs"), node)?;
    let mut of_node = peers.command("node");
    of_node.arg(script).arg(node.to_string()).arg(certs);

    let commands = [ours, of_nginx, of_haproxy, of_envoy, of_go, of_node];
    let named = [OURS, "nginx", HAPROXY, "Envoy", "Go net/http", "Node https"];
    let mut servers = Vec::new();
    for ((name, mut command), port) in named.into_iter().zip(commands).zip(ports) {
        match Server::start(&mut command, port) {
            Ok(server) => servers.push((name, server)),
            Err(error) if name == OURS => return Err(error),
            Err(error) => eprintln!("warning: {name} is left out: {error:#}"),
        }
    }
    Ok(servers)
}

/// Where the server of this name stands.
pub(crate) fn side(name: &str) -> Side {
    if name == OURS { Side::Ours } else { Side::Peer }
}

const OURS: &str = "ours (`hello`)";
pub(crate) const HAPROXY: &str = "HAProxy";

/// The programs behind these names, as [`Peers::version`] knows them.
pub(crate) const PROGRAMS: &[&str] = &["nginx", "HAProxy", "Envoy", "Go", "Node", "OpenSSL"];
