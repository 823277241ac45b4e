//! One request: to whom it came, and who has signed it.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use pki_store::{AcmeAccount, AcmeAccountState, Actor};
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::jose::{Header, Jwk, Jws, KeyReference};
use super::problem::{Kind, Problem};
use super::service::{self, Acme};
use crate::enroll::body;
use crate::enroll::credential::Grant;
use crate::enroll::server::OwnNames;
use crate::enroll::service::{EnrollProfile, EnrollmentCa, now};

/// A request on its way.
pub(super) struct Call {
    pub(super) acme: Acme,
    pub(super) ca: Arc<EnrollmentCa>,
    /// The profile that the directory is of.
    pub(super) profile: String,
    pub(super) now: OffsetDateTime,
    /// Who asks, as far as it is known.
    pub(super) actor: Actor,
    origin: String,
}

/// What a request says, signed.
pub(super) struct Signed {
    payload: Vec<u8>,
    /// The URL that it was sent to.
    pub(super) url: String,
}

/// Who has signed a request.
pub(super) enum Signer {
    Account(Box<AcmeAccount>, Jwk),
    /// Whoever has the key.
    Key(Jwk),
}

impl Call {
    /// # Errors
    ///
    /// `malformed` where the CA has no such profile, or the request does not say to which host it came, or names another one.
    pub(super) fn new(acme: &Acme, profile: &str, request: &Request) -> Result<Self, Problem> {
        let ca = acme.ca();
        if !ca.profiles.contains_key(profile) {
            return Err(Problem::not_found());
        }
        let no_host = || Problem::malformed("the request does not say to which host it came");
        let host = host(request).ok_or_else(no_host)?;
        // Else what is signed for another server could be passed on to this one (RFC 8555 section 6.4).
        let own_names = request.extensions().get::<OwnNames>();
        if own_names.is_some_and(|own| !own.have(&host)) {
            let problem = Problem::malformed("this server has another name than the request says");
            return Err(problem.with_status(StatusCode::MISDIRECTED_REQUEST));
        }
        Ok(Self {
            acme: acme.clone(),
            ca,
            profile: profile.to_owned(),
            now: now(),
            actor: Actor::new("acme"),
            origin: format!("https://{host}"),
        })
    }

    /// The URL of something of this directory.
    pub(super) fn url(&self, rest: impl std::fmt::Display) -> String {
        format!("{}/acme/{}/{rest}", self.origin, self.profile)
    }

    /// Reads a request, and finds out who has signed it.
    ///
    /// What costs least is checked first: a request with a nonce that is not ours reads nothing from the store, and
    /// verifies no signature.
    pub(super) async fn signed(&mut self, request: Request) -> Result<(Signer, Signed), Problem> {
        let (parts, content) = request.into_parts();
        let limit = self.acme.0.enrollment.0.limits.body;
        body::media_type(&parts.headers, JOSE_JSON)?;
        let content = body::read(content, limit).await?;
        let jws = Jws::read(&content)?;
        let url = self.expected_url(&parts.uri);
        self.check(&jws.header, &url)?;
        let (by, payload) = match &jws.header.key {
            KeyReference::Jwk(jwk) => {
                let jwk = jwk.clone();
                let payload = jws.verified(&jwk)?;
                (Signer::Key(jwk), payload)
            }
            KeyReference::Kid(kid) => {
                let account = self.account_at(kid).await?;
                let jwk = Jwk::from_json(&account.jwk)?;
                let payload = jws.verified(&jwk)?;
                self.actor = service::actor(account.id);
                (Signer::Account(Box::new(account), jwk), payload)
            }
        };
        Ok((by, Signed { payload, url }))
    }

    /// The same, by an account that can be used.
    pub(super) async fn by_account(
        &mut self,
        request: Request,
    ) -> Result<(AcmeAccount, Jwk, Signed), Problem> {
        match self.signed(request).await? {
            (Signer::Account(account, jwk), signed) => Ok((*account, jwk, signed)),
            (Signer::Key(_), _) => Err(Problem::malformed(
                "the request has to be signed by an account, with `kid`",
            )),
        }
    }

    fn check(&self, header: &Header, url: &str) -> Result<(), Problem> {
        if header.url != url {
            // RFC 8555 section 6.4.
            let detail = format!(
                "the request was signed for {}, and came to {url}",
                header.url
            );
            return Err(Problem::unauthorized(detail));
        }
        let nonce = header.nonce.as_deref().unwrap_or_default();
        match self.acme.0.nonces.take(nonce) {
            true => Ok(()),
            false => Err(Problem::new(
                Kind::BadNonce,
                "the nonce is not of this server, or was used; this response has a new one",
            )),
        }
    }

    fn expected_url(&self, uri: &Uri) -> String {
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        format!("{}{path}", self.origin)
    }

    async fn account_at(&self, kid: &str) -> Result<AcmeAccount, Problem> {
        let unknown = || Problem::new(Kind::AccountDoesNotExist, "there is no such account");
        let id = kid.strip_prefix(&self.url("account/"));
        let id = id.and_then(number).ok_or_else(unknown)?;
        let account = self.ca.store().acme_account(self.ca.name(), id).await?;
        let account = account.ok_or_else(unknown)?;
        match account.state {
            AcmeAccountState::Valid => Ok(account),
            state => Err(Problem::unauthorized(format!(
                "the account is {}",
                state.as_str()
            ))),
        }
    }

    /// What an account may order within a profile, and the profile, if ACME has room for what that asks.
    pub(super) fn orderable(
        &self,
        account: &AcmeAccount,
        profile: &str,
    ) -> Result<(Grant, &EnrollProfile), Problem> {
        let grant = self.acme.grant(account, profile)?;
        let profile = self.ca.profile(profile)?;
        if profile.approval.is_some() {
            let detail =
                "certificates of this profile have to be approved, which ACME has no room for";
            return Err(Problem::unauthorized(detail));
        }
        if profile.attestation.is_some() {
            let detail = "certificates of this profile take evidence that ACME has no room for";
            return Err(Problem::unauthorized(detail));
        }
        Ok((grant, profile))
    }

    /// Counts a request that is work.
    pub(super) async fn counted(&self) -> Result<(), Problem> {
        let enrollment = &self.acme.0.enrollment;
        Ok(enrollment.paced(&self.ca, &self.actor, self.now).await?)
    }

    /// The answer, and a refusal in the audit log.
    pub(super) async fn recorded(
        &self,
        answer: Result<Response, Problem>,
        what: &str,
    ) -> Result<Response, Problem> {
        let problem = match answer {
            Err(problem) if problem.is_to_be_recorded() => problem,
            answer => return answer,
        };
        let store = self.ca.store();
        let reason = problem.to_string();
        let recorded = store.record_refusal(self.ca.name(), what, &reason, &self.actor, self.now);
        recorded.await?;
        Err(problem)
    }
}

impl Signed {
    /// What it asks for.
    pub(super) fn payload<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.payload)
            .map_err(|error| Problem::malformed(format!("the payload cannot be read: {error}")))
    }

    /// The payload as it is.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.payload
    }

    /// POST-as-GET: it asks for nothing but what is there (RFC 8555 section 6.3).
    pub(super) fn only_reads(&self) -> Result<(), Problem> {
        match self.payload.is_empty() {
            true => Ok(()),
            false => Err(Problem::malformed("what is read has an empty payload")),
        }
    }
}

/// `https://` and the host, as the client has it.
pub(super) fn origin(request: &Request) -> Option<String> {
    host(request).map(|host| format!("https://{host}"))
}

fn host(request: &Request) -> Option<String> {
    let of_uri = request.uri().authority().map(|it| it.as_str());
    let of_header = || request.headers().get(HOST)?.to_str().ok();
    let host = of_uri.or_else(of_header)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    (!host.is_empty() && host.len() <= 300 && host.chars().all(plain))
        .then(|| host.to_ascii_lowercase())
}

/// A number in its usual form.
pub(super) fn number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

const JOSE_JSON: &str = "application/jose+json";
