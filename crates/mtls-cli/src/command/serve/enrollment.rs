//! The listener of `mtls serve --enroll`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use pki_core::Role;
use pki_enroll::{
    Acme, AcmeSettings, EnrollProfile, Enrollment, EnrollmentCa, EnrollmentServer, ServerNames,
    Tokens, acme, enrollment, est,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use x509_identity::SubjectAltName;

use super::bind::bind;
use crate::home::{OpenCa, Purpose};
use crate::issue::names_of_server;
use crate::output::note;

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
    acme: AcmeSettings,
}

impl EnrollArgs {
    /// # Errors
    ///
    /// If the port is taken, or a name is not one of a server.
    pub(crate) fn listener(&self, ca: &OpenCa) -> Result<Option<EnrollListener>> {
        let Some(address) = self.address else {
            return Ok(None);
        };
        let names = own_names(ca, address, &self.names, ENROLLMENT_SERVER)?;
        let listener = bind(address, "--enroll")?;
        Ok(Some(EnrollListener {
            listener,
            names,
            acme: ca.directory().settings().acme.settings()?,
        }))
    }
}

impl EnrollListener {
    /// Serves, and tries the challenges of ACME until `stopped` has `true`.
    ///
    /// # Errors
    ///
    /// If the CA does not issue the certificate of this listener.
    pub(crate) async fn serve(
        self,
        ca: watch::Receiver<Arc<EnrollmentCa>>,
        stopped: watch::Receiver<bool>,
    ) -> Result<EnrollmentServer> {
        let store = ca.borrow().authority.store().clone();
        let service = Enrollment::following(ca.clone()).credential(Tokens::new(store));
        let challenges = Acme::new(service.clone(), self.acme)?;
        let router = enrollment(service.clone())
            .merge(est(service))
            .merge(acme(challenges.clone()));
        let server = EnrollmentServer::start(self.listener, router, self.names, ca).await?;
        tokio::spawn(challenges.run(stopped));
        Ok(server)
    }
}

/// The CA with its profiles for leaves, as they are now.
///
/// # Errors
///
/// If the passphrase is wrong, or a profile cannot be read.
pub(crate) async fn enrollment_ca(ca: &OpenCa) -> Result<EnrollmentCa> {
    let profiles = enrollment_profiles(ca)?;
    Ok(EnrollmentCa {
        authority: ca.issuing().await?,
        profiles,
        roots: ca.directory().roots()?,
    })
}

fn enrollment_profiles(ca: &OpenCa) -> Result<BTreeMap<String, EnrollProfile>> {
    let mut profiles = BTreeMap::new();
    for name in ca.directory().profile_names()? {
        let profile = ca.directory().enrollment_profile(&name)?;
        if !matches!(profile.profile.role, Role::Client | Role::Server) {
            continue;
        }
        profiles.insert(name, profile);
    }
    if profiles.is_empty() {
        bail!(
            "the CA `{}` has no profile for clients or servers",
            ca.name()
        );
    }
    Ok(profiles)
}

/// Has profiles used as they are whenever somebody has changed them. What cannot be read is being edited, or is told once.
/// Does not end.
pub(crate) async fn follow_profiles(
    ca: &OpenCa,
    enrollment: &watch::Sender<Arc<EnrollmentCa>>,
    period: Duration,
) {
    let mut told = None;
    loop {
        tokio::time::sleep(period).await;
        match enrollment_profiles(ca) {
            Ok(profiles) => {
                told = None;
                if profiles == enrollment.borrow().profiles {
                    continue;
                }
                let mut next = EnrollmentCa::clone(&enrollment.borrow());
                next.profiles = profiles;
                enrollment.send_replace(Arc::new(next));
                note("the profiles were changed: they are used as they are now");
            }
            Err(error) => {
                let error = format!("{error:#}");
                if told.as_ref() != Some(&error) {
                    note(format!(
                        "the profiles are used as they were, since they cannot be read: {error}"
                    ));
                    told = Some(error);
                }
            }
        }
    }
}

/// The certificate of a listener of `mtls serve`: what it is called, by default `localhost` and its address.
///
/// # Errors
///
/// If a name is not one of a server, or there is no profile for servers.
pub(crate) fn own_names(
    ca: &OpenCa,
    address: SocketAddr,
    given: &[String],
    profile_name: &str,
) -> Result<ServerNames> {
    let mut names = Vec::new();
    for name in given {
        names.extend(names_of_server(name)?.1);
    }
    if names.is_empty() {
        names.push(SubjectAltName::Dns("localhost".into()));
        names.extend(reached_by(address.ip()).map(SubjectAltName::Ip));
    }
    Ok(ServerNames {
        names,
        profile: ca.directory().profile(Purpose::Server.name())?,
        profile_of_ca: Some(Purpose::Server.name().to_owned()),
        profile_name: profile_name.to_owned(),
    })
}

/// An address that stands for all addresses is none that a device could use.
fn reached_by(address: IpAddr) -> Option<IpAddr> {
    (!address.is_unspecified()).then_some(address)
}

/// What the certificates of this listener are called in the store, and no profile of a directory.
pub(crate) const ENROLLMENT_SERVER: &str = "enrollment-server";
