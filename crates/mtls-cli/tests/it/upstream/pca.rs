//! AWS Private CA in this process: it takes its time, and does what it is told to do wrong. The real shapes of its API are
//! checked by `cargo xtask interop upstream`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64ct::{Base64, Encoding as _};
use pki_core::CertificateRequest;
use serde_json::{Value, json};
use test_pki::rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm,
};
use test_pki::{Ca, KeyKind, params};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

pub(super) const ARN: &str =
    "arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/11223344-1234";

/// It answers on loopback until the test ends.
pub(super) struct Pca {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) behaviour: Behaviour,
    /// How often a certificate is not there yet.
    pub(super) in_progress: usize,
    /// How many requests are too many.
    pub(super) throttled: usize,
    /// By its token, and by its ARN.
    orders: BTreeMap<String, String>,
    issued: BTreeMap<String, (usize, Certificate)>,
    pub(super) revoked: Vec<String>,
    /// Actions, bodies, and what they were signed with.
    pub(super) seen: Vec<(String, Value, String)>,
}

#[derive(Clone, Debug, Default)]
pub(super) enum Behaviour {
    #[default]
    Good,
    /// Answers to an action with this status and body.
    Answers(&'static str, u16, &'static str),
    /// Issues, and does not answer.
    Lost,
    OtherKey,
    ExtraName,
    Longer,
    OtherIssuer,
    ForServers,
}

impl Pca {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (root, state) = (Ca::root("AWS Root"), Arc::<Mutex<State>>::default());
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (root, state) = (root.clone(), shared.clone());
                // A client that has gone is no failure of the test.
                std::thread::spawn(move || serve(stream.unwrap(), &root, &state).ok());
            }
        });
        Self { address, state }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    pub(super) fn get<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap())
    }

    /// How many certificates it has issued.
    pub(super) fn count(&self) -> usize {
        self.get(|state| state.issued.len())
    }

    /// How often an action was asked for.
    pub(super) fn asked(&self, action: &str) -> usize {
        self.get(|state| state.seen.iter().filter(|it| it.0 == action).count())
    }
}

fn serve(stream: TcpStream, root: &Ca, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let (mut action, mut signed, mut length) = (String::new(), String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "x-amz-target" => {
                    action = value.trim().replace("ACMPrivateCA.", "");
                }
                "authorization" => signed = value.trim().to_owned(),
                "content-length" => length = value.trim().parse().unwrap(),
                _ => {}
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body: Value = serde_json::from_slice(&body)?;
        let mut state = state.lock().unwrap();
        state.seen.push((action.clone(), body.clone(), signed));
        let answer = state.answer(root, &action, &body);
        drop(state);
        let Some((status, answer)) = answer else {
            return Ok(());
        };
        write!(
            writer,
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
    }
}

impl State {
    fn answer(&mut self, root: &Ca, action: &str, body: &Value) -> Option<(u16, String)> {
        if self.throttled > 0 {
            self.throttled -= 1;
            return Some(error("ThrottlingException", "Rate exceeded"));
        }
        if let Behaviour::Answers(to, status, text) = self.behaviour
            && to == action
        {
            return Some((status, text.to_owned()));
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        if text("CertificateAuthorityArn") != ARN {
            return Some(error("ResourceNotFoundException", "no such CA"));
        }
        let answer = match action {
            "GetCertificateAuthorityCertificate" => json!({ "Certificate": root.pem() }),
            "IssueCertificate" => {
                let token = text("IdempotencyToken");
                assert!((1..=36).contains(&token.len()), "{token}");
                let arn = self.orders.get(&token).cloned();
                let arn = arn.unwrap_or_else(|| self.issue(root, body));
                self.orders.insert(token, arn.clone());
                if let Behaviour::Lost = self.behaviour {
                    return None;
                }
                json!({ "CertificateArn": arn })
            }
            "GetCertificate" => {
                let Some((waits, found)) = self.issued.get_mut(&text("CertificateArn")) else {
                    return Some(error("ResourceNotFoundException", "no such certificate"));
                };
                if *waits > 0 {
                    *waits -= 1;
                    return Some(error("RequestInProgressException", "not yet"));
                }
                json!({ "Certificate": pki_core::certificate_pem(found), "CertificateChain": root.pem() })
            }
            "RevokeCertificate" => {
                let serial = text("CertificateSerial").replace(':', "").to_uppercase();
                let number = |it: &Certificate| it.serial().to_string();
                let mut all = self.issued.values().map(|(_, it)| number(it));
                if !all.any(|it| it.trim_start_matches('0') == serial.trim_start_matches('0')) {
                    return Some(error("ResourceNotFoundException", "no such certificate"));
                }
                if self.revoked.contains(&serial) {
                    return Some(error("RequestAlreadyProcessedException", "it is"));
                }
                self.revoked.push(serial);
                return Some((200, "{}".to_owned()));
            }
            _ => return Some(error("UnknownOperationException", action)),
        };
        Some((200, answer.to_string()))
    }

    fn issue(&mut self, root: &Ca, body: &Value) -> String {
        let csr = Base64::decode_vec(body["Csr"].as_str().unwrap()).unwrap();
        let csr = CertificateRequest::from_pem(&csr).unwrap();
        let mut asked = asked(body);
        let mut key = AskedKey(csr.public_key_der().to_vec());
        let mut signer = root.clone();
        match self.behaviour {
            Behaviour::OtherKey => {
                key = AskedKey(KeyKind::P256.generate().subject_public_key_info());
            }
            Behaviour::ExtraName => {
                let name = "admin.example.org".try_into().unwrap();
                asked.subject_alt_names.push(SanType::DnsName(name));
            }
            Behaviour::Longer => asked.not_after += Duration::days(1),
            Behaviour::OtherIssuer => signer = Ca::root("AWS Root"),
            Behaviour::ForServers => {
                let more = ExtendedKeyUsagePurpose::ServerAuth;
                asked.extended_key_usages.push(more);
            }
            _ => {}
        }
        let certificate = signer.sign_for(&asked, &key);
        let certificate = Certificate::from_der(&certificate).unwrap();
        let arn = format!("{ARN}/certificate/{:032x}", self.issued.len() + 1);
        let issued = (self.in_progress, certificate);
        self.issued.insert(arn.clone(), issued);
        arn
    }
}

/// As the template `BlankEndEntityCertificate_APIPassthrough/V1` has it.
fn asked(body: &Value) -> CertificateParams {
    let template = body["TemplateArn"].as_str().unwrap();
    assert!(template.ends_with("_APIPassthrough/V1"), "{template}");
    let passed = &body["ApiPassthrough"];
    let name = passed["Subject"]["CommonName"].as_str().unwrap_or_default();
    let mut asked = params::client(name, OffsetDateTime::now_utc());
    asked.is_ca = IsCa::ExplicitNoCa;
    asked.distinguished_name = Default::default();
    asked.distinguished_name.push(DnType::CommonName, name);
    let usages = passed["Extensions"]["KeyUsage"].as_object().unwrap();
    assert_eq!(usages.keys().collect::<Vec<_>>(), ["DigitalSignature"]);
    asked.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let usages = passed["Extensions"]["ExtendedKeyUsage"].as_array().unwrap();
    let usage = |it: &Value| match it["ExtendedKeyUsageType"].as_str().unwrap() {
        "CLIENT_AUTH" => ExtendedKeyUsagePurpose::ClientAuth,
        "SERVER_AUTH" => ExtendedKeyUsagePurpose::ServerAuth,
        other => panic!("{other}"),
    };
    asked.extended_key_usages = usages.iter().map(usage).collect();
    let names = passed["Extensions"]["SubjectAlternativeNames"].as_array();
    let name = |it: &Value| match (it["DnsName"].as_str(), it["IpAddress"].as_str()) {
        (Some(name), None) => SanType::DnsName(name.try_into().unwrap()),
        (None, Some(address)) => SanType::IpAddress(address.parse().unwrap()),
        _ => panic!("{it}"),
    };
    asked.subject_alt_names = names.into_iter().flatten().map(name).collect();
    let at = |name: &str| {
        assert_eq!(body[name]["Type"], "ABSOLUTE");
        OffsetDateTime::from_unix_timestamp(body[name]["Value"].as_i64().unwrap()).unwrap()
    };
    asked.not_before = at("ValidityNotBefore");
    asked.not_after = at("Validity");
    let number = OffsetDateTime::now_utc().unix_timestamp_nanos();
    asked.serial_number = Some(SerialNumber::from_slice(&number.to_be_bytes()[4..]));
    asked
}

fn error(name: &str, message: &str) -> (u16, String) {
    (
        400,
        json!({ "__type": name, "message": message }).to_string(),
    )
}

/// A `SubjectPublicKeyInfo` with a P-256 key, whose point is at its end.
struct AskedKey(Vec<u8>);

impl PublicKeyData for AskedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0[self.0.len() - 65..]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}
