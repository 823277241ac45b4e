//! `mtls serve`.

mod bind;
mod console;
mod enrollment;
mod recipients;
mod services;
mod stop;
mod tls;
mod upkeep;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::routing::get;
use clap::Args;
use metrics_exporter_prometheus::PrometheusBuilder;
use mtls_server::listen;
use pki_enroll::{Announcer, HttpLimits, HttpServer, Thresholds, Webhook, prune_ended};
use pki_store::{Actor, ClockState, StoreUrl};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::sync::watch;

use self::bind::{bind, is_missed};
pub(crate) use self::console::CONSOLE_SERVER;
use self::console::ConsoleArgs;
pub(crate) use self::enrollment::ENROLLMENT_SERVER;
use self::enrollment::EnrollArgs;
pub(crate) use self::recipients::{recipients, webhook};
use self::services::{Services, responder_key};
pub(crate) use self::stop::stop_wanted;
use self::tls::TlsServers;
use self::upkeep::{authorities, settle, tend};
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
                  mtls serve --enroll 0.0.0.0:8444 --enroll-name ca.example.org\n  mtls serve --console 127.0.0.1:8445 --operator cn:alice\n\n\
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

    /// Sign no CRL, change nothing, and need no key of the CA: publish the CRLs that other processes sign. The store may be
    /// on a standby. OCSP is answered with --responder-key, and with tryLater without
    #[arg(long)]
    read_only: bool,

    /// The key of the OCSP responders, shared with other processes of this CA, so that those that are --read-only answer,
    /// too; made if it is not there. By default each process has keys of its own, in memory
    #[arg(long, value_name = "FILE")]
    responder_key: Option<PathBuf>,

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

    #[command(flatten)]
    console: ConsoleArgs,
}

#[derive(Debug, Serialize)]
struct Serving {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    enroll: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    console: Option<String>,
}

impl Serve {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let mut ca = match self.read_only {
            true => OpenCa::open_to_read(global, self.store.clone()).await?,
            false => OpenCa::open_at(global, self.store.clone()).await?,
        };
        let (keys, authorities) = watch::channel(match self.read_only {
            true => Vec::new(),
            false => authorities(&ca).await?,
        });
        // Before anything is signed, so that a port that is taken costs nothing.
        let listener = self.listener()?;
        let enroll = self.enroll.listener(&ca)?;
        let console = self.console.listener(&ca)?;
        log();
        let metrics = PrometheusBuilder::new()
            .install_recorder()
            .context("metrics cannot be collected")?;
        let store = ca.store().clone();
        let services = Services::new(&store);
        let mut publisher = services.publisher(&store, authorities);
        if let Some(path) = &self.responder_key {
            publisher = publisher.responder_key(responder_key(&ca, path, self.read_only)?);
        }
        // Before anything is issued, so that a clock that is wrong makes no certificate.
        let heartbeat = services.heartbeat(&store, listener.local_addr()?);
        if let Some(heartbeat) = &heartbeat {
            let clock = heartbeat.compare().await?;
            if !matches!(clock, ClockState::Agrees) {
                note(format!("warning: {clock}"));
            }
        }
        if !self.read_only {
            // What a process that was killed has left.
            store
                .recover(&Actor::new("serve"), OffsetDateTime::now_utc())
                .await?;
        }
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
        if let Some(named) = &ca.directory().settings().url
            && is_missed(named, server.local_addr())
        {
            note(format!(
                "warning: certificates of this CA name {named}, and this listens on port {}: choose theirs with --listen, \
                 unless a proxy forwards it",
                server.local_addr().port()
            ));
        }
        let (stop, stopped) = watch::channel(false);
        let tls = TlsServers::start(&ca, enroll, console, stopped.clone()).await?;
        let serving = Serving {
            url,
            enroll: tls.enroll_url(),
            console: tls.console_url(),
        };
        serving.print(out)?;

        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(publisher.run(stopped.clone()));
        if let Some(heartbeat) = heartbeat {
            tasks.spawn(heartbeat.run(stopped.clone()));
        }
        if ca.has_upstream() && !self.read_only {
            tasks.spawn(settle(ca.issuing().await?, stopped.clone()));
        }
        if !self.read_only {
            let recipients = recipients(self.webhook, self.exec);
            let announcer = Announcer::new(store.clone(), recipients, self.announce);
            tasks.spawn(announcer.run(stopped.clone()));
            tasks.spawn(prune_ended(store.clone(), stopped));
        }
        tokio::select! {
            () = stop_wanted => {}
            () = tend(&mut ca, self.read_only, &keys, tls.replace()) => {}
            Some(ended) = tasks.join_next() => {
                ended.context("what keeps CRLs fresh has failed")?;
                bail!("what keeps CRLs fresh has ended");
            }
        }
        stop.send_replace(true);
        tls.stop(GRACE).await;
        // The publisher ends first, which answers the requests that wait for a CRL.
        while tasks.join_next().await.is_some() {}
        server.stop(GRACE).await;
        // The next one to open the store is to find all of what was done here.
        if !self.read_only {
            ca.checkpoint_of_news().await;
        }
        Ok(Outcome::Done)
    }

    fn listener(&self) -> Result<tokio::net::TcpListener> {
        if let Some(handed_over) = listen::from_environment()? {
            note("serving the socket that was handed over (LISTEN_FDS), not --listen");
            return Ok(handed_over);
        }
        bind(self.listen, "--listen")
    }
}

impl Serving {
    fn print(&self, out: &mut Output) -> Result<()> {
        out.line(format!("serving {}", self.url))?;
        if let Some(url) = &self.enroll {
            out.line(format!("enrolling {url}"))?;
        }
        if let Some(url) = &self.console {
            out.line(format!("console {url}"))?;
        }
        if out.is_json() {
            out.json(self)?;
        }
        Ok(())
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

const GRACE: Duration = Duration::from_secs(10);
