//! Apache: macros, directories that are included, CRLs that are demanded, comments.

use super::super::changed;
use super::rows::all;
use crate::setup::Setup;

const APACHE: &str = "apache.conf";
const REQUIRE: &str = "SSLVerifyClient require";

#[test]
fn apache() {
    all(&[
        (
            APACHE,
            REQUIRE,
            "SSLVerifyClient require # of everybody",
            Some("config-arguments"),
        ),
        (
            APACHE,
            REQUIRE,
            "# it's for everybody\nSSLVerifyClient require",
            None,
        ),
        (APACHE, "same-ca/ca.crt\n", "\"my ca/ca.crt\"\n", None),
        (
            APACHE,
            "same-ca/ca.crt\n",
            "my ca/ca.crt\n",
            Some("config-arguments"),
        ),
        (
            APACHE,
            REQUIRE,
            "SSLVerifyClient optional\n<Location />\nRequire ssl-verify-client\n</Location>",
            None,
        ),
        (
            APACHE,
            REQUIRE,
            "SSLVerifyClient optional\nSSLRequire %{SSL_CLIENT_S_DN_O} eq \"x\"",
            None,
        ),
        (
            APACHE,
            REQUIRE,
            "SSLVerifyClient optional\n<Location />\nRequire all granted\n</Location>",
            Some("verify-optional"),
        ),
        // What a macro says is said where it is used.
        (
            APACHE,
            REQUIRE,
            "<Macro Asks $how>\nSSLVerifyClient $how\n</Macro>\nUse Asks require",
            None,
        ),
        (
            APACHE,
            REQUIRE,
            "<Macro Asks $how>\nSSLVerifyClient $how\n</Macro>\nUse Asks none",
            Some("verify-off"),
        ),
        (
            APACHE,
            REQUIRE,
            "<Macro Asks $how>\nSSLVerifyClient $how\n</Macro>",
            Some("verify-off"),
        ),
        // CRLs that are demanded.
        (
            APACHE,
            "SSLCARevocationFile   same-ca/ca.crl",
            "",
            Some("crl-not-set"),
        ),
        (
            APACHE,
            "SSLCARevocationFile   same-ca/ca.crl",
            "SSLCARevocationPath same-ca",
            Some("crl-directory"),
        ),
        (
            APACHE,
            "SSLCARevocationFile   same-ca/ca.crl\nSSLCARevocationCheck  chain",
            "SSLCARevocationCheck chain no_crl_for_cert_ok",
            None,
        ),
        // The chain in a file of its own.
        (
            APACHE,
            "SSLCertificateKeyFile same-ca/server.key",
            "SSLCertificateKeyFile same-ca/server.key\nSSLCertificateChainFile same-ca/ca.crt",
            Some("root-in-chain"),
        ),
        (
            APACHE,
            "SSLCertificateKeyFile same-ca/server.key",
            "SSLCertificateKeyFile same-ca/server.key\nSSLCertificateChainFile same-ca/missing.crt",
            Some("file-missing"),
        ),
        (
            APACHE,
            REQUIRE,
            "SSLVerifyClient require\nSSLUseStapling on",
            Some("stapling-without-cache"),
        ),
        (
            APACHE,
            REQUIRE,
            "SSLVerifyClient require\nSSLUseStapling on\nSSLStaplingCache shmcb:x(65536)",
            None,
        ),
        (
            APACHE,
            "\"%{SSL_CLIENT_VERIFY}s\"",
            "\"expr=%{HTTP:X-SSL-Client-Verify}\"",
            Some("client-header-forwarded"),
        ),
    ]);
    let setup = Setup::lab();
    std::fs::create_dir(setup.path("lab/asks")).unwrap();
    setup.write("lab/asks/a.conf", "SSLVerifyClient require\n");
    let path = changed(&setup, APACHE, REQUIRE, "Include asks");
    setup.is_healthy(&[&path]);
    setup.write("lab/asks/a.conf", "SSLVerifyClient none\n");
    setup.finds("verify-off", &[&path]);
}
