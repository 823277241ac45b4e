//! A PostgreSQL cluster in a temporary directory.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::process::{self, Finished, free_ports};

/// A cluster that runs until this is dropped.
pub struct Cluster {
    directory: TempDir,
    port: u16,
    /// PostgreSQL refuses to run as root.
    as_postgres: bool,
}

/// What a server presents over TLS, and whose clients it accepts.
pub struct TlsFiles<'a> {
    /// Its certificate, and those above it.
    pub certificate: &'a str,
    /// The key of its certificate.
    pub key: &'a str,
    /// The roots of its clients.
    pub client_roots: &'a str,
}

impl Cluster {
    /// Makes one and starts it.
    ///
    /// # Errors
    ///
    /// If PostgreSQL 15 is not here, or does not start.
    pub fn start() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("store-").tempdir()?;
        let id = process::run(Command::new("id").arg("-u"), None)?;
        let as_postgres = id.stdout.trim() == "0";
        let [port] = free_ports()?;
        let cluster = Self {
            directory,
            port,
            as_postgres,
        };
        let path = cluster.directory.path();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        if as_postgres {
            let owner = process::run(Command::new("chown").arg("postgres").arg(path), None)?;
            ensure!(owner.success(), "chown: {}", owner.reason());
        }
        let data = cluster.data();
        let made = cluster.run(
            "initdb",
            &[
                "-D",
                &data,
                "-A",
                "trust",
                "-U",
                "ca",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ],
        )?;
        ensure!(made.success(), "initdb: {}", made.reason());
        cluster.control("start", &[])?;
        Ok(cluster)
    }

    /// A new, empty database.
    pub fn database(&self, name: &str) -> Result<String> {
        let port = self.port.to_string();
        let made = self.run(
            "createdb",
            &["-h", "127.0.0.1", "-p", &port, "-U", "ca", name],
        )?;
        ensure!(made.success(), "createdb: {}", made.reason());
        Ok(self.url(name))
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://ca@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let port = self.port.to_string();
        let said = self.run(
            "psql",
            &[
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "ca",
                "-d",
                database,
                "-At",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                sql,
            ],
        )?;
        ensure!(said.success(), "psql: {}", said.reason());
        Ok(said.stdout.trim().to_owned())
    }

    /// Ends all connections without a word, and starts again.
    pub fn restart(&self) -> Result<()> {
        self.control("restart", &["-m", "immediate"])
    }

    /// Turns TLS on, with these PEM files, and puts `rules` in front of the others of pg_hba.conf.
    pub fn use_tls(&self, files: &TlsFiles<'_>, rules: &str) -> Result<()> {
        let settings = "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n\
                        ssl_ca_file = 'clients.crt'\n";
        let rules = format!("{rules}\nhost all all 127.0.0.1/32 trust\n");
        for (name, content) in [
            ("server.crt", files.certificate),
            ("server.key", files.key),
            ("clients.crt", files.client_roots),
            ("postgresql.auto.conf", settings),
            ("pg_hba.conf", &rules),
        ] {
            let path = Path::new(&self.data()).join(name);
            std::fs::write(&path, content)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
            if self.as_postgres {
                let mut chown = Command::new("chown");
                let owner = process::run(chown.arg("postgres").arg(&path), None)?;
                ensure!(owner.success(), "chown: {}", owner.reason());
            }
        }
        self.restart()
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn control(&self, verb: &str, arguments: &[&str]) -> Result<()> {
        let (data, log) = (self.data(), self.file("log"));
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=on",
            self.port
        );
        let mut all = vec!["-D", &data, "-l", &log, "-w", "-o", &options];
        all.extend(arguments);
        all.push(verb);
        let said = self.run("pg_ctl", &all)?;
        ensure!(said.success(), "pg_ctl {verb}: {}", said.reason());
        Ok(())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<Finished> {
        let program = Path::new(PROGRAMS).join(program);
        let mut command = if self.as_postgres {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        command.args(arguments).current_dir("/");
        process::run(&mut command, None).with_context(|| program.display().to_string())
    }

    fn data(&self) -> String {
        self.file("data")
    }

    fn file(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.control("stop", &["-m", "immediate"]);
    }
}

/// Where Debian keeps them.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
