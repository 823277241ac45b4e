//! A key of the secrets engine `transit` as a signer.

use std::fmt;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use const_oid::db::rfc8410::ID_ED_25519;
use der::Encode as _;
use der::asn1::BitString;
use pki_core::pem::{self, Label};
use pki_core::{CertificateRequest, CsrBuildError, KeyKind, SignError, SignatureAlgorithm, Signer};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use tokio::runtime::Builder;
use tokio::sync::mpsc as tasks;
use x509_identity::{DistinguishedName, PublicKeyAlgorithm};

use super::api::{Api, mount_path};
use super::error::ApiError;

/// A key of the secrets engine `transit`, which never leaves the server.
///
/// ECDSA on P-256, P-384 and P-521, RSA of 2048, 3072 and 4096 bits (PKCS#1 v1.5 with SHA-256), and Ed25519. The digest
/// is made here, so that no certificate is sent to be signed, but for Ed25519, which has none. A signature is a request
/// over the network: [`sign`](Signer::sign) blocks for up to ten seconds, and asks once.
///
/// The key has one version for a CA: after `rotate` the server signs with the version that was opened.
pub struct TransitKey {
    path: String,
    version: u64,
    kind: KeyKind,
    public_key: Vec<u8>,
    worker: tasks::UnboundedSender<Task>,
}

/// Why a key of `transit` cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransitError {
    /// The server was not asked, or did not answer as it should.
    #[error(transparent)]
    Api(#[from] ApiError),

    /// There is no key of that name.
    #[error("there is no key {path}")]
    NoKey {
        /// Its path in the API.
        path: String,
    },

    /// What the server signs is not by the public key that it names.
    #[error("the key does not sign as its public key says")]
    SelfCheck(#[source] CsrBuildError),

    /// The thread that asks the server cannot be started.
    #[error("no thread can be started")]
    Thread(#[source] std::io::Error),

    /// A key, or a signature, that no certificate can have.
    #[error("the key is of no use for certificates: {0}")]
    Unsupported(String),
}

/// A digest that is to be signed, and where the signature goes.
struct Task {
    body: Value,
    reply: mpsc::SyncSender<Result<String, ApiError>>,
}

#[derive(Deserialize)]
struct Signature {
    signature: String,
}

#[derive(Deserialize)]
struct KeyData {
    latest_version: u64,
    keys: std::collections::BTreeMap<String, Value>,
}

impl TransitKey {
    /// Opens the key of this name. It signs once, so that a key that signs otherwise is found now.
    ///
    /// # Errors
    ///
    /// [`TransitError`] says what is missing, or wrong with it.
    pub async fn open(api: Api, mount: &str, name: &str) -> Result<Self, TransitError> {
        let path = format!("{}/keys/{}", mount_path(mount)?, mount_path(name)?);
        let found = api.get::<KeyData>(&path, &[]).await?;
        let data = found.ok_or_else(|| TransitError::NoKey { path: path.clone() })?;
        let version = data.latest_version;
        let public = data.keys.get(&version.to_string());
        let public = public
            .and_then(|it| it.get("public_key"))
            .and_then(Value::as_str);
        let public = public.ok_or_else(|| unsupported("it has no public key"))?;
        let public_key = spki(public)?;
        let algorithm = PublicKeyAlgorithm::from_spki(&public_key);
        let algorithm = algorithm.map_err(|error| unsupported(error.to_string()))?;
        let kind = KeyKind::of_public_key(algorithm).filter(|kind| !kind.is_ml_dsa());
        let kind = kind.ok_or_else(|| unsupported(algorithm.to_string()))?;
        let sign_path = format!("{}/sign/{}", mount_path(mount)?, mount_path(name)?);
        let key = Self {
            worker: worker(api, sign_path)?,
            path,
            version,
            kind,
            public_key,
        };
        let checked = tokio::task::spawn_blocking(move || key.self_checked());
        checked
            .await
            .map_err(|error| unsupported(error.to_string()))?
    }

    /// Makes a key of this name and kind, which cannot be exported; one that is there stays as it is.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_or_make(
        api: Api,
        mount: &str,
        name: &str,
        kind: KeyKind,
    ) -> Result<Self, TransitError> {
        match Self::open(api.clone(), mount, name).await {
            Err(TransitError::NoKey { path }) => {
                let body = json!({ "type": type_of(kind)?, "exportable": false });
                match api.post::<Value>(&path, &body).await {
                    // Older servers answer 204, without content.
                    Ok(_) => {}
                    Err(ApiError::Status { status, .. }) if status == StatusCode::NO_CONTENT => {}
                    Err(error) => return Err(error.into()),
                }
                Self::open(api, mount, name).await
            }
            opened => opened,
        }
    }

    fn self_checked(self) -> Result<Self, TransitError> {
        let name = DistinguishedName::builder().common_name("self-check");
        let name = name.build().expect("a short name can be built");
        CertificateRequest::build(&self, &name, &[]).map_err(TransitError::SelfCheck)?;
        Ok(self)
    }

    fn ask(&self, body: Value) -> Result<Vec<u8>, SignError> {
        let (reply, answer) = mpsc::sync_channel(1);
        let sent = self.worker.send(Task { body, reply });
        sent.map_err(|_| SignError::new("the thread that asks the server has ended"))?;
        let answer = answer.recv_timeout(LIMIT + Duration::from_secs(1));
        let signature = answer.map_err(SignError::new)?.map_err(SignError::new)?;
        // `vault:v1:BASE64`.
        let text = signature.rsplit(':').next().unwrap_or_default();
        STANDARD.decode(text).map_err(SignError::new)
    }

    fn body(&self, input: &[u8], hash: Option<&str>) -> Value {
        let mut body = json!({
            "input": STANDARD.encode(input),
            "key_version": self.version,
            "prehashed": hash.is_some(),
            "marshaling_algorithm": "asn1",
            "signature_algorithm": "pkcs1v15",
        });
        if let (Some(hash), Value::Object(body)) = (hash, &mut body) {
            body.insert("hash_algorithm".to_owned(), hash.into());
        }
        body
    }
}

impl Signer for TransitKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.kind.signature_algorithm()
    }

    fn public_key_der(&self) -> &[u8] {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let body = match self.algorithm() {
            SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::RsaSha256 => {
                self.body(&Sha256::digest(message), Some("sha2-256"))
            }
            SignatureAlgorithm::EcdsaSha384 => {
                self.body(&Sha384::digest(message), Some("sha2-384"))
            }
            SignatureAlgorithm::EcdsaSha512 => {
                self.body(&Sha512::digest(message), Some("sha2-512"))
            }
            SignatureAlgorithm::Ed25519 => self.body(message, None),
            other => return Err(SignError::new(unsupported(format!("{other:?}")))),
        };
        self.ask(body)
    }
}

impl fmt::Debug for TransitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransitKey")
            .field("path", &self.path)
            .field("version", &self.version)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A thread with a runtime of its own: whoever signs may be in another one, or in none.
fn worker(api: Api, path: String) -> Result<tasks::UnboundedSender<Task>, TransitError> {
    let (sender, mut waiting) = tasks::unbounded_channel::<Task>();
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(TransitError::Thread)?;
    let api = api.timeout(LIMIT);
    let work = move || {
        runtime.block_on(async move {
            while let Some(task) = waiting.recv().await {
                let (api, path) = (api.clone(), path.clone());
                tokio::spawn(async move {
                    let signed = api.post::<Signature>(&path, &task.body).await;
                    // Whoever asked may have waited long enough.
                    let _ = task.reply.send(signed.map(|it| it.signature));
                });
            }
        });
    };
    let thread = thread::Builder::new().name("transit".into());
    thread.spawn(work).map_err(TransitError::Thread)?;
    Ok(sender)
}

/// PEM, but for Ed25519, of which the API gives the 32 bytes in base64.
fn spki(text: &str) -> Result<Vec<u8>, TransitError> {
    if !text.contains("-----BEGIN") {
        let key = STANDARD
            .decode(text)
            .map_err(|error| unsupported(error.to_string()))?;
        return match key.len() {
            32 => ed25519(&key).map_err(|error| unsupported(error.to_string())),
            _ => Err(unsupported("its public key is in no known form")),
        };
    }
    let file = pem::read(text.as_bytes()).map_err(|error| unsupported(error.to_string()))?;
    let public = file.sections().find(|it| it.label() == Label::PublicKey);
    let public = public.ok_or_else(|| unsupported("its public key is in no known form"))?;
    let der = public
        .der()
        .map_err(|error| unsupported(error.to_string()))?;
    Ok(der.to_vec())
}

/// RFC 8410 section 4.
fn ed25519(key: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifierOwned {
        oid: ID_ED_25519,
        parameters: None,
    };
    SubjectPublicKeyInfoOwned {
        algorithm,
        subject_public_key: BitString::from_bytes(key)?,
    }
    .to_der()
}

fn type_of(kind: KeyKind) -> Result<&'static str, TransitError> {
    Ok(match kind {
        KeyKind::P256 => "ecdsa-p256",
        KeyKind::P384 => "ecdsa-p384",
        KeyKind::P521 => "ecdsa-p521",
        KeyKind::Rsa2048 => "rsa-2048",
        KeyKind::Rsa3072 => "rsa-3072",
        KeyKind::Rsa4096 => "rsa-4096",
        KeyKind::Ed25519 => "ed25519",
        other => return Err(unsupported(other.to_string())),
    })
}

fn unsupported(what: impl Into<String>) -> TransitError {
    TransitError::Unsupported(what.into())
}

/// For one request.
const LIMIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;

    use pki_core::Password;

    use super::*;
    use crate::openbao::Token;

    /// A server that knows no key, and answers with this when it is to make one.
    fn server(making: &'static str) -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let none = "HTTP/1.1 404 Not Found\r\n\r\n";
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut head, mut length) = (String::new(), 0);
                while !head.ends_with("\r\n\r\n") {
                    let start = head.len();
                    stream.read_line(&mut head).unwrap();
                    let line = head[start..].to_ascii_lowercase();
                    if let Some(found) = line.strip_prefix("content-length:") {
                        length = found.trim().parse().unwrap();
                    }
                }
                stream.read_exact(&mut vec![0; length]).unwrap();
                let answer = if head.starts_with("POST") {
                    making
                } else {
                    none
                };
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        Api::new(&url, Token::Text(Password::new("s.secret")), None, None).unwrap()
    }

    #[tokio::test]
    async fn a_key_that_is_not_made_says_why() {
        let refused = "HTTP/1.1 400 Bad Request\r\n\r\n{\"errors\":[\"unknown key type\"]}";
        let made = "HTTP/1.1 204 No Content\r\n\r\n";
        for (making, said) in [
            (refused, "unknown key type"),
            // It says that it has made the key, and has none.
            (made, "there is no key transit/keys/ca"),
        ] {
            let key = TransitKey::open_or_make(server(making), "transit", "ca", KeyKind::P256);
            let error = key.await.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
