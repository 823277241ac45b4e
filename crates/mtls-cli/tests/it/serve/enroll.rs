//! From a token to a certificate that renews itself: `mtls token`, `serve --enroll`, `requests` and `agent`.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::common::ca::certificate;
use crate::common::served::Served;
use crate::common::waiting::until;
use crate::common::{Place, Ran, mode};

const ROOT: &str = "home/default/root.crt";

fn serve(place: &Place) -> Served {
    Served::enrolling(place)
}

/// A new token, in a file of that name.
fn token(place: &Place, file: &str, more: &[&str]) -> Value {
    let create = ["token", "create", "--json", "--out", file];
    place.run(&[&create[..], more].concat()).json()
}

fn agent(place: &Place, served: &Served, token: &str, out: &str, more: &[&str]) -> Ran {
    let url = served.enroll_url();
    let agent = ["agent", "--once", "--json", "--url", &url];
    let files = ["--ca-file", ROOT, "--token-file", token, "--out", out];
    place.run(&[&agent[..], &files, more].concat())
}

#[test]
fn a_device_gets_its_certificate_by_a_token_once() {
    let place = Place::with_ca();
    let served = serve(&place);
    let made = token(&place, "token", &["--name", "sensor-7"]);
    assert_eq!(made["names"], serde_json::json!(["sensor-7"]));
    assert!(made.get("token").is_none());
    #[cfg(unix)]
    assert_eq!(mode(&place.path("token")), 0o600);

    let enrolled = agent(&place, &served, "token", "device", &[]).json();
    assert_eq!(enrolled["outcome"], "enrolled");
    let leaf = certificate(&place.read("device/tls.crt"));
    assert_eq!(leaf.subject().to_string(), "CN=sensor-7");
    #[cfg(unix)]
    assert_eq!(mode(&place.path("device/tls.key")), 0o600);
    assert_eq!(place.read("device/ca.crt"), place.read(ROOT));
    let names: Vec<_> = std::fs::read_dir(place.path("device")).unwrap().collect();
    assert_eq!(names.len(), 3, "nothing is left over: {names:?}");

    let kept = agent(&place, &served, "token", "device", &[]).json();
    assert_eq!(kept["outcome"], "kept");
    assert_eq!(kept["serial"], enrolled["serial"]);
    agent(&place, &served, "token", "other", &[]).refused("the token was used already");
    agent(&place, &served, "token", "other", &["--name", "admin"]).refused("`CN=admin`");
    let refusals = place.refusals().join("\n");
    assert!(
        refusals.contains("the token was used already"),
        "{refusals}"
    );
    assert!(refusals.contains("CN=admin"), "{refusals}");
    let tokens = place.run(&["token", "list", "--json"]).json();
    assert_eq!(
        (&tokens[0]["state"], &tokens[0]["used"]),
        (&"used".into(), &1.into())
    );
    place.run(&["audit", "verify"]).ok();
    assert!(served.stop());
}

#[test]
fn a_server_that_is_not_the_cas_gets_no_token() {
    let place = Place::with_ca();
    let served = serve(&place);
    token(&place, "token", &["--name", "a"]);
    let stranger = Place::with_ca();
    let root = place.write("stranger.crt", stranger.read(ROOT));
    let url = served.enroll_url();
    let trusting = |trust: &[&str]| {
        let agent = ["agent", "--once", "--url", &url, "--token-file", "token"];
        place.run(&[&agent[..], &["--out", "device"], trust].concat())
    };
    trusting(&["--ca-file", root.to_str().unwrap()]).refused("cannot be asked");
    let pin = |root: &[u8]| mtls_client::Pin::of(&certificate(root)).to_string();
    let other = pin(&stranger.read(ROOT));
    trusting(&["--ca-pin", &other]).refused("presents no root with the key");
    assert!(!place.path("device/tls.crt").exists());
    let right = pin(&place.read(ROOT));
    trusting(&["--ca-pin", &right]).ok();
    // What was fetched is trusted from then on.
    trusting(&["--ca-pin", &right]).ok();
    assert!(place.refusals().is_empty());
}

#[test]
fn a_revoked_token_and_a_wrong_command_line_give_nothing() {
    let place = Place::with_ca();
    let served = serve(&place);
    let made = token(&place, "token", &["--name", "a"]);
    let id = made["id"].to_string();
    place.run(&["token", "revoke", &id]).ok();
    agent(&place, &served, "token", "device", &[]).refused("the token was revoked");
    place.run(&["token", "revoke", "99"]).refused("no token 99");
    place
        .run(&["token", "create", "--profile", "nobody"])
        .refused("no profile `nobody`");
    let url = served.enroll_url();
    let agent = ["agent", "--once", "--url", &url, "--out", "device"];
    place
        .run(&[&agent[..], &["--ca-file", ROOT]].concat())
        .refused("--token-file");
    assert_eq!(place.run(&agent).code, 2);
    for wrong in [["--uses", "0"], ["--life", "7"], ["--name", "a*b*"]] {
        let ran = place.run(&[&["token", "create"], &wrong[..]].concat());
        assert_eq!(ran.code, 2, "{}", ran.stderr);
    }
    // Printed once, and never again.
    let printed = place.run(&["token", "create"]).ok();
    let secret = printed
        .split_whitespace()
        .find(|it| it.starts_with("mtls-"))
        .unwrap();
    assert_eq!(secret.len(), 48);
    assert!(
        !place
            .run(&["token", "list", "--json"])
            .ok()
            .contains(secret)
    );
    assert!(!place.run(&["audit", "export"]).ok().contains(secret));
}

#[test]
fn a_request_waits_for_an_operator() {
    let place = Place::with_ca();
    let profile = place.text("home/default/profiles/client.toml");
    let approved = format!("{profile}\n[enrollment]\napproval_within = \"1h\"\n");
    place.write("home/default/profiles/client.toml", approved);
    let served = serve(&place);
    let url = served.enroll_url();
    for (name, approve) in [("sensor-7", true), ("sensor-8", false)] {
        token(&place, name, &["--name", name]);
        let agent = ["agent", "--once", "--url", &url, "--ca-file", ROOT];
        let files = ["--token-file", name, "--out"];
        let out = format!("device-{name}");
        let mut command = place.command(&[&agent[..], &files, &[&out]].concat());
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pending = until("there is no request", || {
            let list = place.run(&["requests", "list", "--json"]).json();
            list.as_array().unwrap().first().cloned()
        });
        assert_eq!(pending["subject"], format!("CN={name}"));
        let id = pending["id"].to_string();
        if approve {
            place.run(&["requests", "approve", &id]).ok();
        } else {
            let deny = ["requests", "deny", &id, "--reason", "it was returned"];
            place.run(&deny).ok();
        }
        place.run(&["requests", "approve", &id]).refused("before");
        let ended = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.success(), approve, "{stderr}");
        assert_eq!(stderr.contains("it was returned"), !approve, "{stderr}");
        assert_eq!(place.path(&out).join("tls.crt").exists(), approve);
    }
    place
        .run(&["requests", "approve", "99"])
        .refused("no request 99");
    let all = place.run(&["requests", "list", "--all", "--json"]).json();
    let states: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["state"])
        .collect();
    assert_eq!(states, ["approved", "denied"]);
    let printed = place.run(&["requests", "list", "--all"]).ok();
    assert!(printed.contains("CN=sensor-7"), "{printed}");
}

#[cfg(unix)]
#[test]
fn a_running_agent_renews_by_itself_and_ends_when_it_is_told() {
    use std::io::{BufRead as _, BufReader};

    use rustix::process::{Pid, Signal, kill_process};

    let place = Place::with_ca();
    place.shorten("client", 10);
    let served = serve(&place);
    token(&place, "token", &["--name", "sensor-7"]);
    let url = served.enroll_url();
    let agent = ["agent", "--url", &url, "--ca-file", ROOT];
    let files = ["--token-file", "token", "--out", "device"];
    let mut command = place.command(&[&agent[..], &files].concat());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let done = lines
        .map(Result::unwrap)
        .filter(|line| line.ends_with(" a certificate"));
    let done: Vec<_> = done.take(2).collect();
    assert_eq!(done, ["enrolled a certificate", "renewed a certificate"]);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    let issued = place.list();
    let devices = issued.iter().filter(|it| it["subject"] == "CN=sensor-7");
    let lineages: Vec<_> = devices.map(|it| &it["lineage"]).collect();
    assert!(lineages.len() >= 2);
    assert!(lineages.iter().all(|it| *it == lineages[0]));
}

#[test]
fn a_certificate_that_is_due_is_renewed_with_a_new_key() {
    let place = Place::with_ca();
    place.shorten("client", 10);
    let served = serve(&place);
    token(&place, "token", &["--name", "sensor-7"]);
    let exec = ["--exec", "echo x >> changes"];
    let first = agent(&place, &served, "token", "device", &exec).json();
    let before = certificate(&place.read("device/tls.crt"));
    let renewed = until("it is not renewed", || {
        let ran = agent(&place, &served, "token", "device", &exec).json();
        (ran["outcome"] != "kept").then_some(ran)
    });
    assert_eq!(renewed["outcome"], "renewed");
    assert_ne!(renewed["serial"], first["serial"]);
    let after = certificate(&place.read("device/tls.crt"));
    assert_eq!(after.subject(), before.subject());
    assert_ne!(after.spki_der(), before.spki_der());
    assert_eq!(place.text("changes"), "x\nx\n");
}

#[test]
fn a_changed_profile_is_used_without_a_restart() {
    let place = Place::with_ca();
    let served = serve(&place);
    token(&place, "token", &["--name", "sensor-7", "--uses", "1000"]);
    let path = "home/default/profiles/client.toml";
    let profile = place.text(path);
    let of = |hours: u32| profile.replace("default = \"24h\"", &format!("default = \"{hours}h\""));
    let mut number = 0;
    let mut hours = || {
        number += 1;
        let out = format!("device-{number}");
        agent(&place, &served, "token", &out, &[]).json();
        let leaf = certificate(&place.read(&format!("{out}/tls.crt")));
        // The last second counts.
        ((leaf.not_after() - leaf.not_before()).whole_seconds() + 1) / 3600
    };
    assert_eq!(hours(), 24);
    for changed in [2, 3] {
        // What is being edited changes nothing.
        place.write(path, "role = ");
        place.write(path, of(changed));
        until("it is not taken up", || {
            // A token may ask 60 times a minute.
            std::thread::sleep(Duration::from_millis(150));
            (hours() == i64::from(changed)).then_some(())
        });
    }
    assert!(served.stop());
}
