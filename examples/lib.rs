//! What the example programs share: how they end, log and print, and whom they talk to.

mod peer;

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

pub use peer::Peer;

/// Runs a program to its end: what fails is one line on stderr with its causes, and exit code 1.
///
/// Events go to stderr as the environment variable `RUST_LOG` says.
pub async fn finish(program: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    program.await.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
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

/// The programs in the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// So do those of the operator's guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/server.md")]
pub struct Guide;
