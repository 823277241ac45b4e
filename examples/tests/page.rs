//! The lab's page for phones: whoever sits at the computer gets a link, which gives out the key once.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use support::{Program, address_after};

#[test]
fn the_lab_gives_a_bundle_out_by_a_link_once() {
    let keep = tempfile::tempdir().unwrap();
    let lab = keep.path().join("lab");
    let arguments = ["--listen", "127.0.0.1:0", "--page", "127.0.0.1:0", "--dir"];
    let arguments = arguments.map(str::to_owned).into_iter();
    let program = Program::start("lab", arguments.chain([lab.display().to_string()]));
    let page = program.line(|line| address_after(line, "the page for phones on http://"));

    let first = text(get(page, "127.0.0.1", "/"));
    let (_, rest) = first.split_once("href=\"/get/").unwrap();
    let (token, _) = rest.split_once('"').unwrap();
    let path = format!("/get/{token}/client.p12");
    // Behind a proxy on this computer, which passes on the name that it was asked for.
    assert!(!text(get(page, "192.0.2.7", "/")).contains(token));
    assert_eq!(get(page, "127.0.0.1", "/client.p12").0, 404);

    let (status, bundle) = get(page, "127.0.0.1", &path);
    let there = std::fs::read(lab.join("same-ca/client.p12")).unwrap();
    assert_eq!((status, bundle), (200, there));
    assert_eq!(get(page, "127.0.0.1", &path).0, 410);
    assert!(text(get(page, "127.0.0.1", "/matrix")).contains("accepted"));
}

fn text((status, body): (u16, Vec<u8>)) -> String {
    assert_eq!(status, 200);
    String::from_utf8(body).unwrap()
}

/// Status and body.
fn get(server: SocketAddr, host: &str, path: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(server).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let end = response.windows(4).position(|it| it == b"\r\n\r\n");
    let status = str::from_utf8(&response[9..12]).unwrap().parse().unwrap();
    (status, response[end.unwrap() + 4..].to_vec())
}
