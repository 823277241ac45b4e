//! Apple App Attest.

use minicbor::Encoder;
use rcgen::{DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _, SigningKey as _};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;
use zeroize::Zeroizing;

use super::ca::{
    Issuer, SimulatorError, below, ca, named, parsed, read_app_key, read_root_key, root, root_key,
    with_extension,
};
use crate::apple::{AppId, ClientData, Environment};

/// Apple's service, with a root of its own.
pub struct AppleSimulator {
    root: Issuer,
    intermediate: Issuer,
    certificate: Certificate,
    now: OffsetDateTime,
}

/// An app on a simulated device, with its key.
pub struct SimulatedApp {
    app: AppId,
    key: KeyPair,
    counter: u32,
}

/// What is wrong with an attestation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AppleFault {
    /// The authenticator's AAGUID is nobody's.
    Aaguid,
    /// The app's key has been used before.
    Counter,
    /// The key in the authenticator data is another one.
    CoseKey,
    /// The credential has another key's identifier.
    CredentialId,
    /// The certificate of the key has expired.
    Expired,
    /// A key that was attested has signed for the app's key, and stands in the place of Apple's intermediate.
    Extended,
    /// Something follows the extensions.
    Extensions,
    /// The statement is of another kind.
    Format,
    /// Apple's intermediate has expired.
    IntermediateExpired,
    /// Nothing says how the app came onto the device, as before iOS 27.
    NoCategory,
    /// The certificate of the key has no nonce, and so is about nothing.
    NoNonce,
    /// The certificate of the key is not valid yet.
    NotYetValid,
    /// There is no intermediate.
    OneCertificate,
    /// The certificate is signed by another CA of the same name.
    OtherCa,
    /// A third certificate is there.
    ThreeCertificates,
}

const NONCE: &[u64] = &[1, 2, 840, 113635, 100, 8, 2];

impl AppleSimulator {
    /// A root, and an intermediate below it, that are valid at `now`.
    ///
    /// # Errors
    ///
    /// If no key can be made.
    pub fn new(now: OffsetDateTime) -> Result<Self, SimulatorError> {
        Self::below_key(root_key()?, now)
    }

    /// As [`new`](Self::new), below the root's key of an earlier one: what is configured to trust that one trusts this
    /// one, too.
    ///
    /// # Errors
    ///
    /// If it is not a key on P-384 as PKCS#8 in PEM, or no key can be made.
    pub fn restored(root_key_pem: &str, now: OffsetDateTime) -> Result<Self, SimulatorError> {
        Self::below_key(read_root_key(root_key_pem)?, now)
    }

    fn below_key(key: KeyPair, now: OffsetDateTime) -> Result<Self, SimulatorError> {
        let (begin, end) = (now - Duration::days(365), now + Duration::days(3650));
        let name = [(DnType::CommonName, "Simulated App Attestation Root CA")];
        let root = root(named(&name, begin, end), key)?;
        Ok(Self {
            certificate: parsed(root.as_ref())?,
            intermediate: Self::intermediate(begin, end, &root)?,
            root,
            now,
        })
    }

    /// The root's key as PKCS#8 in PEM, for [`restored`](Self::restored). Whoever has it can be any phone.
    #[must_use]
    pub fn secret_root_key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.root.key().serialize_pem())
    }

    fn intermediate(
        begin: OffsetDateTime,
        end: OffsetDateTime,
        root: &Issuer,
    ) -> Result<Issuer, SimulatorError> {
        let name = [(DnType::CommonName, "Simulated App Attestation CA 1")];
        below(ca(named(&name, begin, end)), root)
    }

    /// In place of [`app_attestation_root`](crate::apple::app_attestation_root).
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.certificate
    }

    /// Attests the key of an app, over what [`ClientData`] has.
    ///
    /// # Errors
    ///
    /// If no certificate can be made.
    pub fn attest(
        &self,
        app: &SimulatedApp,
        client_data: ClientData<'_>,
        environment: Environment,
        fault: Option<AppleFault>,
    ) -> Result<Vec<u8>, SimulatorError> {
        let is = |it| fault == Some(it);
        let data = app.attested(environment, fault)?;
        let mut nonce = Sha256::new();
        nonce.update(&data);
        nonce.update(client_data.bytes());
        let mut extension = vec![0x30, 0x24, 0xa1, 0x22, 0x04, 0x20];
        extension.extend_from_slice(&nonce.finalize());

        let begin = match fault {
            Some(AppleFault::Expired) => self.now - Duration::days(4),
            Some(AppleFault::NotYetValid) => self.now + Duration::days(1),
            _ => self.now - Duration::days(1),
        };
        let name = crate::hex(&app.key_id());
        let params = named(
            &[(DnType::CommonName, &name)],
            begin,
            begin + Duration::days(3),
        );
        let params = match is(AppleFault::NoNonce) {
            true => params,
            false => with_extension(params, NONCE, extension),
        };
        let end = match fault {
            Some(AppleFault::OtherCa) => Some(self.now + Duration::days(3650)),
            Some(AppleFault::IntermediateExpired) => Some(self.now - Duration::days(1)),
            _ => None,
        };
        let other = end
            .map(|end| Self::intermediate(self.now - Duration::days(365), end, &self.root))
            .transpose()?;
        let issuer = other.as_ref().unwrap_or(&self.intermediate);
        let attested = is(AppleFault::Extended)
            .then(|| below(params.clone(), issuer))
            .transpose()?;
        let issuer = attested.as_ref().unwrap_or(issuer);
        let leaf = params.signed_by(&app.key, issuer)?;
        let above = match fault {
            Some(AppleFault::IntermediateExpired | AppleFault::Extended) => issuer,
            _ => &self.intermediate,
        };
        let mut chain = vec![leaf.der().as_ref(), above.as_ref().der()];
        match fault {
            Some(AppleFault::OneCertificate) => chain.truncate(1),
            Some(AppleFault::ThreeCertificates) => chain.push(self.root.as_ref().der()),
            _ => {}
        }
        let format = match is(AppleFault::Format) {
            true => "packed",
            false => "apple-appattest",
        };
        Ok(encoded(|cbor| {
            cbor.map(3)?
                .str("fmt")?
                .str(format)?
                .str("attStmt")?
                .map(2)?;
            cbor.str("x5c")?.array(chain.len() as u64)?;
            for certificate in chain {
                cbor.bytes(certificate)?;
            }
            cbor.str("receipt")?.bytes(b"a simulated receipt")?;
            cbor.str("authData")?.bytes(&data)?;
            Ok(())
        }))
    }
}

impl SimulatedApp {
    /// An app that is started for the first time.
    ///
    /// # Errors
    ///
    /// If no key can be made.
    pub fn new(app: AppId) -> Result<Self, SimulatorError> {
        Ok(Self {
            app,
            key: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
            counter: 0,
        })
    }

    /// An app that has attested its key, and signed `counter` times.
    ///
    /// # Errors
    ///
    /// If it is not a key on P-256 as PKCS#8 in PEM.
    pub fn restored(app: AppId, key_pem: &str, counter: u32) -> Result<Self, SimulatorError> {
        let key = read_app_key(key_pem)?;
        Ok(Self { app, key, counter })
    }

    /// Its key as PKCS#8 in PEM, for [`restored`](Self::restored). No genuine device gives it out.
    #[must_use]
    pub fn secret_key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.key.serialize_pem())
    }

    /// How often it has signed.
    #[must_use]
    pub fn counter(&self) -> u32 {
        self.counter
    }

    /// The same app with the same key and counter, as often as it is asked for: a key that was copied, which no genuine
    /// device lets happen.
    pub fn copies(&self) -> impl Iterator<Item = Self> {
        let (app, counter, key) = (self.app.clone(), self.counter, self.key.serialize_der());
        std::iter::from_fn(move || {
            Some(Self {
                app: app.clone(),
                key: KeyPair::try_from(key.as_slice()).ok()?,
                counter,
            })
        })
    }

    /// The identifier of its key, which it sends beside the attestation.
    #[must_use]
    pub fn key_id(&self) -> [u8; 32] {
        Sha256::digest(self.key.der_bytes()).into()
    }

    /// Its key as a DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.key.subject_public_key_info()
    }

    /// Signs over client data, and counts.
    ///
    /// # Errors
    ///
    /// If the key cannot sign.
    pub fn assert(&mut self, client_data: ClientData<'_>) -> Result<Vec<u8>, SimulatorError> {
        self.counter += 1;
        let data = self.header(self.counter);
        let mut nonce = Sha256::new();
        nonce.update(&data);
        nonce.update(Sha256::digest(client_data.bytes()));
        let signature = self.key.sign(&nonce.finalize())?;
        Ok(encoded(|cbor| {
            cbor.map(2)?.str("signature")?.bytes(&signature)?;
            cbor.str("authenticatorData")?.bytes(&data)?;
            Ok(())
        }))
    }

    fn header(&self, counter: u32) -> Vec<u8> {
        let mut data = self.app.hash().to_vec();
        data.push(0x40);
        data.extend_from_slice(&counter.to_be_bytes());
        data
    }

    /// Authenticator data as iOS 27 writes them.
    fn attested(
        &self,
        environment: Environment,
        fault: Option<AppleFault>,
    ) -> Result<Vec<u8>, SimulatorError> {
        let is = |it| fault == Some(it);
        let mut data = self.header(u32::from(is(AppleFault::Counter)));
        data.extend_from_slice(match (fault, environment) {
            (Some(AppleFault::Aaguid), _) => b"nobody\0\0\0\0\0\0\0\0\0\0",
            (_, Environment::Production) => b"appattest\0\0\0\0\0\0\0",
            (_, Environment::Development) => b"appattestdevelop",
        });
        data.extend_from_slice(&32_u16.to_be_bytes());
        let mut id = self.key_id();
        if is(AppleFault::CredentialId) {
            id = [0; 32];
        }
        data.extend_from_slice(&id);
        let other = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let key = match is(AppleFault::CoseKey) {
            true => &other,
            false => &self.key,
        };
        let (x, y) = key.der_bytes().get(1..).unwrap_or_default().split_at(32);
        data.extend(encoded(|cbor| {
            cbor.map(5)?.i8(1)?.i8(2)?.i8(3)?.i8(-7)?.i8(-1)?.i8(1)?;
            cbor.i8(-2)?.bytes(x)?.i8(-3)?.bytes(y)?;
            if is(AppleFault::NoCategory) {
                return Ok(());
            }
            cbor.map(2)?
                .str("apple_validation_category_01")?
                .bytes(&4_u32.to_le_bytes())?;
            cbor.str("apple_bundle_version_01")?.str("1")?;
            Ok(())
        }));
        if is(AppleFault::Extensions) {
            data.push(0);
        }
        Ok(data)
    }
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

/// Writing into memory does not fail.
pub(super) fn encoded(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Written) -> Vec<u8> {
    let mut octets = Vec::new();
    let _ = write(&mut Encoder::new(&mut octets));
    octets
}
