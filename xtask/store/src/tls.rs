//! TLS to PostgreSQL, which asks for client certificates.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile, certificate_pem};
use pki_store::{Store, StoreError};
use suite::postgres::{Cluster, TlsFiles};
use tempfile::TempDir;
use time::OffsetDateTime;
use x509_identity::SubjectAltName;

use crate::authority::Point;

/// Each point, and what was seen.
pub(crate) async fn points(cluster: &Cluster) -> Vec<Point> {
    let files = match set_up(cluster) {
        Ok(files) => files,
        Err(error) => return vec![("TLS is turned on", Err(error))],
    };
    let mut points = Vec::new();
    for case in CASES {
        let seen = case.check(cluster, files.path()).await;
        points.push((case.name, seen));
    }
    points
}

/// What a URL says, and what becomes of it.
struct Case {
    name: &'static str,
    host: &'static str,
    user: &'static str,
    database: &'static str,
    /// With `{}` in place of the directory.
    parameters: &'static str,
    /// What the refusal says; empty where the store opens.
    refused: &'static str,
}

const VERIFIED: &str =
    "?sslmode=verify-full&sslrootcert={}/a.crt&sslcert={}/ca.crt&sslkey={}/ca.key";

const CASES: &[Case] = &[
    Case {
        name: "TLS: the right server and the right client",
        host: "localhost",
        user: "ca",
        database: "verified",
        parameters: VERIFIED,
        refused: "",
    },
    Case {
        name: "TLS: a server of another root",
        host: "localhost",
        user: "ca",
        database: "verified",
        parameters: "?sslmode=verify-full&sslrootcert={}/b.crt&sslcert={}/ca.crt&sslkey={}/ca.key",
        refused: "UnknownIssuer",
    },
    Case {
        name: "TLS: a server of another name",
        host: "127.0.0.1",
        user: "ca",
        database: "verified",
        parameters: VERIFIED,
        refused: "not valid for name",
    },
    Case {
        name: "TLS: verify-ca takes any name",
        host: "127.0.0.1",
        user: "ca",
        database: "verified",
        parameters: "?sslmode=verify-ca&sslrootcert={}/a.crt&sslcert={}/ca.crt&sslkey={}/ca.key",
        refused: "",
    },
    Case {
        name: "TLS: verify-ca takes no other root",
        host: "127.0.0.1",
        user: "ca",
        database: "verified",
        parameters: "?sslmode=verify-ca&sslrootcert={}/b.crt&sslcert={}/ca.crt&sslkey={}/ca.key",
        refused: "UnknownIssuer",
    },
    Case {
        name: "TLS: no client certificate",
        host: "localhost",
        user: "ca",
        database: "verified",
        parameters: "?sslmode=verify-full&sslrootcert={}/a.crt",
        refused: "client certificate",
    },
    Case {
        name: "TLS: a client certificate of another user",
        host: "localhost",
        user: "ca",
        database: "verified",
        parameters: "?sslmode=verify-full&sslrootcert={}/a.crt&sslcert={}/eve.crt&sslkey={}/eve.key",
        refused: "authentication failed for user",
    },
    Case {
        name: "TLS: a client certificate of another root",
        host: "localhost",
        user: "ca",
        database: "verified",
        parameters: "?sslmode=verify-full&sslrootcert={}/a.crt&sslcert={}/b-ca.crt&sslkey={}/b-ca.key",
        refused: "cannot be reached",
    },
    Case {
        name: "TLS: a key that is another certificate's",
        host: "localhost",
        user: "ca",
        database: "verified",
        parameters: "?sslmode=verify-full&sslrootcert={}/a.crt&sslcert={}/ca.crt&sslkey={}/eve.key",
        refused: "cannot be set up",
    },
    Case {
        name: "TLS: a server that asks for it refuses who does without",
        host: "localhost",
        user: "ca",
        database: "verified",
        parameters: "?sslmode=disable",
        refused: "rejects connection",
    },
    Case {
        name: "TLS: sslmode=prefer uses it",
        host: "localhost",
        user: "ca",
        database: "verified",
        parameters: "?sslmode=prefer&sslcert={}/ca.crt&sslkey={}/ca.key",
        refused: "",
    },
    Case {
        name: "TLS: a password that is bound to the server's certificate",
        host: "localhost",
        user: "scram:secret",
        database: "bound",
        parameters: "?sslmode=verify-full&sslrootcert={}/a.crt&channel_binding=require",
        refused: "",
    },
    Case {
        name: "TLS: nothing to bind a password to without it",
        host: "localhost",
        user: "scram:secret",
        database: "bound",
        parameters: "?sslmode=disable&channel_binding=require",
        refused: "channel binding",
    },
];

impl Case {
    async fn check(&self, cluster: &Cluster, files: &Path) -> Result<String> {
        let Self {
            host,
            user,
            database,
            ..
        } = self;
        let parameters = self.parameters.replace("{}", &files.display().to_string());
        let port = cluster.port();
        let url = format!("postgres://{user}@{host}:{port}/{database}{parameters}");
        let opened = Store::open(&url.parse()?).await;
        match (opened, self.refused) {
            (Ok(store), "") => {
                // Its connections are the database's only ones.
                let sql = format!(
                    "SELECT count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE datname = '{database}'"
                );
                let plain = cluster.sql("postgres", &sql)?;
                ensure!(plain == "0", "{plain} connections without TLS");
                drop(store);
                Ok("opened".to_owned())
            }
            (Ok(_), _) => bail!("it opened"),
            (Err(error), "") => Err(error.into()),
            (Err(error), words) => {
                ensure!(
                    matches!(error, StoreError::Unavailable(_) | StoreError::Tls(_)),
                    "{error:?}"
                );
                let said = format!("{:#}", anyhow::Error::from(error));
                ensure!(said.contains(words), "{said}");
                Ok(format!("refused: {said}"))
            }
        }
    }
}

/// Two roots; a server of the first; clients of both.
fn set_up(cluster: &Cluster) -> Result<TempDir> {
    let directory = tempfile::tempdir()?;
    let now = OffsetDateTime::now_utc();
    let root = |name: &str| -> Result<Authority> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let subject = format!("CN=TLS {name}").parse()?;
        let root = Authority::root(subject, key, &Profile::root(), now)?;
        let file = directory.path().join(format!("{name}.crt"));
        fs::write(file, certificate_pem(root.certificate()))?;
        Ok(root)
    };
    let (a, b) = (root("a")?, root("b")?);
    for (root, name, file) in [(&a, "ca", "ca"), (&a, "eve", "eve"), (&b, "ca", "b-ca")] {
        let key = KeyPair::generate(KeyKind::P256)?;
        let subject = format!("CN={name}").parse()?;
        let parameters = CertificateParameters::for_key(key.public_key_der(), subject);
        let issued = root.issue(&parameters, &Profile::client(), now)?;
        let path = |end: &str| directory.path().join(format!("{file}.{end}"));
        fs::write(path("crt"), certificate_pem(issued.certificate()))?;
        fs::write(path("key"), key.secret_pkcs8_pem().as_bytes())?;
    }
    let key = KeyPair::generate(KeyKind::P256)?;
    let names = [SubjectAltName::Dns("localhost".to_owned())];
    let parameters =
        CertificateParameters::for_key(key.public_key_der(), "CN=localhost".parse()?).sans(names);
    let server = a.issue(&parameters, &Profile::server(), now)?;
    for database in ["verified", "bound"] {
        cluster.database(database)?;
    }
    cluster.sql(
        "bound",
        "CREATE ROLE scram LOGIN PASSWORD 'secret'; GRANT ALL ON SCHEMA public TO scram",
    )?;
    let rules = "hostssl verified ca 127.0.0.1/32 trust clientcert=verify-full\n\
                 host verified ca 127.0.0.1/32 reject\n\
                 host bound scram 127.0.0.1/32 scram-sha-256";
    let files = TlsFiles {
        certificate: &certificate_pem(server.certificate()),
        key: &key.secret_pkcs8_pem(),
        client_roots: &certificate_pem(a.certificate()),
    };
    cluster
        .use_tls(&files, rules)
        .context("PostgreSQL with TLS")?;
    Ok(directory)
}
