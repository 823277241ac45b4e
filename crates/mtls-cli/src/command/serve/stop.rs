//! When to stop.

use anyhow::Result;

use crate::interrupt;

/// What ends when Ctrl-C is pressed, or a service manager ends the service. From this call on, either is noticed.
pub(crate) fn stop_wanted() -> Result<impl Future<Output = ()>> {
    interrupt::leave_to_command();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
