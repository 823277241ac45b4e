//! A certificate before it is signed; every part of it may be wrong.

use std::sync::atomic::{AtomicU32, Ordering};

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_KP_CLIENT_AUTH};
use der::asn1::{Any, BitString, GeneralizedTime, UtcTime};
use der::{DateTime, Decode, Encode, Sequence, Tag};
use spki::AlgorithmIdentifierOwned;
use time::{Duration, OffsetDateTime};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::KeyUsages;
use x509_cert::time::{Time, Validity};

use crate::extension;
use crate::key::{Hash, Key};
use crate::name::common_name;

/// `TBSCertificate` (RFC 5280 section 4.1), with nothing in it that is taken for granted.
#[derive(Sequence)]
struct TbsCertificate {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    version: Option<u8>,
    serial_number: Any,
    signature: AlgorithmIdentifierOwned,
    issuer: Any,
    validity: Validity,
    subject: Any,
    public_key: Any,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    issuer_unique_id: Option<BitString>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    subject_unique_id: Option<BitString>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

/// `Certificate` and `CertificateList` alike (RFC 5280 sections 4.1 and 5.1).
#[derive(Sequence)]
pub(crate) struct Signed {
    pub(crate) tbs: Any,
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    pub(crate) signature: BitString,
}

/// A certificate but for its key and its issuer.
#[derive(Clone)]
pub(crate) struct CertificateBuilder {
    /// As encoded: 2 is version 3, and nothing version 1.
    pub(crate) version: Option<u8>,
    /// The content of the INTEGER.
    pub(crate) serial: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    /// Without the authority's key identifier, which is added unless one is here.
    pub(crate) extensions: Vec<Extension>,
    pub(crate) authority_key_id: bool,
    /// issuerUniqueID and subjectUniqueID.
    pub(crate) unique_ids: bool,
}

impl CertificateBuilder {
    /// A client's certificate, good as it is.
    pub(crate) fn client(now: OffsetDateTime, name: &str) -> Self {
        let extensions = vec![
            extension::basic(false, None),
            extension::key_usage(KeyUsages::DigitalSignature),
            extension::eku(&[ID_KP_CLIENT_AUTH]),
        ];
        Self::new(now, name, extensions)
    }

    /// A CA's certificate, good as it is.
    pub(crate) fn ca(now: OffsetDateTime, name: &str) -> Self {
        let extensions = vec![
            extension::ca(None),
            extension::key_usage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
        ];
        Self::new(now, name, extensions)
    }

    fn new(now: OffsetDateTime, name: &str, extensions: Vec<Extension>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        Self {
            version: Some(2),
            serial: [&[0x40][..], &number].concat(),
            subject: common_name(name),
            not_before: now - Duration::days(10),
            not_after: now + Duration::days(10),
            extensions,
            authority_key_id: true,
            unique_ids: false,
        }
    }

    /// With this extension, in place of one of its kind.
    pub(crate) fn with(mut self, extension: Extension) -> Self {
        self.extensions.retain(|e| e.extn_id != extension.extn_id);
        self.extensions.push(extension);
        self
    }

    /// With this extension, beside one of its kind.
    pub(crate) fn and(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    pub(crate) fn without(mut self, oid: ObjectIdentifier) -> Self {
        self.extensions.retain(|e| e.extn_id != oid);
        self
    }

    pub(crate) fn without_authority_key_id(mut self) -> Self {
        self.authority_key_id = false;
        self
    }

    /// With both unique identifiers (RFC 5280 section 4.1.2.8).
    pub(crate) fn with_unique_ids(mut self) -> Self {
        self.unique_ids = true;
        self
    }

    pub(crate) fn named(mut self, subject: Vec<u8>) -> Self {
        self.subject = subject;
        self
    }

    pub(crate) fn numbered(mut self, serial: &[u8]) -> Self {
        self.serial = serial.to_vec();
        self
    }

    pub(crate) fn valid(mut self, not_before: OffsetDateTime, not_after: OffsetDateTime) -> Self {
        self.not_before = not_before;
        self.not_after = not_after;
        self
    }

    /// Version 1, which has no extensions (RFC 5280 section 4.1.2.1).
    pub(crate) fn version_1(self) -> Self {
        Self {
            version: None,
            ..self.bare()
        }
    }

    /// Without a single extension.
    pub(crate) fn bare(mut self) -> Self {
        self.extensions.clear();
        self.without_authority_key_id()
    }

    /// By the key that it is for.
    pub(crate) fn sign_itself(self, key: &Key) -> Vec<u8> {
        let name = self.subject.clone();
        self.sign(key, &name, key, Hash::Sha256)
    }

    pub(crate) fn sign(
        mut self,
        public: &Key,
        issuer_name: &[u8],
        issuer_key: &Key,
        hash: Hash,
    ) -> Vec<u8> {
        let has_id = |e: &Extension| e.extn_id == ID_CE_AUTHORITY_KEY_IDENTIFIER;
        if self.authority_key_id && !self.extensions.iter().any(has_id) {
            self = self.and(extension::authority_key_id(&issuer_key.id()));
        }
        let unique_id = || BitString::from_bytes(b"unique").unwrap();
        let tbs = TbsCertificate {
            version: self.version,
            serial_number: Any::new(Tag::Integer, self.serial).unwrap(),
            signature: issuer_key.algorithm(hash),
            issuer: Any::from_der(issuer_name).unwrap(),
            validity: Validity::new(moment(self.not_before), moment(self.not_after)),
            subject: Any::from_der(&self.subject).unwrap(),
            public_key: Any::from_der(public.spki()).unwrap(),
            issuer_unique_id: self.unique_ids.then(unique_id),
            subject_unique_id: self.unique_ids.then(unique_id),
            extensions: (!self.extensions.is_empty()).then_some(self.extensions),
        };
        signed(&tbs, issuer_key, hash)
    }
}

/// Signs, and puts the signature beside it.
pub(crate) fn signed(tbs: &impl Encode, key: &Key, hash: Hash) -> Vec<u8> {
    let tbs = tbs.to_der().unwrap();
    let signed = Signed {
        signature: BitString::from_bytes(&key.sign(&tbs, hash)).unwrap(),
        algorithm: key.algorithm(hash),
        tbs: Any::from_der(&tbs).unwrap(),
    };
    signed.to_der().unwrap()
}

/// The same with the last bit of the signature turned.
pub(crate) fn forged(mut der: Vec<u8>) -> Vec<u8> {
    *der.last_mut().unwrap() ^= 1;
    der
}

/// UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5).
pub(crate) fn moment(at: OffsetDateTime) -> Time {
    let since_1970 = std::time::Duration::from_secs(at.unix_timestamp().try_into().unwrap());
    let date = DateTime::from_unix_duration(since_1970).unwrap();
    match UtcTime::from_date_time(date) {
        Ok(time) => Time::UtcTime(time),
        Err(_) => Time::GeneralTime(GeneralizedTime::from_date_time(date)),
    }
}
