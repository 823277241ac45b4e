//! Counts what a server does from its start to its end, by a program that watches it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use suite::Peers;

/// What is counted, in all processes and threads of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    /// Outside of the kernel, by valgrind's callgrind.
    Instructions,
    /// By strace.
    SystemCalls,
}

/// How often there was what; of instructions there is one kind.
pub(crate) type Counts = BTreeMap<String, u64>;

impl Counter {
    /// The same server, watched; what is found goes into `directory`, which is empty.
    ///
    /// The process that is started is the server itself, so that it can be asked to end.
    pub(crate) fn watching(self, server: &Command, directory: &Path, peers: &Peers) -> Command {
        let mut command;
        match self {
            Self::Instructions => {
                command = peers.command("valgrind");
                command.args(["--quiet", "--tool=callgrind"]);
                let file = directory.join("%p");
                command.arg(format!("--callgrind-out-file={}", file.display()));
            }
            Self::SystemCalls => {
                command = peers.command("strace");
                command.args(["-D", "-f", "-c", "-o"]);
                command.arg(directory.join("summary")).arg("--");
            }
        }
        command.arg(server.get_program()).args(server.get_args());
        for (name, value) in server.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// What was found, once the server has ended.
    pub(crate) fn read(self, directory: &Path) -> Result<Counts> {
        match self {
            Self::Instructions => {
                let mut sum = 0;
                for entry in fs::read_dir(directory)? {
                    let file = entry?.path();
                    let profile = fs::read_to_string(&file)?;
                    let total = total_of_profile(&profile);
                    sum += total.with_context(|| format!("no total in {}", file.display()))?;
                }
                ensure!(sum > 0, "callgrind wrote nothing");
                Ok(Counts::from([("instructions".to_owned(), sum)]))
            }
            Self::SystemCalls => {
                // strace outlives the server by a moment.
                let end = Instant::now() + Duration::from_secs(10);
                loop {
                    let summary = fs::read_to_string(directory.join("summary"));
                    if let Some(calls) = summary.ok().as_deref().and_then(calls_of_summary) {
                        return Ok(calls);
                    }
                    ensure!(Instant::now() < end, "strace wrote no summary");
                    thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }
}

/// The instructions in a file of callgrind.
fn total_of_profile(profile: &str) -> Option<u64> {
    let mut lines = profile.lines().rev();
    let total = lines.find_map(|line| line.strip_prefix("totals:"))?;
    total.trim().parse().ok()
}

/// The calls in a summary of strace; `None` before its last line is there.
fn calls_of_summary(summary: &str) -> Option<Counts> {
    let mut calls = Counts::new();
    for line in summary.lines() {
        // Share, seconds, µs of each, calls, errors (or nothing), name.
        let fields: Vec<_> = line.split_whitespace().collect();
        let (Some(name), Some(Ok(count))) = (fields.last(), fields.get(3).map(|it| it.parse()))
        else {
            continue;
        };
        if *name == "total" {
            return Some(calls);
        }
        calls.insert((*name).to_owned(), count);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_tells_its_total() {
        let profile = "events: Ir\nfn=(1) main\n0 12\n\ntotals: 4711\n";
        assert_eq!(total_of_profile(profile), Some(4711));
        assert_eq!(total_of_profile("events: Ir\n"), None);
    }

    #[test]
    fn a_summary_is_read_when_it_is_whole() {
        let summary = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 51.02    0.000025           0        40         8 recvfrom
 48.98    0.000024           0        32           writev
------ ----------- ----------- --------- --------- ----------------
";
        assert_eq!(calls_of_summary(summary), None);
        let whole = format!("{summary}100.00    0.000049           0        72         8 total\n");
        let expected = [("recvfrom".to_owned(), 40), ("writev".to_owned(), 32)];
        assert_eq!(calls_of_summary(&whole), Some(Counts::from(expected)));
    }
}
