//! Starting a server in a lab.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use suite::process::{self, Server};

use super::peers::{Peer, Ports};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

/// Starts `peer` in `lab`, once: its port is written into its file.
pub(crate) fn start(bench: &Bench<'_>, lab: &Lab, peer: &Peer, backend: u16) -> Result<Server> {
    let [port] = process::free_ports()?;
    let root = lab.path("");
    let mut command: Command = bench.peers.command(peer.program);
    command.current_dir(&root);
    for argument in peer.arguments {
        let argument = argument.replace("LAB", &root.to_string_lossy());
        command.arg(
            argument
                .replace("PORT_", &port.to_string())
                .replace("BACKEND_", &backend.to_string()),
        );
    }
    // As the lab has it: whoever starts the server next finds the port again.
    let mut emitted = None;
    match peer.ports {
        Ports::Arguments => {}
        Ports::Environment => {
            command
                .env("PORT", port.to_string())
                .env("BACKEND", format!("127.0.0.1:{backend}"));
        }
        Ports::File {
            file,
            port: marked_port,
            backend: marked_backend,
        } => {
            let path = lab.path(file);
            let text = fs::read_to_string(&path).with_context(|| format!("reading {file}"))?;
            ensure!(
                text.contains(marked_port) && text.contains(marked_backend),
                "{file} has no port to change"
            );
            let with = |marked: &str, port: u16| {
                let words = marked.trim_end_matches(|c: char| c.is_ascii_digit());
                format!("{words}{port}")
            };
            let changed = text
                .replace(marked_port, &with(marked_port, port))
                .replace(marked_backend, &with(marked_backend, backend));
            fs::write(&path, changed)?;
            emitted = Some((path, text));
        }
    }
    // It reads the file while it starts, and not again.
    let server = Server::start(&mut command, port);
    if let Some((path, text)) = emitted {
        fs::write(path, text)?;
    }
    server
}
