//! The agent as a service: it goes on until it is told to stop.

use std::pin::pin;
use std::time::Duration;

use anyhow::Result;
use mtls_client::{EnrolledFiles, RenewalAgent, RenewalEvent};
use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use super::health::Health;
use super::hook::Hook;
use super::report::{Change, report};
use super::service_manager::ServiceManager;
use crate::command::serve::stop_wanted;
use crate::output::{Output, note};

/// What the service works with.
pub(super) struct Daemon<'a> {
    pub(super) agent: &'a RenewalAgent,
    pub(super) files: &'a EnrolledFiles,
    pub(super) hook: Option<Hook>,
    pub(super) manager: ServiceManager,
}

impl Daemon<'_> {
    /// Gets the first certificate if there is none, and renews it until a signal says to stop.
    pub(super) async fn run(
        self,
        present: Option<&Certificate>,
        names: (&DistinguishedName, &[SubjectAltName]),
        out: &mut Output,
    ) -> Result<()> {
        let manager = self.manager;
        let mut stop = pin!(stop_wanted()?);
        let enrolled;
        let certificate = match present {
            Some(present) => {
                report(Change::Kept, present, self.files, out)?;
                present
            }
            None => {
                manager.status("waiting for the first certificate");
                let (subject, sans) = names;
                let enrolling = self.agent.enroll(subject, sans, |event| {
                    if let RenewalEvent::Failed { error, again_in } = event {
                        told("enrolled", error, again_in);
                    }
                });
                let Some(first) = attended(enrolling, &manager, stop.as_mut()).await else {
                    manager.stopping();
                    note("stopped: there is no certificate yet");
                    return Ok(());
                };
                enrolled = first?.certificate;
                report(Change::Enrolled, &enrolled, self.files, out)?;
                &enrolled
            }
        };
        let mut health = Health::of(certificate);
        manager.status(&health.line(OffsetDateTime::now_utc()));
        manager.ready();

        let (changed, serials) = watch::channel(health.serial().to_owned());
        let hook = self.hook.map(|hook| tokio::spawn(hook.follow(serials)));
        let (sender, mut events) = mpsc::unbounded_channel();
        let renewing = self.agent.run(move |event| {
            // The other end lives as long as this.
            let _ = sender.send(event);
        });
        let files = self.files;
        let followed = async {
            let mut renewing = pin!(renewing);
            loop {
                let event = tokio::select! {
                    biased;
                    Some(event) = events.recv() => event,
                    ended = &mut renewing => return anyhow::Ok(ended?),
                };
                health.note(&event);
                match event {
                    RenewalEvent::Renewed(enrolled) => {
                        report(Change::Renewed, &enrolled.certificate, files, out)?;
                        changed.send_replace(health.serial().to_owned());
                    }
                    RenewalEvent::Failed { error, again_in } => told("renewed", error, again_in),
                    _ => {}
                }
                manager.status(&health.line(OffsetDateTime::now_utc()));
            }
        };
        let ended = attended(followed, &manager, stop).await;
        manager.stopping();
        drop(changed);
        if let Some(hook) = hook {
            ended_soon(hook).await;
        }
        note(format!(
            "stopped: {}",
            health.line(OffsetDateTime::now_utc())
        ));
        ended.unwrap_or(Ok(()))
    }
}

/// Does `work` and tells the service manager that it does; nothing if it is told to stop before the end.
async fn attended<T>(
    work: impl Future<Output = T>,
    manager: &ServiceManager,
    mut stop: impl Future<Output = ()> + Unpin,
) -> Option<T> {
    let mut work = pin!(work);
    let mut beats = interval(manager.beat().unwrap_or(UNATTENDED));
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            done = &mut work => return Some(done),
            () = &mut stop => return None,
            _ = beats.tick() => manager.alive(),
        }
    }
}

/// What has changed is told before the end, if that does not take long. Else it is told at the next start.
async fn ended_soon(mut hook: JoinHandle<()>) {
    if timeout(LAST, &mut hook).await.is_err() {
        hook.abort();
        // Until what it has started is ended.
        let _ = hook.await;
        let seconds = LAST.as_secs();
        note(format!(
            "--exec, again at the next start: the command was ended, as it took more than {seconds} s after the signal to stop"
        ));
    }
}

fn told(what: &str, error: mtls_client::EnrollError, again_in: Duration) {
    let error = anyhow::Error::from(error);
    let seconds = again_in.as_secs().max(1);
    note(format!("not {what}, again in {seconds} s: {error:#}"));
}

/// Less than the 10 s after which `docker stop` and others end a program by force.
const LAST: Duration = Duration::from_secs(5);
/// Where nobody wants to hear it.
const UNATTENDED: Duration = Duration::from_secs(3600);
