//! Under which names the pages may be asked for.
//!
//! A web page from anywhere can let its own DNS name resolve to 127.0.0.1, and its script then reads what is
//! served there as if it were its own (DNS rebinding). Here that would be a key bundle, so a request has to
//! name this machine in a way that nobody can register: an address, a bare host name, or one below a suffix
//! that public DNS does not delegate.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::Response;

use super::notice::notice;

/// RFC 6761 6.3 and RFC 6762 3.
const LOCAL_SUFFIXES: [&str; 2] = [".localhost", ".local"];

pub(super) async fn require_local_name(request: Request, next: Next) -> Response {
    let in_header = request
        .headers()
        .get(HOST)
        .is_none_or(|value| value.to_str().is_ok_and(is_local));
    let in_uri = request
        .uri()
        .authority()
        .is_none_or(|authority| is_local(authority.as_str()));
    if in_header && in_uri {
        return next.run(request).await;
    }
    notice(
        StatusCode::MISDIRECTED_REQUEST,
        "Use the computer's address",
        "Open this page by the IP address of the computer, such as 192.0.2.7:8080, or as localhost. Under any other name \
         it answers nobody, so that no web site can fetch the keys through your browser.",
    )
}

fn is_local(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else {
        return false;
    };
    let host = authority.host().to_ascii_lowercase();
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(&host);
    address.parse::<IpAddr>().is_ok()
        || !host.contains('.')
        || LOCAL_SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_names_that_nobody_can_register_are_local() {
        for (authority, expected) in [
            ("127.0.0.1:8080", true),
            ("192.168.1.20", true),
            ("[::1]:8080", true),
            ("localhost:8080", true),
            ("LOCALHOST", true),
            ("lab.localhost", true),
            ("my-mac.local:8080", true),
            ("my-pc", true),
            ("rebind.example:8080", false),
            ("127.0.0.1.rebind.example", false),
            ("localhost.rebind.example", false),
            ("rebind.example.", false),
            ("notlocal.example-local", false),
            ("127.0.0.1@rebind.example", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(is_local(authority), expected, "{authority}");
        }
    }
}
