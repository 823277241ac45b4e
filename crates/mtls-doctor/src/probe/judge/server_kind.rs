//! Which server it is, so that its own settings can be named.

use self::Setting::{By, Not};
use crate::config::settings::{APACHE_VERSIONS, NGINX_VERSIONS, Server as Configured};
use crate::probe::observation::Observation;

/// The server that names itself in its answers; `None` for one that does not, or that is none of these.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerKind(Option<&'static Server>);

/// A server, where its settings are, what has it take them, and what they are called.
#[derive(Debug)]
pub(super) struct Server {
    name: &'static str,
    /// How it calls itself in its answers, in lower case.
    headers: &'static [&'static str],
    file: &'static str,
    reload: &'static str,
    /// Its own certificate and chain.
    pub(super) certificate: Setting,
    /// The CAs of client certificates.
    pub(super) client_cas: Setting,
    pub(super) crls: Setting,
    /// How long a chain may be.
    pub(super) depth: Setting,
    /// That a client certificate is required.
    pub(super) required: Setting,
    /// The versions of TLS.
    pub(super) versions: Setting,
}

/// How something is set.
#[derive(Clone, Copy, Debug)]
pub(super) enum Setting {
    /// By this, in the server's file.
    By(&'static str),
    /// It cannot be set, as this says.
    Not(&'static str),
}

impl ServerKind {
    pub(super) fn of(seen: &Observation) -> Self {
        let header = seen
            .server_header()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_named = |server: &&Server| {
            let mut beginnings = server.headers.iter();
            beginnings.any(|beginning| header.starts_with(beginning))
        };
        Self(SERVERS.iter().find(is_named))
    }

    /// Where the setting is made: for the server that it is, or for each of the usual ones.
    pub(super) fn setting(self, setting: impl Fn(&Server) -> Setting) -> String {
        let of = |server: &Server| {
            let Server {
                name, file, reload, ..
            } = server;
            match setting(server) {
                By(line) => format!("{name}: {line} in {file}, then {reload}"),
                Not(why) => format!("{name}: {why}"),
            }
        };
        match self.0 {
            Some(server) => of(server),
            None => SERVERS.iter().map(of).collect::<Vec<_>>().join("; "),
        }
    }
}

/// In the order in which they are told.
static SERVERS: [Server; 6] = [
    Server {
        name: Configured::Nginx.name(),
        headers: &["nginx", "openresty"],
        file: "the `server` block of /etc/nginx/nginx.conf or a file that it includes",
        reload: "`nginx -t && nginx -s reload`",
        certificate: By("ssl_certificate"),
        client_cas: By("ssl_client_certificate"),
        crls: By("ssl_crl"),
        depth: By("ssl_verify_depth 3;"),
        required: By(Configured::Nginx.required()),
        versions: By(NGINX_VERSIONS),
    },
    Server {
        name: Configured::Apache.name(),
        headers: &["apache"],
        file: "the virtual host below /etc/apache2/sites-enabled or /etc/httpd/conf.d",
        reload: "`apachectl configtest && apachectl graceful`",
        certificate: By("SSLCertificateFile"),
        client_cas: By("SSLCACertificateFile"),
        crls: By("SSLCARevocationFile"),
        depth: By("SSLVerifyDepth 3"),
        required: By(Configured::Apache.required()),
        versions: By(APACHE_VERSIONS),
    },
    Server {
        name: Configured::HaProxy.name(),
        headers: &[],
        file: "the bind line of /etc/haproxy/haproxy.cfg",
        reload: "`haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy`",
        certificate: By("crt"),
        client_cas: By("ca-file"),
        crls: By("crl-file"),
        depth: Not(NO_DEPTH),
        required: By(Configured::HaProxy.required()),
        versions: By("ssl-min-ver TLSv1.2, and no ssl-max-ver"),
    },
    Server {
        name: Configured::Envoy.name(),
        headers: &["envoy", "istio"],
        file: "the DownstreamTlsContext of the listener in envoy.yaml",
        reload: "restart it",
        certificate: By("tls_certificates: certificate_chain"),
        client_cas: By("validation_context: trusted_ca"),
        crls: By("validation_context: crl"),
        depth: By("max_verify_depth: 3"),
        required: By(Configured::Envoy.required()),
        versions: By("tls_params: tls_maximum_protocol_version: TLSv1_3"),
    },
    Server {
        name: Configured::Caddy.name(),
        headers: &["caddy"],
        file: "the `tls` block of the site in /etc/caddy/Caddyfile",
        reload: "`caddy reload --config /etc/caddy/Caddyfile`",
        certificate: By("tls CERTIFICATE KEY"),
        client_cas: By("client_auth { trust_pool file { pem_file ... } }"),
        crls: Not("it reads no CRL"),
        depth: Not(NO_DEPTH),
        required: By("client_auth { mode require_and_verify }"),
        versions: By("leave out protocols"),
    },
    Server {
        name: "Node",
        headers: &[],
        file: "the call of https.createServer",
        reload: "restart it",
        certificate: By("the option cert"),
        client_cas: By("the option ca"),
        crls: By("the option crl"),
        depth: Not(NO_DEPTH),
        required: By("requestCert: true and rejectUnauthorized: true"),
        versions: By("minVersion: 'TLSv1.2', and no maxVersion"),
    },
];

const NO_DEPTH: &str = "it has no such setting, so the CA itself differs";
