//! New keys, made in a token.

use std::ffi::c_ulong;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{SECP_256_R_1, SECP_384_R_1, SECP_521_R_1};
use const_oid::db::rfc8410::ID_ED_25519;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use der::Encode;
use pki_core::{KeyKind, Password};

use crate::error::TokenError;
use crate::key::TokenKey;
use crate::module::{Access, Module};
use crate::object::attributes;
use crate::uri::TokenUri;

impl Module {
    /// Makes a key in the token, with the name that `uri` gives it (`object`, and `id`, which is random otherwise). It
    /// cannot be read from the token, and nothing but the token has it: there is no copy to fall back on.
    ///
    /// # Errors
    ///
    /// [`TokenError::KeyExists`] if there is one of that name or id, [`TokenError::NoName`] if the URI gives none, and
    /// what else its variants say.
    pub fn generate(
        &self,
        uri: &TokenUri,
        pin: &Password,
        kind: KeyKind,
    ) -> Result<TokenKey, TokenError> {
        if uri.key.label.is_none() {
            return Err(TokenError::NoName);
        }
        let (mechanism, of_kind) = mechanism(kind)?;
        let session = self.session(uri, pin, Access::Write)?;
        for one in attributes(&uri.key) {
            let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), one];
            let found = session.find_objects(&template).map_err(TokenError::token)?;
            if !found.is_empty() {
                return Err(TokenError::KeyExists {
                    wanted: uri.key.in_words(),
                });
            }
        }
        let mut named = uri.clone();
        if named.key.id.is_none() {
            let id = session.generate_random_vec(ID_LEN);
            named.key.id = Some(id.map_err(TokenError::token)?);
        }
        let mut public = vec![
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Verify(true),
        ];
        public.extend(of_kind);
        public.extend(attributes(&named.key));
        let mut private = vec![
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ];
        private.extend(attributes(&named.key));
        session
            .generate_key_pair(&mechanism, &public, &private)
            .map_err(TokenError::token)?;
        self.key(&named, pin)
    }
}

/// How a key of this kind is made, and what says so in the template.
fn mechanism(kind: KeyKind) -> Result<(Mechanism<'static>, Vec<Attribute>), TokenError> {
    let ec = |curve: ObjectIdentifier| {
        let curve = curve.to_der();
        let curve = curve.map_err(|error| TokenError::unsupported(error.to_string()))?;
        Ok(vec![Attribute::EcParams(curve)])
    };
    let rsa = |bits: c_ulong| {
        let exponent = vec![1, 0, 1];
        vec![
            Attribute::ModulusBits(bits.into()),
            Attribute::PublicExponent(exponent),
        ]
    };
    Ok(match kind {
        KeyKind::P256 => (Mechanism::EccKeyPairGen, ec(SECP_256_R_1)?),
        KeyKind::P384 => (Mechanism::EccKeyPairGen, ec(SECP_384_R_1)?),
        KeyKind::P521 => (Mechanism::EccKeyPairGen, ec(SECP_521_R_1)?),
        KeyKind::Ed25519 => (Mechanism::EccEdwardsKeyPairGen, ec(ID_ED_25519)?),
        KeyKind::Rsa2048 => (Mechanism::RsaPkcsKeyPairGen, rsa(2048)),
        KeyKind::Rsa3072 => (Mechanism::RsaPkcsKeyPairGen, rsa(3072)),
        KeyKind::Rsa4096 => (Mechanism::RsaPkcsKeyPairGen, rsa(4096)),
        other => return Err(TokenError::unsupported(other.to_string())),
    })
}

/// Octets of a random CKA_ID.
const ID_LEN: u32 = 16;
