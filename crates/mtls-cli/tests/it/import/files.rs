//! CAs of other software, taken over.

use std::fs;

use pki_core::Crl;
use test_pki::{Ca, Leaf};
use x509_identity::Certificate;

use crate::common::{Place, Ran};

/// A directory as `openssl ca` keeps it: alice is valid, bob revoked, and of carol the record is left.
struct Old {
    place: Place,
    alice: Leaf,
}

impl Old {
    fn make() -> Self {
        let place = Place::new();
        place.write("passphrase", "correct horse\n");
        let ca = Ca::root("Old CA");
        for directory in ["old/private", "old/newcerts"] {
            fs::create_dir_all(place.path(directory)).unwrap();
        }
        place.write("old/cacert.pem", ca.pem());
        place.write("old/private/cakey.pem", ca.key().serialize_pem());
        place.write("old/crlnumber", "2A\n");
        let leaf = |name: &str, serial: u64| ca.client(name).serial(serial);
        let (alice, bob) = (leaf("alice", 0x1000), leaf("bob", 0x1001));
        place.write("old/newcerts/1000.pem", alice.chain_pem());
        place.write("old/newcerts/1001.pem", bob.chain_pem());
        // Somebody else's certificate and a note are none of the CA's.
        place.write(
            "old/newcerts/other.pem",
            Ca::root("Other").client("eve").chain_pem(),
        );
        place.write("old/newcerts/README.pem", "nothing here\n");
        place.write(
            "old/index.txt",
            "V\t491231000000Z\t\t1000\tunknown\t/CN=alice\n\
             R\t491231000000Z\t260101000000Z,keyCompromise\t1001\tunknown\t/CN=bob\n\
             V\t491231000000Z\t\t1002\tunknown\t/C=DE/O=Old Ltd/CN=carol\n",
        );
        Self { place, alice }
    }

    fn import(&self) -> Ran {
        self.ca(&["import", "openssl-ca", "old"])
    }

    fn ca(&self, arguments: &[&str]) -> Ran {
        let passphrase = ["--passphrase-file", "passphrase"];
        self.place.run(&[&passphrase, arguments].concat())
    }
}

#[test]
fn every_certificate_is_listed_and_revocable_and_numbers_go_on() {
    let old = Old::make();
    old.import().ok();
    let place = &old.place;
    let listed = place.run(&["list", "--json"]).json();
    let states: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["serial"].as_str().unwrap(),
                one["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [("1000", "valid"), ("1001", "revoked"), ("1002", "valid")]
    );
    assert_eq!(listed[1]["reason"], "keyCompromise");
    assert_eq!(listed[2]["subject"], "CN=carol,O=Old Ltd,C=DE");

    // Nothing was signed again.
    let roots = place.run(&["ca", "export"]).ok();
    let before = place.read("old/cacert.pem");
    let certificate = |pem: &[u8]| Certificate::from_pem(pem).unwrap();
    assert_eq!(certificate(roots.as_bytes()), certificate(&before));
    place.write("alice.crt", old.alice.chain_pem());
    place.run(&["revoke", "--cert", "alice.crt", "--yes"]).ok();
    place.run(&["revoke", "1002", "--yes"]).ok();
    old.ca(&["crl"]).ok();
    let crl = Crl::from_pem_or_der(&place.read("issuing.crl")).unwrap();
    let serials: Vec<_> = crl
        .entries()
        .map(|entry| entry.serial.to_string())
        .collect();
    assert_eq!(serials, ["1000", "1001", "1002"]);
    assert!(crl.number().unwrap() >= 0x2a, "{:?}", crl.number());
    assert!(!place.path("root.crl").exists());

    // It goes on issuing, with profiles of ours.
    old.ca(&["issue", "client", "dave"]).ok();
    place
        .run(&[
            "verify",
            "dave/client.crt",
            "--roots",
            "dave/ca.crt",
            "--crl",
            "issuing.crl",
        ])
        .ok();
    old.ca(&["renew", "alice.crt", "--out", "new"])
        .refused("is revoked");
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn what_cannot_be_read_whole_is_not_imported() {
    let change = |file: &str, content: &str| {
        let old = Old::make();
        old.place.write(file, content);
        old
    };
    let foreign = test_pki::KeyKind::P256.generate().serialize_pem();
    let intermediate = Ca::root("Root").issuing("Issuing");
    for (old, words) in [
        (
            change("old/index.txt", "V\t49\t\t1000\tunknown\t/CN=a\n"),
            "line 1",
        ),
        (change("old/index.txt", "nothing\n"), "six fields"),
        (change("old/crlnumber", "no\n"), "crlnumber"),
        (change("old/cacert.pem", "no\n"), "cacert.pem"),
        (change("old/cacert.pem", &intermediate.pem()), "not a root"),
        (change("old/private/cakey.pem", "no\n"), "cakey.pem"),
        (
            change("old/private/cakey.pem", &foreign),
            "not that of the CA certificate",
        ),
    ] {
        old.import().refused(words);
        old.place.run(&["list"]).refused("mtls ca init");
    }
    let twice = format!("{}{}", Ca::root("A").pem(), Ca::root("B").pem());
    change("old/cacert.pem", &twice)
        .import()
        .refused("was not issued by");
    let old = Old::make();
    old.ca(&["import", "openssl-ca", "."]).refused("index.txt");
    old.ca(&["import", "easy-rsa", "old"])
        .refused("the CA's certificate");
    old.import().ok();
    old.import().refused("there is a CA `default`");
}

#[test]
fn a_certificate_and_its_key_are_enough_and_say_what_they_lack() {
    let old = Old::make();
    let import = [
        "import",
        "ca",
        "old/cacert.pem",
        "old/private/cakey.pem",
        "--name",
        "old",
    ];
    let imported = old.ca(&import);
    assert!(imported.stderr.contains("not known"), "{imported:?}");
    imported.ok();
    assert_eq!(
        old.place.run(&["list", "--json"]).json(),
        serde_json::json!([])
    );
    old.ca(&["issue", "client", "dave"]).ok();
    assert_eq!(
        old.place.run(&["list", "--json"]).json()[0]["subject"],
        "CN=dave"
    );
}
