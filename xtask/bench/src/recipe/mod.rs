//! The recipe's set (root, server, client, two `.p12`) as whole processes.

pub(crate) mod set;

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, ML_DSA_65_SIGNING, PqdsaKeyPair,
    RSA_PKCS1_SHA256, RsaKeyPair,
};
use suite::Peers;

use self::set::Keys;
use crate::measuring::clock::{Effort, finish, milliseconds};
use crate::measuring::versions;
use crate::report::{Aim, Better, Comparison, Contender, Report, Side};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    Ok(Report {
        versions: versions::of(peers, &["aws-lc-rs"], &["OpenSSL"])?,
        comparisons: vec![
            compare(
                peers,
                Keys::Ec,
                effort.rounds(3, 25),
                Some(Aim::AtMost(10.0)),
            )?,
            compare(peers, Keys::Rsa, effort.rounds(1, 15), None)?,
        ],
    })
}

fn compare(peers: &Peers, keys: Keys, rounds: usize, aim: Option<Aim>) -> Result<Comparison> {
    let mut contenders = [
        Contender::new("ours, one process", Side::Ours),
        Contender::new("the recipe's openssl commands", Side::Peer),
        Contender::new("the same without the system's roots", Side::Peer),
        Contender::new("ours, in a process that runs already", Side::Bound),
        Contender::new("an empty process (`true`)", Side::Bound),
        Contender::new("3 keys and 3 signatures, in process", Side::Bound),
    ];
    // In turn, so that a noisy moment meets all of them.
    for _ in 0..rounds {
        let times = [
            ours(keys)?,
            openssl(peers, keys, SystemRoots::Read)?,
            openssl(peers, keys, SystemRoots::Hidden)?,
            in_this_process(keys)?,
            milliseconds(|| finish(&mut Command::new("true")))?,
            milliseconds(|| keys_and_signatures(keys))?,
        ];
        for (contender, time) in contenders.iter_mut().zip(times) {
            contender.samples.push(time);
        }
    }
    Ok(Comparison {
        title: format!("The recipe's set, {}", keys.title()),
        unit: "ms",
        better: Better::Lower,
        contenders: contenders.into(),
        aim,
    })
}

/// This very program as `recipe-set`.
fn ours(keys: Keys) -> Result<f64> {
    let directory = tempfile::tempdir()?;
    let mut command = Command::new(env::current_exe()?);
    command.arg("recipe-set").arg(directory.path());
    command.args(["--key-type", keys.argument()]);
    let time = milliseconds(|| finish(&mut command))?;
    is_complete(directory.path())?;
    Ok(time)
}

/// Without what a process does once: being loaded, and seeding its random generator.
fn in_this_process(keys: Keys) -> Result<f64> {
    SystemRandom::new().fill(&mut [0; 32])?;
    let directory = tempfile::tempdir()?;
    milliseconds(|| set::write(directory.path(), keys))
}

/// Whether `openssl` finds the system's trusted roots, all of which `openssl x509 -req` reads for nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SystemRoots {
    Hidden,
    Read,
}

fn openssl(peers: &Peers, keys: Keys, roots: SystemRoots) -> Result<f64> {
    let directory = tempfile::tempdir()?;
    let mut command = peers.command("sh");
    command.args([
        "-c",
        include_str!("recipe.sh"),
        "recipe.sh",
        keys.argument(),
    ]);
    command.current_dir(directory.path());
    if roots == SystemRoots::Hidden {
        command.env("SSL_CERT_FILE", "/dev/null");
        command.env("SSL_CERT_DIR", "/nonexistent");
    }
    let time = milliseconds(|| finish(&mut command))?;
    is_complete(directory.path())?;
    Ok(time)
}

fn is_complete(directory: &Path) -> Result<()> {
    let files = set::listing(directory)?;
    let missing = set::FILES.iter().find(|file| {
        files
            .binary_search_by(|name| name.as_str().cmp(file))
            .is_err()
    });
    ensure!(missing.is_none(), "{} was not made", missing.unwrap_or(&""));
    Ok(())
}

/// What no program that makes this set can leave out.
fn keys_and_signatures(keys: Keys) -> Result<()> {
    let random = SystemRandom::new();
    match keys {
        Keys::Ec => {
            let generate = || EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
            let root = generate()?;
            let _leaves = [generate()?, generate()?];
            for _ in 0..3 {
                root.sign(&random, &MESSAGE)?;
            }
        }
        Keys::Rsa => {
            let root = RsaKeyPair::generate(KeySize::Rsa4096)?;
            let generate = || RsaKeyPair::generate(KeySize::Rsa2048);
            let _leaves = [generate()?, generate()?];
            let mut signature = vec![0; root.public_modulus_len()];
            for _ in 0..3 {
                root.sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature)?;
            }
        }
        Keys::MlDsa => {
            let generate = || PqdsaKeyPair::generate(&ML_DSA_65_SIGNING);
            let root = generate()?;
            let _leaves = [generate()?, generate()?];
            let mut signature = vec![0; ML_DSA_65_SIGNING.signature_len()];
            for _ in 0..3 {
                root.sign(&MESSAGE, &mut signature)?;
            }
        }
    }
    Ok(())
}

/// As long as a certificate of the set without its signature.
const MESSAGE: [u8; 400] = [0x30; 400];
