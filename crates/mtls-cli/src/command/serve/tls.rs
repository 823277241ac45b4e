//! The servers over TLS, whose certificates the CA issues itself.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use pki_enroll::{EnrollmentCa, EnrollmentServer};
use tokio::sync::watch;

use super::console::ConsoleListener;
use super::enrollment::{EnrollListener, enrollment_ca};
use crate::home::OpenCa;

/// Those that were asked for.
#[derive(Default)]
pub(super) struct TlsServers {
    replace: Option<watch::Sender<Arc<EnrollmentCa>>>,
    enroll: Option<EnrollmentServer>,
    console: Option<EnrollmentServer>,
}

impl TlsServers {
    /// # Errors
    ///
    /// If the CA cannot issue their certificates.
    pub(super) async fn start(
        ca: &OpenCa,
        enroll: Option<EnrollListener>,
        console: Option<ConsoleListener>,
        stopped: watch::Receiver<bool>,
    ) -> Result<Self> {
        let mut servers = Self::default();
        if enroll.is_none() && console.is_none() {
            return Ok(servers);
        }
        let (replace, present) = watch::channel(Arc::new(enrollment_ca(ca).await?));
        servers.replace = Some(replace);
        if let Some(listener) = enroll {
            servers.enroll = Some(listener.serve(present.clone(), stopped).await?);
        }
        if let Some(listener) = console {
            servers.console = Some(listener.serve(present).await?);
        }
        Ok(servers)
    }

    /// Where they get the CA from, when it was rotated or a profile was changed.
    pub(super) fn replace(&self) -> Option<&watch::Sender<Arc<EnrollmentCa>>> {
        self.replace.as_ref()
    }

    pub(super) fn enroll_url(&self) -> Option<String> {
        self.enroll.as_ref().map(https)
    }

    pub(super) fn console_url(&self) -> Option<String> {
        self.console.as_ref().map(https)
    }

    pub(super) async fn stop(self, grace: Duration) {
        for server in [self.enroll, self.console].into_iter().flatten() {
            server.stop(grace).await;
        }
    }
}

fn https(server: &EnrollmentServer) -> String {
    format!("https://{}", server.local_addr())
}
