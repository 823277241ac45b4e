//! `mtls serve`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::routing::get;
use clap::Args;
use metrics_exporter_prometheus::PrometheusBuilder;
use mtls_server::listen;
use pki_core::Profile;
use pki_enroll::{
    Announcer, EnrollmentCa, Exec, Health, HttpLimits, HttpServer, Publication, Publisher,
    Recipient, Responder, Thresholds, Webhook,
};
use pki_store::{Actor, CertificateAuthority, Store, StoreUrl};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::command::enrollment::listener::{EnrollArgs, enrollment_ca};
use crate::command::phones::links;
use crate::global::Global;
use crate::home::OpenCa;
use crate::output::{Outcome, Output, note};

/// Publish CRLs, OCSP and CA certificates over plain HTTP, and keep them fresh
///
/// CRLs are signed again every day, and at once after a revocation, of whatever process. OCSP responders renew
/// themselves. What ends soon is announced once for each time before its end. Ctrl-C stops it.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls serve --listen 0.0.0.0:8080\n  mtls serve --webhook https://chat.example.org/hook --announce 30d,7d,1d\n  \
                  mtls serve --enroll 0.0.0.0:8444 --enroll-name ca.example.org\n\n\
                  Serves /crl/*, /ocsp, /ca/*, /healthz and /metrics; /crl/all.pem has all CRLs in one file.\n\
                  With --onboarding also /, /ca.crt and /get/*."
)]
pub(crate) struct Serve {
    /// Where to listen, unless a service manager hands over a socket
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// The store, in place of the one in ca.toml: sqlite:PATH or postgres://USER@HOST/DATABASE, with
    /// ?sslmode=verify-full&sslrootcert=FILE for TLS
    #[arg(long, value_name = "URL")]
    store: Option<StoreUrl>,

    /// Sign nothing and need no key: publish the CRLs that other processes sign, and answer OCSP with tryLater
    #[arg(long)]
    read_only: bool,

    /// Answer the links of `mtls onboard`, too, with the steps for each device
    #[arg(long, conflicts_with = "read_only")]
    onboarding: bool,

    /// Post what ends soon to this URL, as JSON; may be given again
    #[arg(long, value_name = "URL", value_parser = webhook, conflicts_with = "read_only")]
    webhook: Vec<Webhook>,

    /// Run this command of the shell for what ends soon, with JSON as its input; may be given again
    #[arg(long, value_name = "CMD", conflicts_with = "read_only")]
    exec: Vec<String>,

    /// How long before its end something is announced
    #[arg(long, value_name = "TIME,..", default_value = "30d,7d,1d")]
    announce: Thresholds,

    #[command(flatten)]
    enroll: EnrollArgs,
}

/// A webhook of the command line, whose error does not repeat its URL.
pub(crate) fn webhook(url: &str) -> Result<Webhook> {
    Ok(Webhook::new(url)?)
}

/// Who is told, as the command line says it.
pub(crate) fn recipients(webhooks: Vec<Webhook>, commands: Vec<String>) -> Vec<Recipient> {
    let commands = commands
        .into_iter()
        .map(|it| Recipient::Exec(Exec::new(it)));
    let webhooks = webhooks.into_iter().map(Recipient::Webhook);
    webhooks.chain(commands).collect()
}

#[derive(Debug, Serialize)]
struct Serving {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    enroll: Option<String>,
}

impl Serve {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let mut ca = OpenCa::open_at(global, self.store.clone()).await?;
        let (keys, authorities) = watch::channel(match self.read_only {
            true => Vec::new(),
            false => authorities(&ca).await?,
        });
        // Before anything is signed, so that a port that is taken costs nothing.
        let listener = self.listener()?;
        let enroll = self.enroll.listener(&ca)?;
        log();
        let metrics = PrometheusBuilder::new()
            .install_recorder()
            .context("metrics cannot be collected")?;
        let store = ca.store().clone();
        if !self.read_only {
            // What a process that was killed has left.
            store
                .recover(&Actor::new("serve"), OffsetDateTime::now_utc())
                .await?;
        }
        let services = Services::new(&store);
        let mut publisher = services.publisher(&store, authorities);
        if let Err(failures) = publisher.refresh(OffsetDateTime::now_utc()).await {
            for failure in failures {
                let failure = anyhow::Error::from(failure);
                note(format!("not everything is published yet: {failure:#}"));
            }
        }
        let mut router = services.router();
        if self.onboarding {
            router = router.merge(links::routes(&ca, &store)?);
        }
        let router = router.route(
            "/metrics",
            get(move || {
                let text = metrics.render();
                async move { ([("content-type", "text/plain; version=0.0.4")], text) }
            }),
        );
        let server = HttpServer::start(listener, router, HttpLimits::default())?;
        let stop_wanted = stop_wanted()?;
        let url = format!("http://{}", server.local_addr());
        let enrolling = match enroll {
            Some(listener) => {
                let (replace, present) = watch::channel(Arc::new(enrollment_ca(&ca).await?));
                Some((listener.serve(present).await?, replace))
            }
            None => None,
        };
        let (enroll, replace) = enrolling.unzip();
        let enroll_url = enroll
            .as_ref()
            .map(|server| format!("https://{}", server.local_addr()));
        out.line(format!("serving {url}"))?;
        if let Some(url) = &enroll_url {
            out.line(format!("enrolling {url}"))?;
        }
        if out.is_json() {
            let enroll = enroll_url;
            out.json(&Serving { url, enroll })?;
        }

        let (stop, stopped) = watch::channel(false);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(publisher.run(stopped.clone()));
        if !self.read_only {
            let recipients = recipients(self.webhook, self.exec);
            let announcer = Announcer::new(store.clone(), recipients, self.announce);
            tasks.spawn(announcer.run(stopped));
        }
        tokio::select! {
            () = stop_wanted => {}
            () = tend(&mut ca, self.read_only, &keys, replace.as_ref()) => {}
            Some(ended) = tasks.join_next() => {
                ended.context("what keeps CRLs fresh has failed")?;
                bail!("what keeps CRLs fresh has ended");
            }
        }
        stop.send_replace(true);
        if let Some(server) = enroll {
            server.stop(GRACE).await;
        }
        // The publisher ends first, which answers the requests that wait for a CRL.
        while tasks.join_next().await.is_some() {}
        server.stop(GRACE).await;
        Ok(Outcome::Done)
    }

    fn listener(&self) -> Result<tokio::net::TcpListener> {
        if let Some(handed_over) = listen::from_environment()? {
            note("serving the socket that was handed over (LISTEN_FDS), not --listen");
            return Ok(handed_over);
        }
        listen::bind(self.listen).with_context(|| {
            let (ip, port) = (self.listen.ip(), self.listen.port());
            format!("cannot listen on port {port} of {ip}: choose another with --listen")
        })
    }
}

/// What is served.
struct Services {
    publication: Publication,
    responder: Responder,
    health: Health,
}

impl Services {
    fn new(store: &Store) -> Self {
        Self {
            publication: Publication::new(),
            responder: Responder::new(store.clone()),
            health: Health::default(),
        }
    }

    fn publisher(
        &self,
        store: &Store,
        authorities: watch::Receiver<Vec<CertificateAuthority>>,
    ) -> Publisher {
        let (publication, responder) = (self.publication.clone(), self.responder.clone());
        Publisher::new(store.clone(), publication, responder)
            .authorities_from(authorities)
            .responder_profile(Profile::ocsp_responder(), "ocsp")
            .health(self.health.clone())
    }

    fn router(&self) -> Router {
        pki_enroll::publication(self.publication.clone())
            .merge(pki_enroll::ocsp(self.responder.clone()))
            .merge(pki_enroll::health(self.health.clone()))
    }
}

/// The issuers whose keys are here. The root's may be elsewhere, and then its CRL is the one that was signed last.
async fn authorities(ca: &OpenCa) -> Result<Vec<CertificateAuthority>> {
    let mut authorities = Vec::new();
    for (key, _) in ca.keys().await? {
        if ca.directory().key_place(key).is_here() {
            authorities.push(ca.authority(key).await?);
        } else {
            let name = key.name();
            note(format!(
                "the {name} key is not here: what it signed last is published"
            ));
        }
    }
    Ok(authorities)
}

/// Keeps checkpoints, and takes up the keys of a rotation. Does not end.
async fn tend(
    ca: &mut OpenCa,
    read_only: bool,
    keys: &watch::Sender<Vec<CertificateAuthority>>,
    enrollment: Option<&watch::Sender<Arc<EnrollmentCa>>>,
) {
    // Without keys, what is in the store is published, of whatever issuer.
    if read_only {
        return std::future::pending().await;
    }
    loop {
        tokio::select! {
            () = ca.keep_checkpoints(CHECKPOINTS) => {}
            () = ca.replaced(ROTATIONS) => {}
        }
        let taken_up = async {
            let next = ca.follow()?;
            keys.send_replace(authorities(&next).await?);
            if let Some(enrollment) = enrollment {
                enrollment.send_replace(Arc::new(enrollment_ca(&next).await?));
            }
            anyhow::Ok(next)
        };
        match taken_up.await {
            Ok(next) => {
                *ca = next;
                note("the CA was rotated: its new keys are used");
            }
            Err(error) => {
                note(format!(
                    "the CA was rotated, and its new keys cannot be used yet: {error:#}"
                ));
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Lines for people on standard error, from the level info.
fn log() {
    let started = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .try_init();
    // Another one is there already, which only a test does.
    drop(started);
}

/// What ends when Ctrl-C is pressed, or a service manager ends the service. From this call on, either is noticed.
pub(crate) fn stop_wanted() -> Result<impl Future<Output = ()>> {
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

const GRACE: Duration = Duration::from_secs(10);

/// How often it is looked whether the CA was rotated.
const ROTATIONS: Duration = Duration::from_secs(1);
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// How often it is looked whether the audit log has grown.
const CHECKPOINTS: Duration = Duration::from_secs(60);
