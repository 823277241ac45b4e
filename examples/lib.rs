//! What the example programs share: how they end, reload, log and print, and whom they talk to.

mod files;
mod peer;

use std::error::Error;
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use mtls_server::MtlsHandle;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt};

pub use files::ServerFiles;
pub use peer::Peer;

/// Runs a program to its end: what fails is one line on stderr with its causes, and exit code 1.
///
/// Events go to stderr as [`log_to_stderr`] says.
pub async fn finish(program: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    start_log();
    outcome(program.await)
}

/// Begins to log, as [`log_to_stderr`] says; for programs that have something to do before.
pub fn start_log() {
    tracing_subscriber::registry().with(log_to_stderr()).init();
}

/// What the programs log, for the end of their `--help`.
pub const LOG_HELP: &str = "Each client that is refused is one line on stderr. RUST_LOG=mtls_server=info also shows \
     those that are accepted, RUST_LOG=debug everything, RUST_LOG=error errors alone.";

/// Writes events to stderr, as the environment variable `RUST_LOG` says (`info,mtls_server=debug`). Without it, errors,
/// and the warnings of this project's crates: a line for each client that is refused, denied or cut off.
pub fn log_to_stderr<S>() -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_filter(levels())
}

fn levels() -> Targets {
    match std::env::var("RUST_LOG").as_deref().map(str::parse) {
        Ok(Ok(levels)) => levels,
        Ok(Err(error)) => {
            eprintln!("warning: RUST_LOG has no meaning here: {error}");
            default_levels()
        }
        Err(_) => default_levels(),
    }
}

fn default_levels() -> Targets {
    Targets::new()
        .with_default(LevelFilter::ERROR)
        .with_target("mtls_client", LevelFilter::WARN)
        .with_target("mtls_server", LevelFilter::WARN)
}

/// Tells on stderr why a program failed, in one line with its causes.
pub fn outcome(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("error: {}", sentence(&*error));
        ExitCode::FAILURE
    })
}

/// An error and its causes in one line, without those that are told by the error above them.
#[must_use]
pub fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut sentence = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !sentence.contains(&said) {
            sentence.push_str(": ");
            sentence.push_str(&said);
        }
        next = cause.source();
    }
    sentence
}

/// Waits until somebody wants the program to stop: Ctrl-C, or SIGTERM as service managers send it.
///
/// # Errors
///
/// If the signals cannot be watched.
pub async fn stop_wanted() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Reloads a server's files on each SIGHUP from now on, as long as the program runs.
///
/// A reload that fails leaves the settings in force, and a line of level error in the log.
///
/// # Errors
///
/// If the signal cannot be watched.
pub fn reload_on_hangup(handle: MtlsHandle) -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                let _ = handle.reload().await;
            }
        });
    }
    #[cfg(not(unix))]
    drop(handle);
    Ok(())
}

/// Writes `text` to standard output. A reader that has seen enough (`| head`) is no error.
///
/// # Errors
///
/// Whatever else keeps it from being written, such as a full disk.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let error = anyhow::anyhow!("disk full")
            .context("disk full")
            .context("it cannot be written");
        assert_eq!(sentence(&*error), "it cannot be written: disk full");
        assert_eq!(sentence(&*anyhow::anyhow!("alone")), "alone");
    }
}
