//! The programs of the default members share the registry's crates that both build.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::process::Command;

/// The packages of the registry in the tree of `arguments`, each with the features that cargo gives it there.
fn built(arguments: &[&str]) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--prefix", "none", "--no-dedupe"])
        .args(["--format", "{p} {f}"])
        .args(arguments)
        .current_dir(suite::workspace())
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let lines = String::from_utf8(tree.stdout).unwrap();
    let root = suite::workspace().to_str().unwrap();
    let of_registry = lines.lines().filter(|line| !line.contains(root));
    of_registry
        .map(|line| line.replace(" (proc-macro)", ""))
        .collect()
}

#[test]
fn after_the_lab_gen_certs_builds_nothing_of_the_registry() {
    // As `cargo run --example lab` does it: all default members, with the features that their tests ask for.
    let lab = built(&["--edges", "normal,build,dev"]);
    let gen_certs = built(&["--package", "xtask", "--edges", "normal,build"]);
    assert!(gen_certs.len() > 50, "{gen_certs:#?}");
    let anew: Vec<_> = gen_certs.difference(&lab).collect();
    assert!(
        anew.is_empty(),
        "not built for the lab, or with other features: ask for the same in [workspace.dependencies]: {anew:#?}"
    );
}
