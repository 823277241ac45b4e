//! A sign of life on a terminal, for what takes seconds.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A line on stderr that moves, until this is dropped. Nothing where nobody looks.
pub(crate) struct Waiting(Option<(Sender<()>, JoinHandle<()>)>);

impl Waiting {
    /// Says `what` there is to wait for.
    pub(crate) fn of(what: &'static str) -> Self {
        if !stderr().is_terminal() {
            return Self(None);
        }
        let (stop, stopped) = channel();
        let thread = thread::spawn(move || {
            for sign in ['|', '/', '-', '\\'].iter().cycle() {
                draw(&format!("{sign} {what}"));
                if stopped.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            draw("");
        });
        Self(Some((stop, thread)))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            drop(stop);
            // A thread that only writes has nothing to tell.
            let _ = thread.join();
        }
    }
}

/// Replaces the line that is there. Who cannot see it misses nothing.
fn draw(line: &str) {
    let _ = write!(stderr(), "\r\x1b[K{line}");
}

const PAUSE: Duration = Duration::from_millis(100);
