//! What each server's language allows and people get wrong, and what other programs have made of a key or a bundle.

use super::mend::Mend;

const NGINX: &str = "servers/nginx.conf";
const NGINX_STARTS: &str = "nginx -t -p . -e stderr -c servers/nginx.conf";
const APACHE: &str = "servers/apache.conf";
const APACHE_STARTS: &str = "apache2 -t -d $PWD -f servers/apache.conf";
const HAPROXY: &str = "servers/haproxy.cfg";
const HAPROXY_STARTS: &str = "haproxy -c -f servers/haproxy.cfg";
const CADDY: &str = "servers/Caddyfile";
const CLIENT: &str = "--cert same-ca/client.crt --key same-ca/client.key --ca same-ca/ca.crt";
const P12: &str = "--p12 same-ca/client.p12 --password-file pw";
/// By the default provider alone.
const KEY_IS_READ: &str = "openssl pkey -in same-ca/client.key -passin file:pw -noout";

pub(super) const KINDS: &[Mend] = &[
    Mend {
        name: "nginx: OCSP without a resolver",
        id: "ocsp-without-resolver",
        targets: NGINX,
        fault: "sed -i 's/ssl_verify_client on;/ssl_verify_client on; ssl_ocsp on;/' servers/nginx.conf",
        holds: "grep -Eq '^ *resolver [^ ]+;' servers/nginx.conf && nginx -t -p . -e stderr -c servers/nginx.conf",
    },
    Mend {
        name: "nginx: must-staple",
        id: "staple-missing",
        targets: NGINX,
        fault: "issue same-ca/server same-ca/ca /CN=localhost 90 $LEAF $SIGNS extendedKeyUsage=serverAuth subjectAltName=DNS:localhost,DNS:api.example.local tlsfeature=status_request",
        holds: "grep -q 'ssl_stapling on;' servers/nginx.conf && grep -q 'resolver ' servers/nginx.conf && nginx -t -p . -e stderr -c servers/nginx.conf",
    },
    Mend {
        name: "nginx: a blank in a path",
        id: "config-arguments",
        targets: NGINX,
        fault: "mkdir 'my ca' && cp same-ca/ca.crt 'my ca' && sed -i 's|../same-ca/ca.crt;|../my ca/ca.crt;|' servers/nginx.conf",
        holds: NGINX_STARTS,
    },
    Mend {
        name: "nginx: refusals answered as success",
        id: "refusal-answered-as-success",
        targets: NGINX,
        fault: "sed -i 's|location / {|error_page 495 496 =200 /; location / {|' servers/nginx.conf",
        holds: "! grep -q '=200' servers/nginx.conf && nginx -t -p . -e stderr -c servers/nginx.conf",
    },
    Mend {
        name: "nginx: headers with underscores",
        id: "client-header-forwarded",
        targets: NGINX,
        fault: "sed -i 's/^http {/http { underscores_in_headers on;/' servers/nginx.conf",
        holds: "! grep -q 'underscores_in_headers on' servers/nginx.conf",
    },
    Mend {
        name: "nginx: the key of another certificate",
        id: "key-mismatch",
        targets: NGINX,
        fault: "sed -i 's|../same-ca/server.key|../same-ca/client.key|' servers/nginx.conf",
        holds: NGINX_STARTS,
    },
    Mend {
        name: "nginx: the key of another certificate for a backend",
        id: "key-mismatch",
        targets: NGINX,
        fault: "sed -i 's|proxy_pass http://127.0.0.1:3000;|proxy_pass https://127.0.0.1:3000; proxy_ssl_certificate ../same-ca/client.crt; proxy_ssl_certificate_key ../different-ca/client.key;|' servers/nginx.conf",
        holds: NGINX_STARTS,
    },
    Mend {
        name: "Apache: a comment behind a directive",
        id: "config-arguments",
        targets: APACHE,
        fault: "sed -i 's/^SSLVerifyClient require/& # everybody/' servers/apache.conf",
        holds: APACHE_STARTS,
    },
    Mend {
        name: "Apache: a blank in a path",
        id: "config-arguments",
        targets: APACHE,
        fault: "mkdir 'my ca' && cp same-ca/ca.crt 'my ca' && sed -i 's|same-ca/ca.crt$|my ca/ca.crt|' servers/apache.conf",
        holds: APACHE_STARTS,
    },
    Mend {
        name: "Apache: CRLs demanded, and none named",
        id: "crl-not-set",
        targets: APACHE,
        fault: "sed -i '/^SSLCARevocationFile/d' servers/apache.conf",
        holds: "grep -q '^SSLCARevocationFile' servers/apache.conf",
    },
    Mend {
        name: "Apache: a directory of CRLs without hashes",
        id: "crl-directory",
        targets: APACHE,
        fault: "mkdir crls && cp same-ca/ca.crl crls && sed -i 's|^SSLCARevocationFile .*|SSLCARevocationPath crls|' servers/apache.conf",
        holds: "ls crls | grep -q '[.]r0$'",
    },
    Mend {
        name: "HAProxy: a list that asks for nothing",
        id: "verify-off",
        targets: HAPROXY,
        fault: "(umask 077; cat same-ca/server.crt same-ca/server.key > all.pem) && echo 'all.pem [verify none]' > list.txt && sed -i 's|crt same-ca/server.crt|crt-list list.txt|' servers/haproxy.cfg",
        holds: "grep -q 'verify required' list.txt && haproxy -c -f servers/haproxy.cfg",
    },
    Mend {
        name: "HAProxy: a list with the key of another certificate",
        id: "key-mismatch",
        targets: HAPROXY,
        fault: "cp same-ca/server.crt a.pem && cp same-ca/client.key a.pem.key && cp same-ca/server.key right.key && echo 'a.pem' > list.txt && sed -i 's|crt same-ca/server.crt|crt-list list.txt|; /ssl-load-extra-del-ext/d' servers/haproxy.cfg",
        holds: HAPROXY_STARTS,
    },
    Mend {
        name: "Caddy: a certificate without its key",
        id: "config-arguments",
        targets: CADDY,
        fault: "sed -i 's|tls same-ca/server.crt same-ca/server.key|tls same-ca/server.crt|' servers/Caddyfile",
        holds: "grep -q 'tls same-ca/server.crt same-ca/server.key' servers/Caddyfile",
    },
    Mend {
        name: "Caddy: a brace without a blank",
        id: "config-syntax",
        targets: CADDY,
        fault: "sed -i 's/client_auth {/client_auth{/' servers/Caddyfile",
        holds: "grep -q 'client_auth {' servers/Caddyfile",
    },
    Mend {
        name: "Caddy: a brace in a line of its own",
        id: "config-syntax",
        targets: CADDY,
        fault: r"sed -i 's/client_auth {/client_auth\n\t\t{/' servers/Caddyfile",
        holds: "grep -q 'client_auth {' servers/Caddyfile",
    },
    Mend {
        name: "Caddy: what a file says that is imported",
        id: "verify-unchecked",
        targets: CADDY,
        fault: "mkdir servers/sites && sed -n '/^https/,$p' servers/Caddyfile | sed 's/require_and_verify/request/' > servers/sites/a.caddy && sed -i '/^https/,$d' servers/Caddyfile && echo 'import sites/*.caddy' >> servers/Caddyfile",
        holds: "grep -q 'mode require_and_verify' servers/sites/a.caddy",
    },
    Mend {
        name: "Caddy: JSON",
        id: "verify-optional",
        targets: "caddy.json",
        fault: r#"printf '%s\n' '{ "apps": { "http": { "servers": { "s": { "listen": [":8443"], "tls_connection_policies": [ {' '"client_authentication": { "mode": "verify_if_given",' '"ca": { "provider": "file", "pem_files": ["same-ca/ca.crt"] } } } ] } } },' '"tls": { "certificates": { "load_files": [ { "certificate": "same-ca/server.crt", "key": "same-ca/server.key" } ] } } } }' > caddy.json"#,
        holds: r#"grep -q '"mode": "require_and_verify"' caddy.json"#,
    },
    Mend {
        name: "key under MD5 and DES",
        id: "key-encryption-algorithm",
        targets: "--cert same-ca/client.crt --key same-ca/client.key --ca same-ca/ca.crt --password-file pw",
        fault: "openssl pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default -in same-ca/client.key -passout file:pw -out n && cat n > same-ca/client.key",
        holds: KEY_IS_READ,
    },
    Mend {
        name: "key under DES in the old form",
        id: "key-encryption-algorithm",
        targets: "--cert same-ca/client.crt --key same-ca/client.key --ca same-ca/ca.crt --password-file pw",
        fault: "openssl pkey -in same-ca/client.key -traditional -des -provider legacy -provider default -passout file:pw -out n && cat n > same-ca/client.key",
        holds: KEY_IS_READ,
    },
    Mend {
        name: "a CA of others in the bundle",
        id: "certificate-unrelated",
        targets: P12,
        fault: "cat same-ca/ca.crt different-ca/client-ca.crt > cas && openssl pkcs12 -export -inkey same-ca/client.key -in same-ca/client.crt -certfile cas -passout file:pw -out same-ca/client.p12",
        holds: "openssl pkcs12 -in same-ca/client.p12 -passin file:pw -nokeys 2>&1 | grep -c BEGIN | grep -qx 2",
    },
    Mend {
        name: "a CA of others in the chain",
        id: "certificate-unrelated",
        targets: CLIENT,
        fault: "cat different-ca/client-ca.crt >> same-ca/client.crt",
        holds: "test $(grep -c BEGIN same-ca/client.crt) = 1",
    },
    Mend {
        name: "a bundle written as text",
        id: "binary-as-text",
        targets: P12,
        fault: "iconv -f LATIN1 -t UTF-16 same-ca/client.p12 > n && cat n > same-ca/client.p12",
        holds: "openssl pkcs12 -in same-ca/client.p12 -passin file:pw -noout",
    },
];
