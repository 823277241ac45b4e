//! Tokens: the list, making one, and revoking one.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use pki_store::{NamePattern, NewToken, TokenRecord, TokenSecret};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::id::Id;
use super::selection::pattern;
use crate::access::form::{Fields, Form, Query};
use crate::access::operator::Operator;
use crate::moment::{date, moment, remaining};
use crate::refusal::ConsoleRefusal;
use crate::shared::{Shared, now};
use crate::view::choice::Choice;
use crate::view::frame::{Frame, Tab};
use crate::view::link::link;
use crate::view::part::part;
use crate::view::state::State as Word;
use crate::view::text::shown;

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    frame: Frame,
    ticket: String,
    profiles: Vec<Choice>,
    lives: Vec<Choice>,
    names: String,
    uses: String,
    problem: Option<String>,
    rows: Vec<TokenRow>,
    newest: Option<String>,
    older: Option<String>,
}

struct TokenRow {
    id: i64,
    profile: String,
    names: String,
    used: String,
    state: Word,
    until: String,
    left: String,
    made_by: String,
}

#[derive(Template)]
#[template(path = "token.html")]
struct TokenPage {
    frame: Frame,
    row: TokenRow,
    until: String,
    /// The token with its QR code, or nothing where it was shown before.
    secret: Option<(Zeroizing<String>, Zeroizing<String>)>,
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Query(query): Query,
) -> Result<Response, ConsoleRefusal> {
    page(&shared, &operator, &query, None).await
}

/// Makes a token, and shows it this once. A form that is sent twice makes one.
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    form: Form,
) -> Result<Response, ConsoleRefusal> {
    let now = now();
    let token = match new_token(&shared, form.fields(), now) {
        Ok(token) => token,
        Err(refusal @ ConsoleRefusal::Field { .. }) => {
            let page = page(&shared, &operator, form.fields(), Some(refusal.sentence())).await?;
            return Ok((refusal.status(), page).into_response());
        }
        Err(refusal) => return Err(refusal),
    };
    let names: Vec<_> = token.names.iter().map(ToString::to_string).collect();
    let content = serde_json::json!([token.profile, names, token.uses, form.fields().get("life")]);
    // The same bytes when the same form comes again, so that the store knows it as the same token.
    let bytes = shared.tickets.secret(
        operator.fingerprint_sha256(),
        form.nonce(),
        content.to_string().as_bytes(),
    );
    let secret = TokenSecret::from_random(*bytes);
    let made = shared
        .store
        .create_token(token, &secret, operator.actor(), now)
        .await?;
    let is_fresh = now - made.made_at <= TWICE && made.used == 0;
    let text = secret.secret_text();
    let code = onboarding::qr_svg(&text, "QR code of the token below");
    let page = TokenPage {
        frame: Frame::new(&shared, &operator, Tab::Tokens),
        until: moment(made.expires_at),
        row: TokenRow::of(&made, now),
        secret: is_fresh.then(|| (text, Zeroizing::new(code.unwrap_or_default()))),
    };
    Ok(Html(page.to_string()).into_response())
}

/// Revokes a token. What was issued with it stays.
pub(crate) async fn revoke(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Id(id): Id,
    _: Form,
) -> Result<Redirect, ConsoleRefusal> {
    let actor = operator.actor();
    let revoked = shared
        .store
        .revoke_token(&shared.ca, id.into(), actor, now());
    revoked.await?;
    Ok(Redirect::to(&link(&shared.base, "/tokens", &[])))
}

async fn page(
    shared: &Shared,
    operator: &Operator,
    fields: &Fields,
    problem: Option<String>,
) -> Result<Response, ConsoleRefusal> {
    let now = now();
    let before = fields.position("before")?;
    let tokens = shared.store.latest_tokens(&shared.ca, before, ROWS + 1);
    let mut tokens = tokens.await?;
    let older = part(&mut tokens, ROWS).map(|last| {
        let before = last.id.to_string();
        link(&shared.base, "/tokens", &[("before", &before)])
    });
    let or = |name: &str, default: &str| match fields.get(name) {
        "" => default.to_owned(),
        text => text.to_owned(),
    };
    let names = (shared.profiles)().into_iter();
    let names = names.map(|name| (name.clone(), name));
    let page = TokensPage {
        frame: Frame::new(shared, operator, Tab::Tokens),
        ticket: shared.ticket(operator.fingerprint_sha256(), now)?,
        profiles: Choice::of(names, &or("profile", "client")),
        lives: Choice::of(
            LIVES.map(|(value, title, _)| (value, title)),
            &or("life", "1h"),
        ),
        names: fields.get("names").to_owned(),
        uses: or("uses", "1"),
        problem,
        rows: tokens.iter().map(|it| TokenRow::of(it, now)).collect(),
        newest: before.map(|_| link(&shared.base, "/tokens", &[])),
        older,
    };
    Ok((StatusCode::OK, Html(page.to_string())).into_response())
}

fn new_token(
    shared: &Shared,
    fields: &Fields,
    now: OffsetDateTime,
) -> Result<NewToken, ConsoleRefusal> {
    let wrong = |field, reason: &str| ConsoleRefusal::field(field, reason);
    let profile = fields.get("profile");
    if !(shared.profiles)().iter().any(|known| known == profile) {
        return Err(wrong("profile", "choose one of the list"));
    }
    let mut names: Vec<NamePattern> = Vec::new();
    for line in fields.text("names", "names", MAX_NAMES)?.lines() {
        let line = line.trim();
        if !line.is_empty() {
            names.push(pattern("names", line)?);
        }
    }
    // A slip of the hand must not make a token for everybody's name.
    let any = fields.get("any") == "yes";
    if names.is_empty() && !any {
        let reason = "say which names may be asked for, or that the profile decides";
        return Err(wrong("names", reason));
    }
    if any && !names.is_empty() {
        return Err(wrong("names", "either the profile decides, or these names"));
    }
    let uses = fields.get("uses").parse().ok();
    let uses = uses.filter(|uses| (1..=MAX_USES).contains(uses));
    let uses = uses.ok_or_else(|| wrong("uses", "a number from 1 to 1,000,000"))?;
    let life = LIVES
        .iter()
        .find(|(value, ..)| *value == fields.get("life"));
    let (.., life) = life.ok_or_else(|| wrong("good for", "choose one of the list"))?;
    Ok(NewToken {
        ca: shared.ca.clone(),
        profile: profile.to_owned(),
        names,
        uses,
        expires_at: now + *life,
    })
}

impl TokenRow {
    fn of(token: &TokenRecord, now: OffsetDateTime) -> Self {
        let names: Vec<_> = token.names.iter().map(ToString::to_string).collect();
        Self {
            id: token.id.number(),
            profile: shown(&token.profile),
            names: match names.is_empty() {
                true => "all that the profile allows".to_owned(),
                false => shown(&names.join(", ")),
            },
            used: format!("{} of {}", token.used, token.uses),
            state: token.state(now).into(),
            until: date(token.expires_at),
            left: remaining(token.expires_at, now),
            made_by: shown(&token.made_by),
        }
    }
}

/// How long a token can be used: value, title, time.
const LIVES: [(&str, &str, Duration); 5] = [
    ("1h", "1 hour", Duration::HOUR),
    ("8h", "8 hours", Duration::hours(8)),
    ("24h", "24 hours", Duration::DAY),
    ("7d", "7 days", Duration::days(7)),
    ("30d", "30 days", Duration::days(30)),
];

/// How long after it was made a form that is sent again shows the token again: a double click, or a lost connection.
const TWICE: Duration = Duration::minutes(1);

/// Tokens of a page.
const ROWS: u32 = 50;
const MAX_USES: u32 = 1_000_000;
/// Bytes of the names of a token.
const MAX_NAMES: usize = 16 * 1024;
