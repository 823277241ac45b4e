//! HTTP/2 (RFC 9113) by the frame, for what no client library sends.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// SETTINGS_INITIAL_WINDOW_SIZE (section 6.5.2).
pub const INITIAL_WINDOW: u16 = 4;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// REFUSED_STREAM (section 7).
pub const REFUSED: u32 = 7;

pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The error code of RST_STREAM.
    pub fn code(&self) -> u32 {
        u32::from_be_bytes(self.payload[..4].try_into().unwrap())
    }
}

/// After the preface, and SETTINGS that change nothing.
pub async fn begin(stream: &mut TlsStream<TcpStream>) {
    begin_with(stream, &[]).await;
}

/// After the preface and these settings.
pub async fn begin_with(stream: &mut TlsStream<TcpStream>, settings: &[(u16, u32)]) {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut payload = Vec::new();
    for (id, value) in settings {
        payload.extend(id.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    bytes.extend(frame(SETTINGS, 0, 0, &payload));
    stream.write_all(&bytes).await.unwrap();
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The header block of a GET (RFC 7541): the fixed fields by their index, the others as they are.
pub fn get(path: &str) -> Vec<u8> {
    get_of(Some("localhost"), None, path)
}

/// The same with this `:authority` and this `host`.
pub fn get_of(authority: Option<&str>, host: Option<&str>, path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x87];
    let authority = authority.map(|authority| (&[0x01][..], authority));
    let host = host.map(|host| (&[0x0f, 38 - 15][..], host));
    for (index, value) in [(&[0x04][..], path)]
        .into_iter()
        .chain(authority)
        .chain(host)
    {
        block.extend(index);
        block.push(u8::try_from(value.len()).unwrap());
        block.extend(value.as_bytes());
    }
    block
}

/// The header block of a CONNECT.
pub fn connect(authority: &str) -> Vec<u8> {
    let mut block = vec![0x02, 7];
    block.extend(b"CONNECT");
    block.extend([0x01, u8::try_from(authority.len()).unwrap()]);
    block.extend(authority.as_bytes());
    block
}

/// A field `x: ...` of this many bytes, at most 16,000 or so.
pub fn field(length: usize) -> Vec<u8> {
    let mut block = vec![0x00, 1, b'x', 0x7f];
    let mut rest = length - 127;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap() | 0x80);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
    block.extend(std::iter::repeat_n(b'x', length));
    block
}

/// The next frame; none where the connection ends.
pub async fn read(stream: &mut TlsStream<TcpStream>) -> Option<Frame> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let [a, b, c, kind, flags, stream_id @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload).await.ok()?;
    Some(Frame {
        kind,
        flags,
        stream: u32::from_be_bytes(stream_id),
        payload,
    })
}
