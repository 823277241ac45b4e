//! Keys of AWS: where they are found, and what is said when there are none.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::pca::Pca;
use super::{KEYS, init};
use crate::common::Place;

/// Whose keys the last request was signed with.
fn signer(pca: &Pca) -> String {
    let signature = pca.get(|state| state.seen.last().unwrap().2.clone());
    let (_, rest) = signature.split_once("Credential=").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

#[test]
fn keys_are_found_as_by_the_tools_of_aws() {
    let pca = Pca::start();
    let place = Place::new();
    init(&place, &pca).refused("`default` has no keys");
    std::fs::create_dir(place.path(".aws")).unwrap();
    place.write(".aws/credentials", KEYS);
    let program = "[profile tool]\ncredential_process = printf '{\"Version\":1,\"AccessKeyId\":\"ASIATOOL\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\"}'\n\
                   [profile sso]\nsso_session = us\n";
    place.write(".aws/config", program);
    let look = |name: &str, set: &[(&str, &str)]| {
        let mut command = place.command(&["ca", "init", name, "--upstream", "aws.toml"]);
        place.finished(command.envs(set.iter().copied()))
    };
    look("file", &[]).ok();
    assert_eq!(signer(&pca), "AKIAEXAMPLE");
    let set = [
        ("AWS_ACCESS_KEY_ID", "ASIAENV"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_SESSION_TOKEN", "t"),
    ];
    look("environment", &set).ok();
    assert_eq!(signer(&pca), "ASIAENV");
    look("program", &[("AWS_PROFILE", "tool")]).ok();
    assert_eq!(signer(&pca), "ASIATOOL");
    look("sso", &[("AWS_PROFILE", "sso")]).refused("credential_process");
    look("nobody", &[("AWS_PROFILE", "nobody")]).refused("`nobody` has no keys");
    // A file that names a profile means that one.
    let settings = place.text("aws.toml");
    place.write("aws.toml", format!("{settings}profile = \"tool\"\n"));
    look("named", &set).ok();
    assert_eq!(signer(&pca), "ASIATOOL");
}

#[test]
fn a_container_asks_its_endpoint() {
    let pca = Pca::start();
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let asking = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            asked.extend(byte);
        }
        let keys = r#"{"AccessKeyId":"ASIABOX","SecretAccessKey":"s","Token":"t","Expiration":"2040-01-01T00:00:00Z"}"#;
        let length = keys.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{keys}"
        )
        .unwrap();
        String::from_utf8(asked).unwrap()
    });
    place.write("token", "Bearer of the box\n");
    // Without keys, so that the settings are there.
    init(&place, &pca).refused("no keys");
    let mut command = place.command(&["ca", "init", "--upstream", "aws.toml"]);
    command
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token");
    place.finished(&mut command).ok();
    assert_eq!(signer(&pca), "ASIABOX");
    let asked = asking.join().unwrap().to_lowercase();
    assert!(
        asked.contains("authorization: bearer of the box"),
        "{asked}"
    );
    let mut command = place.command(&["ca", "init", "other", "--upstream", "aws.toml"]);
    command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/");
    place
        .finished(&mut command)
        .refused("endpoint of a container");
}
