//! Responses that this crate writes itself, in the form that the client of a request reads: problem
//! details, and statuses of gRPC. They echo nothing of any certificate.

use std::borrow::Cow;

use axum::{
    Json,
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Why a request is not answered by the application.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    pub(crate) detail: Cow<'static, str>,
    pub(crate) grpc: GrpcCode,
}

/// Status codes of gRPC.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GrpcCode {
    PermissionDenied = 7,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// The form of a response.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// RFC 9457.
    Problem,
    /// A gRPC response without a message ("Trailers-Only"), of this content type.
    Grpc(&'static str),
}

impl Form {
    /// The form that whoever sent these headers reads.
    pub(crate) fn of(request: &HeaderMap) -> Self {
        let content_type = request.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let rest = content_type.and_then(|it| {
            let (start, rest) = it.split_at_checked(GRPC.len())?;
            start.eq_ignore_ascii_case(GRPC.as_bytes()).then_some(rest)
        });
        match rest {
            Some([] | [b'+' | b';' | b' ', ..]) => Self::Grpc(GRPC),
            Some(b"-web-text" | b"-web-text+proto") => Self::Grpc("application/grpc-web-text"),
            Some([b'-', ..]) => Self::Grpc("application/grpc-web"),
            _ => Self::Problem,
        }
    }
}

const GRPC: &str = "application/grpc";

impl Form {
    /// The same response, or if an extractor of this crate wrote it, in this form.
    pub(crate) fn of_response(self, mut response: Response) -> Response {
        match (self, response.extensions_mut().remove::<Problem>()) {
            (Self::Grpc(_), Some(problem)) => problem.response(self),
            _ => response,
        }
    }
}

impl Problem {
    pub(crate) fn response(self, form: Form) -> Response {
        match form {
            Form::Problem => self.json(),
            Form::Grpc(content_type) => self.trailers_only(content_type),
        }
    }

    /// The response of an extractor, which does not know what the client reads: [`Form::of_response`]
    /// changes it.
    pub(crate) fn response_of_extractor(self) -> Response {
        let mut response = self.clone().json();
        response.extensions_mut().insert(self);
        response
    }

    fn json(self) -> Response {
        let body = Json(serde_json::json!({
            "type": self.kind,
            "title": self.kind,
            "status": self.status.as_u16(),
            "detail": self.detail,
        }));
        let content_type = (header::CONTENT_TYPE, "application/problem+json");
        (self.status, [content_type], body).into_response()
    }

    /// The protocol of gRPC over HTTP/2: status 200 always, and the trailers as headers.
    fn trailers_only(self, content_type: &'static str) -> Response {
        let message = utf8_percent_encode(&self.detail, ESCAPED).to_string();
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert("grpc-status", HeaderValue::from(self.grpc as u16));
        if let Ok(message) = HeaderValue::from_str(&message) {
            headers.insert("grpc-message", message);
        }
        response
    }
}

/// All but what `Percent-Byte-Unencoded` allows: space to `~`, without `%`.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_of_grpc_is_known_by_its_content_type() {
        for (content_type, grpc) in [
            ("application/grpc", Some("application/grpc")),
            ("Application/gRPC+proto", Some("application/grpc")),
            ("application/grpc; charset=x", Some("application/grpc")),
            ("application/grpc-web+proto", Some("application/grpc-web")),
            (
                "application/grpc-web-text",
                Some("application/grpc-web-text"),
            ),
            ("application/grpcx", None),
            ("application/json", None),
            ("text/plain, application/grpc", None),
            ("", None),
        ] {
            let value = HeaderValue::from_static(content_type);
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value)]);
            let found = match Form::of(&headers) {
                Form::Grpc(content_type) => Some(content_type),
                Form::Problem => None,
            };
            assert_eq!(found, grpc, "{content_type}");
        }
        assert!(matches!(Form::of(&HeaderMap::new()), Form::Problem));
    }

    #[test]
    fn a_message_of_grpc_is_percent_encoded() {
        let problem = Problem {
            status: StatusCode::FORBIDDEN,
            kind: "x",
            detail: "100 % å\n".into(),
            grpc: GrpcCode::PermissionDenied,
        };
        let response = problem.response(Form::Grpc(GRPC));
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["grpc-status"], "7");
        assert_eq!(response.headers()["grpc-message"], "100 %25 %C3%A5%0A");
        assert_eq!(response.headers()["content-type"], "application/grpc");
    }
}
