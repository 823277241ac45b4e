//! The servers of somebody else: how each is started, and what it is known to do.

use crate::report::Verdict;

/// What is known of a server.
pub(super) struct Known {
    pub(super) name: &'static str,
    /// What a client with a missing or bad certificate gets.
    pub(super) refusal: Verdict,
    /// Bad certificates that this server takes all the same, shown in the table as they are.
    pub(super) takes: &'static [&'static str],
    /// The header that tells its backend who the client is.
    pub(super) forwards: Option<&'static str>,
}

/// A server of somebody else, and how it is started.
pub(crate) struct Peer {
    pub(super) known: Known,
    pub(super) program: &'static str,
    /// From the lab's directory; `PORT` and `BACKEND` in them are replaced.
    pub(super) arguments: &'static [&'static str],
    pub(super) ports: Ports,
}

/// How a server is told its port and its backend's.
pub(super) enum Ports {
    /// By `PORT` in its arguments.
    Arguments,
    /// By `PORT` and `BACKEND` in the environment.
    Environment,
    /// By changing these texts in its file, as the file's header says.
    File {
        file: &'static str,
        port: &'static str,
        backend: &'static str,
    },
}

/// The server of somebody else that is called `name`.
pub(crate) fn peer(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.known.name == name)
}

/// The one that takes none of them.
pub(super) const OURS: &Known = &Known {
    name: "hello (ours)",
    refusal: Verdict::RefusedInTls,
    takes: &[],
    forwards: None,
};

/// Node with an OpenSSL that knows ML-DSA.
pub(crate) const NODE_26: Peer = Peer {
    known: Known {
        name: "server.mjs by Node 26",
        refusal: Verdict::RefusedInTls,
        takes: &["no-usage"],
        forwards: None,
    },
    program: "node26",
    arguments: &["servers/server.mjs"],
    ports: Ports::Environment,
};

pub(super) const PEERS: &[Peer] = &[
    Peer {
        known: Known {
            name: "nginx",
            refusal: Verdict::RefusedByStatus(400),
            takes: &["no-usage", "ca-as-leaf"],
            forwards: Some("X-SSL-Client-Subject"),
        },
        program: "nginx",
        arguments: &["-p", ".", "-e", "stderr", "-c", "servers/nginx.conf"],
        ports: Ports::File {
            file: "servers/nginx.conf",
            port: "127.0.0.1:8443",
            backend: "127.0.0.1:3000",
        },
    },
    Peer {
        known: Known {
            name: "Apache",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "ca-as-leaf"],
            forwards: Some("X-SSL-Client-Subject"),
        },
        program: "apache2",
        arguments: &[
            "-C",
            "Define PORT PORT_",
            "-C",
            "Define BACKEND http://127.0.0.1:BACKEND_",
            "-d",
            "LAB",
            "-f",
            "servers/apache.conf",
            "-DFOREGROUND",
        ],
        ports: Ports::Arguments,
    },
    Peer {
        known: Known {
            name: "HAProxy",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "ca-as-leaf"],
            forwards: Some("X-SSL-Client-Subject"),
        },
        program: "haproxy",
        arguments: &["-db", "-f", "servers/haproxy.cfg"],
        ports: Ports::Environment,
    },
    Peer {
        known: Known {
            name: "Envoy",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "ca-as-leaf"],
            forwards: Some("X-Forwarded-Client-Cert"),
        },
        program: "envoy",
        arguments: &[
            "-c",
            "servers/envoy.yaml",
            "--disable-hot-restart",
            "--log-level",
            "error",
        ],
        ports: Ports::File {
            file: "servers/envoy.yaml",
            port: "port_value: 8443",
            backend: "port_value: 3000",
        },
    },
    Peer {
        known: Known {
            name: "Caddy",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "revoked", "ca-as-leaf"], // it reads no CRL
            forwards: Some("X-SSL-Client-Subject"),
        },
        program: "caddy",
        arguments: &[
            "run",
            "--config",
            "servers/Caddyfile",
            "--adapter",
            "caddyfile",
        ],
        ports: Ports::Environment,
    },
    Peer {
        known: Known {
            name: "Node",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "ca-as-leaf"],
            forwards: None,
        },
        program: "node",
        arguments: &["servers/server.mjs"],
        ports: Ports::Environment,
    },
    Peer {
        known: Known {
            name: "openssl s_server",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "ca-as-leaf"],
            forwards: None,
        },
        program: "openssl",
        arguments: S_SERVER,
        ports: Ports::Arguments,
    },
];

const S_SERVER: &[&str] = &[
    "s_server",
    "-accept",
    "127.0.0.1:PORT_",
    "-cert",
    "same-ca/server.crt",
    "-key",
    "same-ca/server.key",
    "-CAfile",
    "same-ca/ca.crt",
    "-CRL",
    "same-ca/ca.crl",
    "-crl_check",
    "-Verify",
    "2",
    "-verify_return_error",
    "-www",
];
