//! How long and how often something is measured, and what comes of it.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// How much time a bench may take.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    quick: bool,
}

impl Effort {
    pub(crate) fn new(quick: bool) -> Self {
        Self { quick }
    }

    pub(crate) fn is_quick(self) -> bool {
        self.quick
    }

    /// How many rounds: `full`, or `quick` in a quick run.
    pub(crate) fn rounds(self, quick: usize, full: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// How long a rate is measured in each round: `full`, or 300 ms in a quick run.
    pub(crate) fn span(self, full: Duration) -> Duration {
        if self.quick {
            full.min(Duration::from_millis(300))
        } else {
            full
        }
    }
}

/// What was measured of one thing, a value for each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl Samples {
    /// Of what is measured once.
    pub(crate) fn one(value: f64) -> Self {
        Self(vec![value])
    }

    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.0
    }

    /// The middle one, or half-way between the two; not a number where nothing was measured.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => f64::NAN,
            odd if odd % 2 == 1 => sorted[middle],
            _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
        }
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }
}

/// How often a second `work` is done, by one thread that does nothing else for `span`.
pub(crate) fn per_second<T>(span: Duration, mut work: impl FnMut() -> Result<T>) -> Result<f64> {
    let start = Instant::now();
    let mut done = 0_u32;
    loop {
        black_box(work()?);
        done += 1;
        let elapsed = start.elapsed();
        if elapsed >= span {
            return Ok(f64::from(done) / elapsed.as_secs_f64());
        }
    }
}

/// The milliseconds that `work` takes.
pub(crate) fn milliseconds<T>(work: impl FnOnce() -> Result<T>) -> Result<f64> {
    let start = Instant::now();
    black_box(work()?);
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// Runs `command` to its end, which must be a success.
///
/// Not by `process::run`: that looks every 20 ms whether a program has ended.
pub(crate) fn finish(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .with_context(|| format!("starting {program}"))?;
    ensure!(
        output.status.success(),
        "{program} left with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn the_median_is_the_middle_of_the_sorted() {
        for (values, median) in [
            (vec![3.0], 3.0),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 2.0, 100.0], 3.0),
        ] {
            assert_eq!(Samples(values).median(), median);
        }
        assert!(Samples::default().median().is_nan());
    }
}
