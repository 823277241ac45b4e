//! A running `mtls serve`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::Place;
use super::ca::WITH;
use super::waiting::PATIENCE;

/// A running `mtls serve`, which is killed at the end.
pub(crate) struct Served {
    child: Child,
    address: SocketAddr,
    enroll: Option<SocketAddr>,
    console: Option<SocketAddr>,
}

impl Served {
    pub(crate) fn start(place: &Place, arguments: &[&str]) -> Self {
        let listen = ["serve", "--listen", "127.0.0.1:0"];
        let mut command = place.command(&[&listen, arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        let mut stdout = BufReader::new(stdout);
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("serving http://").unwrap();
        let mut more = |flag: &str, says: &str| {
            arguments.contains(&flag).then(|| {
                let mut line = String::new();
                stdout.read_line(&mut line).unwrap();
                let address = line.trim().strip_prefix(says).unwrap();
                address.parse::<SocketAddr>().unwrap()
            })
        };
        let enroll = more("--enroll", "enrolling https://");
        let console = more("--console", "console https://");
        Self {
            address: address.parse().unwrap(),
            enroll,
            console,
            child,
        }
    }

    /// One that devices get their certificates from.
    pub(crate) fn enrolling(place: &Place) -> Self {
        Self::enrolling_at(place, ([127, 0, 0, 1], 0).into())
    }

    /// The same at an address.
    pub(crate) fn enrolling_at(place: &Place, address: SocketAddr) -> Self {
        let address = address.to_string();
        Self::start(place, &[&WITH[..], &["--enroll", &address]].concat())
    }

    /// Where devices get their certificates.
    pub(crate) fn enroll_url(&self) -> String {
        format!("https://{}", self.enroll.unwrap())
    }

    /// Where operators look after the CA.
    pub(crate) fn console(&self) -> SocketAddr {
        self.console.unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.send(&format!("GET {path}"), "", &[])
    }

    /// Status and body.
    pub(crate) fn post(&self, path: &str, media_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let length = body.len();
        let fields = format!("Content-Type: {media_type}\r\nContent-Length: {length}\r\n");
        self.send(&format!("POST {path}"), &fields, body)
    }

    fn send(&self, line: &str, fields: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!("{line} HTTP/1.1\r\nHost: ca\r\nConnection: close\r\n{fields}\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        let end = response
            .windows(4)
            .position(|it| it == b"\r\n\r\n")
            .unwrap();
        let status = str::from_utf8(&response[9..12]).unwrap().parse().unwrap();
        (status, response[end + 4..].to_vec())
    }

    pub(crate) fn text(&self, path: &str) -> String {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}");
        String::from_utf8(body).unwrap()
    }

    /// Whether it ends well when it is told to.
    pub(crate) fn stop(mut self) -> bool {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM).unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
