//! Our enrolment server, as a process of its own.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use pki_core::Profile;
use pki_enroll::{
    EnrollLimits, EnrollProfile, Enrollment, EnrollmentCa, EnrollmentServer, ServerNames, Tokens,
    enrollment,
};
use pki_store::{NewToken, TokenSecret};
use serde_json::json;
use time::OffsetDateTime;
use tokio::sync::watch;
use x509_identity::SubjectAltName;

use super::load::Target;
use super::material::Material;
use super::peer::Peer;
use crate::ca::own::{self, Own};
use crate::report::Side;

/// Serve enrolment until it is killed: what `bench enroll` asks, as a process.
#[derive(Args)]
pub(crate) struct EnrollServer {
    #[command(flatten)]
    own: Own,
}

/// This program on one core, as [`EnrollServer`].
pub(super) fn ours(name: &'static str, store: &str, material: &Material) -> Result<Peer> {
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(std::env::current_exe()?);
    ours_by(command, name, store, material)
}

/// The same, where `command` starts this program.
pub(crate) fn ours_by(
    command: Command,
    name: &'static str,
    store: &str,
    material: &Material,
) -> Result<Peer> {
    let server = Own::start(command, "enroll-server", &material.directory, store)?;
    let authorization = format!("Authorization: Bearer {}", &*secret().secret_text());
    let requests = Arc::clone(&material.requests);
    Ok(Peer {
        name,
        side: Side::Ours,
        target: Target {
            port: server.port(),
            tls: Arc::clone(&material.tls),
            status: 201,
            request: Box::new(move |number| {
                let csr = &requests[number % requests.len()];
                let body = json!({ "csr": csr }).to_string();
                format!(
                    "POST /v1/enroll HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{authorization}\r\n\
                     Idempotency-Key: {number}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .into_bytes()
            }),
        },
        server,
    })
}

impl EnrollServer {
    pub(crate) fn run(&self) -> Result<()> {
        own::until_killed(self.serve())
    }

    async fn serve(&self) -> Result<()> {
        let authority = self.own.open().await?;
        let store = authority.store().clone();
        let now = OffsetDateTime::now_utc();
        let token = NewToken {
            ca: own::CA.to_owned(),
            profile: "client".to_owned(),
            names: Vec::new(),
            uses: u32::MAX >> 1,
            expires_at: now + time::Duration::DAY,
        };
        store
            .create_token(token, &secret(), &own::actor(), now)
            .await?;
        let ca = EnrollmentCa {
            roots: vec![authority.authority().certificate().clone()],
            authority,
            profiles: BTreeMap::from([("client".to_owned(), EnrollProfile::new(own::profile()))]),
        };
        let (_replace, present) = watch::channel(Arc::new(ca));
        // One device stands for thousands.
        let mut limits = EnrollLimits::default();
        (limits.per_address, limits.per_requester) = (u32::MAX, u32::MAX);
        let service = Enrollment::following(present.clone())
            .limits(limits)
            .credential(Tokens::new(store));
        let names = ServerNames {
            names: vec![SubjectAltName::Dns("localhost".to_owned())],
            profile: Profile::server(),
            profile_of_ca: None,
            profile_name: "server".to_owned(),
        };
        let listener = self.own.listen().await?;
        let _server =
            EnrollmentServer::start(listener, enrollment(service), names, present).await?;
        std::future::pending().await
    }
}

/// A token of a process that lives for seconds, on this machine alone.
fn secret() -> TokenSecret {
    TokenSecret::from_random([7; 32])
}
