//! What holds for the packages that others depend on: each set of features is documented without a warning, the oldest
//! compiler that they promise is enough, and they can be published.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use suite::workspace;

use crate::metadata::{Metadata, Package};

/// Documents each library with none of its features, with each of them alone, and with all.
///
/// # Errors
///
/// If one does not compile or its documentation has a warning.
pub(crate) fn check_features() -> Result<()> {
    for library in Metadata::read()?.libraries() {
        for features in sets(library) {
            println!("{} {}", library.name, features.join(" "));
            let status = Command::new(env!("CARGO"))
                .args(["doc", "--quiet", "--no-deps", "--package", &library.name])
                .args(&features)
                .env("RUSTDOCFLAGS", "-D warnings")
                .current_dir(workspace())
                .status()
                .context("starting cargo")?;
            ensure!(status.success(), "{}: see above", library.name);
        }
    }
    Ok(())
}

fn sets(library: &Package) -> Vec<Vec<&str>> {
    let names = library.features.keys().map(String::as_str);
    let single: Vec<_> = names.filter(|name| *name != "default").collect();
    if single.is_empty() {
        // The documentation of the workspace has it.
        return Vec::new();
    }
    let mut sets = vec![vec!["--no-default-features"], vec!["--all-features"]];
    if single.len() > 1 {
        let alone = |name| vec!["--no-default-features", "--features", name];
        sets.extend(single.into_iter().map(alone));
    }
    sets
}

/// Builds the libraries with the oldest compiler that they promise, if rustup has it. Otherwise goes by what everything
/// they are built from says of itself, and says so.
///
/// # Errors
///
/// If they need a newer one.
pub(crate) fn check_oldest_compiler() -> Result<()> {
    let metadata = Metadata::read()?;
    let mut promised = metadata.libraries().map(|it| it.rust_version.as_deref());
    let oldest = promised.next().flatten().context("no rust-version")?;
    ensure!(
        promised.all(|it| it == Some(oldest)),
        "the libraries have different rust-versions"
    );
    if has_toolchain(oldest) {
        println!("building with Rust {oldest}");
        let status = Command::new("rustup")
            .args(["run", oldest, "cargo", "check", "--workspace", "--lib"])
            .args(["--target-dir", "target/oldest-compiler"])
            .current_dir(workspace())
            .status()
            .context("starting rustup")?;
        ensure!(status.success(), "it does not build: see above");
        return Ok(());
    }
    let newer: Vec<_> = metadata
        .packages
        .iter()
        .filter_map(|package| Some((package, package.rust_version.as_deref()?)))
        .filter(|(_, needed)| numbers(needed) > numbers(oldest))
        .map(|(package, needed)| format!("{} {} ({needed})", package.name, package.version))
        .collect();
    if !newer.is_empty() {
        bail!("newer than Rust {oldest}: {}", newer.join(", "));
    }
    println!(
        "Rust {oldest} is not installed: nothing was built with it. {} packages say of themselves that it is enough, or \
         do not say",
        metadata.packages.len()
    );
    Ok(())
}

/// Whether rustup has it already: nothing is to be downloaded.
fn has_toolchain(version: &str) -> bool {
    let list = Command::new("rustup").args(["toolchain", "list"]).output();
    let begins = |name: &str| {
        name.strip_prefix(version)
            .is_some_and(|rest| rest.starts_with('-'))
    };
    list.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).lines().any(begins))
}

/// 1.88 and 1.88.0 are the same.
fn numbers(version: &str) -> [u64; 3] {
    let mut numbers = [0; 3];
    for (number, text) in numbers.iter_mut().zip(version.split('.')) {
        *number = text.parse().unwrap_or_default();
    }
    numbers
}

/// Packs each library as it would be published, with what the registry asks of it; not built once more.
///
/// # Errors
///
/// If cargo would not publish one.
pub(crate) fn check_packages() -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["publish", "--workspace", "--dry-run", "--no-verify"])
        // What is being worked on is packed too.
        .args(["--allow-dirty", "--quiet"])
        .current_dir(workspace())
        .status()
        .context("starting cargo")?;
    ensure!(status.success(), "see above");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(numbers("1.100") > numbers("1.88"));
        assert_eq!(numbers("1.88"), numbers("1.88.0"));
        assert!(numbers("1.88.0") > numbers("1.87.9"));
        assert!(numbers("1.56") < numbers("1.88"));
    }

    #[test]
    fn each_feature_is_tried_alone() -> Result<()> {
        let metadata = Metadata::read()?;
        let names: Vec<_> = metadata.libraries().map(|it| it.name.as_str()).collect();
        assert!(names.contains(&"mtls-server"), "{names:?}");
        assert!(!names.contains(&"xtask"), "{names:?}");
        let client = metadata.libraries().find(|it| it.name == "mtls-client");
        let client = client.context("mtls-client")?;
        assert!(sets(client).contains(&vec!["--no-default-features"]));
        let server = metadata.libraries().find(|it| it.name == "mtls-server");
        let server = sets(server.context("mtls-server")?);
        for name in ["axum-server", "ocsp", "opa", "proxy-protocol"] {
            let alone = vec!["--no-default-features", "--features", name];
            assert!(server.contains(&alone), "{name}: {server:?}");
        }
        Ok(())
    }
}
