//! nginx: what a backend is told of the client, and what somebody gets whose certificate is refused.

use super::super::edit;
use super::super::read::directive::Directive;
use super::forwarded::{About, forwarded, of_client};
use crate::finding::Finding;

/// What a backend is told of the client: not what the client says of itself, and in one line.
pub(super) fn header(directive: &Directive) -> Option<Finding> {
    let sets = ["proxy_set_header", "grpc_set_header"];
    let [name, value] = directive.arguments.as_slice() else {
        return None;
    };
    if !sets.iter().any(|one| directive.is(one)) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    if value.contains("$ssl_client_cert") || value.contains("$ssl_client_raw_cert") {
        let what = format!("The header {name} gets the certificate with its line ends.");
        let old = if value.contains("raw") {
            "$ssl_client_raw_cert"
        } else {
            "$ssl_client_cert"
        };
        return Some(
            Finding::error("certificate-header-lines", directive.at.place(), what)
                .why("A header is one line (RFC 9112 section 5.2): Node, Go and many others answer 400, and others read the rest as headers.")
                .command_or(
                    edit::replaced(&directive.at, old, "$ssl_client_escaped_cert"),
                    "Write $ssl_client_escaped_cert, which is percent-encoded.",
                ),
        );
    }
    let about = of_client(&name).filter(|_| value.contains("$http_"))?;
    let wanted = match about {
        About::Certificate => "$ssl_client_escaped_cert",
        About::Subject => "$ssl_client_s_dn",
        About::Verdict => "$ssl_client_verify",
    };
    Some(forwarded(&directive.at, &name, value, wanted))
}

/// Two spellings of a header that a backend takes for one, where the headers say who the client is.
pub(super) fn underscores(directive: &Directive, top: &[Directive]) -> Option<Finding> {
    let is_on = directive.is("underscores_in_headers") && directive.argument() == Some("on");
    if !is_on || !tells_client(top) {
        return None;
    }
    let what = "A client may send headers with underscores, and a backend that is told of the client's certificate by headers \
                takes `X_SSL_Client` for `X-SSL-Client`.";
    Some(
        Finding::warning("client-header-forwarded", directive.at.place(), what)
            .why("Whoever sends that header is whom it names, with any certificate or none: CGI, WSGI and PHP read both as one.")
            .command_or(
                edit::replaced(&directive.at, "underscores_in_headers on", "underscores_in_headers off"),
                "Write `underscores_in_headers off;`.",
            ),
    )
}

/// Whether a backend is told of the client's certificate.
fn tells_client(directives: &[Directive]) -> bool {
    directives.iter().any(|one| {
        let sets = one.is("proxy_set_header") || one.is("grpc_set_header");
        let mut words = one.arguments.iter();
        sets && words.any(|word| word.contains("$ssl_client")) || tells_client(&one.children)
    })
}

/// Whoever was refused for his certificate gets another page, with the status of one that was accepted.
pub(super) fn refusal_page(directive: &Directive) -> Option<Finding> {
    let words = &directive.arguments;
    let is_of_refusal = words
        .iter()
        .any(|word| ["495", "496"].contains(&word.as_str()));
    let changed = words
        .iter()
        .find(|word| **word == "=" || word.starts_with("=2"))?;
    if !directive.is("error_page") || !is_of_refusal {
        return None;
    }
    let what = "Who presents no certificate, or a wrong one, is answered as if it were right.";
    Some(
        Finding::error("refusal-answered-as-success", directive.at.place(), what)
            .why("nginx finishes the handshake with such a client and refuses it by this answer alone; applications take a 200 for theirs.")
            .command_or(
                edit::replaced(&directive.at, &format!(" {changed} "), " "),
                format!("Leave `{changed}` out."),
            ),
    )
}
