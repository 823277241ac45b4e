//! The servers' configurations: a listener for each setting, required client certificates, no resumption.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::setting::Setting;

/// A port and what is configured there.
#[derive(Clone, Copy)]
pub(crate) struct Listener<'a> {
    pub(crate) port: u16,
    pub(crate) setting: &'a Setting,
}

impl PartialEq for Listener<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.port == other.port
    }
}

pub(crate) fn nginx(listeners: &[Listener<'_>], cert: &Path, key: &Path, run: &Path) -> String {
    let run = run.display();
    let (cert, key) = (cert.display(), key.display());
    let mut text = format!(
        "worker_processes 1;
daemon off;
pid {run}/nginx.pid;
error_log stderr emerg;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  client_body_temp_path {run}/body;
  proxy_temp_path {run}/proxy;
  fastcgi_temp_path {run}/fastcgi;
  uwsgi_temp_path {run}/uwsgi;
  scgi_temp_path {run}/scgi;
  ssl_certificate {cert};
  ssl_certificate_key {key};
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_tickets off;
  ssl_verify_client on;
  ssl_verify_depth 10;
"
    );
    for Listener { port, setting } in listeners {
        let roots = setting.roots.display();
        let _ = write!(
            text,
            "  server {{ listen 127.0.0.1:{port} ssl; ssl_client_certificate {roots};"
        );
        if let Some(crls) = &setting.crls {
            let _ = write!(text, " ssl_crl {};", crls.display());
        }
        text.push_str(" location / { return 200 \"Hello\\n\"; } }\n");
    }
    text.push_str("}\n");
    text
}

pub(crate) fn haproxy(listeners: &[Listener<'_>], both: &Path) -> String {
    let mut text = "global
  nbthread 1
  maxconn 1024
  tune.ssl.cachesize 0
  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
"
    .to_owned();
    for Listener { port, setting } in listeners {
        let _ = write!(
            text,
            "frontend p{port}\n  bind 127.0.0.1:{port} ssl crt {} verify required ca-file {}",
            both.display(),
            setting.roots.display()
        );
        if let Some(crls) = &setting.crls {
            let _ = write!(text, " crl-file {}", crls.display());
        }
        text.push_str(
            "\n  http-request return status 200 content-type text/plain string \"Hello\"\n",
        );
    }
    text
}

pub(crate) fn envoy(listeners: &[Listener<'_>], cert: &Path, key: &Path) -> String {
    let listeners: Vec<_> = listeners
        .iter()
        .map(|Listener { port, setting }| {
            let mut trust = json!({ "trusted_ca": { "filename": setting.roots } });
            if let Some(crls) = &setting.crls {
                trust["crl"] = json!({ "filename": crls });
            }
            json!({
                "name": port.to_string(),
                "address": { "socket_address": { "address": "127.0.0.1", "port_value": port } },
                "filter_chains": [{
                    "transport_socket": {
                        "name": "envoy.transport_sockets.tls",
                        "typed_config": {
                            "@type": format!("{EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext"),
                            "require_client_certificate": true,
                            "disable_stateless_session_resumption": true,
                            "disable_stateful_session_resumption": true,
                            "common_tls_context": {
                                "tls_params": {
                                    "tls_minimum_protocol_version": "TLSv1_2",
                                    "tls_maximum_protocol_version": "TLSv1_3"
                                },
                                "tls_certificates": [{
                                    "certificate_chain": { "filename": cert },
                                    "private_key": { "filename": key }
                                }],
                                "validation_context": trust
                            }
                        }
                    },
                    "filters": [{
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": {
                            "@type": format!(
                                "{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"
                            ),
                            "stat_prefix": "limbo",
                            "delayed_close_timeout": "0s",
                            "http_filters": [{
                                "name": "envoy.filters.http.router",
                                "typed_config": {
                                    "@type": format!("{EXTENSIONS}.filters.http.router.v3.Router")
                                }
                            }],
                            "route_config": { "virtual_hosts": [{
                                "name": "all",
                                "domains": ["*"],
                                "routes": [{
                                    "match": { "prefix": "/" },
                                    "direct_response": { "status": 200, "body": { "inline_string": "Hello\n" } }
                                }]
                            }] }
                        }
                    }]
                }]
            })
        })
        .collect();
    json!({ "static_resources": { "listeners": listeners } }).to_string()
}

const EXTENSIONS: &str = "type.googleapis.com/envoy.extensions";

/// For the servers that are programs of a few lines, in `peers/`.
pub(crate) fn settings(listeners: &[Listener<'_>]) -> String {
    let settings: Vec<_> = listeners
        .iter()
        .map(|Listener { port, setting }| {
            json!({ "port": port, "roots": setting.roots, "crls": setting.crls })
        })
        .collect();
    json!(settings).to_string()
}
