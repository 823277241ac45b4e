//! Whether the audit log is intact.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use pki_store::{AuditError, AuditHead};

use crate::access::operator::Operator;
use crate::moment::moment;
use crate::refusal::ConsoleRefusal;
use crate::shared::{Shared, now};
use crate::view::frame::{Frame, Tab};
use crate::view::text::{hex, shown};

#[derive(Template)]
#[template(path = "verification.html")]
struct VerificationPage {
    frame: Frame,
    at: String,
    /// Rows and last hash of an intact log, or what is wrong with it.
    result: Result<(u64, String), String>,
    /// Whether the store agrees with the log, where that is intact.
    records: Result<(), String>,
}

/// Reads the whole log, and what the store has of each certificate in it.
pub(crate) async fn page(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
) -> Result<Html<String>, ConsoleRefusal> {
    let _alone = shared.alone()?;
    let result = broken(shared.store.verify_audit().await)?;
    let records = match &result {
        Ok(_) => broken(shared.store.verify_records().await)?,
        Err(_) => Ok(()),
    };
    let page = VerificationPage {
        frame: Frame::new(&shared, &operator, Tab::Audit),
        at: moment(now()),
        result: result.map(|head: AuditHead| (head.seq, hex(&head.hash))),
        records,
    };
    Ok(Html(page.to_string()))
}

/// What is wrong with the log is a result; that it cannot be read is none.
fn broken<T>(verified: Result<T, AuditError>) -> Result<Result<T, String>, ConsoleRefusal> {
    match verified {
        Ok(found) => Ok(Ok(found)),
        Err(AuditError::Broken(problem)) => Ok(Err(shown(&problem.to_string()))),
        Err(error) => Err(error.into()),
    }
}
