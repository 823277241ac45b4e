//! The listener of `mtls serve --console`.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use mtls_server::Rule;
use pki_console::{Console, console};
use pki_enroll::{EnrollmentCa, EnrollmentServer, ServerNames};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::operator::operator;
use crate::command::serve::bind::bind;
use crate::command::serve::enrollment::{ENROLLMENT_SERVER, own_names};
use crate::home::OpenCa;

/// Where operators look after the CA.
#[derive(Args, Debug)]
#[command(next_help_heading = "Console")]
pub(crate) struct ConsoleArgs {
    /// Show operators a console here, over mutual TLS; the CA issues the certificate of this listener itself
    #[arg(
        id = "console",
        long,
        value_name = "ADDR",
        requires = "operator",
        conflicts_with = "read_only"
    )]
    address: Option<SocketAddr>,

    /// Who is an operator, of those with a certificate of this CA: cn:NAME, ou:UNIT, dn:DN, email:ADDRESS, dns:PATTERN,
    /// uri:PATTERN, spiffe://ID, spki:SHA-256 or fingerprint:SHA-256; may be given again
    #[arg(id = "operator", long, value_name = "RULE", value_parser = operator, requires = "console")]
    operators: Vec<Rule>,

    /// What operators call this listener: a host name or IP address; may be given again
    /// [default: localhost and the address of --console]
    #[arg(
        id = "console_name",
        long = "console-name",
        value_name = "NAME",
        requires = "console"
    )]
    names: Vec<String>,
}

/// What is listened on, before anything is issued.
pub(crate) struct ConsoleListener {
    listener: TcpListener,
    names: ServerNames,
    operators: Rule,
}

impl ConsoleArgs {
    /// # Errors
    ///
    /// If the port is taken, or a name is not one of a server.
    pub(crate) fn listener(&self, ca: &OpenCa) -> Result<Option<ConsoleListener>> {
        let Some(address) = self.address else {
            return Ok(None);
        };
        let names = own_names(ca, address, &self.names, CONSOLE_SERVER)?;
        let listener = bind(address, "--console")?;
        Ok(Some(ConsoleListener {
            listener,
            names,
            operators: Rule::any(self.operators.iter().cloned()).named("operators"),
        }))
    }
}

impl ConsoleListener {
    /// # Errors
    ///
    /// If the CA does not issue the certificate of this listener.
    pub(crate) async fn serve(
        self,
        ca: watch::Receiver<Arc<EnrollmentCa>>,
    ) -> Result<EnrollmentServer> {
        let (store, name) = {
            let ca = ca.borrow();
            let issuer = ca.authority.issuer();
            (ca.authority.store().clone(), issuer.ca.clone())
        };
        let present = ca.clone();
        let settings = Console::new(store, name, self.operators)
            .profiles_by(move || present.borrow().profiles.keys().cloned().collect())
            .own_profiles([CONSOLE_SERVER, ENROLLMENT_SERVER]);
        let router = console(settings).context("the system gives no random bytes")?;
        let server = EnrollmentServer::start_for_clients(self.listener, router, self.names, ca);
        server.await.context("the console cannot be served")
    }
}

/// What the certificates of this listener are called in the store, and no profile of a directory.
pub(crate) const CONSOLE_SERVER: &str = "console-server";
