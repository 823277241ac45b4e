//! Something to look at where a command takes a while.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Runs `work`, and says on a terminal's stderr what it is about meanwhile.
pub(crate) fn waiting<T>(about: &'static str, work: impl FnOnce() -> T) -> T {
    // Nothing is drawn where stderr is not a terminal.
    let spinner = ProgressBar::new_spinner().with_message(about);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let done = work();
    spinner.finish_and_clear();
    done
}

/// How many of something are done, on a terminal's stderr, until this is dropped.
pub(crate) struct Counter(ProgressBar);

impl Counter {
    pub(crate) fn new(what: &'static str) -> Self {
        let style = ProgressStyle::with_template("{spinner} {pos} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let counter = ProgressBar::new_spinner()
            .with_style(style)
            .with_message(what);
        counter.enable_steady_tick(Duration::from_millis(100));
        Self(counter)
    }

    pub(crate) fn add(&self, count: usize) {
        self.0.inc(count as u64);
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
