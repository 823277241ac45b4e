//! A CA that is somebody else's, in this process.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, CertificateRequest, KeyPair, Profile};
use pki_upstream::{
    Answering, Listed, Revoked, UpstreamAnswer, UpstreamCa, UpstreamCertificate, UpstreamError,
    UpstreamRequest,
};
use x509_identity::{Certificate, SerialNumber};

use crate::kit::now;

/// A CA elsewhere, which does what it is told to do wrong.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    pub(crate) authority: Authority,
    pub(crate) key: KeyPair,
    pub(crate) state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    behaviour: Behaviour,
    pub(crate) issued: BTreeMap<String, Certificate>,
    revoked: Vec<SerialNumber>,
    waiting: Option<Certificate>,
    is_down: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Behaviour {
    #[default]
    Good,
    /// Certifies this key in place of the one that was asked for.
    OtherKey(Vec<u8>),
    /// Gives this certificate, whatever was asked for.
    Again(Box<Certificate>),
    /// Certifies it for an hour that begins so much later.
    Begins(time::Duration),
    /// Issues, and its answer is lost.
    Lost,
    Refuses,
    Waits,
}

impl Elsewhere {
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.state.lock().expect("the state").behaviour = behaviour;
    }

    pub(crate) fn revoked(&self) -> Vec<SerialNumber> {
        self.state.lock().expect("the state").revoked.clone()
    }

    pub(crate) fn is_down(&self, is_down: bool) {
        self.state.lock().expect("the state").is_down = is_down;
    }

    pub(crate) fn count(&self) -> usize {
        self.state.lock().expect("the state").issued.len()
    }

    fn make(&self, request: &UpstreamRequest, key: &[u8]) -> Certificate {
        let subject = request.approved.subject().clone();
        let parameters = CertificateParameters::for_key(key, subject);
        let issued = self.authority.issue(&parameters, &Profile::client(), now());
        issued.expect("a certificate").certificate().clone()
    }

    fn make_for_an_hour(&self, request: &UpstreamRequest, after: time::Duration) -> Certificate {
        let (key, subject) = (request.approved.spki_der(), request.approved.subject());
        let parameters = CertificateParameters::for_key(key, subject.clone());
        let parameters = parameters.validity(time::Duration::HOUR);
        let issued = self
            .authority
            .issue(&parameters, &Profile::client(), now() + after);
        issued.expect("a certificate").certificate().clone()
    }

    fn answer(&self, request: &UpstreamRequest) -> Result<UpstreamAnswer, UpstreamError> {
        let mut state = self.state.lock().expect("the state");
        if state.is_down {
            return Err(down());
        }
        let key = request.approved.spki_der().to_vec();
        let made = match state.behaviour.clone() {
            Behaviour::Again(certificate) => {
                // It makes another one, which nobody gets to see.
                let hidden = self.make(request, &key);
                state.issued.insert(hidden.serial().to_string(), hidden);
                return Ok(UpstreamAnswer::Issued(certificate));
            }
            Behaviour::Refuses => {
                return Err(UpstreamError::Refused {
                    upstream: self.name(),
                    said: ": the name is not allowed".into(),
                });
            }
            Behaviour::OtherKey(other) => self.make(request, &other),
            Behaviour::Begins(after) => self.make_for_an_hour(request, after),
            Behaviour::Good | Behaviour::Lost | Behaviour::Waits => self.make(request, &key),
        };
        if let Behaviour::Waits = state.behaviour {
            state.waiting = Some(made);
            return Ok(UpstreamAnswer::Pending {
                handle: "arn:1".into(),
                retry_after: Duration::from_secs(30),
            });
        }
        state.issued.insert(made.serial().to_string(), made.clone());
        match state.behaviour {
            Behaviour::Lost => Err(UpstreamError::Unclear {
                upstream: self.name(),
                source: "the connection ended".into(),
            }),
            _ => Ok(UpstreamAnswer::Issued(Box::new(made))),
        }
    }
}

impl UpstreamCa for Elsewhere {
    fn name(&self) -> String {
        "a CA elsewhere".into()
    }

    fn issue<'a>(&'a self, request: &'a UpstreamRequest) -> Answering<'a, UpstreamAnswer> {
        assert!(CertificateRequest::from_der(&request.csr_der).is_ok());
        Box::pin(async { self.answer(request) })
    }

    fn collect<'a>(&'a self, handle: &'a str) -> Answering<'a, UpstreamAnswer> {
        assert_eq!(handle, "arn:1");
        let state = self.state.lock().expect("the state");
        let answer = match (&state.behaviour, &state.waiting) {
            _ if state.is_down => Err(down()),
            (Behaviour::Good, Some(waiting)) => {
                Ok(UpstreamAnswer::Issued(Box::new(waiting.clone())))
            }
            _ => Ok(UpstreamAnswer::Pending {
                handle: handle.into(),
                retry_after: Duration::from_secs(30),
            }),
        };
        Box::pin(async { answer })
    }

    fn revoke<'a>(
        &'a self,
        serial: &'a SerialNumber,
        _: RevocationReason,
    ) -> Answering<'a, Revoked> {
        let mut state = self.state.lock().expect("the state");
        let answer = match state.issued.contains_key(&serial.to_string()) {
            _ if state.is_down => Err(down()),
            true => Ok(Revoked::Done),
            false => Ok(Revoked::Unknown),
        };
        if let Ok(Revoked::Done) = answer {
            state.revoked.push(serial.clone());
        }
        Box::pin(async { answer })
    }

    /// One number a page.
    fn list<'a>(&'a self, after: Option<&'a str>) -> Answering<'a, Option<Listed>> {
        let state = self.state.lock().expect("the state");
        let next = state
            .issued
            .keys()
            .find(|it| after.is_none_or(|after| it.as_str() > after));
        let listed = Listed {
            serials: next.iter().filter_map(|it| it.parse().ok()).collect(),
            next: next.cloned(),
        };
        Box::pin(async { Ok(Some(listed)) })
    }

    fn certificate<'a>(
        &'a self,
        serial: &'a SerialNumber,
    ) -> Answering<'a, Option<UpstreamCertificate>> {
        let state = self.state.lock().expect("the state");
        let found = state.issued.get(&serial.to_string());
        let found = found.map(|certificate| UpstreamCertificate {
            certificate: certificate.clone(),
            is_revoked: state.revoked.contains(serial),
        });
        Box::pin(async { Ok(found) })
    }
}

fn down() -> UpstreamError {
    UpstreamError::Unavailable {
        upstream: "a CA elsewhere".into(),
        source: "it is sealed".into(),
    }
}
