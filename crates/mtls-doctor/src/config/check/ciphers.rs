//! Cipher suites of TLS 1.2: whether one of the list fits the server's key.

use x509_identity::PublicKeyAlgorithm;

use super::versions;
use crate::config::edit;
use crate::config::settings::{Server, ServerSettings, Setting};
use crate::finding::Finding;

/// What is wrong with a list of cipher suites, for a server with a key of this kind.
pub(super) fn check(settings: &ServerSettings, key: Option<PublicKeyAlgorithm>) -> Option<Finding> {
    let setting = settings.ciphers.as_ref()?;
    if versions::is_newest_alone(settings) {
        return None;
    }
    let list = List::read(&setting.value);
    let case = Case { settings, setting };
    if !list.has_suite() {
        return Some(case.empty(&list));
    }
    if let Some(key) = key.and_then(Authentication::of)
        && !list.fits(key)
    {
        return Some(case.of_another_key(key));
    }
    Some(case.weak(list.weak()?))
}

struct Case<'a> {
    settings: &'a ServerSettings,
    setting: &'a Setting<String>,
}

impl Case<'_> {
    /// Nothing in it is a suite of TLS 1.2.
    fn empty(&self, list: &List) -> Finding {
        let what = match list.has_new {
            true => {
                "The list of cipher suites has names of TLS 1.3 alone, which does not go by it."
            }
            false => "No word of the list of cipher suites is one that is known.",
        };
        self.finding("cipher-list-empty", what.to_owned(), true)
            .why("The server does not start: OpenSSL, nginx and Apache `no cipher match`, HAProxy `unable to set SSL cipher list`, Envoy `Failed to initialize cipher suites`.")
    }

    /// All suites are signed by another kind of key.
    fn of_another_key(&self, key: Authentication) -> Finding {
        let (has, wants) = match key {
            Authentication::Ecdsa => ("ECDSA", "RSA"),
            _ => ("RSA", "ECDSA"),
        };
        let is_all = versions::highest(self.settings).is_some();
        let what = format!(
            "The server's key is for {has}, and all of its cipher suites for TLS 1.2 are for {wants}."
        );
        let who = match is_all {
            true => "No client connects",
            false => "Clients that do not speak TLS 1.3 do not connect",
        };
        self.finding("ciphers-of-another-key", what, is_all).why(format!(
            "{who}: alert 40 `handshake_failure`, OpenSSL and nginx `no shared cipher`, Chrome ERR_SSL_VERSION_OR_CIPHER_MISMATCH."
        ))
    }

    fn weak(&self, word: &str) -> Finding {
        let what = format!("The list of cipher suites allows weak ones: {word}.");
        self.finding("weak-ciphers", what, false)
            .why("They encrypt or authenticate badly or not at all (RFC 9325 section 4.1); scanners report them, and clients of today do not offer them.")
    }

    fn finding(&self, id: &'static str, what: String, is_error: bool) -> Finding {
        let place = self.setting.at.place();
        let finding = match is_error {
            true => Finding::error(id, place, what),
            false => Finding::warning(id, place, what),
        };
        let (settings, setting) = (self.settings, self.setting);
        let name = setting.name;
        let command = match settings.server {
            Server::Nginx | Server::Apache => edit::set(settings, setting, GOOD),
            Server::HaProxy => edit::replaced(
                &setting.at,
                &format!("{name} {}", setting.value),
                &format!("{name} {GOOD}"),
            ),
            // Their own lists have suites for each kind of key.
            Server::Envoy | Server::Caddy => edit::deleted_alone(&setting.at, name),
        };
        finding.command_or(
            command,
            format!("Leave {name} out, or list suites for RSA and ECDSA, such as `{GOOD}`."),
        )
    }
}

/// Whose signature a suite has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Authentication {
    Ecdsa,
    Rsa,
    /// None, or what no certificate of today is for.
    Other,
}

impl Authentication {
    fn of(key: PublicKeyAlgorithm) -> Option<Self> {
        match key {
            PublicKeyAlgorithm::Rsa { .. } => Some(Self::Rsa),
            PublicKeyAlgorithm::EcP256
            | PublicKeyAlgorithm::EcP384
            | PublicKeyAlgorithm::EcP521
            | PublicKeyAlgorithm::Ed25519 => Some(Self::Ecdsa),
            _ => None,
        }
    }
}

/// A list of OpenSSL's (`ciphers(1)`), of BoringSSL's or of IANA's names.
struct List {
    words: Vec<Word>,
    has_new: bool,
}

struct Word {
    text: String,
    sense: Sense,
    is_excluded: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sense {
    /// Suites of more than one kind.
    Any,
    Of(Authentication),
    Unknown,
}

impl List {
    fn read(text: &str) -> Self {
        let mut list = Self {
            words: Vec::new(),
            has_new: false,
        };
        for text in text.split([':', ',', ' ', ';', '[', ']', '|']) {
            let plain = text.trim_start_matches(['!', '-', '+']);
            if plain.starts_with("TLS_AES_") || plain.starts_with("TLS_CHACHA20_") {
                list.has_new = true;
            } else if !plain.is_empty() {
                list.words.push(Word {
                    text: plain.to_owned(),
                    sense: sense(plain),
                    is_excluded: text.starts_with(['!', '-']),
                });
            }
        }
        list
    }

    fn wanted(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(|word| !word.is_excluded)
    }

    fn has_suite(&self) -> bool {
        let is_suite = |word: &Word| word.sense != Sense::Unknown && !word.text.starts_with('@');
        self.wanted().any(is_suite)
    }

    fn fits(&self, key: Authentication) -> bool {
        let mut excluded = self.words.iter().filter(|word| word.is_excluded);
        let is_out = excluded
            .any(|word| !word.text.contains(['+', '-', '_']) && word.sense == Sense::Of(key));
        let fits = |word: &Word| word.sense == Sense::Any || word.sense == Sense::Of(key);
        // A word of OpenSSL's that is not known here may stand for anything.
        !is_out
            && self
                .wanted()
                .any(|word| fits(word) || word.sense == Sense::Unknown)
    }

    fn weak(&self) -> Option<&str> {
        let is_weak = |word: &&Word| {
            let mut parts = word.text.split(['+', '-', '_']);
            word.text == "@SECLEVEL=0" || parts.any(|part| WEAK.contains(&part))
        };
        self.wanted().find(is_weak).map(|word| word.text.as_str())
    }
}

/// What a word stands for: a suite, or all suites with something in common, where `+` means both.
fn sense(text: &str) -> Sense {
    let parts = text.split('+').map(|part| match part {
        "aECDSA" | "ECDSA" | "SUITEB128" | "SUITEB128ONLY" | "SUITEB192" => {
            Sense::Of(Authentication::Ecdsa)
        }
        "RSA" | "aRSA" | "kRSA" | "DHE" | "EDH" | "kDHE" | "kEDH" => Sense::Of(Authentication::Rsa),
        "ADH" | "AECDH" | "PSK" | "SRP" | "aDSS" | "aNULL" | "aPSK" | "aSRP" => {
            Sense::Of(Authentication::Other)
        }
        part if KEYWORDS.contains(&part) || part.starts_with('@') => Sense::Any,
        suite => of_suite(suite),
    });
    parts.fold(Sense::Any, |all, part| match (all, part) {
        (Sense::Any, part) => part,
        (all, _) => all,
    })
}

/// `ECDHE-RSA-AES128-GCM-SHA256`, or `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
fn of_suite(text: &str) -> Sense {
    let is_iana = text.starts_with("TLS_");
    let parts: Vec<&str> = text.split(['-', '_']).collect();
    let has = |names: &[&str]| parts.iter().any(|part| names.contains(part));
    let encrypts = parts.iter().any(|part| {
        [
            "AES", "ARIA", "CAMELLIA", "CHACHA20", "DES", "IDEA", "NULL", "RC4", "SEED",
        ]
        .iter()
        .any(|cipher| part.starts_with(cipher))
    });
    if parts.len() < 2 || !encrypts {
        return Sense::Unknown;
    }
    Sense::Of(if has(&["ECDSA"]) {
        Authentication::Ecdsa
    } else if has(&[
        "ADH", "AECDH", "anon", "DSS", "GOST2001", "GOST2012", "PSK", "SRP",
    ]) {
        Authentication::Other
    } else if is_iana && !has(&["RSA"]) {
        return Sense::Unknown;
    } else {
        Authentication::Rsa
    })
}

/// For keys of both kinds, with forward secrecy and an AEAD (RFC 9325 section 4.2).
const GOOD: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/// What OpenSSL calls suites of more than one kind of key.
const KEYWORDS: [&str; 42] = [
    "3DES",
    "AES",
    "AES128",
    "AES256",
    "AESCCM",
    "AESCCM8",
    "AESGCM",
    "ALL",
    "ARIA",
    "ARIA128",
    "ARIA256",
    "CAMELLIA",
    "CAMELLIA128",
    "CAMELLIA256",
    "CHACHA20",
    "COMPLEMENTOFALL",
    "COMPLEMENTOFDEFAULT",
    "DEFAULT",
    "DES",
    "ECDH",
    "ECDHE",
    "EECDH",
    "EXP",
    "EXPORT",
    "FIPS",
    "HIGH",
    "LOW",
    "MD5",
    "MEDIUM",
    "NULL",
    "RC4",
    "SEED",
    "SHA",
    "SHA1",
    "SHA256",
    "SHA384",
    "TLSv1",
    "TLSv1.0",
    "TLSv1.2",
    "eNULL",
    "kECDHE",
    "kEECDH",
];

const WEAK: [&str; 16] = [
    "ADH",
    "AECDH",
    "COMPLEMENTOFALL",
    "DES",
    "EXP",
    "EXPORT",
    "IDEA",
    "LOW",
    "MD5",
    "NULL",
    "RC2",
    "RC4",
    "aNULL",
    "anon",
    "eNULL",
    "SEED",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_fits_the_keys_that_it_has_suites_for() {
        use Authentication::{Ecdsa, Rsa};
        for (list, rsa, ecdsa) in [
            (GOOD, true, true),
            ("HIGH:!aNULL:!MD5", true, true),
            ("EECDH+AESGCM:EDH+AESGCM", true, true),
            ("ECDHE-RSA-AES128-GCM-SHA256", true, false),
            ("ECDHE-ECDSA-AES128-GCM-SHA256", false, true),
            ("AES128-SHA:DHE-RSA-AES256-SHA", true, false),
            ("ECDHE+aRSA", true, false),
            ("HIGH:!aRSA", false, true),
            ("HIGH:!ECDSA", true, false),
            ("HIGH:!ECDHE-ECDSA-AES128-SHA", true, true),
            (
                "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]",
                true,
                false,
            ),
            ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", false, true),
            ("DHE+AES", true, false),
            ("SOMETHING-NEW", true, true),
        ] {
            let read = List::read(list);
            assert_eq!((read.fits(Rsa), read.fits(Ecdsa)), (rsa, ecdsa), "{list}");
        }
    }

    #[test]
    fn a_list_without_suites_is_empty_and_a_weak_one_is_told() {
        for (list, has_suite, weak) in [
            ("FOO", false, None),
            ("TLS_AES_128_GCM_SHA256", false, None),
            (
                "TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256",
                true,
                None,
            ),
            ("@SECLEVEL=0:HIGH", true, Some("@SECLEVEL=0")),
            ("HIGH:!aNULL:!MD5:!RC4", true, None),
            ("ALL:eNULL", true, Some("eNULL")),
            ("RC4-SHA", true, Some("RC4-SHA")),
            ("DES-CBC3-SHA", true, Some("DES-CBC3-SHA")),
        ] {
            let read = List::read(list);
            assert_eq!((read.has_suite(), read.weak()), (has_suite, weak), "{list}");
        }
    }
}
