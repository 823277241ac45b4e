//! A mount of OpenBao or Vault, taken over. The real one is asked by `cargo xtask interop ca`.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use test_pki::{Ca, Leaf};

use crate::common::{Place, Ran};

/// Answers of a server, by path and query.
type Answers = HashMap<String, (u16, String)>;

/// What answers on loopback until the test ends, and the tokens that it was sent.
struct Server {
    address: SocketAddr,
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let tokens = Arc::new(Mutex::new(Vec::new()));
        let seen = tokens.clone();
        let answers = Arc::new(answers);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answers) = (seen.clone(), answers.clone());
                // A client that has gone is no failure of the test.
                std::thread::spawn(move || answer(stream.unwrap(), &answers, &seen).ok());
            }
        });
        Self { address, tokens }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn answer(
    stream: TcpStream,
    answers: &Answers,
    tokens: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if let Some(token) = line.to_lowercase().strip_prefix("x-vault-token: ") {
                tokens.lock().unwrap().push(token.trim().to_owned());
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let nothing = (404, r#"{"errors":[]}"#.to_owned());
        let (status, body) = answers.get(path).unwrap_or(&nothing);
        let location = match status {
            307 => format!("location: {body}\r\n"),
            _ => String::new(),
        };
        write!(
            writer,
            "HTTP/1.1 {status} X\r\n{location}content-length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
}

/// A mount with a root, and what it has issued: alice is valid, bob was revoked, carol's certificate was tidied up.
struct Old {
    place: Place,
    alice: Leaf,
    answers: Answers,
}

impl Old {
    fn make() -> Self {
        let place = Place::new();
        place.write("passphrase", "correct horse\n");
        place.write("token", "s.secret\n");
        let ca = Ca::root("Bao CA");
        place.write("ca.key", ca.key().serialize_pem());
        let leaf = |name: &str, serial: u64| ca.client(name).serial(serial);
        let (alice, bob, carol) = (
            leaf("alice", 0x1000),
            leaf("bob", 0x1001),
            leaf("carol", 0x1002),
        );
        let crl = ca.crl().number(41).revoke(&carol).pem();
        let mut answers = Answers::new();
        let mut put = |path: &str, data: Value| {
            let body = json!({ "data": data }).to_string();
            answers.insert(format!("/v1/pki/{path}"), (200, body));
        };
        let issuer = json!({ "issuer_id": "a-1", "certificate": ca.pem(), "ca_chain": [ca.pem()] });
        put("issuer/default", issuer);
        put("issuers?list=true", json!({ "keys": ["a-1"] }));
        put("issuer/default/crl", json!({ "crl": crl }));
        let keys = json!({ "keys": ["00:aa", "10:00", "10:01", "20:00"] });
        put("certs?list=true&limit=500", keys.clone());
        // As Vault, which knows no pages.
        put("certs?list=true&limit=500&after=20%3A00", keys);
        put("cert/00:aa", json!({ "certificate": ca.pem() }));
        let valid = json!({ "certificate": alice.chain_pem(), "revocation_time": 0 });
        put("cert/10:00", valid);
        let revoked = json!({ "certificate": bob.chain_pem(), "revocation_time": 1_780_000_000 });
        put("cert/10:01", revoked);
        let foreign = Ca::root("Other").client("eve").chain_pem();
        put("cert/20:00", json!({ "certificate": foreign }));
        Self {
            place,
            alice,
            answers,
        }
    }

    fn with(mut self, path: &str, status: u16, body: &str) -> Self {
        let answer = (status, body.to_owned());
        self.answers.insert(format!("/v1/pki/{path}"), answer);
        self
    }

    /// Imports it from a server of its own.
    fn import(&self, options: &[&str]) -> (Ran, Server) {
        let server = Server::start(self.answers.clone());
        let url = server.url();
        let arguments = [
            "--passphrase-file",
            "passphrase",
            "import",
            "openbao",
            &url,
            "--token-file",
            "token",
        ];
        (self.place.run(&[&arguments[..], options].concat()), server)
    }

    fn listed(&self) -> Vec<(String, String)> {
        let listed = self.place.run(&["list", "--json"]).json();
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let listed = listed.as_array().unwrap().iter();
        listed
            .map(|one| (text(one, "serial"), text(one, "state")))
            .collect()
    }
}

#[test]
fn what_a_mount_has_issued_is_listed_and_revocable_and_its_key_signs_on() {
    let old = Old::make();
    let (imported, server) = old.import(&["--key", "ca.key"]);
    assert!(imported.stderr.contains("1 certificates"), "{imported:?}");
    imported.ok();
    assert!(
        server
            .tokens
            .lock()
            .unwrap()
            .iter()
            .all(|it| it == "s.secret")
    );
    let states = [("1000", "valid"), ("1001", "revoked"), ("1002", "revoked")];
    let states = states.map(|(serial, state)| (serial.to_owned(), state.to_owned()));
    let mut listed = old.listed();
    listed.sort();
    assert_eq!(listed, states);

    let place = &old.place;
    place.write("alice.crt", old.alice.chain_pem());
    place.run(&["revoke", "--cert", "alice.crt", "--yes"]).ok();
    place.ca(&["issue", "client", "dave"]).ok();
    place.ca(&["crl"]).ok();
    let crl = place.crl("issuing.crl");
    let serials: Vec<_> = crl.entries().map(|it| it.serial.to_string()).collect();
    assert_eq!(serials, ["1000", "1001", "1002"]);
    assert!(crl.number().unwrap() > 41);
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn without_its_key_a_ca_keeps_records_and_says_so() {
    let old = Old::make();
    let (imported, _server) = old.import(&[]);
    assert!(imported.stderr.contains("the key is not here"));
    imported.ok();
    old.place.write("alice.crt", old.alice.chain_pem());
    let revoke = ["revoke", "--cert", "alice.crt", "--yes"];
    old.place.run(&revoke).ok();
    assert!(old.listed().iter().all(|(_, state)| state == "revoked"));
    let shown = old.place.run(&["ca", "show", "--json"]).json();
    assert_eq!(shown["issuers"][0]["key_is_here"], false);
    let issue = ["issue", "client", "dave"];
    old.place.ca(&issue).refused("is not here");
    old.place.ca(&["crl"]).refused("none of the CA's keys");
}

#[test]
fn what_a_server_should_not_say_is_refused_and_leaves_nothing() {
    let foreign = test_pki::KeyKind::P256.generate().serialize_pem();
    let intermediate = Ca::root("Root").issuing("Issuing").pem();
    let intermediate = json!({ "data": { "issuer_id": "a", "certificate": intermediate } });
    let crl = json!({ "data": { "crl": Ca::root("Other").crl().pem() } }).to_string();
    for (path, status, body, words) in [
        ("issuer/default", 404, "", "has no issuer `default`"),
        (
            "issuer/default",
            403,
            "",
            "may not read or list pki/issuer/default",
        ),
        (
            "issuer/default",
            503,
            r#"{"errors":["Vault is sealed"]}"#,
            "Vault is sealed",
        ),
        ("issuer/default", 200, "{", "is not what OpenBao"),
        ("issuer/default/crl", 200, &crl, "was not signed by"),
        (
            "cert/10:01",
            200,
            r#"{"data":{"certificate":"x"}}"#,
            "10:01",
        ),
        (
            "certs?list=true&limit=500",
            200,
            r#"{"data":{"keys":["../../sys/seal"]}}"#,
            "sys/seal",
        ),
    ] {
        let old = Old::make().with(path, status, body);
        old.import(&[]).0.refused(words);
        old.place.run(&["list"]).refused("mtls ca init");
    }
    let old = Old::make()
        .with("issuer/default", 200, &intermediate.to_string())
        .with("issuer/default/crl", 404, "");
    old.import(&[]).0.refused("--chain");
    let old = Old::make();
    old.place.write("other.key", &foreign);
    let (refused, _server) = old.import(&["--key", "other.key"]);
    refused.refused("not that of the CA certificate");
    let (refused, _server) = old.import(&["--mount", "a/../b"]);
    refused.refused("not the path of a mount");
    old.place.run(&["list"]).refused("mtls ca init");
}

#[test]
fn a_token_is_for_one_server_and_never_an_argument() {
    let elsewhere = Server::start(Answers::new());
    let url = format!("{}/v1/pki/issuer/default", elsewhere.url());
    let old = Old::make().with("issuer/default", 307, &url);
    let (refused, _server) = old.import(&[]);
    refused.refused(&elsewhere.url());
    assert!(elsewhere.tokens.lock().unwrap().is_empty());

    let import = ["import", "openbao", "http://bao.example:8200"];
    let place = &old.place;
    place.run(&import).refused("wants a token");
    let output = place.command(&import).env("BAO_TOKEN", "s.secret").output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(
        said.contains("in the clear") && !said.contains("s.secret"),
        "{said}"
    );
}
