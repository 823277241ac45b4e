//! Our own programs: the examples `hello` and `fetch`, `behind` and `gateway`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use suite::process::{self, Server};
use suite::{Hello, Profile, ServerFiles, examples};

use crate::report::Verdict;

/// The built programs.
pub(crate) struct Own {
    behind: PathBuf,
    gateway: PathBuf,
    hello: Hello,
    fetch: PathBuf,
}

impl Own {
    pub(crate) fn build() -> Result<Self> {
        let [behind, gateway, fetch] = examples(Profile::Dev, ["behind", "gateway", "fetch"])?;
        Ok(Self {
            behind,
            gateway,
            hello: Hello::build()?,
            fetch,
        })
    }

    /// The program `hello`.
    pub(crate) fn hello(&self) -> &Path {
        self.hello.program()
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
    pub(crate) fn serve(&self, files: &ServerFiles) -> Result<Server> {
        self.hello.serve(files)
    }

    /// The same, which follows the CRLs at a URL.
    pub(crate) fn serve_with_crls(&self, files: &ServerFiles, url: &str) -> Result<Server> {
        let more = ["--crl", url, "--watch", "3600"];
        self.hello.serve_with(files, &more)
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
