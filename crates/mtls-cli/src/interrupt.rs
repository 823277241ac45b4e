//! Ctrl-C, and how a command ends by it: with nothing half done beside its files, and with a terminal that echoes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;

/// What is being written beside its place, or how the terminal was. Whatever is left when the process is interrupted is
/// undone.
struct Undo {
    unfinished: Vec<PathBuf>,
    #[cfg(unix)]
    terminal: Option<rustix::termios::Termios>,
}

static UNDO: Mutex<Undo> = Mutex::new(Undo {
    unfinished: Vec::new(),
    #[cfg(unix)]
    terminal: None,
});

/// Whether a command sees to signals itself.
static IS_LEFT_TO_COMMAND: AtomicBool = AtomicBool::new(false);

fn undo() -> MutexGuard<'static, Undo> {
    UNDO.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file or directory that is removed if the process is interrupted while this exists.
#[derive(Debug)]
pub(crate) struct Unfinished(PathBuf);

impl Unfinished {
    /// Of what `make` makes.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub(crate) fn of<T: AsRef<Path>>(
        make: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        // Who is interrupted in between waits until it is known.
        let mut undo = undo();
        let made = make()?;
        let path = made.as_ref().to_owned();
        undo.unfinished.push(path.clone());
        Ok((made, Self(path)))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        undo().unfinished.retain(|path| *path != self.0);
    }
}

/// Calls `work`, which is brief: whoever interrupts the process waits for it. It makes and drops nothing [`Unfinished`].
pub(crate) fn uninterrupted<T>(work: impl FnOnce() -> T) -> T {
    let _undo = undo();
    work()
}

/// Calls `prompt`, which switches the terminal's echo off. If the process is interrupted meanwhile, it is switched on.
pub(crate) fn with_terminal<T>(prompt: impl FnOnce() -> T) -> T {
    #[cfg(unix)]
    {
        undo().terminal = rustix::termios::tcgetattr(io::stdin()).ok();
    }
    let answer = prompt();
    #[cfg(unix)]
    {
        undo().terminal = None;
    }
    answer
}

/// From now on whoever calls this notices signals, and ends in its own way.
pub(crate) fn leave_to_command() {
    IS_LEFT_TO_COMMAND.store(true, Ordering::Relaxed);
}

/// From now on a signal that ends the process has it clean up first. Runs beside the command, which may be blocked.
///
/// # Errors
///
/// If signals cannot be noticed.
pub(crate) fn watch() -> Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut terminated = signal(SignalKind::terminate())?;
        let mut hung_up = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            let kind = tokio::select! {
                _ = interrupted.recv() => SignalKind::interrupt(),
                _ = terminated.recv() => SignalKind::terminate(),
                _ = hung_up.recv() => SignalKind::hangup(),
            };
            if !IS_LEFT_TO_COMMAND.load(Ordering::Relaxed) {
                end(kind.as_raw_value());
            }
        });
    }
    Ok(())
}

/// As shells count it: 128 and the number of the signal.
#[cfg(unix)]
fn end(signal: i32) -> ! {
    let undo = undo();
    if let Some(terminal) = &undo.terminal {
        let _ = rustix::termios::tcsetattr(
            io::stdin(),
            rustix::termios::OptionalActions::Now,
            terminal,
        );
        // The prompt's line has no end yet.
        crate::output::note("");
    }
    for path in &undo.unfinished {
        remove(path);
    }
    crate::output::note("interrupted");
    std::process::exit(128 + signal)
}

/// The command goes on meanwhile, and may have written one file more.
#[cfg(unix)]
fn remove(path: &Path) {
    for _ in 0..3 {
        let removed = match path.is_dir() {
            true => fs::remove_dir_all(path),
            false => fs::remove_file(path),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {}
            _ => return,
        }
    }
}
