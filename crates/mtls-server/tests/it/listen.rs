//! Sockets that somebody else has opened, as service managers hand them over.
#![cfg(unix)]
use std::{
    env,
    net::{SocketAddr, TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixListener},
    process::{Command, Stdio},
};

use mtls_server::listen::{ListenError, bind, from_environment};

/// What the program on the other side makes of its environment; run by the test below.
#[tokio::test]
async fn child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let found = match from_environment() {
        Ok(Some(listener)) => {
            assert!(env::var_os("LISTEN_FDS").is_none() && env::var_os("LISTEN_PID").is_none());
            listener.local_addr().unwrap().to_string()
        }
        Ok(None) => "none".to_owned(),
        Err(ListenError::NotListening(_)) => "not listening".to_owned(),
        Err(ListenError::TooMany(count)) => format!("{count} sockets"),
        Err(_) => "unknown".to_owned(),
    };
    println!("{FOUND}{found}.");
}

#[test]
fn one_listening_tcp_socket_is_taken_and_nothing_else() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let connection = TcpStream::connect(address).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let unix = UnixListener::bind(directory.path().join("socket")).unwrap();

    let own = "LISTEN_FDS=1 LISTEN_PID=$$";
    let tcp = || OwnedFd::from(tcp.try_clone().unwrap());
    for (socket, variables, found) in [
        (tcp(), own, address.to_string()),
        (tcp(), "", "none".to_owned()),
        (tcp(), "LISTEN_FDS=1 LISTEN_PID=1", "none".to_owned()),
        (tcp(), "LISTEN_FDS=2 LISTEN_PID=$$", "2 sockets".to_owned()),
        (connection.into(), own, "not listening".to_owned()),
        (unix.into(), own, "not listening".to_owned()),
    ] {
        assert_eq!(child_finds(socket, variables), found, "{variables}");
    }
}

/// Hands `socket` over as descriptors 3 and 4, as a service manager does.
fn child_finds(socket: OwnedFd, variables: &str) -> String {
    let script = format!("{variables} exec \"$0\" \"$@\" 3<&0 4<&0 </dev/null");
    let said = Command::new("sh")
        .args(["-c", &script])
        .arg(env::current_exe().unwrap())
        .args(["listen::child", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .env_remove("LISTEN_FDS")
        .env_remove("LISTEN_PID")
        .stdin(Stdio::from(socket))
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let (_, rest) = said.split_once(FOUND).unwrap();
    rest.split_once(".\n").unwrap().0.to_owned()
}

const CHILD: &str = "MTLS_SERVER_TEST_CHILD";
const FOUND: &str = "found ";

#[tokio::test]
async fn a_crowd_that_comes_at_once_waits_and_is_not_dropped() {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = bind(loopback).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts meanwhile. A dropped one would try again after a second.
    let patience = std::time::Duration::from_millis(900);
    let crowd = (0..400).map(|_| TcpStream::connect_timeout(&address, patience));
    let crowd: Vec<_> = crowd.map(Result::unwrap).collect();
    assert_eq!(crowd.len(), 400);
    let taken = bind(address).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
}
