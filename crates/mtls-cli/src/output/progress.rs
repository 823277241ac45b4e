//! Something to look at where a command takes a while.

use std::time::Duration;

use indicatif::ProgressBar;

/// Runs `work`, and says on a terminal's stderr what it is about meanwhile.
pub(crate) fn waiting<T>(about: &'static str, work: impl FnOnce() -> T) -> T {
    // Nothing is drawn where stderr is not a terminal.
    let spinner = ProgressBar::new_spinner().with_message(about);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let done = work();
    spinner.finish_and_clear();
    done
}
