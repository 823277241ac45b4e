//! Which pins apply to a server, and what happens if it has none of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use pki_core::verify::Path;
use rustls::pki_types::ServerName;

use crate::failure::error::{Error, ErrorKind};
use crate::trust::pin::{Pin, PinError, PinPlace, PinSet};

/// The pins of each host.
///
/// Pins are checked on the verified path, after everything else. So a pin never replaces a verification that failed.
/// Wherever a policy is expected, a [`PinSet`] can be passed as it is. It then applies to every server.
#[derive(Clone)]
pub struct PinPolicy {
    hosts: HashMap<ServerName<'static>, PinSet>,
    others: Option<PinSet>,
    on_mismatch: Option<Callback>,
}

type Callback = Arc<dyn Fn(&PinMismatch) + Send + Sync>;

/// A server that has none of the keys pinned for it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PinMismatch {
    /// Whether the server was accepted all the same: the set [only reports](PinSet::report_only).
    pub accepted: bool,
    /// The keys of its verified path, its own first, the root's last.
    pub seen: Vec<Pin>,
    /// The name or address that was verified.
    pub server_name: String,
}

impl PinPolicy {
    /// Pins for the hosts that [`host`](Self::host) names, and none for any other.
    #[must_use]
    pub fn per_host() -> Self {
        Self {
            hosts: HashMap::new(),
            others: None,
            on_mismatch: None,
        }
    }

    /// Applies `pins` to `host`, a DNS name or an IP address, instead of those for all hosts.
    ///
    /// Compared with the name that the server's certificate is verified for, in any case; names below
    /// `host` are other hosts. A second set for a host replaces the first.
    ///
    /// # Errors
    ///
    /// [`PinError::Host`] if `host` is neither a name nor an address.
    pub fn host(mut self, host: &str, pins: PinSet) -> Result<Self, PinError> {
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let name = relative(name)
            .and_then(|name| ServerName::try_from(name.to_owned()).ok())
            .ok_or_else(|| PinError::Host(host.to_owned()))?;
        self.hosts.insert(name, pins);
        Ok(self)
    }

    /// Calls `callback` for each server that has none of its pins, refused or accepted.
    ///
    /// It is called within the handshake, so it must not block or panic. An event of level warn, with
    /// the target `mtls_client`, says the same.
    #[must_use]
    pub fn on_mismatch(mut self, callback: impl Fn(&PinMismatch) + Send + Sync + 'static) -> Self {
        self.on_mismatch = Some(Arc::new(callback));
        self
    }

    /// Whether the server `name`, whose verified path is `path`, is accepted.
    pub(crate) fn judge(&self, name: &ServerName<'_>, path: &Path) -> Result<(), Error> {
        let Some(pins) = self.pins_of(name) else {
            return Ok(());
        };
        if pins.accepts(path) {
            return Ok(());
        }
        let seen: Vec<Pin> = path.certificates().map(|found| Pin::of(found)).collect();
        let mismatch = PinMismatch {
            accepted: pins.reports_only(),
            seen,
            server_name: name.to_str().into_owned(),
        };
        let error = mismatch.to_error(pins.place());
        tracing::warn!(
            target: "mtls_client",
            server_name = mismatch.server_name,
            accepted = mismatch.accepted,
            reason = error.to_string(),
            "the server has none of its pins"
        );
        if let Some(callback) = &self.on_mismatch {
            callback(&mismatch);
        }
        if mismatch.accepted {
            Ok(())
        } else {
            Err(error)
        }
    }

    fn pins_of(&self, name: &ServerName<'_>) -> Option<&PinSet> {
        let text = name.to_str();
        let of_host = match relative(&text) {
            Some(relative) if relative.len() < text.len() => {
                ServerName::try_from(relative.to_owned())
                    .ok()
                    .and_then(|name| self.hosts.get(&name))
            }
            _ => self.hosts.get(&name.to_owned()),
        };
        of_host.or(self.others.as_ref())
    }
}

/// A name without the dot that ends an absolute one.
fn relative(name: &str) -> Option<&str> {
    let relative = name.strip_suffix('.').unwrap_or(name);
    (!relative.is_empty()).then_some(relative)
}

impl PinMismatch {
    fn to_error(&self, place: PinPlace) -> Error {
        let keys = self
            .seen
            .iter()
            .map(Pin::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let missing = match place {
            PinPlace::Anchor => {
                "the root of the server's verified path is not pinned: the path has"
            }
            PinPlace::Anywhere => "no pinned key in the server's verified path, which has",
            PinPlace::Leaf => "the server's own key is not pinned: the path has",
        };
        Error::new(
            ErrorKind::PinMismatch {
                seen: self.seen.clone(),
            },
            format!(
                "{missing} {keys} (its own first, the root's last); pin one of them only if the \
                 server's owner confirms the change"
            ),
        )
    }
}

impl From<PinSet> for PinPolicy {
    fn from(pins: PinSet) -> Self {
        Self {
            others: Some(pins),
            ..Self::per_host()
        }
    }
}

impl fmt::Debug for PinPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinPolicy")
            .field("hosts", &self.hosts)
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}
