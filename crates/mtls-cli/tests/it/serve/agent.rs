//! `mtls agent` as a service: what it tells its manager, the command it runs, and what it survives.
#![cfg(unix)]

use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use rustix::process::{Resource, Rlimit, Signal, prlimit};

use crate::common::ca::certificate;
use crate::common::daemon::Daemon;
use crate::common::served::Served;
use crate::common::waiting::{PATIENCE, until};
use crate::common::{Place, Ran};

const ROOT: &str = "home/default/root.crt";

/// A place with a CA, and a token for `sensor-7` in the file `token`.
fn place() -> Place {
    let place = Place::with_ca();
    token(&place, "client", "1");
    place
}

fn token(place: &Place, profile: &str, uses: &str) {
    let create = ["token", "create", "--out", "token", "--name", "sensor-7"];
    let more = ["--profile", profile, "--uses", uses];
    place.run(&[&create[..], &more].concat()).ok();
}

/// The arguments of an agent that keeps its files in `device`.
fn agent<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let agent = ["agent", "--url", url, "--ca-file", ROOT];
    let files = ["--token-file", "token", "--out", "device"];
    [&agent[..], &files, more].concat()
}

/// How many certificates the device has got.
fn issued(place: &Place) -> usize {
    let is_devices = |it: &&serde_json::Value| it["subject"] == "CN=sensor-7";
    place.list().iter().filter(is_devices).count()
}

/// The messages at a socket, up to the first one that begins so.
fn told_until(socket: &UnixDatagram, wanted: &str) -> Vec<String> {
    let mut told = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).unwrap();
        let message = str::from_utf8(&buffer[..length]).unwrap().to_owned();
        let found = message.starts_with(wanted);
        told.push(message);
        if found {
            return told;
        }
    }
}

fn manager(place: &Place) -> UnixDatagram {
    let socket = UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn managed(command: &mut Command, place: &Place) {
    command
        .env("NOTIFY_SOCKET", place.path("notify"))
        .env("WATCHDOG_USEC", "2000000");
}

#[test]
fn a_service_manager_is_told_that_it_is_ready_lives_and_ends() {
    let place = place();
    let served = Served::enrolling(&place);
    let socket = manager(&place);
    let url = served.enroll_url();
    let mut command = place.command(&agent(&url, &[]));
    managed(&mut command, &place);
    let mut daemon = Daemon::start(command);
    let told = told_until(&socket, "READY=1");
    let leaf = certificate(&place.read("device/tls.crt"));
    let serial = leaf.serial().to_string();
    let status = format!("STATUS=certificate {serial} is valid until");
    assert!(told.iter().any(|it| it.starts_with(&status)), "{told:?}");
    told_until(&socket, "WATCHDOG=1");
    told_until(&socket, &format!("{status} {}", leaf.not_after().year()));
    assert!(daemon.end(Signal::TERM));
    told_until(&socket, "STOPPING=1");
    daemon.says(&format!("stopped: certificate {serial} is valid until"));
}

#[test]
fn it_is_not_ready_before_it_has_a_certificate() {
    let place = place();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let socket = manager(&place);
    let url = format!("https://{address}");
    let mut command = place.command(&agent(&url, &[]));
    managed(&mut command, &place);
    let mut daemon = Daemon::start(command);
    daemon.says("not enrolled, again in 1 s: the enrolment server cannot be asked");
    let told = told_until(&socket, "WATCHDOG=1");
    assert!(!told.contains(&"READY=1".to_owned()), "{told:?}");

    // The CA starts later than its devices.
    let served = Served::enrolling_at(&place, address);
    daemon.prints("enrolled a certificate");
    told_until(&socket, "READY=1");
    assert!(daemon.end(Signal::INT));
    assert_eq!(issued(&place), 1);
    assert!(served.stop());
}

#[test]
fn a_stop_before_the_first_certificate_is_no_failure_and_a_foreign_ca_is() {
    let place = place();
    let url = "https://127.0.0.1:1";
    let mut daemon = Daemon::start(place.command(&agent(url, &[])));
    daemon.says("not enrolled");
    assert!(daemon.end(Signal::TERM));
    daemon.says("stopped: there is no certificate yet");

    let stranger = Place::with_ca();
    let served = Served::enrolling(&stranger);
    let url = served.enroll_url();
    place.run(&agent(&url, &[])).refused("cannot be asked");
    assert_eq!(issued(&place), 0);
}

#[test]
fn the_command_runs_until_it_has_ended_well_once() {
    let place = place();
    let served = Served::enrolling(&place);
    let url = served.enroll_url();
    let run = |exec: &str| {
        let limit = ["--exec-limit", "300ms", "--once", "--json", "--exec", exec];
        place.run(&agent(&url, &limit))
    };
    let slow = run("sleep 600 & echo $! > id; wait");
    assert_eq!(slow.code, 1, "{}", slow.stderr);
    let said = "--exec has failed: the command was ended, as it took more than 300ms";
    assert!(slow.stderr.contains(said), "{}", slow.stderr);
    what_the_shell_started_ends(&place);
    // The certificate is there, and not asked for again.
    let failed = run("exit 3");
    assert_eq!(failed.code, 1);
    assert!(
        failed.stderr.contains("exit status: 3"),
        "{}",
        failed.stderr
    );
    let kept = run("echo x >> changes");
    assert!(kept.stderr.contains("--exec: done in"), "{}", kept.stderr);
    assert_eq!(kept.json()["outcome"], "kept");
    run("echo x >> changes").ok();
    assert_eq!(place.text("changes"), "x\n");
    assert_eq!(issued(&place), 1);
}

/// It was killed with the shell, and dies as soon as the kernel gets to it.
fn what_the_shell_started_ends(place: &Place) {
    let command_line = format!("/proc/{}/cmdline", place.text("id").trim());
    until("what the command has started goes on", || {
        let said = std::fs::read(&command_line).unwrap_or_default();
        said.is_empty().then_some(())
    });
}

#[test]
fn a_command_that_hangs_does_not_keep_the_agent_from_ending() {
    let place = place();
    let served = Served::enrolling(&place);
    let url = served.enroll_url();
    let exec = "trap '' TERM; sleep 600 & echo $! > id; echo x > hangs; wait; sleep 600";
    let mut daemon = Daemon::start(place.command(&agent(&url, &["--exec", exec])));
    daemon.prints("enrolled a certificate");
    let begins = |file: &str| {
        until("it does not begin", || {
            place.path(file).exists().then_some(())
        })
    };
    begins("hangs");
    assert!(daemon.end(Signal::TERM));
    daemon.says("--exec, again at the next start: the command was ended");
    daemon.says("stopped: certificate");
    what_the_shell_started_ends(&place);

    // One that ends is waited for, and what was ended is made up for.
    let exec = "echo x > began; sleep 1; echo x > done";
    let mut daemon = Daemon::start(place.command(&agent(&url, &["--exec", exec])));
    begins("began");
    assert!(daemon.end(Signal::TERM));
    daemon.says("--exec: done in");
    assert_eq!(place.text("done"), "x\n");
    assert_eq!(issued(&place), 1);
}

#[test]
fn a_file_without_a_token_is_named() {
    let place = place();
    let served = Served::enrolling(&place);
    let url = served.enroll_url();
    let token = place.text("token");
    for empty in ["", "\n", "\nsecond line\n"] {
        place.write("token", empty);
        place
            .run(&agent(&url, &["--once"]))
            .refused("token has no token in its first line");
    }
    place.write("token", token);
    place.run(&agent(&url, &["--once"])).ok();
}

/// Runs the agent once, where no file may become longer than so many blocks of 512 octets.
fn confined(place: &Place, url: &str, blocks: &str) -> Ran {
    place.finished(&mut within(place, &agent(url, &["--once"]), blocks))
}

/// The command, where that limit is an error and no signal.
fn within(place: &Place, arguments: &[&str], blocks: &str) -> Command {
    let inner = place.command(arguments);
    let mut command = place.program("/bin/sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", blocks])
        .arg(inner.get_program())
        .args(inner.get_args());
    command
}

#[test]
fn a_full_disk_costs_neither_the_token_nor_a_second_certificate() {
    let place = place();
    let served = Served::enrolling(&place);
    let url = served.enroll_url();
    // There is no room for the key: nothing is asked for.
    confined(&place, &url, "0").refused("device/next.key");
    assert_eq!(issued(&place), 0);
    // There is room for the key and the request, and none for what comes back.
    confined(&place, &url, "1").refused("device/ca.crt");
    assert_eq!(issued(&place), 1);
    assert!(!place.path("device/tls.crt").exists());
    let enrolled = place.run(&agent(&url, &["--once", "--json"])).json();
    assert_eq!(enrolled["outcome"], "enrolled");
    assert_eq!(issued(&place), 1);
}

#[test]
fn a_directory_that_cannot_be_written_costs_no_token() {
    let place = place();
    let served = Served::enrolling(&place);
    let url = served.enroll_url();
    place.write("file", "");
    let agent = ["agent", "--url", &url, "--ca-file", ROOT];
    let files = ["--token-file", "token", "--once", "--out"];
    let into = |out: &str| place.run(&[&agent[..], &files, &[out]].concat());
    into("file/device").refused("file/device");
    // It is no directory of ours, whoever runs this: procfs has no new files.
    into("/proc/self").refused("/proc/self/next.key");
    assert_eq!(issued(&place), 0);
    into("device").ok();
}

#[test]
fn a_disk_that_is_full_for_a_while_is_survived() {
    let place = place();
    place.shorten("client", 10);
    let served = Served::enrolling(&place);
    let url = served.enroll_url();
    let command = within(&place, &agent(&url, &[]), "unlimited");
    let mut daemon = Daemon::start(command);
    daemon.prints("enrolled a certificate");
    let before = place.read("device/tls.crt");
    let most = |current| Rlimit {
        current,
        maximum: None,
    };
    prlimit(Some(daemon.id()), Resource::Fsize, most(Some(0))).unwrap();
    daemon.says("not renewed, again in");
    assert_eq!(place.read("device/tls.crt"), before);
    prlimit(Some(daemon.id()), Resource::Fsize, most(None)).unwrap();
    daemon.prints("renewed a certificate");
    assert_ne!(place.read("device/tls.crt"), before);
    assert!(daemon.end(Signal::TERM));
}

#[test]
fn a_servers_certificate_renews_itself_and_needs_no_second_token() {
    let place = Place::with_ca();
    place.shorten("server", 10);
    token(&place, "server", "1");
    let served = Served::enrolling(&place);
    let url = served.enroll_url();
    let mut daemon = Daemon::start(place.command(&agent(&url, &[])));
    daemon.prints("enrolled a certificate");
    daemon.prints("renewed a certificate");
    assert!(daemon.end(Signal::TERM));
    assert_eq!(issued(&place), 2);
}

#[test]
fn an_expired_certificate_is_renewed_by_a_token_that_has_uses_left() {
    let place = Place::with_ca();
    place.shorten("client", 6);
    token(&place, "client", "2");
    let served = Served::enrolling(&place);
    let url = served.enroll_url();
    let once = || place.run(&agent(&url, &["--once", "--json"]));
    for _ in 0..2 {
        assert_eq!(once().json()["outcome"], "enrolled");
        let leaf = certificate(&place.read("device/tls.crt"));
        while leaf.not_after() >= time::OffsetDateTime::now_utc() {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
    once().refused("the token was used already");
    assert_eq!(issued(&place), 2);
}

#[test]
fn the_unit_is_printed_without_more_arguments() {
    let place = Place::new();
    let unit = place.run(&["agent", "--print-unit"]).ok();
    for line in ["Type=notify", "WatchdogSec=60", "ProtectSystem=strict"] {
        assert!(unit.lines().any(|it| it == line), "{line}");
    }
    assert_eq!(place.run(&["agent", "--once"]).code, 2);
}
