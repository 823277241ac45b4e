//! The verifier of client certificates that rustls calls.

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use tls_identity::certificate_error;
use webpki::RawPublicKeyEntity;

use crate::verify::{
    context::{self, Claimed, Verdict},
    provider::provider,
    verdict_cache::VerdictCache,
};

pub(crate) struct ClientVerifier {
    verdicts: Arc<VerdictCache>,
    mandatory: bool,
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientVerifier {
    pub(crate) fn new(
        verdicts: Arc<VerdictCache>,
        mandatory: bool,
        anchors: impl IntoIterator<Item = Vec<u8>>,
    ) -> Self {
        let mut hints: Vec<_> = anchors.into_iter().map(DistinguishedName::from).collect();
        // The list is sent in each handshake, in a message of at most 64 KiB. An empty list means
        // "any": the client chooses by itself.
        if hints.iter().map(|hint| hint.as_ref().len()).sum::<usize>() > MAX_HINT_BYTES {
            hints.clear();
        }
        Self {
            verdicts,
            mandatory,
            hints,
            algorithms: provider().signature_verification_algorithms,
        }
    }
}

const MAX_HINT_BYTES: usize = 16 << 10;

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let (verdict, result) = match self.verdicts.verify(leaf, intermediates, now) {
            Ok(verified) => (
                Verdict::Verified(verified),
                Ok(ClientCertVerified::assertion()),
            ),
            Err(error) => {
                let result = Err(Error::InvalidCertificate(certificate_error(&error)));
                let claimed = Claimed::of(leaf);
                (Verdict::Refused { error, claimed }, result)
            }
        };
        // Without a context nobody could tell whose the connection is, so it is refused.
        if !context::note_verdict(verdict) {
            return Err(Error::General(
                "verified outside of a handshake of ConnectionAcceptor".to_owned(),
            ));
        }
        result
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = verified_key(cert)?;
        let key = RawPublicKeyEntity::try_from(&key).map_err(|_| bad_signature())?;
        let (_, fitting) = self
            .algorithms
            .mapping
            .iter()
            .find(|(scheme, _)| *scheme == dss.scheme)
            .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        // Below TLS 1.3 a scheme says nothing of the curve, so it has an algorithm for each.
        fitting
            .iter()
            .any(|algorithm| {
                let verdict = key.verify_signature(*algorithm, message, dss.signature());
                verdict.is_ok()
            })
            .then(HandshakeSignatureValid::assertion)
            .ok_or_else(bad_signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature_with_raw_key(message, &verified_key(cert)?, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The key of `cert`, which must be the certificate that this handshake has verified.
///
/// rustls' own functions parse the certificate again with webpki. That refuses critical extensions
/// which the verifier has already honoured (certificatePolicies), so such a client could never prove
/// that it holds its key.
fn verified_key(cert: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    context::verified()
        .filter(|verified| verified.path.leaf().der() == cert.as_ref())
        .map(|verified| SubjectPublicKeyInfoDer::from(verified.path.leaf().spki_der().to_vec()))
        .ok_or_else(|| Error::General("possession of a key that was not verified".to_owned()))
}

fn bad_signature() -> Error {
    Error::InvalidCertificate(CertificateError::BadSignature)
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientVerifier")
            .field("mandatory", &self.mandatory)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use test_pki::Ca;

    use super::*;
    use crate::verify::{context::HandshakeContext, verdict_cache::tests::trusting};

    #[test]
    fn names_that_would_fill_the_message_are_not_sent() {
        let (verdicts, _) = trusting(&Ca::root("root"));
        let verdicts = Arc::new(verdicts);
        for (sizes, sent) in [
            (&[10, 20][..], 2),
            (&[MAX_HINT_BYTES - 1, 1], 2),
            (&[MAX_HINT_BYTES, 1], 0),
        ] {
            let names = sizes.iter().map(|size| vec![0; *size]);
            let verifier = ClientVerifier::new(Arc::clone(&verdicts), true, names);
            assert_eq!(verifier.root_hint_subjects().len(), sent, "{sizes:?}");
        }
    }

    #[tokio::test]
    async fn possession_is_of_the_key_that_this_handshake_has_verified() {
        let ca = Ca::root("root");
        let verifier = ClientVerifier::new(Arc::new(trusting(&ca).0), true, []);
        let (alice, bob) = (ca.client("alice"), ca.client("bob"));
        let mallory = Ca::root("another").client("alice");
        let verify =
            |leaf: &test_pki::Leaf| verifier.verify_client_cert(leaf.der(), &[], UnixTime::now());
        let handshake = HandshakeContext::scope(async {
            assert!(verified_key(alice.der()).is_err());
            assert!(verify(&alice).is_ok());
            assert!(verified_key(alice.der()).is_ok());
            assert!(verified_key(bob.der()).is_err());
            let refused = verify(&mallory);
            assert!(matches!(refused, Err(Error::InvalidCertificate(_))));
            assert!(verified_key(mallory.der()).is_err());
        });
        handshake.await;
        // Nobody could tell whose it is.
        assert!(matches!(verify(&alice), Err(Error::General(_))));
    }
}
