//! Starting a proxy, and asking the server that is behind it.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use suite::process::Server;

use crate::clients::curl::{self, Shown};
use crate::report::Verdict;
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

pub(super) fn ask(
    bench: &Bench<'_>,
    lab: &Lab,
    server: &Server,
    shown: &Shown,
    headers: &[String],
) -> Result<(Verdict, String)> {
    let more: Vec<&str> = headers
        .iter()
        .flat_map(|header| ["--header", header])
        .collect();
    let url = format!("https://localhost:{}/", server.port());
    curl::ask(bench, &url, &lab.path("same-ca/ca.crt"), shown, &more)
}

pub(super) fn filled(bench: &Bench<'_>, lab: &Lab, configuration: &str, port: u16) -> String {
    configuration
        .replace("@PORT@", &port.to_string())
        .replace("@RUN@", &bench.scratch.path().to_string_lossy())
        .replace("@LAB@", lab.arg("").trim_end_matches('/'))
}

pub(super) fn command(
    bench: &Bench<'_>,
    program: &str,
    arguments: &[&str],
    file: &Path,
) -> Command {
    let mut command = bench.peers.command(program);
    let file = file.to_string_lossy();
    command.args(arguments.iter().map(|it| it.replace("FILE_", &file)));
    command
}

pub(super) const NGINX: &[&str] = &["-e", "stderr", "-c", "FILE_"];
