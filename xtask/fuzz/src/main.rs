//! `cargo xtask fuzz`: libFuzzer against each parser of outside bytes, on the stable compiler.
//!
//! The compiler marks the branches by an LLVM pass that it has on every channel; what nightly alone has is the
//! address sanitizer, which looks for errors that safe code does not make.

mod acme;
mod seeds;
mod target;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::thread;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use suite::{Tally, workspace};

use self::target::Target;

fn main() -> ExitCode {
    suite::close(Fuzz::parse().run())
}

/// Feed the parsers of outside bytes with inputs that nobody thought of.
///
/// Built with coverage into target/fuzz, where what was found is kept for the next run.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask fuzz",
    after_help = "Example: cargo xtask fuzz p12 --seconds 600"
)]
struct Fuzz {
    /// Which parsers; all if left out
    #[arg(value_name = "NAME")]
    targets: Vec<Target>,

    /// How long each is fed
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u32,

    /// Run this input alone, such as one that ended a run
    #[arg(long, value_name = "FILE", requires = "targets")]
    input: Option<PathBuf>,
}

impl Fuzz {
    /// How many targets passed and failed.
    fn run(&self) -> Result<Tally> {
        let targets = if self.targets.is_empty() {
            Target::value_variants()
        } else {
            &self.targets
        };
        let programs = build()?;
        if let Some(input) = &self.input {
            return replay(&programs, targets, input);
        }
        // Each has one thread, so that as many run at a time as there are cores.
        let at_a_time = thread::available_parallelism().map_or(1, usize::from);
        let mut tally = Tally::default();
        if targets.contains(&Target::P12) {
            let changed = mutations()?;
            tally.passed += changed.passed;
            tally.failed += changed.failed;
        }
        for some in targets.chunks(at_a_time) {
            let verdicts: Vec<_> = thread::scope(|scope| {
                let feed = |target| feed(&programs, target, self.seconds);
                let threads: Vec<_> = some
                    .iter()
                    .map(|one| scope.spawn(move || feed(*one)))
                    .collect();
                threads.into_iter().map(|thread| thread.join()).collect()
            });
            for verdict in verdicts {
                match verdict.unwrap_or_else(|panic| std::panic::resume_unwind(panic))? {
                    Verdict::Passed(line) => {
                        tally.passed += 1;
                        println!("ok      {line}");
                    }
                    Verdict::Failed(text) => {
                        tally.failed += 1;
                        println!("{text}");
                    }
                }
            }
        }
        Ok(tally)
    }
}

/// Changes files of many writers in 32,000 ways, the same in each run, by a test that makes a share of them.
fn mutations() -> Result<Tally> {
    let said = Command::new(env!("CARGO"))
        // Of the whole workspace, with its features, as the other tests are built.
        .args(["test", "--quiet", "--workspace", "--test", "mutations"])
        .env("P12_MUTATIONS", MUTATIONS.to_string())
        .current_dir(workspace())
        .output()
        .context("starting the mutations of PKCS#12 files")?;
    let mut tally = Tally::default();
    if said.status.success() {
        tally.passed += 1;
        println!("ok      p12: {MUTATIONS} changed files");
    } else {
        tally.failed += 1;
        println!(
            "FAILED  p12, changed files: {}",
            String::from_utf8_lossy(&said.stdout)
        );
    }
    Ok(tally)
}

/// What became of one target.
enum Verdict {
    Passed(String),
    Failed(String),
}

/// Lets libFuzzer work on `target`, from its seeds and what earlier runs found.
fn feed(programs: &Path, target: Target, seconds: u32) -> Result<Verdict> {
    let name = target.name();
    let of = |what: &str| output().join(what).join(name);
    let (corpus, seeds, found) = (of("corpus"), of("seeds"), of("artifacts"));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&found)?;
    seeds::write(target, &seeds).with_context(|| format!("making the seeds of {name}"))?;
    let said = Command::new(programs.join(name))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={}", target.longest()))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .args(LIMITS)
        .args([&corpus, &seeds])
        .env("RUST_BACKTRACE", "0")
        .output()
        .with_context(|| format!("starting {name}"))?;
    let text = String::from_utf8_lossy(&said.stderr);
    if said.status.success() {
        let inputs = after(&text, "stat::number_of_executed_units:").unwrap_or("?");
        return Ok(Verdict::Passed(format!(
            "{name}: {inputs} inputs in {seconds} s"
        )));
    }
    let again = after(&text, "Test unit written to").map_or_else(String::new, |input| {
        format!("\ninput:  {input}\nagain:  cargo xtask fuzz {name} --input {input}")
    });
    Ok(Verdict::Failed(format!(
        "FAILED  {name}: {}{again}",
        reason(&said)
    )))
}

/// Runs the one `input` through each of `targets`.
fn replay(programs: &Path, targets: &[Target], input: &Path) -> Result<Tally> {
    ensure!(input.is_file(), "there is no file {}", input.display());
    let mut tally = Tally::default();
    for target in targets {
        let mut command = Command::new(programs.join(target.name()));
        let said = command
            .args(LIMITS)
            .arg(input)
            .env("RUST_BACKTRACE", "0")
            .output()?;
        if said.status.success() {
            tally.passed += 1;
            println!("ok      {}", target.name());
        } else {
            tally.failed += 1;
            println!("FAILED  {}: {}", target.name(), reason(&said));
        }
    }
    Ok(tally)
}

/// As many as PKCS#12 readers have been tried with elsewhere.
const MUTATIONS: usize = 32_000;

/// What a target wrote before libFuzzer's own account of it: the panic, or the limit that it met.
fn reason(said: &Output) -> String {
    let text = String::from_utf8_lossy(&said.stderr);
    let lines: Vec<_> = text
        .lines()
        .skip_while(|line| !line.contains("panicked at") && !line.contains("ERROR:"))
        .take_while(|line| !line.contains("libFuzzer: deadly signal"))
        .take(6)
        .collect();
    if lines.is_empty() {
        format!("it left with {}", said.status)
    } else {
        lines.join("\n        ")
    }
}

/// The rest of the line on which `mark` stands.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(mark)?;
    rest.lines()
        .next()
        .map(|line| line.trim_matches([' ', ';']))
}

/// Builds all targets, and says where they are.
fn build() -> Result<PathBuf> {
    let source = workspace().join("fuzz");
    use_locked_versions(&source)?;
    let host = host()?;
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(source.join("Cargo.toml"))
        // Named, so that the flags are for the targets alone and not for the build scripts.
        .args(["--target", &host, "--target-dir"])
        .arg(output())
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"))
        .current_dir(workspace())
        .status()
        .context("starting cargo")?;
    ensure!(
        status.success(),
        "the fuzz targets could not be built (libFuzzer takes a C++ compiler)"
    );
    Ok(output().join(host).join("release"))
}

/// Gives the targets the versions of the workspace: its Cargo.lock, from which cargo drops what they do not need and
/// to which it adds what they alone need, whose versions are exact in their Cargo.toml.
fn use_locked_versions(source: &Path) -> Result<()> {
    let of_workspace = fs::read(workspace().join("Cargo.lock")).context("reading Cargo.lock")?;
    let (own, copied) = (source.join("Cargo.lock"), output().join("Cargo.lock"));
    let is_known = fs::read(&copied).is_ok_and(|known| known == of_workspace);
    if !is_known || !own.is_file() {
        fs::create_dir_all(output())?;
        fs::write(&own, &of_workspace)?;
        fs::write(&copied, &of_workspace)?;
    }
    Ok(())
}

/// The target triple of this compiler.
fn host() -> Result<String> {
    let said = Command::new("rustc")
        .arg("-vV")
        .output()
        .context("starting rustc")?;
    let text = String::from_utf8_lossy(&said.stdout);
    let host = after(&text, "host:").context("rustc does not say what it runs on")?;
    Ok(host.to_owned())
}

fn output() -> PathBuf {
    workspace().join("target/fuzz")
}

/// Counters on every edge, and the operands of comparisons, which is how libFuzzer gets past magic numbers.
const FLAGS: &[&str] = &[
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// One input may take 5 s and the whole 1 GiB: no parser needs a hundredth of either.
const LIMITS: &[&str] = &["-timeout=5", "-rss_limit_mb=1024", "-print_final_stats=1"];

#[cfg(test)]
mod tests {
    use super::{Target, after};
    use clap::ValueEnum;
    use suite::workspace;

    #[test]
    fn every_target_has_its_file_and_every_file_its_target() {
        let directory = workspace().join("fuzz/targets");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .expect("the targets")
            .map(|entry| entry.expect("an entry").file_name().into_string())
            .map(|name| name.expect("a name in ASCII").replace(".rs", ""))
            .collect();
        files.sort();
        let targets: Vec<_> = Target::value_variants()
            .iter()
            .map(|one| one.name())
            .collect();
        assert_eq!(targets, files);
        for target in Target::value_variants() {
            assert_eq!(Target::from_str(target.name(), false), Ok(*target));
        }
    }

    #[test]
    fn what_libfuzzer_says_is_found() {
        let text = "stat::number_of_executed_units: 1234\nTest unit written to /a/crash-1\n";
        assert_eq!(after(text, "stat::number_of_executed_units:"), Some("1234"));
        assert_eq!(after(text, "Test unit written to"), Some("/a/crash-1"));
        assert_eq!(after(text, "nothing"), None);
    }
}
