//! A PostgreSQL cluster in a temporary directory.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::process::{self, Finished, free_ports};

/// A cluster that runs until this is dropped.
pub struct Cluster {
    directory: TempDir,
    port: u16,
    /// PostgreSQL refuses to run as root.
    as_postgres: bool,
    /// The port of the standby, if there is one.
    standby: Option<u16>,
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
            standby: None,
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

    /// The same, with a standby that each commit waits for.
    ///
    /// # Errors
    ///
    /// If one of them does not start, or the standby does not follow.
    pub fn start_with_standby() -> Result<Self> {
        let mut cluster = Self::start()?;
        let [port] = free_ports()?;
        let data = cluster.file("standby");
        let primary = format!(
            "host=127.0.0.1 port={} user=ca application_name=standby",
            cluster.port
        );
        let made = cluster.run(
            "pg_basebackup",
            &["-d", &primary, "-D", &data, "-R", "-c", "fast"],
        )?;
        ensure!(made.success(), "pg_basebackup: {}", made.reason());
        cluster.standby = Some(port);
        cluster.control_of("standby", port, "start", &[])?;
        let wait = "ALTER SYSTEM SET synchronous_standby_names = 'standby'";
        cluster.sql("postgres", wait)?;
        cluster.sql("postgres", "SELECT pg_reload_conf()")?;
        let state = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        let deadline = Instant::now() + Duration::from_secs(30);
        while cluster.sql("postgres", state)? != "1" {
            ensure!(Instant::now() < deadline, "the standby does not follow");
            std::thread::sleep(Duration::from_millis(100));
        }
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

    /// The address of a database on the primary and on the standby: whoever writes finds the one that can be written.
    ///
    /// # Errors
    ///
    /// If there is no standby.
    pub fn url_of_both(&self, database: &str) -> Result<String> {
        let (port, standby) = (self.port, self.standby()?);
        Ok(format!(
            "postgres://ca@127.0.0.1:{port},127.0.0.1:{standby}/{database}"
        ))
    }

    /// Runs statements.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        self.psql(self.port, &["-d", database, "-c", sql])
    }

    /// Runs statements on the standby.
    ///
    /// # Errors
    ///
    /// If there is none, or it refuses them.
    pub fn sql_on_standby(&self, database: &str, sql: &str) -> Result<String> {
        self.psql(self.standby()?, &["-d", database, "-c", sql])
    }

    /// Kills the primary, and has the standby take its place.
    ///
    /// # Errors
    ///
    /// If there is no standby, or it does not.
    pub fn fail_over(&self) -> Result<()> {
        let standby = self.standby()?;
        self.control("stop", &["-m", "immediate"])?;
        self.control_of("standby", standby, "promote", &[])
    }

    /// Writes all of a database into another one that is empty, by `pg_dump` and `psql`.
    ///
    /// # Errors
    ///
    /// If one of them fails.
    pub fn dump_and_load(&self, from: &str, to: &str) -> Result<()> {
        let (port, file) = (self.port.to_string(), self.file("dump.sql"));
        let server = ["-h", "127.0.0.1", "-p", &port, "-U", "ca"];
        let dumped = self.run("pg_dump", &[&server[..], &["-f", &file, from]].concat())?;
        ensure!(dumped.success(), "pg_dump: {}", dumped.reason());
        self.psql(self.port, &["-q", "-d", to, "-f", &file])?;
        Ok(())
    }

    /// What `pgbench` prints, run on a database.
    ///
    /// # Errors
    ///
    /// If it fails.
    pub fn pgbench(&self, database: &str, arguments: &[&str]) -> Result<String> {
        let port = self.port.to_string();
        let server = ["-h", "127.0.0.1", "-p", &port, "-U", "ca", "-n"];
        let said = self.run("pgbench", &[&server[..], arguments, &[database]].concat())?;
        ensure!(said.success(), "pgbench: {}", said.reason());
        Ok(said.stdout)
    }

    fn psql(&self, port: u16, arguments: &[&str]) -> Result<String> {
        let port = port.to_string();
        let server = ["-h", "127.0.0.1", "-p", &port, "-U", "ca"];
        let quiet = ["-At", "-v", "ON_ERROR_STOP=1"];
        let said = self.run("psql", &[&server[..], &quiet, arguments].concat())?;
        ensure!(said.success(), "psql: {}", said.reason());
        Ok(said.stdout.trim().to_owned())
    }

    fn standby(&self) -> Result<u16> {
        self.standby.context("there is no standby")
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
        self.control_of("data", self.port, verb, arguments)
    }

    fn control_of(&self, name: &str, port: u16, verb: &str, arguments: &[&str]) -> Result<()> {
        let (data, log) = (self.file(name), self.file(&format!("{name}.log")));
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=on"
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
        if let Some(port) = self.standby {
            let _ = self.control_of("standby", port, "stop", &["-m", "immediate"]);
        }
        let _ = self.control("stop", &["-m", "immediate"]);
    }
}

/// Where Debian keeps them.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
