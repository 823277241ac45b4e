//! What a service manager is told (`sd_notify`): that the service is ready, how it is, that it is alive, that it ends.

#[cfg(unix)]
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::output::note;

/// Whoever has started this process and wants to hear of it. There may be nobody.
#[derive(Debug, Default)]
pub(super) struct ServiceManager {
    #[cfg(unix)]
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that `NOTIFY_SOCKET` and `WATCHDOG_USEC` name (`sd_notify(3)`, `sd_watchdog_enabled(3)`).
    pub(super) fn from_environment() -> Self {
        #[cfg(unix)]
        if let Some(address) = std::env::var_os(NOTIFY_SOCKET) {
            let socket = match connected(&address) {
                Ok(socket) => Some(socket),
                Err(error) => {
                    note(format!(
                        "the service manager cannot be told anything: {error}"
                    ));
                    None
                }
            };
            let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
            let is_ours =
                number("WATCHDOG_PID").is_none_or(|id| id == u64::from(std::process::id()));
            let watchdog = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0);
            return Self {
                socket,
                watchdog: watchdog.map(Duration::from_micros),
            };
        }
        Self::default()
    }

    /// How often it wants to hear that this process is alive: twice as often as it would give up.
    pub(super) fn beat(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 2)
    }

    pub(super) fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    pub(super) fn ready(&self) {
        self.tell("READY=1");
    }

    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// A line for people.
    pub(super) fn status(&self, line: &str) {
        let line = line.replace(char::is_control, " ");
        self.tell(&format!("STATUS={line}"));
    }

    fn tell(&self, state: &str) {
        #[cfg(unix)]
        if let Some(socket) = &self.socket {
            // A manager that does not listen any more needs to know nothing.
            let _ = socket.send(state.as_bytes());
        }
        #[cfg(not(unix))]
        let _ = state;
    }
}

/// `@` stands for the zero byte of Linux's abstract names.
#[cfg(unix)]
fn connected(address: &std::ffi::OsStr) -> std::io::Result<UnixDatagram> {
    use std::os::unix::ffi::OsStrExt as _;

    let socket = UnixDatagram::unbound()?;
    match address.as_bytes().split_first() {
        #[cfg(target_os = "linux")]
        Some((b'@', name)) => {
            use std::os::linux::net::SocketAddrExt as _;
            use std::os::unix::net::SocketAddr;
            socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?;
        }
        _ => socket.connect(address)?,
    }
    // A manager that is busy is waited for, as it has to hear of it, and one that is stuck is not.
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}

#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(1);

/// Where a service manager listens, which the commands that this process runs are not told.
pub(super) const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";
