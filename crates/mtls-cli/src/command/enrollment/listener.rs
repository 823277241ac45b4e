//! The listener of `mtls serve --enroll`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use mtls_server::listen;
use pki_core::Role;
use pki_enroll::{
    EnrollProfile, Enrollment, EnrollmentCa, EnrollmentServer, ServerNames, Tokens, enrollment,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use x509_identity::SubjectAltName;

use crate::home::{OpenCa, Purpose};
use crate::issue::names_of_server;

/// Where certificates are asked for.
#[derive(Args, Debug)]
#[command(next_help_heading = "Enrolment")]
pub(crate) struct EnrollArgs {
    /// Let devices get and renew their certificates here, over TLS; the CA issues the certificate of this listener itself
    #[arg(long = "enroll", value_name = "ADDR", conflicts_with = "read_only")]
    address: Option<SocketAddr>,

    /// What devices call this listener: a host name or IP address; may be given again
    /// [default: localhost and the address of --enroll]
    #[arg(long = "enroll-name", value_name = "NAME", requires = "address")]
    names: Vec<String>,
}

/// What is listened on, before anything is issued.
pub(crate) struct EnrollListener {
    listener: TcpListener,
    names: ServerNames,
}

impl EnrollArgs {
    /// # Errors
    ///
    /// If the port is taken, or a name is not one of a server.
    pub(crate) fn listener(&self, ca: &OpenCa) -> Result<Option<EnrollListener>> {
        let Some(address) = self.address else {
            return Ok(None);
        };
        let mut names = Vec::new();
        for name in &self.names {
            names.extend(names_of_server(name)?.1);
        }
        if names.is_empty() {
            names.push(SubjectAltName::Dns("localhost".into()));
            names.extend(reached_by(address.ip()).map(SubjectAltName::Ip));
        }
        let profile = ca.directory().profile(Purpose::Server.name())?;
        let listener = listen::bind(address).with_context(|| {
            let (ip, port) = (address.ip(), address.port());
            format!("cannot listen on port {port} of {ip}: choose another with --enroll")
        })?;
        Ok(Some(EnrollListener {
            listener,
            names: ServerNames {
                names,
                profile,
                profile_name: ENROLLMENT_SERVER.to_owned(),
            },
        }))
    }
}

impl EnrollListener {
    /// # Errors
    ///
    /// If the CA does not issue the certificate of this listener.
    pub(crate) async fn serve(
        self,
        ca: watch::Receiver<Arc<EnrollmentCa>>,
    ) -> Result<EnrollmentServer> {
        let store = ca.borrow().authority.store().clone();
        let service = Enrollment::following(ca.clone()).credential(Tokens::new(store));
        let router = enrollment(service);
        Ok(EnrollmentServer::start(self.listener, router, self.names, ca).await?)
    }
}

/// The CA with its profiles for leaves, as they are now.
///
/// # Errors
///
/// If the passphrase is wrong, or a profile cannot be read.
pub(crate) async fn enrollment_ca(ca: &OpenCa) -> Result<EnrollmentCa> {
    let mut profiles = BTreeMap::new();
    for name in ca.directory().profile_names()? {
        let (profile, approval) = ca.directory().enrollment_profile(&name)?;
        if !matches!(profile.role, Role::Client | Role::Server) {
            continue;
        }
        let mut profile = EnrollProfile::new(profile);
        profile.approval = approval;
        profiles.insert(name, profile);
    }
    if profiles.is_empty() {
        bail!(
            "the CA `{}` has no profile for clients or servers",
            ca.name()
        );
    }
    Ok(EnrollmentCa {
        authority: ca.issuing().await?,
        profiles,
        roots: ca.directory().roots()?,
    })
}

/// An address that stands for all addresses is none that a device could use.
fn reached_by(address: IpAddr) -> Option<IpAddr> {
    (!address.is_unspecified()).then_some(address)
}

/// What the certificates of this listener are called in the store, and no profile of a directory.
pub(crate) const ENROLLMENT_SERVER: &str = "enrollment-server";
