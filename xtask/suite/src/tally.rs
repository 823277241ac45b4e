//! How a suite ends: a line that counts, and an exit code.

use std::fmt;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Result;

/// How many points held, and how many did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Those that held.
    pub passed: usize,
    /// Those that did not.
    pub failed: usize,
}

impl Tally {
    /// Counts these, too.
    pub fn add(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

impl FromStr for Tally {
    type Err = NoTally;

    fn from_str(line: &str) -> Result<Self, NoTally> {
        let (passed, rest) = line.split_once(" passed, ").ok_or(NoTally)?;
        let failed = rest.strip_suffix(" failed").ok_or(NoTally)?;
        Ok(Self {
            passed: passed.parse().map_err(|_| NoTally)?,
            failed: failed.parse().map_err(|_| NoTally)?,
        })
    }
}

/// The line is not the last of a suite.
#[derive(Debug)]
pub struct NoTally;

/// Prints a line for each point, with what was seen or why it does not hold, and counts them.
pub fn report<N: fmt::Display>(points: impl IntoIterator<Item = (N, Result<String>)>) -> Tally {
    let mut tally = Tally::default();
    for (name, outcome) in points {
        match outcome {
            Ok(seen) => {
                println!("ok      {name}: {seen}");
                tally.passed += 1;
            }
            Err(error) => {
                println!("FAILED  {name}: {error:#}");
                tally.failed += 1;
            }
        }
    }
    tally
}

/// The closing line of a suite, and the exit code that goes with it.
pub fn close(outcome: Result<Tally>) -> ExitCode {
    finish(outcome.map(|tally| {
        println!("\n{tally}");
        if tally.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }))
}

/// The exit code of a command; what failed is one line on stderr.
pub fn finish(outcome: Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn the_last_line_of_a_suite_is_read_as_it_was_written() {
        let tally = Tally {
            passed: 12,
            failed: 3,
        };
        assert_eq!(tally.to_string().parse().ok(), Some(tally));
        for other in [
            "",
            "12 passed",
            "ok      soak: 3 failed",
            "x passed, 0 failed",
        ] {
            assert!(other.parse::<Tally>().is_err(), "{other}");
        }
    }
}
