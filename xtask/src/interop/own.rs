//! Our own programs: the examples `hello` and `fetch`, `behind` and `gateway`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::lab::Lab;
use super::report::Verdict;
use crate::built::{Profile, examples};
use crate::process::{self, Server};

/// The built programs.
pub(crate) struct Own {
    behind: PathBuf,
    gateway: PathBuf,
    hello: PathBuf,
    fetch: PathBuf,
}

/// What our server shows and whom it lets in.
pub(crate) struct Door {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) client_ca: PathBuf,
    pub(crate) crl: Option<PathBuf>,
}

impl Door {
    /// That of the lab's scenario with one CA.
    pub(crate) fn of(lab: &Lab) -> Self {
        Self::of_scenario(
            lab,
            "same-ca/server.crt",
            "same-ca/ca.crt",
            Some("same-ca/ca.crl"),
        )
    }

    /// That of any scenario; the key is beside the certificate.
    pub(crate) fn of_scenario(lab: &Lab, cert: &str, client_ca: &str, crl: Option<&str>) -> Self {
        Self {
            cert: lab.path(cert),
            key: lab.path(cert).with_file_name("server.key"),
            client_ca: lab.path(client_ca),
            crl: crl.map(|crl| lab.path(crl)),
        }
    }
}

impl Own {
    pub(crate) fn build() -> Result<Self> {
        let names = ["behind", "gateway", "hello", "fetch"];
        let [behind, gateway, hello, fetch] = examples(Profile::Dev, names)?;
        Ok(Self {
            behind,
            gateway,
            hello,
            fetch,
        })
    }

    /// The program `hello`.
    pub(crate) fn hello(&self) -> &Path {
        &self.hello
    }

    /// The server behind proxies, without arguments.
    pub(crate) fn behind(&self) -> Command {
        Command::new(&self.behind)
    }

    /// The gateway, without arguments.
    pub(crate) fn gateway(&self) -> Command {
        Command::new(&self.gateway)
    }

    /// Starts `hello` on a free port.
    pub(crate) fn serve(&self, door: &Door) -> Result<Server> {
        let [port] = process::free_ports()?;
        let mut command = Command::new(&self.hello);
        command
            .arg("--cert")
            .arg(&door.cert)
            .arg("--key")
            .arg(&door.key)
            .arg("--client-ca")
            .arg(&door.client_ca);
        if let Some(crl) = &door.crl {
            command.arg("--crl").arg(crl);
        }
        Server::start(
            command.args(["--listen", &format!("127.0.0.1:{port}")]),
            port,
        )
    }

    /// Runs `fetch`: what it printed on success, its `error: <kind>: <sentence>` on a refusal.
    pub(crate) fn fetch(
        &self,
        url: &str,
        ca: &Path,
        identity: &[&str],
    ) -> Result<(Verdict, String)> {
        let said = process::run(
            Command::new(&self.fetch)
                .arg(url)
                .arg("--ca")
                .arg(ca)
                .args(identity),
            None,
        )?;
        // "HTTP/1.1 200 OK" or "200 OK": the first number of three digits is the status.
        let status = said
            .stdout
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .find_map(|word| word.parse().ok());
        let error = said
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("error: "));
        Ok(match (said.success(), status, error) {
            (true, Some(200), _) => (Verdict::Accepted, said.stdout),
            (_, Some(status @ 400..), _) => (Verdict::RefusedByStatus(status), said.stdout),
            (false, _, Some(error))
                if error.starts_with("connect") || error.starts_with("timeout") =>
            {
                (Verdict::NotRun, error.to_owned())
            }
            (false, _, Some(error)) if error.starts_with("identity-rejected") => {
                (Verdict::RefusedInTls, error.to_owned())
            }
            (false, _, Some(error)) => (Verdict::Refused, error.to_owned()),
            _ => (Verdict::NotRun, said.reason()),
        })
    }
}
