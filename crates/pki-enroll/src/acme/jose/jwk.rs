//! Public keys of accounts (RFC 7517, 7518 and 8037).

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::decoded;
use crate::acme::problem::{Kind, Problem};

/// A public key that can belong to an account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::acme) enum Jwk {
    Ed25519 {
        x: Vec<u8>,
    },
    P256 {
        x: Vec<u8>,
        y: Vec<u8>,
    },
    P384 {
        x: Vec<u8>,
        y: Vec<u8>,
    },
    /// 2048 to 4096 bits.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

/// What a JWK may have; whatever else it has means nothing here.
#[derive(Deserialize)]
struct Members {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    /// What only a private key has, or a shared one.
    d: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

impl Jwk {
    /// # Errors
    ///
    /// `badPublicKey` for a key of another kind or strength.
    pub(in crate::acme) fn from_json(text: &str) -> Result<Self, Problem> {
        let bad = |detail: &str| Problem::new(Kind::BadPublicKey, detail);
        let members: Members =
            serde_json::from_str(text).map_err(|_| bad("`jwk` is not a public key"))?;
        if members.d.is_some() || members.k.is_some() {
            return Err(bad("`jwk` has a secret in it; make a new key"));
        }
        let part = |text: &Option<String>, len: usize| {
            let text = text.as_deref();
            let text = text.ok_or_else(|| bad("`jwk` lacks a part of the key"))?;
            let part = decoded(text, "a part of `jwk`")?;
            match part.len() == len || len == 0 {
                true => Ok(part),
                false => Err(bad("a part of `jwk` has the wrong length")),
            }
        };
        match (members.kty.as_str(), members.crv.as_deref()) {
            ("EC", Some("P-256")) => Ok(Self::P256 {
                x: part(&members.x, 32)?,
                y: part(&members.y, 32)?,
            }),
            ("EC", Some("P-384")) => Ok(Self::P384 {
                x: part(&members.x, 48)?,
                y: part(&members.y, 48)?,
            }),
            ("OKP", Some("Ed25519")) => Ok(Self::Ed25519 {
                x: part(&members.x, 32)?,
            }),
            ("RSA", None) => {
                let (n, e) = (part(&members.n, 0)?, part(&members.e, 0)?);
                let sensible = (256..=512).contains(&n.len())
                    && n.first().is_some_and(|first| *first >= 0x80)
                    && (1..=4).contains(&e.len())
                    && e.first().is_some_and(|first| *first != 0)
                    && e.last().is_some_and(|last| last & 1 == 1);
                match sensible {
                    true => Ok(Self::Rsa { n, e }),
                    false => Err(bad("RSA keys have 2048 to 4096 bits and an odd exponent")),
                }
            }
            _ => Err(bad(
                "an account's key is P-256, P-384, Ed25519 or RSA of 2048 bits and more",
            )),
        }
    }

    /// The algorithm of its signatures (RFC 7518 section 3.1, RFC 8037 section 3.1).
    pub(in crate::acme) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519 { .. } => "EdDSA",
            Self::P256 { .. } => "ES256",
            Self::P384 { .. } => "ES384",
            Self::Rsa { .. } => "RS256",
        }
    }

    /// The required members in their order and without spaces: what is stored, and what a thumbprint is of (RFC 7638
    /// section 3.3).
    pub(in crate::acme) fn canonical(&self) -> String {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // serde_json writes members in the order of their names.
        let members = match self {
            Self::Ed25519 { x } => json!({ "crv": "Ed25519", "kty": "OKP", "x": text(x) }),
            Self::P256 { x, y } => {
                json!({ "crv": "P-256", "kty": "EC", "x": text(x), "y": text(y) })
            }
            Self::P384 { x, y } => {
                json!({ "crv": "P-384", "kty": "EC", "x": text(x), "y": text(y) })
            }
            Self::Rsa { n, e } => json!({ "e": text(e), "kty": "RSA", "n": text(n) }),
        };
        members.to_string()
    }

    /// The SHA-256 thumbprint (RFC 7638).
    pub(in crate::acme) fn thumbprint(&self) -> [u8; 32] {
        Sha256::digest(self.canonical()).into()
    }

    /// Whether `signature` is of `message` by this key.
    pub(in crate::acme) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed()
            .is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }

    /// Whether it is the key of a `SubjectPublicKeyInfo`.
    pub(in crate::acme) fn is_key_of(&self, spki: &[u8]) -> bool {
        let der = self.parsed().and_then(|key| key.as_der().ok());
        der.is_some_and(|der| der.as_ref() == spki)
    }

    /// `None` for what is no key, such as a point that is not on the curve.
    fn parsed(&self) -> Option<ParsedPublicKey> {
        match self {
            Self::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x),
            Self::P256 { x, y } => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(x, y)),
            Self::P384 { x, y } => ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point(x, y)),
            Self::Rsa { n, e } => {
                PublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            }
        }
        .ok()
    }
}

/// An uncompressed point (SEC 1 section 2.3.3).
fn point(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    };
    use der::Decode as _;
    use der::asn1::Uint;
    use serde_json::Value;

    use super::*;
    use crate::acme::jose::algorithms::ALGORITHMS;

    fn text(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A key of each kind, with its signature of `message`.
    fn keys(message: &[u8]) -> Vec<(Value, Vec<u8>)> {
        let random = SystemRandom::new();
        let mut keys = Vec::new();
        for (curve, length, algorithm) in [
            ("P-256", 32, &ECDSA_P256_SHA256_FIXED_SIGNING),
            ("P-384", 48, &ECDSA_P384_SHA384_FIXED_SIGNING),
        ] {
            let key = EcdsaKeyPair::generate(algorithm).unwrap();
            let (x, y) = key.public_key().as_ref()[1..].split_at(length);
            let jwk = json!({ "kty": "EC", "crv": curve, "x": text(x), "y": text(y) });
            keys.push((jwk, key.sign(&random, message).unwrap().as_ref().to_vec()));
        }
        let key = Ed25519KeyPair::generate().unwrap();
        let x = text(key.public_key().as_ref());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        keys.push((jwk, key.sign(message).as_ref().to_vec()));
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        // RSAPublicKey: two numbers (RFC 8017 appendix A.1.1).
        let parts = Vec::<Uint>::from_der(key.public_key().as_ref()).unwrap();
        let [n, e] = [&parts[0], &parts[1]].map(|it| text(it.as_bytes()));
        let jwk = json!({ "kty": "RSA", "n": n, "e": e });
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .unwrap();
        keys.push((jwk, signature));
        keys
    }

    #[test]
    fn a_key_of_each_kind_verifies_its_signature_and_no_other() {
        let keys = keys(b"message");
        for (number, (json, signature)) in keys.iter().enumerate() {
            let key = Jwk::from_json(&json.to_string()).unwrap();
            assert_eq!(key.algorithm(), ALGORITHMS_IN_ORDER[number]);
            assert!(ALGORITHMS.contains(&key.algorithm()));
            assert!(key.verifies(b"message", signature), "{json}");
            assert!(!key.verifies(b"massage", signature), "{json}");
            assert!(!key.verifies(b"message", &signature[1..]), "{json}");
            assert!(!key.verifies(b"message", b""), "{json}");
            for (other, (_, signature)) in keys.iter().enumerate() {
                assert_eq!(key.verifies(b"message", signature), other == number);
            }
            assert_eq!(Jwk::from_json(&key.canonical()).unwrap(), key);
        }
    }

    const ALGORITHMS_IN_ORDER: [&str; 4] = ["ES256", "ES384", "EdDSA", "RS256"];

    #[test]
    fn a_key_is_that_of_its_certificate() {
        let pair = pki_core::KeyPair::generate(pki_core::KeyKind::P256).unwrap();
        let spki = pair.public_key_der();
        // An uncompressed point is at the end.
        let (x, y) = spki[spki.len() - 64..].split_at(32);
        let key = Jwk::P256 {
            x: x.to_vec(),
            y: y.to_vec(),
        };
        assert!(key.is_key_of(spki));
        let other = pki_core::KeyPair::generate(pki_core::KeyKind::P256).unwrap();
        assert!(!key.is_key_of(other.public_key_der()));
        let nowhere = Jwk::P256 {
            x: x.to_vec(),
            y: x.to_vec(),
        };
        assert!(!nowhere.is_key_of(spki), "it is no point of the curve");
        assert!(!nowhere.verifies(b"message", &[1; 64]));
    }

    /// RFC 7638 section 3.1.
    #[test]
    fn a_thumbprint_is_of_the_required_members() {
        let key = json!({
            "kty": "RSA",
            "n": N,
            "e": "AQAB",
            "alg": "RS256",
            "kid": "2011-04-29",
        });
        let key = Jwk::from_json(&key.to_string()).unwrap();
        assert_eq!(
            text(&key.thumbprint()),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }

    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    #[test]
    fn a_key_that_is_weak_secret_or_of_another_kind_is_refused() {
        let x = text(&[1; 32]);
        for wrong in [
            json!({ "kty": "oct", "k": x }),
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x, "d": x }),
            json!({ "kty": "EC", "crv": "P-256", "x": x }),
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": text(&[1; 31]) }),
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": format!("{x}=") }),
            json!({ "kty": "EC", "crv": "P-521", "x": x, "y": x }),
            json!({ "kty": "OKP", "crv": "X25519", "x": x }),
            json!({ "kty": "RSA", "n": text(&[0xff; 128]), "e": "AQAB" }),
            json!({ "kty": "RSA", "n": text(&[0xff; 1024]), "e": "AQAB" }),
            json!({ "kty": "RSA", "n": text(&[0x7f; 256]), "e": "AQAB" }),
            json!({ "kty": "RSA", "n": N, "e": "" }),
            json!({ "kty": "RSA", "n": N, "e": text(&[2]) }),
            json!({ "kty": "RSA", "n": N, "e": text(&[1; 5]) }),
            json!("EC"),
            json!(null),
        ] {
            assert!(Jwk::from_json(&wrong.to_string()).is_err(), "{wrong}");
        }
    }
}
