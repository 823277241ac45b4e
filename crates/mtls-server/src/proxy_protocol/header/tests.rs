#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use proptest::{collection::vec, prelude::*};
use tokio::io::ReadBuf;

use super::*;

/// Gives out one byte at a time, as the worst network does.
struct Slow<'a>(&'a [u8]);

impl AsyncRead for Slow<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some((first, rest)) = self.0.split_first() {
            buffer.put_slice(&[*first]);
            self.0 = rest;
        }
        Poll::Ready(Ok(()))
    }
}

/// What is read from `bytes`, and what is left of them; the same at either speed.
fn read_all(bytes: &[u8]) -> (Result<Option<SocketAddr>, Error>, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (mut fast, mut slow) = (bytes, Slow(bytes));
        let (at_once, slowly) = (read(&mut fast).await, read(&mut slow).await);
        assert_eq!(format!("{at_once:?}"), format!("{slowly:?}"));
        if at_once.is_ok() {
            assert_eq!(fast.len(), slow.0.len());
        }
        (at_once, fast.len())
    })
}

fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [v2::PROTOCOL_PREFIX, &[command, family], &length, rest].concat()
}

fn vector(kind: v2::Type, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[kind as u8], &length[..], value].concat()
}

/// 192.0.2.1:56324 to 198.51.100.2:443.
const V4: &[u8] = &[192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 1, 187];

fn v6() -> Vec<u8> {
    let mut addresses = vec![0; 36];
    addresses[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
    addresses[15] = 1;
    addresses[31] = 2;
    addresses[32..].copy_from_slice(&[0xdc, 0x04, 1, 187]);
    addresses
}

#[test]
fn a_header_is_read_to_its_last_byte_and_tells_the_source() {
    const LOCAL: u8 = 0x20;
    const PROXY: u8 = 0x21;
    let longest = "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
    assert_eq!(longest.len(), V1_LIMIT);
    let with_notes = [V4, &vector(v2::Type::Authority, b"example.org")].concat();
    let full = [V4, &vector(v2::Type::NoOp, &[0; V2_REST_LIMIT - 12 - 3])].concat();
    let line = |text: &str| text.as_bytes().to_vec();
    for (header, source) in [
        (
            line("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"),
            Some("192.0.2.1:56324"),
        ),
        (
            line("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"),
            Some("[2001:db8::1]:56324"),
        ),
        (line("PROXY UNKNOWN\r\n"), None),
        (line(longest), None),
        (v2(PROXY, 0x11, V4), Some("192.0.2.1:56324")),
        (v2(PROXY, 0x21, &v6()), Some("[2001:db8::1]:56324")),
        (v2(PROXY, 0x11, &with_notes), Some("192.0.2.1:56324")),
        (v2(PROXY, 0x11, &full), Some("192.0.2.1:56324")),
        (v2(PROXY, 0x31, &[b'/'; 216]), None),
        (v2(PROXY, 0x00, &[]), None),
        (v2(LOCAL, 0x00, &[]), None),
        (v2(LOCAL, 0x11, V4), None),
        (v2(LOCAL, 0xff, b"whatever"), None),
    ] {
        let case = String::from_utf8_lossy(&header).into_owned();
        let (read, left) = read_all(&[&header, &b"\x16\x03\x01\x0d\x0a"[..]].concat());
        assert_eq!(
            read.unwrap(),
            source.map(|it| it.parse().unwrap()),
            "{case}"
        );
        assert_eq!(left, 5, "{case}");
    }
}

#[test]
fn what_is_no_header_is_refused_with_the_reason() {
    const PROXY: u8 = 0x21;
    let line = |text: &str| text.as_bytes().to_vec();
    let over = [V4, &vector(v2::Type::NoOp, &[0; V2_REST_LIMIT - 12 - 2])].concat();
    for (bytes, reason) in [
        (line(""), "Disconnected"),
        (line("PROXY"), "Disconnected"),
        (
            line("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r"),
            "Disconnected",
        ),
        (v2(PROXY, 0x11, V4)[..27].to_vec(), "Disconnected"),
        (line("\x16\x03\x01\x02\x00\x01"), "Missing"),
        (line("G"), "Missing"),
        (line("proxy UNKNOWN\r\n"), "Missing"),
        (line("PROXYZ TCP4"), "Missing"),
        (line("\r\n\r\n\0\r\nQUIT\r"), "Missing"),
        (
            line("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\r"),
            "Malformed",
        ),
        (
            line("PROXY TCP4 192.0.2.256 198.51.100.2 1 443\r\n"),
            "Malformed",
        ),
        (
            line("PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n"),
            "Malformed",
        ),
        (
            line("PROXY TCP4 192.0.2.1 198.51.100.2 +1 443\r\n"),
            "Malformed",
        ),
        (
            line("PROXY TCP4 192.0.2.1 198.51.100.2 01 443\r\n"),
            "Malformed",
        ),
        (
            line("PROXY TCP4 192.0.2.1  198.51.100.2 1 443\r\n"),
            "Malformed",
        ),
        (
            line("PROXY TCP4 2001:db8::1 2001:db8::2 1 443\r\n"),
            "Malformed",
        ),
        (
            line("PROXY TCP6 fe80::1%eth0 2001:db8::2 1 443\r\n"),
            "Malformed",
        ),
        (
            line("PROXY TCP6 192.0.2.1 198.51.100.2 1 443\r\n"),
            "Malformed",
        ),
        (
            line("PROXY UDP4 192.0.2.1 198.51.100.2 1 443\r\n"),
            "Malformed",
        ),
        (line("PROXY TCP4 192.0.2.1\r\n"), "Malformed"),
        (
            line(&format!("PROXY UNKNOWN {}\r\n", "x".repeat(92))),
            "TooLong",
        ),
        (
            line(&format!("PROXY UNKNOWN\n{}", "x".repeat(200))),
            "TooLong",
        ),
        (v2(0x11, 0x11, V4), "Malformed"), // version 1
        (v2(0x22, 0x11, V4), "Malformed"), // no such command
        (v2(PROXY, 0x41, V4), "Malformed"),
        (v2(PROXY, 0x13, V4), "Malformed"),
        (v2(PROXY, 0x12, V4), "NotTcp"),
        (v2(PROXY, 0x10, V4), "NotTcp"),
        (v2(PROXY, 0x11, &V4[..11]), "Malformed"),
        (v2(PROXY, 0x21, V4), "Malformed"),
        (v2(PROXY, 0x11, &[V4, b"xy"].concat()), "Malformed"),
        (v2(PROXY, 0x11, &[V4, &[4, 0, 2, 0]].concat()), "Malformed"),
        (v2(PROXY, 0x11, &over), "TooLong"),
    ] {
        let case = String::from_utf8_lossy(&bytes).into_owned();
        let error = read_all(&bytes).0.unwrap_err();
        let kind = match error {
            Error::Disconnected => "Disconnected",
            Error::Malformed(_) => "Malformed",
            Error::Missing => "Missing",
            Error::NotTcp => "NotTcp",
            Error::TooLong { .. } => "TooLong",
            _ => "none of these",
        };
        assert_eq!(kind, reason, "{case}");
    }
}

#[test]
fn a_checksum_that_is_there_must_be_right() {
    let before = vector(v2::Type::UniqueId, b"7");
    let after = vector(v2::Type::NoOp, &[0; 3]);
    let with = |sum: u32| {
        let sum = vector(v2::Type::CRC32C, &sum.to_be_bytes());
        v2(0x21, 0x11, &[V4, &before, &sum, &after].concat())
    };
    let sum = CRC32C.checksum(&with(0));
    assert!(read_all(&with(sum)).0.is_ok());
    assert!(matches!(read_all(&with(sum ^ 1)).0, Err(Error::Checksum)));
    let short = [V4, &vector(v2::Type::CRC32C, &[0; 3])].concat();
    let (read, _) = read_all(&v2(0x21, 0x11, &short));
    assert!(matches!(read, Err(Error::Malformed(_))));
}

/// RFC 3720 B.4: the checksum of 32 zeros.
#[test]
fn the_checksum_is_that_of_the_specification() {
    assert_eq!(CRC32C.checksum(&[0; 32]), 0x8a91_36aa);
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let some = || vec(any::<u8>(), 0..300);
    prop_oneof![
        some(),
        some().prop_map(|rest| [V1_PREFIX, &rest].concat()),
        "PROXY (TCP4|TCP6|UNKNOWN)[ 0-9a-f.:+\r\n]{0,120}".prop_map(String::into_bytes),
        some().prop_map(|rest| [v2::PROTOCOL_PREFIX, &rest].concat()),
        (0x20..0x22u8, any::<u8>(), some())
            .prop_map(|(command, family, rest)| v2(command, family, &rest)),
        (prop_oneof![Just(0x11), Just(0x21)], some())
            .prop_map(|(family, rest)| v2(0x21, family, &rest)),
    ]
}

proptest! {
    #[test]
    fn any_bytes_have_one_verdict_at_any_speed_and_what_follows_is_left_alone(bytes in bytes(), follows in vec(any::<u8>(), 0..50)) {
        let (read, left) = read_all(&bytes);
        if let Ok(source) = read {
            let (again, more) = read_all(&[&bytes[..], &follows].concat());
            prop_assert_eq!(again.unwrap(), source);
            prop_assert_eq!(more, left + follows.len());
        }
    }
}
