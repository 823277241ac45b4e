//! Apache: directives and values that do not exist, and its module for TLS.

use std::path::{Path, PathBuf};

use super::super::edit;
use super::super::load;
use super::super::read::apache_directives;
use super::super::read::directive::Directive;
use super::super::settings::Server;
use super::arguments::surplus;
use super::forwarded::{About, forwarded, of_client};
use super::unknown::{self, MAX_FINDINGS, NUMBER, Values, meant};
use crate::finding::Finding;

pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let directives = apache_directives(path, text);
    let mut findings: Vec<Finding> = module(&directives).into_iter().collect();
    let beside = path.parent().unwrap_or(Path::new("")).to_owned();
    let bases = [beside.clone(), beside.join("..")];
    walk(&directives, &bases, &mut findings);
    findings.extend(ports(&directives));
    findings.extend(stapling(&directives));
    findings
}

/// Responses are stapled, and there is nowhere to keep them. Where it is in another file, that may not be given.
fn stapling(directives: &[Directive]) -> Option<Finding> {
    if directives.iter().any(|one| one.is("SSLStaplingCache")) {
        return None;
    }
    let is_on = |one: &Directive| {
        let value = one.argument();
        one.is("SSLUseStapling") && value.is_some_and(|word| word.eq_ignore_ascii_case("on"))
    };
    let hosts = directives.iter().flat_map(|host| &host.children);
    let asks = directives.iter().chain(hosts).find(|one| is_on(one))?;
    let what = "OCSP responses are stapled, and SSLStaplingCache says nowhere where they are kept.";
    Some(
        Finding::error("stapling-without-cache", asks.at.place(), what)
            .why("Apache does not start: `AH02217` or `no stapling cache`, `SSLStaplingCache` must be configured.")
            .step("Write `SSLStaplingCache shmcb:stapling(65536)` outside of the virtual hosts, and load mod_socache_shmcb."),
    )
}

/// What a backend is told of the client, by the client itself.
fn header(directive: &Directive) -> Option<Finding> {
    let [action, name, value, ..] = directive.arguments.as_slice() else {
        return None;
    };
    let sets = ["set", "setifempty", "add", "append", "merge"];
    let is_set = sets.iter().any(|one| action.eq_ignore_ascii_case(one));
    if !directive.is("RequestHeader") || !is_set {
        return None;
    }
    let wanted = of_client(name)?;
    let said = ["%{HTTP:", "%{http:", "%{req:", "req("];
    if !said.iter().any(|one| value.contains(one)) {
        return None;
    }
    let wanted = match wanted {
        About::Certificate => "expr=%{escape:%{SSL_CLIENT_CERT}}",
        About::Subject => "%{SSL_CLIENT_S_DN}s",
        About::Verdict => "%{SSL_CLIENT_VERIFY}s",
    };
    Some(forwarded(&directive.at, name, value, wanted))
}

/// A virtual host at a port that Apache does not listen at. Where none is named, other files do.
fn ports(directives: &[Directive]) -> Option<Finding> {
    let port = |address: &str| -> Option<u16> {
        let port = address.rsplit_once(':').map_or(address, |(_, port)| port);
        port.parse().ok()
    };
    let listens: Vec<&Directive> = directives.iter().filter(|one| one.is("Listen")).collect();
    let last = listens.last()?;
    // A variable that is not known may be any of them.
    let known: Vec<u16> = listens
        .iter()
        .map(|one| port(one.argument()?))
        .collect::<Option<_>>()?;
    let hosts = directives.iter().filter(|one| one.is("<VirtualHost"));
    let (host, missing) = hosts
        .flat_map(|host| host.arguments.iter().map(move |address| (host, address)))
        .filter(|(_, address)| address.contains(':'))
        .filter_map(|(host, address)| Some((host, port(address)?)))
        .find(|(_, port)| !known.contains(port))?;
    let what = format!("A virtual host is for port {missing}, and Apache does not listen there.");
    Some(
        Finding::error("port-not-listened", host.at.place(), what)
            .why("Nobody reaches it: `connection refused`. Whoever connects to another port gets another host's settings.")
            .command_or(
                edit::added(&last.at, &format!("Listen {missing}")),
                format!("Write `Listen {missing}`."),
            ),
    )
}

fn walk(directives: &[Directive], bases: &[PathBuf], findings: &mut Vec<Finding>) {
    for directive in directives {
        if findings.len() >= MAX_FINDINGS {
            return;
        }
        let name = directive.name.as_str();
        let is_tls = name
            .get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case("SSL"));
        if let Some(meant) = meant(name, &KNOWN, true).filter(|_| is_tls) {
            findings.push(unknown::directive(
                Server::Apache,
                &directive.at,
                name,
                meant,
            ));
        }
        findings.extend(surplus(Server::Apache, directive, &SINGLE, bases));
        findings.extend(unknown::value(Server::Apache, directive, VALUES));
        findings.extend(header(directive));
        // It is left over where it could not be followed.
        if directive.is("Include")
            && let Some(path) = directive.argument()
        {
            findings.extend(load::missing("Include", &directive.at, Path::new(path)));
        }
        walk(&directive.children, bases, findings);
    }
}

/// Modules are loaded, and the one that knows the directives of TLS is not.
fn module(directives: &[Directive]) -> Option<Finding> {
    let mut loads = directives.iter().filter(|one| one.is("LoadModule"));
    let last = loads.clone().next_back()?;
    let is_tls = |one: &Directive| one.argument() == Some("ssl_module");
    let [_, file] = last.arguments.as_slice() else {
        return None;
    };
    if loads.any(is_tls) {
        return None;
    }
    let first = first_of_tls(directives)?;
    let what = format!("The module of {} is not loaded: mod_ssl.", first.name);
    let own = Path::new(file).with_file_name("mod_ssl.so");
    Some(
        Finding::error("config-module-missing", first.at.place(), what)
            .why(format!("Apache does not start: `Invalid command '{}', perhaps misspelled or defined by a module not included`.", first.name))
            .command_or(
                edit::added(&last.at, &format!("LoadModule ssl_module {}", own.display())),
                "Load it: `LoadModule ssl_module .../mod_ssl.so`; on Debian and Ubuntu `a2enmod ssl`.",
            ),
    )
}

fn first_of_tls(directives: &[Directive]) -> Option<&Directive> {
    directives.iter().find_map(|one| match one.is("SSLEngine") {
        true => Some(one),
        false => first_of_tls(&one.children),
    })
}

const VALUES: &[Values] = &[
    Values {
        directive: "SSLEngine",
        known: &["on", "off", "optional"],
        instead: "on",
    },
    Values {
        directive: "SSLVerifyClient",
        known: &["none", "off", "optional", "require", "on", "optional_no_ca"],
        instead: "require",
    },
    Values {
        directive: "SSLProtocol",
        known: &[
            "all", "SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3",
        ],
        instead: "-all +TLSv1.2 +TLSv1.3",
    },
    Values {
        directive: "SSLVerifyDepth",
        known: &[NUMBER],
        instead: "2",
    },
    Values {
        directive: "SSLCARevocationCheck",
        known: &["chain", "leaf", "none", "no_crl_for_cert_ok"],
        instead: "chain",
    },
    Values {
        directive: "SSLSessionTickets",
        known: &["on", "off"],
        instead: "off",
    },
];

/// Those that take one value.
const SINGLE: [&str; 16] = [
    "SSLCACertificateFile",
    "SSLCACertificatePath",
    "SSLCADNRequestFile",
    "SSLCADNRequestPath",
    "SSLCARevocationFile",
    "SSLCARevocationPath",
    "SSLCertificateChainFile",
    "SSLCertificateFile",
    "SSLCertificateKeyFile",
    "SSLEngine",
    "SSLHonorCipherOrder",
    "SSLSessionCache",
    "SSLSessionTickets",
    "SSLUseStapling",
    "SSLVerifyClient",
    "SSLVerifyDepth",
];

/// Those of mod_ssl 2.4; a newer one has more.
const KNOWN: [&str; 35] = [
    "SSLCACertificateFile",
    "SSLCACertificatePath",
    "SSLCADNRequestFile",
    "SSLCADNRequestPath",
    "SSLCARevocationCheck",
    "SSLCARevocationFile",
    "SSLCARevocationPath",
    "SSLCertificateChainFile",
    "SSLCertificateFile",
    "SSLCertificateKeyFile",
    "SSLCipherSuite",
    "SSLCompression",
    "SSLCryptoDevice",
    "SSLEngine",
    "SSLFIPS",
    "SSLHonorCipherOrder",
    "SSLInsecureRenegotiation",
    "SSLOCSPEnable",
    "SSLOCSPDefaultResponder",
    "SSLOCSPOverrideResponder",
    "SSLOpenSSLConfCmd",
    "SSLOptions",
    "SSLPassPhraseDialog",
    "SSLProtocol",
    "SSLRandomSeed",
    "SSLRequire",
    "SSLRequireSSL",
    "SSLSessionCache",
    "SSLSessionCacheTimeout",
    "SSLSessionTickets",
    "SSLStaplingCache",
    "SSLStrictSNIVHostCheck",
    "SSLUseStapling",
    "SSLVerifyClient",
    "SSLVerifyDepth",
];
