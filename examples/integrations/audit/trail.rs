//! The trail: `mtls_server`'s audit events as lines of JSON, and the requests that they belong to.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
    sync::Mutex,
};

use anyhow::Context;
use axum::{extract::Request, middleware::Next, response::Response};
use tracing::{Instrument as _, Level, Subscriber, info_span};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    fmt::{self, writer::BoxMakeWriter},
    registry::LookupSpan,
};

/// Writes audit events, and nothing else, to the end of `file` or to standard output.
///
/// Each line is written before the program goes on: a trail that loses its last lines in a crash is
/// none. Whoever writes more of them than a disk takes puts `tracing-appender` in between.
pub(crate) fn layer<S>(file: Option<&Path>) -> anyhow::Result<impl Layer<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let writer = match file {
        None => BoxMakeWriter::new(io::stdout),
        Some(path) => {
            let file = append(path).with_context(|| format!("opening {}", path.display()))?;
            BoxMakeWriter::new(Mutex::new(file))
        }
    };
    let audited = Targets::new()
        .with_target(mtls_server::AUDIT_TARGET, Level::INFO)
        .with_target(SPAN, Level::INFO);
    Ok(fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_level(false)
        .with_target(false)
        .with_writer(writer)
        .with_filter(audited))
}

/// It tells who worked with whom, and when: for its owner's eyes.
fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Says for which request a rule decided. A query may hold what belongs into no trail.
pub(crate) async fn span(request: Request, next: Next) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let span = info_span!(target: SPAN, "request", %method, path);
    next.run(request).instrument(span).await
}

const SPAN: &str = "request";
